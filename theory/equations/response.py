r"""The linear response of the general saddle point, between one argument and another.

**`fields` at one argument, `response` between two.** `fields` takes the unknowns at N points and makes of them the matrix functions of which
the equations consist, all in one `Fields`; nothing is differentiated. `response` takes two such `Fields`, at N pairs of points, and
makes of them the matrix of a linear system: how small changes of q_j and δ_c between a field at z₁ and a field at z₂ hang together. At z₁ = z₂
it is the Jacobian by which `theory.equations.GeneralSystem` takes Newton steps; at two arguments it gives the products of two resolvents,
`theory.training.general_kernel`. (`theory.spectrum.label_continuum` takes the fields alone, of other labels.) With E_c = (1+δ_c)^{-1},
M = (Ĥ^{-1} + T)^{-1}, N = (T^{-1} + Ĥ)^{-1} and P = (1 + ĤT)^{-1},

    dM = −M₁ dT M₂ + P₁ dĤ P₂^T,     dN = P₁^T dT P₂ − N₁ dĤ N₂,     dĤ_c = −π_c E_c(z₁) dδ_c E_c(z₂).

**Letters.** ``e`` is the `theory.couplings.ensemble.Ensemble`, all that is known of the model here, so that its arrays have their letters
(``e.u`` for u_j, ``e.pi`` for π_c). N points, L nodes of ρ_Σ, J types, C kinds, K times, M = 2CK channels; unknowns are whole matrices
(`theory.equations.GeneralSystem.full`). Checked by ``tests/equations/test_general.py`` (differences of the residual) and
``tests/training/test_general_training.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..couplings.ensemble import Ensemble


@dataclass
class Fields:
    """What the equations and their derivatives are made of, at N points: E = (1+δ_c)^{-1}, B_j = (1+TĤ)^{-1}u_j, Mu_j, u_i^T M u_j, N.

    There are J' >= J columns u_j: those of the types come first, the target's may follow (`theory.training.general_kernel`).
    """

    E: NDArray  # (N, C, K, K)
    B: NDArray  # (N, L, M, J')
    Mu: NDArray  # (N, L, M, J')
    uMu: NDArray  # (N, L, J, J), types only
    N: NDArray  # (N, L, CK, M), the rows of the data

    def __getitem__(self, index: slice | NDArray) -> "Fields":
        return Fields(self.E[index], self.B[index], self.Mu[index], self.uMu[index], self.N[index])


def fields(e: "Ensemble", x: NDArray, extra: NDArray | None = None) -> Fields:
    """`Fields` at the unknowns x, shape (J + C·K·K, N), with the couplings of the types and then ``extra``, (M, J' − J).

    T has rank J or less, M at most. The inverse is taken among types where these are independent, else in the channels that they span:
    (1 + TĤ)^{-1}u_j and u_i^T M u_j then keep their digits where T is large, next to an atom or at a hard edge.
    """
    J, C, K = e.sizes
    U, V = e.u.T, e.span
    rank = V.shape[1]
    q, delta = x[:J].T, x[J:].T.reshape(-1, C, K, K)
    with np.errstate(all="ignore"):
        E = _inverse(np.eye(K) + delta)
        share = (e.psi_p * e.p * q)[:, None, None, :]
        H = e.channels(e.pi[:, None, None] * E, e.nodes)
        if J == rank:
            G, D = U.T @ H @ U, share * np.eye(J)
            A = _inverse(np.eye(J) + D @ G)  # (1 + DG)^{-1}
            uMu = _parallel_sum(G, A, D, np.eye(J) / share)
            B = U @ A
            N = (B * share) @ U.T
        else:
            R = V.T @ U
            G, T = V.T @ H @ V, (R * share) @ R.T
            A = _inverse(np.eye(rank) + T @ G)
            uMu = R.T @ _parallel_sum(G, A, T, _inverse(T)) @ R
            B = V @ (A @ R)
            N = V @ A @ T @ V.T
        if extra is not None:
            B = np.concatenate([B, extra - N @ (H @ extra)], axis=-1)
        return Fields(E, B, H @ B, uMu, N[..., : C * K, :])


def _parallel_sum(G, A, T, T_inverse):
    """The parallel sum (G^{-1} + T)^{-1} of G and T^{-1}, with A = (1 + TG)^{-1}: G A, or T^{-1}(1 − A) where less cancels.

    Next to an atom, or between two levels that lie close, T is large and G A has lost its digits.
    """
    one = np.eye(G.shape[-1])
    lost, kept = np.abs(G) @ np.abs(A), np.abs(T_inverse) @ (one + np.abs(A))
    return np.where(kept < lost, T_inverse @ (one - A), G @ A)


def _inverse(matrix):
    """Inverses of a stack of matrices, NaN for a singular one instead of an exception."""
    finite = np.isfinite(matrix).all(axis=(-2, -1), keepdims=True)
    return np.where(finite, _or_nan(np.linalg.inv, np.where(finite, matrix, np.eye(matrix.shape[-1]))), np.nan)


def _or_nan(function, *stacks):
    """``function`` of numpy.linalg at stacks of matrices; where it refuses a singular one, at each alone, and NaN for that."""
    try:
        return function(*stacks)
    except np.linalg.LinAlgError:
        if stacks[0].ndim == 2:
            return np.full_like(stacks[-1], np.nan)
        return np.array([_or_nan(function, *one) for one in zip(*stacks, strict=True)])


def response(e: "Ensemble", left: Fields, right: Fields, u: NDArray, inverse_square: NDArray) -> tuple[NDArray, NDArray]:
    """The linear response of (q_j, δ_c) between two arguments: derivatives of (K_j − 1/q_j, δ_c − its map).

    Parameters
    ----------
    left, right : `Fields` at N pairs of arguments
    u : array (J', M)
        The couplings that the fields were made for, J' >= J.
    inverse_square : array (N, J)
        1/(q_j(z₁) q_j(z₂)).

    Returns
    -------
    (matrix, rest)
        Arrays (N, m, m) and (N, J' − J, m) with m = J + C·K·K: the response, and the derivatives of the K_j beyond the types'.
    """
    J, C, K = e.sizes
    points, m = len(inverse_square), J + C * K * K
    shares = e.psi_p * e.p
    rows = np.empty((points, len(u), m), complex)
    # ∂K_j/∂q_i = −ψ_p p_i ⟨(u_j^T M₁ u_i)(u_j^T M₂ u_i)⟩
    product = np.empty((*left.uMu.shape[:2], len(u), J), complex)
    product[..., :J, :] = left.uMu * right.uMu
    product[..., J:, :] = (u[J:] @ left.Mu[..., :J]) * (u[J:] @ right.Mu[..., :J])
    rows[..., :J] = -shares * np.einsum("l,nlji->nji", e.weights, product)
    # Y_jc = ⟨λ B_j B_j^T⟩_cc + C̃_jc is how type j answers to δ_c, and δ_c to type j
    Y = _couplings(e, left.B, right.B)
    Y[:, :J] += e.C
    answer = e.pi[:, None, None] * (left.E[:, None] @ Y @ right.E[:, None])
    rows[..., J:] = -answer.reshape(points, len(u), -1)

    matrix = np.empty((points, m, m), complex)
    matrix[:, :J] = rows[:, :J]
    diagonal = np.arange(m)
    matrix[:, diagonal[:J], diagonal[:J]] += inverse_square
    matrix[:, J:, :J] = -(shares / e.psi_n) * np.moveaxis(Y[:, :J].reshape(points, J, -1), 1, 2)
    # ∂δ_c/∂δ_c' = (π_c'/ψ_n) ⟨λ² (N₁E₁)_cc' ⊗ (N₂E₂)_cc'⟩
    first, second = (_times_blocks(f.N, f.E) for f in (left, right))
    first = first * np.multiply.outer(e.weights * e.nodes**2 / e.psi_n, e.pi)[:, None, :, None, None]
    matrix[:, J:, J:] = -np.einsum("nlcdab,nlcdef->ncaedbf", first, second).reshape(points, m - J, m - J)
    matrix[:, diagonal[J:], diagonal[J:]] += 1
    return matrix, rows[:, J:]


def _couplings(e, left, right):
    """⟨λ B_j B_j^T⟩_cc for columns B_j of ``left`` and ``right``, (N, L, M, J'): array (N, J', C, K, K)."""
    _, C, K = e.sizes
    shape = (*left.shape[:2], C, K, left.shape[-1])
    first, second = (b[:, :, : C * K].reshape(shape) for b in (left, right))
    first = np.transpose(first, (0, 4, 2, 3, 1)) * (e.weights * e.nodes)
    return first @ np.transpose(second, (0, 4, 2, 1, 3))


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


def solve_stack(matrix: NDArray, right: NDArray) -> NDArray:
    """Solutions (N, m) of a stack of linear systems (N, m, m), (N, m), NaN where one is singular."""
    return _or_nan(np.linalg.solve, matrix, right[..., None])[..., 0]
