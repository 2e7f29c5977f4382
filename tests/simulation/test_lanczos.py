"""``method="lanczos"`` against the dense draw of the same seed: equal where probes and steps leave nothing out, within their errors else."""

import math

import numpy as np
import pytest

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations

TANH = RandomFeatureModel(activations.tanh, 4, 2.5, 0.1)
MODELS = {
    "equivalent": (TANH, {"features": "equivalent"}),
    "mean and spike": (
        RandomFeatureModel(activations.relu, 2, 4, 0.3, Gaussian(spikes=(5.0,))), {"features": "equivalent"}
    ),
    "network": (TANH, {}),
    "target of x": (RandomFeatureModel(activations.tanh, 2, 3, TimeGrid((0.1, 0.6), (0.5, 0.5), skip=(-1.0, -0.5))), {}),
    "sampled": (TANH, {"noise_draws": 3}),
    "biases and times": (RandomFeatureModel(activations.tanh, 3, 2, TimeGrid((0.1, 0.5), (0.4, 0.6)), bias=0.5), {}),
    "clusters": (
        RandomFeatureModel(activations.tanh, 3, 2.5, 0.2, Mixture((0.7, 0.3), (0.5, 0.25), means=((1.0, -1.0), (-1.0, 1.0)))),
        {},
    ),
}  # fmt: skip
TAU = np.array([0.0, 0.1, 1.0, 10.0, 100.0, 1000.0])
D = 24


@pytest.fixture(scope="module", params=MODELS)
def both(request):
    """(dense, Lanczos with as many probes and steps as there are dimensions)"""
    model, options = MODELS[request.param]
    dense = model.simulate(D, 3, **options)
    p = dense.W.shape[0]
    return dense, model.simulate(D, 3, method="lanczos", probes=p, steps=p, **options)


