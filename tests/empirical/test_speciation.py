"""Speciation: samples of two clusters, the balance of the clones, and which covariance counts."""

import mpmath
import numpy as np
import pytest

from theory import Gaussian, Mixture
from theory.empirical import class_speciation_times, cloning_probability, speciation_time


def sampled(t, data, d, count=20_000, seed=0):
    """φ_c from states of cluster c and the posterior of the two Gaussians, with their error bars."""
    rng, centroids = np.random.default_rng(seed), np.sqrt(d) * data.centroids()
    if data.means is None:
        centroids = np.zeros((2, 1))
    decay, noise2 = np.exp(-t), -np.expm1(-2 * t)
    variances = decay**2 * data.scales + noise2
    found, bars = [], []
    for c in range(2):
        r = centroids.shape[1]
        along = decay * centroids[c] + np.sqrt(variances[c]) * rng.standard_normal((count, r))
        across2 = variances[c] * rng.chisquare(d - r, count)
        log_p = [
            np.log(data.frequencies[k])
            - d / 2 * np.log(variances[k])
            - (((along - decay * centroids[k]) ** 2).sum(1) + across2) / (2 * variances[k])
            for k in range(2)
        ]
        own = 1 / (1 + np.exp(log_p[1 - c] - log_p[c]))
        found.append(own.mean())
        bars.append(own.std() / np.sqrt(count))
    return np.array(found), np.array(bars)


@pytest.mark.parametrize(
    "data, t",
    [
        (Mixture((0.5, 0.5), means=((1, -1), (-1, 1))), 4.0),
        (Mixture((0.9, 0.1), means=((1, 0.3), (0.3, 0.5))), 3.5),
        (Mixture((0.7, 0.3), variances=(1.0, 0.4)), 2.0),
        (Mixture((0.7, 0.3), variances=(1.0, 0.4), means=((1, -1), (-1, 1))), 4.2),
    ],
)
def test_cloning_probability_of_samples(data, t):
    d = 4000
    found, bars = sampled(t, data, d)
    assert np.all(np.abs(found - cloning_probability(t, data, d)) < 4 * bars + 2e-3)


def test_as_many_clones_change_over_as_back():
    data = Mixture((0.9, 0.1), variances=(1.0, 0.5), means=((1, -1), (-1, 1)))
    for t in (1.0, 3.0, 5.0):
        left = data.frequencies * (1 - cloning_probability(t, data, 400))
        assert abs(left[0] - left[1]) < 1e-15
    halfway = class_speciation_times(data, 400)
    assert abs(halfway[0] - halfway[1]) < 1e-9
    level = class_speciation_times(data, 400, level=0.8)
    assert level[0] == np.inf and level[1] < halfway[1]


def test_digits_of_the_average():
    """φ at t_S of two far clusters, D = 4, against another quadrature."""
    with mpmath.workdps(40):
        expected = mpmath.quad(lambda x: mpmath.npdf(x) / (1 + mpmath.exp(-2 - 2 * x)), mpmath.linspace(-15, 15, 31))
        data = Mixture((0.5, 0.5), means=((1, -1), (-1, 1)))
        d = 10**9
        found = cloning_probability(speciation_time(data, d), data, d, dps=30)
        assert abs(found[0] - expected) < 1e-8
        exact = cloning_probability(2.0, Mixture((0.5, 0.5)), 10, dps=30)
        assert exact[0] == mpmath.mpf(1) / 2


def test_the_centred_covariance_counts():
    """A common shift of all clusters is a direction along which nothing is decided."""
    data = Mixture((0.5, 0.5), means=((2, 0), (0, 2)))
    moved = Mixture((0.5, 0.5), means=((12, 10), (10, 12)))
    assert abs(speciation_time(data, 100) - np.log(1 + 100) / 2) < 1e-12
    assert abs(speciation_time(moved, 100) - speciation_time(data, 100)) < 1e-12


def test_largest_eigenvalue():
    assert abs(speciation_time(Gaussian(spikes=(9.0,))) - np.log(3)) < 1e-15
    assert speciation_time(Gaussian(((0.5, 1),))) == 0
    assert abs(speciation_time(Mixture((0.5, 0.5), spikes=((8, -8), (-8, 8)))) - np.log(3)) < 1e-15
    with pytest.raises(ValueError, match="d = None is missing"):
        speciation_time(Mixture((0.5, 0.5), means=((1, -1), (-1, 1))))
    # samples of the covariance
    rng, d = np.random.default_rng(0), 50
    m = np.zeros(d)
    m[0] = np.sqrt(3 * d)
    signs = rng.choice([1, -1], size=40_000, p=[0.8, 0.2])
    x = signs[:, None] * m + rng.standard_normal((40_000, d))
    data = Mixture((0.8, 0.2), means=((3, -3), (-3, 3)))
    assert abs(speciation_time(data, d) - np.log(np.linalg.eigvalsh(np.cov(x.T))[-1]) / 2) < 0.01
