r"""The real curve z(q) of the two scalar equations, with its first two derivatives.

The first equation is solved for z, explicitly: z = Z(q, δ). The second, free of z, makes δ a function of q, with δ' and δ'' by implicit
differentiation; and so

.. math:: z' = Z_q + Z_\delta \delta',\qquad z'' = Z_{qq} + 2 Z_{q\delta}\delta' + Z_{\delta\delta}\delta'^2 + Z_\delta\delta'' .

At an edge z' = 0, and z'' is what the eigenvalues beside it fluctuate by: `theory.spectrum.fluctuations`.

**Without elimination.** Let F(x, z) = 0 be any number of equations for as many unknowns x, of which q is a linear form, q = a·x. At an edge
J = ∂F/∂x is singular, Jv = 0 and ℓJ = 0, and the curve goes through it as x + εv + …, z + ½z''(a·v)²ε² + …. To second order in ε

.. math:: 0 = J\,\ddot x + D^2F[v, v] + \partial_zF\, z''(a\cdot v)^2,\qquad\text{so that}\qquad
          z'' = -\frac{\ell\cdot D^2F[v, v]}{\ell\cdot\partial_zF\,(a\cdot v)^2} .

`fold` writes it down for two equations. Derived here, checked by ``tests/spectrum/test_fluctuations.py``.
"""

from collections.abc import Sequence
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


def fold(equations: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], z: sp.Symbol, form: Sequence[sp.Expr]) -> sp.Expr:
    """z'' at a fold of two equations for two unknowns, of which q is the linear ``form``: true where det ∂F/∂x = 0."""
    J = [[sp.diff(row, x) for x in unknowns] for row in equations]
    v, left = (J[0][1], -J[0][0]), (J[1][0], -J[0][0])
    second = [
        sum(sp.diff(row, x, y) * v[i] * v[k] for i, x in enumerate(unknowns) for k, y in enumerate(unknowns))
        for row in equations
    ]
    by_z = [sp.diff(row, z) for row in equations]
    along = sum(a * b for a, b in zip(form, v, strict=True))
    top, bottom = (sum(a * b for a, b in zip(left, column, strict=True)) for column in (second, by_z))
    return -top / (bottom * along**2)
