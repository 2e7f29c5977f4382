"""Types that nothing tells apart are one: the biases b and −b of an odd activation, all biases of a linear one.

The equations have unknowns for each type, so that fewer are faster; and where two levels lie within rounding of each other, one of them is
no level. Called by `theory.couplings.ensemble`, once for each model's couplings.
"""

import numpy as np
from numpy.typing import NDArray

#: two types whose couplings differ by no more than this, relatively, are one
SAME = 1e-13
#: squares of Hermite coefficients that are rounding only, relative to all couplings: s̄_j², or a type's u_j and C_j together
ROUNDING = SAME**2


def merged(p: NDArray, pi: NDArray, u: NDArray, C: NDArray, s2: NDArray, kappa: NDArray) -> tuple[NDArray, ...]:
    """p, u, C, s̄² (by kinds) and E κκ^T of the types (`theory.couplings.ensemble.Ensemble`), those with the same couplings as one.

    What is `ROUNDING` only is zero first.
    """
    J = p.size
    coupled = np.einsum("c,jckk->j", pi, C) + np.sum(u**2, axis=1)
    scale = (s2.sum(axis=1) + coupled).max()
    # late in the diffusion a bias may leave a type linear, or constant, but for rounding: levels that lie 1e-30 apart are one
    s2 = np.where((s2.sum(axis=1) > ROUNDING * scale)[:, None], s2, 0.0)
    alive = coupled > ROUNDING * scale
    u, C = np.where(alive[:, None], u, 0.0), np.where(alive[:, None, None, None], C, 0.0)
    rows = np.concatenate([u, C.reshape(J, -1), s2], axis=1)
    size = np.full(rows.shape[1], scale)
    size[: u.shape[1]] = np.sqrt(scale)
    label = np.full(J, -1)
    for j in range(J):
        if label[j] < 0:
            label[(label < 0) & np.all(np.abs(rows - rows[j]) <= SAME * size, axis=1)] = j
    first = np.unique(label)
    members = [label == j for j in first]
    total = np.array([p[m].sum() for m in members])
    kappa = np.array([np.tensordot(p[m], kappa[m], 1) for m in members]) / total[:, None, None]
    return total, u[first], C[first], s2[first], kappa
