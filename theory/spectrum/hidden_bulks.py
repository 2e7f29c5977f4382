r"""Bulks that lie between two points outside the support, found by counting.

Between bulks the q_j and the matrices δ_c grow with z, as transforms of positive measures, and with S_λ = Ĥ_λ^{-1} + T none of

    the q_j,      the eigenvalues of 1 + δ_c,      the eigenvalues of S_λ, for all λ of ρ_Σ,

passes through zero. For a term of some 1/q_j would be infinite there, hence q_j = 0, then T = 0 in the channels concerned and with it
δ_c = 0, which is not −1. (1 + δ_c stands in 1/q_j alone where kind c has a nonlinear part C; elsewhere it may pass zero.) What is
narrow is almost a single eigenvalue, and made by features of a rare type, samples of a rare kind or directions of a rare variance: at a
pole of q_j, a zero of 1 + δ_c or of S_λ, as outliers are at one of S_λ for a λ of no weight (`theory.outliers.counted`); directions
without samples make a pole of δ_c. So a bulk between two points shows in their numbers of negative values or in a fall, whatever
its width and weight, and the secant of the function that changes sign finds it.

Here is only the counting: `suspects` is told points outside the support with their solutions, and says where `theory.spectrum.edge_search`,
which alone calls it, is to look; what lies there is decided by the certificate. So a false alarm costs a few points, and a criterion that
is loosened by mistake costs a bulk. Derived here, checked by ``tests/spectrum/test_edge_search.py`` against the edges of the scalar equations.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..couplings.ensemble import FLAT

if TYPE_CHECKING:
    from ..equations.general import GeneralSystem

#: intervals shorter than this, relative to y, are not divided
RESOLUTION = 1e-13
#: where an interval is divided besides: not in the middle, which may be an edge again and again
DIVISION = 0.47
#: a q_j that falls by less than this, relative to its size, falls by rounding
ROUNDING = 1e-9


def indicators(system: "GeneralSystem", x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """What may not change sign between neighbours, at N points outside the support: q (N, J), δ (N, C, K, K), S_λ (N, L, M, M).

    The S_λ are scaled on both sides so that their diagonals are ±1, which changes no sign.
    """
    e = system.ensemble
    J, C, K = e.sizes
    half = C * K
    full = system.full(x)
    q, delta = full[:J].T.real, full[J:].T.real.reshape(-1, C, K, K)
    S = np.repeat((e.psi_p * (e.u.T * (e.p * q)[:, None, :]) @ e.u)[:, None], e.nodes.size, axis=1)
    no_data = e.nodes == 0
    inverse = 1 / np.where(no_data, 1, e.nodes)
    for c in range(C):
        rows = slice(c * K, (c + 1) * K)
        S[..., rows, rows] += inverse[:, None, None] * (np.eye(K) + delta[:, None, c]) / e.pi[c]
    # a direction without variance has the channels of the noise alone
    S[:, no_data, :half] = S[:, no_data, :, :half] = 0
    S[..., range(half), range(half)] += no_data[:, None]
    noise = np.arange(half, 2 * half)
    S[..., noise, noise] += 1
    scale = 1 / np.sqrt(np.maximum(np.abs(np.diagonal(S, axis1=-2, axis2=-1)), 1e-300))
    return q, delta, S * scale[..., None] * scale[..., None, :]


def suspects(system: "GeneralSystem", y: NDArray, x: NDArray, left: NDArray[np.intp]) -> NDArray[np.float64]:
    """Points at which to look for the bulks between y_k and y_{k+1}, both outside the support, for the k in ``left``; sorted.

    None where all is as it must be, or where an interval is too short to be divided.
    """
    if left.size == 0:
        return np.zeros(0)
    e = system.ensemble
    ends = np.unique(np.append(left, left + 1))
    a, b = np.searchsorted(ends, left), np.searchsorted(ends, left + 1)
    q, delta, S = indicators(system, x[:, ends])
    samples, directions = np.linalg.eigvalsh(np.eye(delta.shape[-1]) + delta), np.linalg.eigvalsh(S)
    flagged = (q[b] < q[a] - ROUNDING * np.abs(q[a])).any(axis=1) | ((q[a] < 0) != (q[b] < 0)).any(axis=1)
    size = np.abs(delta[a]).max(axis=(-2, -1)) + np.abs(delta[b]).max(axis=(-2, -1))
    flagged |= (np.linalg.eigvalsh(delta[b] - delta[a])[..., 0] < -ROUNDING * size).any(axis=1)
    change = (samples[b] < 0).sum(axis=2) - (samples[a] < 0).sum(axis=2)
    nonlinear = np.einsum("jckk->c", e.C) > FLAT * e.second_moments.max()
    flagged |= ((change > 0) | (nonlinear & (change < 0))).any(axis=1)
    flagged |= ((directions[a] < 0).sum(axis=2) != (directions[b] < 0).sum(axis=2)).any(axis=1)
    functions = np.concatenate([1 / q, *(values.reshape(len(q), -1) for values in (samples, directions))], axis=1)
    points = [np.zeros(0)]
    for k in np.flatnonzero(flagged):
        low, high = max(y[left[k]], 0.0), y[left[k] + 1]
        if high - low <= RESOLUTION * high:
            continue
        f, g = functions[a[k]], functions[b[k]]
        f, g = f[(f < 0) != (g < 0)], g[(f < 0) != (g < 0)]
        # an eigenvalue that becomes negative has passed a pole, which is a zero of its inverse; so do both, for 1/q_j
        secant = np.concatenate([f / (f - g), g / (g - f)]).round(9)
        points.append(low + (high - low) * np.append(secant[(secant > 0) & (secant < 1)], DIVISION))
    return np.unique(np.concatenate(points))
