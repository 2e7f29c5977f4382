"""a, b, v, s: closed forms and quadrature against Hermite series, arcsine and arc-cosine kernels typed here."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate
from scipy.special import erf
from tolerances import digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.activations import Activation
from theory.couplings.gaussian_equivalence import _by_quadrature, coefficients
from theory.symbolic import hermite
from theory.symbolic.hermite import closed_form

x = sp.Symbol("x", real=True)

#: every activation of the catalogue and one of each kind that a user may bring
TABLE = {
    "tanh": A.tanh,
    "erf": A.erf,
    "ReLU": A.relu,
    "leaky ReLU": A.leaky_relu(0.1),
    "sin": A.sin,
    "cos": A.cos,
    "sign": A.sign,
    "linear": A.linear,
    "GELU": A.gelu,
    "softplus": A.softplus,
    "SiLU": A.silu,
    "polynomial": A.polynomial([1, -2, 0.5, 0.25]),
    "He_2": A.hermite(2),
    "He_3": A.hermite(3),
    "Max": Activation(sp.Max(-1, sp.Min(1, x))),
    "Heaviside": Activation(sp.Heaviside(x)),
    "shifted ReLU": Activation(sp.Max(0, x - sp.Rational(1, 2))),
    "Piecewise": Activation(sp.Piecewise((x, sp.Abs(x) < 1), (0, True))),
    "sin²": Activation(sp.sin(x) ** 2),
    "exp": Activation(sp.exp(x / 2)),
    "heavy even": Activation(sp.exp(x**2 / 8)),
    "sin + 2x": Activation(sp.sin(x) + 2 * x),
    "ELU": Activation(sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True))),
    "2 erf(3x) + x + 1": Activation(x + 2 * sp.erf(3 * x) + 1),
    "erf(0.7x)": Activation(sp.erf(0.7 * x)),
    "0.1 sin 0.3x + 0.7x": Activation(0.1 * sp.sin(0.3 * x) + 0.7 * x),
    "sin 2x + cos 2x/3 + x": Activation(sp.sin(2 * x) + sp.cos(2 * x) / 3 + x),
    "callable": Activation(lambda a: a / np.sqrt(1 + a**2), name="algebraic"),
    "callable with a kink": Activation(lambda a: np.maximum(a - 0.3, 0), name="hinge", kinks=(0.3,)),
}
CLOSED = {"erf", "ReLU", "leaky ReLU", "sin", "cos", "sign", "linear", "polynomial", "He_2", "He_3", "Heaviside", "sin + 2x"}
CLOSED |= {"2 erf(3x) + x + 1", "sin 2x + cos 2x/3 + x", "erf(0.7x)", "0.1 sin 0.3x + 0.7x"}


def hermite_series(activation, t, variance, terms=80):
    """(κ, a, v², s²) from μ_k = E σ(Γz) He_k(z), k < terms, on a grid split at the kinks: shares nothing with the package."""
    decay2, noise2 = np.exp(-2 * t), -np.expm1(-2 * t)
    gamma = np.sqrt(decay2 * variance + noise2)
    rho = decay2 * variance / gamma**2
    breaks = np.unique(np.concatenate([np.linspace(-13, 13, 105), np.array(activation.kinks) / gamma]))
    unit, weight = np.polynomial.legendre.leggauss(20)
    half = np.diff(breaks)[:, None] / 2
    z = (breaks[:-1, None] + half * (unit + 1)).ravel()
    measure = (half * weight).ravel() * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    sigma = activation(gamma * z)
    previous, current, mu = np.zeros_like(z), np.ones_like(z), []  # He_k/√k!, which stays bounded
    for k in range(terms):
        mu.append(measure @ (sigma * current))
        previous, current = current, (z * current - np.sqrt(k) * previous) / np.sqrt(k + 1)
    v2 = sum(mu[k] ** 2 * rho**k for k in range(2, terms))
    return mu[0], mu[1] / gamma, v2, measure @ sigma**2 - mu[0] ** 2 - mu[1] ** 2 - v2


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("t, variance", [(0.3, 1.0), (1.0, 2.5)])
def test_against_the_hermite_series(name, t, variance):
    found = coefficients(TABLE[name], t, variance)
    kappa, a, v2, s2 = hermite_series(TABLE[name], t, variance)
    tolerance = double("coefficient")
    assert found.gamma == pytest.approx(np.sqrt(1 + np.exp(-2 * t) * (variance - 1)), rel=double("identity"))
    assert found.b == pytest.approx(np.sqrt(-np.expm1(-2 * t)) * found.a, rel=double("identity"))
    assert [found.kappa, found.a] == pytest.approx([kappa, a], rel=tolerance, abs=tolerance)
    assert [found.v2, found.s2] == pytest.approx([v2, s2], rel=tolerance, abs=tolerance)


def test_closed_forms_are_the_expected_ones():
    found = {n for n, f in TABLE.items() if f.expression is not None and closed_form(f.expression) is not None}
    assert found == CLOSED


@pytest.mark.parametrize("name", sorted(CLOSED - {"linear"}))
@pytest.mark.parametrize("t", [1e-6, 0.02, 3.0])
def test_closed_form_against_quadrature(name, t):
    closed, quadrature = coefficients(TABLE[name], t, 1.0), _by_quadrature(TABLE[name], t, 1.0)
    for field in ("kappa", "a", "v2", "s2"):
        scale = max(abs(closed.kappa) ** 2, closed.a**2, closed.v2, closed.s2)
        assert getattr(quadrature, field) == pytest.approx(getattr(closed, field), abs=double("coefficient") * scale)


def arcsine(t, ctx=mpmath):
    """erf: E[erf(x)erf(y)] = (2/π) arcsin(2Γ²ρ/(1+2Γ²)) with Γ = 1 (C. Williams, 1998)."""
    rho = ctx.exp(-2 * t)
    a2 = 4 / (3 * ctx.pi)
    v2 = 2 / ctx.pi * ctx.asin(2 * rho / 3) - a2 * rho
    return a2, v2, 2 / ctx.pi * ctx.asin(ctx.mpf(2) / 3) - a2 - v2


def arccosine(t, ctx=mpmath):
    """ReLU: E[ReLU ReLU] = (√(1−ρ²) + ρ(π − arccos ρ))/2π with Γ = 1 (Y. Cho and L. Saul, 2009)."""
    rho = ctx.exp(-2 * t)
    kernel = (ctx.sqrt(1 - rho**2) + rho * (ctx.pi - ctx.acos(rho))) / (2 * ctx.pi)
    v2 = kernel - 1 / (2 * ctx.pi) - rho / 4
    return ctx.mpf(1) / 4, v2, ctx.mpf(1) / 4 - 1 / (2 * ctx.pi) - v2


def arcsign(t, ctx=mpmath):
    """sign: E[sign sign] = (2/π) arcsin ρ."""
    rho = ctx.exp(-2 * t)
    v2 = 2 / ctx.pi * (ctx.asin(rho) - rho)
    return 2 / ctx.pi, v2, 1 - 2 / ctx.pi - v2


KERNELS = {"erf": (A.erf, arcsine), "ReLU": (A.relu, arccosine), "sign": (A.sign, arcsign)}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("t", [1e-8, 1e-3, 0.1, 1.0, 20.0])
def test_known_kernels_in_double_precision(name, t):
    activation, kernel = KERNELS[name]
    with mpmath.workdps(80):
        expected = [float(value) for value in kernel(mpmath.mpf(t))]
    found = coefficients(activation, t, 1.0)
    assert [found.a**2, found.v2, found.s2] == pytest.approx(expected, rel=double("identity"))


@pytest.mark.parametrize("name", KERNELS)
def test_known_kernels_to_many_digits(name):
    activation, kernel = KERNELS[name]
    previous = None
    for dps in (15, 30, 60):
        found = coefficients(activation, sp.Rational(1, 10), 1, dps)
        with mpmath.workdps(2 * dps + 20):
            expected = kernel(mpmath.mpf(1) / 10)
            for value, exact in zip((found.a**2, found.v2, found.s2), expected, strict=True):
                assert abs(value - exact) < digits(dps) * abs(exact)
            if previous is not None:
                assert abs(found.v - previous.v) < digits(dps // 2) * found.v
        previous = found


def test_derived_kernels_are_the_published_ones():
    rho, gamma = hermite.rho, hermite.Gamma
    arcsine_kernel = 2 / sp.pi * sp.asin(2 * gamma**2 * rho / (1 + 2 * gamma**2))
    assert sp.simplify(closed_form(A.erf.expression).kernel - arcsine_kernel) == 0
    arccosine_kernel = gamma**2 / (2 * sp.pi) * (sp.sqrt(1 - rho**2) + rho * (sp.pi / 2 + sp.asin(rho)))
    assert sp.simplify(closed_form(A.relu.expression).kernel - arccosine_kernel) == 0
    assert sp.simplify(closed_form(A.sign.expression).kernel - 2 / sp.pi * sp.asin(rho)) == 0


def test_tanh_to_thirty_digits():
    """The trapezoidal rule against mpmath's adaptive quadrature: a, and E σ² which splits into a²Γ² + v² + s²."""
    found = coefficients(A.tanh, sp.Rational(1, 2), 1, 30)
    in_double = coefficients(A.tanh, 0.5, 1.0)
    with mpmath.workdps(40):

        def gauss(f):
            weight = 1 / mpmath.sqrt(2 * mpmath.pi)
            return 2 * weight * mpmath.quad(lambda z: f(z) * mpmath.exp(-(z**2) / 2), [0, 2, 4, 8, 16])

        slope, square = gauss(lambda z: mpmath.sech(z) ** 2), gauss(lambda z: mpmath.tanh(z) ** 2)
        assert abs(found.a - slope) < digits(30)
        assert abs(found.a**2 + found.v2 + found.s2 - square) < digits(30)
    assert [float(found.v), float(found.s)] == pytest.approx([in_double.v, in_double.s], rel=double("coefficient"))


