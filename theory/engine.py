r"""The saddle point of the general action as numbers: any number of feature types, kinds of samples and time nodes.

With the couplings of `theory.ensemble`, T = ψ_p Σ_j p_j q_j u_j u_j^T (channels × channels), Ĥ_λ = diag(λ π_c(1+δ_c)^{-1}; 1) and
M = (Ĥ_λ^{-1} + T)^{-1}, N = (T^{-1} + Ĥ_λ)^{-1}, ⟨·⟩ the average over ρ_Σ, the stationarity conditions of
`theory.symbolic.general_action` are

.. math:: \frac1{q_j} = \bar s_j^2 - z + \sum_c\pi_c\mathrm{Tr}(1+\delta_c)^{-1}\tilde C_{jc} + u_j^T\langle M\rangle u_j,\qquad
          \delta_c = \frac1{\psi_n}\Big(\langle\lambda N\rangle_{cc} + \psi_p\sum_j p_j q_j\tilde C_{jc}\Big).

The unknowns are the J numbers q_j and the C symmetric K × K matrices δ_c; each half of the map takes an operator upper half-plane
into itself, so that the certificates of `theory.saddle` hold with "positive" read as "positive definite". The Jacobian is the same
linear response as that of two resolvents (`Response`), at two equal arguments. Checked by ``tests/test_engine.py`` against the
symbolic action, the scalar equations and simulated networks.
"""

from dataclasses import dataclass

import numpy as np

#: numbers of one kind that a chunk of points may hold: 64 MB
CHUNK = 4_000_000
#: eigenvalues of Im δ_c above −POSITIVE·‖Im δ_c‖ count as positive: nodes that lie close leave δ_c nearly singular
POSITIVE = 1e-11


@dataclass
class Fields:
    """What the equations and their derivatives are made of, at N points: E = (1+δ_c)^{-1}, B_j = (1+TĤ)^{-1}u_j, Mu_j, N.

    There are J' >= J columns u_j: those of the types come first, the target's may follow (`theory.general_training`).
    """

    E: np.ndarray  # (N, C, K, K)
    B: np.ndarray  # (N, L, M, J')
    Mu: np.ndarray  # (N, L, M, J')
    N: np.ndarray  # (N, L, CK, M), the rows of the data

    def __getitem__(self, index):
        return Fields(self.E[index], self.B[index], self.Mu[index], self.N[index])


def fields(e, x, extra=None):
    """`Fields` at the unknowns x, shape (J + C·K·K, N), with the couplings of the types and then ``extra``, (M, J' − J).

    T has rank J. Where that is less than the channels the inverse is taken among types: it is smaller, and (1 + TĤ)^{-1}u_j keeps
    its digits where T is large, at a hard edge.
    """
    J, C, K = e.sizes
    U, M = e.u.T, e.u.shape[1]
    q, delta = x[:J].T, x[J:].T.reshape(-1, C, K, K)
    with np.errstate(all="ignore"):
        E = _inverse(np.eye(K) + delta)
        share = (e.psi_p * e.p * q)[:, None, :]
        H = e.channels(e.pi[:, None, None] * E, e.nodes)
        if J < M:
            B = U @ _inverse(np.eye(J) + share[..., None] * (U.T @ H @ U))
            N = (B * share[..., None, :]) @ U.T
            if extra is not None:
                B = np.concatenate([B, extra - N @ (H @ extra)], axis=-1)
            N = N[..., : C * K, :]
        else:
            columns = U if extra is None else np.concatenate([U, extra], axis=1)
            T = (U * share) @ U.T
            P_T = _inverse(np.eye(M) + T[:, None] @ H)  # (1 + TĤ)^{-1}
            B = P_T @ columns
            N = P_T[..., : C * K, :] @ T[:, None]
        return Fields(E, B, H @ B, N)


def _inverse(matrix):
    """Inverses of a stack of matrices, NaN for a singular one instead of an exception."""
    finite = np.isfinite(matrix).all(axis=(-2, -1), keepdims=True)
    try:
        return np.where(finite, np.linalg.inv(np.where(finite, matrix, np.eye(matrix.shape[-1]))), np.nan)
    except np.linalg.LinAlgError:
        flat = matrix.reshape(-1, *matrix.shape[-2:])
        return np.array([_inverse_of_one(m) for m in flat]).reshape(matrix.shape)


