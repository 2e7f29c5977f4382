"""Training in the limit: losses along the flow and along a ridge, and what follows from them.

**How a loss is made.** The network is linear in the weights that it trains, so that a training time or a ridge is a filter f of eigenvalues of
U. ``contour`` has the nodes of an integral around the spectrum, ``kernels`` the functions H and G there (``scalar_kernel`` or
``general_kernel``, by the equations of the model), ``losses`` the integrals for any f, with their certificate, and ``curves`` what users
call: f of the flow, f of the ridge. ``digits`` is the same in mpmath, ``two_resolvents`` the same from the definition, ``exact_score`` the
loss below which nothing falls.

**What is read off.** ``timescales`` (when it generates, when it memorizes; ``memorization`` has a formula for the latter, ``stages`` for
what lies between),
``reversal`` (where two classes change their order), ``early_stopping``, ``phases`` and, for one direction of the
data instead of a loss, ``signal``.

A new filter is a call of ``losses``; new equations register their H and G in ``kernels``. `theory.RandomFeatureModel` calls ``curves`` and
``timescales``; the folder stands on the spectrum and its outliers.

Four of the modules are on the face, for whoever looks inside: `contour`, `losses`, `general_kernel` and `two_resolvents`, whose arguments are
not checked.
"""

from .._former_names import renamed
from ..filters import filter_function, remainder
from ..results import RidgeCurve, TrainingCurve
from . import contour, general_kernel, losses, two_resolvents
from .curves import flow_rate, ridge_curve, training_curve
from .digits import training_mpmath
from .early_stopping import BestRegularization, best_regularization
from .exact_score import exact_score_loss
from .memorization import memorization_eigenvalue
from .phases import PHASES, PhaseDiagram, phase_diagram
from .reversal import ReversalLine, reversal_line
from .signal import SignalCurve, signal_curve
from .stages import LinearStage, linear_plateau, linear_stage
from .timescales import CurveTimes, Timescales, class_times, curve_times, edge_times, training_times

__all__ = [
    "PHASES",
    "BestRegularization",
    "CurveTimes",
    "LinearStage",
    "PhaseDiagram",
    "ReversalLine",
    "RidgeCurve",
    "SignalCurve",
    "Timescales",
    "TrainingCurve",
    "best_regularization",
    "class_times",
    "contour",
    "curve_times",
    "edge_times",
    "exact_score_loss",
    "filter_function",
    "flow_rate",
    "general_kernel",
    "linear_plateau",
    "linear_stage",
    "losses",
    "memorization_eigenvalue",
    "phase_diagram",
    "remainder",
    "reversal_line",
    "ridge_curve",
    "signal_curve",
    "training_curve",
    "training_mpmath",
    "training_times",
    "two_resolvents",
]

__getattr__ = renamed(__name__, time_grid="training_times")
