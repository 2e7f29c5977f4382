"""The derivations, as SymPy expressions in the letters of `theory.symbolic.symbols`."""

import importlib

from .elimination import edge_polynomial, eliminate, polynomial_factors, resolvent_polynomial
from .evaluate import evaluator
from .outlier import (
    OutlierCondition,
    OutlierPosition,
    outlier_condition,
    outlier_polynomial,
    outlier_position,
)
from .replicas import action, replica_limit, replicated_action, single_replica_action
from .saddle_equations import SaddlePoint, constants_out, saddle_point
from .two_bulks import atom, memorizing_bulk, memorizing_threshold, population_bulk, sample_bulk

#: loaded when they are first asked for
MODULES = (
    "class_losses",
    "class_separation",
    "diagrams",
    "empirical_score",
    "expansion",
    "first_overfitting",
    "general_action",
    "gradient_flow",
    "hermite",
    "hidden_manifold",
    "late_times",
    "marchenko_pastur",
    "outlier",
    "rainbows",
    "random_energy",
    "sample_order",
    "speciation",
    "symbols",
    "two_bulks",
    "two_resolvents",
    "wick",
)
__all__ = [
    "OutlierCondition",
    "OutlierPosition",
    "SaddlePoint",
    "action",
    "atom",
    "constants_out",
    "edge_polynomial",
    "eliminate",
    "evaluator",
    "memorizing_bulk",
    "memorizing_threshold",
    "outlier_condition",
    "outlier_polynomial",
    "outlier_position",
    "polynomial_factors",
    "population_bulk",
    "replica_limit",
    "replicated_action",
    "resolvent_polynomial",
    "saddle_point",
    "sample_bulk",
    "single_replica_action",
]
__all__ += MODULES


def __getattr__(name):
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
