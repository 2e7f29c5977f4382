"""The spectrum of a model whose types or times stand for a continuum and are refined until what is asked for does not change.

`RefinedSpectrum` is a `theory.spectrum.Spectrum` of the first of its levels (`theory.spectrum.discretisation`) at which q around the spectrum
agrees with the level before: its ``base``. The Stieltjes transform, edges and losses are compared at finer levels until they agree;
the density, atoms, outliers and averages are those of the base. Made by ``model.spectrum()``.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..couplings.feature_types import is_refined
from ..results import Outlier
from ..validation import finite_array
from .discretisation import Discretisation, probes, resolvent
from .law import Spectrum
from .levels import Levels
from .moved_edges import Moving

if TYPE_CHECKING:
    from mpmath import mpc, mpf

    from ..model import RandomFeatureModel


def spectrum_of(model: "RandomFeatureModel") -> Spectrum:
    """The `Spectrum` of a model, refined where its types or times are."""
    return RefinedSpectrum(model) if is_refined(model) else Spectrum(model)


class RefinedSpectrum(Spectrum):
    """`Spectrum` with the errors that types and times leave measured, for ``types="auto"`` and `theory.TimeGrid.from_density`."""

    def __init__(self, model: "RandomFeatureModel") -> None:
        self.levels = Levels(model)
        z = probes(self.levels.spectrum(0))
        _, self.level = self.levels.refined("probes", lambda spectrum: resolvent(spectrum, z), 1)
        super().__init__(model, self.base.system)
        self.support = self.base.support

    @property
    def base(self) -> Spectrum:
        """The spectrum of the level at which q around the spectrum is certified."""
        return self.levels.spectrum(self.level)

    @property
    def discretisation(self) -> Discretisation:
        """The types and times of the base, and the errors of all that was asked so far."""
        J, _, K = self.system.ensemble.sizes
        return Discretisation(J, K, dict(self.levels.errors))

    def refine(self, what: str, values: Callable[["RandomFeatureModel"], NDArray]) -> NDArray:
        """``values`` of the models of two levels that agree on them: an array of a fixed shape, finite."""
        return self.levels.refined(what, lambda spectrum: (values(spectrum.model), np.zeros(1)), self.level)[0]

    def stieltjes(
        self, z: "ArrayLike | mpf | mpc", method: str = "auto", dps: int | None = None
    ) -> "complex | mpc | NDArray[np.complex128] | NDArray[np.object_]":
        """As `Spectrum.stieltjes`, with an error of types and times that is measured to be below 1e-6 of |q|, else `ConvergenceError`.

        On the real axis inside the bulk, and next to it, more types are needed the smaller the density: the labels of rare features have an
        eigenvalue each there.
        """
        array = finite_array("z", z, complex)
        if dps is not None:
            return self.base.stieltjes(z, method, dps)
        self._check_method(method)
        q, _ = self.levels.refined("stieltjes", lambda spectrum: resolvent(spectrum, array.ravel()), self.level)
        return complex(q[0]) if array.ndim == 0 else q.reshape(array.shape)

    def edges(self, dps: int | None = None) -> "tuple[float, ...] | tuple[mpf, ...]":
        """As `Spectrum.edges`, with an error of types and times that is measured to be below 1e-6 relatively, else `ConvergenceError`.

        The first level is searched in full; at finer ones the edges are looked for beside those of the level before.
        """
        return self.base.edges(dps) if dps is not None else self._edges

    @cached_property
    def _edges(self):
        moving = None

        def values(spectrum):
            nonlocal moving
            moving = Moving(spectrum, moving)
            return moving.edges, np.zeros(1)

        edges, _ = self.levels.refined("edges", values, 1)
        return tuple(edges.tolist())

    def outliers(self, dps: int | None = None) -> tuple[Outlier, ...]:
        """As `Spectrum.outliers`, of the base."""
        return self.base.outliers(dps)

    @property
    def _law(self) -> Any:
        return self.base._law

    @property
    def _quadrature(self) -> Any:
        return self.base._quadrature
