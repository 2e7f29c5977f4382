r"""Traces from a few vectors: orthogonal random probes, and what their scatter says of the error.

For g on the sphere |g|² = N, E g^T M g/N = Tr M/N. Probes that are columns of a Haar orthogonal matrix, times √N, are exchangeable, and all N
of them give the trace with no error. Hence any two have the correlation −1/(N − 1), as draws without replacement, and with the sample
variance S² of m probes the standard error of their mean is

    √((S²/m)(1 − m/N)),

which is 0 at m = N. Checked by ``tests/simulation/test_lanczos_quadrature.py``.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Estimate(NamedTuple):
    """A number or an array with the two errors that it has.

    ``standard_error`` is the standard deviation of the mean over the probes, from their scatter, NaN for one of several that there are;
    ``quadrature_error`` bounds, as a certificate does, what finitely many steps leave, for the probes that were drawn.
    """

    value: float | complex | NDArray
    standard_error: float | NDArray[np.float64]
    quadrature_error: float | NDArray[np.float64]


def orthogonal_probes(rng: np.random.Generator, size: int, count: int) -> NDArray[np.float64]:
    """``count`` <= ``size`` orthonormal columns (size, count), of Haar's law."""
    q, r = np.linalg.qr(rng.standard_normal((size, count)))
    return q * np.where(np.diagonal(r) < 0, -1.0, 1.0)


def mean_over_probes(values: NDArray, bounds: NDArray, size: int) -> Estimate:
    """The `Estimate` from the values and the error bounds (m, …) of the single probes of a space of ``size`` dimensions."""
    m = len(values)
    value, quadrature = values.mean(axis=0), bounds.mean(axis=0)
    if m == 1:
        scatter = np.full(np.shape(value), 0.0 if size == 1 else np.nan)
    else:
        scatter = np.sqrt(np.sum(np.abs(values - value) ** 2, axis=0) / (m - 1) / m * (1 - m / size))
    return Estimate(value[()], scatter[()], quadrature[()])


def random_bound(largest: float, size: int, steps: int, failure: float = 1e-10) -> float:
    r"""An upper bound on the largest eigenvalue of a positive semidefinite matrix that fails with probability ``failure`` at most.

    ``largest`` is the largest eigenvalue of T after ``steps`` steps from one uniformly random start in ``size`` dimensions. Kuczyński and
    Woźniakowski (SIAM J. Matrix Anal. Appl. 13, 1094 (1992), theorem 4.2): it is below (1 − ε) λ_max with probability at most
    1.648 √N e^{−√ε (2k − 1)}. Infinite where the steps are too few to say anything.
    """
    root = math.log(1.648 * math.sqrt(size) / failure) / (2 * steps - 1)
    return math.inf if root >= 1 else largest / (1 - root**2)
