"""Losses of the general models: the target as one more type, against the scalar two-resolvent function and finite networks."""

import numpy as np
import pytest
from scipy.special import erf
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.training import general_kernel as general_training
from theory.training import losses
from theory.training.scalar_kernel import train_residual
from theory.training.two_resolvents import population_kernel

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


SLOPES = {
    "skip connection": RandomFeatureModel(
        A.erf, 3, 2.5, TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4), skip=(-1, -0.5, -1)), Gaussian(TWO), bias=1.0, types=24
    ),
    "amplitudes": RandomFeatureModel(A.erf, 2, 4, TimeGrid((0.2, 0.8), (0.5, 0.5), amplitude=(1, 2)), bias=0.5, types=24),
    "amplitudes and skip": RandomFeatureModel(
        A.erf, 0.7, 1.5, TimeGrid((0.2, 0.8), (0.3, 0.7), amplitude=(1, 2), skip=(0.4, -0.8)), Gaussian(TWO)
    ),
}


def beginning(model):
    """L₀, and d(train)/dτ and d(test)/dτ at τ = 0, from the definition of the loss and closed forms for erf.

    At A = 0 the loss has the slope −d²|∂L/∂A|², and the gradient is (2/(d√p)) Σ_k w_k c_out,k √Δ_k E[y_k φ_k^T], with the target
    y = (1 + Δβ) ξ + √Δ β x_0 e^{-t}. Given the bias, φ = κ + a(e^{-t} W·x + √Δ W·ξ)/√d + h(u) + …: linear parts, and what the
    sample fixes beyond them, u = W·x/√d, which a sum over finitely many samples does not average out of E[y φ^T]. The mean κ
    is one direction of p: it is learned in a time O(1/d), and counts for nothing.
    """
    grid = model.times
    t, w = np.array([float(x) for x in grid.nodes]), np.array(grid.weights)
    decay, delta = np.exp(-t), 1 - np.exp(-2 * t)
    skip = np.zeros(t.size) if grid.skip is None else np.array(grid.skip)
    amplitude = np.array(grid.amplitude) if grid.amplitude else np.sqrt(w @ delta / delta)
    noise_part, data_part = 1 + delta * skip, np.sqrt(delta) * skip * decay
    eigenvalues, weights = (np.array(x) for x in zip(*model.data.spectrum, strict=True))
    trace, square = weights @ eigenvalues, weights @ eigenvalues**2
    initial = w @ (noise_part**2 + data_part**2 * trace)
    share = w * amplitude * np.sqrt(delta)
    z, rule = np.polynomial.hermite_e.hermegauss(120)
    rule = rule / rule.sum()
    train = test = 0.0
    for bias, probability in zip(model.bias * z, rule, strict=True):
        means = t * bias
        total = decay**2 * trace + delta
        slopes = 2 / np.sqrt(np.pi) * np.exp(-(means**2) / (1 + 2 * total)) / np.sqrt(1 + 2 * total)
        # E_v erf(m + e^{-t} u + √Δ v), with u = √trace z
        h = np.array(
            [erf((m + x * np.sqrt(trace) * z) / np.sqrt(1 + 2 * y)) for m, x, y in zip(means, decay, delta, strict=True)]
        )
        h = h - (h @ rule)[:, None] - (slopes * decay * np.sqrt(trace))[:, None] * z
        on_noise, on_data = share @ (noise_part * slopes * np.sqrt(delta)), share @ (data_part * slopes * decay)
        beyond = (share * data_part) @ (h * rule) @ h.T @ (share * data_part)
        population = on_noise**2 + 2 * on_noise * on_data * trace + on_data**2 * square
        test += probability * population
        # XX^T/n has the second moment ∫λ² + (∫λ)²/ψ_n
        train += probability * (population + (on_data**2 * trace**2 + beyond * trace) / model.psi_n)
    return initial, -4 * train, -4 * test


@pytest.mark.parametrize("name", SLOPES)
def test_initial_loss_and_slope(name):
    model = SLOPES[name]
    initial, *slopes = beginning(model)
    tau = 2e-4
    curve = model.training([0.0, tau, 2 * tau])
    for loss, slope in zip((curve.train, curve.test), slopes, strict=True):
        assert loss[0] == pytest.approx(initial, rel=double("identity"))
        # the differences extrapolated to τ = 0
        assert (4 * loss[1] - 3 * loss[0] - loss[2]) / (2 * tau) == pytest.approx(slope, rel=1e-4)


def test_score_error_of_the_untrained_network():
    """With a connection c_skip,k x the untrained score is c_skip,k x_t: Σ w_k Δ_k (1/d) E|c_skip,k x_t − ∇log P_{t_k}|²/Σ w_k Δ_k."""
    model = SLOPES["skip connection"]
    expected = total = 0.0
    for t, w, skip in zip(model.times.nodes, model.times.weights, model.times.skip, strict=True):
        delta = 1 - np.exp(-2 * t)
        for value, weight in model.data.spectrum:
            variance = np.exp(-2 * t) * value + delta
            expected += w * delta * weight * (skip + 1 / variance) ** 2 * variance
        total += w * delta
    assert model.training(0.0).score_error == pytest.approx(expected / total, rel=double("identity"))


def test_far_centroids_refuse_a_skip_connection():
    model = RandomFeatureModel(
        A.tanh, 3, 2.5, TimeGrid((0.1,), (1,), skip=(-1,)), Mixture((0.5, 0.5), means=((1, -1), (-1, 1))), types=2
    )
    with pytest.raises(ValueError, match=r"^skip = .*allowed: skip=None"):
        model.training(1.0)
