"""Nodes and weights of the limit law of U, for integrals against it and for its total mass.

`panels` is what `theory.spectrum.Spectrum` keeps, for ``Spectrum.integrate``, the certificate of its edges and
`theory.spectrum.cumulative`; `bulk_map` and `angle`, the variable θ in which the law has no square roots, are also those of
`theory.spectrum.hidden_gaps`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .law import Spectrum

#: an interval of this relative width holds a few numbers of double precision at most, and counts as a point
RESOLUTION = 1e-15
#: a bulk whose ends differ by more than this factor is mapped by a logarithm
FAR = 10
#: where a hard edge is cut off, relative to the other end: the mass below is of order 1e-12
HARD = 1e-24


def _fejer(count):
    """Nodes in (−1, 1) and weights of Fejér's second rule; those of (count − 1)/2 are every second one of ``count``."""
    theta = np.arange(1, count + 1) * np.pi / (count + 1)
    odd = np.arange(1, count + 1, 2)
    return -np.cos(theta), 4 * np.sin(theta) / (count + 1) * (np.sin(np.outer(theta, odd)) / odd).sum(axis=1)


#: nodes of a panel, and the weights of its rule and of that of every second node, by which its error is seen
UNIT, _FINE = _fejer(31)
_COARSE = _fejer(15)[1]


class Panels(NamedTuple):
    """The continuous law on panels of θ (`bulk_map`), with u from −1 to 1 on each and its values at the 31 numbers `UNIT`."""

    #: (B, 2) ends of the bulks in y = λ − offset
    bulks: NDArray[np.float64]
    #: (P,) which bulk, and (P, 2) ends in θ
    bulk: NDArray[np.intp]
    ends: NDArray[np.float64]
    #: (P, 31) y, and density × dy/du
    y: NDArray[np.float64]
    mass: NDArray[np.float64]

    def rule(self, offset: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Nodes λ and weights."""
        return offset + self.y.ravel(), (self.mass * _FINE).ravel()


def quadrature(
    spectrum: "Spectrum",
    edges: Sequence[float] | NDArray[np.float64] | None = None,
    tolerance: float = 1e-11,
    rounds: int = 24,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of the continuous law, so that ∫ f ρ dλ = Σ w f(λ): the `panels` in one row."""
    return panels(spectrum, edges, tolerance, rounds).rule(spectrum.offset)


def panels(
    spectrum: "Spectrum",
    edges: Sequence[float] | NDArray[np.float64] | None = None,
    tolerance: float = 1e-11,
    rounds: int = 24,
) -> Panels:
    """The continuous law by panels.

    On each bulk y = λ − offset is mapped by a logarithm where its ends differ by more than a factor of ten and by a cosine
    always, which removes square roots (and inverse square roots) at both ends; panels are halved where two nested rules
    differ by more than ``tolerance``, as they do around a gap that has almost opened. ``edges`` are the spectrum's own,
    known to full relative precision in y, unless given. Of a continuum it is the law of the nodes that is integrated, between its edges.
    """
    own = edges is None or tuple(edges) == tuple(spectrum.offset + spectrum.support.edges)
    offsets = spectrum.support.node_edges if own else np.asarray(edges) - spectrum.offset
    bulks = np.reshape(offsets, (-1, 2))
    rows = [(np.zeros(0, int), np.zeros((0, 2)), np.zeros((0, UNIT.size)), np.zeros((0, UNIT.size)))]
    for bulk, (low, high) in enumerate(bulks):
        ends = np.array([[0, np.pi / 2], [np.pi / 2, np.pi]])
        for depth in range(rounds):
            half = np.diff(ends, axis=1) / 2
            y, jacobian = bulk_map(ends[:, :1] + half * (UNIT + 1), low, high)
            density = spectrum.system.stieltjes(spectrum.support.solve_inside(y.ravel())).imag.reshape(y.shape) / np.pi
            mass = half * jacobian * np.nan_to_num(density)
            rough = np.abs(mass @ _FINE - mass[:, 1::2] @ _COARSE) > tolerance
            unsolved = np.isnan(density).any(axis=1)  # halving does not help there: the total mass will decide
            keep = ~rough | (unsolved & (depth > 4)) | (depth == rounds - 1)
            rough = ~keep
            rows.append((np.full(keep.sum(), bulk), ends[keep], y[keep], mass[keep]))
            if keep.all():
                break
            middle = ends[rough].mean(axis=1)
            ends = np.sort(np.concatenate([ends[rough].ravel(), middle, middle])).reshape(-1, 2)
    return Panels(bulks, *map(np.concatenate, zip(*rows, strict=True)))


def bulk_map(theta: NDArray, low: float | NDArray, high: float | NDArray) -> tuple[NDArray, NDArray]:
    """y and dy/dθ on a bulk, θ from 0 to π; a hard edge ``low`` = 0 counts as 1e-24 of ``high``."""
    low = np.maximum(low, HARD * high)
    unit, slope = np.sin(theta / 2) ** 2, np.sin(theta) / 2
    far = high / low > FAR
    ratio = np.log(high / low)
    y = np.where(far, low * np.exp(ratio * unit), low + (high - low) * unit)
    return y, np.where(far, y * ratio, high - low) * slope


def angle(y: NDArray, low: float, high: float) -> NDArray:
    """The θ of `bulk_map` at y."""
    low = np.maximum(low, HARD * high)
    if high / low > FAR:
        below, above = np.log1p((y - low) / low), -np.log1p((y - high) / high)
    else:
        below, above = y - low, high - y
    return 2 * np.arctan2(np.sqrt(below), np.sqrt(above))
