"""Random matrices for diffusion models: derived in SymPy, solved in NumPy and mpmath, confronted with simulations."""

import importlib
import sys

from . import activations
from ._former_names import FormerNames
from .data.gaussian import Gaussian
from .data.mixture import Mixture
from .data.time_grid import TimeGrid
from .errors import ConvergenceError
from .model import RandomFeatureModel

__version__ = "0.1.0"
__all__ = ["ConvergenceError", "Gaussian", "Mixture", "RandomFeatureModel", "TimeGrid", "activations"]

#: loaded when they are first asked for, so that to describe a model costs no solver, and a simulation neither
NAMESPACES = (
    "conventions",
    "couplings",
    "data",
    "empirical",
    "equations",
    "outliers",
    "printing",
    "simulation",
    "spectrum",
    "sweeps",
    "symbolic",
    "training",
)
__all__ += NAMESPACES

sys.meta_path.append(FormerNames())


def __getattr__(name):
    if name in NAMESPACES:
        return importlib.import_module(f"theory.{name}")
    raise AttributeError(f"module 'theory' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
