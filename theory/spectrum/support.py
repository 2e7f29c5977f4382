"""Where the law of U lives: its edges, by the construction that the equations have. Made once for each `theory.spectrum.Spectrum`, as
``Spectrum.support``, and asked by it, by `theory.spectrum.integration` and by `theory.outliers`.

For the two scalar equations the edges are read off their real curve (`scalar_edges`, to any digits `edge_digits`); for the general ones
they are searched for on the real axis (`edge_search`). In both, quadrature nodes or types may stand for a continuum, whose edges are
others than those of the nodes' own law (`artefacts`, `label_continuum`). A third kind of equations registers its construction with
`support_of`.
"""

from abc import ABC, abstractmethod
from functools import cached_property, singledispatch
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.general import GeneralSystem
from ..equations.scalar import ScalarSystem
from ..equations.solution import solve
from ..equations.system import System
from ..errors import ConvergenceError
from . import artefacts, edge_digits, edge_search, label_continuum, scalar_edges
from .survey import Survey

if TYPE_CHECKING:
    from mpmath import mpf

    from .law import Spectrum


class Support(ABC):
    """Edges in y = λ − offset, sorted, two for each interval, to full relative precision."""

    #: whether an interval that double precision of λ does not resolve is known, and so counts as a point mass, without a search
    resolves_points = False

    def __init__(self, spectrum: "Spectrum") -> None:
        self.spectrum, self.system = spectrum, spectrum.system

    @property
    @abstractmethod
    def node_edges(self) -> NDArray[np.float64]:
        """Those of the law of the nodes and types, which the density and all averages are of."""

    @property
    @abstractmethod
    def edges(self) -> NDArray[np.float64]:
        """Those of the continuum that nodes and types stand for."""

    @abstractmethod
    def solve_inside(self, y: NDArray) -> NDArray:
        """The unknowns (m, N) at real y within the bulks, NaN next to an edge: from what is known once the edges are."""

    @abstractmethod
    def to_digits(self, dps: int) -> "tuple[mpf, ...]":
        """The edges λ as a tuple of ``dps`` digits."""


class ScalarSupport(Support):
    """By the real curve of the two scalar equations; keeps rows (y, q, δ)."""

    resolves_points = True
    system: ScalarSystem

    @cached_property
    def table(self) -> NDArray[np.float64]:
        """Rows (y, q, δ), one for each of `edges`."""
        continuous = self.spectrum.model.data.continuous
        if not continuous or not len(self.node_table):
            return self.node_table
        table = scalar_edges.locate(self.spectrum, self.system.resolved, continuous)
        gaps = self.node_table[1:-1].reshape(-1, 2, 3)
        real = sum(not artefacts.is_artefact(self.spectrum, low) for low, _ in gaps)
        if len(table) != 2 * real + 2:
            raise ConvergenceError(
                f"the quadrature of ρ_Σ shows {real} gaps of the spectrum, the continuum {len(table) // 2 - 1}; "
                f"double nodes = {len(self.system.nodes)}",
                reason="support",
            )
        return table

    @cached_property
    def node_table(self) -> NDArray[np.float64]:
        """The same for `node_edges`."""
        return scalar_edges.locate(self.spectrum)

    @property
    def node_edges(self) -> NDArray[np.float64]:
        return self.node_table[:, 0]

    @property
    def edges(self) -> NDArray[np.float64]:
        return self.table[:, 0]

    def solve_inside(self, y: NDArray) -> NDArray:
        return solve(self.system, y.astype(complex))[0]

    def to_digits(self, dps: int) -> "tuple[mpf, ...]":
        return edge_digits.refine_all(self.spectrum, dps)


class GeneralSupport(Support):
    """By a search of the real axis; keeps the points at which it has solved the equations."""

    system: GeneralSystem

    @cached_property
    def survey(self) -> Survey:
        """Certified points of the real axis, as `theory.spectrum.survey.Survey`."""
        return Survey(self.spectrum, edge_search.scan_points(self.system))

    @cached_property
    def node_edges(self) -> NDArray[np.float64]:
        if (
            sum(weight for _, weight in self.system.atoms) > 1 - 1e-12
        ):  # late, without a linear part: nothing is left but noise
            return np.zeros(0)
        return edge_search.locate(self.spectrum, self.survey)

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        return label_continuum.locate(self.spectrum, self.node_edges) if self.node_edges.size else self.node_edges

    def solve_inside(self, y: NDArray) -> NDArray:
        self.node_edges  # noqa: B018  (fills the survey)
        return self.survey.solve_between(y)

    def to_digits(self, dps: int) -> "tuple[mpf, ...]":
        raise ValueError(f"dps = {dps} is available for one type, one kind and one time only; allowed here: dps=None")


@singledispatch
def support_of(system: System, spectrum: "Spectrum") -> Support:
    """The `Support` of a spectrum with this system."""
    raise TypeError(f"no edges for {type(system).__name__}")


@support_of.register
def _(system: ScalarSystem, spectrum):
    return ScalarSupport(spectrum)


@support_of.register
def _(system: GeneralSystem, spectrum):
    return GeneralSupport(spectrum)
