r"""Lanczos' three-term recurrence for several start vectors at once, with full reorthogonalisation.

Each start x spans a Krylov space of its own, in which U is the tridiagonal T = Q^T U Q:

    U Q = Q T + β_k q_{k+1} e_k^T,        q_1 = x/|x|,        Q^T Q = I.

The recurrences advance together, so that one pass over the matrix (`theory.simulation.lanczos.operators`) serves them all: to read it is what
a step costs. Rounding makes the q_j lose their orthogonality as soon as an eigenvalue of T has converged, and copies of it appear; each new
vector is therefore made orthogonal to all before it, twice ("twice is enough", Parlett, The symmetric eigenvalue problem, ch. 6).

A recurrence ends where β vanishes to rounding: its space is invariant, k is the number of distinct eigenvalues that x has a part in, and
everything that is computed from T is exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from ...progress import progress_bar
from .operators import SymmetricOperator

#: β is zero below so many roundings of a product, relative to the largest eigenvalue
ROUNDINGS = 64


@dataclass(frozen=True)
class Tridiagonal:
    """What a recurrence leaves: T with its eigenvalues, and how it ended.

    Attributes
    ----------
    diagonal, off_diagonal : arrays (k,) and (k - 1,)
    last : float
        β_k; 0 where the space is invariant.
    norm : float
        |x|
    nodes : array (k,)
        Eigenvalues of T (Ritz values), increasing.
    first, final : arrays (k,)
        First and last components of its eigenvectors.
    vectors : array (k, k)
        The eigenvectors themselves, as columns.
    """

    diagonal: NDArray[np.float64]
    off_diagonal: NDArray[np.float64]
    last: float
    norm: float
    nodes: NDArray[np.float64]
    vectors: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.float64]:
        return self.vectors[0]

    @property
    def final(self) -> NDArray[np.float64]:
        return self.vectors[-1]

    @property
    def weights(self) -> NDArray[np.float64]:
        """Of the Gauss rule of the spectral measure of x/|x|, (k,), of sum 1."""
        return self.first**2


def tridiagonalise(operator: SymmetricOperator, starts: NDArray, steps: int) -> tuple[list[Tridiagonal], NDArray]:
    """`Tridiagonal` of each column of ``starts`` (p, m) after ``steps`` steps or fewer, and the bases (m, steps, p), rows q_j; zeros at
    the end of one that ended before.

    Cost: ``steps`` products of U with m vectors and 8 m p steps² operations; memory m p (steps + 3) numbers.
    """
    p, m = starts.shape
    steps = min(steps, p)
    norms = np.linalg.norm(starts, axis=0)
    basis = np.zeros((m, steps, p))
    alpha, beta = np.zeros((m, steps)), np.zeros((m, steps))
    ends = np.where(norms > 0, steps, 1)
    current = np.ascontiguousarray((starts / np.where(norms > 0, norms, 1.0)).T)
    going, largest = norms > 0, np.zeros(m)
    unit = ROUNDINGS * np.finfo(operator.storage).eps
    for j in progress_bar(range(steps), desc="Lanczos"):
        basis[:, j] = current
        following = np.ascontiguousarray((operator @ current.T).T)
        alpha[:, j] = np.einsum("mp,mp->m", current, following)
        for _ in range(2):
            for i in np.flatnonzero(going):
                known = basis[i, : j + 1]
                following[i] -= (known @ following[i]) @ known
        beta[:, j] = np.linalg.norm(following, axis=1)
        largest = np.maximum(largest, np.abs(alpha[:, j]) + beta[:, j])
        ending = going & ((beta[:, j] <= unit * largest) | (j + 1 == p))
        ends[ending], beta[ending, j] = j + 1, 0.0
        going &= ~ending
        if not going.any():
            break
        current = np.where(going[:, None], following, 0.0) / np.where(going, beta[:, j], 1.0)[:, None]
    found = [_diagonalised(alpha[i, :k], beta[i, :k], norms[i]) for i, k in enumerate(ends.tolist())]
    return found, basis


def _diagonalised(alpha, beta, norm):
    nodes, vectors = eigh_tridiagonal(alpha, beta[:-1])
    return Tridiagonal(alpha, beta[:-1], float(beta[-1]), float(norm), nodes, vectors)
