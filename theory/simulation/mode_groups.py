r"""Which eigenmodes of U change the test loss, and when: the loss of one draw, taken apart by groups of modes.

The test loss is a quadratic form of the filter, test = L̃_0 + (1/d) Σ_ij f_i f_j Q_ij − (2/d) Σ_i f_i o_i with the `flow_matrices` of
`theory.simulation.flow`. Groups of modes are therefore no parts of it that add up: Q couples them. Two ways to be honest about that, for groups
g of modes between walls:

* **state**: what group g alone would take off, Σ_{ij∈g} f_i f_j Q_ij − 2 Σ_{i∈g} f_i o_i, and for each pair g ≠ h what remains,
  2 Σ_{i∈g, j∈h} f_i f_j Q_ij;
* **path**: the loss that changes *while the modes of g move*, ∫₀^τ Σ_{i∈g} (∂test/∂f_i) df_i. These do add up to test − L̃_0, with no cross
  terms: what two modes have in common counts for the one that moves at the time. The integral is elementary, ∫ f_j df_i =
  [f_i − (1 − e^{−cτ(λ_i+λ_j)})/(λ_i+λ_j)]/λ_j.

Derived here, checked by ``tests/simulation/test_mode_groups.py``.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..filters import check_tau
from ..validation import a_draw, finite_array
from .loss import flow_filter

if TYPE_CHECKING:
    from .finite import FiniteModel


class LossByGroups(NamedTuple):
    """Changes of the test loss from its value at A = 0, per dimension; G groups, in the order of their eigenvalues."""

    #: modes in each group, (G,)
    sizes: NDArray[np.int_]
    #: what each group alone changes, (…, G), and what each pair adds to it, (…, G, G), symmetric with zeros on the diagonal; the change of the
    #: loss is the sum over ``alone`` plus the sum over pairs g < h
    alone: NDArray[np.float64]
    pairs: NDArray[np.float64]
    #: what changes while each group moves, (…, G); the change of the loss is their sum
    path: NDArray[np.float64]


def loss_by_groups(finite: "FiniteModel", tau: ArrayLike, walls: ArrayLike) -> LossByGroups:
    """The test loss along gradient flow by groups of eigenmodes.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
    tau : array of training times >= 0, inf allowed
    walls : increasing sequence of G − 1 real numbers > 0
        Between the groups, in units of the eigenvalues of U, as gaps of the spectrum.

    Returns
    -------
    LossByGroups
        Arrays that start with the shape of ``tau``.

    Raises
    ------
    ValueError
        Walls that do not increase, or lie at or below 0.

    Notes
    -----
    Cost O(p³) once per draw, and O(p²) per τ.
    """
    tau = check_tau(tau)
    (eigenvalues, overlap, quadratic), d = a_draw(finite).flow_matrices, finite.W.shape[1]
    member = _members(eigenvalues, walls)
    rows = [_one_time(finite, eigenvalues, overlap / d, quadratic / d, member, one) for one in tau.ravel()]
    columns = (np.array(column).reshape(*tau.shape, *np.shape(column[0])) for column in zip(*rows, strict=True))
    return LossByGroups(member.sum(axis=1).astype(int), *columns)


def _members(eigenvalues, walls):
    """(G, p), 1 where a mode belongs to a group."""
    walls = finite_array("walls", walls, float)
    if walls.ndim != 1 or walls.size == 0 or walls[0] <= 0 or np.any(np.diff(walls) <= 0):
        raise ValueError(f"walls = {walls} do not increase from a positive number; allowed: (w_1 < w_2 < …), w_1 > 0")
    groups = np.searchsorted(walls, eigenvalues)
    return (groups == np.arange(walls.size + 1)[:, None]).astype(float)


def _one_time(finite, eigenvalues, overlap, quadratic, member, tau):
    f = flow_filter(finite, eigenvalues, np.array([tau]))[0]
    seen = np.where(eigenvalues == 0, 1.0, eigenvalues)  # null modes have no part in the loss
    blocks = member @ (f[:, None] * quadratic * f) @ member.T
    linear = 2 * member @ (f * overlap)
    # ∫ f_j df_i
    both = flow_filter(finite, (seen[:, None] + seen).ravel(), np.array([tau]))[0].reshape(quadratic.shape)
    path = member @ (2 * np.sum((f[:, None] - both) / seen * quadratic, axis=1)) - linear
    return np.diag(blocks) - linear, 2 * (blocks - np.diag(np.diag(blocks))), path
