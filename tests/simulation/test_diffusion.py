"""The forward process, the exact scores, and the order of the samplers, against recursions and closed forms."""

from itertools import pairwise

import array_api_strict
import numpy as np
import pytest
import sympy as sp

from theory.simulation import backend, diffusion

EIGENVALUES = np.array([0.1, 0.5, 1.0, 4.0])
LIBRARIES = ["numpy", "torch", "array_api_strict"]


def score(eigenvalues):
    return lambda x, t: diffusion.gaussian_score(x, t, eigenvalues)


class TestForward:
    def test_moments(self):
        """Mean and variance of x_t given x, over 200,000 draws, within five standard errors."""
        x, t, m = np.array([[1.0], [-2.0]]) * np.ones((1, 200_000)), 0.4, 200_000
        x_t = diffusion.forward(x, t, seed=3)
        noise = -np.expm1(-2 * t)
        np.testing.assert_allclose(x_t.mean(axis=1), np.exp(-t) * x[:, 0], atol=5 * np.sqrt(noise / m))
        np.testing.assert_allclose(x_t.var(axis=1), noise, rtol=5 * np.sqrt(2 / m))

    def test_two_steps_make_one(self):
        """The variance after t₁ and then t₂ is that after t₁ + t₂ (Markov property)."""
        np.testing.assert_allclose(
            diffusion.diffused(diffusion.diffused(EIGENVALUES, 0.2), 0.5), diffusion.diffused(EIGENVALUES, 0.7), rtol=1e-14
        )

    def test_t_zero_changes_nothing_and_the_seed_matters(self):
        x = np.ones((3, 2))
        np.testing.assert_array_equal(diffusion.forward(x, 0), x)
        np.testing.assert_array_equal(diffusion.forward(x, 1.0, seed=1), diffusion.forward(x, 1.0, seed=1))
        assert not np.allclose(diffusion.forward(x, 1.0, seed=1), diffusion.forward(x, 1.0, seed=2))


class TestScores:
    """Against the derivative of the logarithm of the density, written as an integral over the data."""

    def test_gaussian(self):
        x, x0 = sp.symbols("x x_0", real=True)
        lam, delta, decay = sp.symbols("lambda Delta m", positive=True)
        density = sp.integrate(sp.exp(-(x0**2) / (2 * lam) - (x - decay * x0) ** 2 / (2 * delta)), (x0, -sp.oo, sp.oo))
        derived = sp.simplify(sp.diff(sp.log(density), x))
        t = 0.3
        for value in EIGENVALUES:
            number = float(derived.subs({x: 0.7, lam: value, delta: -np.expm1(-2 * t), decay: np.exp(-t)}))
            assert diffusion.gaussian_score(np.array([[0.7]]), t, [value])[0, 0] == pytest.approx(number, rel=1e-12)

    @pytest.mark.parametrize("t", [0.05, 0.8])
    def test_two_clusters_by_finite_differences(self, t):
        mean, variance, rng = np.array([1.0, -0.5, 2.0]), 0.7, np.random.default_rng(0)
        gamma2 = diffusion.diffused(variance, t)

        def log_density(x):
            distance = [np.sum((x - sign * np.exp(-t) * mean) ** 2) for sign in (1, -1)]
            return np.logaddexp(-distance[0] / (2 * gamma2), -distance[1] / (2 * gamma2))

        x, step = rng.standard_normal(3), 1e-5
        numerical = [(log_density(x + step * e) - log_density(x - step * e)) / (2 * step) for e in np.eye(3)]
        result = diffusion.two_cluster_score(x[:, None], t, mean, variance)[:, 0]
        np.testing.assert_allclose(result, numerical, rtol=1e-6, atol=1e-8)

    def test_denoising_score_matching_is_minimised_by_the_score(self):
        """Least squares of −ξ/√Δ_t on x_t returns the slope of the score, direction by direction."""
        t, m = 0.3, 200_000
        x = diffusion.draw(EIGENVALUES, m, seed=0)
        x_t = diffusion.forward(x, t, seed=1)
        noise = (x_t - np.exp(-t) * x) / np.sqrt(-np.expm1(-2 * t))
        slope = np.sum(-noise / np.sqrt(-np.expm1(-2 * t)) * x_t, axis=1) / np.sum(x_t**2, axis=1)
        np.testing.assert_allclose(slope, -1 / diffusion.diffused(EIGENVALUES, t), rtol=0.02)


class TestGrid:
    @pytest.mark.parametrize("spacing", diffusion.SPACINGS)
    def test_ends_and_direction(self, spacing):
        times = diffusion.sampling_times(4, 0.01, 20, spacing)
        assert times.shape == (21,) and times[0] == 4 and times[-1] == pytest.approx(0.01, rel=1e-14)
        assert np.all(np.diff(times) < 0)

    def test_equal_ratios_and_equal_differences(self):
        log, uniform = (diffusion.sampling_times(4, 0.01, 20, spacing) for spacing in diffusion.SPACINGS)
        np.testing.assert_allclose(log[1:] / log[:-1], log[1] / log[0], rtol=1e-12)
        np.testing.assert_allclose(np.diff(uniform), uniform[1] - uniform[0], rtol=1e-12)


class TestProbabilityFlow:
    """The exact flow from T to t stretches direction i by √(Σ_t/Σ_T)."""

    start, stop = 3.0, 0.01

    def error(self, method, steps):
        times = diffusion.sampling_times(self.start, self.stop, steps)
        end = diffusion.probability_flow(score(EIGENVALUES), np.ones((4, 1)), times, method=method)[:, 0]
        stretch = np.sqrt(diffusion.diffused(EIGENVALUES, self.stop) / diffusion.diffused(EIGENVALUES, self.start))
        return np.max(np.abs(end / stretch - 1))

    @pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2)])
    def test_order(self, method, order):
        errors = [self.error(method, steps) for steps in (200, 400, 800)]
        assert errors[-1] < 0.05
        np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.1)


