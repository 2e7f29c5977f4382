r"""What is drawn for one network, as NumPy arrays: samples of every kind, and biases.

The host draws, so that a seed means the same on every backend; `theory.simulation.finite.simulate` says in which order. A description of
the limit, weights of atoms and frequencies of kinds, becomes integers here (`shares`), with no randomness in it: eigenvalues, kinds and
(by default) biases are the quantiles of their laws.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ..data.gaussian import Gaussian
from ..data.mixture import Mixture
from ..validation import MOST_ENTRIES, finite_array, of_class, positive_integer, shown

BIASES = ("quantiles", "iid")


def shares(weights: ArrayLike, total: int) -> NDArray[np.int_]:
    """Integers (len(weights),) in proportion to ``weights`` whose sum is ``total``: their partial sums are rounded.

    Raises ``ValueError`` for weights that are no sequence of numbers >= 0, and for a total that is no integer >= 1. That the weights sum to 1
    is left to the caller.
    """
    weights = finite_array("weights", weights, float)
    if weights.ndim != 1 or np.any(weights < 0):
        raise ValueError(f"weights = {shown(weights)} is out of range; allowed: a sequence of numbers >= 0")
    target = np.cumsum(weights) * positive_integer("total", total, MOST_ENTRIES)
    return np.diff(np.round(np.concatenate([[0.0], target])).astype(int))


def covariance_eigenvalues(data: Gaussian | Mixture, d: int) -> NDArray[np.float64]:
    """d eigenvalues distributed as ρ_Σ (`shares`), the first ones replaced by the spikes; the σ_c² of a mixture are left out.

    W is rotation invariant, so a diagonal covariance is the general case. Raises ``ValueError`` where d is below the number of spikes.
    """
    d = _checked(data, d)
    data = data if isinstance(data, Gaussian) else data.covariance
    if len(data.spikes) > d:
        raise ValueError(f"d = {d} is smaller than the number of spikes, {len(data.spikes)}; allowed: d >= that")
    eigenvalues = np.repeat(data.eigenvalues, shares(data.weights, d))
    eigenvalues[: len(data.spikes)] = [float(value) for value in data.spikes]
    return eigenvalues


def kinds_of_samples(
    data: Gaussian | Mixture, d: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies π_c (C,), variances σ_c² (C,) and centroids m_c (C, d) of the kinds in dimension d.

    The centroids span the first coordinates: W is rotation invariant, and so is the Gaussian part where Σ = σ_x². For another
    Σ, their directions are eigenvectors of it, of the eigenvalues that `covariance_eigenvalues` puts first. Raises ``ValueError`` where
    they span more than d dimensions.
    """
    d = _checked(data, d)
    if isinstance(data, Gaussian):
        return np.ones(1), np.ones(1), np.zeros((1, d))
    coordinates = data.centroids() * (math.sqrt(d) if data.means is not None else 1.0)
    kinds, directions = coordinates.shape
    if directions > d:
        raise ValueError(f"d = {d} is smaller than the dimension that the centroids span, {directions}; allowed: d >= that")
    return data.frequencies, data.scales, np.hstack([coordinates, np.zeros((kinds, d - directions))])


def samples(
    data: Gaussian | Mixture, d: int, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """n samples as columns (d, n), those of a kind side by side, and their kinds (n,), 0 <= c < C. Takes d·n normal numbers."""
    blocks, kinds = sample_rows(data, d, n, rng, d)
    return next(blocks)[1], kinds


def sample_rows(
    data: Gaussian | Mixture, d: int, n: int, rng: np.random.Generator, rows: int
) -> tuple[Iterator[tuple[slice, NDArray[np.float64]]], NDArray[np.int_]]:
    """(an iterator over (coordinates, their values (…, n)), the kinds): the same samples, so many coordinates at a time."""
    deviations = np.sqrt(covariance_eigenvalues(data, d))
    frequencies, scales, centroids = kinds_of_samples(data, d)
    kinds = np.repeat(np.arange(frequencies.size), shares(frequencies, n))

    def blocks():
        for start in range(0, d, rows):
            part = slice(start, min(start + rows, d))
            gaussian = deviations[part, None] * rng.standard_normal((part.stop - start, n))
            yield part, centroids[:, part][kinds].T + np.sqrt(scales[kinds]) * gaussian

    return blocks(), kinds


def biases(deviation: float, p: int, rng: np.random.Generator, law: str = "quantiles") -> NDArray[np.float64]:
    """b_i (p,): the quantiles of N(0, deviation²), or independent draws of it (``law`` = "iid"), which take p normal numbers if not all 0."""
    z = rng.standard_normal(p) if law == "iid" and deviation > 0 else ndtri((np.arange(p) + 0.5) / p)
    return deviation * z


def _checked(data, d):
    if not isinstance(data, Gaussian):
        of_class("data", data, "Mixture", "theory.Gaussian, theory.Mixture")
    return positive_integer("d", d, MOST_ENTRIES)
