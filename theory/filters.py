"""Spectral filters: what gradient flow does to a mode of eigenvalue x within a training time τ.

The same two functions serve real eigenvalues of a finite network (`theory.simulation`) and complex points of a contour (`theory.training`):
``rate`` is cτ, with the c = 2Δ_t/ψ_p of the limit or its finite counterpart.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .validation import numeric_array


def check_tau(tau: ArrayLike) -> NDArray[np.float64]:
    """``tau`` as a float array of values >= 0 (inf allowed), else `ValueError`."""
    array = numeric_array("tau", tau, float, "tau >= 0, inf included")
    if np.isnan(array).any() or (array < 0).any():
        bad = array[np.isnan(array) | (array < 0)].flat[0]
        raise ValueError(f"tau holds {bad}; allowed: tau >= 0, inf included")
    return array


def filter_function(x: NDArray, rate: ArrayLike) -> NDArray:
    """f(x) = (1 − e^{−rate·x})/x for NumPy arrays that broadcast; 1/x where ``rate`` is infinite, ``rate`` where x = 0."""
    forever = np.isinf(rate)
    finite_rate = np.where(forever, 0.0, rate)
    at_zero = x == 0
    safe = np.where(at_zero, 1.0, x)
    with np.errstate(under="ignore"):
        f = np.where(forever, 1.0, -np.expm1(-finite_rate * safe)) / safe
    return np.where(at_zero, rate, f)


def remainder(x: NDArray, rate: ArrayLike) -> NDArray:
    """h(x) = 1 − x f(x) = e^{−rate·x}, what `filter_function` leaves of a mode; 0 where ``rate`` is infinite."""
    forever = np.isinf(rate)
    with np.errstate(under="ignore"):
        return np.where(forever, 0.0, np.exp(-np.where(forever, 0.0, rate) * x))
