"""Training in the limit: losses along the flow and along a ridge, and what follows from them."""

from .._former_names import renamed
from ..results import RidgeCurve, TrainingCurve
from .curves import flow_rate, ridge_curve, training_curve
from .digits import training_mpmath
from .early_stopping import BestRegularization, best_regularization
from .exact_score import exact_score_loss
from .memorization import memorization_eigenvalue
from .phases import PHASES, PhaseDiagram, phase_diagram
from .signal import SignalCurve, signal_curve
from .timescales import Timescales, curve_times, edge_times, training_times

__all__ = [
    "PHASES",
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
    "training_curve",
    "training_mpmath",
    "training_times",
]

__getattr__ = renamed(__name__, time_grid="training_times")
