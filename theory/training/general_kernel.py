r"""H and G of `theory.training.scalar_kernel` for the general models: the target is treated as one more type of feature.

**The idea.** The losses need V, which pairs features with the target y. The saddle point knows only resolvents of features. But y is linear
in x and ξ, as the linear part of a feature is: read along a random direction of data space, it *is* a feature, of a type Y of its own,
with the couplings u_Y = ``ensemble.target``, no nonlinear part, and a share of no features at all, so that it changes nothing of the rest.
What the equations say of its entry of the resolvent is then what we want to know of V:

* by the Schur complement, 1/q_Y = L₀ − z − (1/d) Tr V^TQ(z)V (the target's own square, less what the features explain of it);
* by the saddle point, 1/q_Y = −z + u_Y^T⟨M⟩u_Y, as for any type.

**One argument.** The two together are H, and the same with a fresh sample's target on one side is the limit z₁ → ∞ of G:

.. math:: \tfrac1d\mathrm{Tr}\,V^TQV = L_0 - u_Y^T\langle M\rangle u_Y,\qquad
          \tfrac1d\mathrm{Tr}\,V^TQ\tilde V = L_0 - u_Y^T\langle P\,\mathsf H\rangle u_Y,

with L₀ the loss at A = 0, P = (1 + ĤT)^{-1} and 𝖧 the value of Ĥ for fresh samples, δ = 0.

**Two arguments.** Take two fields with their own z, coupled by a source κ times the matrix of fresh samples. To first order in κ they
respond by the linear equations of `theory.equations.response`, and the off-diagonal 1/q_Y is κ times

.. math:: G(z_1,z_2) = L_0 - \tfrac1d\mathrm{Tr}\,V^TQ_1\tilde V - \tfrac1d\mathrm{Tr}\,\tilde V^TQ_2V
          + \tfrac1d\mathrm{Tr}\,V^TQ_1\tilde UQ_2V .

Called by `theory.training.losses` alone. Derived here, checked by ``tests/training/test_general_training.py`` against the scalar F of
`theory.training.two_resolvents` and finite networks.

Here arguments are not checked: for whoever looks inside, or extends the package.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.general import CHUNK
from ..equations.response import diagonal_blocks, fields, response, solve_stack

if TYPE_CHECKING:
    from ..equations.general import GeneralSystem


def _columns(e):
    """Couplings of the types and of the target, (J + 1, M)."""
    return np.concatenate([e.u, e.target[None]])


def overlaps(system: "GeneralSystem", x: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """((1/d) Tr V^TQV, (1/d) Tr V^TQṼ) at solutions x of an `GeneralSystem`, two arrays (N,)."""
    train, test = residuals(system, x)
    return system.ensemble.initial_loss - train, system.ensemble.initial_loss - test


def residuals(system: "GeneralSystem", x: NDArray[np.complex128]) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """What `overlaps` leave of L₀: (1/d) E[y·r_z] on the training set, H, and on fresh data, the limit z₁ → ∞ of G."""
    e = system.ensemble
    field = fields(e, system.full(x), e.target[:, None])
    fresh, _ = e.population
    train = np.einsum("l,m,nlm->n", e.weights, e.target, field.Mu[..., -1])
    test = np.einsum("l,lmk,k,nlm->n", e.weights, fresh, e.target, field.B[..., -1], optimize=True)
    return train, test


def fresh_loss_kernel(
    system: "GeneralSystem", x: NDArray[np.complex128], i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """G(z_i, z_j) for pairs of the solutions x, an array shaped like ``i``.

    Cost: one linear system of m = J + C·K² unknowns a pair, O(m³); in chunks, so that memory stays bounded.
    """
    e = system.ensemble
    J, C, K = e.sizes
    full, columns = system.full(x), _columns(e)
    field = fields(e, full, e.target[:, None])
    fresh, mean_square = e.population
    mean_square = np.append(mean_square, 0)
    m = J + C * K * K
    rows = max(1, CHUNK // (2 * m * m))
    parts = []
    for first in range(0, i.size, rows):
        a, b = i[first : first + rows], j[first : first + rows]
        left, right = field[a], field[b]
        matrix, target_row = response(e, left, right, columns, 1 / (full[:J, a] * full[:J, b]).T)
        direct = mean_square + np.einsum("l,nlmj,lmk,nlkj->nj", e.weights, left.B, fresh, right.B, optimize=True)
        samples = diagonal_blocks(e, (left.N @ fresh) @ np.swapaxes(right.N, -1, -2)) / e.psi_n
        source = np.concatenate([direct[:, :J], samples.reshape(len(a), -1)], axis=1)
        answer = -solve_stack(matrix, source)
        parts.append(direct[:, J] + np.einsum("nm,nm->n", target_row[:, 0], answer))
    return np.concatenate(parts)
