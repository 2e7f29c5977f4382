"""The general action against the scalar one, and against what must not depend on how features, samples and times are divided."""

import numpy as np
import pytest
import sympy as sp
from tolerances import double

from theory.symbolic import action
from theory.symbolic import symbols as S
from theory.symbolic.general_action import general_action, stationarity


def scalar_values(a):
    """One type, kind and node in the letters of the scalar action: R = ψ_p α² r, Ĥ = ρ̂/α²."""
    return {
        a.p[0]: 1,
        a.pi[0]: 1,
        a.q[0]: S.q,
        a.s2[0]: S.s_t**2,
        a.u[0][0]: S.alpha,
        a.u[0][1]: S.b,
        a.C[0][0][0, 0]: S.v**2,
        a.R[0][0, 0]: S.psi_p * S.alpha**2 * S.r,
        a.H[0][0, 0]: S.rho_hat / S.alpha**2,
    }


def test_one_of_each_is_the_scalar_action():
    a = general_action(1, 1, 1)
    values = scalar_values(a)
    general = a.plain.subs(values) + a.integrand.subs(values)  # one eigenvalue of Σ
    scalar = S.discretise(action(), ((S.lam, 1),))
    for x in (S.q, S.r, S.rho_hat, S.z):
        assert sp.simplify(sp.diff(general - scalar, x)) == 0
    point = dict(zip(sorted(scalar.free_symbols, key=str), [sp.Rational(k + 3, 7) for k in range(12)], strict=False))
    assert abs(float((general - scalar).subs(point))) < double("identity")


def numbers(a, seed=0):
    """Positive numbers for all letters of an action."""
    rng = np.random.default_rng(seed)
    letters = sorted((a.plain.free_symbols | a.integrand.free_symbols), key=str)
    return {x: sp.Float(0.3 + rng.random(), 30) for x in letters}


def value(a, values):
    return float((a.plain + a.integrand).subs(values))


def test_both_sizes_of_the_determinant_agree():
    """Sylvester: three types and two channels, against the determinant of size three written out."""
    a = general_action(3, 1, 1)
    values = numbers(a)
    share = [S.psi_p * a.p[j] * a.q[j] for j in range(3)]
    channels = sp.diag(S.lam * a.H[0], 1)
    other = sp.eye(3) + sp.Matrix(3, 3, lambda i, j: share[i] * (a.u[i].T * channels * a.u[j])[0])
    assert float((a.integrand + sp.log(other.det()) / 2).subs(values)) == pytest.approx(0, abs=double("identity"))


def test_two_types_with_the_same_couplings_are_one():
    one, two = general_action(1, 1, 1), general_action(2, 1, 1)
    values = numbers(one)
    split = {two.p[0]: values[one.p[0]] / 3, two.p[1]: 2 * values[one.p[0]] / 3}
    for j in range(2):
        split |= {two.q[j]: values[one.q[0]], two.s2[j]: values[one.s2[0]], two.C[j][0][0, 0]: values[one.C[0][0][0, 0]]}
        split |= {two.u[j][m]: values[one.u[0][m]] for m in range(2)}
    split |= {two.R[0][0, 0]: values[one.R[0][0, 0]], two.H[0][0, 0]: values[one.H[0][0, 0]]}
    split |= {x: values[x] for x in (S.psi_p, S.psi_n, S.z, S.lam, one.pi[0])}
    assert value(two, split) == pytest.approx(value(one, values), rel=double("identity"))


def test_two_kinds_with_the_same_couplings_are_one():
    """Ĥ_c is π_c times a common matrix, R_c is common, and the noise channels share π_c."""
    one, two = general_action(1, 1, 1), general_action(1, 2, 1)
    values = numbers(one) | {one.pi[0]: sp.S.One}
    shares = (sp.Rational(1, 4), sp.Rational(3, 4))
    split = {x: values[x] for x in (S.psi_p, S.psi_n, S.z, S.lam, one.p[0], one.q[0], one.s2[0])}
    for c, share in enumerate(shares):
        split |= {two.pi[c]: share, two.C[0][c][0, 0]: values[one.C[0][0][0, 0]]}
        split |= {two.u[0][c]: values[one.u[0][0]], two.u[0][2 + c]: values[one.u[0][1]] * sp.sqrt(share)}
        split |= {two.R[c][0, 0]: values[one.R[0][0, 0]], two.H[c][0, 0]: share * values[one.H[0][0, 0]]}
    assert value(two, split) == pytest.approx(value(one, values), rel=double("identity"))


def test_two_equal_times_are_one():
    """At two copies of one time every matrix is that number times the projector on (√ω₁, √ω₂), plus nothing across it."""
    one, two = general_action(1, 1, 1), general_action(1, 1, 2)
    values = numbers(one)
    root = (sp.sqrt(sp.Rational(1, 3)), sp.sqrt(sp.Rational(2, 3)))
    split = {x: values[x] for x in (S.psi_p, S.psi_n, S.z, S.lam, one.p[0], one.q[0], one.s2[0], one.pi[0])}
    for k in range(2):
        split |= {two.u[0][k]: values[one.u[0][0]] * root[k], two.u[0][2 + k]: values[one.u[0][1]] * root[k]}
        for n in range(k, 2):
            for matrix, number in ((two.R[0], one.R[0]), (two.H[0], one.H[0]), (two.C[0][0], one.C[0][0])):
                split[matrix[k, n]] = values[number[0, 0]] * root[k] * root[n]
    assert value(two, split) == pytest.approx(value(one, values), rel=double("identity"))


def test_stationarity_gives_the_closed_forms():
    """∂S/∂R_c = 0 is Ĥ_c = π_c (1 + δ_c)^{-1}, here for K = 2."""
    a, equations = general_action(1, 1, 2), stationarity(1, 1, 2)
    delta = (a.R[0] + S.psi_p * a.p[0] * a.q[0] * a.C[0][0]) / S.psi_n
    expected = a.pi[0] * (sp.eye(2) + delta).inv()
    for k, n in ((0, 0), (0, 1), (1, 1)):
        plain, integrand = equations[a.R[0][k, n]]
        assert integrand == 0
        at = plain.subs({a.H[0][i, j]: expected[i, j] for i, j in ((0, 0), (0, 1), (1, 1))})
        assert sp.simplify(at) == 0
