"""Edges of the scalar equations to any number of digits: a fold of their real solutions, by Newton.

Each edge starts from its row (y, q, δ) of double precision, found by `theory.spectrum.scalar_edges`, so that which edges there are was decided
there. Called by `theory.spectrum.support` for ``Spectrum.edges(dps)``. Checked by ``tests/spectrum/test_edges.py``, against roots of the
discriminant.
"""

from functools import cache
from typing import TYPE_CHECKING

import sympy as sp

from ..digits import mp, newton, rounded, to_mpf
from ..equations.factory import scalar_system_mpmath
from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.saddle_equations import saddle_point

if TYPE_CHECKING:
    from mpmath import mpf

    from .law import Spectrum


@cache
def _fold_equations():
    """(F_q, F_δ, det J) and their 3 × 3 Jacobian in (q, δ, z), row by row: all three vanish at an edge."""
    f = saddle_point().reduced
    jacobian = [[sp.diff(row, x) for x in (S.q, S.delta)] for row in f]
    determinant = jacobian[0][0] * jacobian[1][1] - jacobian[0][1] * jacobian[1][0]
    equations = (*f, determinant)
    return equations + tuple(sp.diff(e, x) for e in equations for x in (S.q, S.delta, S.z))


def refine_all(spectrum: "Spectrum", dps: int) -> "tuple[mpf, ...]":
    """The edges to ``dps`` digits, by Newton on the fold equations with mp; without intervals that are one number to these digits."""
    with mp.workdps(dps + 15):
        system = scalar_system_mpmath(spectrum.model, dps, resolved=True)
        s2 = system.offset
        # so close to s_t² that twelve digits of y are enough, where to more of them v may be zero
        near = mp.mpf(10) ** (10 - dps) * s2
        edges = [s2 + (to_mpf(row[0]) if row[0] <= near else _refine(system, row, dps)) for row in spectrum.support.table]
        tiny = mp.mpf(10) ** (1 - dps)
        pairs = [pair for pair in zip(edges[::2], edges[1::2], strict=True) if pair[1] - pair[0] > tiny * pair[1]]
    return tuple(rounded(edge, dps) for pair in pairs for edge in pair)


def _refine(system, row, dps):
    y, q, delta = map(mp.mpf, map(float, row))
    evaluate = evaluator(_fold_equations(), (S.q, S.delta, S.z), "mpmath")

    def step(unknowns):
        values = evaluate(tuple(unknowns), system.in_y, system.nodes, system.weights)
        # in relative steps and with rows of order one: late in the diffusion δ is many orders smaller than the others
        rows = [[value * unknown for value, unknown in zip(values[k : k + 3], unknowns, strict=True)] for k in (3, 6, 9)]
        sizes = [max(map(abs, row)) or mp.mpf(1) for row in rows]
        jacobian = mp.matrix([[value / size for value in row] for row, size in zip(rows, sizes, strict=True)])
        right = mp.matrix([-value / size for value, size in zip(values, sizes, strict=False)])
        return [a * b for a, b in zip(mp.lu_solve(jacobian, right), unknowns, strict=True)]

    found, last, settled = newton(step, (q, delta, y), mp.mpf(10) ** (-dps - 5), 60)
    if settled and abs(found[2] - y) < 1e-6 * abs(y):
        return found[2]
    raise ConvergenceError(
        f"the edge at s_t² + {mp.nstr(y, 8)} could not be refined to {dps} digits; ask for fewer",
        max(map(abs, last)),
        reason="digits",
    )
