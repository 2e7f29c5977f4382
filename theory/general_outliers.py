r"""Outliers of the general action: directions of the data that stand out, by kinds, and the directions of the mean activations.

**Directions.** Let the kinds have second moments G_c (r × r, in units of σ_c²) in r directions of data space. They add
−(1/2d) log det(1 + Ĥ_*T) to the action, Ĥ_* = diag(π_c(1+δ_c)^{-1} ⊗ G_c; 1) over channels ⊗ directions, and outliers are its zeros outside
the bulk: those of

.. math:: \mathsf S(z) = \hat H_*^{-1} + T .

−𝖲^{-1} is, up to a constant, the transform of a positive matrix measure (it is u^TMu of `theory.general_training` for these directions),
so that 𝖲 has a positive imaginary part above the axis: outside the support it is real and grows with z. The number of its negative
eigenvalues falls by one at each outlier, and by nothing else on an interval without a pole: outliers are *counted* by two
evaluations, and found by bisection. The overlap of the eigenvector v with We is |v·We|²/p = (τ·n)²/(ψ_p n^T𝖲'n), 𝖲n = 0,
τ = ψ_p Σ_j p_j q_j u_j.

**Means.** With the mean activations κ_jck, U has C·K more directions, in which its eigenvalues are of order p. A sample's features
fluctuate about their mean, which adds δ_c: outliers are the zeros of det(diag(1+δ_c) + p Σ_j p_j q_j κ_jκ_j^T), counted the same way.

Derived here, checked by ``tests/test_general_outliers.py`` against finite networks and, for one type, kind and node, `theory.outliers`.
"""

from dataclasses import dataclass

import numpy as np

from .continuation import beside
from .data import Gaussian
from .errors import ConvergenceError
from .validation import positive_integer

#: how close to an edge or atom, relative to the distance of the next one, outliers are looked for
MARGIN = 1e-9


@dataclass(frozen=True)
class DirectionOutlier:
    """One eigenvalue of U off the bulk, made by directions of the data."""

    eigenvalue: float
    #: |v·We|²/p summed over an orthonormal basis e of the directions
    overlap: float
    #: the same for each basis vector, (r,); they are those of ``Mixture.centroids()``, or of the spikes in their order
    overlaps: tuple


@dataclass(frozen=True)
class MeanOutlier:
    """One eigenvalue of U in the span of the mean activations, at a finite d."""

    eigenvalue: float


def direction_outliers(spectrum):
    """`DirectionOutlier` for ``Gaussian(spikes=…)`` and ``Mixture(spikes=…)``, sorted by eigenvalue; () where there is none.

    Raises
    ------
    ValueError
        ``Mixture(spikes=…)`` with a covariance of several eigenvalues: where the centroids lie in its eigenbasis would matter.

    Notes
    -----
    Cost: the edges of the spectrum, then about 50 solutions for each outlier, each by a few Newton steps from its neighbours.
    """
    model = spectrum.model
    if isinstance(model.data, Gaussian):
        blocks = [np.array([[[float(value)]]]) for value in model.data.spikes]
    else:
        blocks = _mixture_blocks(model.data)
    found = []
    for k, moments in enumerate(blocks):
        for z in _zeros(spectrum, lambda x, g=moments: _directions(spectrum.system, x, g)):
            overlaps = _overlaps(spectrum, z, moments)
            padded = tuple(float(overlaps[0]) if i == k else 0.0 for i in range(len(blocks))) if len(blocks) > 1 else None
            found.append(DirectionOutlier(z, float(overlaps.sum()), padded or tuple(map(float, overlaps))))
    return tuple(sorted(found, key=lambda outlier: outlier.eigenvalue))


def mean_outliers(spectrum, d):
    """`MeanOutlier` in the span of the mean activations at dimension d, sorted; () if all means vanish.

    They are of order p = ψ_p d, and reported where they lie outside the bulk, above it.
    """
    e, p = spectrum.model.ensemble, spectrum.model.ensemble.psi_p * positive_integer("d", d)
    if not e.kappa.any():
        return ()
    top = float(np.linalg.eigvalsh(np.tensordot(e.p, e.kappa, 1))[-1])
    above = 2 * p * top + 2 * spectrum.upper_bound
    return tuple(MeanOutlier(z) for z in _zeros(spectrum, lambda x: _means(spectrum.system, x, p), above, lowest=False))


def _mixture_blocks(data):
    if data.spikes is None:
        return []
    if len(data.spectrum) > 1:
        raise ValueError(
            f"spectrum = {data.spectrum} with spikes: outliers would depend on where the centroids lie in its eigenbasis; "
            "allowed: one eigenvalue"
        )
    m = data.centroids()
    if m.shape[1] == 0:
        return []
    value = data.covariance.eigenvalues[0]
    return [value * np.eye(m.shape[1]) + m[:, :, None] * m[:, None, :] / data.scales[:, None, None]]


