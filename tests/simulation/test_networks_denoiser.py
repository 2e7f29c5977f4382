"""The denoiser, its preconditioning and the sampler against closed forms of Gaussian data; the networks' sizes. The last needs PyTorch."""

import math
from itertools import pairwise

import numpy as np
import pytest

from theory.conventions import score_from_denoiser, time_from_sigma
from theory.simulation import EmpiricalScore, gaussian_score, networks, probability_flow
from theory.simulation.networks import Configuration, Denoiser, build_network, preconditioning, sample, sampling_levels


def gaussian_denoiser(variances):
    """E[x_0 | y] for N(0, diag(variances)), states in rows."""
    return lambda y, sigma: y * (variances / (variances + sigma**2))


def test_noise_level_and_time_are_inverse_and_those_of_the_conventions():
    for t in (1e-6, 0.1, 3.0):
        sigma = networks.noise_level_at(t)
        assert sigma == pytest.approx(math.sqrt(math.exp(2 * t) - 1), rel=1e-9)
        assert networks.time_at(sigma) == pytest.approx(t, rel=1e-12) == float(time_from_sigma(sigma))


def test_preconditioning_is_the_exact_denoiser_of_white_data_and_keeps_variances_one():
    s2 = networks.SIGMA_DATA**2
    for sigma in (0.03, 0.5, 5.0):
        c = preconditioning(sigma)
        assert c.skip == pytest.approx(s2 / (s2 + sigma**2), rel=1e-12)
        # what the network sees, and what it is to say, (x_0 − c_skip y)/c_out, have variance one
        assert c.scale**2 * (s2 + sigma**2) == pytest.approx(1, rel=1e-12)
        assert ((1 - c.skip) ** 2 * s2 + c.skip**2 * sigma**2) / c.out**2 == pytest.approx(1, rel=1e-12)


def test_the_denoiser_of_gaussian_data_is_its_score_and_has_its_loss():
    """Through s = (e^{-t}D − x)/Δ_t, and the loss Σ_k v_k/(v_k + σ²)/d in the book's measure, by drawing."""
    variances, t = np.array([0.1, 0.5, 2.0, 0.3]), 0.4
    sigma, rng = networks.noise_level_at(t), np.random.default_rng(0)
    x = rng.standard_normal((4, 7))
    denoised = gaussian_denoiser(variances)((np.exp(t) * x).T, sigma).T
    np.testing.assert_allclose(score_from_denoiser(x, denoised, t), gaussian_score(x, t, variances), rtol=1e-12)
    draws = 200_000
    clean, noise = rng.standard_normal((draws, 4)) * np.sqrt(variances), rng.standard_normal((draws, 4))
    errors = np.sum((gaussian_denoiser(variances)(clean + sigma * noise, sigma) - clean) ** 2, axis=1) / sigma**2 / 4
    expected = np.mean(variances / (variances + sigma**2))
    assert abs(errors.mean() - expected) < 4 * errors.std() / math.sqrt(draws) < 0.01 * expected
    # √Δ_t s + ξ = (D − x_0)/σ, state by state
    state = math.exp(-t) * (clean[0] + sigma * noise[0])
    left = math.sqrt(1 - math.exp(-2 * t)) * gaussian_score(state[:, None], t, variances)[:, 0] + noise[0]
    right = (gaussian_denoiser(variances)(clean[0] + sigma * noise[0], sigma) - clean[0]) / sigma
    np.testing.assert_allclose(left, right, rtol=1e-10)


def test_sampler_follows_the_flow_of_gaussian_data():
    """A factor for each Euler step, in closed form; and the variance of the data, which 18 steps reach within a tenth."""
    variances = np.array([0.05, 0.25, 1.0])
    noise = np.random.default_rng(1).standard_normal((5, 3))
    levels = sampling_levels()
    assert len(levels) == 19 and levels[-1] == 0 and np.all(np.diff(levels) < 0)
    factor = levels[0] * np.ones(3)
    for high, low in pairwise(levels):
        factor *= 1 - (1 - low / high) * high**2 / (variances + high**2)
    found = sample(gaussian_denoiser(variances), noise)
    np.testing.assert_allclose(found, noise * factor, rtol=1e-10)
    np.testing.assert_allclose(factor, np.sqrt(variances), rtol=0.1)
    # the flow of the book from the same state, in small steps
    times = np.append(np.log1p(np.geomspace(levels[0], 1e-3, 2000) ** 2) / 2, 0.0)
    start = (levels[0] * noise * math.exp(-times[0])).T
    flow = probability_flow(lambda x, t: gaussian_score(x, t, variances), start, times, method="euler", progress=False)
    np.testing.assert_allclose(found, flow.T, rtol=0.12)


