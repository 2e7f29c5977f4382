r"""The exact score of a training set, ∇log P_t^e with P_t^e(x) = (1/n) Σ_μ N(x; e^{-t}a_μ, Δ_t I): the minimiser of the training loss.

With weights w_μ(x) ∝ exp(e^{-t} a_μ·x/Δ_t − e^{-2t}|a_μ|²/2Δ_t) it is (e^{-t} Σ_μ w_μ a_μ − x)/Δ_t. All sums over the n points are
taken block by block with a running maximum, so that no temporary array is larger than a stated budget and no exponential overflows. A
block costs two matrix products and one exponential for each pair of a state and a point.

No theory enters: `theory.empirical` has the limits. Checked by ``tests/simulation/test_empirical_score.py`` against sums in one piece,
other array libraries and precisions.
"""

import math
from typing import NamedTuple

import numpy as np

from .. import process
from ..validation import positive, positive_integer, shown
from .backends import Array, array_of, place_of

#: bytes of the largest temporary array, by default
MEMORY = 2**25


class Weights(NamedTuple):
    """What the weights w_μ(x) of the points are at m states, arrays (m,)."""

    #: log Σ_μ exp(−|x − e^{-t}a_μ|²/2Δ_t)
    log_sum: Array
    #: the largest weight, and which point has it
    largest: Array
    winner: Array
    #: participation ratio Σ_μ w_μ²: 1 where one point holds the state, 1/n where all do
    participation: Array


