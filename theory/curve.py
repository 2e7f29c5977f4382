"""What a training curve is, shared by the theory and by the simulation, which import nothing else from each other."""

from dataclasses import dataclass

import numpy as np

from .validation import numeric_array


class LossCurve:
    """What every curve with a ``train`` and a ``test`` loss has."""

    @property
    def generalization_gap(self):
        """test − train."""
        return self.test - self.train


@dataclass(frozen=True)
class TrainingCurve(LossCurve):
    """Losses along the training time, arrays shaped like ``tau``.

    ``train`` and ``test`` are (1/d) E|√Δ_t s_A(x_t) + ξ|² on the training samples and on fresh data, 1 for the untrained
    network; ``score_error`` is (1/d) E|s_A(x_t) − ∇log P_t(x_t)|² on fresh data.
    """

    tau: np.ndarray
    train: np.ndarray
    test: np.ndarray
    score_error: np.ndarray


@dataclass(frozen=True)
class RidgeCurve(LossCurve):
    """The same losses for the minimiser of (train loss) + (Δ_t ζ/(pd)) |A|², as functions of the ridge ``zeta``."""

    zeta: np.ndarray
    train: np.ndarray
    test: np.ndarray
    score_error: np.ndarray


def check_tau(tau):
    """``tau`` as a float array of values >= 0 (inf allowed), else `ValueError`."""
    array = numeric_array("tau", tau, float, "tau >= 0, inf included")
    if np.isnan(array).any() or (array < 0).any():
        bad = array[np.isnan(array) | (array < 0)].flat[0]
        raise ValueError(f"tau holds {bad}; allowed: tau >= 0, inf included")
    return array


def filter_function(x, rate):
    """f(x) = (1 − e^{−rate·x})/x for NumPy arrays that broadcast; 1/x where ``rate`` is infinite, ``rate`` where x = 0."""
    forever = np.isinf(rate)
    finite_rate = np.where(forever, 0.0, rate)
    at_zero = x == 0
    safe = np.where(at_zero, 1.0, x)
    with np.errstate(under="ignore"):
        f = np.where(forever, 1.0, -np.expm1(-finite_rate * safe)) / safe
    return np.where(at_zero, rate, f)


def remainder(x, rate):
    """h(x) = 1 − x f(x) = e^{−rate·x}, what `filter_function` leaves of a mode; 0 where ``rate`` is infinite."""
    forever = np.isinf(rate)
    with np.errstate(under="ignore"):
        return np.where(forever, 0.0, np.exp(-np.where(forever, 0.0, rate) * x))
