r"""Early stopping against explicit ridge regularization, both at their best.

Both are spectral filters of the same linear problem (`theory.training.curves`): stopping at τ keeps (1 − e^{−cτλ}) of a mode of
eigenvalue λ, a ridge ζ keeps λ/(λ + ζ). The best τ and the best ζ minimise the asymptotic test loss.

A grid and a search beside its smallest value (`theory.search`), on curves that are certified elsewhere; the best τ is that of
`theory.training.timescales`. Nothing else depends on it. Checked by ``tests/training/test_timescales.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..search import minimum_beside
from ..validation import a_model
from .curves import ridge_curve, training_curve
from .losses import support_bounds
from .timescales import RESOLVED, curve_times

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


@dataclass(frozen=True)
class BestRegularization:
    """The best stopping time and the best ridge, with their test losses, and the test loss of the network trained forever.

    ``tau`` is inf, and ``zeta`` 0, where regularization does not help.
    """

    tau: float
    early_stopping: float
    zeta: float
    ridge: float
    unregularized: float


def best_regularization(model: "RandomFeatureModel") -> BestRegularization:
    """Minimise the test loss over the stopping time and over the ridge; cost about 0.1 s."""
    _, _, tau, stopped = curve_times(a_model(model))
    low, high = support_bounds(model.spectrum())
    grid = np.geomspace(1e-4 * low, 1e2 * high, 200)
    test = ridge_curve(model, grid).test
    final = training_curve(model, np.array(np.inf)).test.item()
    k = int(np.argmin(test))
    if test[k] >= final * (1 - RESOLVED):
        return BestRegularization(tau, stopped, 0.0, final, final)
    zeta, ridge = minimum_beside(grid, k, lambda x: ridge_curve(model, x).test.item())
    return BestRegularization(tau, stopped, zeta, ridge, final)
