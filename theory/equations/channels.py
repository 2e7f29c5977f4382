r"""The saddle point with many feature types: their q_j are eliminated, and what is solved is as large as the channels.

The types meet through two sums alone. With R_j the coordinates of u_j in the r channels that they span,

    T = ψ_p Σ_j p_j q_j R_j R_j^T   and   S_c = ψ_p Σ_j p_j q_j C̃_jc,

and each type reads the answer by the same numbers: K_j = s̄_j² − z + R_j^T⟨M⟩R_j + Σ_c π_c Tr E_c C̃_jc. So with the *form* Φ_j of a type,
the triangle of R_jR_j^T and the entries of the C̃_jc (`theory.couplings.ensemble.Ensemble.forms`), (T, S) = ψ_p Σ p_j q_j Φ_j and
K_j = s̄_j² − z + Φ_j·κ, two products of matrices; and the response is dq_j = −q_j(z₁)q_j(z₂)(f_j + Φ_j·dκ), hence

    d(T, S) = −g − G dκ,     g = Σ_j ω_j f_j Φ_j,   G = Σ_j ω_j Φ_j Φ_j^T,   ω_j = ψ_p p_j q_j(z₁) q_j(z₂),

a linear system for (dT, dδ) of F = r(r + 1)/2 + C·K² unknowns, since κ depends on T and δ alone. What costs is G: O(J F²) a point, where the
system of all q_j costs O((J + C·K²)³). The matrix functions and signs are those of `theory.equations.response`, which hands over to this
module where types are `many`. Derived here, checked by ``tests/equations/test_many_types.py`` against the system of all q_j.
"""

from dataclasses import dataclass
from dataclasses import fields as names
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import matrices

if TYPE_CHECKING:
    from ..couplings.ensemble import Ensemble

#: up to so many types are solved as they are
FEW = 16
#: numbers that the products of two forms may be at a time: 16 MB
BLOCK = 2_000_000


