"""The deterministic sampler: the probability flow of the variance-exploding process, dy/dσ = (y − D(y, σ))/σ, by Euler's method."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...validation import finite_array, function

#: from HIGHEST down to LOWEST in STEPS steps, equal in σ^{1/7} (arXiv:2206.00364, eq. 5); the last step goes to σ = 0
STEPS, HIGHEST, LOWEST, POWER = 18, 5.0, 0.03, 7.0


def sampling_levels() -> NDArray:
    """The `STEPS` noise levels of the sampler, falling, and 0 after them: array (STEPS + 1,)."""
    roots = np.linspace(HIGHEST ** (1 / POWER), LOWEST ** (1 / POWER), STEPS)
    return np.append(roots**POWER, 0.0)


def sample(denoiser: Callable[[NDArray, float], NDArray], noise: ArrayLike) -> NDArray:
    """Samples (m, d) from standard normal ``noise`` (m, d): y = σ ξ at the highest level, then Euler steps of the flow.

    ``denoiser(y, sigma)`` gives E[x_0|y] for states in rows. Each step keeps y − D and shrinks it: y ← D + (σ'/σ)(y − D); in the book's terms a
    step of `theory.simulation.probability_flow`, up to the order of the step. `STEPS` calls of the denoiser.
    """
    function("denoiser", denoiser, "a function of (y, sigma)")
    noise = finite_array("noise", noise, float)
    if noise.ndim != 2:
        raise ValueError(f"noise has shape {noise.shape}; allowed: (m, d)")
    levels = sampling_levels()
    y = levels[0] * noise
    for sigma, following in pairwise(levels):
        mean = denoiser(y, float(sigma))
        y = mean + (following / sigma) * (y - mean)
    return y
