"""The scale of the eigenvalues beside an edge: against Johnstone's of Wishart matrices, against the density's root, and against draws."""

import numpy as np
import pytest
from scipy.special import airy

from theory import Gaussian, Mixture, RandomFeatureModel
from theory import activations as A
from theory.spectrum.fluctuations import EdgeFluctuation


@pytest.mark.parametrize("psi_p", [0.5, 6.0])
def test_of_pure_noise_it_is_that_of_a_wishart_matrix(psi_p):
    """An even activation sees neither samples nor noise linearly: U = v² ΩΩ^T/n + s², whose ends fluctuate as Johnstone and Péché say."""
    model, d = RandomFeatureModel(A.hermite(2), psi_p, 2, 0.3), 100
    p, n, v2 = psi_p * d, 2 * d, model.coefficients().v2
    low, high = model.spectrum().edge_fluctuations(d)
    root = np.sqrt(n) + np.array([-1, 1]) * np.sqrt(p)
    expected = v2 / n * np.abs(root) * np.abs(1 / np.sqrt(p) + np.array([-1, 1]) / np.sqrt(n)) ** (1 / 3)
    assert [low.scale, high.scale] == pytest.approx(expected.tolist(), rel=1e-9) and (low.side, high.side) == (-1, 1)


def test_it_is_the_root_with_which_the_density_begins():
    model, d = RandomFeatureModel(A.tanh, 8, 16, 0.02, Gaussian(((1, 0.5), (4, 0.5)))), 200
    spectrum = model.spectrum()
    for found in spectrum.edge_fluctuations(d):
        s = found.edge * 1e-7
        gamma = np.pi * spectrum.density(found.edge - found.side * s) / np.sqrt(s)
        assert found.scale == pytest.approx((gamma * 8 * d) ** (-2 / 3), rel=1e-3)


def test_what_has_another_law_has_no_scale(monkeypatch):
    hard = RandomFeatureModel(A.linear, 1, 3, 0.3).spectrum().edge_fluctuations(100)
    assert hard[0].scale is None and hard[0].exception == "hard edge" and hard[0].mean is None and hard[1].scale > 0
    # d = 1: 13.9 scales lie between the ends of a narrow bulk
    narrow = RandomFeatureModel(A.tanh, 2, 3, 0.3).spectrum()
    assert narrow.edge_fluctuations(1)[0].exception is None
    monkeypatch.setattr("theory.spectrum.fluctuations.APART", 14.5)
    few = narrow.edge_fluctuations(1)
    assert few[0].exception == "cusp" and few[0].deviation is None
    with pytest.raises(ValueError, match=r"^spectrum = .* has several types, kinds or times"):
        RandomFeatureModel(A.tanh, 3, 2.5, 0.3, Mixture((0.5, 0.5), (1, 0.5))).spectrum().edge_fluctuations(100)


@pytest.mark.slow
def test_largest_eigenvalues_of_draws_fluctuate_by_it():
    """200 draws: mean and deviation are within 0.4 and 15% of the scale's, which a scale off by its 2^{1/3} would miss."""
    model, d = RandomFeatureModel(A.tanh, 1, 2, 0.3), 100
    edge = model.spectrum().edge_fluctuations(d)[-1]
    top = np.array([model.simulate(d, seed, features="equivalent").eigenvalues[-1] for seed in range(200)])
    assert abs(top.mean() - edge.mean) < 0.4 * edge.scale
    assert top.std() == pytest.approx(edge.deviation, rel=0.15)


def test_mean_and_deviation_of_the_law_of_tracy_and_widom():
    """From F_1(s) = det(1 − Ai(x + y + s)) on the half-line (Ferrari and Spohn, 2005): E χ = b − ∫F, E χ² = b² − 2∫sF up to a far b."""
    x, weight = np.polynomial.legendre.leggauss(60)
    x, root = 8 * (x + 1), np.sqrt(8 * weight)
    b, (s, of_s) = 8.0, np.polynomial.legendre.leggauss(200)
    s, of_s = -1 + 9 * s, 9 * of_s
    F = [np.linalg.det(np.eye(60) - root[:, None] * airy(x[:, None] + x + value)[0] * root) for value in s]
    mean, square = b - of_s @ F, b**2 - 2 * of_s @ (s * F)
    assert abs(mean - EdgeFluctuation.MEAN) < 1e-8
    assert abs(np.sqrt(square - mean**2) - EdgeFluctuation.DEVIATION) < 5e-8