def _inverse_of_one(matrix):
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


class EngineSystem:
    """The equations for one `theory.ensemble.Ensemble`, with z measured from ``offset``.

    Unknowns are arrays (J + C·K(K+1)/2, N): q_j, then the upper triangles of the δ_c row by row. The interface is that of
    `theory.saddle.SaddleSystem`.

    Notes
    -----
    With m unknowns, L nodes of ρ_Σ and M = 2CK channels, a residual costs O(N L M²(M + J)), a Newton step
    O(N (L J² M + L (CK)⁴ + m³)). Memory is O(N (CK)²) for what is kept and bounded by chunks of points for what is not.
    """

    def __init__(self, ensemble, offset=0.0):
        self.ensemble, self.offset = ensemble, offset
        self.resolvents, C, K = ensemble.sizes
        # scatter the triangles of the δ_c into full matrices, and pick them out again
        rows, columns = np.triu_indices(K)
        triangle = np.zeros((K, K), int)
        triangle[rows, columns] = triangle[columns, rows] = np.arange(rows.size)
        c = np.arange(C)[:, None]
        self._spread = np.concatenate(
            [np.arange(self.resolvents), (self.resolvents + c * rows.size + triangle.ravel()).ravel()]
        )
        self._pick = np.concatenate([np.arange(self.resolvents), (self.resolvents + c * K * K + rows * K + columns).ravel()])
        self.unknowns = self._pick.size

    # --- the interface of the solvers --------------------------------------------------------------------------------

    def stieltjes(self, x):
        """q = Σ_j p_j q_j."""
        return self.ensemble.p @ x[: self.resolvents]

    def full(self, x):
        """The unknowns with complete δ_c, (J + C·K·K, N)."""
        return x[self._spread]

    def norms(self, x):
        """The sizes of the q_j and of the δ_c (Frobenius), (J + C, N)."""
        J, C, K = self.ensemble.sizes
        full = self.full(x)
        return np.concatenate([np.abs(full[:J]), np.sqrt((np.abs(full[J:].reshape(C, K * K, -1)) ** 2).sum(axis=1))])

    def positive(self, x):
        """Whether real (q_j, δ_c) are positive, or positive definite up to rounding, (N,)."""
        J, C, K = self.ensemble.sizes
        delta = np.nan_to_num(self.full(x)[J:].T.reshape(-1, C, K, K))
        lowest = np.linalg.eigvalsh(delta)[..., 0] + POSITIVE * np.sqrt((delta**2).sum(axis=(-2, -1)))
        return (x[:J] > 0).all(axis=0) & (lowest > 0).all(axis=1)

    def residual_size(self, x, z):
        """The largest of |1 − q_jK_j| and ‖δ_c − its map‖/(1 + ‖δ_c‖), (N,); infinite where the equations overflow."""
        with np.errstate(all="ignore"):
            size = self.norms(self._in_chunks(self._residual, x, z))
            J = self.resolvents
            size[J:] /= 1 + self.norms(x)[J:]
            size = size.max(axis=0)
        return np.where(np.isfinite(size), size, np.inf)

    def newton_step(self, x, z):
        """The Newton update at fixed z, shaped like x."""
        return self._in_chunks(self._newton_step, x, z)

    def tangent(self, x, z):
        """dx/dz along the solution."""
        return self._in_chunks(self._tangent, x, z)

    def start(self, z):
        """The fixed point far from the spectrum, where the map contracts."""
        x = np.zeros((self.unknowns, z.size), complex)
        x[: self.resolvents] = -1 / z
        for _ in range(100):
            f = self._in_chunks(self._residual, x, z)
            x[: self.resolvents] /= 1 - f[: self.resolvents]
            x[self.resolvents :] -= f[self.resolvents :]
            if np.max(np.abs(f)) < 1e-13:
                break
        return x

    def inverse_jacobian(self, x, z):
        """The inverse of ∂(K_j − 1/q_j, δ_c − its map)/∂x at one point, (m, m)."""
        return np.linalg.inv(self._jacobian(x[:, None], np.array([z]))[1][0])

    def second_order(self, x, y, v, h):
        """F, J = ∂F/∂x and D²F[v, ·] at one real point, by a complex step of length h along v."""
        z = np.array([y + 0j])
        f, jacobian = self._jacobian((x + 1j * h * v)[:, None], z)
        return f[:, 0].real, jacobian[0].real, jacobian[0].imag / h

    # --- the equations -------------------------------------------------------------------------------------------------

    def _in_chunks(self, function, x, z):
        """Apply to slices of points, so that intermediate arrays stay below `CHUNK` numbers."""
        _, C, K = self.ensemble.sizes
        per_point = max(self.ensemble.nodes.size * (2 * C * K) * (2 * C * K + self.resolvents), 2 * len(self._spread) ** 2)
        rows = max(1, CHUNK // per_point)
        result = np.empty((self.unknowns, z.size), complex)
        for first in range(0, z.size, rows):
            part = slice(first, first + rows)
            result[:, part] = function(x[:, part], z[part])
        return result

    def _map(self, x, z):
        """K_j (N, J), the map of δ_c (N, C, K, K), and the fields."""
        e = self.ensemble
        J = self.resolvents
        full = self.full(x)
        field = fields(e, full)
        self_energy = np.einsum("nckl,jckl->nj", e.pi[:, None, None] * field.E, e.C)
        linear = np.einsum("l,nlmj,mj->nj", e.weights, field.Mu, e.u.T)
        k = (e.s2 - self.offset) - z[:, None] + self_energy + linear
        delta = (diagonal_blocks(e, field.N) + e.psi_p * np.einsum("nj,jckl->nckl", full[:J].T * e.p, e.C)) / float(e.psi_n)
        return k, delta, field

    def _residual(self, x, z):
        J = self.resolvents
        k, delta, _ = self._map(x, z)
        f = np.concatenate([1 - x[:J] * k.T, self.full(x)[J:] - delta.reshape(len(z), -1).T])
        return f[self._pick]

    def _jacobian(self, x, z):
        """The residual and its derivative, (m, N) and (N, m, m), both with the rows of q_j divided by −q_j."""
        J = self.resolvents
        k, delta, field = self._map(x, z)
        full = self.full(x)
        f = np.concatenate([k.T - 1 / full[:J], full[J:] - delta.reshape(len(z), -1).T])[self._pick]
        matrix, _ = response(self.ensemble, field, field, self.ensemble.u, 1 / full[:J].T ** 2)
        return f, self._symmetric(matrix)

    def _symmetric(self, matrix):
        """The response among symmetric δ_c: rows of the triangles, columns of both triangles added."""
        matrix = matrix[:, self._pick]
        result = np.zeros((*matrix.shape[:2], self.unknowns), complex)
        np.add.at(result.transpose(2, 0, 1), self._spread, matrix.transpose(2, 0, 1))
        return result

    def _newton_step(self, x, z):
        f, matrix = self._jacobian(x, z)
        return -solve_stack(matrix, f.T).T

    def _tangent(self, x, z):
        _, matrix = self._jacobian(x, z)
        source = np.zeros((z.size, self.unknowns), complex)
        source[:, : self.resolvents] = 1  # ∂K_j/∂z = −1
        return solve_stack(matrix, source).T


def response(e, left, right, u, inverse_square):
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
    product = (u @ left.Mu[..., :J]) * (u @ right.Mu[..., :J])
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


def diagonal_blocks(e, matrix):
    """⟨λ X_cc⟩ for X (N, L, CK, CK or M): array (N, C, K, K)."""
    _, C, K = e.sizes
    average = np.einsum("l,nlab->nab", e.weights * e.nodes, matrix[..., : C * K]).reshape(-1, C, K, C, K)
    return np.stack([average[:, c, :, c, :] for c in range(C)], axis=1)


def solve_stack(matrix, right):
    """Solutions of a stack of linear systems, NaN where one is singular."""
    try:
        return np.linalg.solve(matrix, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.array([_solve_one(a, b) for a, b in zip(matrix, right, strict=True)])


def _solve_one(matrix, right):
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)
