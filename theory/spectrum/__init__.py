"""The limit law of U: Stieltjes transform, density, edges, atoms."""

from .integration import quadrature
from .law import Spectrum

__all__ = ["Spectrum", "quadrature"]
