"""The limit law of U, as users ask for it: Stieltjes transform, density, edges, atoms. Nothing uncertified is returned.

A `Spectrum` is made by ``model.spectrum()``. It checks arguments, holds the equations of the model, and keeps what it has found: the edges
(`theory.spectrum.support`) and the nodes of integrals (`theory.spectrum.integration`). What is special to one kind of equations is not
here: it dispatches on their class in those modules.

**Which solve is whose.** All find the same certified unknowns:

* `Spectrum.solve`, at any z; raises where nothing is certified. For whoever has a spectrum: outliers, training.
* `Spectrum.solve_at`, at y = z − offset in the closed upper half-plane; NaN where nothing is certified: `theory.equations.solve`, but that
  the levels of a refinement start from the level before. What works in y calls one of the two.
* ``support.solve_inside``, at real y in the bulks, many points: starts from what the search for edges has left, and falls back on that one.

``continuation.solve``, ``polynomial.solve`` and ``late_times.solve`` are the ways of the second, and ``Survey.solve`` is what the search uses.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import outliers
from ..equations.factory import system_of
from ..equations.solution import METHODS, solve
from ..equations.system import System
from ..errors import ConvergenceError
from ..results import Outlier
from ..validation import a_model, decimal_digits, finite_array, of_class, one_of, values_of
from ..validation import exact as exact_number
from ..validation import function as a_function
from . import resolvent_digits
from .discretisation import Discretisation, discretisation_of
from .distribution import Distribution
from .integration import RESOLUTION, panels
from .support import Support, support_of

if TYPE_CHECKING:
    from mpmath import mpc, mpf

    from ..model import RandomFeatureModel


class Spectrum(Distribution):
    r"""The limiting spectral law of U for a `theory.RandomFeatureModel`.

    q(z) = (1/p) Tr (U − z)^{-1}, so that q ≃ −1/z at infinity, Im q·Im z > 0, and the density is Im q(λ + i0)/π.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
    system : `theory.equations.System`, optional
        The equations to solve, by default those that `theory.equations.system_of` chooses. The general ones
        (`theory.equations.general_system`) describe every model, more slowly.

    Attributes
    ----------
    support : `theory.spectrum.support.Support`
        The edges in y = λ − offset, to full relative precision.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> spectrum = RandomFeatureModel(activations.erf, psi_p=4, psi_n=3, t=0.1).spectrum()
    >>> len(spectrum.edges()), round(float(spectrum.density(1.0)), 3)
    (4, 0.104)
    >>> round(float(spectrum.stieltjes(-1.0).real), 3)
    0.832
    """

    def __init__(self, model: "RandomFeatureModel", system: System | None = None) -> None:
        self.model: RandomFeatureModel = a_model(model)
        self.system: System = (
            system_of(model) if system is None else of_class("system", system, "System", "a theory.equations.System")
        )
        self.support: Support = support_of(self.system, self)

    def __repr__(self) -> str:
        return f"Spectrum({self.model})"

    @property
    def base(self) -> "Spectrum":
        """The law of the types and nodes that ``system`` has: this one, but for `theory.spectrum.refined.RefinedSpectrum`."""
        return self

    @property
    def discretisation(self) -> Discretisation:
        """What stands for the continuum of labels and times, and with what error, `theory.spectrum.discretisation.Discretisation`.

        For ``types="auto"`` the errors of all that was asked so far; for a number the error of q at points around the spectrum, by comparison
        with the types that "auto" takes, at their cost.
        """
        return discretisation_of(self)

    @property
    def offset(self) -> float:
        """The lowest s_t², from which y = λ − offset is measured; no eigenvalue lies below it."""
        return self.system.offset

    @property
    def upper_bound(self) -> float:
        """A bound of the largest eigenvalue, from the norms of the Gaussian matrices that U is made of."""
        return self.system.upper_bound

    # --- the resolvent -------------------------------------------------------------------------------------------

    def stieltjes(
        self, z: "ArrayLike | mpf | mpc", method: str = "auto", dps: int | None = None
    ) -> "complex | mpc | NDArray[np.complex128] | NDArray[np.object_]":
        r"""q(z) = (1/p) Tr (U − z)^{-1} in the limit.

        Parameters
        ----------
        z : complex scalar or array
            Anywhere off the atoms and off a hard edge. On the real axis the boundary value from above is returned (real outside the bulk).
        method : {"auto", "polynomial", "continuation"}
            "polynomial" takes the certified root of the resolvent polynomial (default up to 4 eigenvalues of the
            covariance), "continuation" follows the branch from infinity. They agree to rounding.
        dps : int, optional
            Decimal digits; the result is then ``mpmath.mpc``, or an object array of them shaped like ``z``.

        Returns
        -------
        complex, or complex array shaped like ``z``; with ``dps`` mpc, or an object array of them

        Raises
        ------
        ValueError
            ``z`` not finite, or equal to an atom or a hard edge, where q is infinite; unknown ``method``.
        ConvergenceError
            A point could not be certified (exactly on an edge, to rounding).

        Notes
        -----
        Cost in double precision: about 20 µs a point for one eigenvalue, growing as (3m + 2)³ for m eigenvalues
        (polynomial), or as m × 100 µs/40 (continuation). At 50 digits about 5 ms a point. With several types, kinds or times digits cost seconds
        for the model's quadratures, which are kept, and then milliseconds to tens of them a point.
        """
        self._check_method(method)
        array = finite_array("z", z, complex)
        for location, _ in self.system.atoms:
            if np.any(array == location):
                raise ValueError(f"z = {location} is an atom of the spectrum, where q is infinite; allowed: any other z")
        if np.any(array == self.offset) and self._has_hard_edge:
            raise ValueError(f"z = {self.offset} is a hard edge of the bulk, where q is infinite; allowed: any other z")
        if dps is not None:
            dps, exact = decimal_digits("dps", dps), np.asarray(z, dtype=object)
            result = np.empty(exact.shape, dtype=object)
            items = [exact_number(item) for item in exact.ravel()]
            result.ravel()[:] = resolvent_digits.stieltjes(self, items, array.ravel(), method, dps)
            return result.item() if array.ndim == 0 else result
        q = self.system.stieltjes(self.solve(array.ravel(), method))
        return complex(q[0]) if array.ndim == 0 else q.reshape(array.shape)

    def _check_method(self, method):
        if one_of("method", method, METHODS) not in self.system.methods:
            raise ValueError(
                "method = 'polynomial' belongs to one type, one kind and one time; allowed here: 'auto', 'continuation'"
            )

    def solve(self, z: NDArray, method: str = "auto") -> NDArray[np.complex128]:
        """The unknowns (m, N) at a flat complex array z, those of ``system``; below the axis by conjugation. Raises `ConvergenceError`."""
        below = z.imag < 0
        z = np.where(below, z.conj(), z)
        x, residual = self.solve_at(z - self.offset, method)
        if np.isnan(x[0]).any():
            worst = np.flatnonzero(np.isnan(x[0]))[0]
            raise ConvergenceError(
                f"no certified solution at z = {z[worst]:.12g} ({np.isnan(x[0]).sum()} of {z.size} points failed); "
                "move z off the edge of the bulk",
                residual[worst],
                reason="point",
            )
        return np.where(below, x.conj(), x)

    def solve_at(self, y: NDArray, method: str = "auto") -> tuple[NDArray, NDArray[np.float64]]:
        """`theory.equations.solve` at y = z − offset in the closed upper half-plane: (x, residual), NaN where nothing is certified."""
        return solve(self.system, y, method)

    # --- the law -------------------------------------------------------------------------------------------------

    def density(self, lam: ArrayLike, method: str = "auto") -> float | NDArray[np.float64]:
        """The continuous part of the density, Im q(λ + i0)/π, shaped like ``lam``; zero outside the bulk, inf on a hard edge.

        ``lam`` is real and finite (``ValueError`` else). Cost as `stieltjes`. Where quadrature nodes or types stand for a continuum it is
        the density of their law: exactly 0 between bulks of single nodes, where the continuum's is not, and right on average over
        the distance of such bulks.
        """
        lam = finite_array("lam", lam, float)
        self._check_method(method)
        flat = lam.ravel()
        result = np.zeros(flat.shape)
        inside = (flat > self.offset) & (flat < self.upper_bound)  # U − s² is a sum of positive matrices
        if inside.any():
            x, _ = self.solve_at(flat[inside].astype(complex) - self.offset, method)
            values = self.system.stieltjes(x).imag / np.pi
            unknown = np.isnan(values)
            if unknown.any():  # within rounding of an edge, where the density vanishes
                points, bulks = flat[inside][unknown], self.offset + self.support.node_edges.reshape(-1, 2)
                within = (points[:, None] > bulks[:, 0] * (1 + 1e-9)) & (points[:, None] < bulks[:, 1] * (1 - 1e-9))
                if within.any():
                    raise ConvergenceError(
                        f"no certified density at lam = {points[within.any(axis=1)][0]:.12g}", reason="point"
                    )
                values[unknown] = 0
            result[inside] = values
        at_offset = flat == self.offset
        if at_offset.any() and self._has_hard_edge:
            result[at_offset] = np.inf
        return float(result[0]) if lam.ndim == 0 else result.reshape(lam.shape)

    def atoms(self) -> tuple[tuple[float, float], ...]:
        """((location, weight), …) of the point masses: at s_t², or at the s̄_j² of `theory.couplings.ensemble`; () where there is none.

        U − s_t² is G G^T/n + b² W W^T/d, whose rank is at most the number of linearly independent columns: n from G if v > 0
        (n out of the d of W otherwise), and d from W if b > 0. The scalar equations resolve y = λ − s_t² further than double precision
        resolves λ (`support`): an interval of the support that is a single number there is a point mass too. Late in the diffusion
        that of the samples is: U then has s_t² and the Marchenko–Pastur law b² WW^T/d + s_t² (for an even activation s_t² alone).
        Such weights come with the edges, at their cost and with their errors.
        """
        return self._law[1] if self.support.resolves_points else self.system.atoms

    @cached_property
    def _has_hard_edge(self):
        """Whether the lowest bulk reaches the offset, with a density that diverges there."""
        edges = self.support.node_edges
        return bool(edges.size and edges[0] == 0)

    def outliers(self, dps: int | None = None) -> tuple[Outlier, ...]:
        """The eigenvalues off the bulk that the spikes of the data make, sorted tuple of `theory.outliers.Outlier`; () where there is none.

        To ``dps`` digits where asked, for one type, kind and time (`theory.outliers.closed_form`; in general `theory.outliers.counted`).
        The mean activation has its own (`theory.outliers.means`, `theory.outliers.counted.mean_outliers`); where the data have a mean too,
        `theory.outliers.counted.direction_outliers` takes the dimension at which the two are to be weighed.
        """
        return outliers.outliers(self, dps)

    def edges(self, dps: int | None = None) -> "tuple[float, ...] | tuple[mpf, ...]":
        """The edges of the bulk, sorted: an even number of them, two for each interval of the support; () where the law has atoms only.

        With ``dps`` a tuple of ``mpmath.mpf`` to that many digits, else of floats to about 1e-13 relative. Certified by the
        total mass: atoms and the integral of the density between these edges sum to 1 within 1e-8, else `ConvergenceError`.
        An interval narrower than rounding is none, but one of the `atoms`; with more digits it may have two ends.
        Cost: about 0.1 s, then cached.

        Of a continuous ρ_Σ (`theory.Gaussian.from_density`, `theory.Gaussian.power_law`) they are the edges of the continuum, not those of its
        quadrature nodes, between which U has gaps that are none (`theory.data.continuum`). They do not depend on the number of nodes
        beyond the averages; 10 and 160 nodes give the same within 1e-7, ψ_p from 2 to 1000. The nodes must show as many gaps, else
        `ConvergenceError`; that costs up to a minute where hundreds of nodes make a bulk each, and ``dps`` some seconds an edge. Biases and
        far centroids have the edges of their continuum too, up to a reach of six standard deviations; `theory.spectrum.label_continuum` says
        with what error. Atoms of single types (`atoms`) are in the intervals.
        """
        if dps is None:
            return self._law[0]
        return self.support.to_digits(decimal_digits("dps", dps))

    @cached_property
    def _panels(self):
        return panels(self)

    @property
    def _quadrature(self):
        return self._panels.rule(self.offset)

    @cached_property
    def _law(self):
        """(edges, atoms) as double precision tells them apart, certified by the total mass."""
        self._certify_mass()
        intervals = (self.offset + self.support.edges).reshape(-1, 2)
        nodes, weights = self._quadrature
        point = intervals[:, 1] - intervals[:, 0] <= RESOLUTION * intervals[:, 1]
        atoms = dict(self.system.atoms)
        for low, high in np.unique(intervals[point], axis=0).tolist():
            atoms[low] = atoms.get(low, 0.0) + float(weights[(nodes >= low) & (nodes <= high)].sum())
        return tuple(intervals[~point].ravel().tolist()), tuple(sorted(atoms.items()))

    def _certify_mass(self):
        _, weights = self._quadrature
        mass = weights.sum() + sum(weight for _, weight in self.system.atoms)
        if not abs(mass - 1) < 1e-8:
            found = tuple((self.offset + self.support.node_edges).tolist())
            raise ConvergenceError(
                f"the total mass between the edges {found} is {mass:.10f}, not 1: an interval of the support was missed",
                abs(mass - 1),
                reason="support",
            )

    def integrate(self, function: Callable[[NDArray[np.float64]], ArrayLike]) -> float:
        """∫ f(λ) dμ(λ) over the whole law, atoms included; ``function`` is vectorised and smooth on each bulk."""
        a_function("function", function, "a vectorised function of λ")
        self._certify_mass()
        nodes, weights = self._quadrature
        return float(weights @ values_of("function", function, nodes)) + sum(
            weight * float(values_of("function", function, np.array([location]))[0])
            for location, weight in self.system.atoms
        )
