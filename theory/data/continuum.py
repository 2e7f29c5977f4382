"""An interval on which ρ_Σ is continuous, and quadrature rules for it, also one that is graded towards its ends.

Called by `theory.data.gaussian`, where a density is turned into nodes. The graded rule resolves what happens next to the ends, for whoever
looks there: `theory.spectrum` by way of ``Gaussian.resolved``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: the graded rule: ratio of successive panels, their number towards each end, and the nodes of each
RATIO, PANELS, PER_PANEL = 4.0, 12, 12


@dataclass(frozen=True)
class Continuum:
    """An interval on which ρ_Σ is continuous, and the graded rule there: ((eigenvalue, weight), …), a share of 1."""

    low: float
    high: float
    rule: tuple


def graded_rule(middle: int) -> tuple[NDArray, NDArray, NDArray]:
    """Nodes of (0, 1) as their distances from 0 and from 1, and weights; ``middle`` nodes lie in the panel (1/8, 7/8)."""
    walls = np.append(0.0, 0.5 * RATIO ** -np.arange(PANELS, 0.0, -1))
    unit, weight = np.polynomial.legendre.leggauss(PER_PANEL)
    width = np.diff(walls)[:, None]
    near = (walls[:-1, None] + width * (unit + 1) / 2).ravel()
    near_weights = (width * weight / 2).ravel()
    unit, weight = np.polynomial.legendre.leggauss(max(middle, PER_PANEL))
    width = 1 - 2 * walls[-1]
    centre = walls[-1] + width * (unit + 1) / 2
    from_zero = np.concatenate([near, centre, 1 - near[::-1]])
    from_one = np.concatenate([1 - near, 1 - centre, near[::-1]])
    return from_zero, from_one, np.concatenate([near_weights, width * weight / 2, near_weights[::-1]])


def positive_intervals(density: Callable, low: float, high: float, count: int) -> list[tuple[float, float, int]]:
    """((start, stop, nodes), …): the intervals on which the density is positive, and their shares of ``count`` nodes."""
    points = low + (high - low) * (np.polynomial.legendre.leggauss(count)[0] + 1) / 2
    positive_there = density(points) > 0
    if not positive_there.any():
        raise ValueError("density is zero throughout on its support; allowed: a density")
    # a single zero between two positive values is a point at which the density vanishes
    padded = np.concatenate([positive_there[:1], positive_there, positive_there[-1:]])
    positive_there |= padded[:-2] & padded[2:]
    first = np.flatnonzero(positive_there & ~np.append(False, positive_there[:-1]))
    last = np.flatnonzero(positive_there & ~np.append(positive_there[1:], False))
    intervals = []
    for i, j in zip(first, last, strict=True):
        start = low if i == 0 else _end(density, points[i - 1], points[i])
        stop = high if j == count - 1 else _end(density, points[j + 1], points[j])
        intervals.append((start, stop, int(j - i + 1)))
    return intervals


def _end(density, zero, inside):
    """Where the density begins to be positive, by bisection."""
    for _ in range(100):
        middle = (zero + inside) / 2
        if middle in (zero, inside):
            break
        if density(np.array([middle]))[0] > 0:
            inside = middle
        else:
            zero = middle
    return float(inside)
