"""What a readout of a finite network is asked for in several files: random numbers, the loss by its definition, and its slope."""

import numpy as np

from theory.simulation import covariance_eigenvalues, kinds_of_samples, loss


def readout(finite, seed=1):
    """A random readout A of a draw, shape (d, p)."""
    return np.random.default_rng(seed).standard_normal(finite.W.shape[::-1])


def central_differences(finite, A, step=0.5):
    """∂L/∂A from two values of the loss for each entry, shaped like A; exact for a quadratic form, whatever the step, up to rounding."""
    slopes = np.empty(A.shape)
    for index in np.ndindex(A.shape):
        shift = np.zeros(A.shape)
        shift[index] = step
        slopes[index] = (loss.train_loss(finite, A + shift) - loss.train_loss(finite, A - shift)) / (2 * step)
    return slopes


def score(finite, A, x_t, k):
    """S(x, t_k) = c_out,k A σ(Wx/√d + t_k b)/√p + c_skip,k x for states (d, m), from the model's description alone."""
    times, (p, d) = finite.model.times, finite.W.shape
    skip = 0.0 if times.skip is None else times.skip[k]
    if times.amplitude is None:  # c_out,k ∝ 1/√Δ_k, and Σ w α²Δ = Σ w Δ
        delta = -np.expm1(-2 * times.times)
        amplitude = np.sqrt(np.sum(times.probabilities * delta) / delta[k])
    else:
        amplitude = times.amplitude[k]
    features = finite.model.activation(finite.W @ x_t / np.sqrt(d) + times.times[k] * finite.biases[:, None])
    return amplitude / np.sqrt(p) * (A @ features) + skip * x_t


def gauss_hermite(dimensions, count):
    """Nodes (dimensions, count^dimensions) and weights of a product rule for N(0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    points = np.stack([g.ravel() for g in np.meshgrid(*[nodes] * dimensions)])
    return points, np.prod([g.ravel() for g in np.meshgrid(*[weights / weights.sum()] * dimensions)], axis=0)


def defined_loss(finite, A, x, xi, weights):
    """Σ_k w_k (1/d) E|√Δ_k S(x_{t_k}, t_k) + ξ|² over the given pairs of x and ξ."""
    total = 0.0
    for k, (t, law) in enumerate(zip(finite.model.times.times, finite.model.times.probabilities, strict=True)):
        root = np.sqrt(-np.expm1(-2 * t))
        residual = root * score(finite, A, np.exp(-t) * x + root * xi, k) + xi
        total += law * np.mean(residual**2, axis=0) @ weights
    return total


def fresh_pairs(finite, kinds=None):
    """x, ξ and weights of a quadrature over fresh data at d = 2 (four dimensions), of all or some kinds: six nodes are exact for a cubic σ."""
    points, weights = gauss_hermite(4, 6)
    frequencies, scales, centroids = kinds_of_samples(finite.model.data, 2)
    if kinds is not None:
        frequencies, scales, centroids = frequencies[kinds] / np.sum(frequencies[kinds]), scales[kinds], centroids[kinds]
    root = np.sqrt(covariance_eigenvalues(finite.model.data, 2))[:, None]
    x = np.hstack([m[:, None] + np.sqrt(scale) * root * points[:2] for scale, m in zip(scales, centroids, strict=True)])
    return x, np.tile(points[2:], frequencies.size), np.concatenate([share * weights for share in frequencies])
