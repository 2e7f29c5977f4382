"""Problem set 3, after lecture 9: ``pytest course/check_set_3.py --notebook FILE``."""

import numpy as np
import pytest

from theory import RandomFeatureModel, activations
from theory.training import curve_times, linear_plateau

points = pytest.mark.points
MODELS = {"tanh": (2.0, 1.5, 0.1), "erf": (8.0, 2.0, 0.3), "relu": (1.0, 4.0, 0.7)}


def model_of(name):
    psi_p, psi_n, t = MODELS[name]
    model = RandomFeatureModel(getattr(activations, name), psi_p=psi_p, psi_n=psi_n, t=t)
    numbers = model.coefficients()
    alpha2 = (numbers.a * model.decay) ** 2
    return model, (psi_p, psi_n, alpha2, numbers.b2, numbers.v2, numbers.s2)


@points(2)
@pytest.mark.parametrize("name", MODELS)
def test_residuals(student, name):
    """1. the two saddle-point equations, as residuals"""
    model, numbers = model_of(name)
    for z in (-0.4, 0.6 + 0.3j):
        q, delta = (x[0] for x in model.spectrum().solve(np.array([z], complex)))
        at, beside = (np.abs(student("residuals", q * factor, delta, complex(z), *numbers)) for factor in (1, 1.1))
        assert at.shape == (2,) and np.all(at < 1e-8), f"residuals are not zero at the solution of {name}, z = {z}"
        assert np.max(beside) > 1e-3, f"residuals are small where there is no solution, {name}, z = {z}"


@points(3)
@pytest.mark.parametrize("name", MODELS)
def test_resolvent(student, name):
    """2. the resolvent, from the equations"""
    model, numbers = model_of(name)
    for z in (-0.3, 0.5 + 0.5j, 2 + 0.2j):
        expected = model.spectrum().stieltjes(z)
        assert student("resolvent", complex(z), *numbers) == pytest.approx(expected, rel=1e-5), (
            f"resolvent of {name} at {z} is off"
        )


@points(2)
@pytest.mark.parametrize("lam", [0.3, 1.0, 2.5])
def test_block_eigenvalues(student, lam):
    """3. the fast and the slow eigenvalue of one direction"""
    for name in MODELS:
        psi_p, psi_n, alpha2, b2, v2, _ = model_of(name)[1]
        column = np.array([np.sqrt(alpha2 * lam), np.sqrt(v2 / psi_n)])
        expected = psi_p * np.linalg.eigvalsh(np.outer(column, column) + np.diag([b2, 0]))
        found = np.sort(student("block_eigenvalues", lam, psi_p, psi_n, alpha2, b2, v2).real)
        assert found == pytest.approx(expected, rel=1e-6), f"block_eigenvalues of {name} at {lam} are off"


@points(2)
@pytest.mark.parametrize("psi_n", [4.0, 16.0, 100.0])
def test_plateau(student, psi_n):
    """4. the height of the first overfitting"""
    for t in (0.05, 0.4):
        expected = linear_plateau(RandomFeatureModel(activations.tanh, psi_p=2, psi_n=psi_n, t=t))
        assert student("plateau", psi_n, t) == pytest.approx(expected, rel=1e-5), f"plateau({psi_n}, {t}) is off"


@points(2)
@pytest.mark.parametrize("ratio", [500.0, 2000.0])
def test_samples_needed(student, ratio):
    """5. how many samples a window takes, with the package"""
    psi_n = float(student("samples_needed", ratio).real)
    times = curve_times(RandomFeatureModel(activations.tanh, psi_p=1e4, psi_n=psi_n, t=0.1))
    assert times.tau_mem / times.tau_gen == pytest.approx(ratio, rel=0.02), (
        f"with psi_n = {psi_n:.2f} the window is another one"
    )
