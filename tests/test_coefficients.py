"""a, b, v, s against independent routes: the Hermite series, arcsine and arc-cosine kernels, nested adaptive quadrature."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate
from tolerances import EXACT

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations
from theory.activations import Activation
from theory.coefficients import _by_quadrature, coefficients, diffusion_scales
from theory.symbolic import hermite

x = activations.x
CLOSED = {
    a.name: a
    for a in (
        activations.erf,
        activations.relu,
        activations.leaky_relu(),
        activations.sin,
        activations.cos,
        activations.sign,
        activations.linear,
        activations.hermite(2),
        activations.hermite(3),
        activations.polynomial([1, 2, 0, 1]),
        Activation(x + 2 * sp.erf(3 * x) + 1),
        Activation(sp.sin(2 * x) + sp.cos(2 * x) / 3 + x),
    )
}
QUADRATURE = {a.name: a for a in (activations.tanh, activations.gelu, activations.softplus, activations.silu)}
QUADRATURE["ELU"] = Activation(sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)))
QUADRATURE["callable"] = Activation(lambda y: y / (1 + y**2), name="odd")
NAMES = ("a", "b", "v", "s", "kappa", "gamma")


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("t", [1e-3, 0.1, 2.0])
def test_closed_form_against_quadrature(name, t):
    assert hermite.closed_form(CLOSED[name].expression) is not None
    closed, numeric = coefficients(CLOSED[name], t, 1.3), _by_quadrature(CLOSED[name], t, 1.3)
    for field in NAMES:
        assert abs(getattr(closed, field) - getattr(numeric, field)) < 1e-11 * (1 + abs(getattr(closed, field)))


@pytest.mark.parametrize("name", QUADRATURE)
def test_quadrature_against_nested_adaptive_integration(name):
    activation, t, variance = QUADRATURE[name], 0.2, 0.8
    data, noise, gamma = diffusion_scales(t, variance)

    def weight(z):
        return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    def value(z):
        return float(activation(np.array([z]))[0])

    def average(f, points=None):
        return integrate.quad(lambda z: weight(z) * f(z), -9, 9, points=points, epsabs=1e-13, limit=200)[0]

    a = average(lambda z: z * value(gamma * z), [0]) / gamma
    kappa, second = average(lambda z: value(gamma * z), [0]), average(lambda z: value(gamma * z) ** 2, [0])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    h = np.array([average(lambda v: value(data * u + noise * v), [np.clip(-data * u / noise, -8, 8)]) for u in nodes])
    overlap = weights @ h**2
    c = coefficients(activation, t, variance)
    assert np.isclose(c.a, a, rtol=1e-10)
    assert np.isclose(c.b, np.sqrt(-np.expm1(-2 * t)) * a, rtol=1e-10)
    assert np.isclose(c.kappa, kappa, rtol=1e-9, atol=1e-12)
    # the outer rule of 60 nodes resolves the smooth h(u) to about 1e-6 where σ has a kink
    outer = 1e-5 if activation.kinks else 1e-9
    assert abs(c.v2 - (overlap - (a * data) ** 2 - kappa**2)) < outer
    assert abs(c.s2 - (second - overlap - (noise * a) ** 2)) < outer


def test_hermite_series():
    """v² = Σ μ_k² ρ^k/k!, s² = Σ μ_k² (1 − ρ^k)/k!: both need the 1/k!."""
    t = 0.3
    c = coefficients(activations.tanh, t, 1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    weights = weights / weights.sum()
    rho = np.exp(-2 * t)
    v2 = s2 = 0.0
    factorial = 1.0
    for k in range(2, 40):
        factorial *= k
        mu = weights @ (np.tanh(nodes) * np.polynomial.hermite_e.hermeval(nodes, [0] * k + [1]))
        v2 += mu**2 * rho**k / factorial
        s2 += mu**2 * (1 - rho**k) / factorial
    assert np.isclose(c.v2, v2, rtol=1e-6)
    assert np.isclose(c.s2, s2, rtol=1e-2)  # the tail of the series with weight one decays slowly


def test_arcsine_and_arc_cosine():
    t, variance = 0.2, 1.7
    data, _, gamma = diffusion_scales(t, variance)
    rho = (data / gamma) ** 2
    c = coefficients(activations.erf, t, variance)
    kernel = 2 / np.pi * np.arcsin(2 * gamma**2 * rho / (1 + 2 * gamma**2))
    a = 2 / np.sqrt(np.pi * (1 + 2 * gamma**2))
    assert np.isclose(c.a, a, rtol=EXACT["closed form"])
    assert np.isclose(c.v2, kernel - (a * gamma) ** 2 * rho, rtol=1e-11)
    c = coefficients(activations.relu, t, variance)
    angle = np.arccos(rho)
    kernel = gamma**2 / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
    assert np.isclose(c.a, 0.5)
    assert np.isclose(c.v2, kernel - gamma**2 * rho / 4 - gamma**2 / (2 * np.pi), rtol=1e-11)
    assert np.isclose(c.s2, gamma**2 / 2 - kernel - gamma**2 * (1 - rho) / 4, rtol=1e-11)


def test_derived_kernels_are_the_published_ones():
    rho, gamma = hermite.rho, hermite.Gamma
    arcsine = 2 / sp.pi * sp.asin(2 * gamma**2 * rho / (1 + 2 * gamma**2))
    assert sp.simplify(hermite.closed_form(sp.erf(x)).kernel - arcsine) == 0
    arc_cosine = gamma**2 / (2 * sp.pi) * (sp.sqrt(1 - rho**2) + rho * (sp.pi / 2 + sp.asin(rho)))
    assert sp.simplify(hermite.closed_form(activations.relu.expression).kernel - arc_cosine) == 0
    assert sp.simplify(hermite.closed_form(sp.sign(x)).kernel - 2 / sp.pi * sp.asin(rho)) == 0


@pytest.mark.parametrize("t", [1e-8, 1e-4, 20.0])
def test_extreme_times_keep_their_digits(t):
    c, exact = coefficients(activations.erf, t, 1.0), coefficients(activations.erf, t, 1.0, 30)
    for field in ("a", "b", "v", "s"):
        assert np.isclose(getattr(c, field), float(getattr(exact, field)), rtol=1e-12)
    smooth = coefficients(activations.tanh, min(t, 5.0), 1.0)
    assert smooth.v > 0 and smooth.s > 0


def test_precision_ladder():
    for activation, levels in ((activations.erf, (15, 30, 60)), (activations.tanh, (15, 25))):
        results = [coefficients(activation, mpmath.mpf("0.1"), mpmath.mpf(1), dps) for dps in levels]
        for low, high, dps in zip(results, results[1:], levels, strict=False):
            with mpmath.workdps(60):
                for field in ("a", "b", "v", "s"):
                    assert abs(getattr(low, field) / getattr(high, field) - 1) < mpmath.mpf(10) ** (2 - dps)


def test_linear_activation_has_no_nonlinear_part():
    c = coefficients(activations.linear, 0.3, 2.0)
    assert (c.a, c.v, c.s, c.kappa) == (1.0, 0.0, 0.0, 0.0)


def test_variance_is_the_mean_eigenvalue():
    data = Gaussian(((1.0, 0.5), (3.0, 0.5)))
    assert data.variance == 2.0
    assert RandomFeatureModel(activations.tanh, 1, 1, 0.1, data).coefficients().gamma == pytest.approx(
        np.sqrt(2 * np.exp(-0.2) + 1 - np.exp(-0.2))
    )


@pytest.mark.parametrize("expression", [sp.exp(x**2), sp.exp(x**2 / 2), sp.cosh(x**2)])
def test_no_second_moment(expression):
    with pytest.raises(ValueError, match=r"activation = .* no Gaussian second moment .*allowed"):
        RandomFeatureModel(Activation(expression), 1, 1, 0.1)


def test_growth_that_a_gaussian_beats_is_fine():
    c = coefficients(Activation(sp.exp(x)), 0.1, 1.0)
    assert np.isclose(c.a, np.exp(0.5), rtol=1e-10)


def test_undeclared_kink_is_not_certified():
    hidden = Activation(lambda y: np.abs(y - 0.37), name="hidden kink")
    with pytest.raises(ConvergenceError, match="kinks"):
        coefficients(hidden, 0.1, 1.0)
    declared = Activation(lambda y: np.abs(y - 0.37), name="declared kink", kinks=(0.37,))
    assert coefficients(declared, 0.1, 1.0).v2 > 0


def test_more_digits_of_a_kinked_function_are_refused():
    with pytest.raises(ValueError, match=r"dps = 30 .*allowed: dps=None"):
        coefficients(QUADRATURE["ELU"], 0.1, 1.0, 30)
