"""Scores of trained networks: against the normal equations of a linear network, the exact score, and in the sampler."""

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.simulation import TrainedNetworks, backend, diffusion, gradient_flow, trained_score

MODEL = RandomFeatureModel(A.tanh, 4, 3, 0.3, Gaussian(spikes=(10,)))
TIMES = (1.0, 0.4, 0.1)


def states(d, m=5, seed=0):
    return np.random.default_rng(seed).standard_normal((d, m))


def test_networks_share_features_and_samples():
    trained = TrainedNetworks(MODEL, 12, TIMES, seed=3)
    first, *others = trained.networks
    for network, t in zip(trained.networks, TIMES, strict=True):
        assert float(network.model.t) == t
    for network in others:
        np.testing.assert_array_equal(network.W, first.W)
        np.testing.assert_array_equal(network.X, first.X)
        assert not np.allclose(network.U, first.U)


def test_score_is_the_network():
    """With biases too: the pre-activation carries t b."""
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3, bias=0.7)
    trained, x = TrainedNetworks(model, 6, TIMES, seed=1), states(6)
    score = trained.score(2.0)
    for network, t in zip(trained.networks, TIMES, strict=True):
        features = np.tanh(network.W @ x / np.sqrt(6) + t * network.biases[:, None])
        np.testing.assert_allclose(score(x, t), gradient_flow(network, 2.0) @ features / np.sqrt(24), rtol=1e-12)


def test_linear_network_at_the_end_is_the_score_of_the_empirical_covariance():
    """p > d linear features fit −(e^{−2t} XX^T/n + Δ_t)^{-1} x exactly: the normalisation is that of ∇log P_t."""
    model, d = RandomFeatureModel(A.linear, 3, 5, 0.3, Gaussian(spikes=(10,))), 8
    trained, x = TrainedNetworks(model, d, TIMES, seed=2), states(d)
    score, X = trained.score(np.inf), trained.networks[0].X
    for t in TIMES:
        covariance = np.exp(-2 * t) * X @ X.T / X.shape[1] - np.expm1(-2 * t) * np.eye(d)
        np.testing.assert_allclose(score(x, t), -np.linalg.solve(covariance, x), rtol=1e-8)


def test_many_samples_make_it_the_exact_score():
    model, d = RandomFeatureModel(A.linear, 3, 20_000, 0.3, Gaussian(spikes=(10,))), 4
    score, x = trained_score(model, d, TIMES, np.inf, seed=0), states(d)
    for t in TIMES:
        exact = diffusion.gaussian_score(x, t, [10, 1, 1, 1])
        assert np.max(np.abs(score(x, t) - exact)) < 0.05 * np.max(np.abs(exact))


@pytest.mark.parametrize("t", [0.3, 1.0])
def test_many_features_and_samples_learn_the_linear_part(t):
    """The regression of the learned score on x_t over fresh states tends to −1/(e^{−2t}λ + Δ_t); the nonlinear rest is small."""
    errors = []
    for psi_p in (3, 30):
        model, d = RandomFeatureModel(A.tanh, psi_p, 400, 0.3, Gaussian(spikes=(10,))), 8
        x = diffusion.draw([diffusion.diffused(v, t) for v in (10, *[1] * 7)], 20_000, seed=1)
        learned, exact = trained_score(model, d, (t,), np.inf)(x, t), diffusion.gaussian_score(x, t, [10, *[1] * 7])
        errors.append(np.mean((learned - exact) ** 2) / np.mean(exact**2))
        gain = np.sum(learned[0] * x[0]) / np.sum(x[0] ** 2)
    assert gain == pytest.approx(-1 / diffusion.diffused(10, t), rel=0.05)
    assert errors[1] < 0.03 and errors[1] < 0.4 * errors[0]


