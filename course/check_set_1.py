"""Problem set 1, after lecture 2: ``pytest course/check_set_1.py --notebook FILE``."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

points = pytest.mark.points
CASES = [(1.5, 0.25, 0.4), (0.7, 1.3, 1.1), (2.0, 0.01, 0.05)]


def density(y, m, variance, t):
    """P_t at y: a sum over the two clusters of an integral over the clean sample."""
    scale, noise = np.exp(-t), 1 - np.exp(-2 * t)
    width = np.sqrt(scale**2 * variance + noise)
    return sum(np.exp(-((y - sign * scale * m) ** 2) / (2 * width**2)) for sign in (-1, 1)) / (
        2 * width * np.sqrt(2 * np.pi)
    )


@points(2)
@pytest.mark.parametrize("case", CASES)
def test_score(student, case):
    """1. the score of two clusters"""
    for y in (-1.1, 0.2, 0.9):
        step = 1e-5
        expected = (np.log(density(y + step, *case)) - np.log(density(y - step, *case))) / (2 * step)
        assert student("score", y, *case) == pytest.approx(expected, rel=1e-5, abs=1e-6), f"score at {y} for {case} is off"


@points(2)
@pytest.mark.parametrize("case", CASES)
def test_posterior_mean(student, case):
    """2. the mean of the clean sample, given the noisy one"""
    m, variance, t = case

    def weight(x, y):
        prior = sum(np.exp(-((x - sign * m) ** 2) / (2 * variance)) for sign in (-1, 1))
        return prior * np.exp(-((y - np.exp(-t) * x) ** 2) / (2 * (1 - np.exp(-2 * t))))

    for y in (-0.6, 0.3):
        ends = (-m - 8 * np.sqrt(variance), m + 8 * np.sqrt(variance))
        where = {"points": (-m, m, np.exp(t) * y), "limit": 400}
        total = quad(weight, *ends, args=(y,), **where)[0]
        expected = quad(lambda x, y=y: x * weight(x, y), *ends, **where)[0] / total
        assert student("posterior_mean", y, *case) == pytest.approx(expected, rel=1e-5), (
            f"posterior_mean at {y} for {case} is off"
        )


def network(p, d, n, t, seed):
    """Features and noise of a small network with every noise vector in the list, U and V as averages, and the average of the loss."""
    rng = np.random.default_rng(seed)
    phi = np.tanh(rng.standard_normal((p, n)))
    xi = rng.standard_normal((d, n))
    xi *= np.sqrt(d * n / np.sum(xi**2))  # mean square 1, as that of all noise
    U, V = phi @ phi.T / n, phi @ xi.T / n

    def loss(A):
        return np.sum((np.sqrt(1 - np.exp(-2 * t)) * A @ phi / np.sqrt(p) + xi) ** 2) / (d * n)

    return U, V, loss, rng.standard_normal((d, p))


SIZES = [(4, 3, 40, 0.1, 0), (6, 2, 50, 0.7, 1)]


@points(2)
@pytest.mark.parametrize("size", SIZES)
def test_training_loss(student, size):
    """3. the loss as a quadratic form"""
    U, V, loss, A = network(*size)
    assert student("training_loss", A, U, V, size[3]) == pytest.approx(loss(A), rel=1e-8), "training_loss is off"


@points(3)
@pytest.mark.parametrize("size", SIZES)
def test_readout(student, size):
    """4. the readout along gradient flow"""
    p, d, _, t, _ = size
    U, V, loss, _ = network(*size)

    def velocity(_, flat):  # dA/dτ = -d² ∂L/∂A, by differences: exact for a quadratic
        A, slope = flat.reshape(d, p), np.empty((d, p))
        for index in np.ndindex(d, p):
            step = np.zeros((d, p))
            step[index] = 1e-3
            slope[index] = (loss(A + step) - loss(A - step)) / 2e-3
        return -(d**2) * slope.ravel()

    tau = 2.0
    expected = solve_ivp(velocity, (0, tau), np.zeros(d * p), rtol=1e-8, atol=1e-10).y[:, -1].reshape(d, p)
    assert student("readout", U, V, tau, t) == pytest.approx(expected, rel=1e-4, abs=1e-6), "readout is off"


@points(1)
@pytest.mark.parametrize("psi_p", [2.0, 9.0])
def test_slowest(student, psi_p):
    """5. the slowest relaxation time"""
    U, _, _, _ = network(5, 3, 60, 0.2, 4)
    # the time in which exp(-2Δλτ/ψ_p) falls to 1/e, for the mode that falls last
    lowest = np.min(np.linalg.eigvals(U).real)
    assert np.exp(-2 * (1 - np.exp(-0.4)) * lowest * student("slowest", U, psi_p, 0.2).real / psi_p) == pytest.approx(
        1 / np.e, rel=1e-6
    )
