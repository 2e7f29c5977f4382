"""The outlier condition: from the action, from the diagrams, from the literature's limits, and in finite matrices."""

import numpy as np
import pytest
import sympy as sp
from tolerances import STANDARD_ERRORS

from theory import symbolic
from theory.symbolic import symbols as S
from theory.symbolic.elimination import polynomial_factors
from theory.symbolic.outlier import POLE, lam_star, outlier_condition, outlier_polynomial, outlier_position
from theory.symbolic.rainbows import rainbows
from theory.symbolic.saddle_equations import saddle_point

lam1, lam2, w = sp.symbols("lambda_1 lambda_2 w", positive=True)
SPECTRUM = ((lam1, w), (lam2, 1 - w))
NUMBERS = dict(zip((S.alpha, S.b, S.v, S.s_t), map(sp.Rational, ("4/5", "1/3", "2/5", "1/7")), strict=True))
NUMBERS |= {S.psi_p: sp.Integer(2), S.psi_n: sp.Integer(3)}

S_HAT = S.psi_p * S.b**2 + 1 / S.q
R_HAT = S.psi_p * S.alpha**2 / (1 + S.delta)


def relative(polynomial, values):
    """|polynomial| over the sum of its terms' absolute values."""
    terms = [term.subs(values) for term in sp.expand(polynomial).args]
    return abs(sum(terms)) / sum(map(abs, terms))


# --- the condition ---------------------------------------------------------------------------------------------------


def test_subleading_term_is_the_published_one():
    published = -sp.log(1 / (S.psi_p * S.q) + S.b**2 + lam_star * S.rho_hat) / 2
    for variable in (S.rho_hat, lam_star):
        assert sp.simplify(sp.diff(outlier_condition().subleading - published, variable)) == 0


def test_condition_is_the_published_one():
    outlier = outlier_condition()
    assert sp.simplify(outlier.condition - (S_HAT + lam_star * R_HAT)) == 0
    assert sp.simplify(outlier.transform - 1 / (S_HAT + lam_star * R_HAT)) == 0
    assert sp.simplify(outlier.threshold + S_HAT / R_HAT) == 0
    assert sp.simplify(outlier.condition.subs(lam_star, outlier.threshold)) == 0


def test_diagrams_give_the_same_expressions():
    assert rainbows().condition == outlier_condition().condition
    assert rainbows().transform == outlier_condition().transform


def test_directions_of_the_bulk_average_to_its_own_traces():
    """Every direction of the bulk has its g: with weight 1 they make s, with weight λ r."""
    transform, point = outlier_condition().transform.subs(lam_star, S.lam), saddle_point()
    for weight, trace in ((1, point.s), (S.lam, point.r)):
        assert sp.simplify(S.discretise(S.average(weight * transform) - trace, SPECTRUM)) == 0


# --- the position ----------------------------------------------------------------------------------------------------


def test_position_solves_the_saddle_point():
    """z, q and δ as functions of g: F_q vanishes identically, F_δ where the quadratic does."""
    position = outlier_position()
    values = {S.q: position.q, S.delta: 1 / S.g - 1, S.z: position.z}
    f_q, f_delta = (S.discretise(f, SPECTRUM).subs(values) for f in saddle_point().reduced)
    f_q, f_delta, quadratic = (S.discretise(f, SPECTRUM).subs(NUMBERS) for f in (f_q, f_delta, position.quadratic))
    assert sp.cancel(f_q) == 0
    numerator, quadratic = (sp.Poly(sp.numer(sp.together(f)), S.g) for f in (f_delta, quadratic))
    assert quadratic.degree() == 2
    assert sp.rem(numerator, quadratic).is_zero


def test_position_is_the_formula_of_its_docstring():
    position = outlier_position()
    h = lambda lam: S.b**2 + lam * S.alpha**2 * S.g  # noqa: E731
    quadratic = (S.psi_n * (1 - S.g) + POLE) * h(lam_star) + S.v**2 * S.g
    ratio = S.average(h(S.lam) / (h(lam_star) - h(S.lam)))
    z = S.s_t**2 + S.v**2 * S.g + h(lam_star) * (S.psi_p + ratio)
    for derived, typed in ((position.quadratic, quadratic), (position.z, z)):
        assert sp.simplify(S.discretise(derived - typed, SPECTRUM)) == 0


def test_polynomial_is_the_resultant_with_the_resolvent_polynomial():
    """Elimination of g from the explicit position, against that of q from P(q, z) and the condition F(q, z, λ*) = 0."""
    resolvent = symbolic.resolvent_polynomial().as_expr().subs(NUMBERS)
    condition = polynomial_factors()[2].subs(NUMBERS).subs(S.lam, lam_star)
    resultant = sp.Poly(sp.resultant(resolvent, condition, S.q), S.z, lam_star)
    polynomial = sp.Poly(outlier_polynomial().as_expr().subs(NUMBERS), S.z, lam_star)
    quotient, remainder = sp.div(resultant, polynomial)
    assert polynomial.degree_list() == (2, 5)
    assert remainder.is_zero and quotient.degree(lam_star) == 0


