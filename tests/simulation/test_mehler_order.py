"""The last terms of Mehler's series, where correlations are not small: a polynomial of that degree is averaged exactly, and none above."""

import itertools

import numpy as np
import pytest

from theory import Mixture, RandomFeatureModel, TimeGrid, activations
from theory.simulation import fresh_data, kinds_of_samples

TIMES = TimeGrid((0.2, 0.9), (0.4, 0.6), amplitude=(1.5, 0.8))
KINDS = Mixture((0.3, 0.7), variances=(0.6, 1.7), means=((0.3, -0.7), (-0.7, 1.9)))
COEFFICIENTS = (0.3, 1, -0.4, 0.2, 0.1, -0.05, 0.03, 0.01)


def drawn(degree, data=KINDS, t=TIMES):
    activation = activations.polynomial(COEFFICIENTS[: degree + 1])
    return RandomFeatureModel(activation, 1.5, 2, t, data, bias=0.7, types=1).simulate(4, seed=1)


def pair_average(activation, means, covariance):
    """E σ(u)σ(v) for a Gaussian pair, by a product rule that is exact up to degree 19 in each."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    weights = weights / weights.sum()
    root = np.linalg.cholesky(covariance)
    total = 0.0
    for (z1, w1), (z2, w2) in itertools.product(zip(nodes, weights, strict=True), repeat=2):
        u, v = means + root @ np.array([z1, z2])
        total += w1 * w2 * float(activation(np.array(u))) * float(activation(np.array(v)))
    return total


def averaged(finite, kinds):
    """U off the diagonal, by a quadrature for each pair, time and (weight, mean (d,), variances (d,)) of ``kinds``."""
    model, (p, d) = finite.model, finite.W.shape
    delta = 1 - np.exp(-2 * model.times.times)
    share = model.times.probabilities * model.times.amplitudes**2 * delta
    U = np.zeros((p, p))
    for (k, t), (weight, mean, variances) in itertools.product(enumerate(model.times.times), kinds):
        m = (np.exp(-t) * finite.W @ mean) / np.sqrt(d) + t * finite.biases
        covariance = finite.W @ np.diag(np.exp(-2 * t) * variances + delta[k]) @ finite.W.T / d
        for i, j in itertools.combinations(range(p), 2):
            at = np.ix_([i, j], [i, j])
            U[i, j] += weight * share[k] / share.sum() * pair_average(model.activation, m[[i, j]], covariance[at])
    return U


def fresh(finite):
    """The kinds of `averaged` for fresh data."""
    frequencies, scales, centroids = kinds_of_samples(finite.model.data, 4)
    return [(pi, m, np.full(4, s)) for pi, m, s in zip(frequencies, centroids, scales, strict=True)]


def seen(finite):
    """The kinds of `averaged` for the samples: each is a kind of its own without variance."""
    return [(1 / finite.X.shape[1], x, np.zeros(4)) for x in finite.X.T]


AVERAGES = {
    "fresh data": (lambda f: fresh_data.population(f)[0], fresh, fresh_data.ORDER),
    "samples": (lambda f: f.U, seen, 4),
}


@pytest.mark.parametrize("name", AVERAGES)
def test_series_ends_where_it_is_said_to(name):
    average, kinds, order = AVERAGES[name]
    assert order == {"fresh data": 6, "samples": 4}[name]
    upper = np.triu_indices(6, 1)
    for degree, exact in ((order, True), (order + 1, False)):
        finite = drawn(degree)
        expected = averaged(finite, kinds(finite))[upper]
        error = np.abs(average(finite)[upper] / expected - 1).max()
        assert error < 1e-12 if exact else 1e-6 < error < 0.1
