"""The linear score of the samples: its error by two derivations, in closed form, as series; against matrices and against the full theory."""

import numpy as np
import pytest
import sympy as sp
from tolerances import double

from theory import Gaussian, RandomFeatureModel, activations
from theory.symbolic import first_overfitting as linear
from theory.symbolic import symbols as S

TWO = ((sp.Rational(1, 5), sp.Rational(1, 3)), (sp.Rational(7, 5), sp.Rational(2, 3)))


def process(t):
    """Values of y and Δ_t."""
    y = sp.exp(-2 * sp.Float(t, 40))
    return {linear.decay2: y, linear.Delta: 1 - y}


def marchenko_pastur(psi_n, count=400):
    """Nodes and weights for averages over the spectrum of Σ_n for Σ = 1, ψ_n > 1: Chebyshev's of the second kind, geometric convergence."""
    ratio, angle = 1 / psi_n, np.arange(1, count + 1) * np.pi / (count + 1)
    half_width = 2 * np.sqrt(ratio)
    nodes = 1 + ratio + half_width * np.cos(angle)
    return nodes, half_width**2 * np.sin(angle) ** 2 / (2 * ratio * nodes * (count + 1))


def error_of_matrices(eigenvalues, psi_n, t, seed):
    """(1/d) tr (Ĉ^{-1} − C^{-1})² C of one draw."""
    d, y = eigenvalues.size, np.exp(-2 * t)
    X = np.sqrt(eigenvalues)[:, None] * np.random.default_rng(seed).standard_normal((d, round(psi_n * d)))
    C = y * eigenvalues + 1 - y
    difference = np.linalg.inv(y * X @ X.T / X.shape[1] + (1 - y) * np.eye(d)) - np.diag(1 / C)
    return np.sum(difference**2 * C) / d


def height_for(spectrum, psi_n, t):
    """`plateau` evaluated for finitely many eigenvalues, its equation solved for the root 0 < g < 1."""
    values = process(t) | {S.psi_n: psi_n}
    height, equation = (S.discretise(x, spectrum).subs(values) for x in linear.plateau())
    g = sp.nsolve(equation, S.g, (sp.Float("1e-9", 40), 1), solver="anderson", prec=40)
    return height.subs(S.g, g)


def test_samples_and_network_have_the_same_plateau():
    """From the saddle point of Σ_n, and from the two-resolvent function of the network for ψ_p → ∞: the same expressions."""
    from_samples, from_network = linear.plateau(), linear.network_plateau()
    assert sp.simplify(from_samples.height - from_network.height) == 0
    assert sp.simplify(from_samples.equation - from_network.equation) == 0


@pytest.mark.parametrize("psi_n, t", [(0.5, 0.2), (1.0, 0.1), (16.0, 0.05)])
def test_closed_form_is_the_general_one_at_the_identity(psi_n, t):
    closed = linear.isotropic_plateau().subs(process(t)).subs(S.psi_n, psi_n)
    assert abs(closed / height_for(((1, 1),), psi_n, t) - 1) < 1e-25


def test_closed_form_is_the_integral_over_marchenko_pastur():
    nodes, weights = marchenko_pastur(16.0)
    y = np.exp(-0.1)
    integral = (1 / (y * nodes + 1 - y) - 1) ** 2 @ weights
    closed = float(linear.isotropic_plateau().subs(process(0.05)).subs(S.psi_n, 16))
    assert weights.sum() == pytest.approx(1, rel=double("identity"))
    assert closed == pytest.approx(integral, rel=double("resolvent"))
    assert closed == pytest.approx(0.0620327, abs=1e-7)


@pytest.mark.parametrize("psi_n, t", [(0.5, 0.1), (4.0, 0.05)])
def test_plateau_is_that_of_matrices(psi_n, t):
    eigenvalues = np.repeat([float(value) for value, _ in TWO], [80, 160])
    draws = [error_of_matrices(eigenvalues, psi_n, t, seed) for seed in range(4)]
    assert np.mean(draws) == pytest.approx(float(height_for(TWO, psi_n, t)), rel=0.02)


def test_series_starts_with_the_product_of_two_averages():
    c = linear.field
    y, noise = linear.decay2, linear.Delta
    u = {j: S.average(c**-j) for j in (1, 2)}
    # ⟨yλ/c⟩ and ⟨yλ/c²⟩ in averages of powers of 1/c
    expected = (1 - noise * u[1]) * (u[1] - noise * u[2]) / S.psi_n
    assert sp.simplify(linear.plateau_series(1) - expected) == 0
    at_identity = S.discretise(linear.plateau_series(1), ((1, 1),)).subs(noise, 1 - y)
    assert sp.simplify(at_identity - y**2 / S.psi_n) == 0


@pytest.mark.parametrize("order", [1, 2])
def test_rate_at_which_the_series_converges(order):
    series = S.discretise(linear.plateau_series(order), TWO).subs(process(0.05))
    errors = [series.subs(S.psi_n, psi_n) / height_for(TWO, psi_n, 0.05) - 1 for psi_n in (1000, 4000)]
    assert float(sp.log(errors[1] / errors[0]) / sp.log(4)) == pytest.approx(-order, abs=0.02)


def score_error_of_blocks(model, tau):
    """The score error for ψ_p → ∞ and Σ = 1: `response` averaged over the spectrum of Σ_n."""
    c = model.coefficients()
    nodes, weights = marchenko_pastur(float(model.psi_n))
    values = {S.alpha: c.a * model.decay, S.b: c.b, S.v: c.v, S.psi_n: model.psi_n}
    response = sp.lambdify((S.lam, linear.theta), linear.response().subs(values), modules="numpy")
    multiplier = c.a**2 * response(nodes, 2 * model.noise_variance * np.asarray(tau)[:, None])
    return (multiplier - 1) ** 2 @ weights


