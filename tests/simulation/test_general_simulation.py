"""Several diffusion times, biases and mixtures at finite size: the definitions, by quadrature and by Monte Carlo."""

from dataclasses import replace

import numpy as np
import pytest
from readouts import central_differences, defined_loss, fresh_pairs, gauss_hermite, readout, score
from scipy.integrate import solve_ivp
from tolerances import STANDARD_ERRORS, double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.simulation import (
    covariance_eigenvalues,
    fresh_data,
    kinds_of_samples,
    loss,
    noise_average,
    optimise,
    shares,
    stable_step,
)

CUBIC = activations.polynomial((0.3, 1, -0.4, 0.2))
TWO_ATOMS = ((0.5, 0.5), (2.0, 0.5))
#: neither amplitudes that cancel the noise variances, nor weights that are equal
GRID = TimeGrid((0.1, 0.4, 1.1), (0.5, 0.2, 0.3), amplitude=(1.3, 0.8, 0.6), skip=(-0.7, 0.0, 0.9))
FAR = Mixture((0.7, 0.3), variances=(0.6, 1.7), means=((0.3, -0.7), (-0.7, 1.9)), spectrum=TWO_ATOMS)
NEAR = Mixture((0.4, 0.6), spikes=((9.0, -6.0), (-6.0, 4.0)))
# the types are the theory's, and a simulation asks nothing of them: the fewest
MODELS = {
    "times and biases": RandomFeatureModel(CUBIC, 2, 3, TimeGrid((0.2, 0.5, 1.5), (0.2, 0.5, 0.3)), bias=0.8, types=1),
    "skip connection": RandomFeatureModel(CUBIC, 2, 3, GRID, data=Gaussian(TWO_ATOMS), types=1),
    "far centroids": RandomFeatureModel(CUBIC, 2, 4, 0.3, data=FAR, types=1),
    "near centroids": RandomFeatureModel(CUBIC, 2, 4, 0.3, data=NEAR, types=1),
    "all": RandomFeatureModel(CUBIC, 2, 4, GRID, data=FAR, bias=1.2, types=1),
}
SMOOTH = {name: replace(model, activation=activations.tanh) for name, model in MODELS.items()}
TAU = np.array([0.0, 0.5, 20.0, 1e3, np.inf])


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


class TestLoss:
    """For a cubic activation at d = 2, Mehler's series ends and a small quadrature is exact: both sides agree to rounding."""

    def test_train_loss_is_its_definition(self, name):
        finite = MODELS[name].simulate(2, seed=3)
        A, n = readout(finite), finite.X.shape[1]
        xi, weights = gauss_hermite(2, 6)
        expected = defined_loss(
            finite, A, np.repeat(finite.X, weights.size, axis=1), np.tile(xi, n), np.tile(weights, n) / n
        )
        assert loss.train_loss(finite, A) == pytest.approx(expected, rel=1e-12)
        untrained = defined_loss(
            finite, 0 * A, np.repeat(finite.X, weights.size, axis=1), np.tile(xi, n), np.tile(weights, n) / n
        )
        assert finite.initial_loss == pytest.approx(untrained, rel=1e-12)

    def test_test_loss_is_its_definition(self, name):
        finite = MODELS[name].simulate(2, seed=3)
        U, V = fresh_data.population(finite)
        start, rate = fresh_data.initial_test_loss(finite.model, 2), finite.model.noise_variance
        for A in (readout(finite), np.zeros((2, finite.W.shape[0]))):
            expected = defined_loss(finite, A, *fresh_pairs(finite))
            assert loss.quadratic_loss(A, U, V, rate, np, start) == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("name", ["times and biases", "skip connection"])
    def test_score_error_is_its_definition(self, name):
        """One kind of samples, whose score is −x_i/(e^{−2t}λ_i + Δ_t) at any d."""
        finite = MODELS[name].simulate(2, seed=3)
        A = readout(finite)
        x, xi, weights = fresh_pairs(finite)
        eigenvalues = covariance_eigenvalues(finite.model.data, 2)[:, None]
        error = scale = 0.0
        for k, (t, law) in enumerate(zip(finite.model.times.times, finite.model.times.probabilities, strict=True)):
            delta = -np.expm1(-2 * t)
            x_t = np.exp(-t) * x + np.sqrt(delta) * xi
            difference = score(finite, A, x_t, k) + x_t / (np.exp(-2 * t) * eigenvalues + delta)
            error += law * delta * np.mean(difference**2, axis=0) @ weights
            scale += law * delta
        test = defined_loss(finite, A, x, xi, weights)
        assert fresh_data.score_error(finite.model, 2, test) == pytest.approx(error / scale, rel=1e-11)


