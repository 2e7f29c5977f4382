"""Moments as the coefficients of an expansion in 1/(z − s_t²), from whatever equations the resolvent solves.

The common ground on which `theory.symbolic.wick`, which counts pairings, and the action's saddle point are compared.
"""

from typing import TYPE_CHECKING

import sympy as sp
from sympy.polys.ring_series import rs_mul, rs_pow, rs_series_inversion, rs_trunc

from ..validation import expression, expressions, positive_integer
from . import symbols as S
from .symbols import lam_star
from .wick import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .symbols import Scalar

#: the cost grows fourfold with each
MOST_MOMENTS = 12


def expansion(equations: "Sequence[sp.Expr]", order: int, transform: "Scalar" = S.q) -> list[sp.Expr]:
    r"""Expand the solution of (F_q, F_δ) = 0 in powers of 1/(z − s_t²), whatever the equations were derived from.

    Parameters
    ----------
    equations : tuple of sympy.Expr
        F_q = 1 − q(…) and F_δ = δ − (…), such as ``rainbows().equations`` and ``saddle_point().reduced``.
    order : int
        The highest moment.
    transform : sympy.Expr
        The function of q and δ that is expanded, such as g_*.

    Returns
    -------
    list of sympy.Expr
        M_0, …, M_order of transform = −Σ_k M_k/(z − s_t²)^{k+1}. Order 6 takes one to two seconds.
    """
    order, transform = positive_integer("order", order, MOST_MOMENTS), expression("transform", transform)
    equations = expressions("equations", equations, 2)
    u, q_u, per_sample = sp.symbols("u q_u nu")  # 1/(z − s_t²), q/u, 1/ψ_n
    parameters = (S.psi_p, per_sample, S.alpha, S.b, S.v, lam_star, *(moment(k) for k in range(1, order + 2)))
    ring, *generators = sp.ring((u, S.lam, *parameters), sp.QQ)
    small, values = generators[0], dict(zip((u, S.lam, *parameters), generators, strict=True))

    def average(series):
        """Replace λ^k by m_k."""
        moments = [ring(1), *generators[-order - 1 :]]
        return sum((ring({(m[0], 0, *m[2:]): c}) * moments[m[1]] for m, c in series.terms()), ring(0))

    def series(e, precision):
        """Evaluate a SymPy expression on truncated power series in u."""
        if e.is_Rational:
            return ring(sp.QQ(e.p, e.q))
        if e.is_Symbol:
            return values[e]
        if isinstance(e, sp.Integral):
            return average(series(sp.cancel(S.integrand(e)), precision))
        parts = [series(x, precision) for x in (e.args if not e.is_Pow else e.args[:1])]
        if e.is_Add:
            return sum(parts, ring(0))
        if e.is_Pow:
            base = parts[0] if e.exp > 0 else rs_series_inversion(rs_trunc(parts[0], small, precision), small, precision)
            return rs_pow(base, abs(int(e.exp)), small, precision)
        total = ring(1)
        for part in parts:
            total = rs_mul(total, part, small, precision)
        return total

    def prepared(e):
        e = e.subs({S.z: S.s_t**2 + 1 / u, S.q: u * q_u, S.psi_n: 1 / per_sample})
        return sp.expand(e) if e.has(sp.Integral) else sp.cancel(e)

    # x − F(x) gains one order a step: on its right side q_u and δ have the factor u with which q comes
    f_q, f_delta = (prepared(f) for f in equations)
    values |= {q_u: ring(0), S.delta: ring(0)}
    for precision in range(1, order + 2):
        for unknown, f in ((q_u, f_q), (S.delta, f_delta)):
            values[unknown] = rs_trunc(values[unknown] - series(f, precision), small, precision)
    result = series(prepared(transform / u), order + 1)
    by_order = [ring(0)] * (order + 1)
    for m, c in result.terms():
        by_order[m[0]] -= ring({(0, *m[1:]): c})
    return [sp.expand(coefficient.as_expr().subs(per_sample, 1 / S.psi_n)) for coefficient in by_order]
