"""The spectrum of a model whose types or times stand for a continuum and are refined until what is asked for does not change.

`RefinedSpectrum` is a `theory.spectrum.Spectrum` of the first of its levels (`theory.spectrum.discretisation`) at which q around the spectrum
agrees with the level before: its ``base``. The Stieltjes transform, edges, atoms, outliers and losses are compared at finer levels until they
agree, the density point by point; averages (`Spectrum.integrate`) are those of the base. What was compared stands in
``discretisation.errors``. Made by ``model.spectrum()``.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..couplings.feature_types import is_refined
from ..results import Outlier
from ..validation import finite_array
from .discretisation import Discretisation, first_moment, probes, resolvent
from .fluctuations import curvatures
from .law import Spectrum
from .levels import Levels

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
        edges, _ = self.levels.refined("edges", lambda spectrum: (np.array(spectrum.edges()), np.zeros(1)), 1)
        return tuple(edges.tolist())

    @cached_property
    def edge_curvatures(self) -> tuple[tuple[float, ...], NDArray[np.float64], tuple[str | None, ...]]:
        """As `Distribution.edge_curvatures`, with cube roots of z'' that two levels agree on within 1e-6, after a full search at each."""
        found = {}

        def values(spectrum):
            found["last"] = curvatures(spectrum)
            return np.cbrt(np.nan_to_num(found["last"][1])), np.zeros(1)

        self.levels.refined("edge fluctuations", values, self.level)
        return self.edges(), *found["last"][1:]

    def density(self, lam: ArrayLike, method: str = "auto") -> float | NDArray[np.float64]:
        """As `Spectrum.density`; its error, in units of 1/(mean eigenvalue), is measured point by point, and in ``discretisation``.

        Levels are compared until they agree within 1e-6, which in the bulk the first ones do. Next to the ends, where labels are rare, each type
        has a bulk of its own, whose edges the density of the continuum has not: there the measured error may be larger, and nothing is raised.
        """
        lam = finite_array("lam", lam, float)
        self._check_method(method)
        mean = first_moment(self.base)
        values = self.levels.settled(
            "density", lambda spectrum, at: mean * Spectrum.density(spectrum, at, method), lam.ravel(), self.level
        )
        return float(values[0] / mean) if lam.ndim == 0 else (values / mean).reshape(lam.shape)

    def atoms(self) -> tuple[tuple[float, float], ...]:
        """As `Spectrum.atoms`, of the continuum: the same at two levels within 1e-6, else `ConvergenceError`.

        A share p of features with one s̄² whose couplings have rank r among the channels and ρ_c among the samples of kind c has the atom
        p − (r + ψ_n Σπ_cρ_c)/ψ_p if that is positive. Of single types p halves from level to level, and such atoms vanish; what does not depend
        on the label keeps p = 1.
        """
        return pairs(
            self.levels.refined("atoms", lambda spectrum: (np.array(spectrum.atoms()).ravel(), np.zeros(1)), self.level)[0]
        )

    def outliers(self, dps: int | None = None) -> tuple[Outlier, ...]:
        """As `Spectrum.outliers`, with eigenvalues and overlaps that two levels agree on within 1e-6 relatively, else `ConvergenceError`."""
        if dps is not None:
            return self.base.outliers(dps)
        found = {}

        def values(spectrum):
            found["last"] = spectrum.outliers()
            return np.array([(outlier.eigenvalue, outlier.overlap) for outlier in found["last"]]).ravel(), np.zeros(1)

        self.levels.refined("outliers", values, self.level)
        return found["last"]

    @property
    def _law(self) -> Any:
        return self.base._law

    @property
    def _quadrature(self) -> Any:
        return self.base._quadrature


def pairs(flat: NDArray) -> tuple[tuple[float, float], ...]:
    """((a, b), …) of (a, b, …)."""
    return tuple(map(tuple, flat.reshape(-1, 2).tolist()))
