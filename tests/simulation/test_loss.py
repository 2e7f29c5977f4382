"""The loss against its definition, its gradient against differences, its flow against an ODE solver; the derivation."""

import itertools

import array_api_strict
import numpy as np
import pytest
import sympy as sp
from readouts import central_differences, readout
from scipy.integrate import solve_ivp

from theory import Gaussian, RandomFeatureModel, activations
from theory.simulation import loss
from theory.symbolic import gradient_flow as symbolic
from theory.symbolic.symbols import lam, psi_p

LIBRARIES = ["numpy", "torch", "array_api_strict"]
TAU = np.array([0.0, 0.3, 7.0, 400.0, np.inf])


def draw(activation=activations.tanh, d=6, psi_p=2.5, psi_n=2, t=0.2, data=None, **options):
    return RandomFeatureModel(activation, psi_p=psi_p, psi_n=psi_n, t=t, data=data or Gaussian()).simulate(d, **options)


DRAWS = {
    "network": draw,
    "network, not odd": lambda: draw(activations.relu, data=Gaussian(((0.5, 0.5), (2.0, 0.5)))),
    "equivalent": lambda: draw(features="equivalent"),
    "sampled, p < nm": lambda: draw(noise_draws=8),
    "sampled, U singular": lambda: draw(d=5, psi_p=6, psi_n=1, noise_draws=3),
}


@pytest.fixture(params=DRAWS)
def finite(request):
    return DRAWS[request.param]()


def loss_by_definition(finite, A):
    """(1/n) Σ_ν (1/d) E_ξ |√Δ_t A σ(Wx_t/√d)/√p + ξ|² at d = 2: a product Gauss–Hermite rule, in scalar loops."""
    (p, d), noise = finite.W.shape, finite.model.noise_variance
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    total = 0.0
    for x in finite.X.T:
        for (i, j), xi in zip(itertools.product(range(24), repeat=2), itertools.product(nodes, repeat=2), strict=True):
            x_t = finite.model.decay * x + np.sqrt(noise) * np.array(xi)
            features = finite.model.activation(finite.W @ x_t / np.sqrt(d))
            total += weights[i] * weights[j] * np.sum((np.sqrt(noise) * A @ features / np.sqrt(p) + xi) ** 2) / d
    return total / finite.X.shape[1]


class TestLoss:
    @pytest.mark.parametrize("coefficients", [(0, 1, 0, -0.2), (0.5, 1, 0.3)])
    def test_is_its_definition(self, coefficients):
        """A polynomial activation, for which Mehler's series ends and both sides are exact."""
        finite = draw(activations.polynomial(coefficients), d=2, psi_p=2, psi_n=1.5)
        A = readout(finite)
        assert loss.train_loss(finite, A) == pytest.approx(loss_by_definition(finite, A), rel=1e-12)

    def test_is_the_mean_over_drawn_noise(self):
        """tanh at d = 40, against 2,000 noise vectors a sample, within four standard errors."""
        finite, rng = draw(d=40, psi_n=1), np.random.default_rng(5)
        (p, d), noise = finite.W.shape, finite.model.noise_variance
        A = readout(finite)
        draws = []
        for _ in range(2000):
            xi = rng.standard_normal(finite.X.shape)
            features = np.tanh(finite.W @ (finite.model.decay * finite.X + np.sqrt(noise) * xi) / np.sqrt(d))
            draws.append(np.mean((np.sqrt(noise) * A @ features / np.sqrt(p) + xi) ** 2))
        assert abs(np.mean(draws) - loss.train_loss(finite, A)) < 4 * np.std(draws) / np.sqrt(len(draws))

    def test_batch_and_untrained(self, finite):
        A = np.stack([readout(finite, seed) for seed in range(6)]).reshape(2, 3, *finite.W.shape[::-1])
        batch = loss.train_loss(finite, A)
        assert batch.shape == (2, 3)
        assert batch[1, 2] == pytest.approx(loss.train_loss(finite, A[1, 2]), rel=1e-13)
        assert loss.train_loss(finite, np.zeros(finite.W.shape[::-1])) == 1
        np.testing.assert_allclose(loss.gradient(finite, A)[1, 2], loss.gradient(finite, A[1, 2]), rtol=1e-13)

    def test_gradient_against_central_differences(self, finite):
        A = readout(finite)
        exact = loss.gradient(finite, A)
        np.testing.assert_allclose(central_differences(finite, A), exact, rtol=0, atol=1e-13 * np.abs(exact).max() + 1e-14)