def test_loss_of_the_exact_score_of_a_mixture():
    """The kinds are told apart by their variances and their far centroids: at d = 200 nothing of the doubt is left."""
    rng, d, m = np.random.default_rng(0), 200, 4000
    model = replace(SMOOTH["all"], psi_n=m / d)
    X = model.simulate(d, seed=1, noise_draws=1).X
    frequencies, scales, centroids = kinds_of_samples(model.data, d)
    eigenvalues = covariance_eigenvalues(model.data, d)
    losses = np.zeros(m)
    for t, law in zip(model.times.times, model.times.probabilities, strict=True):
        delta, decay = -np.expm1(-2 * t), np.exp(-t)
        xi = rng.standard_normal(X.shape)
        x_t = decay * X + np.sqrt(delta) * xi
        variances = decay**2 * scales[:, None] * eigenvalues + delta
        pulls = -(x_t[None] - decay * centroids[:, :, None]) / variances[:, :, None]
        exponent = 0.5 * np.sum(pulls * (x_t[None] - decay * centroids[:, :, None]), axis=1)
        exponent += (np.log(frequencies) - 0.5 * np.sum(np.log(variances), axis=1))[:, None]
        posterior = np.exp(exponent - exponent.max(axis=0))
        posterior /= posterior.sum(axis=0)
        losses += law * np.mean((np.sqrt(delta) * np.einsum("cm,cdm->dm", posterior, pulls) + xi) ** 2, axis=0)
    error = losses.std() / np.sqrt(m)
    assert abs(losses.mean() - fresh_data.exact_score_loss(model, d)) < STANDARD_ERRORS * error
    assert error < 2e-3


@pytest.mark.parametrize("name", MODELS)
def test_exact_noise_average_against_monte_carlo(name):
    """d = 30: far more draws than the truncation of Mehler's series would show in."""
    model = replace(SMOOTH[name], psi_p=0.4, psi_n=0.4)
    finite, rng = model.simulate(30, seed=4), np.random.default_rng(5)
    X = np.tile(finite.X, 60)  # 60 noise vectors a sample at a time
    batches = [
        noise_average.over_times(
            noise_average.sampled, finite.backend, model.activation, finite.W, X, finite.biases, model.times, 5, rng
        )
        for _ in range(60)
    ]
    for exact, drawn in zip((finite.U, finite.V), map(np.array, zip(*batches, strict=True)), strict=True):
        error = drawn.std(axis=0, ddof=1) / np.sqrt(len(batches))
        assert np.all(np.abs(drawn.mean(axis=0) - exact) < STANDARD_ERRORS * error)
        assert np.max(error) < 0.02 * np.max(np.abs(exact))


def test_noise_draws_approach_the_exact_average():
    """The option itself: W and X are the same, and U and V come closer as 1/√draws."""
    exact = SMOOTH["all"].simulate(20, seed=2)
    distance = []
    for draws in (4, 400):
        drawn = SMOOTH["all"].simulate(20, seed=2, noise_draws=draws)
        assert np.array_equal(drawn.W, exact.W) and np.array_equal(drawn.X, exact.X)
        distance.append([np.linalg.norm(drawn.U - exact.U), np.linalg.norm(drawn.V - exact.V)])
    assert np.all(np.array(distance[1]) < 0.2 * np.array(distance[0]))


@pytest.mark.parametrize("name", ["times and biases", "all", "near centroids"])
def test_population_against_fresh_samples(name):
    """W depends on the seed and p alone, so that 12,000 other samples meet the same network."""
    model, d = SMOOTH[name], 20
    finite = model.simulate(d, seed=6)
    _, V_population = population = fresh_data.population(finite)
    large = replace(model, psi_n=12000 / d).simulate(d, seed=6, noise_draws=1)
    assert np.array_equal(large.W, finite.W)
    batches = [
        noise_average.over_times(
            noise_average.exact, finite.backend, model.activation, finite.W, large.X[:, i::40], finite.biases, model.times
        )
        for i in range(40)
    ]
    for expected, drawn in zip(population, map(np.array, zip(*batches, strict=True)), strict=True):
        error = drawn.std(axis=0, ddof=1) / np.sqrt(len(batches))
        # the tails of forty batches, and what is left of Mehler's series at d = 20
        assert np.all(np.abs(drawn.mean(axis=0) - expected) < 1.3 * STANDARD_ERRORS * error + 1e-5)
    assert np.linalg.norm(np.mean([V for _, V in batches], axis=0) - V_population) < 0.05 * np.linalg.norm(V_population)


