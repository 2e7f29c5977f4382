"""The derivations as identities: each expression is compared with one typed here, by simplify(…) == 0."""

import pytest
import sympy as sp

from theory import symbolic
from theory.symbolic import symbols as S
from theory.symbolic.elimination import eliminate, polynomial_factors
from theory.symbolic.saddle_equations import saddle_point

lam1, lam2, w = sp.symbols("lambda_1 lambda_2 w", positive=True)
SPECTRUM = ((lam1, w), (lam2, 1 - w))
ZERO = sp.symbols("q_0 r_0 rho_0")


def average(f):
    """∫ρ_Σ f for two eigenvalues, typed as a sum."""
    return w * f(lam1) + (1 - w) * f(lam2)


def vanishes(expression):
    return sp.simplify(sp.together(S.discretise(expression, SPECTRUM))) == 0


def published_action():
    """The action of the book, up to constants, for two eigenvalues."""
    delta = S.psi_p / S.psi_n * (S.alpha**2 * S.r + S.v**2 * S.q)
    log_average = average(lambda lam: sp.log(1 / (S.psi_p * S.q) + S.b**2 + lam * S.rho_hat))
    return (
        S.psi_p / 2 * sp.log(S.q)
        - sp.log(S.q) / 2
        + S.psi_p / 2 * S.r * S.rho_hat
        - log_average / 2
        - S.psi_n / 2 * sp.log(1 + delta)
        - S.psi_p / 2 * (S.s_t**2 - S.z) * S.q
    )


@pytest.mark.parametrize("variable", [S.q, S.r, S.rho_hat, S.z], ids=str)
def test_action_is_the_published_one(variable):
    derived = S.discretise(symbolic.action(), SPECTRUM)
    assert sp.simplify(sp.diff(derived - published_action(), variable)) == 0


def test_off_diagonal_overlaps_are_stationary_at_zero():
    limit = S.discretise(symbolic.replica_limit(ZERO), SPECTRUM)
    at_zero = dict.fromkeys(ZERO, 0)
    for overlap in ZERO:
        assert sp.cancel(sp.diff(limit, overlap).subs(at_zero)) == 0
    # not because the action ignores them
    assert sp.cancel(sp.diff(limit, ZERO[0], 2).subs(at_zero)) != 0


def test_replicated_action_vanishes_without_replicas_and_is_single_for_one():
    n = sp.Symbol("n")
    replicated = symbolic.replicated_action(n, ZERO)
    assert vanishes(replicated.subs(n, 0))
    assert vanishes(replicated.subs(n, 1) - symbolic.single_replica_action())  # one replica has no off-diagonal entries
    assert not vanishes(replicated.subs(n, 2) - 2 * symbolic.single_replica_action())


def test_two_replicas_equal_the_explicit_determinants():
    """The replica-symmetric shortcut, eigenvalue by eigenvalue, against 2 × 2 determinants."""
    q, r, h = (sp.Matrix([[x, x0], [x0, x]]) for x, x0 in zip((S.q, S.r, S.rho_hat), ZERO, strict=True))
    one = sp.eye(2)
    explicit = (
        S.psi_p / 2 * sp.log(q.det())
        - average(lambda lam: sp.log((one + S.psi_p * q * (S.b**2 * one + lam * h)).det())) / 2
        + S.psi_p / 2 * (r * h).trace()
        - S.psi_n / 2 * sp.log((one + S.psi_p / S.psi_n * (S.alpha**2 * r + S.v**2 * q)).det())
        - S.psi_p / 2 * (S.s_t**2 - S.z) * q.trace()
    )
    difference = explicit - S.discretise(symbolic.replicated_action(sp.Integer(2), ZERO), SPECTRUM)
    unknowns = (S.q, S.r, S.rho_hat, *ZERO, S.z, lam1, lam2, w)
    values = map(sp.Rational, ("3/2", "2/3", "4/5", "1/5", "1/7", "1/9", "-1/2", "1/2", "5/4", "1/3"))
    parameters = zip((S.alpha, S.b, S.v, S.s_t), map(sp.Rational, ("1/2", "1/3", "1/4", "1/5")), strict=True)
    numbers = dict(zip(unknowns, values, strict=True)) | dict(parameters) | {S.psi_p: 3, S.psi_n: 2}
    assert abs(sp.N(difference.subs(numbers), 30)) < 1e-25


def test_derivative_in_z_is_the_resolvent():
    assert sp.diff(symbolic.action(), S.z) == S.psi_p * S.q / 2


def test_stationarity_is_the_published_system():
    """r, s and the equation for q of the book, from the derivatives of the action."""
    point = saddle_point()
    rho_hat = S.alpha**2 / (1 + S.delta)
    s_hat, r_hat = S.psi_p * S.b**2 + 1 / S.q, S.psi_p * rho_hat
    r, s = (average(lambda lam, top=top: (lam if top else 1) / (s_hat + lam * r_hat)) for top in (True, False))
    assert sp.simplify(point.rho_hat - rho_hat) == 0
    assert sp.simplify(S.discretise(point.r, SPECTRUM) - r) == 0
    assert sp.simplify(S.discretise(point.s, SPECTRUM) - s) == 0
    equation = S.psi_p * (S.s_t**2 - S.z) + S.psi_p * S.v**2 / (1 + S.delta) + (1 - S.psi_p) / S.q - s / S.q**2
    f_q = S.discretise(point.reduced[0], SPECTRUM)
    assert sp.simplify(f_q + S.q / S.psi_p * equation) == 0
    f_delta = S.discretise(point.reduced[1], SPECTRUM)
    assert sp.simplify(f_delta - S.delta + S.psi_p / S.psi_n * (S.alpha**2 * r + S.v**2 * S.q)) == 0


