"""The limit law of U as a distribution: its distribution function, quantiles, draws, picture, and the fluctuations at its edges.

`Distribution` is the part of `theory.spectrum.Spectrum` that asks the rest of it only for its panels and edges. What it answers is computed in
``cumulative``, ``picture`` and ``fluctuations``.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..validation import MOST_ENTRIES, any_draw, finite_array, positive_integer, random_generator
from .cumulative import Cumulative
from .fluctuations import EdgeFluctuation, curvatures, edge_fluctuations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..simulation.finite import FiniteModel
    from ..simulation.lanczos.model import LanczosModel


class Distribution:
    """What a law has that is known by its density, atoms and edges."""

    @property
    def base(self) -> Any:
        """The `theory.spectrum.Spectrum` whose panels are used."""
        raise NotImplementedError

    @cached_property
    def _cumulative(self):
        return Cumulative(self.base)

    def cdf(self, lam: ArrayLike) -> float | NDArray[np.float64]:
        """The share of the eigenvalues that are <= ``lam``, shaped like it: the integral of the density, and the atoms as exact steps.

        ``lam`` is real and finite (``ValueError`` else). The error is at most 1e-8, as estimated from the total mass and the rules of
        integration (`theory.spectrum.cumulative`), else `ConvergenceError`; where an edge lies so close to s_t² that double precision of
        λ does not resolve it, by what that leaves open. Cost: that of `edges` once, then some 10 µs a point and bulk. Of a continuum as
        `density`: the law of the nodes.
        """
        lam = finite_array("lam", lam, float)
        found = self._cumulative.cdf(lam.ravel())
        return float(found[0]) if lam.ndim == 0 else found.reshape(lam.shape)

    def quantile(self, level: ArrayLike) -> float | NDArray[np.float64]:
        """The smallest λ with ``cdf(λ) >= level``, shaped like ``level``, numbers in [0, 1]; at 0 the lower end of the support.

        A level within the step of an atom gives the atom's place itself. By bisection of the distribution function; errors as
        there, with ``cdf(quantile(level)) = level`` to 1e-8 off the atoms. Cost: some 100 µs a point and bulk.
        """
        level = finite_array("level", level, float)
        if np.any((level < 0) | (level > 1)):
            raise ValueError(f"level holds {level[(level < 0) | (level > 1)].flat[0]}; allowed: numbers from 0 to 1")
        found = self._cumulative.quantile(level.ravel())
        return float(found[0]) if level.ndim == 0 else found.reshape(level.shape)

    def rvs(self, size: int = 1, seed: int = 0) -> NDArray[np.float64]:
        """``size`` independent numbers of this law, an array (size,): quantiles at uniform levels of ``numpy.random.default_rng(seed)``.

        The eigenvalues of one U are no such numbers: they repel, and spread far more evenly.
        """
        size = positive_integer("size", size, MOST_ENTRIES)
        return self.quantile(random_generator("seed", seed).random(size))

    @cached_property
    def edge_curvatures(self) -> tuple[tuple[float, ...], NDArray[np.float64], tuple[str | None, ...]]:
        """The edges λ, z''(q) at each, NaN where there is none, and the exception that it then is, as of `theory.spectrum.fluctuations`."""
        return curvatures(self)

    def edge_fluctuations(self, d: int) -> tuple[EdgeFluctuation, ...]:
        """How far the extreme eigenvalues of a bulk fluctuate in dimension ``d``: a scale for each of `edges`, `EdgeFluctuation`.

        The eigenvalue next to the edge λ_E is λ_E + side · scale · χ, with χ of Tracy and Widom's law for real symmetric matrices, of mean
        −1.2065 and standard deviation 1.2680, up to relative errors that fall as d grows (`theory.spectrum.fluctuations` has the
        scale). Where the law is another one the scale is None and ``exception`` says why. `ConvergenceError` where z' does not vanish at an edge
        to rounding, or levels of types do not agree on the scale within 1e-6. Cost: that of `edges` once, then 1 ms an edge, growing as the
        cube of the unknowns J + C·K²; with ``types="auto"`` a full search for edges at two levels or more, up to a minute.
        """
        return edge_fluctuations(self, positive_integer("d", d, MOST_ENTRIES))

    def plot(self, ax: "Axes | None" = None, finite: "FiniteModel | LanczosModel | None" = None, bins: int = 60) -> "Axes":
        """Draw the law: density, edges, atoms and outliers, with the histogram of a draw where there is one. Returns the axes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            By default those of a new figure in the style of the book, ``theory.figures``.
        finite : `theory.simulation.FiniteModel` or `theory.simulation.LanczosModel`, optional
            A draw of the same model, as ``model.simulate(d)`` makes it.
        bins : int
            Bars of the histogram.

        Notes
        -----
        Where the support extends over more than a factor of 30 the axis is logarithmic, and the density is that of log λ: areas are shares
        of the eigenvalues in both. Needs matplotlib, which the package does not otherwise.
        """
        from .picture import plot

        return plot(self, ax, None if finite is None else any_draw(finite), positive_integer("bins", bins, 10_000))
