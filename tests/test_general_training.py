"""Losses of the general models: the target as one more type, against the scalar two-resolvent function and finite networks."""

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, general_training, losses
from theory import activations as A
from theory.residuals import train_residual
from theory.two_resolvents import population_kernel

TWO = ((0.5, 0.5), (1.5, 0.5))
TAU = np.append(np.geomspace(0.01, 1e4, 20), np.inf)
THREE_TIMES = TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4))
#: finite against limit at d = 200: relative deviation of the losses
WITHIN = 0.02
LOSSES = ("train", "test", "score_error")


@pytest.mark.parametrize("data", [Gaussian(), Gaussian(TWO)])
def test_one_of_each_is_the_scalar_curve(data):
    scalar = RandomFeatureModel(A.tanh, 8, 4, 0.1, data)
    general = RandomFeatureModel(A.tanh, 8, 4, TimeGrid((0.1,), (1,)), data)
    one, other = scalar.training(TAU), general.training(TAU)
    for name in ("train", "test"):
        assert np.abs(getattr(one, name) - getattr(other, name)).max() < 10 * losses.TOLERANCE
    zeta = np.geomspace(1e-4, 1, 5)
    assert np.allclose(scalar.ridge(zeta).test, general.ridge(zeta).test, rtol=double("resolvent"))


def test_kernel_is_the_scalar_one_and_its_margins():
    """G(z₁, z₂) = L₀ − X(z₁) − X(z₂) + ψ_p b² F with X = ψ_p b² s, and (1/d) Tr V^TQV = X for one time."""
    scalar = RandomFeatureModel(A.tanh, 8, 4, 0.1, Gaussian(TWO))
    spectrum = RandomFeatureModel(A.tanh, 8, 4, TimeGrid((0.1,), (1,)), Gaussian(TWO)).spectrum()
    z = np.array([0.2 + 0.3j, 1 - 0.1j, 4 + 2j])
    i, j = np.array([0, 0, 1]), np.array([1, 2, 2])
    x = spectrum.solve(z)
    train, test = general_training.overlaps(spectrum.system, x)
    system, at = scalar.spectrum().system, scalar.spectrum().solve(z)
    expected = 1 - train_residual(system, at)
    kernel = float(scalar.psi_p) * scalar.coefficients().b2 * population_kernel(system, *at[:, i], *at[:, j])
    assert np.allclose(train, expected, rtol=double("resolvent")) and np.allclose(test, expected, rtol=double("resolvent"))
    G = general_training.fresh_loss_kernel(spectrum.system, x, i, j)
    assert np.allclose(G, 1 - expected[i] - expected[j] + kernel, rtol=double("resolvent"))


def test_kernel_without_samples_to_fit_is_a_derivative():
    """For ψ_n → ∞ training and fresh samples are the same: Q₁ŨQ₂ = (z₁Q₁ − z₂Q₂)/(z₁ − z₂)."""
    spectrum = RandomFeatureModel(A.gelu, 3, 1e9, THREE_TIMES, bias=1.0, types=4).spectrum()
    z, i, j = np.array([0.4 + 0.3j, 1 - 0.2j]), np.array([0]), np.array([1])
    x = spectrum.solve(z)
    train, test = general_training.overlaps(spectrum.system, x)
    assert np.allclose(train, test, rtol=1e-6)
    quadratic = general_training.fresh_loss_kernel(spectrum.system, x, i, j)[0] - 1 + train.sum()
    assert quadratic == pytest.approx((z[0] * train[0] - z[1] * train[1]) / (z[0] - z[1]), rel=1e-6)


GENERAL = {
    "times and biases": RandomFeatureModel(A.tanh, 3, 2.5, THREE_TIMES, bias=1.0, types=12),
    "skip connection": RandomFeatureModel(
        A.tanh, 3, 2.5, TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4), skip=(-1, -0.5, -1)), Gaussian(TWO), bias=1.0, types=12
    ),
    "amplitudes": RandomFeatureModel(A.relu, 2, 4, TimeGrid((0.2, 0.8), (0.5, 0.5), amplitude=(1, 2))),
    "unequal kinds": RandomFeatureModel(A.tanh, 3, 2.5, 0.2, Mixture((0.4, 0.6), (0.5, 2))),
}


@pytest.mark.parametrize("name", GENERAL)
def test_curves_against_gradient_flow(name):
    model = GENERAL[name]
    limit = model.training(TAU)
    deviation = []
    for d in (50, 200):
        finite = model.simulate(d, seed=1).training(TAU)
        deviation.append([np.abs(getattr(finite, loss) / getattr(limit, loss) - 1).max() for loss in LOSSES])
    assert np.max(deviation[1]) < WITHIN
    assert np.sum(deviation[1]) < np.sum(deviation[0])


def test_far_clusters_against_gradient_flow():
    """Projections on the centroids fluctuate like iid biases, by O(p^{-1/2}): the mean of a few draws."""
    model = RandomFeatureModel(A.tanh, 3, 2.5, 0.2, Mixture((0.5, 0.5), means=((0.8, -0.8), (-0.8, 0.8))))
    limit = model.training(TAU)
    draws = [model.simulate(200, seed=seed).training(TAU) for seed in range(2)]
    for loss in ("train", "test"):
        assert np.abs(np.mean([getattr(f, loss) for f in draws], axis=0) / getattr(limit, loss) - 1).max() < WITHIN


def test_initial_loss_and_slope():
    """At τ = 0 the loss is L₀; the score error starts at that of the zero network."""
    model = GENERAL["skip connection"]
    curve = model.training(np.array([0.0]))
    times = model.times
    expected = times.law @ (times.target_noise**2 + times.target_data**2 * model.data.variance)
    assert curve.train[0] == pytest.approx(expected, rel=double("identity")) and curve.test[0] == pytest.approx(expected)


def test_far_centroids_refuse_a_skip_connection():
    model = RandomFeatureModel(
        A.tanh, 3, 2.5, TimeGrid((0.1,), (1,), skip=(-1,)), Mixture((0.5, 0.5), means=((1, -1), (-1, 1))), types=2
    )
    with pytest.raises(ValueError, match=r"^skip = .*allowed: skip=None"):
        model.training(1.0)
