r"""Hermite coefficients c_k(μ, s) = E_z[σ(μ + s z) He_k(z)] of pre-activations: what can make them, and the quadrature that always can.

For very many of them `theory.simulation.hermite_interpolation` does without a quadrature for each.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from ..activations import Activation
from .backends import Array, Backend
from .gaussian_quadrature import gaussian_rule, hermite_polynomials

#: nodes for a smooth σ, and between any two kinks of another
SMOOTH_NODES, KINK_NODES = 96, 64
#: entries of (feature, sample, node) held at a time: 4 MB of float64
CHUNK = 500_000


class HermiteCoefficients(ABC):
    """c_0, …, c_order and E σ² as functions of the means, for features of given deviations.

    Attributes
    ----------
    backend : `theory.simulation.backends.Backend`
    order : int
    deviation : array (p, 1)
    """

    backend: Backend
    order: int
    deviation: Array

    @abstractmethod
    def rows(self, columns: int) -> int:
        """How many features with so many samples are best made at a time: what they need then stays in a cache."""

    @abstractmethod
    def of_rows(self, mean: Array, rows: slice) -> Iterator[Array]:
        """c_0, …, c_order and E σ², one after the other, at the means (rows, n) of some features."""

    def slices(self, columns: int, rows: slice | None = None) -> list[slice]:
        """All features, or some, in parts of `rows`."""
        rows = rows or slice(0, self.deviation.shape[0])
        step = self.rows(columns)
        return [slice(i, min(i + step, rows.stop)) for i in range(rows.start, rows.stop, step)]

    def __call__(self, mean: Array) -> tuple[list[Array], Array]:
        """([c_0, …, c_order], E σ²) at means (p, n), arrays (p, n)."""
        xp = self.backend.xp
        out = [xp.empty(mean.shape, dtype=mean.dtype, device=self.backend.device) for _ in range(self.order + 2)]
        for rows in self.slices(mean.shape[1]):
            for whole, part in zip(out, self.of_rows(mean[rows, :], rows), strict=True):
                whole[rows, :] = part
        return out[:-1], out[-1]


@dataclass(frozen=True)
class DirectQuadrature(HermiteCoefficients):
    """A quadrature for each mean: O(`points` (order + 2)) operations and ``points`` evaluations of σ."""

    backend: Backend
    activation: Activation
    order: int
    deviation: Array

    @property
    def points(self) -> int:
        """Number of nodes."""
        kinks = len(self.activation.kinks)
        return KINK_NODES * (kinks + 1) if kinks else SMOOTH_NODES

    def rows(self, columns: int) -> int:
        return max(1, CHUNK // (columns * self.points))

    def of_rows(self, mean: Array, rows: slice) -> Iterator[Array]:
        xp, deviation = self.backend.xp, self.deviation[rows, :]
        nodes = KINK_NODES if self.activation.kinks else SMOOTH_NODES
        z, weight = gaussian_rule(self.backend, self.activation, mean, deviation, nodes)
        values = self.activation(mean[..., None] + deviation[..., None] * z, xp)
        weighted = values * weight
        # He_0 = 1 without a product, which would cost a tenth of the whole
        yield xp.sum(weighted, axis=-1)
        for polynomial in itertools.islice(hermite_polynomials(z), 1, self.order + 1):
            yield xp.sum(weighted * polynomial, axis=-1)
        yield xp.sum(weighted * values, axis=-1)