class EmpiricalScore:
    """The exact score of the points ``a``, as a callable ``score(x, t)`` that the samplers take.

    Parameters
    ----------
    points : array (d, n)
        Of any library that `theory.simulation.backends` knows, float32 or float64. Everything is computed in that precision, states are of the
        same library, and what is shaped like them has their own precision.
    memory : int
        Bytes of the largest temporary array.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    A score costs O(d n m) for m states, little more than its two matrix products; well below the collapse, with NumPy, than one of them
    (`_that_count`). In 500 steps from t = 5 to 0.001 at d = 64, n = 20,000, m = 1,000 this leaves 88 s of CPU time of 145 in float64, timed
    in turns on a busy machine; float32 takes 36 s. ``tests/benchmarks/test_exact_score.py`` has the products beside it.
    """

    def __init__(self, points: Array, *, memory: int = MEMORY) -> None:
        place = place_of(array_of("points", points, 2))
        if not place.xp.isdtype(points.dtype, "real floating"):
            raise ValueError(f"points has type {points.dtype}; allowed: float32 or float64")
        if 0 in points.shape or not bool(place.xp.all(place.xp.isfinite(points))):
            raise ValueError(
                f"points has shape {tuple(points.shape)} or holds numbers that are not finite; allowed: (d, n), finite"
            )
        self.xp, self.points = place.xp, points
        self.memory = positive_integer("memory", memory)
        #: (n, d + 1): the points, and their squares, so that one product makes the exponents
        squares = self.xp.sum(points * points, axis=0)
        self._rows = self.xp.concat([points, squares[None, :]], axis=0).T
        self._rows = self.xp.asarray(self._rows, copy=True)

    def __repr__(self):
        return f"EmpiricalScore(d = {self.points.shape[0]}, n = {self.points.shape[1]}, {self.points.dtype})"

    def __call__(self, x: Array, t: float) -> Array:
        """The score at states ``x`` (d, m) and a time t > 0, shaped like x."""
        t = float(positive("t", t))
        return (process.decay(t, math) * self.denoised(x, t) - x) / process.noise_variance(t, math)

    def denoised(self, x: Array, t: float) -> Array:
        """Σ_μ w_μ a_μ, the mean of the training points given the state, (d, m)."""
        own, t = self._checked(x, t)
        decay, noise2 = process.decay(t, math), process.noise_variance(t, math)
        parts = [self._mean(own[:, start:stop], decay, noise2) for start, stop in self._states(x.shape[1])]
        return self.xp.astype(self.xp.concat(parts, axis=1), x.dtype, copy=False)

    def weights(self, x: Array, t: float) -> Weights:
        """What the weights of the points are at states ``x`` (d, m) and a time t > 0."""
        x, t = self._checked(x, t)
        decay, noise2 = process.decay(t, math), process.noise_variance(t, math)
        parts = [self._weights(x[:, a:b], decay, noise2) for a, b in self._states(x.shape[1])]
        return Weights(*(self.xp.concat(list(column)) for column in zip(*parts, strict=True)))

    def log_density(self, x: Array, t: float) -> Array:
        """log P_t^e at states ``x`` (d, m) and a time t > 0: array (m,)."""
        d, n = self.points.shape
        return (
            self.weights(x, t).log_sum - math.log(n) - d / 2 * math.log(2 * math.pi * process.noise_variance(float(t), math))
        )

    def own_weight(self, x: Array, t: float, own: Array) -> Array:
        """w_μ at the states ``x`` (d, m), of the points whose indices ``own`` (m,) holds: array (m,)."""
        x, t = self._checked(x, t)
        if tuple(getattr(own, "shape", ())) != (x.shape[1],) or not self.xp.isdtype(own.dtype, "integral"):
            raise ValueError(f"own = {shown(own)} does not hold an index for each state; allowed: {x.shape[1]} integers")
        if not bool(self.xp.all((own >= 0) & (own < self.points.shape[1]))):
            raise ValueError(f"own = {shown(own)} is out of range; allowed: indices below {self.points.shape[1]}")
        decay, noise2 = process.decay(t, math), process.noise_variance(t, math)
        difference = x - decay * self.xp.take(self.points, own, axis=1)
        own_exponent = -self.xp.sum(difference * difference, axis=0) / (2 * noise2)
        return self.xp.exp(own_exponent - self.weights(x, t).log_sum)

    # --- blocks --------------------------------------------------------------------------------------------------------

    def _checked(self, x, t):
        """(states in the precision of the points, t as a float)."""
        t = float(positive("t", t))
        if array_of("x", x, 2).shape[0] != self.points.shape[0] or not self.xp.isdtype(x.dtype, "real floating"):
            raise ValueError(
                f"x has shape {tuple(x.shape)} and type {x.dtype}; allowed: ({self.points.shape[0]}, m), float32 or float64"
            )
        return self.xp.astype(x, self.points.dtype, copy=False), t

    def _sizes(self, states):
        """(points, states) of a block: about as many of either, within the budget."""
        entries = max(1, self.memory // (8 if "64" in str(self.points.dtype) else 4))
        per_block = min(states, max(1, math.isqrt(entries) // 4))
        return min(self.points.shape[1], max(1, entries // per_block)), per_block

    def _states(self, count):
        step = self._sizes(count)[1]
        return [(start, min(start + step, count)) for start in range(0, count, step)]

    def _exponents(self, x, decay, noise2):
        """Blocks (n', m) of e^{-t}a·x/Δ − e^{-2t}|a|²/2Δ, with where they begin."""
        columns = self.xp.concat(
            [
                x * (decay / noise2),
                self.xp.full((1, x.shape[1]), -(decay**2) / (2 * noise2), dtype=x.dtype, device=_device(x)),
            ]
        )
        step = self._sizes(x.shape[1])[0]
        count = self._rows.shape[0]
        for start in range(0, count, step):
            yield start, self._rows[start : min(start + step, count), :] @ columns

    def _mean(self, x, decay, noise2):
        xp = self.xp
        top = total = mean = None
        for start, block in self._exponents(x, decay, noise2):
            highest = xp.max(block, axis=0) if top is None else xp.maximum(top, xp.max(block, axis=0))
            block -= highest[None, :]
            block, points = self._that_count(block, start)
            if block.shape[0] == 0:  # then no state has found a higher one either
                continue
            weights = _exponential(xp, block)
            part = xp.sum(weights, axis=0)
            if top is None:
                mean, total = points @ weights, part
            else:
                shrunk = xp.exp(top - highest)
                mean, total = mean * shrunk[None, :] + points @ weights, total * shrunk + part
            top = highest
        return mean / total[None, :]

    def _that_count(self, block, start):
        """The rows of a block (n', m), exponents less the highest so far, that any state needs, and their points (d, n'').

        What is left out has, of each state, less than ε/8 of the weight, and moves its mean by less than ε/4 of the largest |a|. On the way back
        from noise these are soon nearly all points. Other libraries take all: which rows to take must be known on the host.
        """
        stop = start + block.shape[0]
        if self.xp.__name__.endswith("numpy"):
            cut = math.log(np.finfo(block.dtype).eps / (8 * self.points.shape[1]))
            rows = np.flatnonzero(block.max(axis=1) > cut)
            if 2 * rows.size < block.shape[0]:  # else a copy costs more than it saves
                return block[rows], self._rows[start:stop, :-1][rows].T
        return block, self.points[:, start:stop]

    def _weights(self, x, decay, noise2):
        xp = self.xp
        top = None
        for start, block in self._exponents(x, decay, noise2):
            here, where = xp.max(block, axis=0), xp.argmax(block, axis=0) + start
            highest = here if top is None else xp.maximum(top, here)
            block -= highest[None, :]
            weights = _exponential(xp, block)
            part, square = xp.sum(weights, axis=0), xp.sum(weights * weights, axis=0)
            if top is None:
                total, squares, winner = part, square, where
            else:
                shrunk = xp.exp(top - highest)
                total, squares = total * shrunk + part, squares * shrunk**2 + square
                winner = xp.where(here > top, where, winner)
            top = highest
        log_sum = top + xp.log(total) - xp.sum(x * x, axis=0) / (2 * noise2)
        return log_sum, 1 / total, winner, squares / total**2


def _device(x):
    return place_of(x).device


def _exponential(xp, block):
    """e^block, in place where the library can."""
    if xp.__name__.endswith("numpy"):
        return xp.exp(block, out=block)
    return xp.exp(block)
