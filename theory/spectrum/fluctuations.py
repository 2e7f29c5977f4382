r"""The scale of the fluctuations of the eigenvalue next to an edge, from the curvature of z(q) there.

Off the support the solutions are a real curve z(q), and at an edge z' = 0: inside, q leaves the real axis like a square root, and with it

.. math:: \rho(\lambda) \simeq \frac{\gamma}{\pi}\sqrt{|\lambda-\lambda_E|},\qquad \gamma = \sqrt{2/|z''(q_E)|} .

The eigenvalues of a real symmetric p × p matrix whose density ends like that are, next to the end,
λ_E ± (γp)^{-2/3} χ with χ of Tracy and Widom's law for β = 1 (for the semicircle γ = 1, and λ_max = 2 + p^{-2/3} χ). So the scale is
(|z''|/2p²)^{1/3}; the sign is + at an upper end of a bulk, where z'' > 0, and − at a lower one. That U has this universal law is
not proved here; the scale is derived (`theory.symbolic.edge_curvature`), checked against Johnstone's of Wishart matrices and against draws by
``tests/spectrum/test_fluctuations.py``.

Asked for by ``Spectrum.edge_fluctuations``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.edge_curvature import curve
from ..symbolic.evaluate import evaluator
from ..validation import a_scalar_spectrum

if TYPE_CHECKING:
    from ..equations.scalar import ScalarSystem

#: an edge is told from the next one where this many scales lie between them
APART = 8.0
#: |z'| that an edge may have, of |q z''|
STATIONARY = 1e-6


@dataclass(frozen=True)
class EdgeFluctuation:
    """One edge: the eigenvalue next to it is edge + side · scale · χ, of mean and deviation as `mean` and `deviation` say.

    ``scale`` is None where the law is another, and ``exception`` says why: a "hard edge", at which the density diverges, or a "cusp", where
    the next edge is closer than 8 scales and the two are not told apart in this dimension.
    """

    edge: float
    #: +1 at the upper end of a bulk, −1 at the lower one
    side: int
    scale: float | None
    exception: str | None = None

    #: mean and standard deviation of χ, β = 1; a test takes both from Ferrari and Spohn's determinant
    MEAN = -1.20653357
    DEVIATION = 1.26798304

    @property
    def mean(self) -> float | None:
        """Mean of the eigenvalue next to the edge, to leading order."""
        return None if self.scale is None else self.edge + self.side * self.scale * self.MEAN

    @property
    def deviation(self) -> float | None:
        """Its standard deviation, to leading order."""
        return None if self.scale is None else self.scale * self.DEVIATION


def edge_fluctuations(spectrum: Any, d: int) -> tuple[EdgeFluctuation, ...]:
    """As ``Spectrum.edge_fluctuations``, with p = round(ψ_p d), for a checked ``d``."""
    a_scalar_spectrum(spectrum)
    edges = np.array(spectrum.edges())
    table = spectrum.support.table
    # the rows of intervals that double precision resolves, which are those of the edges
    table = table[[int(np.argmin(np.abs(spectrum.offset + table[:, 0] - edge))) for edge in edges]]
    p = max(1, round(float(spectrum.model.psi_p) * d))
    return tuple(_at(spectrum.system.resolved, row, edges, k, p) for k, row in enumerate(table))


def _at(system: "ScalarSystem", row, edges, k, p):
    y, q, delta = row
    side = 1 if k % 2 else -1
    if y == 0 or not np.isfinite(q):
        return EdgeFluctuation(float(edges[k]), side, None, "hard edge")
    first, second = (
        float(x[0]) for x in _curve()((np.array([q]), np.array([delta])), system.in_y, system.nodes, system.weights)
    )
    if not (abs(first) <= STATIONARY * abs(q * second) and side * second > 0):
        raise ConvergenceError(
            f"the curvature of z(q) at the edge {edges[k]:.12g}", abs(first / (q * second)), reason="precision"
        )
    scale = (abs(second) / (2 * p**2)) ** (1 / 3)
    neighbours = [abs(edges[k] - edges[j]) for j in (k - 1, k + 1) if 0 <= j < edges.size]
    if min(neighbours) < APART * scale:
        return EdgeFluctuation(float(edges[k]), side, None, "cusp")
    return EdgeFluctuation(float(edges[k]), side, scale)


def _curve():
    return evaluator(curve()[1:], (S.q, S.delta), "numpy")
