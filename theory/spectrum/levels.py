"""The models of more and more types and times that stand for a continuum, their spectra, and what two of them agree on.

Each level's equations are solved from the solution of the level before (`theory.equations.carried`): a path from infinity is followed for the
few types of the first level alone. What that saves is most of the cost of a refinement. Made by `theory.spectrum.refined`; what is agreed on,
and how the error is measured, is said in `theory.spectrum.discretisation`. Checked by ``tests/spectrum/test_refined.py``.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..couplings.feature_types import REACH, LabelLattice, labels
from ..data.time_grid import at_level
from ..equations import carried
from ..equations.certificate import UNSOLVED, certify, polish
from ..errors import ConvergenceError
from .discretisation import TOLERANCE, distance
from .law import Spectrum
from .moved_edges import Moving

if TYPE_CHECKING:
    from mpmath import mpf

    from ..model import RandomFeatureModel

#: the most nodes of a level: for labels of one direction, by what factor more for each further one, in all; and for times
ONE_DIRECTION, FURTHER, MOST_TYPES, MOST_TIMES = 6_300, 3, 150_000, 40
#: arrays of points of which a level keeps what its types share, and points of each
KEPT, KEPT_POINTS = 8, 20_000
#: levels beyond the first, and types of the last of them, at which single points of the density are looked at
FURTHER_LEVELS, DENSITY_TYPES = 4, 20_000


class LevelSpectrum(Spectrum):
    """The `Spectrum` of a level, solved from the level before, ``coarser``."""

    def __init__(self, model: "RandomFeatureModel", coarser: "LevelSpectrum | None") -> None:
        super().__init__(model)
        self.coarser, self._kept = coarser, {}

    def solve_at(self, y: NDArray, method: str = "auto") -> tuple[NDArray, NDArray[np.float64]]:
        """As `Spectrum.solve_at`: from what the types of the level before share at the same points, and from infinity where that fails."""
        x, residual = np.full((self.system.unknowns, y.size), UNSOLVED), np.zeros(y.size)
        known = None if self.coarser is None else self.coarser.shared_at(y + self.offset)
        start = carried.start(self.system, known, y)
        if start is not None:
            usable = np.flatnonzero(np.isfinite(start).all(axis=0))
            near = polish(self.system, start[:, usable], y[usable], steps=12)
            done, near = certify(self.system, near, y[usable])
            x[:, usable[done]] = near[:, done]
        rest = np.isnan(x[0])
        if rest.any():
            x[:, rest], residual[rest] = super().solve_at(y[rest], method)
        self._keep(y, x)
        return x, residual

    @cached_property
    def moving(self) -> Moving:
        """The edges beside those of the level before."""
        return Moving(self, None if self.coarser is None else self.coarser.moving)

    def edges(self, dps: int | None = None) -> "tuple[float, ...] | tuple[mpf, ...]":
        """As `Spectrum.edges`; searched for at the first level, and beside those of the level before at the others."""
        return super().edges(dps) if dps is not None or self.coarser is None else tuple(self.moving.edges.tolist())

    def shared_at(self, z: NDArray) -> carried.Shared | None:
        """What the types share at z (N,), solved for unless it is known."""
        y = z - self.offset
        if y.tobytes() not in self._kept:
            x, _ = self.solve_at(y)
            return carried.shared(self.system, x)
        return self._kept[y.tobytes()]

    def _keep(self, y, x):
        if y.size <= KEPT_POINTS:
            self._kept[y.tobytes()] = carried.shared(self.system, x)
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]


class Levels:
    """The models of each level, and their spectra."""

    def __init__(self, model: "RandomFeatureModel") -> None:
        self.model, self.spectra = model, {}
        self.directions = labels(model) if model.types == "auto" else 0
        self.errors: dict[str, float] = {}
        #: the level that each was last taken from
        self.reached: dict[str, int] = {}

    def spectrum(self, level: int) -> LevelSpectrum:
        """That of the model of a level; `ConvergenceError` beyond the most types or times."""
        if level not in self.spectra:
            self._check(level)
            changes = {"types": LabelLattice(level)} if self.directions else {}
            if self.model.times.density is not None:
                changes["t"] = at_level(self.model.times, level)
            model = replace(self.model, **changes)
            coarser = self.spectrum(level - 1) if level else None
            self.spectra[level] = vars(model)["_spectrum"] = LevelSpectrum(model, coarser)  # the one that the model has
        return self.spectra[level]

    def level_of(self, spectrum: LevelSpectrum) -> int:
        """The level that a spectrum belongs to."""
        return next(level for level, other in self.spectra.items() if other is spectrum)

    def _check(self, level):
        most = min(ONE_DIRECTION * FURTHER ** max(self.directions - 1, 0), MOST_TYPES)
        nodes = LabelLattice(level).nodes(self.directions)
        times = len(at_level(self.model.times, level)) if self.model.times.density is not None else 0
        if nodes > most or times > MOST_TIMES:
            many, what = (f"{most} types", f"labels in {self.directions} directions")
            if nodes <= most:
                many, what = f"{MOST_TIMES} times", "times"
            raise ConvergenceError(
                f"the continuum of {what} is not resolved to {TOLERANCE:g} by {many}; fewer directions of centroids and biases, smaller "
                "ones, or points further off the spectrum need fewer",
                reason="types",
            )

    def refined(
        self, what: str, values: Callable[[LevelSpectrum], tuple[NDArray, NDArray]], first: int
    ) -> tuple[NDArray, int]:
        """(values, level) from the first level on that agrees with the one before.

        ``values(spectrum)`` returns the values and, for each, an error beyond the difference of levels or 0, in units of the value.
        """
        last = None
        for level in range(max(first - 1, 0), 100):
            try:
                self._check(level)
            except ConvergenceError as error:
                reached = np.nan if last is None else last[1]
                raise ConvergenceError(f"{what}: {error}", reached, reason="types") from error
            found, beyond = values(self.spectrum(level))
            share = np.max(beyond, initial=0.0)
            if share > TOLERANCE:
                raise ConvergenceError(
                    f"{what}: labels beyond the reach of the types, {REACH} standard deviations or more, may add {share:.1g} of the "
                    "value; points further off the spectrum depend less on them",
                    share,
                    reason="types",
                )
            if last is not None:
                difference = distance(found, last[0]) + share
                if difference <= TOLERANCE:
                    self.errors[what] = max(self.errors.get(what, 0.0), float(difference))
                    self.reached[what] = level
                    return found, level
                last = found, difference
            else:
                last = found, np.nan
        raise ConvergenceError(f"{what} was not resolved", reason="types")

    def settled(
        self, what: str, values: Callable[[LevelSpectrum, NDArray], NDArray], points: NDArray, first: int
    ) -> NDArray:
        """``values(spectrum, points)`` of points (N,), each from the first level on that agrees with the one before, or from the last.

        The error of ``what`` is the largest difference of levels that is left, in units of ``values``; it may exceed `TOLERANCE`.
        """
        last = values(self.spectrum(first - 1), points)
        errors, todo = np.full(points.size, np.inf), np.arange(points.size)
        for level in range(first, first + FURTHER_LEVELS):
            if level > first and LabelLattice(level).nodes(self.directions) > DENSITY_TYPES:
                break
            try:
                found = values(self.spectrum(level), points[todo])
            except ConvergenceError:
                if level == first:
                    raise
                break  # more types than there may be, or within rounding of an edge of theirs
            with np.errstate(invalid="ignore"):
                errors[todo] = np.where(found == last[todo], 0.0, np.abs(found - last[todo]))
            last[todo] = found
            todo = todo[~(errors[todo] <= TOLERANCE)]
            if todo.size == 0:
                break
        self.errors[what] = max(self.errors.get(what, 0.0), float(errors.max(initial=0.0)))
        return last
