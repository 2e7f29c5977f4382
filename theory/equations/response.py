r"""The linear response of the general saddle point, between one argument and another.

**`fields` at one argument, `response` between two.** `fields` takes the unknowns at N points and makes of them the matrix functions of which
the equations consist, all in one `Fields`; nothing is differentiated. `response` takes two such `Fields`, at N pairs of points, and
makes of them the matrix of a linear system: how small changes of q_j and δ_c between a field at z₁ and a field at z₂ hang together. At z₁ = z₂
it is the Jacobian by which `theory.equations.GeneralSystem` takes Newton steps; at two arguments it gives the products of two resolvents,
`theory.training.general_kernel`. (`theory.spectrum.label_continuum` takes the fields alone, of other labels.) With E_c = (1+δ_c)^{-1},
M = (Ĥ^{-1} + T)^{-1}, N = (T^{-1} + Ĥ)^{-1} and P = (1 + ĤT)^{-1},

    dM = −M₁ dT M₂ + P₁ dĤ P₂^T,     dN = P₁^T dT P₂ − N₁ dĤ N₂,     dĤ_c = −π_c E_c(z₁) dδ_c E_c(z₂).

Where types are many their q_j are eliminated (`theory.equations.channels`), which `fields` and `respond` do by themselves.

**Letters.** ``e`` is the `theory.couplings.ensemble.Ensemble`, all that is known of the model here, so that its arrays have their letters
(``e.u`` for u_j, ``e.pi`` for π_c). N points, L nodes of ρ_Σ, J types, C kinds, K times, M = 2CK channels; unknowns are whole matrices
(`theory.equations.GeneralSystem.full`). Checked by ``tests/equations/test_general.py`` (differences of the residual) and
``tests/training/test_general_training.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import channels
from .matrices import inverse, parallel_sum, samples_by_samples, solve_stack

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


def fields(e: "Ensemble", x: NDArray, extra: NDArray | None = None) -> "Fields | channels.ChannelFields":
    """`type_fields`, or those of `theory.equations.channels` where types are many; with ``E``, ``B``, ``Mu`` and ``N`` both."""
    return channels.fields(e, x, extra) if channels.many(e) else type_fields(e, x, extra)


def type_fields(e: "Ensemble", x: NDArray, extra: NDArray | None = None) -> Fields:
    """`Fields` at the unknowns x, shape (J + C·K·K, N), with the couplings of the types and then ``extra``, (M, J' − J).

    T has rank J or less, M at most. The inverse is taken among types where these are independent, else in the channels that they span:
    (1 + TĤ)^{-1}u_j and u_i^T M u_j then keep their digits where T is large, next to an atom or at a hard edge.
    """
    J, C, K = e.sizes
    U, V = e.u.T, e.span
    rank = V.shape[1]
    q, delta = x[:J].T, x[J:].T.reshape(-1, C, K, K)
    with np.errstate(all="ignore"):
        E = inverse(np.eye(K) + delta)
        share = (e.psi_p * e.p * q)[:, None, None, :]
        H = e.channels(e.pi[:, None, None] * E, e.nodes)
        if J == rank:
            G, D = U.T @ H @ U, share * np.eye(J)
            A = inverse(np.eye(J) + D @ G)  # (1 + DG)^{-1}
            uMu = parallel_sum(G, A, D, np.eye(J) / share)
            B = U @ A
            N = (B * share) @ U.T
        else:
            R = V.T @ U
            G, T = V.T @ H @ V, (R * share) @ R.T
            A = inverse(np.eye(rank) + T @ G)
            uMu = R.T @ parallel_sum(G, A, T, inverse(T)) @ R
            B = V @ (A @ R)
            N = V @ A @ T @ V.T
        if extra is not None:
            B = np.concatenate([B, extra - N @ (H @ extra)], axis=-1)
        return Fields(E, B, H @ B, uMu, N[..., : C * K, :])


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
    matrix[:, J:, J:] = -samples_by_samples(e, left, right)
    matrix[:, diagonal[J:], diagonal[J:]] += 1
    return matrix, rows[:, J:]


def respond(
    e: "Ensemble",
    left: "Fields | channels.ChannelFields",
    right: "Fields | channels.ChannelFields",
    u: NDArray,
    inverse_square: NDArray,
    sources: NDArray,
) -> NDArray:
    """What 1/q of the columns beyond the types answers to ``sources`` (S, N, m) in the equations of q_j and δ_c, (S, N, J' − J).

    The other arguments are those of `response`; the fields are both of `fields`. O(m³) a pair, linear in J where types are many.
    """
    if isinstance(left, channels.ChannelFields):
        return channels.respond(e, left, right, 1 / inverse_square, sources)
    matrix, rest = response(e, left, right, u, inverse_square)
    transposed = np.swapaxes(matrix, -1, -2)
    adjoint = np.stack([solve_stack(transposed, row) for row in np.moveaxis(rest, 1, 0)])
    return -np.einsum("tnm,snm->snt", adjoint, sources)


def numbers_of_a_pair(e: "Ensemble") -> int:
    """How many numbers `respond` makes of a pair of arguments."""
    J, C, K = e.sizes
    if channels.many(e):
        return 4 * e.u.size + e.nodes.size * len(e.forms) ** 2
    return 2 * (J + C * K * K) ** 2


def _couplings(e, left, right):
    """⟨λ B_j B_j^T⟩_cc for columns B_j of ``left`` and ``right``, (N, L, M, J'): array (N, J', C, K, K)."""
    _, C, K = e.sizes
    shape = (*left.shape[:2], C, K, left.shape[-1])
    first, second = (b[:, :, : C * K].reshape(shape) for b in (left, right))
    first = np.transpose(first, (0, 4, 2, 3, 1)) * (e.weights * e.nodes)
    return first @ np.transpose(second, (0, 4, 2, 1, 3))
