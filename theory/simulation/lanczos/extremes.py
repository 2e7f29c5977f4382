r"""The outermost eigenvalues of U, each with the residual that certifies it.

LOBPCG (``scipy.sparse.linalg.lobpcg``; Knyazev, SIAM J. Sci. Comput. 23, 517 (2001)) iterates a block of vectors, so that one pass over
the matrix serves them all, and finds eigenvalues that coincide, as outliers of equal spikes or the atom at s² do, where a Krylov space of
one vector has one of them. Then |U x − λ x| is computed in double precision, whatever the factors are stored in. An eigenvalue of a
symmetric matrix lies within |U x − λ x|/|x| of λ (Krylov, Weinstein). That none lies further out is no part of the certificate: it would
be missed by vectors that have no part in it, which for random ones has probability 0, and rounding brings it in.

Cost: one product of U with count + `GUARD` vectors for each iteration; a few tens of them for outliers and upper edges. A lower edge takes
more, as the square root of the ratio of λ_max to the distance of its eigenvalues, and a ``tolerance`` near that distance is what one can
ask for.

Checked by ``tests/simulation/test_lanczos_extremes.py``.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import lobpcg

from ...errors import ConvergenceError
from ...progress import progress_bar
from .operators import SymmetricOperator

#: largest residual, relative to the largest eigenvalue, by the precision of the factors
RESIDUALS = {"float64": 1e-6, "float32": 1e-5}
WHICH = ("largest", "smallest")
#: vectors beyond those asked for, which need not converge
GUARD = 13
#: iterations before each look at the residuals, which costs the directions that they went in
ITERATIONS = (25, 50, 100, 200, 400)


class Extremes(NamedTuple):
    """Outermost eigenvalues, the outermost first, (count,), their eigenvectors (p, count), and the residuals (count,) in double precision."""

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    residuals: NDArray[np.float64]


def extreme_eigenvalues(
    operator: SymmetricOperator, count: int, which: str, size: float, start: NDArray, tolerance: float | None
) -> Extremes:
    """`Extremes` of an operator whose largest eigenvalue is about ``size``, with residuals of at most ``tolerance`` · ``size``.

    ``start`` (p, count + `GUARD`) are the first vectors; a ``tolerance`` of None is that of `RESIDUALS`. Raises `ConvergenceError` where it is
    not reached.
    """
    allowed = size * (RESIDUALS[operator.storage.name] if tolerance is None else tolerance)
    if 5 * start.shape[1] >= operator.shape[0]:  # a block so wide is diagonalised at once
        found = _outermost(*np.linalg.eigh(operator.in_double(np.eye(operator.shape[0]))), operator, count, which)
    else:
        for iterations in progress_bar(ITERATIONS, desc="LOBPCG"):
            with warnings.catch_warnings():
                # its own words on what has not converged; the residuals decide
                warnings.simplefilter("ignore", UserWarning)
                values, start = lobpcg(operator, start, tol=allowed / 2, maxiter=iterations, largest=which == "largest")
            found = _outermost(values, start, operator, count, which)
            if np.all(found.residuals <= allowed):
                break
    if not np.all(found.residuals <= allowed):
        raise ConvergenceError(
            f"one of the {count} {which} eigenvalues leaves |U x − λ x| above {allowed:.1g}",
            found.residuals.max(),
            reason="residual",
        )
    return found


def _outermost(values, vectors, operator, count, which):
    order = np.argsort(values)[:: -1 if which == "largest" else 1][:count]
    values, vectors = values[order], vectors[:, order]
    residuals = np.linalg.norm(operator.in_double(vectors) - vectors * values, axis=0) / np.linalg.norm(vectors, axis=0)
    return Extremes(values, vectors, residuals)