class TestReverseSDE:
    start, stop = 3.0, 0.01

    def moments(self, steps):
        """The variance after each Euler–Maruyama step obeys a scalar recursion: no sampling."""
        times = diffusion.sampling_times(self.start, self.stop, steps)
        variance = diffusion.diffused(EIGENVALUES, self.start)
        for t, t_next in pairwise(times):
            variance = (1 + (t - t_next) * (1 - 2 / diffusion.diffused(EIGENVALUES, t))) ** 2 * variance + 2 * (t - t_next)
        return variance

    def test_samples_follow_the_recursion(self):
        m, steps = 100_000, 25
        x = diffusion.draw(diffusion.diffused(EIGENVALUES, self.start), m, seed=0)
        times = diffusion.sampling_times(self.start, self.stop, steps)
        end = diffusion.reverse_sde(score(EIGENVALUES), x, times, seed=1)
        np.testing.assert_allclose(np.mean(end**2, axis=1), self.moments(steps), rtol=5 * np.sqrt(2 / m))
        # directions stay independent
        off = np.corrcoef(end) - np.eye(4)
        assert np.max(np.abs(off)) < 5 / np.sqrt(m)

    def test_weak_order_one(self):
        exact = diffusion.diffused(EIGENVALUES, self.stop)
        errors = [np.abs(self.moments(steps) - exact) for steps in (400, 800, 1600)]
        np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 1, atol=0.1)

    def test_observe_sees_every_time(self):
        times = diffusion.sampling_times(1.0, 0.1, 5)
        x, record = diffusion.reverse_sde(score(EIGENVALUES), np.ones((4, 2)), times, observe=lambda x: float(x[0, 0]))
        assert len(record) == 6 and record[0] == 1.0 and record[-1] == x[0, 0]


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_gives_the_numbers_of_numpy(library):
    if library == "torch":
        pytest.importorskip("torch")
    where = backend(library=library)
    x = diffusion.draw(EIGENVALUES, 6, seed=0, library=library)
    times = diffusion.sampling_times(2.0, 0.1, 10)
    mean = [1.0, 0.0, 0.0, 2.0]
    results, reference = [], []
    for store, start in ((results, x), (reference, where.to_numpy(x))):
        store.append(diffusion.forward(start, 0.5, seed=1))
        store.append(diffusion.reverse_sde(score(EIGENVALUES), start, times, seed=2))
        store.append(diffusion.probability_flow(score(EIGENVALUES), start, times))
        store.append(diffusion.reverse_sde(lambda x, t: diffusion.two_cluster_score(x, t, mean), start, times, seed=2))
    for result, expected in zip(results, reference, strict=True):
        assert isinstance(result, type(x))
        np.testing.assert_allclose(where.to_numpy(result), expected, rtol=1e-12, atol=1e-14)


def test_a_second_device_is_never_mixed_with_the_host():
    """array-api-strict refuses to combine arrays of two devices, as CUDA would."""
    device = array_api_strict.Device("device1")
    x = diffusion.draw(EIGENVALUES, 3, device=device, library="array_api_strict")
    times = diffusion.sampling_times(2.0, 0.1, 3)
    mean = [1.0, 0.0, 0.0, 2.0]
    for end in (
        diffusion.forward(x, 0.5),
        diffusion.reverse_sde(score(EIGENVALUES), x, times),
        diffusion.probability_flow(lambda x, t: diffusion.two_cluster_score(x, t, mean), x, times),
    ):
        assert end.device == device


ONES = np.ones((4, 1))
BAD = [
    (diffusion.draw, ([1.0, -1.0], 2), "variances"),
    (diffusion.draw, ([], 2), "variances"),
    (diffusion.draw, ([1.0], 0), "samples"),
    (diffusion.forward, (ONES, -1), "t"),
    (diffusion.forward, (ONES, np.nan), "t"),
    (diffusion.gaussian_score, (ONES, 1.0, [1.0]), "eigenvalues"),
    (diffusion.gaussian_score, (ONES, 0.0, [1.0, 0.0, 1.0, 1.0]), "t"),
    (diffusion.two_cluster_score, (ONES, 1.0, [np.inf] * 4), "mean"),
    (diffusion.two_cluster_score, (ONES, 1.0, [1.0] * 4, 0), "variance"),
    (diffusion.sampling_times, (1.0, 2.0, 3), "stop"),
    (diffusion.sampling_times, (1.0, 0.0, 3), "stop"),
    (diffusion.sampling_times, (1.0, 0.1, 0), "steps"),
    (diffusion.sampling_times, (1.0, 0.1, 3, "cosine"), "spacing"),
    (diffusion.reverse_sde, (score(EIGENVALUES), ONES, [0.1, 1.0]), "times"),
    (diffusion.reverse_sde, (score(EIGENVALUES), ONES, [1.0]), "times"),
    (diffusion.probability_flow, (score(EIGENVALUES), ONES, [1.0, -0.1]), "times"),
]


@pytest.mark.parametrize(("function", "arguments", "name"), BAD)
def test_bad_input_names_the_argument_and_what_is_allowed(function, arguments, name):
    with pytest.raises(ValueError, match=rf"^{name} .*allowed: "):
        function(*arguments)


def test_unknown_method():
    with pytest.raises(ValueError, match=r"^method = 'rk4'.*allowed: 'euler', 'heun'"):
        diffusion.probability_flow(score(EIGENVALUES), ONES, [1.0, 0.5], method="rk4")