def _directions(system, x, moments):
    """𝖲 at N solutions, array (N, 2CK·r, 2CK·r), channels first; its inverse blocks avoid the poles of Ĥ."""
    e = system.ensemble
    J, C, K = e.sizes
    moments = np.broadcast_to(moments, (C, *moments.shape[1:]))
    r = moments.shape[-1]
    full = system.full(x)
    q, delta = full[:J].T.real, full[J:].T.real.reshape(-1, C, K, K)
    T = e.psi_p * (e.u.T * (e.p * q)[:, None, :]) @ e.u
    result = np.einsum("nab,ij->naibj", T, np.eye(r)).reshape(len(q), T.shape[1] * r, -1)
    for c in range(C):
        rows = slice(c * K * r, (c + 1) * K * r)
        block = (np.eye(K) + delta[:, c]) / e.pi[c]
        result[:, rows, rows] += np.einsum("nab,ij->naibj", block, np.linalg.inv(moments[c])).reshape(-1, K * r, K * r)
    noise = np.arange(C * K * r, 2 * C * K * r)
    result[:, noise, noise] += 1
    return result


def _means(system, x, p):
    """diag(1+δ_c) + p Σ_j p_j q_j κ_jκ_j^T at N solutions, array (N, CK, CK)."""
    e = system.ensemble
    J, C, K = e.sizes
    full = system.full(x)
    result = p * np.einsum("jn,jab->nab", e.p[:, None] * full[:J].real, e.kappa)
    for c in range(C):
        rows = slice(c * K, (c + 1) * K)
        result[:, rows, rows] += np.eye(K) + full[J:].T.real.reshape(-1, C, K, K)[:, c]
    return result


def _zeros(spectrum, matrix, above=None, lowest=True):
    """The z outside the support at which an eigenvalue of the growing matrix passes zero."""
    edges = np.array(spectrum.edges())
    barriers = sorted([*((a, a) for a, _ in spectrum.atoms()), *map(tuple, edges.reshape(-1, 2))])
    top = above or 4 * spectrum.upper_bound
    ends = [low for low, _ in barriers[1:]] + [top]
    gaps = [(start, stop) for (_, start), stop in zip(barriers, ends, strict=True) if stop > start]
    found = []
    for start, stop in gaps if lowest else gaps[-1:]:
        low, high = start + MARGIN * (stop - start), stop - MARGIN * (stop - start)
        x = [_outside(spectrum, z) for z in (low, high)]
        first, last = (int(np.count_nonzero(np.linalg.eigvalsh(matrix(at)[0]) < 0)) for at in x)
        # in increasing order, the eigenvalues that are negative at one end and positive at the other
        found += [_bisect(spectrum, matrix, (low, x[0]), (high, x[1]), index) for index in range(last, first)]
    return found


def _outside(spectrum, z, starts=None):
    """The real solution at z, by Newton from ``starts`` if that will do."""
    at = np.array([z - spectrum.offset + 0j])
    x = None if starts is None else beside(spectrum.shifted, starts, at)
    x = spectrum.solve(np.array([z + 0j])) if x is None else x
    if np.abs(x.imag).max() > 0:
        raise ConvergenceError(f"z = {z:.12g} lies inside the bulk, where no outlier can be counted", np.nan)
    return x


def _bisect(spectrum, matrix, low, high, index, rounds=60):
    """Where the eigenvalue number ``index`` of the growing matrix passes zero between two points, each given as (z, solution)."""
    for _ in range(rounds):
        z = (low[0] + high[0]) / 2
        x = _outside(spectrum, z, np.hstack([low[1], high[1]]))
        if np.linalg.eigvalsh(matrix(x)[0])[index] < 0:
            low = z, x
        else:
            high = z, x
        if high[0] - low[0] <= 1e-13 * abs(high[0]):
            break
    return float((low[0] + high[0]) / 2)


def _overlaps(spectrum, z, moments):
    """|v·We|²/p for the basis vectors e of the directions, (r,)."""
    system, at = spectrum.system, np.array([z + 0j])
    e = system.ensemble
    r = moments.shape[-1]
    x = spectrum.solve(at)
    slope = system.tangent(x, at).real
    values, vectors = np.linalg.eigh(_directions(system, x, moments)[0])
    n = vectors[:, np.argmin(np.abs(values))]
    # 𝖲 is affine in (q, δ), so that its derivative is its value at the slopes less its constant part
    step = _directions(system, slope + 0j, moments)[0] - _directions(system, np.zeros_like(x), moments)[0]
    tau = e.psi_p * (e.p * x[: system.resolvents, 0].real) @ e.u
    return (tau @ n.reshape(-1, r)) ** 2 / (e.psi_p * n @ step @ n)
