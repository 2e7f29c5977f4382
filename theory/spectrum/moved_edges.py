"""Where the edges of a law move when its types become more: bisection beside the edges of fewer types.

A full search (`theory.spectrum.edge_search`) costs seconds for tens of types, as each rare one has a bulk of its own. What a refinement of the
labels does is to move each edge a little. So a point counts as inside where the solution is complex, or where the continuum of labels covers it
(`theory.spectrum.label_continuum`), and that is bisected. That no interval appears or vanishes is looked at in a few points of every
interval and gap; where it does the full search decides.

Every point is solved by Newton from points beside it: of the same types, across an edge by the square root that the solution is there, or of
the fewer types (`theory.equations.carried`). A path from infinity is followed where none of these leads to a certified solution.

Called by `theory.spectrum.levels`. Checked by ``tests/spectrum/test_refined.py``.
"""

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..equations import carried
from ..equations.continuation import beside
from ..equations.solution import solve
from ..errors import ConvergenceError
from .label_continuum import ContinuousSupport
from .law import Spectrum

#: relative width of the first bracket, its growth and the number of brackets, and where bisection ends
FIRST, GROWTH, BRACKETS, CLOSE = 1e-5, 16, 6, 1e-10
#: points of each interval and gap that are looked at
LOOKS = 5
#: of how many of the nearest known points, inside and outside, Newton starts
NEAREST = 2


class Moving:
    """The edges λ of the continuum by the types of a level, and the solutions that were needed, from which more types start.

    Without a ``coarser`` the edges are those of the full search.
    """

    def __init__(self, spectrum: Spectrum, coarser: "Moving | None" = None) -> None:
        self.spectrum, self.system, self.coarser = spectrum, spectrum.system, coarser
        self.continuum = ContinuousSupport(spectrum)
        self.known: dict[float, NDArray] = {}

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Sorted, two for each interval."""
        edges = None if self.coarser is None else self._moved(self.coarser.edges)
        if edges is not None:
            return edges
        edges = np.array(Spectrum.edges(self.spectrum))  # those of a level are these
        survey = self.spectrum.support.survey
        self.known |= {y + self.system.offset: x[:, None] for y, x in zip(survey.y.tolist(), survey.x.T, strict=True)}
        return edges

    def _moved(self, edges):
        """The edges beside those of fewer types; None where one is not, or an interval appears or vanishes."""
        result = []
        for k in range(edges.size):
            result.append(self._edge(edges, k))
            if result[-1] is None:
                return None
        middles = (1 - np.cos(np.pi * (2 * np.arange(LOOKS) + 1) / (2 * LOOKS))) / 2
        for k, (low, high) in enumerate(pairwise(result)):
            if any(self.inside(y) != (k % 2 == 0) for y in low + (high - low) * middles):
                return None
        return np.array(result)

    def inside(self, lam: float) -> bool:
        """Whether the continuum has λ in its support."""
        y = lam - self.system.offset
        at = np.array([y + 0j])
        x = beside(self.system, self._starts(lam), at)
        x = solve(self.system, at)[0] if x is None else x
        if np.isnan(x[0, 0]):
            raise ConvergenceError(f"no certified solution at lam = {lam:.12g}, next to an edge", reason="point")
        self.known[lam] = x
        return bool(_is_complex(x) or self.continuum.covered(y, x))

    def _starts(self, lam):
        """Unknowns (m, k) that may be close to those at λ."""
        starts = [np.zeros((self.system.unknowns, 0), complex)]
        near = self._nearest(lam)
        starts += [self.known[other] for other in near]
        for other in near:
            x = self.known[other]
            if not _is_complex(
                x
            ):  # outside: the end may lie between, where x − x₀ = 2(y − y₀) dx/dy, and beyond it that times i
                slope = self.system.tangent(x, np.array([other - self.system.offset + 0j]))
                reach = abs(lam - other) * slope * np.sign(other - lam)
                starts += [x - reach + 1j * np.abs(reach)]
        if self.coarser is not None:
            before = self.coarser
            for other in before._nearest(lam):
                shared = carried.shared(before.system, before.known[other])
                carry = carried.start(self.system, shared, np.array([lam - self.system.offset + 0j]))
                starts += [] if carry is None else [carry]
        starts = np.hstack(starts)
        return starts[:, np.isfinite(starts).all(axis=0)]

    def _nearest(self, lam):
        """The nearest known λ, inside and outside."""
        order = sorted(self.known, key=lambda other: abs(other - lam))
        kinds = [[other for other in order if _is_complex(self.known[other]) == kind][:NEAREST] for kind in (False, True)]
        return kinds[0] + kinds[1]

    def _edge(self, edges, k):
        """Edge number k, None where it is not beside its former place."""
        edge, outward = edges[k], (1 if k % 2 else -1)
        room = min([abs(edge - other) for j, other in enumerate(edges) if j != k])
        width = FIRST
        for _ in range(BRACKETS):
            within, without = (self._beside(edge, sign * outward, width, room) for sign in (-1, 1))
            if self.inside(within) and not self.inside(without):
                break
            width *= GROWTH
        else:
            return None
        while abs(within - without) > CLOSE * edge:
            middle = (within + without) / 2
            try:
                here = self.inside(middle)
            except ConvergenceError:
                break  # within rounding of the edge
            within, without = (middle, without) if here else (within, middle)
        return (within + without) / 2

    @staticmethod
    def _beside(edge, direction, width, room):
        """The point at a relative distance from an edge, upwards or downwards, at most a quarter of the way to the next."""
        far = edge * (1 + width) if direction > 0 else edge / (1 + width)
        return edge + np.sign(far - edge) * min(abs(far - edge), room / 4)


def _is_complex(x):
    return bool(np.abs(x.imag).max() > 0)
