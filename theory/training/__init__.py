"""Training in the limit: losses along the flow and along a ridge, and what follows from them."""

from ..results import RidgeCurve, TrainingCurve
from .curves import exact_score_loss, flow_rate, ridge_curve, training_curve, training_mpmath
from .early_stopping import BestRegularization, best_regularization
from .phases import PhaseDiagram, phase_diagram
from .signal import SignalCurve, signal_curve
from .timescales import Timescales, curve_times, edge_times, memorization_eigenvalue, time_grid

__all__ = [
    "BestRegularization",
    "PhaseDiagram",
    "RidgeCurve",
    "SignalCurve",
    "Timescales",
    "TrainingCurve",
    "best_regularization",
    "curve_times",
    "edge_times",
    "exact_score_loss",
    "flow_rate",
    "memorization_eigenvalue",
    "phase_diagram",
    "ridge_curve",
    "signal_curve",
    "time_grid",
    "training_curve",
    "training_mpmath",
]
