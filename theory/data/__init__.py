"""What the data are and when they are looked at: descriptions, with nothing computed but moments.

Called by `theory.model` and everything above it. A new law of the data is a class here, which `theory.model` accepts; what it must answer
is what `theory.couplings` asks of `Mixture`: frequencies, scales, centroids and the covariance that all kinds share.
"""

from .gaussian import Gaussian
from .hidden_manifold import HiddenManifold
from .images import ClassStatistics, Images, available_images, class_statistics, digits, fashion_mnist
from .mixture import Mixture
from .time_grid import TimeGrid

__all__ = [
    "ClassStatistics",
    "Gaussian",
    "HiddenManifold",
    "Images",
    "Mixture",
    "TimeGrid",
    "available_images",
    "class_statistics",
    "digits",
    "fashion_mnist",
]
