"""What the data are and when they are looked at: descriptions, with nothing computed but moments."""

from .gaussian import Gaussian
from .mixture import Mixture
from .time_grid import TimeGrid

__all__ = ["Gaussian", "Mixture", "TimeGrid"]
