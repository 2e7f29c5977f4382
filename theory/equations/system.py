"""What a solver may ask of the saddle-point equations, whatever their size: the abstract `System`.

The argument is y = z − offset, with the offset at the lowest s_t²: a bulk may lie so close to it that z itself does not resolve it.
Solvers (`certificate`, `continuation`, `solution`) know nothing else of the equations; what is special to one kind of them dispatches on its
class (`functools.singledispatch`), in the folder of the observable. There are two kinds, `theory.equations.ScalarSystem` and
`theory.equations.GeneralSystem`; which one a model has is decided by `theory.equations.system_of`, and nowhere else.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Parameters(NamedTuple):
    """What one feature type, one kind of samples and one time leave of a model; floats or mpf, in the order of `theory.symbolic.evaluate`."""

    psi_p: float
    psi_n: float
    #: a_t e^{-t} >= 0, the linear part in the data
    alpha: float
    #: √Δ_t a_t >= 0, the linear part in the noise
    b: float
    #: what the sample fixes beyond its linear part
    v: float
    #: what the noise leaves
    s: float


class System(ABC):
    """The equations F(x, y) = 0 for complex unknowns x (m, N) at N points y; solved where the q's among x have Im q > 0 above the axis.

    Below N is the number of points and m that of the unknowns; the first ``resolvents`` of them are Stieltjes transforms q_j, the others
    self-energies δ, numbers or the triangles of symmetric matrices.
    """

    #: ways to solve, of `theory.equations.solution`
    methods: ClassVar[tuple[str, ...]] = ("auto", "continuation")
    #: m, and how many of them are resolvents
    unknowns: int
    resolvents: int
    #: z − y
    offset: float
    #: bool, shaped like a column of `norms`: which unknowns are an atom and no more, uncoupled from the others
    decoupled: NDArray[np.bool_]

    @property
    @abstractmethod
    def upper_bound(self) -> float:
        """A bound of the largest eigenvalue λ of U, from the norms of the Gaussian matrices that it is made of."""

    @property
    @abstractmethod
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """((λ, weight), …): the point masses that the law of U has in exact arithmetic."""

    @abstractmethod
    def start(self, y: NDArray) -> NDArray:
        """The unknowns far from the spectrum, where the equations are a contraction, (m, N)."""

    @abstractmethod
    def residual_size(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """The largest of the dimensionless residuals, (N,); infinite where the equations overflow."""

    @abstractmethod
    def newton_step(self, x: NDArray, y: NDArray) -> NDArray:
        """The Newton update of x at fixed y, (m, N) or m rows (N,)."""

    @abstractmethod
    def tangent(self, x: NDArray, y: NDArray) -> NDArray:
        """dx/dy along the solution, (m, N) or m rows (N,)."""

    @abstractmethod
    def stieltjes(self, x: NDArray) -> NDArray:
        """q = (1/p) Tr (U − z)^{-1}, (N,)."""

    @abstractmethod
    def norms(self, x: NDArray) -> NDArray[np.float64]:
        """The sizes of the q_j and of the δ, one for each number or matrix, (…, N)."""

    @abstractmethod
    def in_cone(self, x: NDArray) -> NDArray[np.bool_]:
        """Whether real unknowns are positive, or positive definite up to rounding, (N,): by this a solution is certified."""
