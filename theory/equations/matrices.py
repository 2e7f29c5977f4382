"""Stacks of small matrices, of which the general saddle point is made: inverses, parallel sums, and the part of a response among samples.

Called by ``response``, where the response is set up type by type, and by ``channels``, where the types are eliminated.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..couplings.ensemble import Ensemble


def parallel_sum(G: NDArray, A: NDArray, T: NDArray, T_inverse: NDArray) -> NDArray:
    """The parallel sum (G^{-1} + T)^{-1} of G and T^{-1}, with A = (1 + TG)^{-1}: G A, or T^{-1}(1 − A) where less cancels.

    Next to an atom, or between two levels that lie close, T is large and G A has lost its digits.
    """
    one = np.eye(G.shape[-1])
    lost, kept = np.abs(G) @ np.abs(A), np.abs(T_inverse) @ (one + np.abs(A))
    return np.where(kept < lost, T_inverse @ (one - A), G @ A)


def inverse(matrix: NDArray) -> NDArray:
    """Inverses of a stack of matrices, NaN for a singular one instead of an exception."""
    finite = np.isfinite(matrix).all(axis=(-2, -1), keepdims=True)
    return np.where(finite, _or_nan(np.linalg.inv, np.where(finite, matrix, np.eye(matrix.shape[-1]))), np.nan)


def solve_stack(matrix: NDArray, right: NDArray) -> NDArray:
    """Solutions (N, m) of a stack of linear systems (N, m, m), (N, m), NaN where one is singular."""
    return _or_nan(np.linalg.solve, matrix, right[..., None])[..., 0]


def _or_nan(function, *stacks):
    """``function`` of numpy.linalg at stacks of matrices; where it refuses a singular one, at each alone, and NaN for that."""
    try:
        return function(*stacks)
    except np.linalg.LinAlgError:
        if stacks[0].ndim == 2:
            return np.full_like(stacks[-1], np.nan)
        return np.array([_or_nan(function, *one) for one in zip(*stacks, strict=True)])


def samples_by_samples(e: "Ensemble", left: Any, right: Any) -> NDArray:
    """∂(map of δ_c)/∂δ_c' = (π_c'/ψ_n) ⟨λ² (N₁E₁)_cc' ⊗ (N₂E₂)_cc'⟩ at N pairs of fields, (N, C·K·K, C·K·K)."""
    first, second = (_times_blocks(f.N, f.E) for f in (left, right))
    first = first * np.multiply.outer(e.weights * e.nodes**2 / e.psi_n, e.pi)[:, None, :, None, None]
    _, C, K = e.sizes
    return np.einsum("nlcdab,nlcdef->ncaedbf", first, second).reshape(len(left.E), C * K * K, C * K * K)


def _times_blocks(N, E):
    """N E for the data's block of N and block diagonal E, indexed (n, l, c, c', k, k')."""
    C, K = E.shape[1:3]
    blocks = N[..., : C * K].reshape(*N.shape[:2], C, K, C, K)
    return np.swapaxes(blocks, 3, 4) @ E[:, None, None]


def diagonal_blocks(e: "Ensemble", matrix: NDArray) -> NDArray:
    """⟨λ X_cc⟩ for X (N, L, CK, CK or M): array (N, C, K, K)."""
    _, C, K = e.sizes
    average = np.einsum("l,nlab->nab", e.weights * e.nodes, matrix[..., : C * K]).reshape(-1, C, K, C, K)
    return np.stack([average[:, c, :, c, :] for c in range(C)], axis=1)
