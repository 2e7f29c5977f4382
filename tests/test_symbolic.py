"""The replica action, its saddle point and the elimination, against the equations of the theory written out by hand."""

import pytest
import sympy as sp

from theory.symbolic import (
    action,
    edge_polynomial,
    eliminate,
    replica_limit,
    replicated_action,
    resolvent_polynomial,
    saddle_point,
    single_replica_action,
)
from theory.symbolic import symbols as S

ONE = ((sp.Integer(1), sp.Integer(1)),)
TWO = ((sp.Rational(1, 2), sp.Rational(1, 3)), (sp.Rational(5, 4), sp.Rational(2, 3)))
OFF = sp.symbols("q_0 r_0 rho_0")


def discrete(expression, spectrum=TWO):
    return S.discretise(sp.sympify(expression), spectrum)


def test_one_replica_is_the_action():
    n = sp.Symbol("n")
    assert sp.simplify(replicated_action(n, OFF).subs(n, 1) - single_replica_action()) == 0
    assert sp.simplify(discrete(action() - single_replica_action())) == 0


def test_two_replicas_equal_the_explicit_determinants():
    """The replica-symmetric shortcut, eigenvalue by eigenvalue, against 2 × 2 determinants."""

    def matrix(x, x0):
        return sp.Matrix([[x, x0], [x0, x]])

    Q, R, H = (matrix(*pair) for pair in zip((S.q, S.r, S.rho_hat), OFF, strict=True))
    one = sp.eye(2)
    explicit = (
        S.psi_p / 2 * sp.log(Q.det())
        - sum(w * sp.log((one + S.psi_p * Q * (S.b**2 * one + lam * H)).det()) for lam, w in TWO) / 2
        + S.psi_p / 2 * (R * H).trace()
        - S.psi_n / 2 * sp.log((one + S.psi_p / S.psi_n * (S.alpha**2 * R + S.v**2 * Q)).det())
        - S.psi_p / 2 * (S.s_t**2 - S.z) * Q.trace()
    )
    difference = explicit - discrete(replicated_action(sp.Integer(2), OFF))
    values = dict(
        zip(
            (S.q, S.r, S.rho_hat, *OFF, S.z),
            map(sp.Rational, ("3/2", "2/3", "4/5", "1/5", "1/7", "1/9", "-1/2")),
            strict=True,
        )
    )
    values |= {
        S.psi_p: 3,
        S.psi_n: 2,
        S.alpha: sp.Rational(1, 2),
        S.b: sp.Rational(1, 3),
        S.v: sp.Rational(1, 4),
        S.s_t: sp.Rational(1, 5),
    }
    assert abs(sp.N(difference.subs(values), 30)) < 1e-25


def test_off_diagonal_overlaps_are_stationary_at_zero():
    limit = discrete(replica_limit(OFF))
    for x in OFF:
        assert sp.simplify(sp.diff(limit, x).subs(dict.fromkeys(OFF, 0))) == 0


def test_stationarity_is_the_published_system():
    point = saddle_point()
    s_hat, r_hat = S.psi_p * S.b**2 + 1 / S.q, S.psi_p * S.alpha**2 / (1 + S.delta)
    r = sum(w * lam / (s_hat + lam * r_hat) for lam, w in TWO)
    s = sum(w / (s_hat + lam * r_hat) for lam, w in TWO)
    assert sp.simplify(point.rho_hat - S.alpha**2 / (1 + S.delta)) == 0
    assert sp.simplify(discrete(point.r) - r) == 0
    assert sp.simplify(discrete(point.s) - s) == 0
    f_q = S.psi_p * (S.s_t**2 - S.z) + S.psi_p * S.v**2 / (1 + S.delta) + (1 - S.psi_p) / S.q - s / S.q**2
    assert sp.simplify(discrete(point.reduced[0]) + S.q / S.psi_p * f_q) == 0
    f_delta = S.delta - S.psi_p / S.psi_n * (S.alpha**2 * r + S.v**2 * S.q)
    assert sp.simplify(discrete(point.reduced[1]) - f_delta) == 0


def test_derivative_in_z_is_the_resolvent():
    assert sp.diff(action(), S.z) == S.psi_p * S.q / 2


def test_elimination_solves_both_equations():
    solution = eliminate()
    point = saddle_point()
    values = {
        S.psi_p: 3,
        S.psi_n: 2,
        S.alpha: sp.Rational(1, 2),
        S.b: sp.Rational(1, 3),
        S.v: sp.Rational(1, 4),
        S.s_t: sp.Rational(1, 5),
    }
    polynomial = sp.Poly(resolvent_polynomial(TWO).as_expr().subs(values).subs(S.z, -1), S.q)
    # the positive root at z = −1, left of the spectrum, that solves the equations
    residuals = []
    for root in polynomial.nroots(n=40, maxsteps=200):
        if abs(sp.im(root)) > 1e-30 or sp.re(root) <= 0:
            continue
        at_root = values | {S.z: -1, S.q: sp.re(root)}
        g = solution[S.g].subs(at_root)
        residuals.append(max(abs(discrete(f).subs(at_root).subs(S.delta, 1 / g - 1)) for f in point.reduced))
    assert min(residuals) < 1e-30


@pytest.mark.parametrize(("spectrum", "degrees"), [(ONE, (5, 2)), (TWO, (8, 3))])
def test_degree_of_the_polynomial(spectrum, degrees):
    polynomial = resolvent_polynomial(spectrum)
    assert (polynomial.degree(S.q), polynomial.degree(S.z)) == degrees


def test_identity_covariance_as_two_equal_atoms_contains_the_same_roots():
    values = {
        S.psi_p: 3,
        S.psi_n: 2,
        S.alpha: sp.Rational(1, 2),
        S.b: sp.Rational(1, 3),
        S.v: sp.Rational(1, 4),
        S.s_t: sp.Rational(1, 5),
    }
    half = sp.Rational(1, 2)
    one, doubled = (resolvent_polynomial(x).as_expr().subs(values) for x in (ONE, ((1, half), (1, half))))
    assert sp.rem(doubled, one, S.q) == 0


def test_edge_polynomial_of_marchenko_pastur():
    """a = b = 0 leaves v²ΩΩ^T/n + s², whose edges are known."""
    values = {S.psi_p: 4, S.psi_n: 1, S.alpha: 0, S.b: 0, S.v: 1, S.s_t: 0}
    polynomial = sp.Poly(resolvent_polynomial(ONE).as_expr().subs(values), S.q, S.z)
    factor = max((f for f, _ in sp.factor_list(polynomial.as_expr())[1]), key=lambda f: sp.degree(f, S.q))
    edges = edge_polynomial(sp.Poly(factor, S.q, S.z))
    assert edges.eval(1) == 0 and edges.eval(9) == 0  # (1 ± √4)²


def test_derivations_are_cached():
    assert saddle_point() is saddle_point()
    assert eliminate() is eliminate()