def test_polynomial_for_two_eigenvalues():
    spectrum = ((sp.Rational(1, 2), sp.Rational(1, 3)), (sp.Rational(5, 4), sp.Rational(2, 3)))
    polynomial, position = outlier_polynomial(spectrum, NUMBERS), outlier_position()
    value = {lam_star: sp.Integer(7)}
    quadratic, z = (S.discretise(f, spectrum).subs(NUMBERS | value) for f in (position.quadratic, position.z))
    for g in sp.Poly(quadratic, S.g).nroots(n=30):
        assert relative(polynomial.as_expr().subs(value), {S.z: z.subs(S.g, g)}) < 1e-25


@pytest.mark.parametrize("spectrum", [(), ((1, 0.5, 2),)], ids=["empty", "triple"])
def test_no_spectrum_is_refused(spectrum):
    with pytest.raises(ValueError, match="spectrum = "):
        outlier_polynomial(spectrum)


# --- limits ----------------------------------------------------------------------------------------------------------


def branch(parameters, spectrum=((1, 1),)):
    """(g, z) along the roots of the quadratic."""
    position = outlier_position()
    quadratic, z = (S.discretise(f.subs(parameters), spectrum) for f in (position.quadratic, position.z))
    return [(g, sp.simplify(z.subs(S.g, g))) for g in sp.solve(quadratic, S.g) if g != 0]


def test_product_of_two_wisharts():
    """b = v = s = 0, Σ = 1: the outlier passes two sample covariances, and each multiplies it by 1 + ratio/(λ* − 1)."""
    ((_, z),) = branch({S.b: 0, S.v: 0, S.s_t: 0})
    excess = 1 / (lam_star - 1)
    published = S.psi_p * S.alpha**2 * lam_star * (1 + excess / S.psi_p) * (1 + excess / S.psi_n)
    assert sp.simplify(z - published) == 0


def test_spiked_covariance():
    """For ψ_n → ∞ the outlier and its threshold 1 + √(d/p) are those of Baik, Ben Arous, Péché and Silverstein."""
    ((_, z),) = branch({S.b: 0, S.v: 0, S.s_t: 0, S.alpha: 1})
    z = sp.limit(z, S.psi_n, sp.oo)
    ratio = 1 / S.psi_p
    assert sp.simplify(z / S.psi_p - lam_star * (1 + ratio / (lam_star - 1))) == 0
    thresholds = sp.solve(sp.diff(z, lam_star), lam_star)
    assert any(sp.simplify(root - 1 - sp.sqrt(ratio)) == 0 for root in thresholds)
    # and there the outlier is at the edge of Marchenko and Pastur
    assert sp.simplify(z.subs(lam_star, 1 + sp.sqrt(ratio)) - S.psi_p * (1 + sp.sqrt(ratio)) ** 2) == 0


def test_threshold_is_where_the_outlier_meets_the_edge():
    """dz/dλ* = 0 along the explicit position, against a double root of the resolvent polynomial at its largest edge."""
    position = outlier_position()
    quadratic, z = (S.discretise(f, ((1, 1),)).subs(NUMBERS) for f in (position.quadratic, position.z))
    slope = sp.diff(z, lam_star) - sp.diff(z, S.g) * sp.diff(quadratic, lam_star) / sp.diff(quadratic, S.g)
    start = (sp.Float(1, 40), sp.Float(2, 40))
    g, threshold = sp.nsolve([quadratic, sp.numer(sp.together(slope))], [S.g, lam_star], start, prec=40)
    edge = z.subs({S.g: g, lam_star: threshold})
    q = position.q.subs(NUMBERS).subs({S.g: g, lam_star: threshold})
    assert abs(outlier_condition().threshold.subs(NUMBERS).subs({S.q: q, S.delta: 1 / g - 1}) - threshold) < 1e-30
    polynomial = symbolic.resolvent_polynomial().as_expr().subs(NUMBERS)
    for derivative in (0, 1):
        assert relative(sp.diff(polynomial, S.q, derivative), {S.q: q, S.z: edge}) < 1e-30
    edges = sp.real_roots(symbolic.edge_polynomial(sp.Poly(polynomial, S.q, S.z)))
    assert abs(max(map(sp.N, edges)) - edge) < 1e-12


def test_outlier_of_finite_matrices():
    """The largest eigenvalue of the Gaussian equivalent, far above the threshold, over 30 draws; the bias is O(1/d)."""
    rng, d, value = np.random.default_rng(5), 120, 9
    alpha, b, v, s_t = (float(NUMBERS[x]) for x in (S.alpha, S.b, S.v, S.s_t))
    p, n = 2 * d, 3 * d
    scale = np.ones(d)
    scale[0] = np.sqrt(value)
    largest = []
    for _ in range(30):
        W, X = rng.standard_normal((p, d)), scale[:, None] * rng.standard_normal((d, n))
        G = alpha * W @ X / np.sqrt(d) + v * rng.standard_normal((p, n))
        largest.append(np.linalg.eigvalsh(G @ G.T / n + b**2 * W @ W.T / d)[-1] + s_t**2)
    position = outlier_position()
    quadratic, z = (S.discretise(f, ((1, 1),)).subs(NUMBERS | {lam_star: value}) for f in (position.quadratic, position.z))
    expected = max(float(z.subs(S.g, g)) for g in sp.Poly(quadratic, S.g).nroots() if g > 0)
    assert abs(np.mean(largest) - expected) < STANDARD_ERRORS * np.std(largest, ddof=1) / np.sqrt(len(largest))
