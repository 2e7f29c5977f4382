r"""A continuous ρ_Σ: the rule by which its edges are found, and which gaps of its quadrature nodes are none.

A law of the eigenvalues of Σ that is continuous on an interval is handed to the equations as quadrature nodes. For averages that is
exact to rounding. The *support* is another matter: nodes are atoms, and the law of U that belongs to them has gaps between them
that the continuum does not have, the more the more nodes there are. Which ones is decided exactly. Of a direction of variance λ,

.. math:: D_\lambda(z) = \frac1q + \psi_p\Big(b^2 + \frac{\alpha^2\lambda}{1+\delta}\Big),

1/D_λ is the transform of a probability measure (`theory.outliers.closed_form`), and s = ∫ρ_Σ(λ)/D_λ. If D_λ vanished at a real z outside the
support for a λ inside the interval, then by the implicit function theorem it would for all λ beside it, at other z, and s would have
an imaginary part there. So for no z outside the support does the λ with D_λ(z) = 0 lie in the interval. For the nodes D has no zero in a
gap either, and so the λ with D_λ(z) = 0 stays between the same two nodes all over the gap: a gap of the nodes is an artefact if and only
if D has opposite signs at two nodes of one interval.

In the variables of `theory.spectrum.scalar_edges`, x = 1/q and poles at x = −ψ_p(b² + α²λ_i/(1+δ)), artefacts are the branches that lie
between two poles of one interval. What remains are the branches beyond them, on which the averages over ρ_Σ are integrals of a function that
is singular only off the interval, if close to its ends: a rule that is graded towards both ends has them to rounding, whatever the
number of nodes.

`enclosed` tells `theory.spectrum.real_curve` which branches to leave out, `is_artefact` lets `theory.spectrum.support` count the gaps that the
nodes show and compare. The same question for the general equations: `theory.spectrum.label_continuum`. The intervals themselves and
the graded rule are the data's, `theory.data.continuum`. Derived here, checked by ``tests/spectrum/test_continuum.py``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..data.continuum import Continuum
    from .law import Spectrum


def enclosed(poles_of_data: NDArray[np.float64], intervals: "Sequence[Continuum]") -> NDArray[np.bool_]:
    """Which branches lie between two poles of one interval, (N, poles − 1).

    ``poles_of_data`` (N, poles) is, in increasing order of the poles, the eigenvalue that each belongs to, NaN for the pole at 0.
    """
    result = np.zeros((len(poles_of_data), poles_of_data.shape[1] - 1), bool)
    for interval in intervals:
        members = (interval.low <= poles_of_data) & (poles_of_data <= interval.high)
        before = np.logical_or.accumulate(members, axis=1)[:, :-1]
        after = np.logical_or.accumulate(members[:, ::-1], axis=1)[:, ::-1][:, 1:]
        result |= before & after
    return result


def is_artefact(spectrum: "Spectrum", row: NDArray[np.float64]) -> bool:
    """Whether the gap of the nodes that one of its edges (y, q, δ) bounds is none of the continuum."""
    psi_p, _, alpha, b, _, _ = spectrum.system.parameters
    _, q, delta = row
    values = np.asarray(spectrum.system.nodes)
    positive = 1 / q + psi_p * (b**2 + alpha**2 * values / (1 + delta)) > 0
    inside = [positive[(interval.low <= values) & (values <= interval.high)] for interval in spectrum.model.data.continuous]
    return any(side.any() and not side.all() for side in inside)
