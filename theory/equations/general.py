r"""The saddle point of the general action as numbers: any number of feature types, kinds of samples and time nodes.

With the couplings of `theory.couplings.ensemble`, T = ψ_p Σ_j p_j q_j u_j u_j^T (channels × channels), Ĥ_λ = diag(λ π_c(1+δ_c)^{-1}; 1) and
M = (Ĥ_λ^{-1} + T)^{-1}, N = (T^{-1} + Ĥ_λ)^{-1}, ⟨·⟩ the average over ρ_Σ, the stationarity conditions of
`theory.symbolic.general_action` are

.. math:: \frac1{q_j} = \bar s_j^2 - z + \sum_c\pi_c\mathrm{Tr}(1+\delta_c)^{-1}\tilde C_{jc} + u_j^T\langle M\rangle u_j,\qquad
          \delta_c = \frac1{\psi_n}\Big(\langle\lambda N\rangle_{cc} + \psi_p\sum_j p_j q_j\tilde C_{jc}\Big).

The right side of the first is called K_j. The unknowns are the J numbers q_j and the C symmetric K × K matrices δ_c; by which certificates a
solution is the one is said in `theory.equations.certificate`.

**y, not z.** Formulas are written with z, numbers are handed over as y = z − offset, the lowest s̄_j² unless it is given: s̄_j² − z is computed
as (s̄_j² − offset) − y, which keeps the digits of a bulk that lies close to its level. Derivatives by y and by z are the same.

**Two shapes of δ.** Outside, unknowns are a vector of m = J + C·K(K+1)/2 numbers, of each δ_c the upper triangle; inside, formulas want whole
matrices, J + C·K·K numbers (`GeneralSystem.full`). Rows of the residual are taken back to triangles, columns of the Jacobian are added
up, since an entry off the diagonal stands twice.

Who asks: the solvers of this folder, `theory.spectrum.edge_search` (`GeneralSystem.second_order`, `GeneralSystem.scales`),
``general_digits`` (`GeneralSystem.inverse_jacobian`); `theory.outliers.counted` and `theory.training.general_kernel` read the whole matrices.
The matrix functions and the Jacobian are those of `theory.equations.response`. Checked by ``tests/equations/test_general.py`` against the
symbolic action, the scalar equations and simulated networks.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._former_names import renamed
from . import channels
from .matrices import diagonal_blocks, solve_stack
from .response import response, type_fields
from .system import System

if TYPE_CHECKING:
    from ..couplings.ensemble import Ensemble

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
    O(N (L J² M + L (CK)⁴ + m³)); where types are many (`theory.equations.channels`) O(N (J F² + L M⁴ + F³)), F = O(M²), which is linear in J.
    Memory is O(N (J + (CK)²)) for what is kept and bounded by chunks of points for what is not.
    """

    def __init__(self, ensemble: "Ensemble", offset: float | None = None) -> None:
        self.ensemble, self.offset = ensemble, float(ensemble.s2.min()) if offset is None else offset
        self.resolvents, C, K = ensemble.sizes
        # where each entry of the whole matrices stands in the vector of unknowns, and where each unknown stands in them
        rows, columns = np.triu_indices(K)
        triangle = np.zeros((K, K), int)
        triangle[rows, columns] = triangle[columns, rows] = np.arange(rows.size)
        c = np.arange(C)[:, None]
        own = np.arange(self.resolvents)
        self._full_from_unknowns = np.concatenate([own, (self.resolvents + c * rows.size + triangle.ravel()).ravel()])
        self._unknowns_from_full = np.concatenate([own, (self.resolvents + c * K * K + rows * K + columns).ravel()])
        self.unknowns = self._unknowns_from_full.size
        #: whether the q_j are eliminated in Newton steps
        self.many = channels.many(ensemble)
        #: evaluations for arrays of points so far, of which each costs 0.3 ms however few the points
        self.evaluations = 0
        #: types without couplings: q_j = 1/(s̄_j² − z), an atom and no more; as `norms`, (J + C,)
        alone = ~ensemble.u.any(axis=1) & ~ensemble.C.any(axis=(1, 2, 3))
        self.decoupled = np.append(alone, np.zeros(C, bool))

    # --- the interface of the solvers --------------------------------------------------------------------------------

    @property
    def upper_bound(self) -> float:
        """That of the ensemble."""
        return self.ensemble.upper_bound

    @property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """Those of the ensemble, at the s̄_j²."""
        return self.ensemble.atoms

    def stieltjes(self, x: NDArray) -> NDArray:
        """q = Σ_j p_j q_j."""
        return self.ensemble.p @ x[: self.resolvents]

    def full(self, x: NDArray) -> NDArray:
        """The unknowns with complete δ_c, (J + C·K·K, N)."""
        return x[self._full_from_unknowns]

    def unknowns_of(self, full: NDArray) -> NDArray:
        """The unknowns (m, N) of `full` ones."""
        return full[self._unknowns_from_full]

    def norms(self, x: NDArray) -> NDArray[np.float64]:
        """The sizes of the q_j and of the δ_c (Frobenius), (J + C, N)."""
        J, C, K = self.ensemble.sizes
        full = self.full(x)
        blocks = np.abs(full[J:].reshape(C, K * K, -1))
        largest = blocks.max(axis=1)  # late in the diffusion squares of δ_c underflow
        relative = blocks / np.where(largest > 0, largest, 1)[:, None]
        return np.concatenate([np.abs(full[:J]), largest * np.sqrt((relative**2).sum(axis=1))])

    def in_cone(self, x: NDArray) -> NDArray[np.bool_]:
        """Whether real (q_j, δ_c) are positive, or positive definite up to rounding, (N,); of the q_j those of types with couplings."""
        J, C, K = self.ensemble.sizes
        delta = np.nan_to_num(self.full(x)[J:].T.reshape(-1, C, K, K))
        lowest = np.linalg.eigvalsh(delta)[..., 0] + POSITIVE * np.abs(delta).max(axis=(-2, -1))
        return ((x[:J] > 0) | self.decoupled[:J, None]).all(axis=0) & (lowest > 0).all(axis=1)

    def residual_size(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """The largest of |1 − q_jK_j| and ‖δ_c − its map‖/(1 + ‖δ_c‖), (N,); infinite where the equations overflow."""
        with np.errstate(all="ignore"):
            size = self.norms(self._in_chunks(self._residual, x, y))
            J = self.resolvents
            size[J:] /= 1 + self.norms(x)[J:]
            size = size.max(axis=0)
        return np.where(np.isfinite(size), size, np.inf)

    def newton_step(self, x: NDArray, y: NDArray) -> NDArray:
        """The Newton update at fixed y, shaped like x."""
        return self._in_chunks(self._newton_step, x, y)

    def tangent(self, x: NDArray, y: NDArray) -> NDArray:
        """dx/dy along the solution, shaped like x."""
        return self._in_chunks(self._tangent, x, y)

    def start(self, y: NDArray) -> NDArray:
        """The fixed point far from the spectrum, where the map contracts."""
        x = np.zeros((self.unknowns, y.size), complex)
        x[: self.resolvents] = -0.25 / (0.25 * y)  # as in `theory.equations.ScalarSystem`
        for _ in range(100):
            f = self._in_chunks(self._residual, x, y)
            x[: self.resolvents] /= 1 - f[: self.resolvents]
            x[self.resolvents :] -= f[self.resolvents :]
            if np.max(np.abs(f)) < 1e-13:
                break
        return x

    def inverse_jacobian(self, x: NDArray) -> NDArray:
        """The inverse of ∂(K_j − 1/q_j, δ_c − its map)/∂x at one x (m,), a matrix (m, m); y stands in the equations alone, not in this."""
        return np.linalg.inv(self._jacobian(x[:, None], np.zeros(1, complex))[1][0])

    def second_order(self, x: NDArray, y: float, v: NDArray, h: float) -> tuple[NDArray, NDArray, NDArray]:
        """F (m,), J = ∂F/∂x and D²F[v, ·] (m, m) at one real point, by a complex step of length h along v.

        F is real and analytic, so that J(x + ihv) = J(x) + ih D²F[v, ·] + O(h²), the last again real: the imaginary part is the derivative,
        and nothing is subtracted. So h may be 1e-30, at which O(h²) is far below rounding. The rows are those of `inverse_jacobian`.
        """
        f, jacobian = self._jacobian((x + 1j * h * v)[:, None], np.array([y + 0j]))
        return f[:, 0].real, jacobian[0].real, jacobian[0].imag / h

    # --- the equations -------------------------------------------------------------------------------------------------

    def _in_chunks(self, function, x, y):
        """Apply to slices of points, so that intermediate arrays stay below `CHUNK` numbers; counts as one of `evaluations`."""
        _, C, K = self.ensemble.sizes
        J, M, nodes = self.resolvents, 2 * C * K, self.ensemble.nodes.size
        if self.many:
            per_point = max(4 * J, len(self.ensemble.forms) ** 2, nodes * M**2 * self.ensemble.span.shape[1] ** 2)
        else:
            per_point = max(nodes * M * (M + J), 2 * len(self._full_from_unknowns) ** 2)
        rows = max(1, CHUNK // per_point)
        self.evaluations += 1
        result = np.empty((self.unknowns, y.size), complex)
        for first in range(0, y.size, rows):
            part = slice(first, first + rows)
            result[:, part] = function(x[:, part], y[part])
        return result

    def _map(self, x, y):
        """K_j (N, J), the map of δ_c (N, C, K, K), and the fields, type by type."""
        e = self.ensemble
        J = self.resolvents
        full = self.full(x)
        field = type_fields(e, full)
        self_energy = np.einsum("nckl,jckl->nj", e.pi[:, None, None] * field.E, e.C)
        linear = np.einsum("l,nljj->nj", e.weights, field.uMu)
        k = (e.s2 - self.offset) - y[:, None] + self_energy + linear
        delta = (diagonal_blocks(e, field.N) + e.psi_p * np.einsum("nj,jckl->nckl", full[:J].T * e.p, e.C)) / float(e.psi_n)
        return k, delta, field

    def _map_of_many(self, x, y):
        """The same by `theory.equations.channels`."""
        e, field = self.ensemble, channels.fields(self.ensemble, self.full(x))
        k = (e.s2 - self.offset) - y[:, None] + channels.readings(e, field)
        return k, (diagonal_blocks(e, field.N) + field.S) / float(e.psi_n), field

    def _residual(self, x, y):
        J = self.resolvents
        k, delta, _ = (self._map_of_many if self.many else self._map)(x, y)
        f = np.concatenate([1 - x[:J] * k.T, self.full(x)[J:] - delta.reshape(len(y), -1).T])
        return f[self._unknowns_from_full]

    def _jacobian(self, x, y):
        """The residual and its derivative, (m, N) and (N, m, m), both with the rows of q_j divided by −q_j."""
        J = self.resolvents
        k, delta, field = self._map(x, y)
        full = self.full(x)
        f = np.concatenate([k.T - 1 / full[:J], full[J:] - delta.reshape(len(y), -1).T])[self._unknowns_from_full]
        matrix, _ = response(self.ensemble, field, field, self.ensemble.u, 1 / full[:J].T ** 2)
        return f, self._symmetric(matrix)

    def _symmetric(self, matrix):
        """The response among symmetric δ_c: rows of the triangles, columns of both triangles added."""
        matrix = matrix[:, self._unknowns_from_full]
        result = np.zeros((*matrix.shape[:2], self.unknowns), complex)
        np.add.at(result.transpose(2, 0, 1), self._full_from_unknowns, matrix.transpose(2, 0, 1))
        return result

    def _newton_step(self, x, y):
        if self.many:
            k, delta, field = self._map_of_many(x, y)
            full, J = self.full(x), self.resolvents
            with np.errstate(all="ignore"):
                source = np.concatenate([k - 1 / full[:J].T, full[J:].T - delta.reshape(y.size, -1)], axis=1)
            return self._answer(field, full, source)
        f, matrix = self._jacobian(x, y)
        return -self._solve(matrix, f.T, x).T

    def _tangent(self, x, y):
        source = np.zeros((y.size, len(self._full_from_unknowns) if self.many else self.unknowns), complex)
        source[:, : self.resolvents] = 1  # ∂K_j/∂y = −1
        if self.many:
            full = self.full(x)
            return -self._answer(channels.fields(self.ensemble, full), full, source)
        _, matrix = self._jacobian(x, y)
        return self._solve(matrix, source, x).T

    def _answer(self, field, full, source):
        """Minus the inverse of the response, applied to a source (N, J + C·K·K), as unknowns (m, N)."""
        dq, delta = channels.answer(self.ensemble, field, field, full[: self.resolvents].T ** 2, source)
        return np.concatenate([dq, delta], axis=1).T[self._unknowns_from_full]

    def _solve(self, matrix, right, x):
        """Solutions (N, m), in the `scales`: next to an atom the rows are a factor 1e24 apart."""
        with np.errstate(all="ignore"):
            rows, sizes = (scale.T for scale in self.scales(x))
            return sizes * solve_stack(rows[:, :, None] * matrix * sizes[:, None, :], rows * right)

    def scales(self, x: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """By what the rows of the Jacobian, 1/q_j and δ_c, are to be multiplied, and its columns, q_j and δ_c; (m, N) each."""
        J, _, K = self.ensemble.sizes
        sizes = self.norms(x)
        sizes[J:] += 1
        sizes = np.concatenate([sizes[:J], np.repeat(sizes[J:], K * (K + 1) // 2, axis=0)])
        return np.concatenate([sizes[:J], 1 / sizes[J:]]), sizes


__getattr__ = renamed(__name__, EngineSystem="GeneralSystem")
