r"""How strongly the learned score acts along one direction of the data, as training goes on.

Of σ(Wx/√d) the score s_A = Aσ/√p sees the component e·x of x through the linear part a We (e·x)/√d, so that e·s_A = G e·x + (what does
not correlate with e·x), with the gain

.. math:: G(\tau) = \frac{a\,e^T A(\tau) W e}{\sqrt{pd}} = -\psi_p a^2 \int d\mu_*(\lambda)\, f_\tau(\lambda),
          \qquad \mu_*:\ \frac1p w^T (U - z)^{-1} w = \frac{1}{D(z)},

as A(τ) = −√(p/Δ_t) V^T f_τ(U) and V = bW/√d. The exact score of the Gaussian has the gain −1/(e^{−2t}λ* + Δ_t). Each outlier holds the
part ``overlap`` of μ_* and relaxes in its own ψ_p/(2Δ_t λ), the rest in the times of the bulk. A direction of the bulk is λ* = λ_Σ.
The integral runs on the contour of the losses, widened to hold the outliers too. For one type, kind and time; nothing else depends on it.
Derived here, checked by ``tests/outliers/test_outliers.py`` against finite networks.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..equations.solution import solve
from ..errors import ConvergenceError
from ..filters import check_tau, filter_function
from ..outliers.closed_form import has_linear_part, outliers_of
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.outlier import lam_star, outlier_condition
from ..validation import a_scalar_model, non_negative
from . import contour
from .curves import flow_rate
from .losses import support_bounds

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: relative error of the gain that halving the nodes of the contour must certify, and the most nodes
TOLERANCE, MOST_NODES = 1e-11, 4096


@dataclass(frozen=True)
class SignalCurve:
    """The gain along one direction, arrays shaped like ``tau``; negative, as a score points back."""

    tau: np.ndarray
    #: regression coefficient of e·s_A(x_t) on e·x_t over fresh data
    gain: np.ndarray
    #: what of it the outliers of the direction contribute
    outlier_gain: np.ndarray
    #: that of the exact score, −1/(e^{−2t}λ* + Δ_t)
    exact: float

    @property
    def learned(self) -> NDArray[np.float64]:
        """gain/exact: 0 for the untrained network, 1 for the exact score."""
        return self.gain / self.exact


@cache
def _transform():
    return evaluator((outlier_condition().transform,), (S.q, S.delta, lam_star), "numpy")


def signal_curve(model: "RandomFeatureModel", tau: ArrayLike, variance: float) -> SignalCurve:
    """The gain of the learned score along a direction of the data.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        Its own spikes play no part.
    tau : array of training times >= 0, inf allowed
        As for `theory.RandomFeatureModel.training`.
    variance : real number >= 0
        λ* of the direction, whether it has an outlier or not.

    Returns
    -------
    `SignalCurve`

    Raises
    ------
    ValueError
        ``tau`` or ``variance`` negative or not a number; a model of several types, kinds or times.
    ConvergenceError
        The contour integral did not settle, or U has no gap above 0 (a linear activation at ψ_p = 1).

    Notes
    -----
    About 10 ms for 200 values of τ (Σ = 1), after seconds of derivation the first time in a process.
    """
    tau, variance, c = check_tau(tau), float(non_negative("variance", variance)), a_scalar_model(model).coefficients()
    spectrum, scale = model.spectrum(), float(model.psi_p) * c.a**2
    rate = flow_rate(model) * tau.ravel()[:, None]
    exact = -1 / (model.decay**2 * variance + model.noise_variance)
    if not has_linear_part(spectrum):
        zero = np.zeros(tau.shape)
        return SignalCurve(tau, zero, zero, exact)
    found = outliers_of(spectrum, variance)
    low, high = support_bounds(spectrum)
    low = min([low, *(0.99 * outlier.eigenvalue for outlier in found)])
    high = max([high, *(1.01 * outlier.eigenvalue for outlier in found)])
    gain = -scale * _average(spectrum, variance, rate, low, high)
    own = sum((o.overlap * filter_function(np.array([o.eigenvalue]), rate)[:, 0] for o in found), np.zeros(tau.size))
    return SignalCurve(tau, gain.reshape(tau.shape), -scale * own.reshape(tau.shape), exact)


def _average(spectrum, variance, rate, low, high):
    """∫dμ_* f for each row of ``rate``, on a contour around the bulk and its outliers, certified by halving the nodes."""
    system, count = spectrum.system, 128
    while True:
        points = contour.ellipse(low, high, count)
        (q, delta), residual = solve(system, points.nodes - spectrum.offset)
        if np.isnan(q).any():
            raise ConvergenceError("a point of the contour could not be certified", np.max(residual), reason="point")
        unknowns = q, delta, np.full(q.shape, variance)
        (g,) = _transform()(unknowns, system.parameters, system.nodes, system.weights)
        values = -filter_function(points.nodes, rate) * g
        fine, coarse = points.integrate(values), points.halved().integrate(values[:, ::2])
        if np.all(np.abs(fine - coarse) <= TOLERANCE * np.abs(fine)):
            return fine
        if count >= MOST_NODES:
            raise ConvergenceError(
                f"the contour integral did not settle with {count} nodes", np.max(np.abs(fine - coarse)), reason="precision"
            )
        count *= 2
