r"""The saddle point of the general action as numbers: any number of feature types, kinds of samples and time nodes.

With the couplings of `theory.couplings.ensemble`, T = ψ_p Σ_j p_j q_j u_j u_j^T (channels × channels), Ĥ_λ = diag(λ π_c(1+δ_c)^{-1}; 1) and
M = (Ĥ_λ^{-1} + T)^{-1}, N = (T^{-1} + Ĥ_λ)^{-1}, ⟨·⟩ the average over ρ_Σ, the stationarity conditions of
`theory.symbolic.general_action` are

.. math:: \frac1{q_j} = \bar s_j^2 - z + \sum_c\pi_c\mathrm{Tr}(1+\delta_c)^{-1}\tilde C_{jc} + u_j^T\langle M\rangle u_j,\qquad
          \delta_c = \frac1{\psi_n}\Big(\langle\lambda N\rangle_{cc} + \psi_p\sum_j p_j q_j\tilde C_{jc}\Big).

The unknowns are the J numbers q_j and the C symmetric K × K matrices δ_c; each half of the map takes an operator upper half-plane
into itself, so that the certificates of `theory.equations.scalar` hold with "positive" read as "positive definite". The Jacobian is the same
linear response as that of two resolvents (`theory.equations.response`), at two equal arguments. Checked by
``tests/equations/test_engine.py`` against the symbolic action, the scalar equations and simulated networks.
"""

import numpy as np

from .._former_names import renamed
from .response import diagonal_blocks, fields, response, solve_stack
from .system import System

#: numbers of one kind that a chunk of points may hold: 64 MB
CHUNK = 4_000_000
#: eigenvalues of Im δ_c above −POSITIVE·max|Im δ_c| count as positive: nodes that lie close leave δ_c nearly singular
POSITIVE = 1e-11


