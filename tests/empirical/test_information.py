"""The information of a noisy point, by a quadrature over a law of one dimension, against the bounds by its moments and the collapse."""

import numpy as np
import pytest

from theory import Gaussian
from theory.empirical import collapse_time

GRID = np.linspace(-40, 40, 80_001)


def information(weights, centres, variances, h):
    """I(a; a + √h ξ) = H(a + √h ξ) − ½ log(2πe h) for a mixture of Gaussians."""
    spread = np.asarray(variances)[:, None] + h
    terms = np.exp(-((GRID - np.asarray(centres)[:, None]) ** 2) / (2 * spread)) / np.sqrt(2 * np.pi * spread)
    density = np.asarray(weights) @ terms
    entropy = -np.sum(density * np.log(np.maximum(density, 1e-300))) * (GRID[1] - GRID[0])
    return entropy - np.log(2 * np.pi * np.e * h) / 2


@pytest.mark.parametrize("h", [0.01, 0.3, 5.0])
@pytest.mark.parametrize(
    "weights, centres, variances", [((0.5, 0.5), (-2, 2), (0.1, 1.0)), ((0.8, 0.2), (-0.2, 0.8), (1, 1))]
)
def test_moments_bound_the_information(weights, centres, variances, h):
    weights, centres, variances = map(np.array, (weights, centres, variances))
    total = weights @ (variances + centres**2) - (weights @ centres) ** 2
    found = information(weights, centres, variances, h)
    of_all = np.log1p(total / h) / 2
    of_classes = -weights @ np.log(weights) + weights @ np.log1p(variances / h) / 2
    assert 0 < found < min(of_all, of_classes)
    # classes that are far apart cost what their name does, and nothing else
    far = information(weights, (-20, 20), variances, 0.01)
    assert abs(far - (-weights @ np.log(weights) + weights @ np.log1p(variances / 0.01) / 2)) < 1e-9


def test_the_collapse_of_a_gaussian_is_where_its_information_is_alpha():
    t = collapse_time(0.7, data=Gaussian(((1.7, 1),)))
    assert abs(information((1,), (0,), (1.7,), np.expm1(2 * t)) - 0.7) < 1e-9
