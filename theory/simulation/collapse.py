r"""Collapse, cloning and generalization of the exact empirical score, measured.

A state of a trajectory at time t has the law P_t^e, whichever way it came: it is a training point with noise, e^{-t}a_μ + √Δ_t ξ. What
the weights of the points are at such states says when one of them holds the trajectory (`own_weights`), with no sampler. Which one it
ends at is asked by running two copies back (`cloning`), and how near P_t^e is to the law of the data by its logarithm at fresh points
(`fresh_cross_entropy`).

No theory enters; the limits are those of `theory.empirical`. Checked by ``tests/simulation/test_collapse.py``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import process
from ..data.gaussian import Gaussian
from ..data.hidden_manifold import HiddenManifold
from ..data.mixture import Mixture
from ..progress import progress_bar
from ..validation import (
    finite_array,
    function,
    integer,
    of_class,
    positive,
    positive_integer,
    random_generator,
    shown,
    truth,
)
from .backends import Array, array_of, backend, place_of
from .diffusion import reverse_sde, sampling_times
from .drawing import samples
from .empirical_score import EmpiricalScore


@dataclass(frozen=True)
class OwnWeights:
    """What the weights are at noisy training points, arrays (K,) over the times: means over the states, with standard errors."""

    times: NDArray[np.float64]
    #: weight of the point that the state came from
    own: NDArray[np.float64]
    own_error: NDArray[np.float64]
    #: participation ratio Σ_μ w_μ²
    participation: NDArray[np.float64]

    @property
    def collapse_time(self) -> float:
        """The time at which ``own`` is ½, interpolated in log t; nan where it is not passed within ``times``."""
        below = np.flatnonzero(self.own < 0.5)
        if below.size == 0 or below[0] == 0:
            return math.nan
        k = int(below[0])
        share = (self.own[k - 1] - 0.5) / (self.own[k - 1] - self.own[k])
        return float(np.exp(np.interp(share, [0, 1], np.log(self.times[k - 1 : k + 1]))))


@dataclass(frozen=True)
class FreshCrossEntropy:
    """−(1/d) log P_t^e at fresh points in the units of the data, arrays (K,) over the times: the mean, with its standard error."""

    times: NDArray[np.float64]
    mean: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def generalization_time(self) -> float:
        """The time of the smallest mean, by a parabola in log t through the three lowest neighbours; nan at an end of ``times``."""
        k = int(np.argmin(self.mean))
        if k in (0, len(self.times) - 1):
            return math.nan
        second, first, _ = np.polyfit(np.log(self.times[k - 1 : k + 2] / self.times[k]), self.mean[k - 1 : k + 2], 2)
        return float(self.times[k] * np.exp(-first / (2 * second)))


def training_set(
    data: Gaussian | Mixture | HiddenManifold,
    d: int,
    n: int,
    fresh: int = 0,
    seed: int = 0,
    *,
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
) -> tuple[Array, Array]:
    """n training points (d, n), and as many ``fresh`` ones of the same law (d, fresh): of the same manifold, where it is one.

    Parameters
    ----------
    data : `theory.Gaussian`, `theory.Mixture` or `theory.empirical.HiddenManifold`
        A manifold has D = round(α_D d) dimensions, one at least.
    d, n, fresh, seed : int
    device, library, dtype
        See `theory.simulation.backend`.
    """
    rng, where = random_generator("seed", seed), backend(device, library, dtype)
    d, n, fresh = positive_integer("d", d), positive_integer("n", n), integer("fresh", fresh, 0)
    if isinstance(data, HiddenManifold):
        D = max(1, round(float(data.alpha_D) * d))
        F = rng.standard_normal((d, D)) * math.sqrt(float(data.variance) / D)
        x = F @ rng.standard_normal((D, n + fresh))
        x = x if data.activation is None else data.activation(x)
        return where.asarray(x[:, :n]), where.asarray(x[:, n:])
    if not isinstance(data, Gaussian):
        of_class("data", data, "Mixture", "theory.Gaussian, theory.Mixture or theory.empirical.HiddenManifold")
    points = samples(data, d, n, rng)[0]
    others = samples(data, d, fresh, rng)[0] if fresh else np.zeros((d, 0))
    return where.asarray(points), where.asarray(others)


def own_weights(
    score: EmpiricalScore, times: ArrayLike, states: int = 200, seed: int = 0, *, progress: bool = True
) -> OwnWeights:
    """The weights at training points with noise, at each of the ``times``.

    Parameters
    ----------
    score : `EmpiricalScore`
    times : increasing sequence of real numbers > 0
    states : int
        Points that noise is added to, at most n; the noise is another at each time.
    seed : int
    progress : bool
        A bar, shown once two seconds have passed.
    """
    times = _increasing(times)
    of_class("score", score, "EmpiricalScore", "a theory.simulation.EmpiricalScore"), truth("progress", progress)
    rng, where = random_generator("seed", seed), place_of(score.points)
    d, n = score.points.shape
    own = np.sort(rng.permutation(n)[: min(n, positive_integer("states", states))])
    index = where.xp.asarray(own, device=where.device)
    chosen = where.xp.take(score.points, index, axis=1)
    rows = []
    for t in progress_bar(times.tolist(), shown=progress, unit="time"):
        noise = where.asarray(rng.standard_normal((d, len(own))))
        x = process.decay(t, math) * chosen + math.sqrt(process.noise_variance(t, math)) * noise
        weight, participation = score.own_weight(x, t, index), score.weights(x, t).participation
        weight, participation = where.to_numpy(weight), where.to_numpy(participation)
        rows.append((weight.mean(), weight.std() / math.sqrt(len(own)), participation.mean()))
    return OwnWeights(times, *map(np.array, zip(*rows, strict=True)))


def fresh_cross_entropy(
    score: EmpiricalScore, fresh: Array, times: ArrayLike, *, progress: bool = True
) -> FreshCrossEntropy:
    """−(1/d) log P_t^e at the points ``fresh`` (d, m), in the units of the data, at each of the ``times``.

    The density is that of y = e^t x_t, a kernel estimate of bandwidth √h, h = Δ_t e^{2t}: with the entropy of the data taken off it estimates
    (1/d) KL(P_0 ‖ P_t^e).
    """
    times = _increasing(times)
    of_class("score", score, "EmpiricalScore", "a theory.simulation.EmpiricalScore"), truth("progress", progress)
    where, d = place_of(array_of("fresh", fresh, 2)), score.points.shape[0]
    rows = []
    for t in progress_bar(times.tolist(), shown=progress, unit="time"):
        # the density of y at y is e^{-dt} times that of x_t at e^{-t}y
        values = -where.to_numpy(score.log_density(process.decay(t, math) * fresh, t)) / d + t
        rows.append((values.mean(), values.std() / math.sqrt(values.size)))
    return FreshCrossEntropy(times, *map(np.array, zip(*rows, strict=True)))


def cloning(
    score: Callable[[Array, float], Array],
    x: Array,
    t: float,
    label: Callable[[Array], Array],
    *,
    stop: float = 1e-3,
    steps: int = 100,
    seed: int = 0,
    progress: bool = True,
) -> float:
    """The share of states whose two copies, run back by the reverse SDE with different noise, end with the same label.

    Parameters
    ----------
    score : callable
        ``score(x, t)``, an `EmpiricalScore` or any other.
    x : array (d, m)
        States at time ``t``.
    t : real number > 0
    label : callable
        ``label(x)``, an integer array (m,): a cluster, or ``lambda x: score.weights(x, stop).winner``, a training point.
    stop, steps, seed
        The copies are run down to the time ``stop`` < t by so many steps in equal ratios.
    """
    function("label", label, "a function of x"), positive("t", t)
    times = sampling_times(t, stop, steps)
    seeds = random_generator("seed", seed).integers(2**62, size=2).tolist()
    first, second = (label(reverse_sde(score, x, times, each, progress=progress)) for each in seeds)
    if tuple(getattr(first, "shape", ())) != (x.shape[1],):
        raise ValueError(
            f"label = {shown(label)} does not return one label for each state; allowed: an array ({x.shape[1]},)"
        )
    return float(np.mean(place_of(x).to_numpy(first == second)))


def _increasing(times):
    times = finite_array("times", times, float)
    if times.ndim != 1 or times.size == 0 or not np.all(times > 0) or not np.all(np.diff(times) > 0):
        raise ValueError(f"times = {times} does not increase from above 0; allowed: one or more increasing numbers > 0")
    return times
