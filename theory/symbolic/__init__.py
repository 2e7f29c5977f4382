"""The derivations, as SymPy expressions in the letters of `theory.symbolic.symbols`."""

from .action import action, replica_limit, replicated_action, single_replica_action
from .elimination import edge_polynomial, eliminate, polynomial_factors, resolvent_polynomial
from .outlier import (
    OutlierCondition,
    OutlierPosition,
    outlier_condition,
    outlier_polynomial,
    outlier_position,
)
from .saddle_point import SaddlePoint, saddle_point
from .two_bulks import atom, memorizing_bulk, memorizing_threshold, population_bulk, sample_bulk

__all__ = [
    "OutlierCondition",
    "OutlierPosition",
    "SaddlePoint",
    "action",
    "atom",
    "edge_polynomial",
    "eliminate",
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
