"""The couplings of one feature type: σ at all kinds and times, averaged over what a sample and its noise may be.

For each kind of samples the pre-activations at all times share the sample, so that their nonlinear parts have a covariance between times:
`node_couplings`, by quadrature. `type_couplings` puts them side by side with their weights, as `theory.couplings.ensemble.Ensemble` explains.

Called by `theory.couplings.ensemble` for the types of a model, and by `theory.spectrum.label_continuum` for labels that are no types.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation
from ..data.gaussian import Gaussian
from ..data.mixture import Mixture, as_mixture
from ..data.time_grid import TimeGrid
from ..errors import ConvergenceError
from .feature_types import at_labels
from .gaussian_averages import check_second_moment, data_rule, split_average
from .interpolation import interpolated


def type_couplings(
    activation: Activation, times: TimeGrid, mixture: Mixture, biases: NDArray, projections: NDArray
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """u (J, M), √(ω_k ω_l) C (J, C, K, K), π_c Σ_k ω_k s² (J, C), √(π_c ω_k) κ (J, C·K) of types with these biases and projections (J, C)."""
    pi, variances = mixture.frequencies, mixture.scales
    decay, noise = times.decay, np.sqrt(times.noise_variances)
    J, C, K = biases.size, pi.size, len(times)
    kappa, slope, s2 = np.empty((3, J, C, K))
    nonlinear = np.empty((J, C, K, K))
    for c in range(C):
        scale = decay * np.sqrt(variances[c] * mixture.covariance.variance)
        means = np.multiply.outer(projections[:, c], decay) + np.multiply.outer(biases, times.times)
        for part, values in zip((kappa, slope, nonlinear, s2), _of_means(activation, means, scale, noise), strict=True):
            part[:, c] = values

    root = np.sqrt(times.feature_weights)
    # of the data something is left at any time, lest δ vanish: with a square of 1e-200 nothing that double precision could see
    alpha = root * slope * np.maximum(decay, 1e-100) * np.sqrt(variances)[:, None]
    beta = root * np.sqrt(pi)[:, None] * slope * noise
    weighted = (root * kappa * np.sqrt(pi)[:, None]).reshape(J, C * K)
    return (
        np.concatenate([alpha.reshape(J, C * K), beta.reshape(J, C * K)], axis=1),
        root[:, None] * root * nonlinear,
        pi * (s2 @ times.feature_weights),
        weighted,
    )


def _of_means(activation, means, data, noise):
    """κ (J, K), a (J, K), C (J, K, K) and s² (J, K) at means (J, K), by interpolation where they are many on a line through 0."""
    K = noise.size
    direction = means[np.argmax(np.abs(means).sum(axis=1))]
    largest = np.abs(direction).max()
    found = None
    if largest > 0:
        direction = direction / largest
        line = means @ direction / (direction @ direction)
        if np.abs(means - np.multiply.outer(line, direction)).max() <= 1e-14 * largest:
            found = interpolated(_OnLine(activation, *(tuple(x.tolist()) for x in (direction, data, noise))), line)
    if found is None:
        return map(np.array, zip(*(node_couplings(activation, row, data, noise) for row in means), strict=True))
    kappa, slope, nonlinear, s2 = np.split(found, np.cumsum([K, K, K * K]), axis=1)
    # what is rounding may have the wrong sign
    values, vectors = np.linalg.eigh(nonlinear.reshape(-1, K, K))
    nonlinear = (vectors * np.maximum(values, 0)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return kappa, slope, nonlinear, np.maximum(s2, 0)


@dataclass(frozen=True)
class _OnLine:
    """`node_couplings` at means x·direction, as one row of numbers."""

    activation: Activation
    direction: tuple
    data: tuple
    noise: tuple

    def __call__(self, x):
        parts = node_couplings(self.activation, x * np.array(self.direction), np.array(self.data), np.array(self.noise))
        return np.concatenate([part.ravel() for part in parts])


@lru_cache(maxsize=64)
def label_couplings(
    activation: Activation, times: TimeGrid, data: Gaussian | Mixture, bias: float, points: tuple
) -> tuple[NDArray, NDArray, NDArray]:
    """u, √(ω_k ω_l) C and s̄² of the types at standard normal labels, a tuple of tuples of length `labels`."""
    mixture, z = as_mixture(data), np.array(points)
    biases, projections = at_labels(bias, mixture, z)
    u, nonlinear, s2, _ = type_couplings(activation, times, mixture, biases, projections)
    return u, nonlinear, s2.sum(axis=1)


def node_couplings(
    activation: Activation, means: NDArray, data: NDArray, noise: NDArray
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """κ (K,), a (K,), C (K, K) and s² (K,) for pre-activations means_k + data_k u + noise_k v that share u.

    C is the Gram matrix of the nonlinear parts at the nodes of u: positive semidefinite, and free of cancellation.
    """
    scales = tuple(zip(means.tolist(), data.tolist(), noise.tolist(), strict=True))
    for mean, x, y in scales:
        check_second_moment(activation, mean, np.hypot(x, y))
    previous = None
    for width in (2.0, 1.0, 0.5, 0.25):
        u, weight = data_rule(activation, scales, width)
        parts = [split_average(activation, *scale, u, weight, width) for scale in scales]
        kappa, slope, nonlinear, s2 = (np.array(column) for column in zip(*parts, strict=True))
        current = kappa, slope, (nonlinear * weight) @ nonlinear.T, s2
        if previous is not None:
            error = max(np.max(np.abs(x - y)) for x, y in zip(current, previous, strict=True))
            if error < 1e-12 * (1 + max(np.max(np.abs(x)) for x in current)):
                return current
        previous = current
    raise ConvergenceError(
        f"the Gaussian quadrature of activation = {activation.name} does not settle; "
        "if the function jumps or has a corner, name the points in Activation(…, kinks=…)",
        error,
        reason="quadrature",
    )
