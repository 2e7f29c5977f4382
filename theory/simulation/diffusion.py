r"""The diffusion itself: noise added to samples, and samples made out of noise with a given score.

A score is any function of (x, t): the exact ones are those of `theory.simulation.scores`, which have their names here too, and the learned
ones those of `theory.simulation.trained`. Nothing here knows of networks, and no module of the simulations calls a sampler: users do.

Forward, dx = −x dt + √2 dB, whose solution is x_t = e^{-t} x + √Δ_t ξ. Backward, from t = T down to t ≈ 0 with the score
S(x, t) = ∇ log P_t(x), in the time ds = −dt,

    dx = (x + 2 S) ds + √2 dB       (reverse SDE),           dx = (x + S) ds       (probability flow).

Both have the marginals P_t. A batch of m states is an array (d, m), samples as columns, of any library that
`theory.simulation.backends` knows; the namespace and the device are those of the array that is passed in. Random numbers are
drawn on the host, so that a seed means the same on every backend. Sources: Anderson (1982), 2011.13456; the orders of the
schemes are checked by ``tests/simulation/test_diffusion.py``.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import process
from .._former_names import renamed
from ..progress import progress_bar
from ..validation import (
    MOST_ENTRIES,
    finite_array,
    function,
    non_negative,
    one_of,
    positive,
    positive_integer,
    random_generator,
    truth,
)
from .backends import Array, place_of
from .backends import backend as choose_backend
from .scores import diffused, gaussian_score, two_cluster_score, variances_of

__all__ = [
    "METHODS",
    "SPACINGS",
    "diffused",
    "draw",
    "forward",
    "gaussian_score",
    "probability_flow",
    "reverse_sde",
    "sampling_times",
    "two_cluster_score",
]

SPACINGS = ("log", "uniform")
METHODS = ("euler", "heun")
#: score(x, t) of states x (d, m) and a time t, shaped like x
Score = Callable[[Array, float], Array]
#: most steps of a grid of times
MOST_STEPS = 10**8


def draw(
    variances: ArrayLike,
    samples: int,
    seed: int = 0,
    *,
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
) -> Array:
    """Centred Gaussian states (d, samples) with a diagonal covariance.

    Parameters
    ----------
    variances : sequence of d real numbers >= 0
        ``[1.0] * d`` for the noise a sampler starts from.
    samples : int
    seed : int
    device, library, dtype
        See `theory.simulation.backend`.
    """
    where = choose_backend(device, library, dtype)
    scale = np.sqrt(variances_of("variances", variances))[:, None]
    noise = random_generator("seed", seed).standard_normal((len(scale), _states("samples", samples, len(scale))))
    return where.asarray(scale * noise)


def forward(x: Array, t: float, seed: int = 0) -> Array:
    """x_t = e^{-t} x + √Δ_t ξ for a batch ``x`` of any shape and t >= 0; ξ is drawn with ``seed``."""
    t = float(non_negative("t", t))
    noise = place_of(x, None).asarray(random_generator("seed", seed).standard_normal(tuple(x.shape)))
    return process.decay(t, math) * x + math.sqrt(process.noise_variance(t, math)) * noise


def sampling_times(start: float, stop: float, steps: int, spacing: str = "log") -> NDArray[np.float64]:
    """Diffusion times for a sampler to go down, decreasing from ``start`` to ``stop``, a NumPy array of steps + 1 numbers.

    "log" makes equal ratios, and takes as many steps per decade near the data as far from them (0 < stop < start);
    "uniform" makes equal differences (0 <= stop < start).
    """
    one_of("spacing", spacing, SPACINGS)
    start, steps = float(positive("start", start)), positive_integer("steps", steps, MOST_STEPS)
    stop = float(positive("stop", stop) if spacing == "log" else non_negative("stop", stop))
    if not stop < start:
        raise ValueError(f"stop = {stop!r} is not below start = {start!r}; allowed: stop < start")
    return np.geomspace(start, stop, steps + 1) if spacing == "log" else np.linspace(start, stop, steps + 1)


def reverse_sde(
    score: Score,
    x: Array,
    times: ArrayLike,
    seed: int = 0,
    *,
    observe: Callable[[Array], Any] | None = None,
    progress: bool = True,
) -> Array | tuple[Array, list]:
    r"""Euler–Maruyama steps of dx = (x + 2S) ds + √2 dB down the grid. Its moments have an error of order 1.

    Parameters
    ----------
    score : callable
        ``score(x, t)``, an array shaped as x.
    x : array (d, m)
        The states at times[0].
    times : sequence of float
        Decreasing, >= 0, as of `sampling_times`. The score is not evaluated at the last one.
    seed : int
        Of the Brownian increments.
    observe : callable, optional
        ``observe(x)`` is evaluated at every time and collected.
    progress : bool
        A bar, shown once two seconds have passed.

    Returns
    -------
    x at times[-1], or ``(x, [observe(x) at each time])`` where ``observe`` is given

    Notes
    -----
    One score evaluation and d m normal numbers per step.
    """
    where, rng = _start(score, x, observe, progress), random_generator("seed", seed)

    def step(x, t, t_next):
        noise = where.asarray(rng.standard_normal(tuple(x.shape)))
        return x + (t - t_next) * (x + 2 * score(x, t)) + math.sqrt(2 * (t - t_next)) * noise

    return _integrate(step, x, times, observe, progress)


def probability_flow(
    score: Score,
    x: Array,
    times: ArrayLike,
    *,
    method: str = "heun",
    observe: Callable[[Array], Any] | None = None,
    progress: bool = True,
) -> Array | tuple[Array, list]:
    """Steps of dx = (x + S) ds down the grid: "euler" (order 1) or "heun" (order 2, two score evaluations a step).

    Arguments and return value as of `reverse_sde`; "heun" evaluates the score at the last time too.
    """
    one_of("method", method, METHODS)
    _start(score, x, observe, progress)

    def step(x, t, t_next):
        slope = x + score(x, t)
        if method == "euler":
            return x + (t - t_next) * slope
        trial = x + (t - t_next) * slope
        return x + (t - t_next) / 2 * (slope + trial + score(trial, t_next))

    return _integrate(step, x, times, observe, progress)


def _integrate(step, x, times, observe, progress):
    times = finite_array("times", times, float)
    if times.ndim != 1 or len(times) < 2 or times[-1] < 0 or not np.all(np.diff(times) < 0):
        raise ValueError(f"times = {times} is not a grid to go down; allowed: two or more decreasing numbers >= 0")
    times = times.tolist()
    record = None if observe is None else [observe(x)]
    with progress_bar(total=len(times) - 1, shown=progress, unit="step") as bar:
        for t, t_next in pairwise(times):
            x = step(x, t, t_next)
            if record is not None:
                record.append(observe(x))
            bar.update()
    return x if record is None else (x, record)


def _start(score, x, observe, progress):
    """The backend of the states that a sampler starts from, where all its arguments are what they must be."""
    function("score", score, "a function of (x, t)")
    if observe is not None:
        function("observe", observe, "a function of x, or None")
    truth("progress", progress)
    where = place_of(x)
    if not bool(where.xp.all(where.xp.isfinite(x))):
        raise ValueError("x holds values that are not finite; allowed: finite real numbers")
    return where


def _states(name, count, dimension):
    count = positive_integer(name, count)
    if count * dimension > MOST_ENTRIES:
        raise ValueError(
            f"{name} = {count} states of dimension {dimension} are too many; allowed: {MOST_ENTRIES} numbers in all"
        )
    return count


__getattr__ = renamed(__name__, time_grid="sampling_times")
