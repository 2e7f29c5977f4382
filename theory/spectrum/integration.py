"""Nodes and weights of the limit law of U, for integrals against it and for its total mass.

`quadrature` is what `theory.spectrum.Spectrum` keeps, for ``Spectrum.integrate`` and for the certificate of its edges; `bulk_map` and `angle`,
the variable θ in which the law has no square roots, are also those of `theory.spectrum.hidden_gaps`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .law import Spectrum

#: a bulk whose ends differ by more than this factor is mapped by a logarithm
FAR = 10
#: where a hard edge is cut off, relative to the other end: the mass below is of order 1e-12
HARD = 1e-24


def _fejer(count):
    """Nodes in (−1, 1) and weights of Fejér's second rule; those of (count − 1)/2 are every second one of ``count``."""
    theta = np.arange(1, count + 1) * np.pi / (count + 1)
    odd = np.arange(1, count + 1, 2)
    return -np.cos(theta), 4 * np.sin(theta) / (count + 1) * (np.sin(np.outer(theta, odd)) / odd).sum(axis=1)


def quadrature(
    spectrum: "Spectrum",
    edges: Sequence[float] | NDArray[np.float64] | None = None,
    tolerance: float = 1e-11,
    rounds: int = 24,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of the continuous law, so that ∫ f ρ dλ = Σ w f(λ).

    On each bulk y = λ − offset is mapped by a logarithm where its ends differ by more than a factor of ten and by a cosine
    always, which removes square roots (and inverse square roots) at both ends; panels are halved where two nested rules
    differ by more than ``tolerance``, as they do around a gap that has almost opened. ``edges`` are the spectrum's own,
    known to full relative precision in y, unless given. Of a continuum it is the law of the nodes that is integrated, between its edges.
    """
    own = edges is None or tuple(edges) == tuple(spectrum.offset + spectrum.support.edges)
    offsets = spectrum.support.node_edges if own else np.asarray(edges) - spectrum.offset
    (unit, fine), coarse = _fejer(31), _fejer(15)[1]
    nodes, weights = [np.zeros(0)], [np.zeros(0)]
    for low, high in zip(offsets[::2], offsets[1::2], strict=True):
        panels = np.array([[0, np.pi / 2], [np.pi / 2, np.pi]])
        for depth in range(rounds):
            half = np.diff(panels, axis=1) / 2
            y, jacobian = bulk_map(panels[:, :1] + half * (unit + 1), low, high)
            density = spectrum.system.stieltjes(spectrum.support.solve_inside(y.ravel())).imag.reshape(y.shape) / np.pi
            mass = half * jacobian * np.nan_to_num(density)
            rough = np.abs(mass @ fine - mass[:, 1::2] @ coarse) > tolerance
            unsolved = np.isnan(density).any(axis=1)  # halving does not help there: the total mass will decide
            keep = ~rough | (unsolved & (depth > 4)) | (depth == rounds - 1)
            rough = ~keep
            nodes.append(spectrum.offset + y[keep].ravel()), weights.append((mass * fine)[keep].ravel())
            if keep.all():
                break
            middle = panels[rough].mean(axis=1)
            panels = np.sort(np.concatenate([panels[rough].ravel(), middle, middle])).reshape(-1, 2)
    return np.concatenate(nodes), np.concatenate(weights)


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
