r"""From the saddle point to one polynomial P(q, z) = 0, and to the edges by its discriminant.

The elimination is linear algebra. Every average in the two reduced equations is of the form
⟨(c₀ + c₁λ)/(c₂ + c₃λ)⟩, and a partial fraction in λ turns it into a constant plus a multiple of the one
average s = ⟨1/(ŝ + λ r̂)⟩ (the constant uses that ρ_Σ is normalised). With g = 1/(1+δ) both equations are
then linear in (g, s), which become rational functions of q and z alone. For a covariance with m
eigenvalues the definition of s as an average is one polynomial equation, of degree 3m + 2 in q and
m + 1 in z.
"""

from functools import cache
from typing import TYPE_CHECKING

import sympy as sp

from ..validation import shown, symbolic_spectrum
from . import symbols as S
from .saddle_equations import saddle_point

if TYPE_CHECKING:
    from .symbols import Pairs


@cache
def eliminate() -> dict:
    r"""Solve the two linear equations for (g, s).

    Returns
    -------
    dict
        ``{g: …, s: …}``, rational in q and z, with the parameters of the model as symbols.
    """
    point = saddle_point()
    equations = [_averages_in_terms_of_s(f, point.s).subs(S.delta, 1 / S.g - 1) for f in point.reduced]
    # clearing the denominator that δ = 1/g − 1 brings in leaves two linear equations
    equations = [sp.numer(sp.cancel(sp.together(f))) for f in equations]
    ((g, s),) = sp.linsolve(equations, [S.g, S.s])
    return {S.g: sp.factor(g), S.s: sp.factor(s)}


def _averages_in_terms_of_s(expression, s_definition):
    """Replace each average by constant + multiple × s, by partial fractions in λ."""
    (s_average,) = s_definition.atoms(sp.Integral)
    s_integrand = s_definition.coeff(s_average) * S.integrand(s_average)
    replacements = {}
    for integral in expression.atoms(sp.Integral):
        terms = sp.apart(S.integrand(integral), S.lam)
        constant, fraction = terms.as_independent(S.lam, as_Add=True)
        multiple = sp.cancel(fraction / s_integrand)
        assert not multiple.has(S.lam)  # the partial fraction really is a multiple of the same average
        replacements[integral] = constant + multiple * S.s
    return expression.xreplace(replacements)


@cache
def polynomial_factors() -> tuple:
    r"""The polynomials in q from which P is built: ``(E, D, F)``.

    s = q E/D and 1/(ŝ + λ r̂) = q D/F(λ), all three polynomial in q and z, F also linear in λ. The
    definition of s then reads E ∏ F(λ_i) = D² Σ w_i ∏_{j≠i} F(λ_j).
    """
    solution = eliminate()
    g_numerator, D = sp.fraction(sp.together(solution[S.g]))
    E = sp.cancel(solution[S.s] * D / S.q)
    r_hat_over_g = sp.cancel(S.psi_p * saddle_point().rho_hat * (1 + S.delta))
    F = sp.cancel((1 + S.q * S.psi_p * S.b**2) * D + S.q * S.lam * r_hat_over_g * g_numerator)
    # a common sign or factor of numerator and denominator is SymPy's choice: it cancels in the equation
    return tuple(sp.expand(x) for x in (E, D, F))


def resolvent_polynomial(spectrum: "Pairs" = ((1, 1),)) -> sp.Poly:
    r"""The polynomial P(q, z) that q(z) solves, for a covariance with finitely many eigenvalues.

    Parameters
    ----------
    spectrum : tuple of (eigenvalue, weight)
        Numbers or SymPy symbols; the default is the identity covariance.

    Returns
    -------
    sympy.Poly
        In the generators (q, z), of degree 3m + 2 in q and m + 1 in z for m eigenvalues (lower where a
        coefficient of the activation vanishes).
    """
    spectrum = symbolic_spectrum("spectrum", spectrum)
    E, D, F = polynomial_factors()
    factors = [F.subs(S.lam, eigenvalue) for eigenvalue, _ in spectrum]
    left = E * sp.Mul(*factors)
    right = D**2 * sp.Add(*(weight * sp.Mul(*factors[:i], *factors[i + 1 :]) for i, (_, weight) in enumerate(spectrum)))
    return sp.Poly(sp.expand(left - right), S.q, S.z)


def edge_polynomial(polynomial: sp.Poly) -> sp.Poly:
    r"""The discriminant of P in q: a polynomial in z whose real roots contain every edge of the bulk.

    At an edge two roots q merge. The converse fails twice: two unphysical branches may merge, and two solutions may
    share q but not δ (where D = 0, see `polynomial_factors`), which happens to the physical branch too, at negative z.
    So a root is an edge only where the physical branch turns complex: `theory.spectrum.scalar_edges` decides.

    Parameters
    ----------
    polynomial : sympy.Poly
        From `resolvent_polynomial`, with rational numbers for the parameters: exact arithmetic is what
        makes the discriminant trustworthy. For m = 1 it takes well below a second; the cost grows
        steeply with m.

    Returns
    -------
    sympy.Poly
        In z, square-free and primitive over the integers.
    """
    if not (isinstance(polynomial, sp.Poly) and polynomial.gens == (S.q, S.z) and polynomial.domain in (sp.ZZ, sp.QQ)):
        raise ValueError(
            f"polynomial = {shown(polynomial)} is no polynomial in q and z with rational coefficients; "
            "allowed: resolvent_polynomial(…) with numbers for all parameters"
        )
    discriminant = sp.Poly(sp.discriminant(polynomial.as_expr(), S.q), S.z)
    _, primitive = discriminant.clear_denoms(convert=True)
    return primitive.sqf_part().primitive()[1]