class GeneralSystem(System):
    """The equations for one `theory.couplings.ensemble.Ensemble`, one type, one kind and one time among them.

    Unknowns are arrays (J + C·K(K+1)/2, N): q_j, then the upper triangles of the δ_c row by row. The argument y is measured from
    ``offset``, by default the lowest s̄_j².

    Notes
    -----
    With m unknowns, L nodes of ρ_Σ and M = 2CK channels, a residual costs O(N L M²(M + J)), a Newton step
    O(N (L J² M + L (CK)⁴ + m³)). Memory is O(N (CK)²) for what is kept and bounded by chunks of points for what is not.
    """

    def __init__(self, ensemble, offset=None):
        self.ensemble, self.offset = ensemble, float(ensemble.s2.min()) if offset is None else offset
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
        #: evaluations for arrays of points so far, of which each costs 0.3 ms however few the points
        self.evaluations = 0
        #: types without couplings: q_j = 1/(s̄_j² − z), an atom and no more; as `norms`, (J + C,)
        alone = ~ensemble.u.any(axis=1) & ~ensemble.C.any(axis=(1, 2, 3))
        self.decoupled = np.append(alone, np.zeros(C, bool))

    # --- the interface of the solvers --------------------------------------------------------------------------------

    @property
    def upper_bound(self):
        """That of the ensemble."""
        return self.ensemble.upper_bound

    @property
    def atoms(self):
        """Those of the ensemble, at the s̄_j²."""
        return self.ensemble.atoms

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
        blocks = np.abs(full[J:].reshape(C, K * K, -1))
        largest = blocks.max(axis=1)  # late in the diffusion squares of δ_c underflow
        relative = blocks / np.where(largest > 0, largest, 1)[:, None]
        return np.concatenate([np.abs(full[:J]), largest * np.sqrt((relative**2).sum(axis=1))])

    def in_cone(self, x):
        """Whether real (q_j, δ_c) are positive, or positive definite up to rounding, (N,); of the q_j those of types with couplings."""
        J, C, K = self.ensemble.sizes
        delta = np.nan_to_num(self.full(x)[J:].T.reshape(-1, C, K, K))
        lowest = np.linalg.eigvalsh(delta)[..., 0] + POSITIVE * np.abs(delta).max(axis=(-2, -1))
        return ((x[:J] > 0) | self.decoupled[:J, None]).all(axis=0) & (lowest > 0).all(axis=1)

    def residual_size(self, x, y):
        """The largest of |1 − q_jK_j| and ‖δ_c − its map‖/(1 + ‖δ_c‖), (N,); infinite where the equations overflow."""
        with np.errstate(all="ignore"):
            size = self.norms(self._in_chunks(self._residual, x, y))
            J = self.resolvents
            size[J:] /= 1 + self.norms(x)[J:]
            size = size.max(axis=0)
        return np.where(np.isfinite(size), size, np.inf)

    def newton_step(self, x, y):
        """The Newton update at fixed y, shaped like x."""
        return self._in_chunks(self._newton_step, x, y)

    def tangent(self, x, y):
        """dx/dz along the solution."""
        return self._in_chunks(self._tangent, x, y)

    def start(self, y):
        """The fixed point far from the spectrum, where the map contracts."""
        x = np.zeros((self.unknowns, y.size), complex)
        x[: self.resolvents] = -0.25 / (0.25 * y)  # as in `theory.equations.scalar`
        for _ in range(100):
            f = self._in_chunks(self._residual, x, y)
            x[: self.resolvents] /= 1 - f[: self.resolvents]
            x[self.resolvents :] -= f[self.resolvents :]
            if np.max(np.abs(f)) < 1e-13:
                break
        return x

    def inverse_jacobian(self, x, y):
        """The inverse of ∂(K_j − 1/q_j, δ_c − its map)/∂x at one point, (m, m)."""
        return np.linalg.inv(self._jacobian(x[:, None], np.array([y]))[1][0])

    def second_order(self, x, y, v, h):
        """F, J = ∂F/∂x and D²F[v, ·] at one real point, by a complex step of length h along v."""
        f, jacobian = self._jacobian((x + 1j * h * v)[:, None], np.array([y + 0j]))
        return f[:, 0].real, jacobian[0].real, jacobian[0].imag / h

    # --- the equations -------------------------------------------------------------------------------------------------

    def _in_chunks(self, function, x, y):
        """Apply to slices of points, so that intermediate arrays stay below `CHUNK` numbers."""
        _, C, K = self.ensemble.sizes
        per_point = max(self.ensemble.nodes.size * (2 * C * K) * (2 * C * K + self.resolvents), 2 * len(self._spread) ** 2)
        rows = max(1, CHUNK // per_point)
        self.evaluations += 1
        result = np.empty((self.unknowns, y.size), complex)
        for first in range(0, y.size, rows):
            part = slice(first, first + rows)
            result[:, part] = function(x[:, part], y[part])
        return result

    def _map(self, x, y):
        """K_j (N, J), the map of δ_c (N, C, K, K), and the fields."""
        e = self.ensemble
        J = self.resolvents
        full = self.full(x)
        field = fields(e, full)
        self_energy = np.einsum("nckl,jckl->nj", e.pi[:, None, None] * field.E, e.C)
        linear = np.einsum("l,nljj->nj", e.weights, field.uMu)
        k = (e.s2 - self.offset) - y[:, None] + self_energy + linear
        delta = (diagonal_blocks(e, field.N) + e.psi_p * np.einsum("nj,jckl->nckl", full[:J].T * e.p, e.C)) / float(e.psi_n)
        return k, delta, field

    def _residual(self, x, y):
        J = self.resolvents
        k, delta, _ = self._map(x, y)
        f = np.concatenate([1 - x[:J] * k.T, self.full(x)[J:] - delta.reshape(len(y), -1).T])
        return f[self._pick]

    def _jacobian(self, x, y):
        """The residual and its derivative, (m, N) and (N, m, m), both with the rows of q_j divided by −q_j."""
        J = self.resolvents
        k, delta, field = self._map(x, y)
        full = self.full(x)
        f = np.concatenate([k.T - 1 / full[:J], full[J:] - delta.reshape(len(y), -1).T])[self._pick]
        matrix, _ = response(self.ensemble, field, field, self.ensemble.u, 1 / full[:J].T ** 2)
        return f, self._symmetric(matrix)

    def _symmetric(self, matrix):
        """The response among symmetric δ_c: rows of the triangles, columns of both triangles added."""
        matrix = matrix[:, self._pick]
        result = np.zeros((*matrix.shape[:2], self.unknowns), complex)
        np.add.at(result.transpose(2, 0, 1), self._spread, matrix.transpose(2, 0, 1))
        return result

    def _newton_step(self, x, y):
        f, matrix = self._jacobian(x, y)
        return -self._solve(matrix, f.T, x).T

    def _tangent(self, x, y):
        _, matrix = self._jacobian(x, y)
        source = np.zeros((y.size, self.unknowns), complex)
        source[:, : self.resolvents] = 1  # ∂K_j/∂z = −1
        return self._solve(matrix, source, x).T

    def _solve(self, matrix, right, x):
        """Solutions (N, m), in the `scales`: next to an atom the rows are a factor 1e24 apart."""
        with np.errstate(all="ignore"):
            rows, sizes = (scale.T for scale in self.scales(x))
            return sizes * solve_stack(rows[:, :, None] * matrix * sizes[:, None, :], rows * right)

    def scales(self, x):
        """By what the rows of the Jacobian, 1/q_j and δ_c, are to be multiplied, and its columns, q_j and δ_c; (m, N) each."""
        J, _, K = self.ensemble.sizes
        sizes = self.norms(x)
        sizes[J:] += 1
        sizes = np.concatenate([sizes[:J], np.repeat(sizes[J:], K * (K + 1) // 2, axis=0)])
        return np.concatenate([sizes[:J], 1 / sizes[J:]]), sizes


__getattr__ = renamed(__name__, EngineSystem="GeneralSystem")