@pytest.mark.parametrize("activation, psi_n", [(activations.tanh, 16.0), (activations.relu, 4.0)])
def test_whole_curve_for_many_features(activation, psi_n):
    """Learned, overfitted linearly, memorized: 2 × 2 blocks against the certified curve, with a correction of order 1/ψ_p."""
    tau = np.geomspace(0.1, 1e5, 25)
    errors = []
    for psi_p in (1e6, 1e7):
        model = RandomFeatureModel(activation, psi_p, psi_n, 0.05)
        errors.append(np.abs(score_error_of_blocks(model, tau) / model.training(tau).score_error - 1))
    assert np.max(errors[1]) < 5e-5
    slowest = np.argmax(errors[0])
    assert errors[1][slowest] == pytest.approx(0.1 * errors[0][slowest], rel=0.02)


@pytest.mark.parametrize("psi_p, psi_n", [(2.0, 0.7), (4.0, 16.0)])
def test_linear_features_end_on_the_plateau(psi_p, psi_n):
    """Without nonlinear parts nothing memorizes: trained forever, at any ψ_p > 1, the network is the linear score of the samples."""
    data = Gaussian(tuple((float(x), float(w)) for x, w in TWO))
    found = RandomFeatureModel(activations.x, psi_p, psi_n, 0.2, data=data).training(np.inf).score_error.item()
    assert found == pytest.approx(float(height_for(TWO, psi_n, 0.2)), rel=double("resolvent"))


def test_ridge_weakens_the_covariance_of_the_samples():
    factor = linear.zeta / (linear.zeta + S.v**2 / S.psi_n)
    expected = 1 / (S.b**2 + linear.zeta + S.alpha**2 * S.lam * factor)
    assert sp.simplify(linear.ridge_response() - expected) == 0
    g = sp.solve(linear.wide_residual()[1].subs(S.alpha, 0), S.g)  # without data to average over, the factor itself
    assert [sp.simplify(root - factor) for root in g] == [0]


def test_ridge_curve_for_many_features():
    """G of `wide_residual` against the certified ridge curve."""
    model = RandomFeatureModel(activations.tanh, 1e7, 4.0, 0.05)
    c, ridge = model.coefficients(), 0.01
    values = {S.alpha: c.a * model.decay, S.b: c.b, S.v: c.v, S.psi_n: model.psi_n, linear.zeta: ridge}
    loss, equation = (S.discretise(x, ((1, 1),)).subs(values) for x in linear.wide_residual())
    g = sp.nsolve(equation, S.g, (1e-3, 1), solver="anderson")
    assert float(loss.subs(S.g, g)) == pytest.approx(model.ridge(ridge * 1e7).test.item(), rel=1e-6)


def population_error(k, psi_n, t):
    """⟨[(1 − e^{−kc})/c − 1]²⟩ by quadrature."""
    nodes, weights = marchenko_pastur(psi_n)
    c = np.exp(-2 * t) * nodes + 1 - np.exp(-2 * t)
    return (-np.expm1(-k * c) / c - 1) ** 2 @ weights


@pytest.mark.parametrize("order", [1, 2])
def test_rate_at_which_the_relaxation_series_converges(order):
    series = linear.relaxation_series(order).subs(process(0.05)).subs(linear.k, 3)
    errors = [float(series.subs(S.psi_n, psi_n)) - population_error(3.0, psi_n, 0.05) for psi_n in (300.0, 1200.0)]
    assert np.log(errors[1] / errors[0]) / np.log(4) == pytest.approx(-order - 1, abs=0.1)


def test_minimum_before_the_plateau():
    """ψ_n e^{−k} = e^{-4t}(k + 1), and the depth of the minimum, to leading order in 1/ψ_n up to powers of log ψ_n."""
    t, k = 0.05, np.linspace(1, 20, 20001)
    for psi_n, tolerance in ((1e3, 0.2), (1e6, 1e-3)):
        error = np.array([population_error(x, psi_n, t) for x in k])
        best = k[np.argmin(error)]
        assert psi_n * np.exp(-best) == pytest.approx(np.exp(-4 * t) * (best + 1), rel=tolerance)
        plateau = population_error(1e3, psi_n, t)
        depth = np.exp(-4 * t) * (best + 1) * (best + 3) / psi_n
        assert 1 - error.min() / plateau == pytest.approx(depth, rel=tolerance)


def test_departure_from_the_plateau():
    """While k is of order √ψ_n: the series against the blocks, and the time at which the score error has doubled."""
    t, remaining, doubled = 0.05, [], []
    for psi_n in (1e4, 1.6e5):
        model = RandomFeatureModel(activations.tanh, 1, psi_n, t)
        c = model.coefficients()
        nu, rate = c.v2 / c.a**2, 2 * model.noise_variance
        k = 0.7 * np.sqrt(psi_n) / nu
        values = process(t) | {S.psi_n: psi_n, linear.k: k, linear.nu: nu}
        found = score_error_of_blocks(model, [k / (rate * c.a**2)]).item()
        remaining.append(float(linear.departure_series().subs(values)) / found - 1)
        doubled.append(score_error_of_blocks(model, [np.sqrt(psi_n) / (rate * c.v2)]).item() * psi_n * np.exp(4 * t))
    assert np.abs(remaining[0]) < 5e-4 and np.abs(remaining[1]) < 0.5 * np.abs(remaining[0])
    assert np.array(doubled) == pytest.approx(2, rel=0.03)
    assert doubled[1] - 2 == pytest.approx((doubled[0] - 2) / 4, rel=0.1)  # of order ψ_n^{-1/2}
