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
    label = _same(rows / size)
    first, member = np.unique(label, return_inverse=True)
    total = np.bincount(member, weights=p)
    mean = np.zeros((first.size, *kappa.shape[1:]))
    np.add.at(mean, member, p[:, None, None] * kappa)
    return total, u[first], C[first], s2[first], mean / total[:, None, None]


def _same(rows):
    """For each row the first one that it is within `SAME` of; J log J, since only what has the same projection is compared."""
    J, columns = rows.shape
    generic = np.cos(1.0 + np.arange(columns))
    key = rows @ generic
    order = np.argsort(key, kind="stable")
    # rows that are the same have projections within SAME·Σ|generic|, and their rounding
    ends = np.flatnonzero(np.diff(key[order]) > 2 * SAME * np.abs(generic).sum()) + 1
    label = np.full(J, -1)
    for group in np.split(order, ends):
        if group.size == 1:
            label[group] = group
            continue
        group = np.sort(group)
        while group.size:
            alike = np.all(np.abs(rows[group] - rows[group[0]]) <= SAME, axis=1)
            label[group[alike]] = group[0]
            group = group[~alike]
    return label
