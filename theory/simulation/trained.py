r"""Scores learned by finite networks, one network for each diffusion time, to drive the sampler of `theory.simulation.diffusion`.

A network trained at time t alone serves that time alone. For a grid of times the networks here share W and the samples X,

.. math:: S(x, t_k) = \frac{1}{\sqrt p}\,A_k\,\sigma\Big(\frac{Wx}{\sqrt d} + t_k b\Big),
          \qquad A_k = A_{t_k}(\tau) \text{ by exact gradient flow (`theory.simulation.loss`)},

so that what differs from time to time is the noise that the samples carry and the readout that is learned from it. The loss
|√Δ_t S + ξ|² makes S an approximation of ∇log P_t, the score that `reverse_sde` and `probability_flow` take: there is nothing to rescale.

No theory of the limit enters, and no sampler: users hand the score to one. Checked by ``tests/simulation/test_trained.py``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..filters import check_tau
from ..progress import progress_bar
from ..validation import a_model, finite_array, integer, positive, positive_integer, random_generator, truth
from .backends import Array, array_of
from .eigenmodes import modes
from .features import features_of
from .finite import simulate
from .loss import gradient_flow

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: how closely a time that is asked for must match one of the grid
SAME_TIME = 1e-9


class TrainedNetworks:
    """Networks with common W and samples, one for each time of a grid.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        Its own time is replaced by those of the grid, one after the other.
    d : int
        Dimension; p = round(ψ_p d) features and n = round(ψ_n d) samples. A spike of the data lies along the first coordinate.
    times : sequence of real numbers > 0
        As of `theory.simulation.sampling_times`; in any order, all different.
    seed : int
    device, library, dtype
        See `theory.simulation.backend`.

    Raises
    ------
    ValueError
        ``times`` empty, not positive or not all different; and as of `theory.simulation.simulate`.

    Notes
    -----
    Cost O(p² n + p³) for each time, once for all training times: d = 50, p = 200, n = 150 and 40 times take about 4 s.
    """

    def __init__(
        self,
        model: "RandomFeatureModel",
        d: int,
        times: ArrayLike,
        seed: int = 0,
        *,
        device: Any = None,
        library: str | None = None,
        dtype: str = "float64",
    ) -> None:
        self.times = _checked(model, d, times, seed)
        options = {"device": device, "library": library, "dtype": dtype}
        # the draws come before anything that depends on the time, so that a seed gives all networks the same W and X
        self.networks = tuple(
            simulate(replace(model, t=t), d, seed, **options) for t in progress_bar(self.times.tolist(), unit="network")
        )

    def __repr__(self):
        return f"TrainedNetworks({len(self.times)} times, {self.networks[0]})"

    def readouts(self, tau: ArrayLike) -> tuple[Array, ...]:
        """A_k(τ), a tuple of arrays (d, p), one for each time; ``tau`` is a number >= 0, inf allowed, or one for each time."""
        tau = check_tau(tau)
        if tau.ndim and tau.shape != self.times.shape:
            raise ValueError(f"tau has shape {tau.shape}; allowed: a number, or one for each of the {len(self.times)} times")
        each = np.broadcast_to(tau, self.times.shape).tolist()
        return tuple(gradient_flow(network, x) for network, x in zip(self.networks, each, strict=True))

    def score(self, tau: ArrayLike) -> Callable[[Array, float], Array]:
        """The score after training for ``tau`` (as of `readouts`): a callable ``score(x, t)`` for ``x`` (d, m) and t of the grid.

        It raises ``ValueError`` at any other time, and for states of another dimension. One product with W and one with A.
        """
        return _score_of(self.networks[0], self.times, self.readouts(tau))

    def top_overlaps(self, coordinate: int = 0) -> NDArray[np.float64]:
        """Squared overlap of the top eigenvector of each U with We/|We|, e a coordinate direction: NumPy array (K,)."""
        k = integer("coordinate", coordinate, 0, self.networks[0].W.shape[1] - 1)
        found = []
        for network in self.networks:
            w, v = network.W[:, k], modes(network).eigenvectors[:, -1]
            xp = network.backend.xp
            found.append(float(xp.sum(v * w)) ** 2 / float(xp.sum(w * w)))
        return np.array(found)


@dataclass(frozen=True, eq=False)
class TrainedScores:
    """The scores of the same networks at chosen training times, without the networks: what `trained_scores` returns."""

    #: the network of the first time without its U and modes: ``first.X`` are the samples and ``first.W`` the features that all share
    first: Any
    #: (K,) and (T,), NumPy
    times: NDArray[np.float64]
    tau: NDArray[np.float64]
    #: A_k(τ), an array (T, d, p) for each time
    readouts: tuple[Array, ...]

    def __repr__(self):
        return f"TrainedScores({len(self.times)} times, {len(self.tau)} training times, {self.first})"

    def score(self, index: int) -> Callable[[Array, float], Array]:
        """``score(x, t)`` after training for ``tau[index]``, as of `TrainedNetworks.score`."""
        index = integer("index", index, 0, len(self.tau) - 1)
        return _score_of(self.first, self.times, tuple(A[index, ...] for A in self.readouts))


def trained_scores(
    model: "RandomFeatureModel",
    d: int,
    times: ArrayLike,
    tau: ArrayLike,
    seed: int = 0,
    *,
    progress: bool = True,
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
) -> TrainedScores:
    """Train the networks of `TrainedNetworks` one after the other, and keep their readouts at some training times alone.

    ``tau`` (T,) holds training times >= 0, inf allowed; all else is as there. Memory: one network, O(p²), and T·K·d·p numbers, where
    `TrainedNetworks` keeps 2·K·p². A bar shows once two seconds have passed.
    """
    times, tau = _checked(model, d, times, seed), check_tau(tau)
    if tau.ndim != 1 or tau.size == 0:
        raise ValueError(f"tau has shape {tau.shape}; allowed: (T,) with T >= 1")
    readouts, first = [], None
    for t in progress_bar(times.tolist(), shown=truth("progress", progress), unit="network"):
        network = simulate(replace(model, t=t), d, seed, device=device, library=library, dtype=dtype)
        readouts.append(gradient_flow(network, tau))
        first = replace(network, U=None, V=None) if first is None else first
    return TrainedScores(first, times, tau, tuple(readouts))


def _checked(model, d, times, seed):
    """The grid of times, where all arguments are what they must be."""
    a_model(model), positive_integer("d", d), random_generator("seed", seed)
    times = finite_array("times", times, float)
    if times.ndim != 1 or times.size == 0 or not np.all(times > 0):
        raise ValueError(f"times = {times} is not a grid to train on; allowed: one or more numbers > 0")
    if np.any(np.diff(np.sort(times)) <= SAME_TIME * np.max(times)):
        raise ValueError(f"times = {times} holds a time twice; allowed: different times")
    return times


def _score_of(first, times, readouts):
    """``score(x, t)`` with the features of a network and one readout (d, p) for each time."""
    W, biases, activation = first.W, first.biases, first.model.activation
    (p, d), xp = W.shape, first.backend.xp

    def score(x, t):
        k = int(np.argmin(np.abs(times - float(positive("t", t)))))
        if not abs(times[k] - float(t)) <= SAME_TIME * times[k]:
            raise ValueError(f"t = {t!r} is not a time that a network was trained at; allowed: {times.tolist()}")
        if array_of("x", x).ndim != 2 or x.shape[0] != d:
            raise ValueError(f"x has shape {tuple(x.shape)}; allowed: ({d}, m)")
        features = features_of(activation, W, x, float(times[k]) * biases[:, None], xp)
        return readouts[k] @ features / math.sqrt(p)

    return score


def trained_score(
    model: "RandomFeatureModel",
    d: int,
    times: ArrayLike,
    tau: ArrayLike,
    seed: int = 0,
    *,
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
) -> Callable[[Array, float], Array]:
    """``score(x, t)`` of networks trained for ``tau`` at each of the ``times``; see `TrainedNetworks`, which serves many τ."""
    check_tau(tau)
    return TrainedNetworks(model, d, times, seed, device=device, library=library, dtype=dtype).score(tau)
