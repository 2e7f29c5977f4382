r"""The saddle point of the replica action, by differentiation, and its reduction to two unknowns.

∂S/∂r = 0 fixes ρ̂ and ∂S/∂ρ̂ = 0 fixes r, so what remains to be solved are two equations for q and
δ = (ψ_p/ψ_n)(α² r + v² q). They are what the numerical solvers of `theory.equations.ScalarSystem` evaluate.

Written with h = α²λ/(1+δ) + b², the two equations say

.. math:: \frac1q = s_t^2 - z + \frac{v^2}{1+\delta} + \Big\langle\frac{h}{1+\psi_p q h}\Big\rangle,\qquad
          \delta = \frac{\psi_p}{\psi_n}\Big(v^2 q + \alpha^2\Big\langle\frac{\lambda q}{1+\psi_p q h}\Big\rangle\Big),

a map of (upper half-plane)² into itself with at most one fixed point: see `theory.equations.certificate` for what follows from that.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression as check_expression
from . import symbols as S
from .replicas import action

if TYPE_CHECKING:
    from .symbols import Scalar


class SaddlePoint(NamedTuple):
    """Stationarity conditions: three raw derivatives, the two closed forms, and the reduced pair."""

    #: ∂S/∂q, ∂S/∂r, ∂S/∂ρ̂ as they come out of the differentiation (each equals zero)
    stationarity: dict
    #: ρ̂ in terms of δ, from ∂S/∂r = 0
    rho_hat: sp.Expr
    #: r in terms of q and δ, from ∂S/∂ρ̂ = 0
    r: sp.Expr
    #: s in terms of q and δ, its definition as the average of 1/(ŝ + λ r̂)
    s: sp.Expr
    #: (F_q, F_δ), dimensionless: both vanish at the saddle point
    reduced: tuple


@cache
def saddle_point() -> SaddlePoint:
    r"""Derive the saddle point of `action`.

    Returns
    -------
    SaddlePoint
        ``reduced`` is scaled so that F_q = 1 − q(…) and F_δ = δ − (…) have terms of order one: a
        residual of 1e-10 then means ten digits.
    """
    S_rs = action()
    stationarity = {x: sp.diff(S_rs, x) for x in (S.q, S.r, S.rho_hat)}

    # 1 + δ is the argument of the logarithm that the samples leave behind
    definition = S.psi_p / S.psi_n * (S.alpha**2 * S.r + S.v**2 * S.q)
    r_of_delta = sp.solve(sp.Eq(S.delta, definition), S.r)[0]
    (rho_hat,) = sp.solve(stationarity[S.r].subs(S.r, r_of_delta), S.rho_hat)
    rho_hat = sp.factor(rho_hat)
    (r,) = sp.solve(stationarity[S.rho_hat], S.r)
    r = constants_out(r.subs(S.rho_hat, rho_hat))

    f_q = stationarity[S.q].subs(S.r, r_of_delta).subs(S.rho_hat, rho_hat)
    f_q = constants_out(sp.expand(2 * S.q / S.psi_p * f_q))
    f_q = sp.Add(*(term if term.has(sp.Integral) else sp.factor(term) for term in f_q.args))
    f_delta = S.delta - definition.subs(S.r, r)
    s = S.average(1 / (1 / S.q + S.psi_p * (S.b**2 + S.lam * rho_hat)))
    return SaddlePoint(stationarity, rho_hat, r, constants_out(s), (f_q, f_delta))


def constants_out(expression: "Scalar") -> sp.Expr:
    """Write each average as (factors without λ) × average(rest), with the rest as one fraction."""
    expression, replacements = check_expression("expression", expression), {}
    for integral in expression.atoms(sp.Integral):
        numerator, denominator = sp.fraction(sp.factor(integral.function / S.rho_Sigma(S.lam)))
        denominator = sp.collect(sp.expand(denominator), S.psi_p * S.q, sp.factor)
        constant, rest = numerator.as_independent(S.lam, as_Add=False)
        replacements[integral] = constant * S.average(rest / denominator)
    return expression.xreplace(replacements)
