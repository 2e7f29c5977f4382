"""The derivations, as SymPy expressions in the letters of `theory.symbolic.symbols`."""

from .action import action, replica_limit, replicated_action, single_replica_action
from .elimination import edge_polynomial, eliminate, polynomial_factors, resolvent_polynomial
from .saddle_point import SaddlePoint, saddle_point

__all__ = [
    "SaddlePoint",
    "action",
    "edge_polynomial",
    "eliminate",
    "polynomial_factors",
    "replica_limit",
    "replicated_action",
    "resolvent_polynomial",
    "saddle_point",
    "single_replica_action",
]
