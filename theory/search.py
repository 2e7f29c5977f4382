"""Where a function of one variable has its minimum."""

import numpy as np
from scipy.optimize import minimize_scalar


def minimum_beside(grid, k, function):
    """(x, f(x)) at the minimum of ``function`` between the neighbours of ``grid[k]``, sought in log x."""
    bounds = np.log(grid[max(k - 1, 0)]), np.log(grid[min(k + 1, grid.size - 1)])
    found = minimize_scalar(lambda x: function(np.exp(x)), bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x)), float(found.fun)
