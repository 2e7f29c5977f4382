"""Outermost eigenvalues: those of the dense draw, within their residuals, single and repeated."""

import numpy as np
import pytest

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations
from theory.simulation.lanczos.extremes import extreme_eigenvalues
from theory.simulation.lanczos.operators import MatrixOperator

SPIKED = RandomFeatureModel(activations.tanh, 4, 6, 0.3, Gaussian(spikes=(5.0, 5.0)))


@pytest.mark.parametrize("features", ["equivalent", "network"])
@pytest.mark.parametrize("which", ["largest", "smallest"])
def test_the_ends_of_the_spectrum(features, which):
    values, lanczos = (SPIKED.simulate(50, 1, features=features, **o) for o in ({}, {"method": "lanczos", "probes": 4}))
    values = values.eigenvalues
    found = lanczos.extreme_eigenvalues(3, which)
    expected = values[::-1][:3] if which == "largest" else values[:3]
    assert np.all(found.residuals <= 1e-6 * values[-1])
    assert np.all(np.min(np.abs(found.eigenvalues[:, None] - values), axis=1) <= found.residuals + 1e-14)
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-6 * values[-1])
    np.testing.assert_allclose(found.eigenvectors.T @ found.eigenvectors, np.eye(3), atol=1e-8)


def test_an_atom_has_as_many_eigenvectors_as_are_asked_for():
    """p > n + d: s² is an eigenvalue p − n − d times."""
    model = RandomFeatureModel(activations.tanh, 6, 1.5, 0.1)
    found = model.simulate(40, 1, features="equivalent", method="lanczos", probes=4).extreme_eigenvalues(4, "smallest")
    np.testing.assert_allclose(found.eigenvalues, model.coefficients().s2, rtol=1e-5)


def test_outliers_in_float32():
    double, single = (SPIKED.simulate(50, 1, method="lanczos", probes=4, dtype=t) for t in ("float64", "float32"))
    a, b = (draw.extreme_eigenvalues(2) for draw in (double, single))
    assert np.all(b.residuals <= 1e-5 * a.eigenvalues[0])
    np.testing.assert_allclose(b.eigenvalues, a.eigenvalues, rtol=2e-6)
    assert np.linalg.svd(a.eigenvectors.T @ b.eigenvectors)[1] == pytest.approx([1, 1], abs=1e-6)


def test_what_does_not_converge_is_an_error():
    lanczos = SPIKED.simulate(50, 1, method="lanczos", probes=4)
    with pytest.raises(ConvergenceError, match=r"one of the 2 smallest eigenvalues leaves \|U x − λ x\| above") as error:
        lanczos.extreme_eigenvalues(2, "smallest", tolerance=1e-17)
    assert error.value.reason == "residual" and error.value.residual > 0


def test_small_matrices_are_diagonalised():
    matrix = np.diag(np.arange(1.0, 9.0))
    found = extreme_eigenvalues(MatrixOperator(matrix), 2, "smallest", 8.0, np.ones((8, 8)), None)
    np.testing.assert_allclose(found.eigenvalues, [1.0, 2.0])
    found = extreme_eigenvalues(MatrixOperator(matrix), 8, "largest", 8.0, np.ones((8, 8)), None)
    np.testing.assert_allclose(found.eigenvalues, np.arange(8.0, 0.0, -1.0))
