"""Where samples and data are rounded away from U: the Marchenko–Pastur law of b² WW^T/d + s², or the atom s² if b = 0.

That is the limit of late times, α, v → 0, in which one quadratic equation is left (`theory.symbolic.late_times`); δ = 0 has no positive
imaginary part then, by which `theory.equations.certificate` tells solutions apart. Called by ``solution`` and `theory.spectrum.scalar_edges`
in place of what they do else. Checked by ``tests/equations/test_late_times.py``.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..digits import mp, to_mpf
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.late_times import late_limit

if TYPE_CHECKING:
    from .scalar import ScalarSystem


@cache
def _functions():
    limit = late_limit()
    return evaluator((*limit.edges, *(1 / q for q in limit.q)), (), "mpmath"), evaluator((limit.delta,), (S.q,), "mpmath")


@cache
def _quadratic():
    """The coefficients of the equation for q and its two edges, as functions of arrays z."""
    limit = late_limit()
    return evaluator((*limit.quadratic.all_coeffs(), *limit.edges), (S.z,), "numpy")


def is_limit(system: "ScalarSystem") -> bool:
    """Whether neither samples nor data are left in a `theory.equations.ScalarSystem`."""
    return system.parameters.alpha**2 == 0 and system.parameters.v**2 == 0


def solve(system: "ScalarSystem", y: NDArray) -> NDArray:
    """(q, δ) with δ = 0, array (2, N), at y = z − s_t² in the closed upper half-plane: the boundary value from above on the axis."""
    a, b, c, lower, upper = (
        np.broadcast_to(x, y.shape) for x in _quadratic()((y,), system.in_y, system.nodes, system.weights)
    )
    # the root that is −1/y at infinity: each square root has its cut on the bulk's side, so that their product is that of the discriminant
    root = np.sqrt(y - lower) * np.sqrt(y - upper)
    with np.errstate(all="ignore"):  # y = 0, where q is infinite
        q = np.where(np.abs(b + root) >= np.abs(b - root), -2 * c / (b + root), (root - b) / (2 * a))
    q = np.where((y.imag == 0) & ((y.real <= lower) | (y.real >= upper)), q.real, q)
    return np.stack([q, np.zeros_like(q)])


def limit_rows(system: "ScalarSystem") -> NDArray[np.float64]:
    """Rows (y, q, δ) of the two edges, as `theory.spectrum.scalar_edges.locate` has them, (2, 3).

    None if b = 0 too, where U = s² and the law is an atom. The lower edge of ψ_p = 1 is a hard one, y = 0.
    """
    if system.parameters.b == 0:
        return np.zeros((0, 3))
    at_edges, delta = _functions()
    with mp.workdps(50):  # (1 − √ψ_p)² keeps its digits
        parameters, nodes, weights = ([to_mpf(x) for x in row] for row in (system.in_y, system.nodes, system.weights))
        lower, upper, *inverse_q = at_edges((), parameters, nodes, weights)
        rows = [
            (y, 1 / x, delta((1 / x,), parameters, nodes, weights)[0]) if y else (0, mp.inf, mp.inf)
            for y, x in zip((lower, upper), inverse_q, strict=True)
        ]
        return np.array([[float(x) for x in row] for row in rows])
