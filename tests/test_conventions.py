"""Every conversion against the two sides computed from their definitions."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations, conventions

D, P, N = 20, 50, 30
PSI_P, PSI_N = P / D, N / D
Z = np.array([-0.7, 0.4 + 0.3j, 2.0 - 1.5j])


@pytest.fixture(scope="module")
def wishart():
    """A p × n matrix G."""
    return np.random.default_rng(0).standard_normal((P, N))


def trace_of_inverse(matrix, z):
    """Tr (M − z)^{-1} by inversion, one z at a time: the definition, without eigenvalues."""
    return np.array([np.trace(np.linalg.inv(matrix - w * np.eye(len(matrix)))) for w in z])


@pytest.fixture(scope="module")
def q(wishart):
    return trace_of_inverse(wishart @ wishart.T / N, Z) / P


class TestResolvents:
    def test_sign(self, wishart, q):
        green = np.array([np.trace(np.linalg.inv(w * np.eye(P) - wishart @ wishart.T / N)) / P for w in Z])
        np.testing.assert_allclose(conventions.from_green_function(green), q, rtol=1e-12)
        assert conventions.from_green_function(green)[1].imag > 0  # in the upper half-plane with z

    def test_trace_per_dimension(self, q):
        np.testing.assert_allclose(conventions.from_trace_per_dimension(P * q / D, PSI_P), q, rtol=1e-14)

    def test_trace_per_sample(self, q):
        np.testing.assert_allclose(conventions.from_trace_per_sample(P * q / N, PSI_P, PSI_N), q, rtol=1e-14)

    @pytest.mark.parametrize("transpose", [False, True])
    def test_companion_for_either_shape(self, wishart, transpose):
        """p > n and p < n: the zero eigenvalues belong to the larger matrix."""
        G = wishart.T if transpose else wishart
        p, n = G.shape
        companion = trace_of_inverse(G.T @ G / n, Z) / n
        expected = trace_of_inverse(G @ G.T / n, Z) / p
        np.testing.assert_allclose(conventions.from_companion(companion, Z, p / D, n / D), expected, rtol=1e-11)

    def test_covariance_normalised_by_d(self, wishart, q):
        def over_d(z):
            return trace_of_inverse(wishart @ wishart.T / D, np.atleast_1d(z)) / P

        np.testing.assert_allclose(conventions.rescaled(over_d, 1 / PSI_N)(Z), q, rtol=1e-11)

    def test_ridge(self, wishart, q):
        inverse = np.linalg.inv(wishart @ wishart.T / N + 0.7 * np.eye(P))
        assert conventions.spectral_parameter_from_ridge(0.7) == Z[0]
        np.testing.assert_allclose(np.trace(inverse) / P, q[0], rtol=1e-12)

    def test_scalars_stay_scalars(self):
        assert np.ndim(conventions.from_green_function(1 + 2j)) == 0
        assert np.ndim(conventions.from_companion(0.3, -1.0, 1, 2)) == 0


class TestTimes:
    """Each foreign process is written down as (signal amplitude, noise amplitude); only their ratio is a convention."""

    T = np.array([1e-6, 1e-3, 0.1, 1.0, 4.0])

    @property
    def ratio(self):
        """e^{-t}/√Δ_t"""
        return 1 / np.sqrt(np.expm1(2 * self.T))

    def test_every_name_of_a_noise_level_leads_back_to_t(self):
        level = conventions.noise_level(self.T)
        for time in (
            conventions.time_from_variance(level.h),
            conventions.time_from_sigma(level.sigma),
            conventions.time_from_log_snr(level.log_snr),
            conventions.time_from_interpolation(level.interpolation),
        ):
            np.testing.assert_allclose(time, self.T, rtol=1e-12)
        # ᾱ itself keeps only 1e-16/t of a small t
        np.testing.assert_allclose(conventions.time_from_alpha_bar(level.alpha_bar), self.T, rtol=1e-9)

    def test_signal_to_noise_amplitudes(self):
        level = conventions.noise_level(self.T)
        np.testing.assert_allclose(1 / level.sigma, self.ratio, rtol=1e-13)
        np.testing.assert_allclose((1 - level.interpolation) / level.interpolation, self.ratio, rtol=1e-12)
        np.testing.assert_allclose(np.exp(level.log_snr / 2), self.ratio, rtol=1e-12)
        np.testing.assert_allclose(np.sqrt(level.alpha_bar / level.noise_variance), self.ratio, rtol=1e-12)

    def test_chain_is_iterated_step_by_step(self):
        betas = np.linspace(1e-4, 0.02, 50)
        signal, variance = 1.0, 0.0
        for beta in betas:
            signal, variance = np.sqrt(1 - beta) * signal, (1 - beta) * variance + beta
        t = conventions.time_from_betas(betas)
        assert t.shape == (50,)
        np.testing.assert_allclose(np.exp(-t[-1]), signal, rtol=1e-12)
        np.testing.assert_allclose(conventions.noise_level(t[-1]).noise_variance, variance, rtol=1e-12)

    def test_rate_against_the_moment_equations(self):
        """Mean and variance of dx = −½β x ds + √β dB solved as differential equations."""
        from scipy.integrate import solve_ivp

        beta = lambda s: 0.1 + 19.9 * s  # noqa: E731
        moments = solve_ivp(
            lambda s, y: [-beta(s) * y[0] / 2, beta(s) * (1 - y[1])], (0, 0.7), [1.0, 0.0], rtol=1e-10, atol=1e-12
        ).y[:, -1]
        t = conventions.time_from_rate(beta, 0.7)
        np.testing.assert_allclose([np.exp(-t), -np.expm1(-2 * t)], moments, rtol=1e-8)
        assert conventions.time_from_rate(lambda s: 2.0, 0.7) == pytest.approx(0.7, rel=1e-14)
        assert conventions.time_from_rate(lambda s: 0.0, 0.7) == 0

    @given(st.floats(-700, 700))
    def test_log_snr_never_overflows(self, log_snr):
        t = conventions.time_from_log_snr(log_snr)
        assert np.isfinite(t) and t > 0


class TestPredictions:
    """For a known clean sample and noise, the conditional score is −ξ/√Δ_t whatever the network predicts."""

    rng = np.random.default_rng(1)
    x, noise = rng.standard_normal((2, 7))
    t = 0.3
    signal, scale = np.exp(-t), np.sqrt(-np.expm1(-2 * t))
    x_t = signal * x + scale * noise
    score = -(x_t - signal * x) / scale**2

    def test_noise_denoiser_velocity(self):
        np.testing.assert_allclose(conventions.score_from_noise(self.noise, self.t), self.score, rtol=1e-12)
        np.testing.assert_allclose(conventions.score_from_denoiser(self.x_t, self.x, self.t), self.score, rtol=1e-12)
        velocity = self.signal * self.noise - self.scale * self.x
        np.testing.assert_allclose(conventions.score_from_velocity(self.x_t, velocity, self.t), self.score, rtol=1e-12)

    def test_variance_exploding_score_by_the_chain_rule(self):
        x, t, v = sp.symbols("x t v", positive=True)
        log_p = lambda y, variance: -(y**2) / (2 * variance)  # noqa: E731
        h = sp.exp(2 * t) - 1
        exploding = sp.diff(log_p(x, v + h), x).subs(x, sp.exp(t) * x)
        preserving = sp.diff(log_p(x, sp.exp(-2 * t) * v + 1 - sp.exp(-2 * t)), x)
        point = {x: sp.Rational(1, 3), t: sp.Rational(1, 4), v: 5}
        ours = conventions.score_from_variance_exploding(float(exploding.subs(point)), 0.25)
        assert ours == pytest.approx(float(preserving.subs(point)), rel=1e-14)


class TestTrainingTime:
    """Plain gradient descent, run, against the flow dA/dτ = −2Δ(d/p)AU − 2d√(Δ/p)V^T solved in the eigenbasis of U."""

    d = 8
    model = RandomFeatureModel(activations.tanh, psi_p=2, psi_n=3, t=0.2, data=Gaussian())

    @pytest.fixture
    def matrices(self):
        finite = self.model.simulate(d=self.d, seed=0)
        return finite.U, finite.V

    def flow(self, matrices, tau):
        U, V = matrices
        values, vectors = np.linalg.eigh(U)
        delta, p = self.model.noise_variance, len(U)
        f = -np.expm1(-2 * delta * (self.d / p) * values * tau) / values
        return -np.sqrt(p / delta) * V.T @ (vectors * f) @ vectors.T

    def descend(self, matrices, steps, rate, loss_factor=1.0, parameter_scale=1.0):
        """B ← B − η ∂(cL)/∂B with A = scale × B; the gradient of L is that of the loss, not of the flow."""
        U, V = matrices
        delta, p = self.model.noise_variance, len(U)
        B = np.zeros((self.d, p))
        for _ in range(steps):
            gradient_A = 2 * delta / (self.d * p) * parameter_scale * B @ U
            gradient_A = gradient_A + 2 * np.sqrt(delta / p) / self.d * V.T
            B = B - rate * loss_factor * parameter_scale * gradient_A
        return parameter_scale * B

    def test_gradient_is_the_derivative_of_the_loss(self, matrices):
        """Finite differences of L(A) = 1 + Δ/(dp) Tr AUA^T + 2√Δ/(d√p) Tr AV: what `descend` descends."""
        U, V = matrices
        delta, p, rng = self.model.noise_variance, len(U), np.random.default_rng(0)
        A, direction = rng.standard_normal((2, self.d, p))

        def loss(A):
            return 1 + delta / (self.d * p) * np.sum((A @ U) * A) + 2 * np.sqrt(delta / p) / self.d * np.trace(A @ V)

        gradient = 2 * delta / (self.d * p) * A @ U + 2 * np.sqrt(delta / p) / self.d * V.T
        step = 1e-4
        numerical = (loss(A + step * direction) - loss(A - step * direction)) / (2 * step)
        assert np.sum(gradient * direction) == pytest.approx(numerical, rel=1e-8)

    @pytest.mark.parametrize(
        ("loss_factor", "scale"), [(1.0, 1.0), (8.0, 1.0), (0.5, 4.0), (1.0, -1 / np.sqrt(-np.expm1(-0.4)))]
    )
    def test_descent_follows_the_flow_with_error_of_order_one(self, matrices, loss_factor, scale):
        tau, errors = 0.8, []
        exact = self.flow(matrices, tau)
        for steps in (200, 400, 800):
            rate = tau * self.d**2 / (steps * loss_factor * scale**2)
            options = {"loss_factor": loss_factor, "parameter_scale": scale}
            assert conventions.training_time(steps, rate, self.d, **options) == pytest.approx(tau, rel=1e-12)
            assert conventions.gradient_steps(tau, rate, self.d, **options) == pytest.approx(steps, rel=1e-12)
            errors.append(np.linalg.norm(self.descend(matrices, steps, rate, loss_factor, scale) - exact))
        assert errors[0] < 0.02 * np.linalg.norm(exact)
        np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, rtol=0.03)


BAD = [
    (conventions.from_green_function, (np.nan,), "g"),
    (conventions.from_trace_per_dimension, (1.0, 0), "psi_p"),
    (conventions.from_trace_per_sample, (1.0, 1, -2), "psi_n"),
    (conventions.from_companion, (1.0, 0.0, 1, 1), "z"),
    (conventions.rescaled, (abs, 0), "factor"),
    (conventions.spectral_parameter_from_ridge, (-1,), "ridge"),
    (conventions.time_from_variance, (-0.1,), "h"),
    (conventions.time_from_sigma, ([0.1, -1],), "sigma"),
    (conventions.time_from_alpha_bar, (0,), "alpha_bar"),
    (conventions.time_from_alpha_bar, (1.1,), "alpha_bar"),
    (conventions.time_from_betas, ([0.1, 1.0],), "betas"),
    (conventions.time_from_rate, (lambda s: -1.0, 1.0), r"beta\(s\)"),
    (conventions.time_from_rate, (lambda s: 1.0, -1.0), "s"),
    (conventions.time_from_log_snr, (np.inf,), "log_snr"),
    (conventions.time_from_interpolation, (1.0,), "s"),
    (conventions.noise_level, (0.0,), "t"),
    (conventions.score_from_noise, (1.0, -1.0), "t"),
    (conventions.score_from_denoiser, (1.0, "x", 1.0), "denoised"),
    (conventions.training_time, (10, 0, 5), "learning_rate"),
    (conventions.training_time, (-1, 1, 5), "steps"),
    (conventions.training_time, (1, 1, 2.5), "d"),
    (conventions.gradient_steps, (-1, 1, 5), "tau"),
]


@pytest.mark.parametrize(("function", "arguments", "name"), BAD)
def test_bad_input_names_the_argument_and_what_is_allowed(function, arguments, name):
    with pytest.raises(ValueError, match=rf"^{name} .*allowed: "):
        function(*arguments)


def test_zero_parameter_scale():
    with pytest.raises(ValueError, match=r"parameter_scale = 0.*allowed"):
        conventions.training_time(1, 1, 1, parameter_scale=0)


def test_rate_that_cannot_be_integrated():
    with pytest.raises(ConvergenceError, match="beta did not converge"):
        conventions.time_from_rate(lambda s: 1 / max(abs(s - 0.3), 1e-280), 1.0)