def test_a_copy_is_a_copy():
    training = np.random.default_rng(2).standard_normal((6, 9))
    near = networks.neighbours(training[3:4] + 1e-9, training)
    assert near.index[0] == 3 and near.ratio[0] < 1e-6
    own = networks.neighbours(training, training, exclude_self=True)
    distances = np.linalg.norm(training[:, None] - training[None], axis=2)
    np.testing.assert_allclose(own.nearest, np.sort(distances, axis=1)[:, 1])
    np.testing.assert_allclose(own.second, np.sort(distances, axis=1)[:, 2])


# --- with PyTorch ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network, width, parameters", [("mlp", 128, 142_148), ("mlp", 256, 447_940), ("unet", 16, 86_564)])
def test_networks_have_the_parameters_that_their_layers_say(network, width, parameters):
    pytest.importorskip("torch")
    W, d = width, 196
    if network == "mlp":
        said = d * W + W + 64 * W + W + W * W + W + 2 * (2 * W + 2 * (W * W + W)) + 2 * W + W * d + d
    else:
        block = {
            (a, b): 2 * a + 9 * a * b + b + 2 * b + 9 * b * b + b + 2 * W * b + b + (a != b) * (a * b + b)
            for a, b in ((W, W), (W, 2 * W), (2 * W, 2 * W), (4 * W, 2 * W), (3 * W, W))
        }
        said = 36 * W + W + sum(block.values()) + 2 * W + 36 * W + 4 + 64 * 2 * W + 2 * W + 4 * W * W + 2 * W
    built = build_network(Configuration(network, width))
    assert sum(p.numel() for p in built.parameters()) == said == parameters


@pytest.mark.parametrize("network", ["mlp", "unet"])
def test_a_network_at_its_start_is_the_skip(network):
    torch = pytest.importorskip("torch")
    before = torch.random.get_rng_state()
    denoiser = Denoiser(build_network(Configuration(network, 8)))
    assert torch.equal(before, torch.random.get_rng_state())
    y = np.random.default_rng(3).standard_normal((3, 196))
    np.testing.assert_allclose(denoiser(y, 0.7), preconditioning(0.7).skip * y, rtol=1e-5)
    # as a score, through the conventions of the book
    t = networks.time_at(0.7)
    x = math.exp(-t) * y.T
    np.testing.assert_allclose(denoiser.score(x, t), score_from_denoiser(x, preconditioning(0.7).skip * y.T, t), rtol=1e-4)


def test_a_trained_denoiser_is_no_better_than_the_exact_one_of_its_images():
    """A readout that knows the images is fitted to the empirical posterior mean at one noise level: no error of it is below the exact one's."""
    rng, sigma = np.random.default_rng(4), 0.6
    training = rng.standard_normal((5, 3))
    exact, t = EmpiricalScore(training.T), networks.time_at(sigma)
    clean = np.repeat(training, 4000, axis=0)
    noisy = clean + sigma * rng.standard_normal(clean.shape)
    floor = np.mean((exact.denoised(math.exp(-t) * noisy.T, t).T - clean) ** 2)
    for other in (lambda y, s: y * 1 / (1 + s**2), lambda y, s: training[networks.neighbours(y, training).index]):
        assert np.mean((other(noisy, sigma) - clean) ** 2) > floor
    direct = np.exp(-np.sum((noisy[:, None] - training) ** 2, axis=2) / (2 * sigma**2))
    direct = direct @ training / direct.sum(axis=1, keepdims=True)
    assert floor == pytest.approx(np.mean((direct - clean) ** 2), rel=1e-10)