class TestFlow:
    @pytest.mark.parametrize("start", [False, True])
    def test_against_an_ode_solver(self, finite, start):
        """dA/dτ = −d² ∂L/∂A by a Runge–Kutta method that knows neither U's eigenvectors nor the prefactors."""
        shape, d = finite.W.shape[::-1], finite.W.shape[1]
        initial = readout(finite) if start else np.zeros(shape)
        tau = np.array([0.0, 0.1, 1.0, 10.0])
        solution = solve_ivp(
            lambda _, A: -(d**2) * loss.gradient(finite, A.reshape(shape)).ravel(),
            (0, tau[-1]), initial.ravel(), method="DOP853", t_eval=tau, rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        flow = loss.gradient_flow(finite, tau, initial if start else None)
        np.testing.assert_allclose(flow, solution.y.T.reshape(-1, *shape), rtol=1e-8, atol=1e-8)

    def test_gradient_descent_converges_to_it(self, finite):
        """Halving the learning rate halves the distance."""
        shape, d = finite.W.shape[::-1], finite.W.shape[1]
        errors = []
        for steps in (2000, 4000):
            A = np.zeros(shape)
            for _ in range(steps):
                A = A - d**2 * (4.0 / steps) * loss.gradient(finite, A)
            errors.append(np.abs(A - loss.gradient_flow(finite, 4.0)).max())
        assert errors[1] < 0.02
        assert errors[0] / errors[1] == pytest.approx(2, rel=0.02)

    def test_limit_is_the_least_squares_solution(self, finite):
        p, noise = finite.W.shape[0], finite.model.noise_variance
        limit = loss.gradient_flow(finite, np.inf)
        minimiser = -np.sqrt(p / noise) * finite.V.T @ np.linalg.pinv(finite.U, rcond=1e-12, hermitian=True)
        np.testing.assert_allclose(limit, minimiser, rtol=1e-6, atol=1e-7 * np.abs(minimiser).max())
        assert np.abs(loss.gradient(finite, limit)).max() < 1e-9
        # from elsewhere, the component on the null space of U stays where it was
        start = readout(finite)
        moved = loss.gradient_flow(finite, np.inf, start) - start
        null = loss.modes(finite).eigenvectors[:, loss.modes(finite).eigenvalues == 0]
        assert null.shape[1] == max(0, p - np.linalg.matrix_rank(finite.U, hermitian=True))
        assert np.abs(moved @ null).max(initial=0) < 1e-9 * np.abs(moved).max()
        assert np.abs(loss.gradient(finite, moved + start)).max() < 1e-9

    def test_loss_along_the_flow(self, finite):
        along = loss.train_loss_along_flow(finite, TAU)
        np.testing.assert_allclose(along, loss.train_loss(finite, loss.gradient_flow(finite, TAU)), rtol=1e-8, atol=1e-9)
        assert along[0] == 1
        assert np.all(np.diff(along) < 0)
        assert isinstance(loss.train_loss_along_flow(finite, 1.0), float)
        assert loss.gradient_flow(finite, np.ones((2, 1))).shape == (2, 1, *finite.W.shape[::-1])

    def test_agrees_with_the_training_curve(self, finite):
        np.testing.assert_allclose(finite.training(TAU[:4]).train, loss.train_loss_along_flow(finite, TAU[:4]), rtol=1e-9)

    @pytest.mark.parametrize("name", ["network", "network, not odd", "equivalent"])
    def test_loss_stays_positive(self, name):
        """U − VV^T is positive semi-definite, which bounds the loss below by 0."""
        finite = DRAWS[name]()
        assert np.linalg.eigvalsh(finite.U - finite.V @ finite.V.T)[0] > -1e-12
        assert loss.train_loss_along_flow(finite, np.inf) > 0

    def test_modes_relax_at_their_times(self, finite):
        """At τ = p/(2Δ_t d λ_k) the k-th mode has 1/e of the way to go, whatever the others do."""
        m, times = loss.modes(finite), loss.relaxation_times(finite)
        limit = loss.gradient_flow(finite, np.inf)
        for k in np.flatnonzero(m.weights > 1e-6 * m.weights.max()):
            left = (limit - loss.gradient_flow(finite, times[k])) @ m.eigenvectors[:, k]
            np.testing.assert_allclose(left, np.exp(-1) * limit @ m.eigenvectors[:, k], rtol=1e-6, atol=1e-12)
        assert loss.relaxation_times(finite, 0.0) == np.inf
        assert np.all(m.weights[m.eigenvalues == 0] == 0)

    @pytest.mark.parametrize("library", LIBRARIES)
    def test_backends_agree(self, library):
        if library == "torch":
            pytest.importorskip("torch")
        here, there = draw(), draw(library=library)
        A, start = readout(here), readout(here, 2)
        assert loss.train_loss(there, A) == pytest.approx(loss.train_loss(here, A), rel=1e-12)
        assert loss.train_loss(there, there.backend.asarray(A)) == loss.train_loss(there, A)
        pairs = [
            (loss.gradient(there, A), loss.gradient(here, A)),
            (loss.gradient_flow(there, TAU, start), loss.gradient_flow(here, TAU, start)),
        ]
        for theirs, ours in pairs:
            np.testing.assert_allclose(there.backend.to_numpy(theirs), ours, rtol=1e-7, atol=1e-8)
        assert loss.train_loss(there, loss.gradient_flow(there, TAU)).shape == TAU.shape

    def test_another_device(self):
        """Arrays of another device never meet host arrays."""
        device = array_api_strict.Device("device1")
        finite = draw(library="array_api_strict", device=device)
        assert loss.gradient_flow(finite, TAU, readout(finite)).device == device
        assert loss.train_loss(finite, loss.gradient_flow(finite, 1.0)) == pytest.approx(
            loss.train_loss_along_flow(finite, 1.0), rel=1e-10
        )


class TestBadInput:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda f: loss.train_loss(f, np.zeros((3, 3))), r"A has shape \(3, 3\); allowed: \(…, 6, 15\)"),
            (lambda f: loss.gradient(f, np.full((6, 15), np.nan)), "A holds nan"),
            (lambda f: loss.gradient(f, 1j * np.zeros((6, 15))), r"(?s)A = .*does not hold real numbers"),
            (lambda f: loss.gradient_flow(f, -1.0), r"tau holds -1.0; allowed: tau >= 0"),
            (lambda f: loss.gradient_flow(f, [1.0, np.nan]), "tau holds nan"),
            (lambda f: loss.train_loss_along_flow(f, "soon"), "tau = 'soon'"),
            (lambda f: loss.gradient_flow(f, 1.0, np.zeros((2, 6, 15))), r"initial has shape .* allowed: \(6, 15\)"),
            (lambda f: loss.relaxation_times(f, [0.1, -2.0]), "eigenvalues holds -2.0"),
        ],
    )
    def test_is_named(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(draw())

    def test_infinite_weights_on_a_backend(self):
        torch = pytest.importorskip("torch")
        with pytest.raises(ValueError, match="A holds values that are not finite"):
            loss.train_loss(draw(library="torch"), torch.full((6, 15), torch.inf, dtype=torch.float64))


class TestSymbolic:
    @pytest.mark.parametrize(("d", "p"), [(1, 1), (2, 3), (3, 2)])
    def test_components_equal_matrix_symbols(self, d, p):
        components, A, U, V = symbolic.loss_in_components(d, p)
        explicit = {symbolic.A: A, symbolic.U: U, symbolic.V: V}
        matrices = symbolic.loss().subs({symbolic.d: d, symbolic.p: p})
        matrices = matrices.xreplace({m.subs({symbolic.d: d, symbolic.p: p}): value for m, value in explicit.items()})
        assert sp.expand(matrices.doit() - components) == 0

        # and the derivative of the components is the matrix gradient
        matrix_gradient = symbolic.gradient().subs({symbolic.d: d, symbolic.p: p})
        matrix_gradient = matrix_gradient.xreplace(
            {m.subs({symbolic.d: d, symbolic.p: p}): value for m, value in explicit.items()}
        )
        by_entry = sp.Matrix(d, p, lambda i, j: sp.diff(components, A[i, j]))
        assert (sp.Matrix(matrix_gradient.doit()) - by_entry).applyfunc(sp.expand).is_zero_matrix

    @pytest.mark.parametrize("options", [{}, {"features": "equivalent"}, {"noise_draws": 5}])
    def test_components_equal_the_simulation(self, options):
        finite = draw(d=3, psi_p=2, **options)
        (p, d), A = finite.W.shape, readout(finite)
        expression, *letters = symbolic.loss_in_components(d, p)
        values = {symbolic.Delta: finite.model.noise_variance}
        for matrix, numbers in zip(letters, (A, finite.U, finite.V), strict=True):
            values.update({matrix[i, j]: numbers[i, j] for i, j in np.ndindex(numbers.shape)})
        assert float(expression.subs(values)) == pytest.approx(loss.train_loss(finite, A), rel=1e-12)

    def test_flow_is_the_published_equation(self):
        """dA/dτ = −2Δ_t (d/p) A U − 2 d √(Δ_t/p) V^T."""
        Delta, d, p = symbolic.Delta, symbolic.d, symbolic.p
        published = -2 * Delta * d / p * symbolic.A * symbolic.U - 2 * d * sp.sqrt(Delta / p) * symbolic.V.T
        difference = (sp.expand(symbolic.flow()) - published).subs({d: 2, p: 3})
        assert sp.Matrix(difference.as_explicit()).applyfunc(sp.expand).is_zero_matrix

    def test_mode(self):
        Delta, d, tau, V = symbolic.Delta, symbolic.d, symbolic.tau, symbolic.V_lam
        filter_ = (1 - sp.exp(-2 * Delta * tau * lam / psi_p)) / lam
        assert sp.simplify(symbolic.mode() + sp.sqrt(psi_p * d / Delta) * V * filter_) == 0
        half = (1 - sp.exp(-4 * Delta * tau * lam / psi_p)) / lam
        assert sp.simplify(symbolic.mode_loss() + V**2 / d * half) == 0
        assert sp.simplify(symbolic.relaxation_time() - psi_p / (2 * Delta * lam)) == 0
        equation = symbolic.mode_equation()
        residual = (equation.lhs - equation.rhs).subs(symbolic.A_lam(tau), symbolic.mode()).doit()
        assert sp.simplify(residual) == 0
