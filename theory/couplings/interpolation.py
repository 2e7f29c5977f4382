"""Couplings of many feature types at once: those of a feature whose label is one number are smooth functions of it, and interpolated.

A bias, a projection on a centroid, or both at one time shift the pre-activations along a line. Averages over sample and noise are smooth on
the scale of the pre-activation's standard deviation, whatever corners σ has, so that Chebyshev polynomials of a few hundred nodes have them
to rounding: fewer quadratures than thousands of types would take. Called by ``type_couplings``. Checked by
``tests/couplings/test_interpolation.py``.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

#: degrees that are tried, each with the nodes of the one before
DEGREES = (32, 64, 128, 256, 512, 1024)
#: what the last eighth of the coefficients may be, relative to the largest value, and the error of half the degree: for functions without
#: poles coefficients fall faster than geometrically, so that the error is below the square of the latter
ROUNDING, HALF = 2e-14, 1e-5
#: ends of intervals are powers of this, so that rules of types share their nodes
STEP = 1.25


def interpolated(function: Callable, line: NDArray) -> NDArray | None:
    """``function`` at each of many numbers, rows (J, …), or None where it takes fewer evaluations to ask for each of them.

    ``function`` of one number returns a tuple of numbers, and is hashable: what is known of it is kept.
    """
    reach = float(np.abs(line).max(initial=0.0))
    if reach == 0 or line.size <= DEGREES[0]:
        return None
    half = STEP ** np.ceil(np.log(reach) / np.log(STEP))
    degrees = [degree for degree in DEGREES if 2 * degree < line.size]
    for degree in degrees[1:]:
        coefficients, tail, error = _series(function, half, degree)
        if tail <= ROUNDING and error <= HALF:
            return chebyshev.chebval(line / half, coefficients).T
    return None


@lru_cache(maxsize=256)
def _values(function, half, degree):
    """At the Chebyshev–Lobatto nodes of a degree, (degree + 1, …), every second of which are those of half the degree."""
    nodes = half * np.cos(np.pi * np.arange(degree + 1) / degree)
    if degree == DEGREES[0]:
        return np.array([function(node) for node in nodes.tolist()])
    result = np.repeat(_values(function, half, degree // 2), 2, axis=0)[:-1]
    result[1::2] = [function(node) for node in nodes[1::2].tolist()]
    return result


def _series(function, half, degree):
    """Chebyshev coefficients (degree + 1, …), the last eighth of them and the error of half the degree, relative to the largest values."""
    values = _values(function, half, degree)
    coarse, fine = _coefficients(values[::2]), _coefficients(values)
    nodes = np.cos(np.pi * np.arange(degree + 1) / degree)[1::2]
    error = np.abs(chebyshev.chebval(nodes, coarse).T - values[1::2]).max(axis=0)
    size = np.abs(values).max(axis=0)
    size = np.where(size > 0, size, 1)
    return fine, np.max(np.abs(fine[-degree // 8 :]).max(axis=0) / size), np.max(error / size)


def _coefficients(values):
    """Of the polynomial through values at Chebyshev–Lobatto nodes."""
    degree = len(values) - 1
    even = np.concatenate([values, values[-2:0:-1]])
    series = np.fft.rfft(even, axis=0).real / degree
    series[[0, -1]] /= 2
    return series
