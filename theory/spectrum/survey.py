"""Points of the real axis with their certified solutions, from which the support of a general law is read; added to under a budget.

Made by `theory.spectrum.support` with the points of the first scan; `theory.spectrum.edge_search` and `theory.spectrum.hidden_gaps` add to it,
and once the edges are known the law is solved from it (`Survey.solve_between`, for integrals). It knows which points lie inside, not where
edges are: that is the search's. The two bounds below end a search that takes too long; they decide no edge.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..equations.certificate import UNSOLVED, certify, polish
from ..equations.solution import solve
from ..errors import ConvergenceError
from ..progress import progress_bar

if TYPE_CHECKING:
    from ..equations.general import GeneralSystem
    from .law import Spectrum

#: points that may be evaluated beyond those of the first scan before the search is given up
BUDGET = 20_000
#: evaluations of the equations, for arrays of points, before the search is given up: some 20 s, as few points cost where Newton fails
EVALUATIONS = 60_000


class Survey:
    """Points y = λ − offset, sorted, (N,), and the unknowns there, (m, N); what cannot be certified, next to an edge, is left out.

    A progress bar counts the points beyond the first ones, where they are added within a ``with`` block.
    """

    system: "GeneralSystem"

    def __init__(self, spectrum: "Spectrum", points: NDArray[np.float64]) -> None:
        self.spectrum, self.system = spectrum, spectrum.system
        self.y, self.x = np.zeros(0), np.zeros((self.system.unknowns, 0), complex)
        self.spent, self.before, self.bar = -points.size, self.system.evaluations, None
        #: (y, unknowns) at the soft edges, once they are known
        self.folds: tuple[tuple[float, NDArray], ...] = ()
        self.add(points, "")

    def __enter__(self) -> "Survey":
        self.bar = progress_bar(desc="edges", unit="point")
        return self

    def __exit__(self, *_: Any) -> None:
        self.bar.close()
        self.bar = None

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each point lies inside the support, (N,)."""
        return self.system.stieltjes(self.x).imag > 0

    def add(self, y: NDArray, undecided: str, starts: NDArray | None = None) -> NDArray:
        """Evaluate sorted points and keep what is certified; returns the unknowns, NaN where nothing is.

        ``undecided`` says what could not be decided if the budget does not last (`ConvergenceError`); ``starts`` as for `solve`.
        """
        self.spent += y.size
        self.check(f"whether there is {undecided}")
        x = self.solve(y, starts)
        known = ~np.isnan(x[0])
        self.y, self.x = np.append(self.y, y[known]), np.hstack([self.x, x[:, known]])
        order = np.argsort(self.y, kind="stable")
        self.y, self.x = self.y[order], self.x[:, order]
        if self.bar is not None:
            self.bar.update(y.size)
        return x

    def check(self, undecided: str) -> None:
        """Raise `ConvergenceError` where the budget is spent, with what was not decided."""
        evaluations = self.system.evaluations - self.before
        if self.spent > BUDGET or evaluations > EVALUATIONS:
            amount = f"{BUDGET} points" if self.spent > BUDGET else f"{EVALUATIONS} evaluations of the equations"
            raise ConvergenceError(
                f"the search for edges of {self.spectrum} was given up after {amount}: {undecided} "
                "was not decided; fewer types, times or kinds make it shorter",
                reason="budget",
            )

    def solve(self, y: NDArray, starts: NDArray | None = None) -> NDArray:
        """The unknowns at points of a flat array, NaN where nothing is certified, by Newton from ``starts``, (m, N), if that will do."""
        x = np.full((self.system.unknowns, y.size), UNSOLVED)
        if starts is not None:
            at = y.astype(complex)
            done, near = certify(self.system, polish(self.system, starts, at, steps=12), at)
            x[:, done] = near[:, done]
        rest = np.flatnonzero(np.isnan(x[0]))
        if rest.size:
            x[:, rest], _ = solve(self.system, y[rest].astype(complex))
        return x

    def solve_between(self, y: NDArray) -> NDArray:
        """`solve` from what is known beside each point within the bulks."""
        inside = self.inside
        nodes = np.concatenate([self.y[inside], [end for end, _ in self.folds]])
        x = np.hstack([self.x[:, inside], *(at[:, None] for _, at in self.folds)])
        is_end = np.arange(nodes.size) >= inside.sum()
        order = np.argsort(nodes, kind="stable")
        nodes, x, is_end = nodes[order], x[:, order], is_end[order]
        right = np.clip(np.searchsorted(nodes, y), 1, nodes.size - 1)
        left = right - 1
        part = np.clip((y - nodes[left]) / (nodes[right] - nodes[left]), 0, 1)
        # the solution starts from an end like a square root
        part = np.where(is_end[left], np.sqrt(part), np.where(is_end[right], 1 - np.sqrt(1 - part), part))
        return self.solve(y, (1 - part) * x[:, left] + part * x[:, right])

    def closing(self) -> NDArray[np.intp]:
        """Index k of each pair of neighbours (k, k + 1) of which one is inside and one outside."""
        inside = self.inside
        return np.flatnonzero(inside[1:] != inside[:-1])
