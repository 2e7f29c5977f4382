r"""The scale of the fluctuations of the eigenvalue next to an edge, from the curvature of z(q) there.

Off the support the solutions are a real curve z(q), and at an edge z' = 0: inside, q leaves the real axis like a square root, and with it

.. math:: \rho(\lambda) \simeq \frac{\gamma}{\pi}\sqrt{|\lambda-\lambda_E|},\qquad \gamma = \sqrt{2/|z''(q_E)|} .

The eigenvalues of a real symmetric p × p matrix whose density ends like that are, next to the end,
λ_E ± (γp)^{-2/3} χ with χ of Tracy and Widom's law for β = 1 (for the semicircle γ = 1, and λ_max = 2 + p^{-2/3} χ). So the scale is
(|z''|/2p²)^{1/3}; the sign is + at an upper end of a bulk, where z'' > 0, and − at a lower one. That U has this universal law is
not proved here; the scale is derived (`theory.symbolic.edge_curvature`), checked against Johnstone's of Wishart matrices and against draws by
``tests/spectrum/test_fluctuations.py``.

For several types, kinds and times the curve z(q) is known only through F(x, y) = 0, and an edge is its fold, where J = ∂F/∂x has null vectors
ℓJ = 0 and Jv = 0: there z'' = −ℓ·D²F[v, v] / (ℓ·∂_yF (Σ p_jv_j)²), what two equations give by elimination. Kinds and biases at their quantiles,
as `theory.simulation.simulate` draws them, add nothing; a label that is drawn moves the edge itself by O(p^{-1/2}), which is more once d is
large enough.

Asked for by ``Spectrum.edge_fluctuations``.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..couplings.feature_types import drawn_labels
from ..equations.general import GeneralSystem
from ..equations.scalar import ScalarSystem
from ..equations.system import System
from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.edge_curvature import curve
from ..symbolic.evaluate import evaluator

if TYPE_CHECKING:
    from .law import Spectrum

#: an edge is told from the next one where this many scales lie between them
APART = 8.0
#: |z'| that an edge may have, of |q z''|
STATIONARY = 1e-6
#: length of the complex step, at which its square is far below rounding
STEP = 1e-30


@dataclass(frozen=True)
class EdgeFluctuation:
    """One edge: the eigenvalue next to it is edge + side · scale · χ, of mean and deviation as `mean` and `deviation` say.

    ``scale`` is None where the law is another, and ``exception`` says why: a "hard edge", at which the density diverges; a "cusp", where
    the next edge is closer than 8 scales and the two are not told apart in this dimension; an "outermost label", where the support of a
    continuum of features or of ρ_Σ ends without a root; "drawn labels", projections on far centroids, with which the edge itself moves by
    O(p^{-1/2}) from draw to draw.
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
    edges, second, exceptions = spectrum.edge_curvatures
    p = max(1, round(float(spectrum.model.psi_p) * d))
    return tuple(_at(edges, k, second[k], exceptions[k], p) for k in range(len(edges)))


def _at(edges, k, second, exception, p):
    side = 1 if k % 2 else -1
    if exception:
        return EdgeFluctuation(edges[k], side, None, exception)
    scale = float((abs(second) / (2 * p**2)) ** (1 / 3))
    neighbours = [abs(edges[k] - edges[j]) for j in (k - 1, k + 1) if 0 <= j < len(edges)]
    if min(neighbours) < APART * scale:
        return EdgeFluctuation(edges[k], side, None, "cusp")
    return EdgeFluctuation(edges[k], side, scale)


def curvatures(spectrum: "Spectrum") -> tuple[tuple[float, ...], NDArray[np.float64], tuple[str | None, ...]]:
    """The edges, z''(q) at each, NaN where there is none, and why not. Raises `ConvergenceError` where z' is not 0 to rounding."""
    edges = spectrum.edges()
    # of the intervals in y those that double precision of λ resolves
    rows = [int(np.argmin(np.abs(spectrum.offset + spectrum.support.edges - edge))) for edge in edges]
    second, exceptions = np.full(len(edges), np.nan), [None] * len(edges)
    for k, row in enumerate(rows):
        found = curvature(spectrum.system, spectrum, row)
        if isinstance(found, str):
            exceptions[k] = found
            continue
        q, first, second[k] = found
        if not (abs(first) <= STATIONARY * abs(q * second[k]) and (1 if k % 2 else -1) * second[k] > 0):
            raise ConvergenceError(
                f"the curvature of z(q) at the edge {edges[k]:.12g}", abs(first / (q * second[k])), reason="precision"
            )
    return edges, second, tuple(exceptions)


@singledispatch
def curvature(system: System, spectrum: "Spectrum", row: int) -> tuple[float, float, float] | str:
    """(q, z', z'') at the edge ``row`` of the support, or the exception that it is."""
    raise TypeError(f"no curvature for {type(system).__name__}")


@curvature.register
def _(system: ScalarSystem, spectrum, row):
    y, q, delta = spectrum.support.table[row]
    if y == 0 or not np.isfinite(q):
        return "hard edge"
    resolved = system.resolved
    at = (np.array([q]), np.array([delta]))
    first, second = (float(value[0]) for value in _curve()(at, resolved.in_y, resolved.nodes, resolved.weights))
    return float(q), first, second


def _curve():
    return evaluator(curve()[1:], (S.q, S.delta), "numpy")


@curvature.register
def _(system: GeneralSystem, spectrum, row):
    y = spectrum.support.edges[row]
    if y == 0:
        return "hard edge"
    if system.resolvents > 1 and drawn_labels(spectrum.model):
        return "drawn labels"
    spectrum.support.node_edges  # noqa: B018  (fills the survey)
    at = [x for end, x in spectrum.support.survey.folds if end == y]
    return _at_fold(system, at[0].real, float(y)) if at else "outermost label"


def _at_fold(system, x, y):
    """(q, z', z'') of the fold of F(x, y) = 0."""
    J = system.resolvents
    rows, sizes = (scale[:, 0] for scale in system.scales(x[:, None] + 0j))

    def derivatives(v):
        _, jacobian, second = system.second_order(x, y, sizes * v, STEP)
        return rows[:, None] * jacobian * sizes, rows[:, None] * second * sizes

    left, values, right = np.linalg.svd(derivatives(np.ones(system.unknowns))[0])
    null, v = left[:, -1], right[-1]
    by_y = -null[:J] @ rows[:J]  # ℓ·∂F/∂y
    along = float(system.ensemble.p @ (sizes * v)[:J])  # dq along v
    second = -float(null @ derivatives(v)[1] @ v) / (by_y * along**2)
    return float(system.stieltjes(x)), float(values[-1] / (by_y * along)), second
