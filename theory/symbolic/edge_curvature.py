r"""The real curve z(q) of the two scalar equations, with its first two derivatives.

The first equation is solved for z, explicitly: z = Z(q, δ). The second, free of z, makes δ a function of q, with δ' and δ'' by implicit
differentiation; and so

.. math:: z' = Z_q + Z_\delta \delta',\qquad z'' = Z_{qq} + 2 Z_{q\delta}\delta' + Z_{\delta\delta}\delta'^2 + Z_\delta\delta'' .

At an edge z' = 0, and z'' is what the eigenvalues beside it fluctuate by: `theory.spectrum.fluctuations`. Derived here, checked by
``tests/spectrum/test_fluctuations.py``.
"""

from functools import cache

import sympy as sp

from . import symbols as S
from .saddle_equations import saddle_point


@cache
def curve() -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """(z, dz/dq, d²z/dq²) in q and δ, with averages over ρ_Σ."""
    f_q, f_delta = saddle_point().reduced
    z = -f_q.subs(S.z, 0) / sp.diff(f_q, S.z)  # F_q is linear in z
    along = -sp.diff(f_delta, S.q) / sp.diff(f_delta, S.delta)
    first = _along(z, along)
    return z, first, _along(first, along)


def _along(expression, slope):
    """The derivative by q along a curve with dδ/dq = ``slope``."""
    return sp.diff(expression, S.q) + sp.diff(expression, S.delta) * slope