def test_sampler_reproduces_the_variances():
    model, d = RandomFeatureModel(A.linear, 3, 500, 0.3, Gaussian(spikes=(10,))), 5
    grid = diffusion.sampling_times(3, 0.01, 60)
    score = trained_score(model, d, grid[:-1], np.inf, seed=4)
    x = diffusion.reverse_sde(score, diffusion.draw([1] * d, 6_000, seed=5), grid, seed=6, progress=False)
    variance = np.mean(x**2, axis=1)
    assert variance[0] == pytest.approx(10, rel=0.15) and variance[1:] == pytest.approx(np.ones(4), rel=0.15)


def test_untrained_networks_say_nothing_and_one_time_may_train_longer():
    trained, x = TrainedNetworks(MODEL, 10, TIMES), states(10)
    assert not trained.score(0.0)(x, 0.4).any()
    mixed = trained.score(np.array([0.0, 5.0, np.inf]))
    assert not mixed(x, 1.0).any()
    np.testing.assert_array_equal(mixed(x, 0.4), trained.score(5.0)(x, 0.4))


def test_seeds():
    x = states(10)
    one, same, other = (trained_score(MODEL, 10, TIMES, 3.0, seed=s)(x, 0.4) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_top_eigenvectors_see_a_strong_direction_early_and_not_late():
    overlaps = TrainedNetworks(MODEL, 60, (3.0, 0.1)).top_overlaps()
    assert overlaps[0] < 0.2 and overlaps[1] > 0.8
    assert TrainedNetworks(MODEL, 60, (0.1,)).top_overlaps(5)[0] < 0.2


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_other_libraries(library):
    pytest.importorskip(library)
    x, place = states(8), backend(library=library)
    expected = trained_score(MODEL, 8, TIMES, 4.0)(x, 0.1)
    found = trained_score(MODEL, 8, TIMES, 4.0, library=library)(place.asarray(x), 0.1)
    np.testing.assert_allclose(place.to_numpy(found), expected, rtol=1e-8)
    overlaps = TrainedNetworks(MODEL, 8, TIMES, library=library).top_overlaps()
    np.testing.assert_allclose(overlaps, TrainedNetworks(MODEL, 8, TIMES).top_overlaps(), rtol=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TrainedNetworks(MODEL, 5, ()), "times = "),
        (lambda: TrainedNetworks(MODEL, 5, (0.1, 0.0)), "times = "),
        (lambda: TrainedNetworks(MODEL, 5, (0.1, 0.1)), "times = .* twice"),
        (lambda: TrainedNetworks(MODEL, 0, (0.1,)), "d = 0"),
        (lambda: TrainedNetworks(MODEL, 5, (0.1,), seed=-1), "seed = -1"),
        (lambda: trained_score(MODEL, 5, (0.1,), -1.0), "tau"),
        (lambda: trained_score(MODEL, 5, (0.1, 0.2), [1.0, 2.0, 3.0]), "tau has shape"),
        (lambda: trained_score(MODEL, 5, (0.1,), 1.0)(states(5), 0.2), "t = 0.2"),
        (lambda: trained_score(MODEL, 5, (0.1,), 1.0)(states(5), 0.0), "t = 0.0"),
        (lambda: trained_score(MODEL, 5, (0.1,), 1.0)(states(4), 0.1), "x has shape"),
        (lambda: TrainedNetworks(MODEL, 5, (0.1,)).top_overlaps(5), "coordinate = 5"),
        (lambda: TrainedNetworks(MODEL, 5, (0.1,)).top_overlaps(-1), "coordinate = -1"),
    ],
)
def test_invalid_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_grid_of_times_in_the_model_is_replaced():
    """Whatever time the model has."""
    averaged = RandomFeatureModel(A.tanh, 4, 3, TimeGrid((0.1, 0.5), (0.5, 0.5)), Gaussian(spikes=(10,)))
    x = states(6)
    np.testing.assert_array_equal(
        trained_score(averaged, 6, TIMES, 3.0)(x, 0.4), trained_score(MODEL, 6, TIMES, 3.0)(x, 0.4)
    )
