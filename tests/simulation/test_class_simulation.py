"""Losses of one draw by kinds of samples: against the definition at d = 2, where a small quadrature is exact, and as parts of the whole."""

from dataclasses import replace

import numpy as np
import pytest
from readouts import defined_loss, fresh_pairs, gauss_hermite
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.simulation import fresh_data, loss, optimise

CUBIC = activations.polynomial((0.3, 1, -0.4, 0.2))
TWO_ATOMS = ((0.5, 0.5), (2.0, 0.5))
GRID = TimeGrid((0.1, 0.4, 1.1), (0.5, 0.2, 0.3), amplitude=(1.3, 0.8, 0.6), skip=(-0.7, 0.0, 0.9))
FAR = Mixture((0.7, 0.3), variances=(0.6, 1.7), means=((0.3, -0.7), (-0.7, 1.9)), spectrum=TWO_ATOMS)
MODELS = {
    "one time": RandomFeatureModel(CUBIC, 2, 5, 0.3, data=FAR, types=1),
    "times, biases, skip": RandomFeatureModel(CUBIC, 2, 5, GRID, data=FAR, bias=1.2, types=1),
    "three kinds": RandomFeatureModel(CUBIC, 2, 6, 0.4, data=Mixture((0.5, 0.3, 0.2), (0.5, 1.0, 2.0))),
}
TAU = np.array([0.0, 0.5, 20.0, 1e3])


@pytest.mark.parametrize("name", MODELS)
def test_losses_are_their_definition(name):
    """At d = 2, with a cubic activation: Mehler's series ends, and six nodes in a dimension are exact."""
    finite = MODELS[name].simulate(2, seed=3)
    curve = finite.training(TAU)
    xi, weights = gauss_hermite(2, 6)
    for k, A in enumerate(loss.gradient_flow(finite, TAU)):
        for c in range(len(finite.model.data.weights)):
            own = finite.X[:, finite.kinds == c]
            count = own.shape[1]
            pairs = np.repeat(own, weights.size, axis=1), np.tile(xi, count), np.tile(weights, count) / count
            assert curve.train_by_class[c, k] == pytest.approx(defined_loss(finite, A, *pairs), rel=1e-11)
            fresh = defined_loss(finite, A, *fresh_pairs(finite, [c]))
            assert curve.test_by_class[c, k] == pytest.approx(fresh, rel=1e-11)


@pytest.mark.parametrize("name", MODELS)
def test_kinds_sum_to_the_whole(name):
    finite = replace(MODELS[name], activation=activations.tanh).simulate(15, seed=1)
    curve = finite.training(TAU)
    shares = np.bincount(finite.kinds) / finite.kinds.size
    assert np.allclose(shares @ curve.train_by_class, curve.train, rtol=double("identity"))
    frequencies = finite.model.data.frequencies
    for name in ("test", "score_error"):
        assert np.allclose(frequencies @ getattr(curve, f"{name}_by_class"), getattr(curve, name), rtol=1e-11)
    assert np.array_equal(curve.gap_by_class, curve.test_by_class - curve.train_by_class)


def test_score_error_of_a_kind_is_that_of_its_own_score():
    """(1/d) E_c|S − ∇log P_t^c|² at d = 2, P_t^c a Gaussian, by the same quadrature."""
    finite = MODELS["one time"].simulate(2, seed=3)
    tau, t = 3.0, 0.3
    A, delta = loss.gradient_flow(finite, tau), -np.expm1(-0.6)
    curve = finite.training(tau)
    for c, scale in enumerate(finite.model.data.scales):
        x, xi, weights = fresh_pairs(finite, [c])
        x_t = np.exp(-t) * x + np.sqrt(delta) * xi
        mean = (x @ weights)[:, None]
        own = -(x_t - np.exp(-t) * mean) / (np.exp(-2 * t) * scale * np.array([[0.5], [2.0]]) + delta)
        features = finite.model.activation(finite.W @ x_t / np.sqrt(2))
        error = np.mean((A @ features / np.sqrt(4) - own) ** 2, axis=0) @ weights
        assert curve.score_error_by_class[c] == pytest.approx(error, rel=1e-10)


def test_one_kind_is_all_there_is():
    finite = RandomFeatureModel(activations.tanh, 2, 3, 0.2, Gaussian(TWO_ATOMS)).simulate(10)
    curve = finite.training(TAU)
    for name in ("train", "test", "score_error"):
        assert np.array_equal(getattr(curve, f"{name}_by_class"), getattr(curve, name)[None])
    one = replace(finite.model, data=Mixture((1,), spectrum=TWO_ATOMS)).simulate(10).training(TAU)
    assert np.allclose(one.train_by_class, curve.train_by_class, rtol=1e-11)


def test_what_was_not_followed_is_none_or_nan():
    model = MODELS["one time"]
    drawn = model.simulate(6, noise_draws=2).training(TAU)
    assert drawn.train_by_class is None and drawn.gap_by_class is None
    assert np.allclose(model.data.frequencies @ drawn.test_by_class, drawn.test, rtol=1e-11)
    curve = optimise(model.simulate(6), 3, progress=False)
    assert curve.train_by_class is None and curve.test_by_class is None
    empty = RandomFeatureModel(CUBIC, 2, 1, 0.3, Mixture((0.9, 0.1))).simulate(4).training(TAU)
    assert np.isnan(empty.train_by_class[1]).all() and np.isfinite(empty.test_by_class).all()


def test_a_kind_that_does_not_exist():
    with pytest.raises(ValueError, match=r"^kind = 2 .*allowed"):
        fresh_data.population_of_kind(MODELS["one time"].simulate(2), 2)
