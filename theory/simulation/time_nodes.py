r"""One diffusion time of a network, and how it weighs in the loss.

A network that is trained at several times has the average over them as its loss. All else in the simulations works at one time and
sums over the `nodes`; a number t is one node of weight 1. The grid is described by `theory.TimeGrid`, from which only attributes are read.
Not to be confused with the grids that training times τ and the steps of a sampler (`theory.simulation.diffusion.sampling_times`) run over.
"""

import math
from typing import NamedTuple

import numpy as np

from ..data.time_grid import TimeGrid
from ..validation import of_class


class Node(NamedTuple):
    """One diffusion time t_k and what the loss weighs it with; see `nodes`."""

    t: float
    #: e^{-t_k} and Δ_k
    decay: float
    noise_variance: float
    #: ω_k and ω_k r_k, the node's weights in U and in V
    quadratic: float
    linear: float
    #: (c^ξ, c^x): the network learns y = c^ξ ξ + c^x x
    target: tuple[float, float]


def nodes(times: TimeGrid) -> list[Node]:
    r"""The nodes of a `theory.TimeGrid`.

    √Δ_k S(x_t, t_k) + ξ = √Δ_k c_out,k A φ_k/√p + y_k, so that the loss, averaged with the weights w_k, has w_k c_out,k² Δ_k E[φφ^T] in
    its quadratic part and w_k c_out,k √Δ_k E[φy^T] in its linear one. Written with the rate Δ̄ = Σ_k w_k c_out,k² Δ_k and its root in front,
    these are the weights ω_k = w_k c_out,k² Δ_k/Δ̄ and ω_k r_k = w_k c_out,k √(Δ_k/Δ̄), both 1 for one time.

    Raises
    ------
    ValueError
        ``times`` is no `theory.TimeGrid`.
    """
    of_class("times", times, "TimeGrid", "theory.TimeGrid")
    linear = times.probabilities * times.amplitudes * np.sqrt(times.noise_variances) / math.sqrt(times.noise_variance)
    columns = (times.times, times.decay, times.noise_variances, times.feature_weights, linear)
    targets = zip(times.target_noise.tolist(), times.target_data.tolist(), strict=True)
    return [Node(*row, target) for *row, target in zip(*(c.tolist() for c in columns), targets, strict=True)]


def mean_square_target(times: TimeGrid, energy: float) -> float:
    """Σ_k w_k [(c^ξ_k)² + (c^x_k)² energy], the loss at A = 0, with ``energy`` the mean of |x|²/d over the samples or over fresh data."""
    return float(times.probabilities @ (times.target_noise**2 + times.target_data**2 * energy))