class TestOneOfEach:
    """One node, one kind, no bias: the plain model, to the last digit."""

    @pytest.mark.parametrize("options", [{}, {"noise_draws": 3}], ids=str)
    @pytest.mark.parametrize(
        "changes", [{"t": TimeGrid((0.3,), (1,))}, {"data": Mixture((1,), spectrum=TWO_ATOMS)}], ids=["grid", "mixture"]
    )
    def test_is_the_plain_model(self, changes, options):
        plain = RandomFeatureModel(activations.relu, 2, 3, 0.3, data=Gaussian(TWO_ATOMS))
        a, b = plain.simulate(15, seed=2, **options), replace(plain, **changes).simulate(15, seed=2, **options)
        for first, second in ((a.W, b.W), (a.X, b.X), (a.U, b.U), (a.V, b.V)):
            assert np.array_equal(first, second)
        a, b = a.training(TAU), b.training(TAU)
        for column in ("train", "test", "score_error"):
            assert np.array_equal(getattr(a, column), getattr(b, column))

    def test_amplitude_is_taken_up_by_the_rate(self):
        """S = αAφ/√p with one α: the same U and V, and the losses of αA."""
        plain = RandomFeatureModel(activations.tanh, 2, 3, 0.3)
        scaled = replace(plain, t=TimeGrid((0.3,), (1,), amplitude=(2.0,)))
        assert scaled.noise_variance == pytest.approx(4 * plain.noise_variance, rel=double("identity"))
        a, b = plain.simulate(15, seed=2), scaled.simulate(15, seed=2)
        assert np.allclose(a.U, b.U, rtol=1e-14) and np.allclose(a.V, b.V, rtol=1e-14)
        assert loss.train_loss(b, readout(b)) == pytest.approx(loss.train_loss(a, 2 * readout(a)), rel=double("identity"))
        assert np.allclose(b.training(TAU).score_error, a.training(4 * TAU).score_error, rtol=1e-9)


