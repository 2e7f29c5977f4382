r"""The distribution function of the limit law of U and its inverse, from the panels of its integrals.

`theory.spectrum.integration` has the density on panels of θ, the variable in which it has no square roots, at 31 Chebyshev points each. The
polynomial through them is integrated term by term: a distribution function at the cost of evaluating one, with no equation solved again. Its
error is that of the panels (1e-11 each), of the total mass, and of the polynomial between its points, which the last coefficients show:
`Cumulative.error` adds them up. Atoms are steps, exactly.

Made once for a spectrum by `theory.spectrum.distribution`; checked by ``tests/spectrum/test_cumulative.py``.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from ..errors import ConvergenceError
from .integration import HARD, RESOLUTION, UNIT, angle, bulk_map

if TYPE_CHECKING:
    from .law import Spectrum

#: what the error of a distribution function may be
TOLERANCE = 1e-8
#: steps by which a quantile is found on its panel at the latest, and quantiles that are looked for at a time
STEPS, CHUNK = 60, 16_384


class Bulk(NamedTuple):
    """One interval of the support, in y = λ − offset, with its panels in the order of θ."""

    low: float
    high: float
    #: (P + 1,) ends of panels in θ; (P + 1,) mass below each, within the bulk
    walls: NDArray[np.float64]
    below: NDArray[np.float64]
    #: (31, P) and (32, P), Chebyshev coefficients of the density of u ∈ (−1, 1) and of its integral
    density: NDArray[np.float64]
    integral: NDArray[np.float64]

    def at(self, theta: NDArray, coefficients: NDArray) -> tuple[NDArray, NDArray[np.intp]]:
        """(the value at θ of what the coefficients are of, panel)."""
        panel = np.clip(np.searchsorted(self.walls, theta, side="right") - 1, 0, self.walls.size - 2)
        left, right = self.walls[panel], self.walls[panel + 1]
        u = np.clip((2 * theta - left - right) / (right - left), -1, 1)
        return chebyshev.chebval(u, coefficients[:, panel], tensor=False), panel

    def mass_below(self, theta: NDArray) -> NDArray[np.float64]:
        """The mass between the lower end and θ."""
        within, panel = self.at(theta, self.integral)
        return np.clip(self.below[panel] + within, self.below[panel], self.below[panel + 1])

    def angle_of(self, mass: NDArray) -> NDArray[np.float64]:
        """The θ with so much mass below, by Newton's method kept between the ends of a bracket: at an edge the density vanishes."""
        panel = np.clip(np.searchsorted(self.below, mass, side="left") - 1, 0, self.walls.size - 2)
        goal = mass - self.below[panel]
        found, left = np.zeros(mass.shape), np.arange(mass.size)
        low, high, u = -np.ones(mass.shape), np.ones(mass.shape), np.zeros(mass.shape)
        for _ in range(STEPS):
            at = panel[left]
            excess = chebyshev.chebval(u, self.integral[:, at], tensor=False) - goal[left]
            low, high = np.where(excess < 0, u, low), np.where(excess < 0, high, u)
            with np.errstate(all="ignore"):
                step = u - excess / chebyshev.chebval(u, self.density[:, at], tensor=False)
            found[left] = u
            more = np.abs(excess) > 1e-16 + 1e-15 * goal[left]
            if not more.any():
                break
            u = np.where((step > low) & (step < high), step, (low + high) / 2)
            left, low, high, u = left[more], low[more], high[more], u[more]
        start, stop = self.walls[panel], self.walls[panel + 1]
        return start + (stop - start) * (found + 1) / 2


