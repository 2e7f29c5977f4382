r"""Late in the diffusion nothing of the data is left in U: the saddle point at α = v = 0.

Both equations are then uncoupled. δ = 0, and that of q, whose averages have nothing to average any more, is a quadratic one,

.. math:: -\psi_p b^2 z\,q^2 - \big(z + (\psi_p - 1) b^2\big)\,q - 1 = 0, \qquad z \text{ measured from } s_t^2,

the Marchenko–Pastur law of b² WW^T/d. Its edges are the zeros of the discriminant. What is left of the data at an edge is δ to first order.
Derived from `saddle_point`, checked by ``tests/equations/test_late_times.py``.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from . import symbols as S
from .saddle_equations import saddle_point


class LateLimit(NamedTuple):
    """The limit α, v → 0, with z measured from s_t²."""

    #: the polynomial whose root is q
    quadratic: sp.Poly
    #: the lower and the upper edge, where the discriminant vanishes
    edges: tuple
    #: q there (∞ at a lower edge z = 0, for ψ_p = 1)
    q: tuple
    #: δ in terms of q, to first order in α² and v²
    delta: sp.Expr


@cache
def late_limit() -> LateLimit:
    """Derive the `LateLimit`."""
    f_q, f_delta = saddle_point().reduced
    without_data = f_q.subs({S.alpha: 0, S.v: 0, S.s_t: 0})
    # what does not depend on λ is its own average
    without_data = without_data.xreplace({i: S.integrand(i) for i in without_data.atoms(sp.Integral)})
    quadratic = sp.Poly(sp.numer(sp.together(without_data)), S.q)
    w = sp.Symbol("w", positive=True)  # √ψ_p, in which everything is rational
    edges = sorted(
        (sp.factor(z) for z in sp.solve(quadratic.discriminant().subs(S.psi_p, w**2), S.z)),
        key=lambda z: z.subs({w: 2, S.b: 1}),
    )
    a, linear, _ = (coefficient.subs(S.psi_p, w**2) for coefficient in quadratic.all_coeffs())
    q = (sp.factor(sp.cancel((-linear / (2 * a)).subs(S.z, z))) for z in edges)
    edges, q = (tuple(e.subs(w, sp.sqrt(S.psi_p)) for e in column) for column in (edges, q))
    return LateLimit(quadratic, edges, q, -f_delta.subs(S.delta, 0))