def test_reduced_equations_are_the_self_map_of_the_docstring():
    h = lambda lam: S.alpha**2 * lam / (1 + S.delta) + S.b**2  # noqa: E731
    inverse_q = S.s_t**2 - S.z + S.v**2 / (1 + S.delta) + average(lambda lam: h(lam) / (1 + S.psi_p * S.q * h(lam)))
    assert sp.simplify(S.discretise(saddle_point().reduced[0], SPECTRUM) - (1 - S.q * inverse_q)) == 0


def test_elimination_solves_both_equations():
    """g and s as functions of (q, z), put back: one eigenvalue, where s = 1/(ŝ + λ r̂) makes P vanish."""
    solution = eliminate()
    q, z, parameters = sp.Rational(1, 3), sp.Rational(-2), {S.psi_p: 3, S.psi_n: 2, S.alpha: 1, S.b: 2, S.v: 1, S.s_t: 1}
    g, s = (solution[x].subs(parameters).subs({S.q: q, S.z: z}) for x in (S.g, S.s))
    lhs = 3 * (1 - z) + 3 * g + (1 - 3) / q - s / q**2  # the equation for q of the book
    r = (1 - s * (3 * 4 + 1 / q)) / (3 * g)  # ŝ s + r̂ r = 1
    assert sp.simplify(lhs) == 0
    assert sp.simplify(1 / g - 1 - sp.Rational(3, 2) * (r + q)) == 0


def test_a_root_of_the_polynomial_solves_both_equations():
    spectrum = ((sp.Rational(1, 2), sp.Rational(1, 3)), (sp.Rational(5, 4), sp.Rational(2, 3)))
    values = dict(zip((S.alpha, S.b, S.v, S.s_t), map(sp.Rational, ("1/2", "1/3", "1/4", "1/5")), strict=True))
    values |= {S.psi_p: 3, S.psi_n: 2, S.z: -1}
    polynomial = sp.Poly(symbolic.resolvent_polynomial(spectrum).as_expr().subs(values), S.q)
    residuals = []
    for root in polynomial.nroots(n=40, maxsteps=200):
        if abs(sp.im(root)) < 1e-30 and sp.re(root) > 0:  # left of the spectrum q is positive
            at_root = values | {S.q: sp.re(root)}
            delta = 1 / eliminate()[S.g].subs(at_root) - 1
            equations = [S.discretise(f, spectrum).subs(at_root).subs(S.delta, delta) for f in saddle_point().reduced]
            residuals.append(max(map(abs, equations)))
    assert min(residuals) < 1e-30


@pytest.mark.parametrize("m", [1, 2, 3])
def test_degrees_of_the_polynomial(m):
    spectrum = tuple((sp.Integer(k + 1), sp.Rational(1, m)) for k in range(m))
    numbers = {S.psi_p: 3, S.psi_n: 2, S.alpha: sp.Rational(1, 2), S.b: 1, S.v: sp.Rational(1, 3), S.s_t: sp.Rational(1, 5)}
    polynomial = sp.Poly(symbolic.resolvent_polynomial(spectrum).as_expr().subs(numbers), S.q, S.z)
    assert polynomial.degree(S.q) == 3 * m + 2 and polynomial.degree(S.z) == m + 1


def test_equal_eigenvalues_give_the_polynomial_of_one():
    one, split = (
        symbolic.resolvent_polynomial(s).as_expr() for s in (((2, 1),), ((2, sp.Rational(1, 3)), (2, sp.Rational(2, 3))))
    )
    numbers = {S.psi_p: 3, S.psi_n: 2, S.alpha: 1, S.b: 1, S.v: 1, S.s_t: 1}
    assert sp.rem(sp.Poly(split.subs(numbers), S.q, S.z), sp.Poly(one.subs(numbers), S.q, S.z)).is_zero


def test_without_linear_part_it_is_marchenko_pastur():
    """α = b = 0: U = s² + v² ΩΩ^T/n, whose resolvent solves c y q² + (y + c − 1) q + 1 = 0 for v = 1, y = z − s², c = p/n."""
    c, y = S.psi_p / S.psi_n, S.z - S.s_t**2
    polynomial = symbolic.resolvent_polynomial().as_expr().subs({S.alpha: 0, S.b: 0, S.v: 1})
    quadratic = sp.expand(c * y * S.q**2 + (y + c - 1) * S.q + 1)
    assert sp.simplify(sp.rem(polynomial, quadratic, S.q)) == 0 and sp.simplify(polynomial) != 0


def test_edges_of_marchenko_pastur_are_roots_of_the_discriminant():
    numbers = {S.alpha: 0, S.b: 0, S.v: 1, S.s_t: 0, S.psi_p: 4, S.psi_n: 1}
    polynomial = sp.Poly(symbolic.resolvent_polynomial().as_expr().subs(numbers), S.q, S.z)
    roots = sp.roots(symbolic.edge_polynomial(polynomial))
    assert {sp.Integer(1), sp.Integer(9)} <= set(roots)  # (1 ± √4)²


def test_derivations_are_cached():
    for derive in (saddle_point, eliminate, polynomial_factors):
        assert derive() is derive()


def test_expressions_typeset():
    text = sp.latex(symbolic.action())
    assert all(name in text for name in (r"\rho_{\Sigma}", r"\psi_{p}", r"\hat\rho", r"\log"))


def test_averages_differentiate_under_the_integral():
    f = S.average(sp.log(1 + S.lam * S.q))
    assert sp.simplify(S.discretise(sp.diff(f, S.q), SPECTRUM) - average(lambda lam: lam / (1 + lam * S.q))) == 0