class Cumulative:
    """F(λ) = ∫_{−∞}^λ dμ, its inverse, and the density of the same polynomials."""

    def __init__(self, spectrum: "Spectrum") -> None:
        spectrum.edges()  # certifies the total mass
        self.offset, found = spectrum.offset, spectrum._panels
        steps = list(spectrum.system.atoms)
        self.bulks: list[Bulk] = []
        transform = np.linalg.inv(chebyshev.chebvander(UNIT, UNIT.size - 1))
        tails = 0.0
        for index, (low, high) in enumerate(found.bulks):
            mine = np.flatnonzero(found.bulk == index)
            mine = mine[np.argsort(found.ends[mine, 0])]
            density = transform @ found.mass[mine].T
            integral = chebyshev.chebint(density, lbnd=-1)
            masses = integral.sum(axis=0)  # at u = 1 every polynomial is 1
            if high - low <= RESOLUTION * (self.offset + high):
                steps.append((self.offset + low, masses.sum()))
                continue
            tails += np.abs(density[-2:]).max(initial=0.0)
            walls = np.append(found.ends[mine, 0], np.pi)
            below = np.concatenate([[0.0], np.cumsum(np.maximum(masses, 0.0))])
            self.bulks.append(Bulk(low, high, walls, below, density, integral))
        steps.sort()
        self.places = np.array([place for place, _ in steps])
        self.heights = np.array([height for _, height in steps])
        self.total = self.heights.sum() + sum(bulk.below[-1] for bulk in self.bulks)
        #: what F may be off by
        self.error = float(abs(self.total - 1) + tails + 1e-11 * sum(bulk.walls.size - 1 for bulk in self.bulks))
        if not self.error < TOLERANCE:
            raise ConvergenceError(f"the distribution function of {spectrum}", self.error, reason="quadrature")

    @property
    def support(self) -> tuple[float, float]:
        """The lowest and the highest number of the support."""
        ends = [self.offset + end for bulk in self.bulks for end in (bulk.low, bulk.high)] + self.places.tolist()
        return float(min(ends)), float(max(ends))

    def cdf(self, lam: NDArray) -> NDArray[np.float64]:
        """F at a flat array, continuous from the right."""
        result = (lam[:, None] >= self.places) @ self.heights
        for bulk in self.bulks:
            y = np.clip(lam - self.offset, max(bulk.low, HARD * bulk.high), bulk.high)
            with np.errstate(divide="ignore"):  # at a hard edge, where log(y/high) is as good as infinite
                result += bulk.mass_below(angle(y, bulk.low, bulk.high))
        return np.minimum(result / self.total, 1.0)

    def quantile(self, level: NDArray) -> NDArray[np.float64]:
        """The smallest λ with F(λ) >= level, at a flat array of numbers in [0, 1]; at 0 the lower end of the support."""
        lowest, highest = self.support
        result = np.full(level.shape, highest)
        tops = self.cdf(self.places)
        in_step = (level[:, None] > tops - self.heights / self.total) & (level[:, None] <= tops)
        # the mass of the bulks alone that lies below
        goal = level * self.total - (level[:, None] > tops) @ self.heights
        for bulk in self.bulks:
            here = np.flatnonzero((goal >= 0) & (goal <= bulk.below[-1]) & ~in_step.any(axis=1))
            for part in np.split(here, range(CHUNK, here.size, CHUNK)):
                theta = bulk.angle_of(goal[part])
                result[part] = self.offset + bulk_map(theta, bulk.low, bulk.high)[0]
            goal[here] = -1.0
            goal -= bulk.below[-1]
        for place, here in zip(self.places, in_step.T, strict=True):
            result[here] = place
        return np.where(level <= 0, lowest, result)

    def curve(self, points: int) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """(λ, density) along each bulk, ends included, at which a density is 0 or infinite."""
        curves = []
        for bulk in self.bulks:
            theta = np.linspace(0, np.pi, points)[1:-1]
            mass, panel = bulk.at(theta, bulk.density)
            y, slope = bulk_map(theta, bulk.low, bulk.high)
            density = mass / (np.diff(bulk.walls)[panel] / 2 * slope)
            hard = bulk.low == 0
            y = np.concatenate([[bulk.low], y, [bulk.high]])
            curves.append((self.offset + y, np.concatenate([[np.inf if hard else 0.0], density, [0.0]])))
        return curves