class TestFlow:
    def test_gradient_against_central_differences(self, name):
        finite = SMOOTH[name].simulate(4, seed=1)
        A = readout(finite)
        exact = loss.gradient(finite, A)
        np.testing.assert_allclose(central_differences(finite, A), exact, rtol=0, atol=1e-13 * np.abs(exact).max() + 1e-14)

    def test_against_an_ode_solver(self, name):
        finite = SMOOTH[name].simulate(4, seed=1)
        shape, tau = finite.W.shape[::-1], np.array([0.1, 1.0, 10.0])
        solution = solve_ivp(
            lambda _, A: -(4**2) * loss.gradient(finite, A.reshape(shape)).ravel(),
            (0, tau[-1]), np.zeros(np.prod(shape)), method="DOP853", t_eval=tau, rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        np.testing.assert_allclose(loss.gradient_flow(finite, tau), solution.y.T.reshape(-1, *shape), rtol=1e-8, atol=1e-8)

    def test_training_curve_is_the_losses_along_the_flow(self, name):
        finite = SMOOTH[name].simulate(12, seed=1)
        curve, rate = finite.training(TAU), finite.model.noise_variance
        along = loss.gradient_flow(finite, TAU)
        start = fresh_data.initial_test_loss(finite.model, 12)
        test = loss.quadratic_loss(along, *fresh_data.population(finite), rate, np, start)
        np.testing.assert_allclose(curve.train, loss.train_loss(finite, along), rtol=1e-8)
        np.testing.assert_allclose(curve.test, test, rtol=1e-7)
        assert curve.train[0] == finite.initial_loss and curve.test[0] == start
        assert np.all(np.diff(curve.train) < 0) and np.all(curve.score_error > 0)

    @pytest.mark.parametrize("name", ["times and biases", "all"])
    def test_gradient_descent_on_drawn_noise_follows_the_flow(self, name):
        finite = SMOOTH[name].simulate(20, seed=1)
        deviations = []
        for divisor, steps in ((5, 50), (80, 800)):
            curve = optimise(finite, steps, learning_rate=stable_step(finite) / divisor, progress=False)
            flow = finite.training(curve.tau)
            deviations.append(max(np.max(np.abs(curve.train - flow.train)), np.max(np.abs(curve.test - flow.test))))
        assert deviations[1] < 0.02 * finite.initial_loss
        assert deviations[1] < deviations[0] / 2


class TestDraw:
    def test_kinds_and_centroids(self):
        model = replace(SMOOTH["far centroids"], psi_n=100)
        finite = model.simulate(40, seed=1, noise_draws=1)
        assert np.bincount(finite.kinds).tolist() == [2800, 1200]
        means = np.array([finite.X[:, finite.kinds == c].mean(axis=1) for c in range(2)])
        assert np.allclose(means @ means.T / 40, FAR.means, atol=0.1)
        for c, scale in enumerate((0.6, 1.7)):
            centred = finite.X[:, finite.kinds == c] - means[c][:, None]
            assert np.mean(centred**2) == pytest.approx(1.25 * scale, rel=0.02)

    def test_near_centroids_do_not_grow(self):
        for d in (40, 160):
            _, _, centroids = kinds_of_samples(NEAR, d)
            assert centroids.shape == (2, d)
            assert np.allclose(centroids @ centroids.T, NEAR.spikes)
            far = kinds_of_samples(FAR, d)[2]
            assert np.allclose(far @ far.T / d, FAR.means)

    def test_sizes_are_rounded(self):
        """p and n are the integers nearest to ψ_p d and ψ_n d, and at least 1."""
        for d, psi_p, psi_n, sizes in ((7, 0.8, 2.49, (6, 17)), (10, 0.29, 1.24, (3, 12)), (3, 0.01, 0.02, (1, 1))):
            finite = RandomFeatureModel(CUBIC, psi_p, psi_n, 0.3).simulate(d)
            assert (finite.W.shape, finite.X.shape) == ((sizes[0], d), (d, sizes[1]))

    def test_shares(self):
        assert shares(np.array([0.5, 0.3, 0.2]), 10).tolist() == [5, 3, 2]
        for total in (1, 7, 100):
            counts = shares(np.array([0.45, 0.35, 0.2]), total)
            assert counts.sum() == total and np.all(np.abs(counts - total * np.array([0.45, 0.35, 0.2])) < 1)

    def test_covariance_of_a_mixture(self):
        assert covariance_eigenvalues(FAR, 4).tolist() == [0.5, 0.5, 2.0, 2.0]

    def test_biases(self):
        model = SMOOTH["times and biases"]
        quantiles, drawn = model.simulate(40, seed=1), model.simulate(40, seed=1, biases="iid")
        assert np.array_equal(quantiles.W, drawn.W) and np.array_equal(quantiles.X, drawn.X)
        assert np.allclose(quantiles.biases, -quantiles.biases[::-1], atol=1e-14)
        assert np.mean(quantiles.biases**2) == pytest.approx(0.8**2, rel=2 / 80)
        assert np.mean(np.abs(quantiles.biases) < 0.8) == pytest.approx(0.6827, abs=1 / 80)
        assert not np.array_equal(drawn.biases, quantiles.biases)
        assert np.std(drawn.biases) == pytest.approx(0.8, rel=0.4)
        assert np.all(replace(model, bias=0).simulate(10, biases="iid").biases == 0)

    def test_quantiles_fluctuate_less(self):
        """Over seeds, at the largest time, where the biases matter most."""
        model = RandomFeatureModel(activations.tanh, 2, 2, TimeGrid((2.0,), (1,)), bias=1.0)
        spread = {
            biases: np.std([np.trace(model.simulate(30, seed=s, biases=biases).U) / 60 for s in range(12)])
            for biases in ("quantiles", "iid")
        }
        assert spread["quantiles"] < 0.5 * spread["iid"]


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@pytest.mark.parametrize("options", [{}, {"noise_draws": 3}], ids=str)
def test_libraries_agree(library, options):
    if library == "torch":
        pytest.importorskip("torch")
    for model in (SMOOTH["all"], replace(MODELS["all"], activation=activations.relu)):
        here, there = (model.simulate(12, seed=5, **options, **where) for where in ({}, {"library": library}))
        assert np.allclose(there.backend.to_numpy(there.U), here.U, rtol=1e-10, atol=1e-13)
        assert np.allclose(there.backend.to_numpy(there.V), here.V, rtol=1e-10, atol=1e-13)
        a, b = here.training(TAU[:4]), there.training(TAU[:4])
        assert np.allclose(b.train, a.train, rtol=1e-9) and np.allclose(b.test, a.test, rtol=1e-9)
        a, b = (optimise(finite, 5, batch=20, progress=False) for finite in (here, there))
        assert np.allclose(b.test, a.test, rtol=1e-10)


def test_a_second_device():
    xp = pytest.importorskip("array_api_strict")
    here = SMOOTH["all"].simulate(12, seed=5)
    there = SMOOTH["all"].simulate(12, seed=5, library="array_api_strict", device=xp.Device("device1"))
    assert there.U.device == there.biases.device == xp.Device("device1")
    assert np.allclose(there.training(TAU[:4]).test, here.training(TAU[:4]).test, rtol=1e-9)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("times and biases", {"d": 5, "features": "equivalent"}, ("features = 'equivalent'", "allowed: 'network'")),
        ("far centroids", {"d": 5, "features": "equivalent"}, ("features = 'equivalent'", "allowed: 'network'")),
        ("times and biases", {"d": 5, "biases": "none"}, ("biases = 'none'", "'quantiles', 'iid'")),
        ("far centroids", {"d": 1}, ("d = 1", "centroids span, 2", "allowed: d >= that")),
        ("all", {"d": 5, "noise_draws": 0}, ("noise_draws = 0", ">= 1")),
    ],
)
def test_bad_arguments(model, options, words):
    with pytest.raises(ValueError) as error:
        SMOOTH[model].simulate(**options)
    for word in words:
        assert word in str(error.value)
