r"""The diffusion itself: noise added to samples, and samples made out of noise with a given score.

Forward, dx = −x dt + √2 dB, whose solution is x_t = e^{-t} x + √Δ_t ξ. Backward, from t = T down to t ≈ 0 with the score
S(x, t) = ∇ log P_t(x), in the time ds = −dt,

    dx = (x + 2 S) ds + √2 dB       (reverse SDE),           dx = (x + S) ds       (probability flow).

Both have the marginals P_t. A batch of m states is an array (d, m), samples as columns, of any library that
`theory.simulation.backend` knows; the namespace and the device are those of the array that is passed in. Random numbers are
drawn on the host, so that a seed means the same on every backend. Sources: Anderson (1982), 2011.13456; the orders of the
schemes are checked by ``tests/simulation/test_diffusion.py``.
"""

import math
from itertools import pairwise

import numpy as np
from array_api_compat import array_namespace
from array_api_compat import device as device_of

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
    shown,
    truth,
)
from .backend import Backend, array_of
from .backend import backend as choose_backend

SPACINGS = ("log", "uniform")
METHODS = ("euler", "heun")
#: most steps of a grid of times
MOST_STEPS = 10**8


def draw(variances, samples, seed=0, *, device=None, library=None):
    """Centred Gaussian states (d, samples) with a diagonal covariance.

    Parameters
    ----------
    variances : sequence of d real numbers >= 0
        ``[1.0] * d`` for the noise a sampler starts from.
    samples : int
    seed : int
    device, library
        See `theory.simulation.backend.backend`.
    """
    where = choose_backend(device, library)
    scale = np.sqrt(_variances("variances", variances))[:, None]
    noise = random_generator("seed", seed).standard_normal((len(scale), _states("samples", samples, len(scale))))
    return where.asarray(scale * noise)


def forward(x, t, seed=0):
    """x_t = e^{-t} x + √Δ_t ξ for a batch ``x`` of any shape and t >= 0; ξ is drawn with ``seed``."""
    t = float(non_negative("t", t))
    noise = _place(x, None).asarray(random_generator("seed", seed).standard_normal(tuple(x.shape)))
    return math.exp(-t) * x + math.sqrt(-math.expm1(-2 * t)) * noise


def gaussian_score(x, t, eigenvalues):
    r"""The score of N(0, Σ) after a time t >= 0: −x_i/(e^{−2t} λ_i + Δ_t), in the eigenbasis of Σ.

    Parameters
    ----------
    x : array (d, m)
    t : float
    eigenvalues : sequence of d real numbers >= 0
        Of Σ. All of them > 0 where t = 0.
    """
    where, variances = _place(x), diffused(_variances("eigenvalues", eigenvalues), t)
    if not np.all(variances > 0):
        raise ValueError(f"t = {t!r} leaves a direction without variance; allowed: t > 0, or eigenvalues > 0")
    if len(variances) != x.shape[0]:
        raise ValueError(f"eigenvalues has {len(variances)} entries for states of dimension {x.shape[0]}; allowed: one each")
    return -x / where.asarray(variances)[:, None]


def two_cluster_score(x, t, mean, variance=1.0):
    r"""The score of ½N(m, σ²) + ½N(−m, σ²) after a time t >= 0.

    With Γ² = e^{−2t}σ² + Δ_t it is −x/Γ² + (e^{-t}m/Γ²) tanh(e^{-t} m·x/Γ²).

    Parameters
    ----------
    x : array (d, m)
    t : float
    mean : sequence of d real numbers
    variance : real number > 0
        σ² of each cluster, the same in all directions.
    """
    where, t = _place(x), float(non_negative("t", t))
    gamma2 = float(diffused(float(positive("variance", variance)), t))
    if not gamma2 > 0:
        raise ValueError(f"variance = {variance!r} underflows at t = {t!r}; allowed: e^(-2t) variance + 1 - e^(-2t) > 0")
    mean = finite_array("mean", mean, float)
    if mean.shape != (x.shape[0],):
        raise ValueError(f"mean has shape {mean.shape} for states of dimension {x.shape[0]}; allowed: ({x.shape[0]},)")
    m = where.asarray(math.exp(-t) / gamma2 * mean)[:, None]
    return -x / gamma2 + m * where.xp.tanh(where.xp.sum(m * x, axis=0))


def diffused(variance, t):
    """e^{−2t}λ + Δ_t, the variance at time t >= 0 of a direction that had λ (number or host array)."""
    t, variance = float(non_negative("t", t)), finite_array("variance", variance, float)[()]
    if np.any(variance < 0):
        raise ValueError(f"variance = {shown(variance)} is out of range; allowed: numbers >= 0")
    return math.exp(-2 * t) * variance - math.expm1(-2 * t)


def time_grid(start, stop, steps, spacing="log"):
    """Decreasing times from ``start`` to ``stop``, a NumPy array of steps + 1 numbers.

    "log" makes equal ratios, and takes as many steps per decade near the data as far from them (0 < stop < start);
    "uniform" makes equal differences (0 <= stop < start).
    """
    one_of("spacing", spacing, SPACINGS)
    start, steps = float(positive("start", start)), positive_integer("steps", steps, MOST_STEPS)
    stop = float(positive("stop", stop) if spacing == "log" else non_negative("stop", stop))
    if not stop < start:
        raise ValueError(f"stop = {stop!r} is not below start = {start!r}; allowed: stop < start")
    return np.geomspace(start, stop, steps + 1) if spacing == "log" else np.linspace(start, stop, steps + 1)


def reverse_sde(score, x, times, seed=0, *, observe=None, progress=True):
    r"""Euler–Maruyama steps of dx = (x + 2S) ds + √2 dB down the grid. Its moments have an error of order 1.

    Parameters
    ----------
    score : callable
        ``score(x, t)``, an array shaped as x.
    x : array (d, m)
        The states at times[0].
    times : sequence of float
        Decreasing, >= 0, as of `time_grid`. The score is not evaluated at the last one.
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


def probability_flow(score, x, times, *, method="heun", observe=None, progress=True):
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
    where = _place(x)
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


def _place(x, ndim=2):
    """The backend that an array lives on."""
    array_of("x", x, ndim)
    return Backend(array_namespace(x), device_of(x))


def _variances(name, value):
    array = finite_array(name, value, float)
    if array.ndim != 1 or len(array) == 0 or np.any(array < 0):
        raise ValueError(f"{name} = {array} is out of range; allowed: a non-empty sequence of numbers >= 0")
    return array
