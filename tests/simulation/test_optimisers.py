"""Gradient descent and Adam on sampled noise, against exact gradient flow of the same draw."""

import numpy as np
import pytest

from theory import RandomFeatureModel, TimeGrid, activations
from theory.simulation import loss, optimise, stable_step

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


def test_the_stable_step_is_where_gradient_descent_turns(finite):
    """On the averaged loss, from a random start: a little less and every step descends, a little more and it explodes."""
    d, start = finite.W.shape[1], np.random.default_rng(2).standard_normal(finite.W.shape[::-1])
    last = {}
    for factor in (0.99, 1.01):
        A = start
        for _ in range(400):
            A = A - factor * stable_step(finite) * d**2 * loss.gradient(finite, A)
        last[factor] = loss.train_loss(finite, A)
    assert last[0.99] < loss.train_loss(finite, start) < last[1.01] / 100


def test_default_step_is_a_fifth_of_the_stable_one(finite):
    curve = optimise(finite, 60, progress=False)
    np.testing.assert_allclose(curve.tau, curve.steps * stable_step(finite) / 5, rtol=1e-14)
    assert np.all(np.diff(curve.train) < 0.02)


def test_too_large_a_step_diverges(finite):
    curve = optimise(finite, 300, learning_rate=1.5 * stable_step(finite), progress=False)
    assert curve.train[-1] > 10


# --- against scalar loops ---------------------------------------------------------------------------------------------


def batch_loss(model, finite, A, samples, noises):
    """The loss of a batch by its definition, one sample, time and coordinate after the other: what a step goes down."""
    times, (p, d) = model.times, finite.W.shape
    total = 0.0
    for k, t in enumerate(float(t) for t in times.nodes):
        delta = 1 - np.exp(-2 * t)
        skip = 0.0 if times.skip is None else times.skip[k]
        amplitude = times.amplitudes[k]
        for x, xi in zip(samples.T, noises[k].T, strict=True):
            x_t = np.exp(-t) * x + np.sqrt(delta) * xi
            features = np.tanh(finite.W @ x_t / np.sqrt(d) + t * finite.biases)
            score = amplitude * A @ features / np.sqrt(p) + skip * x_t
            total += float(times.weights[k]) * np.sum((np.sqrt(delta) * score + xi) ** 2) / d
    return total / samples.shape[1]


def numerical_gradient(function, A):
    """Central differences, exact for a quadratic function."""
    gradient = np.zeros(A.shape)
    for index in np.ndindex(A.shape):
        step = np.zeros(A.shape)
        step[index] = 0.5
        gradient[index] = function(A + step) - function(A - step)
    return gradient


def adam(gradient, state, step, rate, epsilon):
    """Algorithm 1 of Kingma and Ba (1412.6980), entry by entry."""
    for index in np.ndindex(gradient.shape):
        g = gradient[index]
        state["m"][index] = 0.9 * state["m"][index] + (1 - 0.9) * g
        state["v"][index] = 0.999 * state["v"][index] + (1 - 0.999) * g**2
        m, v = state["m"][index] / (1 - 0.9**step), state["v"][index] / (1 - 0.999**step)
        state["A"][index] -= rate * m / (np.sqrt(v) + epsilon)


SMALL = {
    "one time": RandomFeatureModel(activations.tanh, 1.5, 2, 0.3),
    "times, biases, skip": RandomFeatureModel(
        activations.tanh, 1.5, 2, TimeGrid((0.2, 0.9), (0.4, 0.6), amplitude=(1, 2), skip=(-1, -0.5)), bias=1.0
    ),
}


@pytest.mark.parametrize("optimiser", ["gradient descent", "adam"])
@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("name", SMALL)
def test_steps_are_those_of_the_published_algorithm(name, batch, optimiser):
    """The same noise, the loss of each batch by its definition, its gradient by differences; every step recorded."""
    model, d, steps = SMALL[name], 4, 6
    finite = model.simulate(d, seed=3)
    n, rate = finite.X.shape[1], 0.05
    curve = optimise(finite, steps, optimiser, learning_rate=rate, batch=batch, seed=7, progress=False)
    assert curve.steps.tolist() == [1, 2, 3, 4, 5, 6]
    rng, state = np.random.default_rng(7), {key: np.zeros(finite.W.shape[::-1]) for key in ("A", "m", "v")}
    expected = []
    for step in range(1, steps + 1):
        samples = finite.X if batch is None else finite.X[:, rng.permutation(n)[:batch]]
        noises = [rng.standard_normal(samples.shape) for _ in model.times.nodes]
        g = numerical_gradient(lambda A, s=samples, xi=noises: batch_loss(model, finite, A, s, xi), state["A"])
        if optimiser == "adam":
            # the gradient is of order d^{-2}, and so is what keeps its root mean square from vanishing
            adam(g, state, step, rate, 1e-8 / d**2)
        else:
            state["A"] -= rate * d**2 * g
        expected.append(loss.train_loss(finite, state["A"]))
    np.testing.assert_allclose(curve.train, expected, rtol=1e-9)


def test_adam_has_no_tau(finite):
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
