"""Finite-size simulations, the second way to every observable: one network is drawn, and its matrices are computed without the theory.

Nothing here imports the solvers: a test (``tests/repository/test_repository.py``) reads the imports and fails if that changes. The
code is written against the array API standard and runs on NumPy, PyTorch (CPU or CUDA), CuPy and ``array-api-strict``. What this face
names is what users and chapters call; the modules are ordered so that each imports only those before it: backends; time_nodes, drawing,
features, mehler; noise_average, equivalent, fresh_data; eigenmodes, loss, flow; lanczos, for draws larger than a dense eigensolver takes;
finite, where a draw is made; real_features, where it is made on given samples; optimisers, sample_order, trained, mode_groups and
centroids, which take one; and, beside all that, scores, diffusion, generation, empirical_score, collapse, `networks`, which are trained
on images with PyTorch, and sweeping, which calls any function many times. A function takes a draw as ``finite``, or the ``model`` and the
dimension ``d`` where no draw is needed; ``device``, ``library`` and ``dtype`` choose a backend, and random numbers come from a ``seed``.
"""

from . import diffusion, loss, networks, noise_average
from .backends import Backend, backend, devices
from .centroids import class_overlaps
from .collapse import FreshCrossEntropy, OwnWeights, cloning, fresh_cross_entropy, own_weights, training_set
from .diffusion import draw, forward, probability_flow, reverse_sde, sampling_times
from .drawing import covariance_eigenvalues, kinds_of_samples, shares
from .eigenmodes import Modes, modes
from .empirical_score import EmpiricalScore, Weights
from .finite import FiniteModel, simulate
from .flow import flow_curve
from .fresh_data import exact_score_loss, initial_test_loss, population, score_error
from .generation import (
    GenerationStatistics,
    generate,
    generation_statistics,
    memorized_fraction,
    total_variation,
)
from .lanczos.model import LanczosModel
from .lanczos.probes import Estimate
from .loss import gradient, gradient_flow, relaxation_times, train_loss, train_loss_along_flow
from .mehler import hermite_tables
from .mode_groups import LossByGroups, loss_by_groups
from .optimisers import OptimiserCurve, optimise, stable_step
from .real_features import Standardisation, equal_norms, simulate_on, standardisation
from .sample_order import SampleRates, order_effect, present, presentation, sample_rates
from .scores import diffused, gaussian_score, two_cluster_score
from .sweeping.engine import sweep, sweep_provenance
from .sweeping.tasks import SweepError
from .trained import TrainedNetworks, TrainedScores, trained_score, trained_scores

__all__ = [
    "Backend",
    "EmpiricalScore",
    "Estimate",
    "FiniteModel",
    "FreshCrossEntropy",
    "GenerationStatistics",
    "LanczosModel",
    "LossByGroups",
    "Modes",
    "OptimiserCurve",
    "OwnWeights",
    "SampleRates",
    "Standardisation",
    "SweepError",
    "TrainedNetworks",
    "TrainedScores",
    "Weights",
    "backend",
    "class_overlaps",
    "cloning",
    "covariance_eigenvalues",
    "devices",
    "diffused",
    "diffusion",
    "draw",
    "equal_norms",
    "exact_score_loss",
    "flow_curve",
    "forward",
    "fresh_cross_entropy",
    "gaussian_score",
    "generate",
    "generation_statistics",
    "gradient",
    "gradient_flow",
    "hermite_tables",
    "initial_test_loss",
    "kinds_of_samples",
    "loss",
    "loss_by_groups",
    "memorized_fraction",
    "modes",
    "networks",
    "noise_average",
    "optimise",
    "order_effect",
    "own_weights",
    "population",
    "present",
    "presentation",
    "probability_flow",
    "relaxation_times",
    "reverse_sde",
    "sample_rates",
    "sampling_times",
    "score_error",
    "shares",
    "simulate",
    "simulate_on",
    "stable_step",
    "standardisation",
    "sweep",
    "sweep_provenance",
    "total_variation",
    "train_loss",
    "train_loss_along_flow",
    "trained_score",
    "trained_scores",
    "training_set",
    "two_cluster_score",
]