def test_the_same_seed_is_the_same_network(both):
    dense, lanczos = both
    p, d = dense.W.shape
    np.testing.assert_allclose(lanczos.U @ np.eye(p), dense.U, rtol=0, atol=1e-13 * np.abs(dense.U).max())
    np.testing.assert_allclose(lanczos.V @ np.eye(d), dense.V, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(lanczos.W, dense.W)
    np.testing.assert_array_equal(lanczos.X, dense.X)
    np.testing.assert_array_equal(lanczos.kinds, dense.kinds)
    np.testing.assert_array_equal(lanczos.biases, dense.biases)
    assert lanczos.initial_loss == pytest.approx(dense.initial_loss, rel=1e-13)


def test_all_probes_and_all_steps_leave_nothing_out(both):
    """The spectrum has at most p distinct eigenvalues, and p orthogonal probes are a basis."""
    dense, lanczos = both
    values = dense.eigenvalues
    top = values[-1]
    moments = lanczos.moments(4)
    np.testing.assert_allclose(moments.value, np.mean(values ** np.arange(5)[:, None], axis=1), rtol=1e-11)
    np.testing.assert_array_equal(moments.standard_error, 0.0)
    z = np.array([-0.1, 0.4 + 0.2j, 1.1 * top, 1j * top])
    estimate = lanczos.stieltjes_estimate(z)
    np.testing.assert_allclose(estimate.value, dense.stieltjes(z), rtol=1e-10)
    assert np.all(estimate.quadrature_error < 1e-10)
    between = (values[1:] + values[:-1])[np.diff(values) > 1e-3 * top] / 2
    np.testing.assert_allclose(lanczos.cdf(between).value, [np.mean(values <= x) for x in between], atol=1e-10)


def test_training_curves(both):
    dense, lanczos = both
    expected, found = dense.training(TAU), lanczos.training(TAU)
    for name in ("train", "test", "score_error", "test_by_class", "score_error_by_class"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-10, err_msg=name)
    assert np.all(found.train_standard_error < 1e-12) and np.all(found.test_standard_error < 1e-12)
    if len(np.unique(dense.kinds)) == 1:
        np.testing.assert_array_equal(found.train_by_class[0], found.train)
    else:
        assert found.train_by_class is None


def test_a_scalar_time_and_the_end_of_training():
    dense, lanczos = (TANH.simulate(D, 1, features="equivalent", **o) for o in ({}, {"method": "lanczos", "probes": D}))
    expected, found = dense.training(math.inf), lanczos.training(math.inf)
    assert found.test.shape == () and found.train == pytest.approx(expected.train, rel=1e-9)
    assert found.test == pytest.approx(expected.test, rel=1e-9)
    with pytest.raises(ValueError, match=r"tau = inf .*allowed: finite tau"):
        TANH.simulate(D, 1, method="lanczos", probes=2).training(math.inf)


def test_the_standard_errors_are_those_of_the_probes():
    """Over draws of the probes: the mean square of (found − exact)/(standard error) is that of Student's t with 5 degrees, 5/3."""
    dense = TANH.simulate(D, 1, features="equivalent")
    exact = [dense.stieltjes(-0.3).real, dense.training(20.0).train, dense.training(20.0).test]
    scores = []
    lanczos = TANH.simulate(D, 1, features="equivalent", method="lanczos", probes=6, steps=25)
    for seed in range(60):
        for kept in ("rules", "_loss_parts"):
            vars(lanczos).pop(kept, None)
        lanczos._of_traces, lanczos._of_losses = np.random.default_rng(seed).spawn(2)
        q, curve = lanczos.stieltjes_estimate(-0.3), lanczos.training(20.0)
        found = np.array([q.value.real, curve.train, curve.test])
        scores.append((found - exact) / [q.standard_error, curve.train_standard_error, curve.test_standard_error])
    mean, square = np.mean(scores, axis=0), np.mean(np.square(scores), axis=0)
    assert np.all(np.abs(mean) < 0.45) and np.all((square > 0.9) & (square < 3.0)), (mean, square)


def test_float32_stores_the_rounded_draw():
    double, single = (TANH.simulate(D, 2, method="lanczos", probes=D, steps=60, dtype=t) for t in ("float64", "float32"))
    assert single.W.dtype == np.float32 and single.U.storage == np.float32
    np.testing.assert_array_equal(single.W, double.W.astype(np.float32))
    difference = single.U @ np.eye(4 * D) - double.U @ np.eye(4 * D)
    assert 1e-9 < np.abs(difference).max() < 1e-6
    a, b = double.training(TAU), single.training(TAU)
    np.testing.assert_allclose(b.train, a.train, atol=2e-5)
    np.testing.assert_allclose(b.test, a.test, atol=2e-5)


def test_too_few_steps_are_an_error():
    short = TANH.simulate(D, 1, features="equivalent", method="lanczos", probes=4, steps=5)
    assert short.training(1.0).test_quadrature_error < 1e-3
    for call in (lambda: short.training(1e4), lambda: short.stieltjes(0.5 + 1e-3j)):
        with pytest.raises(ConvergenceError) as error:
            call()
        assert error.value.reason == "steps" and error.value.residual > 1e-3


@pytest.mark.parametrize("name", ["eigenvalues", "modes", "flow_matrices", "class_matrices", "fresh_class_matrices"])
def test_what_needs_all_eigenvalues_says_what_there_is(name):
    lanczos = TANH.simulate(4, method="lanczos", probes=2, steps=4)
    with pytest.raises(AttributeError, match=rf"{name}: needs all eigenvalues of U, which method = 'dense' has; \w+"):
        getattr(lanczos, name)
    assert not hasattr(lanczos, name) and not hasattr(lanczos, "nonsense")


@pytest.mark.parametrize(
    "options, words",
    [
        ({"method": "dense ", "probes": 3}, r"method = 'dense ' .*'dense', 'lanczos'"),
        ({"method": "lanczos", "steps": 0}, r"steps = 0 .*"),
        ({"method": "lanczos", "steps": -1}, r"steps = -1 .*"),
        ({"method": "lanczos", "probes": 0}, r"probes = 0 .*"),
        ({"method": "lanczos", "memory": -1.0}, r"memory = -1\.0 .*"),
        ({"method": "lanczos", "memory": 1e-6}, r"memory = 1e-06 GiB does not hold the vectors of 16 probes and 100 steps"),
        ({"method": "lanczos", "dtype": "float16"}, r"dtype = 'float16' .*'float64', 'float32'"),
        ({"method": "lanczos", "library": "array_api_strict"}, r"library = .* is not available with method = 'lanczos'"),
        ({"probes": 4}, r"probes = 4 has no meaning with method = 'dense'"),
        ({"memory": 4}, r"memory = 4 has no meaning with method = 'dense'"),
    ],
)
def test_options_are_refused_before_anything_is_drawn(options, words, monkeypatch):
    monkeypatch.setattr("theory.simulation.finite.random_generator", None)  # what comes first of all draws
    with pytest.raises(ValueError, match=words):
        TANH.simulate(3000, **options)


def test_the_density_is_that_of_the_law():
    """At d = 150, smoothed by the same kernel: within the scatter of the probes and finite size, in both bulks."""
    model = RandomFeatureModel(activations.tanh, 4, 2, 0.1)
    lanczos = model.simulate(150, 0, features="equivalent", method="lanczos", probes=12, steps=50)
    log_lam = np.linspace(-5.5, 2.5, 400)
    width, step = 0.3, log_lam[1] - log_lam[0]
    assert lanczos.resolution < width
    quantiles = np.log(model.spectrum().quantile((np.arange(1000) + 0.5) / 1000))
    law = np.exp(-(((log_lam[:, None] - quantiles) / width) ** 2) / 2).mean(axis=1) / width / math.sqrt(2 * math.pi)
    found = lanczos.density(np.exp(log_lam), width)
    assert np.sum(found.value * np.exp(log_lam)) * step == pytest.approx(1, abs=1e-4)
    assert np.abs(found.value * np.exp(log_lam) - law).sum() * step < 0.04
    assert np.all(found.standard_error < 0.1 * found.value.max())
    default = lanczos.density(1.0)
    assert default.value == lanczos.density(1.0, lanczos.resolution).value and np.ndim(default.value) == 0
    shares = lanczos.histogram([0.001, 0.15, 20.0])
    assert shares.value.sum() == pytest.approx(1, abs=1e-4) and np.all(shares.quadrature_error < 0.01)
    split = model.spectrum().cdf(0.15)
    assert abs(shares.value[0] - split) < 5 * shares.standard_error[0] + 0.01
