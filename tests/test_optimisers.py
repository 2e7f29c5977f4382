"""Gradient descent and Adam on sampled noise, against exact gradient flow of the same draw."""

import numpy as np
import pytest

from theory import RandomFeatureModel, activations
from theory.simulation.optimisers import optimise, stable_step

MODEL = RandomFeatureModel(activations.tanh, 3, 2, 0.2)


@pytest.fixture(scope="module")
def finite():
    return MODEL.simulate(40, seed=1)


def _largest_deviation(finite, divisor, steps):
    curve = optimise(finite, steps, learning_rate=stable_step(finite) / divisor, progress=False)
    flow = finite.training(curve.tau)
    return max(np.max(np.abs(curve.train - flow.train)), np.max(np.abs(curve.test - flow.test)))


def test_small_steps_follow_the_flow(finite):
    coarse, fine = _largest_deviation(finite, 10, 200), _largest_deviation(finite, 160, 3200)
    assert fine < 0.01
    assert fine < coarse / 3


def test_too_large_a_step_diverges(finite):
    curve = optimise(finite, 300, learning_rate=1.5 * stable_step(finite), progress=False)
    assert curve.train[-1] > 10


def test_adam_learns_and_has_no_tau(finite):
    curve = optimise(finite, 400, "adam", progress=False)
    assert np.isnan(curve.tau).all()
    assert curve.train[-1] < 0.9 < curve.train[0]


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_libraries_agree(finite, library):
    if library == "torch":
        pytest.importorskip("torch")
    other = MODEL.simulate(40, seed=1, library=library)
    for optimiser in ("gradient descent", "adam"):
        a, b = (optimise(f, 10, optimiser, batch=30, progress=False) for f in (finite, other))
        assert np.allclose(a.test, b.test, rtol=1e-10)


def test_bad_arguments(finite):
    with pytest.raises(ValueError, match=r"optimiser = 'sgd' is unknown; allowed: 'gradient descent', 'adam'"):
        optimise(finite, 10, "sgd")
    with pytest.raises(ValueError, match=r"batch = 1000 is out of range; allowed: 1 <= batch <= n = 80"):
        optimise(finite, 10, batch=1000)
    with pytest.raises(ValueError, match=r"features = 'equivalent'; allowed: 'network'"):
        optimise(MODEL.simulate(20, features="equivalent"), 10)
    with pytest.raises(ValueError, match=r"learning_rate = 0 .*> 0"):
        optimise(finite, 10, learning_rate=0)
