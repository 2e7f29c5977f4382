"""Minima and zeros of functions of one positive variable, sought in its logarithm.

For whatever has a grid of values: the best training time or ridge (`theory.training`), the critical time or number of samples of a
direction (`theory.outliers.bbp`). To more digits than double precision: `theory.digits.newton`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar


def minimum_beside(grid: NDArray, k: int, function: Callable[[float], float]) -> tuple[float, float]:
    """(x, f(x)) at the minimum of ``function`` between the neighbours of ``grid[k]``, to about 1e-8 of x."""
    bounds = np.log(grid[max(k - 1, 0)]), np.log(grid[min(k + 1, grid.size - 1)])
    found = minimize_scalar(lambda x: function(np.exp(x)), bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x)), float(found.fun)


def first_crossing(grid: NDArray, values: NDArray, function: Callable[[float], float], **tolerances: float) -> float | None:
    """The first x at which ``function`` turns from positive to non-positive, bracketed by its ``values`` on an increasing ``grid``.

    None where it is positive on the whole grid, or not so at its beginning; ``tolerances`` as of `log_crossing`.
    """
    below = np.flatnonzero(values <= 0)
    if below.size == 0 or below[0] == 0:
        return None
    return float(np.exp(log_crossing(function, *grid[below[0] - 1 : below[0] + 1], **tolerances)))


def log_crossing(function: Callable[[float], float], low: float, high: float, **tolerances: float) -> float:
    """log x of the zero of ``function`` between ``low`` and ``high``, where it has different signs; ``xtol`` and ``rtol`` are those of log x."""
    return brentq(lambda x: function(np.exp(x)), np.log(low), np.log(high), **tolerances)
