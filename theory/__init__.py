"""Random matrices for diffusion models: derived in SymPy, solved in NumPy and mpmath, confronted with simulations."""

from . import activations
from .data import Gaussian
from .errors import ConvergenceError
from .mixture import Mixture
from .model import RandomFeatureModel
from .times import TimeGrid

__version__ = "0.1.0"
__all__ = ["ConvergenceError", "Gaussian", "Mixture", "RandomFeatureModel", "TimeGrid", "activations"]
