"""Finite matrices: the exact noise average against Monte Carlo, the backends against each other, the limit against one draw."""

import numpy as np
import pytest
from tolerances import STANDARD_ERRORS

from theory import Gaussian, RandomFeatureModel, activations
from theory.activations import Activation
from theory.simulation import backend, covariance_eigenvalues, noise_average

MODEL = RandomFeatureModel(activations.tanh, 4, 3, 0.1)


def sampled_entries(model, finite, pairs, draws, seed):
    """Mean and standard error of φ_iφ_j over samples and drawn noise: only the rows i, j of W are needed."""
    rng = np.random.default_rng(seed)
    (_, d), n = finite.W.shape, finite.X.shape[1]
    rows = sorted({i for pair in pairs for i in pair})
    place = {row: k for k, row in enumerate(rows)}
    W = finite.W[rows] / np.sqrt(d)
    mean_part = model.decay * (W @ finite.X)
    # W ξ is Gaussian with covariance WW^T: drawing it directly is drawing ξ
    factor = np.linalg.cholesky(W @ W.T + 1e-14 * np.eye(len(rows)))
    batches = []
    for _ in range(50):
        noise = np.einsum("ij,jkn->ikn", factor, rng.standard_normal((len(rows), draws // 50, n)))
        features = model.activation(mean_part[:, None, :] + np.sqrt(model.noise_variance) * noise)
        batches.append([np.mean(features[place[i]] * features[place[j]]) for i, j in pairs])
    batches = np.array(batches)
    return batches.mean(axis=0), batches.std(axis=0, ddof=1) / np.sqrt(len(batches))


@pytest.mark.parametrize(
    "activation",
    [activations.tanh, activations.relu, activations.sign, activations.gelu, Activation(abs(activations.x - 0.5))],
)
def test_exact_noise_average_against_monte_carlo(activation):
    model = RandomFeatureModel(activation, 2, 1, 0.3)
    finite = model.simulate(60, seed=1)
    pairs = [(0, 0), (0, 1), (2, 5), (7, 7), (10, 90)]
    mean, error = sampled_entries(model, finite, pairs, 4000, seed=2)
    exact = np.array([finite.U[i, j] for i, j in pairs])
    assert np.all(np.abs(mean - exact) < STANDARD_ERRORS * error + 1e-6)


def test_mehler_series_against_a_two_dimensional_quadrature():
    """E_ξ φ_iφ_j for strongly correlated features: exact at high order, with an error O(ϱ⁵) at the default one."""
    rng = np.random.default_rng(0)
    W, X = rng.standard_normal((5, 4)), rng.standard_normal((4, 3))
    t = 0.3
    decay, noise_variance = np.exp(-t), -np.expm1(-2 * t)
    arguments = (backend(), activations.tanh, W, X, decay, noise_variance)
    default, many = noise_average.exact(*arguments)[0], noise_average.exact(*arguments, order=40)[0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    mean, covariance = decay * W @ X / 2, noise_variance * W @ W.T / 4
    for i, j in [(0, 1), (0, 2), (1, 3), (2, 4)]:
        rho = covariance[i, j] / np.sqrt(covariance[i, i] * covariance[j, j])
        u = np.sqrt(covariance[i, i]) * nodes[:, None]
        v = np.sqrt(covariance[j, j]) * (rho * nodes[:, None] + np.sqrt(1 - rho**2) * nodes[None, :])
        products = [np.tanh(mean[i, k] + u) * np.tanh(mean[j, k] + v) for k in range(3)]
        expected = np.mean([weights @ product @ weights for product in products])
        assert many[i, j] == pytest.approx(expected, abs=1e-9)
        assert abs(default[i, j] - expected) < 0.05 * abs(rho) ** 5 + 1e-9


def test_the_average_of_a_network_as_large_as_in_the_chapters():
    """d = 200, p = 800, n = 600: equal to 20,000 draws on sampled entries."""
    finite = MODEL.simulate(200, seed=3)
    pairs = [(0, 0), (1, 2), (3, 700), (799, 799)]
    mean, error = sampled_entries(MODEL, finite, pairs, 20000, seed=4)
    exact = np.array([finite.U[i, j] for i, j in pairs])
    assert np.all(np.abs(mean - exact) < STANDARD_ERRORS * error)


def test_v_against_monte_carlo():
    model = RandomFeatureModel(activations.erf, 2, 1, 0.3)
    exact, drawn = model.simulate(30, seed=1), model.simulate(30, seed=1, noise_draws=3000)
    assert np.array_equal(exact.W, drawn.W) and np.array_equal(exact.X, drawn.X)
    spread = np.sqrt(np.mean(exact.U.diagonal()) / (30 * 3000))
    assert np.max(np.abs(exact.V - drawn.V)) < 6 * spread
    assert np.max(np.abs(exact.U - drawn.U)) < 6 * spread


def test_few_noise_draws_bias_the_spectrum():
    """With m draws U has nm rank-one terms: the bias of q falls like 1/m and is far above the noise."""
    exact = np.mean([MODEL.simulate(50, seed=s).stieltjes(-0.1).real for s in range(4)])
    bias = [
        np.mean([MODEL.simulate(50, seed=s, noise_draws=m).stieltjes(-0.1).real for s in range(4)]) - exact for m in (2, 8)
    ]
    assert 2 < bias[0] / bias[1] < 8
    assert bias[1] > 0


def test_draws_approach_the_theory_like_one_over_d():
    """Real and imaginary part, below the axis too: d times the relative deviation is 0.2 to 1.7 at every d."""
    z = np.array([-0.1, 0.5 + 0.1j, 2 - 0.3j])
    limit = MODEL.spectrum().stieltjes(z)
    for d, seeds in ((50, 3), (200, 2)):
        for seed in range(seeds):
            assert np.all(np.abs(MODEL.simulate(d, seed).stieltjes(z) / limit - 1) < 2 / d)


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@pytest.mark.parametrize("options", [{}, {"features": "equivalent"}, {"noise_draws": 3}], ids=str)
def test_libraries_agree(library, options):
    if library == "torch":
        pytest.importorskip("torch")
    reference = MODEL.simulate(24, seed=5, **options)
    other = MODEL.simulate(24, seed=5, library=library, **options)
    assert np.allclose(other.eigenvalues, reference.eigenvalues, rtol=1e-10, atol=1e-13)
    tau = np.array([1.0, 100.0])
    assert np.allclose(other.training(tau).test, reference.training(tau).test, rtol=1e-10)


def test_a_second_device_catches_mixed_arrays():
    xp = pytest.importorskip("array_api_strict")
    reference = MODEL.simulate(24, seed=5)
    other = MODEL.simulate(24, seed=5, library="array_api_strict", device=xp.Device("device1"))
    assert other.U.device == xp.Device("device1")
    assert np.allclose(other.eigenvalues, reference.eigenvalues, rtol=1e-10, atol=1e-13)


def test_cuda_without_one(monkeypatch):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(ValueError, match=r"device = 'cuda'.*no CUDA device"):
        MODEL.simulate(10, device="cuda")
    monkeypatch.setenv("THEORY_DEVICE", "cuda")
    with pytest.raises(ValueError, match="cuda"):
        MODEL.simulate(10)
    monkeypatch.setenv("THEORY_DEVICE", "cpu")
    assert MODEL.simulate(10).backend.xp.__name__.endswith("numpy")


def test_covariance_eigenvalues_follow_the_law():
    data = Gaussian(((0.5, 0.3), (1.0, 0.4), (2.0, 0.3)), spikes=(7.0,))
    values = covariance_eigenvalues(data, 10)
    assert values.tolist() == [7.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_finite_stieltjes_against_a_direct_inverse():
    finite = MODEL.simulate(20, seed=6)
    z = 0.3 + 0.2j
    direct = np.trace(np.linalg.inv(finite.U - z * np.eye(80))) / 80
    assert np.isclose(finite.stieltjes(z), direct, rtol=1e-12)
    assert np.allclose(finite.stieltjes([z, z]), direct, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"d": 0}, ("d = 0", ">= 1")),
        ({"d": 2.5}, ("d = 2.5", "integer")),
        ({"d": 5, "features": "deep"}, ("features = 'deep'", "'network'")),
        ({"d": 5, "noise_draws": 0}, ("noise_draws = 0", ">= 1")),
        ({"d": 5, "noise_draws": 2, "features": "equivalent"}, ("noise_draws = 2", "allowed: None")),
        ({"d": 5, "library": "jax"}, ("library = 'jax'", "'numpy'")),
        ({"d": 5, "library": "numpy", "device": "cuda"}, ("device = 'cuda'", "'cpu'")),
        ({"d": 5, "library": "array_api_strict", "device": "nowhere"}, ("device = 'nowhere'", "'cpu'")),
        ({"d": 5, "library": "cupy", "device": "cpu"}, ("device = 'cpu'", "'cuda'")),
        ({"d": 5, "seed": -1}, ("seed = -1", ">= 0")),
        ({"d": 5, "seed": "lucky"}, ("seed = 'lucky'", ">= 0")),
    ],
)
def test_bad_arguments(options, words):
    with pytest.raises(ValueError) as error:
        MODEL.simulate(**options)
    for word in words:
        assert word in str(error.value)


def test_default_backend_is_numpy():
    assert backend().device == "cpu"