def many(e: "Ensemble") -> bool:
    """Whether the q_j are eliminated: where types are more than `FEW` and than the unknowns that are left."""
    rank, (J, C, K) = e.span.shape[1], e.sizes
    return max(FEW, rank * (rank + 1) // 2 + C * K * K) < J


@dataclass
class ChannelFields:
    """What the equations and their derivatives are made of, at N points, for a basis V of the channels: E, V^T M V, (1+TĤ)^{-1}V, MV and N.

    ``B`` and ``Mu`` are those of `theory.equations.response.Fields`, for all types and what follows them, made when asked for.
    """

    E: NDArray  # (N, C, K, K)
    m: NDArray  # (N, L, r, r)
    basis: NDArray  # (N, L, M, r)
    M_basis: NDArray  # (N, L, M, r)
    N: NDArray  # (N, L, CK, M)
    S: NDArray  # (N, C, K, K)
    extra: NDArray  # (N, L, M, X)
    M_extra: NDArray  # (N, L, M, X)
    R: NDArray  # (r, J), of no point

    def __getitem__(self, index: slice | NDArray) -> "ChannelFields":
        return ChannelFields(*(getattr(self, part.name)[index] for part in names(self)[:-1]), self.R)

    @cached_property
    def B(self) -> NDArray:
        """(1+TĤ)^{-1}u_j, (N, L, M, J')."""
        return np.concatenate([self.basis @ self.R, self.extra], axis=-1)

    @cached_property
    def Mu(self) -> NDArray:
        """Mu_j, (N, L, M, J')."""
        return np.concatenate([self.M_basis @ self.R, self.M_extra], axis=-1)


def times_real(left: NDArray, right: NDArray) -> NDArray:
    """left (N, F) complex times right (F, J) real, without a complex copy of ``right``."""
    both = np.concatenate([left.real, left.imag]) @ right
    return both[: len(left)] + 1j * both[len(left) :]


def fields(e: "Ensemble", x: NDArray, extra: NDArray | None = None) -> ChannelFields:
    """`ChannelFields` at the unknowns x, (J + C·K·K, N), for more columns ``extra``, (M, X)."""
    J, C, K = e.sizes
    V = e.span
    rank = V.shape[1]
    with np.errstate(all="ignore"):
        E = matrices.inverse(np.eye(K) + x[J:].T.reshape(-1, C, K, K))
        sums = times_real(e.psi_p * (e.p[:, None] * x[:J]).T, e.forms.T)
        T = _symmetric(sums[:, : -C * K * K], rank)[:, None]
        H = e.channels(e.pi[:, None, None] * E, e.nodes)
        G = V.T @ H @ V
        A = matrices.inverse(np.eye(rank) + T @ G)
        basis = V @ A
        N = basis @ T @ V.T
        M_basis = H @ basis
        M = V.shape[0]
        columns = np.zeros((M, 0)) if extra is None else extra
        more = columns - N @ (H @ columns)
        m = matrices.parallel_sum(G, A, T, matrices.inverse(T))
        return ChannelFields(
            E, m, basis, M_basis, N[..., : C * K, :], sums[:, -C * K * K :].reshape(-1, C, K, K), more, H @ more, e.readings
        )


def readings(e: "Ensemble", field: ChannelFields) -> NDArray:
    """K_j + z − s̄_j² of all types, (N, J)."""
    return read(e, np.einsum("l,nlab->nab", e.weights, field.m), field.E)


def read(e: "Ensemble", mean: NDArray, E: NDArray) -> NDArray:
    """R_j^T X R_j + Σ_c π_c Tr E_c C̃_jc of all types for X = ``mean`` (N, r, r) and E (N, C, K, K), (N, J)."""
    a, b, twice = _triangle(mean.shape[-1])
    kappa = np.concatenate(
        [twice * (mean[:, a, b] + mean[:, b, a]), (e.pi[:, None, None] * E).reshape(len(mean), -1)], axis=1
    )
    return times_real(kappa, e.forms)


def read_linear(e: "Ensemble", matrix: NDArray) -> NDArray:
    """R_j^T X R_j of all types for X (N, r, r), (N, J)."""
    a, b, twice = _triangle(matrix.shape[-1])
    return times_real(twice * (matrix[:, a, b] + matrix[:, b, a]), e.forms[: a.size])


def answer(
    e: "Ensemble", left: ChannelFields, right: ChannelFields, product: NDArray, source: NDArray
) -> tuple[NDArray, NDArray]:
    """dq (N, J) and dδ (N, C·K·K): minus the inverse of `theory.equations.response.response`, applied to ``source`` (N, J + C·K·K).

    ``product`` (N, J) is q_j(z₁)q_j(z₂).
    """
    J = e.p.size
    with np.errstate(all="ignore"):
        (found,), kappa = _solution(e, left, right, product, source[None])
        read = np.einsum("nfg,ng->nf", kappa, found)
        dq = -product * (source[:, :J] + times_real(read, e.forms))
    return dq, found[:, len(e.forms) - e.C[0].size :]


def respond(e: "Ensemble", left: ChannelFields, right: ChannelFields, product: NDArray, sources: NDArray) -> NDArray:
    """What the K of the columns beyond the types answer to ``sources`` (S, N, J + C·K·K), (S, N, J' − J)."""
    _, C, K = e.sizes
    V, D = e.span, C * K * K
    found, _ = _solution(e, left, right, product, sources)
    T = np.stack([_symmetric(one[:, :-D], V.shape[1]) for one in found])
    delta = found[..., -D:].reshape(*found.shape[:2], C, K, K)
    first, second = (V.T @ f.M_extra for f in (left, right))
    through = np.einsum("l,nlaj,snab,nlbj->snj", e.weights, first, T, second, optimize=True)
    first, second = (f.extra[:, :, : C * K].reshape(*f.extra.shape[:2], C, K, -1) for f in (left, right))
    inner = e.pi[:, None, None] * (left.E @ delta @ right.E)
    return -through - np.einsum("l,nlckj,snckm,nlcmj->snj", e.weights * e.nodes, first, inner, second, optimize=True)


def _solution(e, left, right, product, sources):
    """The triangle of dT and dδ for each of the sources, (S, N, F), and dκ/d(T, δ), (N, F, F)."""
    J, C, K = e.sizes
    D = C * K * K
    a, b, _ = _triangle(left.m.shape[-1])
    t = a.size
    omega = e.psi_p * e.p * product
    kappa = _read(e, left, right)
    matrix = _gram(e, omega) @ kappa
    matrix[:, t:] /= e.psi_n
    matrix[:, t:] -= _samples(e, left, right)
    matrix[:, range(t + D), range(t + D)] += 1
    # T is of different size in different channels: next to an atom by many powers of ten
    root = np.sqrt(times_real(e.psi_p * e.p * np.sqrt(np.abs(product)) + 0j, (e.readings**2).T).real)
    root = np.maximum(root, 1e-12 * root.max(axis=1, keepdims=True))
    size = np.concatenate([root[:, a] * root[:, b], np.ones((len(root), D))], axis=1)
    matrix = matrix * size[:, None, :] / size[:, :, None]
    found = []
    for source in sources:
        g = times_real(omega * source[:, :J], e.forms.T)
        right_side = np.concatenate([-g[:, :t], -source[:, J:] - g[:, t:] / e.psi_n], axis=1)
        found.append(size * matrices.solve_stack(matrix, right_side / size))
    return np.array(found), kappa


def _triangle(rank):
    """Rows and columns of a triangle, and ½ on the diagonal: X ↦ twice·(X_ab + X_ba) reads X by the form R_aR_b."""
    a, b = np.triu_indices(rank)
    return a, b, np.where(a == b, 0.5, 1.0)


def _symmetric(triangle, rank):
    """Symmetric matrices (N, r, r) from triangles (N, r(r+1)/2)."""
    a, b, _ = _triangle(rank)
    result = np.empty((len(triangle), rank, rank), complex)
    result[:, a, b] = result[:, b, a] = triangle
    return result


def _gram(e, omega):
    """Σ_j ω_j Φ_jΦ_j^T, (N, F, F)."""
    forms = e.forms
    F, J = forms.shape
    f, g = np.triu_indices(F)
    total = np.zeros((len(omega), f.size), complex)
    step = max(1, BLOCK // f.size)
    for first in range(0, J, step):
        part = forms[:, first : first + step]
        total += times_real(omega[:, first : first + step], (part[f] * part[g]).T)
    result = np.empty((len(omega), F, F), complex)
    result[:, f, g] = result[:, g, f] = total
    return result


def _read(e, left, right):
    """dκ/d(T, δ), (N, F, F), with dM = −M₁dTM₂ + P₁dĤP₂^T and dE = −E₁dδE₂."""
    _, C, K = e.sizes
    points, rank, D = len(left.m), left.m.shape[-1], C * K * K
    a, b, twice = _triangle(rank)
    t = a.size
    result = np.zeros((points, t + D, t + D), complex)
    X = np.einsum("nlac,nldb->nabcd", e.weights[:, None, None] * left.m, right.m)
    X = twice[:, None, None] * (X[:, a, b] + X[:, b, a])
    result[:, :t, :t] = -twice * (X[:, :, a, b] + X[:, :, b, a])
    first, second = _through(e, left), _through(e, right)
    weight = (e.weights * e.nodes)[:, None, None, None] * e.pi[:, None, None]
    X = np.einsum("nlcka,nlcmb->nabckm", weight * first, second).reshape(points, rank, rank, D)
    result[:, :t, t:] = -twice[:, None] * (X[:, a, b] + X[:, b, a])
    own = -np.einsum("ncka,ncbm->nckmab", e.pi[:, None, None] * left.E, right.E).reshape(points, C, K * K, K * K)
    for c in range(C):
        rows = slice(t + c * K * K, t + (c + 1) * K * K)
        result[:, rows, rows] = own[:, c]
    return result


def _data_rows(e, field):
    """The rows of the data in the basis, by kind: (N, L, C, K, r)."""
    _, C, K = e.sizes
    return field.basis[:, :, : C * K].reshape(*field.basis.shape[:2], C, K, -1)


def _through(e, field):
    """E_c (1+TĤ)^{-1}V in the rows of kind c, (N, L, C, K, r)."""
    return field.E[:, None] @ _data_rows(e, field)


def _samples(e, left, right):
    """d⟨λN⟩_cc/ψ_n by (T, δ), (N, C·K·K, F), with dN = P₁^TdTP₂ − N₁dĤN₂."""
    _, C, K = e.sizes
    points, D = len(left.m), C * K * K
    a, b, twice = _triangle(left.m.shape[-1])
    first, second = _data_rows(e, left), _data_rows(e, right)
    weight = (e.weights * e.nodes / e.psi_n)[:, None, None, None]
    X = np.einsum("nlcka,nlcmb->nckmab", weight * first, second).reshape(points, D, *2 * (left.m.shape[-1],))
    by_T = twice * (X[:, :, a, b] + X[:, :, b, a])
    return np.concatenate([by_T, matrices.samples_by_samples(e, left, right)], axis=2)
