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

**Class by class.** The loss on fresh samples of one kind is the same with the matrix of that kind alone as the source. The loss on the
training samples of one kind is the derivative by their weight: a source κ that multiplies them turns 1 + δ_c, between the fields, into 1 + δ_c −
κ, and so moves Ĥ_c by κπ_cE_c(z₁)E_c(z₂) where fresh samples, of which δ = 0, move it by κπ_c (`theory.symbolic.class_losses` derives both).
The response to the sources is one and the same: solved once for the target's row (the adjoint), it serves any number of them.

Called by `theory.training.losses` alone. Derived here, checked by ``tests/training/test_general_training.py`` against the scalar F of
`theory.training.two_resolvents` and finite networks, by ``tests/training/test_class_curves.py`` class by class.

Here arguments are not checked: for whoever looks inside, or extends the package.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations import channels
from ..equations.general import CHUNK
from ..equations.matrices import diagonal_blocks
from ..equations.response import fields, numbers_of_a_pair, respond

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


def class_residuals(system: "GeneralSystem", x: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """`residuals` of each kind c alone, (1/d) E_c[y·r_z], on its training samples and on fresh ones: array (2, C, N)."""
    e = system.ensemble
    field = fields(e, system.full(x), e.target[:, None])
    B, target = field.B[..., -1:], np.broadcast_to(e.target[:, None], field.B[..., -1:].shape)
    E, one = field.E, np.eye(e.sizes[2])
    found = [
        [_within(e, c, target, B, middle)[:, 0, 0] for c, middle in enumerate(m)] for m in (_kinds(E), [one] * e.pi.size)
    ]
    return np.array(found) / e.pi[:, None]


def fresh_loss_kernel(
    system: "GeneralSystem", x: NDArray[np.complex128], i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.complex128]:
    """G(z_i, z_j) for pairs of the solutions x, an array shaped like ``i``.

    Cost: one linear system of m = J + C·K² unknowns a pair, O(m³), or linear in J where types are many; in chunks, so that memory stays bounded.
    """
    return loss_kernels(system, x, i, j, classes=False)[0]


def loss_kernels(
    system: "GeneralSystem", x: NDArray[np.complex128], i: NDArray[np.int64], j: NDArray[np.int64], classes: bool = True
) -> NDArray[np.complex128]:
    """G(z_i, z_j) of all losses that are double integrals, array (S, pairs).

    The first is that of `fresh_loss_kernel`. With ``classes`` there follow (1/d) E_c[r_{z_i}·r_{z_j}] on the training samples of each
    kind, and on fresh ones: S = 1 + 2C. Cost: that of `fresh_loss_kernel`, and little more.
    """
    e = system.ensemble
    J, C, K = e.sizes
    full, columns = system.full(x), _columns(e)
    field = fields(e, full, e.target[:, None])
    rows = max(1, CHUNK // numbers_of_a_pair(e))
    parts = []
    for first in range(0, i.size, rows):
        a, b = i[first : first + rows], j[first : first + rows]
        left, right = field[a], field[b]
        sources = [_of_fresh_samples(e, left, right)]
        if classes:
            middles = (_kinds(left.E @ right.E), [np.eye(K)] * C)
            sources += [_of_kind(e, left, right, c, middle) for kinds in middles for c, middle in enumerate(kinds)]
        stacked = np.array([_stacked(direct[:, :J], s) for direct, s in sources])
        answers = respond(e, left, right, columns, 1 / (full[:J, a] * full[:J, b]).T, stacked)[..., 0]
        parts.append([direct[:, J] + answer for (direct, _), answer in zip(sources, answers, strict=True)])
    values = np.concatenate(parts, axis=1)
    values[1:] /= np.tile(e.pi, 2)[: len(values) - 1, None]
    return values


def _of_fresh_samples(e, left, right):
    """What a source of fresh samples adds to 1/q_j and the target's (n, J + 1), and to δ (n, C, K, K)."""
    fresh, mean_square = e.population
    weighted = e.weights[:, None, None] * fresh
    direct = _read(e, left, right, lambda a, b: np.einsum("nlma,lmk,nlkb->nab", a, weighted, b, optimize=True))
    direct[:, :-1] += mean_square
    return direct, diagonal_blocks(e, (left.N @ fresh) @ np.swapaxes(right.N, -1, -2)) / e.psi_n


def _of_kind(e, left, right, c, middle):
    """The same of samples of kind c, π_c times: fresh if ``middle`` is 1 (K, K), of training if it is E_c(z₁)E_c(z₂), (n, K, K)."""
    direct = _read(e, left, right, lambda a, b: _within(e, c, a, b, middle))
    direct[:, :-1] += e.kind_s2[:, c] + e.pi[c] * np.einsum("...kl,jkl->...j", middle, e.C[:, c])
    data, noise = _rows(e, c)
    first, second = (np.swapaxes(f.N, -1, -2) for f in (left, right))
    inside = e.pi[c] * e.nodes[:, None, None] * (first[:, :, data].swapaxes(-1, -2) @ _each(middle) @ second[:, :, data])
    inside = inside + first[:, :, noise].swapaxes(-1, -2) @ second[:, :, noise]
    return direct, diagonal_blocks(e, inside) / e.psi_n


def _read(e, left, right, pairs):
    """What a source adds to the columns B_j, (n, J + 1): ``pairs`` of columns (n, L, M, ·) on the left and right is the source, (n, ·, ·)."""
    if isinstance(left, channels.ChannelFields):  # between the channels once, which all types read
        types = channels.read_linear(e, pairs(left.basis, right.basis))
        return np.concatenate([types, pairs(left.extra, right.extra)[..., 0]], axis=1)
    return np.diagonal(pairs(left.B, right.B), axis1=1, axis2=2).copy()


def _within(e, c, left, right, middle):
    """Σ_l w_l left^T X right for all pairs of columns, with X the channels of kind c: λπ_c ``middle`` for the data and 1 for the noise."""
    data, noise = _rows(e, c)
    first = np.swapaxes(left, -1, -2) * e.weights[:, None, None]
    inside = first[..., data] * (e.pi[c] * e.nodes[:, None, None]) @ (_each(middle) @ right[:, :, data])
    return (inside + first[..., noise] @ right[:, :, noise]).sum(axis=1)


def _each(middle):
    """(…, K, K) for every node of ρ_Σ."""
    return middle[..., None, :, :]


def _rows(e, c):
    """The channels of kind c: those of its data and those of its noise."""
    _, C, K = e.sizes
    return slice(c * K, (c + 1) * K), slice((C + c) * K, (C + c + 1) * K)


def _kinds(matrices):
    """(n, C, K, K) as C arrays (n, K, K)."""
    return list(np.moveaxis(matrices, 1, 0))


def _stacked(first, second):
    return np.concatenate([first, second.reshape(len(first), -1)], axis=1)
