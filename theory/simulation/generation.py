r"""Samples made with a score, in batches, and what is asked of them: modes, variances, distance to the target, memorization.

`generate` takes any score(x, t) down a grid of times, that of trained networks (`theory.simulation.TrainedScores`) or an exact one, by the
samplers of `theory.simulation.diffusion`. `generation_statistics` compares what comes out with the `theory.Mixture` it should be a sample of:

* **shares**: the fraction of samples next to each centroid;
* **along, across**: the variance along the axis of the centroids and the mean variance in the other directions;
* **total variation** between the law of the projection on that axis and its target, a mixture of Gaussians in one dimension;
* **memorized**: the fraction of samples whose distance to the nearest training sample is less than a third of that to the second nearest
  (the rule of 2505.17638, after Yoon et al. 2023).

Written with the array API; checked by ``tests/simulation/test_generation.py``.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..data.mixture import Mixture
from ..validation import (
    MOST_ENTRIES,
    finite_array,
    fraction,
    function,
    integer,
    of_class,
    one_of,
    positive_integer,
    random_generator,
    sum_to_one,
    truth,
)
from .backends import Array, array_of, place_of
from .backends import backend as choose_backend
from .diffusion import Score, probability_flow, reverse_sde
from .drawing import covariance_eigenvalues, kinds_of_samples

SAMPLERS = ("sde", "flow")
#: states that go through a sampler side by side; and numbers of a block of distances
BATCH, BLOCK = 1000, 4_000_000


def generate(
    score: Score,
    d: int,
    times: ArrayLike,
    samples: int,
    seed: int = 0,
    *,
    sampler: str = "sde",
    progress: bool = True,
    device: str | None = None,
    library: str | None = None,
    dtype: str = "float64",
) -> Array:
    """Samples that a score makes out of N(0, I) at times[0], an array (d, samples).

    Parameters
    ----------
    score : callable
        ``score(x, t)`` for states (d, m); it is asked at all times but the last.
    d, samples : int
    times : sequence of float
        Decreasing, >= 0. The first should be late, e^{−2t}Λ ≪ 1 with Λ the largest variance of the data: N(0, I) is the limit t → ∞.
    seed : int
        Of the initial noise and of the Brownian increments.
    sampler : {"sde", "flow"}
        `reverse_sde`, or `probability_flow` by Euler's method, which asks for no score at the last time.
    progress : bool
        A bar for each batch of `BATCH` states, shown once two seconds have passed.
    device, library, dtype
        Where the states live, and the score must compute: see `theory.simulation.backend`.

    Raises
    ------
    ValueError
        Naming the argument; ``score`` where the states it leads to are no finite numbers any more.

    Notes
    -----
    One evaluation of the score for each step and batch; memory for `BATCH` states at a time besides the result.
    """
    function("score", score, "a function of (x, t)")
    d, samples = positive_integer("d", d), positive_integer("samples", samples)
    one_of("sampler", sampler, SAMPLERS), truth("progress", progress)
    if d * samples > MOST_ENTRIES:
        raise ValueError(f"samples = {samples} of dimension d = {d} are too many; allowed: {MOST_ENTRIES} numbers in all")
    rng, where, found = random_generator("seed", seed), choose_backend(device, library, dtype), []
    for first in range(0, samples, BATCH):
        x = where.asarray(rng.standard_normal((d, min(BATCH, samples - first))))
        if sampler == "sde":
            x = reverse_sde(score, x, times, int(rng.integers(2**63)), progress=progress)
        else:
            x = probability_flow(score, x, times, method="euler", progress=progress)
        if not bool(where.xp.all(where.xp.isfinite(x))):
            raise ValueError(
                f"score = {score!r} leads to states that are not finite; allowed: fewer or shorter steps, another score"
            )
        found.append(x)
    return where.xp.concat(found, axis=1)


@dataclass(frozen=True)
class GenerationStatistics:
    """What `generation_statistics` finds; numbers and NumPy arrays."""

    #: fraction of the samples nearest to each centroid (C,)
    shares: NDArray[np.float64]
    #: variance along the axis of the centroids, and the same of the target
    along: float
    target_along: float
    #: mean variance in the other directions, and the same of the target; NaN for d = 1
    across: float
    target_across: float
    #: excess kurtosis of the projection: 0 for one Gaussian, −2 for two narrow equal modes
    kurtosis: float
    #: total variation between the law of the projection and its target; √(B/2πm) for m perfect samples and B bins
    total_variation: float
    #: fraction of the samples that are next to one training sample; None without these
    memorized: float | None


def generation_statistics(
    x: Array, data: Mixture, training: Array | None = None, bins: int = 20, ratio: float = 1 / 3
) -> GenerationStatistics:
    """Compare samples x (d, m) with the mixture they should be drawn from.

    Parameters
    ----------
    x : array (d, m)
        Of any library, in the coordinates of `theory.simulation.kinds_of_samples`, m >= 2.
    data : `theory.Mixture`
        With centroids, not all the same: their first principal direction about the mean is the axis (`ValueError` else).
    training : array (d, n), optional
        n >= 2 training samples of the same library.
    bins, ratio
        As of `total_variation` and `memorized_fraction`.
    """
    place_of(x), of_class("data", data, "Mixture", "a theory.Mixture"), fraction("ratio", ratio)
    d, m = x.shape
    if m < 2:
        raise ValueError(f"x has shape {(d, m)}; allowed: (d, m) with m >= 2")
    pi, scales, centroids = kinds_of_samples(data, d)
    centred = centroids - pi @ centroids
    values, vectors = np.linalg.eigh((centred.T * pi) @ centred)
    if not values[-1] > 1e-12 * max(np.sum(centroids**2), 1e-300):
        raise ValueError(f"data = {data!r} has no axis; allowed: centroids that are not all the same")
    axis, eigenvalues = vectors[:, -1], covariance_eigenvalues(data, d)
    where = place_of(x)
    states = where.to_numpy(x)
    projection = axis @ states
    # |x − m_c|² less |x|²
    distances = np.sum(centroids**2, axis=1)[:, None] - 2 * centroids @ states
    shares = np.bincount(np.argmin(distances, axis=0), minlength=pi.size) / m
    along, total = float(np.var(projection)), float(np.sum(np.var(states, axis=1)))
    within = axis**2 @ eigenvalues
    deviations, centres = np.sqrt(scales * within), centroids @ axis
    target_along = float(pi @ scales * within + values[-1])
    target_total = float(pi @ scales * eigenvalues.sum() + values.sum())
    rest = max(d - 1, 0) or math.nan
    fourth = np.mean((projection - projection.mean()) ** 4)
    return GenerationStatistics(
        shares,
        along,
        target_along,
        (total - along) / rest,
        (target_total - target_along) / rest,
        float(fourth / along**2 - 3),
        total_variation(projection, pi, centres, deviations, bins),
        None if training is None else memorized_fraction(x, training, ratio),
    )


def total_variation(
    values: ArrayLike, weights: ArrayLike, centres: ArrayLike, deviations: ArrayLike, bins: int = 20
) -> float:
    """Total variation between numbers ``values`` (m,) and a mixture of Gaussians in one dimension, on bins that the mixture fills equally.

    ½ Σ_b |share of the values in b − 1/bins|: a lower bound of the distance between the laws, raised by √(bins/2πm) on average where they are
    the same. ``weights`` (sum 1), ``centres`` and ``deviations`` (> 0) have one entry for each Gaussian; ``bins`` is from 2 to 10,000.
    """
    values, weights = finite_array("values", values, float), finite_array("weights", weights, float)
    centres, deviations = finite_array("centres", centres, float), finite_array("deviations", deviations, float)
    bins = integer("bins", bins, 2, 10_000)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"values has shape {values.shape}; allowed: (m,) with m >= 1")
    if weights.ndim != 1 or np.any(weights < 0):
        raise ValueError(f"weights = {weights} is out of range; allowed: a sequence of numbers >= 0")
    sum_to_one("weights", weights)
    for name, array in (("centres", centres), ("deviations", deviations)):
        if array.shape != weights.shape:
            raise ValueError(f"{name} has shape {array.shape}; allowed: {weights.shape}, one for each weight")
    if not np.all(deviations > 0):
        raise ValueError(f"deviations = {deviations} is out of range; allowed: numbers > 0")
    # where the mixture's distribution function is, at each value, says in which of its quantiles the value lies
    levels = ndtr((values[:, None] - centres) / deviations) @ weights
    counts = np.bincount(np.minimum((levels * bins).astype(int), bins - 1), minlength=bins)
    return float(np.sum(np.abs(counts / values.size - 1 / bins)) / 2)


def memorized_fraction(x: Array, training: Array, ratio: float = 1 / 3) -> float:
    """The fraction of the samples x (d, m) whose nearest training sample is closer than ``ratio`` times the second nearest.

    ``training`` (d, n) is of the same library, n >= 2; 0 < ratio < 1. Cost O(d m n), in blocks of bounded memory. Copies of one training
    sample count as different samples.
    """
    where, ratio = place_of(x), float(fraction("ratio", ratio))
    d, m = x.shape
    array_of("training", training, 2)
    if training.shape[0] != d or training.shape[1] < 2:
        raise ValueError(f"training has shape {tuple(training.shape)}; allowed: ({d}, n) with n >= 2")
    if m == 0:
        raise ValueError("x holds no samples; allowed: (d, m) with m >= 1")
    xp, n = where.xp, training.shape[1]
    rows, found = max(1, BLOCK // n), 0
    squares = xp.sum(training**2, axis=0)
    for first in range(0, m, rows):
        part = x[:, first : min(first + rows, m)]
        between = xp.sum(part**2, axis=0)[:, None] + squares[None, :] - 2 * part.T @ training
        nearest = np.maximum(np.partition(where.to_numpy(between), 1, axis=1)[:, :2], 0)
        found += int(np.count_nonzero(nearest[:, 0] < ratio**2 * nearest[:, 1]))
    return found / m
