r"""Series for the edges of a bulk on a scale of large ψ_p and ψ_n.

The solutions of the saddle point form a curve (q(δ), z(δ)); outside the bulk z increases along it, and at an edge dz/dδ = 0.
On a scale δ = δ₀ + κ^j D of the small parameter κ the curve is a series z(D) = Σ κ^k z_k(D), derived here from the saddle
point order by order, and the edges are the critical values of that series. `theory.symbolic.two_bulks` names the scales.
"""

from functools import cache

import sympy as sp

from . import symbols as S
from .saddle_equations import constants_out, saddle_point

#: the small parameter, and √(ψ_p/ψ_n): with the root as the symbol every edge of the sample bulk is a rational function
kappa, root = sp.symbols("kappa c_root", positive=True)
#: the local coordinate along the curve
D = sp.Symbol("D")


@cache
def _equations(spectrum, exponent):
    """(F_δ, z(q, δ)) for ψ_n = κ^{-exponent} and ψ_p = c ψ_n, each a list of terms (rational function, is it averaged)."""
    ratios = {S.psi_n: kappa**-exponent, S.psi_p: root**2 * kappa**-exponent}
    f_q, f_delta = saddle_point().reduced
    expressions = f_delta, sp.expand(S.z - f_q / S.q)  # F_q = −q(z − …)
    assert not expressions[1].has(S.z)
    return tuple(
        [term for part in _averages_apart(e.subs(ratios)) for term in _discretised(*part, spectrum)] for e in expressions
    )


def _averages_apart(expression):
    """The terms of a sum, with what multiplies an average moved into it: (rational function of λ, is it averaged)."""
    parts = []
    for term in sp.Add.make_args(sp.expand(expression)):
        integrals = term.atoms(sp.Integral)
        for integral in integrals:
            term = sp.cancel(term / integral) * S.integrand(integral)
        parts.append((term, bool(integrals)))
    return parts


def _discretised(term, averaged, spectrum):
    if not averaged or spectrum is None:
        return [(term, averaged)]
    return [(weight * term.subs(S.lam, value), False) for value, weight in spectrum]


def curve(spectrum, delta, exponent, power, last, start=None):
    r"""z(D) up to κ^last as ``{power of κ: coefficient}``, on the scale δ = ``delta``, q = κ^power (q_0 + κ q_1 + …).

    q_0 is the non-zero root of the leading equation unless ``start`` gives it; the order κ^k of F_δ is then linear in q_k.
    """
    f_delta, z = _equations(spectrum, exponent)
    x, q = sp.Symbol("x"), sp.S.Zero
    if start is not None:
        q = kappa**power * start
    for k in range(0 if start is None else 1, last + power + 1):
        condition = laurent(f_delta, {S.q: q + kappa ** (power + k) * x, S.delta: delta}, k).get(k, 0)
        (term,) = (solution for solution in sp.solve(sp.numer(sp.together(condition)), x) if k or solution != 0)
        q = q + kappa ** (power + k) * factored(term)
    return laurent(z, {S.q: q, S.delta: delta}, last)


def laurent(terms, values, last):
    """The sum of the terms at ``values`` as ``{power of κ: coefficient}``, up to κ^last."""
    total = {}
    for term, averaged in terms:
        for k, a in _laurent_of_rational(term.subs(values), last).items():
            total[k] = total.get(k, 0) + (S.average(a) if averaged and a.has(S.lam) else a)
    total = {k: factored(total[k]) for k in sorted(total)}
    lowest = next((k for k, a in total.items() if a != 0), 0)
    return {k: a for k, a in total.items() if k >= lowest}


def _laurent_of_rational(expression, last):
    """By division of the numerator's polynomial in κ by the denominator's."""
    numerator, denominator = (sp.Poly(sp.expand(x), kappa).all_coeffs()[::-1] for x in sp.fraction(sp.together(expression)))
    zeros = next(k for k, a in enumerate(denominator) if a != 0)
    denominator, quotient = denominator[zeros:], []
    for k in range(last + zeros + 1):
        known = sum(denominator[j] * quotient[k - j] for j in range(1, min(k, len(denominator) - 1) + 1))
        quotient.append(sp.factor(((numerator[k] if k < len(numerator) else 0) - known) / denominator[0]))
    return {k - zeros: a for k, a in enumerate(quotient)}


def factored(expression):
    """One fraction; averages are treated as symbols."""
    expression = constants_out(expression)
    stand_ins = {integral: sp.Dummy() for integral in expression.atoms(sp.Integral)}
    return sp.factor(expression.xreplace(stand_ins)).xreplace({symbol: integral for integral, symbol in stand_ins.items()})


def critical_values(branch):
    """The two critical values of z(D): the first z_k that depends on D, and the next one if it is there.

    Both are taken at the critical points of the first: by stationarity the shift of these points counts one order later.
    """
    first = min(k for k, term in branch.items() if term.has(D))
    assert max(branch) <= first + 1  # beyond, the critical points have to be expanded as well
    slope = sp.Poly(sp.numer(sp.together(sp.diff(branch[first], D))), D)
    # the condition is quadratic: D = (−β + R)/(2γ), and R² is replaced wherever it appears
    gamma, beta, constant = slope.all_coeffs()
    square = sp.factor(beta**2 - 4 * gamma * constant)
    size = sp.sqrt(square)
    if size.is_rational_function():
        return [_value(branch, (-beta + sign * size) / (2 * gamma), factored) for sign in (-1, 1)]
    R = sp.Symbol("R")
    series = _value(branch, (-beta + R) / (2 * gamma), lambda e: _reduced(e, R, square))
    return [series.subs(R, sign * size) for sign in (-1, 1)]


def _value(branch, point, tidy):
    return sum(kappa**k * tidy(term.subs(D, point)) for k, term in branch.items())


def _reduced(expression, R, square):
    """A rational function of R as a + a'R, by R² = ``square``."""
    parts = []
    for part in sp.fraction(sp.together(expression)):
        coefficients = sp.Poly(part, R).all_coeffs()[::-1]
        parts.append([sum(a * square ** (k // 2) for k, a in enumerate(coefficients) if k % 2 == odd) for odd in (0, 1)])
    (n0, n1), (d0, d1) = parts
    norm = d0**2 - d1**2 * square
    return sp.factor((n0 * d0 - n1 * d1 * square) / norm) + R * sp.factor((n1 * d0 - n0 * d1) / norm)
