"""Roots of the resolvent polynomial: against those of the expression in SymPy, and where the degree drops."""

import numpy as np
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations import polynomial
from theory.symbolic import resolvent_polynomial
from theory.symbolic import symbols as S
from theory.symbolic.evaluate import PARAMETERS

ONE = ((1, 1),)
TWO = ((sp.Rational(1, 2), sp.Rational(1, 4)), (2, sp.Rational(3, 4)))


@pytest.mark.parametrize("spectrum", [ONE, TWO])
@pytest.mark.parametrize("activation", [A.erf, A.linear, A.hermite(2)])
def test_roots_are_those_of_the_expression(activation, spectrum):
    """Parameters and z as exact rationals; for a linear or an even activation the polynomial is of lower degree."""
    data = Gaussian(tuple((float(x), float(w)) for x, w in spectrum))
    system = RandomFeatureModel(activation, 4, 3, 0.1, data).spectrum().system
    z = np.array([0.3 + 0.1j, 2.0, -0.7 + 2j])
    found = polynomial.roots(system, z)
    numbers = {symbol: sp.Rational(value) for symbol, value in zip(PARAMETERS, system.in_y, strict=True)}
    expression = resolvent_polynomial(spectrum).as_expr().subs(numbers)
    for row, point in zip(found, z, strict=True):
        at = {S.z: sp.Rational(point.real) + sp.I * sp.Rational(point.imag)}
        expected = np.array(
            [complex(root) for root in sp.Poly(sp.expand(expression.subs(at)), S.q).nroots(n=20, maxsteps=200)]
        )
        assert len(set(np.round(row, 8))) >= 2
        assert [root for root in row if np.abs(expected - root).min() > 1e-9 * abs(root)] == []


def test_where_the_leading_coefficient_vanishes_there_are_no_roots():
    """At the atom: NaN, no warning, and nothing of it in the other rows."""
    system = RandomFeatureModel(A.erf, 4, 3, 0.1).spectrum().system
    z = np.array([0.0, 0.3])
    assert np.asarray(polynomial.coefficients(system, z)[-1])[0] == 0
    with np.errstate(all="raise"):
        found = polynomial.roots(system, z)
    assert np.isnan(found[0]).all() and not np.isnan(found[1]).any()
    assert found[1] == pytest.approx(polynomial.roots(system, z[1:])[0])
