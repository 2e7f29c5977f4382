"""Times read off measured curves, and how sure they are: interpolated minima and crossings, bootstrap bars, exponents with an error by seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...validation import finite_array, fraction, of_class, positive_integer, random_generator, real, sequence, shown, truth
from .evaluation import Neighbours

#: two-sided coverage of a bar: one standard deviation of a normal variable
COVERAGE = 0.6827


def _curve(steps, values):
    steps, values = finite_array("steps", steps, float), finite_array("values", values, float)
    if steps.ndim != 1 or steps.size < 3 or np.any(steps <= 0) or np.any(np.diff(steps) <= 0):
        raise ValueError(f"steps has shape {steps.shape}; allowed: at least 3 rising numbers > 0")
    if values.shape != steps.shape:
        raise ValueError(f"values has shape {values.shape}; allowed: {steps.shape}, one for each step")
    return np.log(steps), values


def minimum_time(steps: ArrayLike, values: ArrayLike) -> float:
    """Where a curve has its minimum: the vertex of the parabola, in ln(step), through the lowest value and its neighbours.

    NaN where the lowest value is the first or the last: the minimum was not passed.
    """
    x, y = _curve(steps, values)
    k = int(np.argmin(y))
    if k in (0, len(x) - 1):
        return float("nan")
    curvature, slope, _ = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    return float(np.exp(x[k] - slope / (2 * curvature))) if curvature > 0 else float(np.exp(x[k]))


def crossing_time(steps: ArrayLike, values: ArrayLike, level: float, rising: bool = True) -> float:
    """Where a curve first reaches a ``level`` from below (``rising``) or from above, linear in ln(step); NaN where it does not.

    A curve that begins beyond the level crosses it before the first step: NaN, too.
    """
    x, y = _curve(steps, values)
    level, sign = float(real("level", level)), 1 if truth("rising", rising) else -1
    above = sign * (y - level) >= 0
    if above[0] or not above.any():
        return float("nan")
    k = int(np.argmax(above))
    return float(np.exp(x[k - 1] + (x[k] - x[k - 1]) * (level - y[k - 1]) / (y[k] - y[k - 1])))


def memorized(near: Neighbours, threshold: float = 1 / 3) -> NDArray:
    """The fraction of samples whose nearest training image is closer than ``threshold`` times the second: over the last axis."""
    of_class("near", near, "Neighbours", "a theory.simulation.networks.Neighbours")
    return np.mean(near.ratio < float(fraction("threshold", threshold)), axis=-1)


def bootstrap_bars(hits: ArrayLike, draws: int = 1000, seed: int = 0) -> NDArray:
    """Bars of the mean of 0 and 1 (…, m), by drawing the m samples again: array (2, …), of one standard deviation's coverage (`COVERAGE`).

    Drawing m of them again makes a binomial number of ones, which is what is drawn.
    """
    hits = finite_array("hits", hits, float)
    if hits.ndim == 0 or hits.shape[-1] == 0 or not np.isin(hits, (0.0, 1.0)).all():
        raise ValueError(f"hits has shape {hits.shape} or other values than 0 and 1; allowed: 0 and 1, at least one")
    rng, m = random_generator("seed", seed), hits.shape[-1]
    again = rng.binomial(m, hits.mean(axis=-1), size=(positive_integer("draws", draws, 10**6), *hits.shape[:-1])) / m
    return np.quantile(again, ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2), axis=0)


class Exponent(NamedTuple):
    """A power law τ ∝ n^slope through times of several seeds."""

    slope: float
    #: standard error by the scatter of the seeds
    error: float
    #: how far the mean logarithms lie from the line, in the mean square: the curvature that no error bar holds
    misfit: float
    #: runs that had such a time, and all runs
    found: int
    runs: int


def exponent(sizes: ArrayLike, times: Sequence, draws: int = 2000, seed: int = 0) -> Exponent:
    """The exponent of times against sizes, with an error from the seeds.

    Parameters
    ----------
    sizes : array (G,)
        At least two that differ.
    times : sequence of G sequences of float
        The times of the seeds at each size, each > 0, or NaN where a run has none: a size of which a seed has none is left out, for what is left
        would be the fast ones.
    draws, seed
        Of the bootstrap: residuals of ln τ about the mean of their size, pooled over the sizes and multiplied by √(N/(N − G)) for the means
        that were subtracted, are drawn again. A size with one seed gets its scatter from the others. NaN where no size has two seeds.
    """
    sizes, groups = finite_array("sizes", sizes, float), sequence("times", times, "a sequence of times for each size")
    if sizes.ndim != 1 or np.any(sizes <= 0) or len(groups) != sizes.size:
        raise ValueError(f"sizes = {sizes} do not fit {len(groups)} sequences of times; allowed: numbers > 0, one for each")
    logs = [_logarithms(group) for group in groups]
    runs, draws = sum(map(len, logs)), positive_integer("draws", draws, 10**6)
    kept = [(x, y) for x, y in zip(np.log(sizes), logs, strict=True) if y.size and np.all(np.isfinite(y))]
    found = sum(int(np.isfinite(y).sum()) for y in logs)
    if len({x for x, _ in kept}) < 2:
        return Exponent(float("nan"), float("nan"), float("nan"), found, runs)
    x, means = np.array([x for x, _ in kept]), np.array([y.mean() for _, y in kept])
    counts = np.array([y.size for _, y in kept])
    slope, intercept = np.polyfit(x, means, 1)
    misfit = float(np.sqrt(np.mean((means - slope * x - intercept) ** 2)))
    spare, total = int(counts.sum()) - len(kept), int(counts.sum())
    if spare == 0:
        return Exponent(float(slope), float("nan"), misfit, found, runs)
    residuals = np.concatenate([y - y.mean() for _, y in kept]) * np.sqrt(total / spare)
    rng = random_generator("seed", seed)
    again = [[rng.choice(residuals, k).mean() for k in counts] for _ in range(draws)]
    slopes = np.polyfit(x, np.array(again).T, 1)[0]
    return Exponent(float(slope), float(np.std(slopes)), misfit, found, runs)


def _logarithms(group):
    try:
        times = np.atleast_1d(np.asarray(group, float))
    except (TypeError, ValueError):
        raise ValueError(f"times holds {shown(group)}; allowed: sequences of numbers > 0, or NaN") from None
    if times.ndim != 1 or isinstance(group, str | bytes) or not np.all((times > 0) & (times < np.inf) | np.isnan(times)):
        raise ValueError(f"times holds {shown(group)}; allowed: sequences of numbers > 0, or NaN")
    return np.log(times)