def test_two_dimensional_average_of_tanh():
    """v² by a double integral of scipy over both noises, which nothing else here uses."""
    t = 0.4
    data, noise = np.exp(-t), np.sqrt(-np.expm1(-2 * t))
    gauss = lambda u: np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    h = lambda u: integrate.quad(lambda w: np.tanh(data * u + noise * w) * gauss(w), -12, 12)[0]  # noqa: E731
    kernel = integrate.quad(lambda u: h(u) ** 2 * gauss(u), -12, 12)[0]
    found = coefficients(A.tanh, t, 1.0)
    assert found.v2 == pytest.approx(kernel - (found.a * data) ** 2, rel=double("quadrature"))


def test_what_vanishes_is_zero():
    """Whether a and v vanish decides the rank of U: rounding errors in their place would move the atom."""
    for activation in (
        A.cos,
        A.hermite(2),
        Activation(sp.sin(x) ** 2),
        Activation(lambda a: a**2 / (1 + a**2), name="even"),
    ):
        found = coefficients(activation, 0.1, 1.0)
        assert found.a == found.b == 0 and found.v > 0
    for activation in (A.linear, Activation(lambda a: 3 * a, name="line")):
        found = coefficients(activation, 0.1, 1.0)
        assert found.v == found.s == 0 and found.a > 0
    assert coefficients(Activation(sp.sin(x) ** 2), 0.5, 1, 20).a == 0


