"""What the chapter on Hermite coefficients takes from `theory.symbolic.hermite`, against independent routes."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory import RandomFeatureModel, activations
from theory.symbolic import hermite

CLOSED = [
    activations.erf,
    activations.relu,
    activations.leaky_relu(sp.Rational(1, 5)),
    activations.sin,
    activations.cos,
    activations.sign,
    activations.linear,
    activations.hermite(3),
    activations.polynomial((1, 2, 0, -1, 3)),
]
NAMES = [a.name for a in CLOSED]
GAMMA, RHO = sp.Rational(13, 10), sp.Rational(3, 5)


def average(function, kinks=(0,)):
    """E f(z) by mpmath's Gauss–Legendre quadrature, split at the kinks."""
    breaks = [-12, *kinks, 12]
    return mpmath.quad(lambda z: function(z) * mpmath.npdf(z), breaks)


def value(expression):
    return float(expression.subs({hermite.Gamma: GAMMA, hermite.rho: RHO}))


@pytest.mark.parametrize("activation", CLOSED, ids=NAMES)
@pytest.mark.parametrize("k", range(5))
def test_mu_squared_is_the_square_of_the_defining_integral(activation, k):
    he = sp.lambdify(sp.Symbol("y"), sp.hermite_prob(k, sp.Symbol("y")), "mpmath")
    mu = average(lambda z: activation.mpmath(float(GAMMA) * z) * he(z))
    assert value(hermite.closed_form(activation.expression).mu_squared(k)) == pytest.approx(float(mu) ** 2, abs=1e-10)


@pytest.mark.parametrize("activation", CLOSED, ids=NAMES)
def test_v2_and_s2_are_those_of_the_model(activation):
    form = hermite.closed_form(activation.expression)
    model = RandomFeatureModel(activation, psi_p=2, psi_n=2, t=0.3)
    c = model.coefficients()
    values = {hermite.Gamma: 1, hermite.rho: sp.exp(-2 * sp.Rational(3, 10))}
    assert float(form.v2.subs(values)) == pytest.approx(c.v2, abs=1e-12)
    assert float(form.s2.subs(values)) == pytest.approx(c.s2, abs=1e-12)


@pytest.mark.parametrize("activation", [a for a in CLOSED if a is not activations.sign], ids=lambda a: a.name)
def test_slope_variance_by_quadrature(activation):
    slope = sp.lambdify(activations.x, sp.diff(activation.expression, activations.x), "mpmath")
    mean, square = (average(lambda z, n=n: slope(float(GAMMA) * z) ** n) for n in (1, 2))
    found = value(hermite.closed_form(activation.expression).slope_variance())
    assert found == pytest.approx(float(square - mean**2), abs=1e-10)


@pytest.mark.parametrize("activation", [activations.tanh, activations.erf, activations.relu, activations.sin])
def test_small_t_limit_of_s2(activation):
    derivative = sp.lambdify(activations.x, sp.diff(activation.expression, activations.x), "mpmath")
    expected = float(average(lambda z: derivative(z) ** 2) - average(derivative) ** 2)
    errors = []
    for t in (1e-3, 1e-4):
        model = RandomFeatureModel(activation, psi_p=2, psi_n=2, t=t)
        errors.append(abs(model.coefficients().s2 / model.noise_variance / expected - 1))
    assert errors[1] < errors[0] / 3 and errors[1] < 1e-2  # a corner leaves a relative correction of order √Δ_t


def test_a_jump_makes_s2_of_order_root_delta():
    assert hermite.closed_form(activations.sign.expression).slope_variance() == sp.oo
    for t in (1e-6, 1e-8):
        model = RandomFeatureModel(activations.sign, psi_p=2, psi_n=2, t=t)
        assert model.coefficients().s2 / np.sqrt(model.noise_variance) == pytest.approx(np.sqrt(8) / np.pi, rel=2e-3)


def test_latex_table_holds_the_closed_forms_in_order():
    expressions = [activations.sign.expression, activations.relu.expression]
    header, body = hermite.latex_table(expressions, columns=("a", "s2")).split(r"\hline")
    rows = body.removesuffix(r"\end{array}").split(r"\\[12pt]")
    assert header.count("&") == 2 and "s^2" in header and len(rows) == 2
    for row, expression in zip(rows, expressions, strict=True):
        form = hermite.closed_form(expression)
        cells = [cell.replace(r"\displaystyle", "").strip() for cell in row.split("&")]
        assert cells[0] == sp.latex(expression)
        assert cells[1] == sp.latex(form.a)
        assert cells[2] == sp.latex(form.s2, inv_trig_style="full")


def test_latex_table_names_an_unknown_column():
    with pytest.raises(ValueError, match=r"columns = 'b' is unknown; allowed: 'kappa', 'a', 'v2', 's2'"):
        hermite.latex_table([activations.sign.expression], columns=("a", "b"))


@pytest.mark.parametrize("k", [-1, 1.5, True, "2"])
def test_mu_squared_rejects(k):
    with pytest.raises(ValueError, match=r"k = .*allowed: an integer >= 0"):
        hermite.closed_form(activations.erf.expression).mu_squared(k)


def test_latex_table_names_what_has_no_closed_form():
    with pytest.raises(ValueError, match=r"tanh.*no closed form"):
        hermite.latex_table([activations.tanh.expression])
