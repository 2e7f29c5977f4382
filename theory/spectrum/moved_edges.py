"""Where the edges of a law move when its types become more: bisection beside the edges of fewer types.

A full search (`theory.spectrum.edge_search`) costs seconds for tens of types, as each rare one has a bulk of its own. What a refinement of the
labels does is to move each edge a little. So a point counts as inside where the solution is complex, or where the continuum of labels covers it
(`theory.spectrum.label_continuum`), and that is bisected. That no interval appears or vanishes is looked at in a few points of every
interval and gap; where it does the full search decides. Called by `theory.spectrum.refined`. Checked by ``tests/spectrum/test_refined.py``.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.continuation import beside
from ..equations.solution import solve
from ..errors import ConvergenceError
from .label_continuum import ContinuousSupport

if TYPE_CHECKING:
    from .law import Spectrum

#: relative width of the first bracket, its growth and the number of brackets, and where bisection ends
FIRST, GROWTH, BRACKETS, CLOSE = 1e-5, 16, 4, 1e-10
#: points of each interval and gap that are looked at
LOOKS = 5


def moved(spectrum: "Spectrum", edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges λ of the continuum by the types of ``spectrum``, from those by fewer."""
    inside = _Inside(spectrum)
    result = np.array([_edge(inside, edges, k) for k in range(edges.size)])
    middles = (1 - np.cos(np.pi * (2 * np.arange(LOOKS) + 1) / (2 * LOOKS))) / 2
    for k, (low, high) in enumerate(pairwise(result)):
        if any(inside(y) != (k % 2 == 0) for y in low + (high - low) * middles):
            return np.array(spectrum.edges())
    return result if np.isfinite(result).all() else np.array(spectrum.edges())


class _Inside:
    """Whether the continuum has λ in its support; keeps solutions to start from."""

    def __init__(self, spectrum):
        self.spectrum, self.system = spectrum, spectrum.system
        self.continuum = ContinuousSupport(spectrum)
        self.known = {}

    def __call__(self, lam):
        y = lam - self.spectrum.offset
        at = np.array([y + 0j])
        near = sorted(self.known, key=lambda other: abs(other - lam))[:2]
        x = beside(self.system, np.hstack([self.known[other] for other in near]), at) if near else None
        x = solve(self.system, at)[0] if x is None else x
        if np.isnan(x[0, 0]):
            raise ConvergenceError(f"no certified solution at lam = {lam:.12g}, next to an edge", reason="point")
        self.known[lam] = x
        return bool(np.abs(x.imag).max() > 0 or self.continuum.covered(y, x))


def _edge(inside, edges, k):
    """Edge number k, NaN where it is not beside its former place."""
    edge, outward = edges[k], (1 if k % 2 else -1)
    room = min([abs(edge - other) for j, other in enumerate(edges) if j != k])
    width = FIRST * edge
    for _ in range(BRACKETS):
        width = min(width, room / 4)
        within, without = edge - outward * width, edge + outward * width
        if without > 0 and inside(within) and not inside(without):
            break
        width *= GROWTH
    else:
        return np.nan
    while abs(within - without) > CLOSE * edge:
        middle = (within + without) / 2
        try:
            here = inside(middle)
        except ConvergenceError:
            break  # within rounding of the edge
        within, without = (middle, without) if here else (within, middle)
    return (within + without) / 2