def test_variance_is_the_mean_eigenvalue():
    data = Gaussian(((0.5, 0.25), (3, 0.75)))
    model = RandomFeatureModel(A.erf, 2, 2, 0.2, data)
    gamma2 = np.exp(-0.4) * 2.375 - np.expm1(-0.4)
    assert model.coefficients().gamma ** 2 == pytest.approx(gamma2, rel=double("identity"))
    assert model.coefficients().a == pytest.approx(2 / np.sqrt(np.pi * (1 + 2 * gamma2)), rel=double("identity"))


def test_symbolic_and_callable_versions_agree():
    for expression, function, kinks in ((A.erf, erf, ()), (A.relu, lambda a: np.maximum(a, 0), (0,))):
        one, other = (coefficients(f, 0.1, 1.0) for f in (expression, Activation(function, name="f", kinks=kinks)))
        assert [one.a, one.v, one.s] == pytest.approx([other.a, other.v, other.s], rel=double("coefficient"))


def test_results_are_cached():
    assert coefficients(A.tanh, 0.1, 1.0) is coefficients(A.tanh, 0.1, 1.0)
    assert closed_form(A.erf.expression) is closed_form(A.erf.expression)


@pytest.mark.parametrize(
    "function, words",
    [
        (sp.exp(x**2), ("exp(x**2)", "second moment")),
        (sp.exp(x**2 / 4), ("exp(x**2/4)", "second moment")),
        (sp.cosh(x**2), ("cosh(x**2)", "second moment")),
        (lambda a: np.exp(a**2), ("lambda", "second moment")),
        (1 / (x - sp.Rational(3, 10)), ("1/(x - 3/10)", "second moment")),
        (sp.sign(x) ** 2, ("sign(x)**2", "constant")),
        (sp.sin(x) ** 2 + sp.cos(x) ** 2, ("sin(x)**2", "constant")),
    ],
)
def test_activations_that_the_theory_cannot_treat(function, words):
    with pytest.raises(ValueError, match="allowed: ") as error:
        RandomFeatureModel(function, 4, 2, 0.1)
    assert str(error.value).startswith("activation = ") and all(word in str(error.value) for word in words)


def test_undeclared_kink_does_not_settle():
    hidden = Activation(lambda a: np.sign(a - 0.123), name="hidden jump")
    with pytest.raises(ConvergenceError, match="kinks") as error:
        coefficients(hidden, 0.1, 1.0)
    assert error.value.residual > 0
    declared = Activation(lambda a: np.sign(a - 0.123), name="declared jump", kinks=(0.123,))
    assert coefficients(declared, 0.1, 1.0).v2 > 0


def test_digits_of_a_kinked_function_without_closed_form():
    with pytest.raises(ValueError, match=r"dps = 30.*allowed: dps=None"):
        coefficients(Activation(sp.Max(-1, sp.Min(1, x))), 0.1, 1.0, 30)
