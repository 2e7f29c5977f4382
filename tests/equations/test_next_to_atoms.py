"""General equations next to atoms and between close levels, where q_j is large and terms of 1/q_j cancel."""

import mpmath
import numpy as np
import pytest
from scipy.optimize import brentq

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.equations import solve
from theory.equations.matrices import parallel_sum


def test_two_slopes_late_have_the_edges_of_a_weighted_wishart_matrix():
    # leaky ReLU late: a bias is far on one side of the kink, so that half the features are 0.99 x and half x, of noise alone
    psi_p, slopes = 713.047, np.array([0.99, 1.0])
    model = RandomFeatureModel(
        activations.leaky_relu(0.99), psi_p, 0.884316, 14.46, Gaussian(((69.3751, 1.0),)), bias=2.88758, types=4
    )
    spectrum = model.spectrum()
    beta2 = slopes**2 * (1 - np.exp(-2 * 14.46))

    # Σ b² ww^T/d: z = −1/m + ψ_p E b²/(1 + b² m), and z'(m) = 0 at the edges (Silverstein and Choi)
    def z(m):
        return -1 / m + psi_p * np.mean(beta2 / (1 + beta2 * m))

    def slope(m):
        return 1 / m**2 - psi_p * np.mean(beta2**2 / (1 + beta2 * m) ** 2)

    # with one slope b they are at b² m = 1/(±√ψ_p − 1)
    near = 1 / np.sqrt(psi_p)
    edges = sorted(z(brentq(slope, 0.5 * m, 1.5 * m, xtol=1e-17)) for m in (-near, near))
    assert np.allclose(spectrum.edges(), edges, rtol=1e-9)
    ((location, weight),) = spectrum.atoms()
    assert location == 0 and weight == pytest.approx(1 - 1 / psi_p, rel=1e-12)


def test_dead_features_are_an_atom_beside_linear_ones():
    # the biases −√3/2·30, 0 and √3/2·30: a sixth of the features is 0, a sixth linear, two thirds see the kink
    spectrum = RandomFeatureModel(activations.relu, 2.0, 3.0, 30.0, bias=0.5, types=3).spectrum()
    kink = 0.25 - 1 / (2 * np.pi)
    (dead, dead_weight), (level, weight) = spectrum.atoms()
    # of 4/3 d features with the kink d are seen; those that are linear leave no null space
    assert (dead, dead_weight) == (0, pytest.approx(1 / 6)) and (level, weight) == (
        pytest.approx(kink),
        pytest.approx(1 / 6),
    )
    edges = np.array(spectrum.edges())
    assert edges[0] == 0 and edges[1] == pytest.approx(kink) and edges.size == 4
    inside = edges[[0, 2]] + 0.5 * (edges[[1, 3]] - edges[[0, 2]])
    between = edges[1] + 0.5 * (edges[2] - edges[1])
    assert (spectrum.density(inside) > 0).all() and spectrum.density(between) == 0


def test_types_that_hardly_differ_are_solved_next_to_their_atom():
    model = RandomFeatureModel(
        activations.relu,
        9.36768706342814,
        0.5547540369610611,
        TimeGrid((0.0019007829810367312,), (1.0,)),
        Mixture((0.4, 0.6), (1.0, 0.5)),
        bias=1.6,
        types=2,
    )
    spectrum = model.spectrum()
    ((_, weight),) = spectrum.atoms()
    y = np.geomspace(1e-14, 1e-11, 4)
    x, _ = solve(spectrum.system, 1j * y)
    assert np.allclose((spectrum.system.stieltjes(x) * y).imag, weight, rtol=1e-3)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6, 1e12])
def test_between_keeps_its_digits_at_any_size(size):
    rng = np.random.default_rng(5)
    u = rng.normal(size=(4, 1)) + 1e-3 * rng.normal(size=(4, 2))
    G = u.T @ u + 0j
    T = size * np.diag(rng.uniform(0.5, 2, 2) * np.exp(1j * rng.uniform(0, 3, 2)))
    found = parallel_sum(G, np.linalg.inv(np.eye(2) + T @ G), T, np.linalg.inv(T))
    with mpmath.workdps(60):
        exact = (mpmath.matrix(G.tolist()) ** -1 + mpmath.matrix(T.tolist())) ** -1
        exact = np.array(exact.tolist(), complex).reshape(2, 2)
    # G itself is known to rounding, of which its inverse is a million times as sensitive
    assert np.abs(np.diag(found - exact)).max() < 1e-10 * np.abs(np.diag(exact)).min()
