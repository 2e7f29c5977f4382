"""Generation: exact scores through the sampler, statistics by loops, memorization of planted copies, and odd networks."""

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel
from theory import activations as A
from theory.simulation import (
    TrainedNetworks,
    backend,
    diffusion,
    generate,
    generation,
    generation_statistics,
    memorized_fraction,
    total_variation,
    trained_scores,
    two_cluster_score,
)

TWO = Mixture((0.5, 0.5), (0.5, 0.5), means=((1, -1), (-1, 1)))
GRID = np.log1p(np.geomspace(np.expm1(7.0), np.expm1(0.01), 240)) / 2
D = 6


def exact(x, t):
    return two_cluster_score(x, t, [np.sqrt(D)] + [0.0] * (D - 1), 0.5)


def sample(data, d, m, seed=0):
    """Exact samples of a mixture of two."""
    rng = np.random.default_rng(seed)
    kinds = (rng.random(m) > data.frequencies[0]).astype(int)
    return generation.kinds_of_samples(data, d)[2][kinds].T + np.sqrt(data.scales[0]) * rng.standard_normal((d, m))


@pytest.mark.parametrize("sampler", ["sde", "flow"])
def test_the_exact_score_makes_the_mixture(sampler):
    found = generation_statistics(generate(exact, D, GRID, 4000, 1, sampler=sampler, progress=False), TWO)
    assert found.shares == pytest.approx([0.5, 0.5], abs=0.03)
    assert found.along == pytest.approx(D + 0.5, rel=0.05) and found.target_along == pytest.approx(D + 0.5)
    assert found.across == pytest.approx(0.5, rel=0.06) and found.target_across == pytest.approx(0.5)
    assert found.total_variation < 0.08 and found.kurtosis < -1.3 and found.memorized is None


def test_statistics_by_loops():
    data = Mixture((0.6, 0.4), (0.5, 2.0), means=((1, 0.2), (0.2, 1.5)))
    x = np.random.default_rng(0).standard_normal((5, 40)) * 2
    found, m = generation_statistics(x, data, x[:, :7] + 1e-3, bins=5), generation.kinds_of_samples(data, 5)[2]
    nearest = [min((0, 1), key=lambda c: np.sum((column - m[c]) ** 2)) for column in x.T]
    assert found.shares == pytest.approx([nearest.count(0) / 40, nearest.count(1) / 40])
    axis = (m[0] - m[1]) / np.linalg.norm(m[0] - m[1])
    across = x - np.outer(axis, axis @ x)
    assert found.along == pytest.approx(np.var(axis @ x))
    assert found.across == pytest.approx(np.var(across, axis=1).sum() / 4)
    assert found.target_along == pytest.approx(0.6 * 0.5 + 0.4 * 2 + 0.24 * np.sum((m[0] - m[1]) ** 2))
    assert found.target_across == pytest.approx(1.1)
    assert found.memorized == pytest.approx(7 / 40)


def test_unequal_weights_and_samples_at_the_floor():
    data, m = Mixture((0.8, 0.2), (0.5, 0.5), means=((1, -1), (-1, 1))), 20_000
    found = generation_statistics(sample(data, D, m), data)
    assert found.shares == pytest.approx([0.8, 0.2], abs=0.01)
    assert found.total_variation == pytest.approx(np.sqrt(20 / (2 * np.pi * m)), rel=0.4)


def test_total_variation_of_a_shift():
    """2Φ(½ shift) − 1 for two Gaussians of variance 1."""
    values = np.random.default_rng(1).standard_normal(400_000) + 0.5
    assert total_variation(values, [1.0], [0.0], [1.0], 200) == pytest.approx(0.1974, abs=0.006)
    assert total_variation([50.0, 60.0], [1.0], [0.0], [1.0], 10) == pytest.approx(0.9)


@pytest.mark.parametrize("block", [10, 4_000_000])
def test_memorized_copies_are_counted(block, monkeypatch):
    monkeypatch.setattr(generation, "BLOCK", block)
    rng = np.random.default_rng(2)
    training, fresh = rng.standard_normal((8, 30)), rng.standard_normal((8, 12))
    copies = training[:, :5] + 0.02 * rng.standard_normal((8, 5))
    x = np.concatenate([fresh, copies], axis=1)
    assert memorized_fraction(x, training) == pytest.approx(5 / 17)
    distances = np.sort(np.linalg.norm(x[:, :, None] - training[:, None, :], axis=0), axis=1)
    for ratio in (0.5, 0.8, 0.95):
        assert memorized_fraction(x, training, ratio) == np.mean(distances[:, 0] < ratio * distances[:, 1])


def test_batches_and_seeds(monkeypatch):
    one, same, other = (generate(exact, D, GRID[::24], 5, seed, progress=False) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)
    monkeypatch.setattr(generation, "BATCH", 4)
    parts = generate(exact, D, GRID[::24], 9, 3, progress=False)
    assert parts.shape == (D, 9) and len(np.unique(parts[0])) == 9


def test_scores_without_networks_are_those_of_the_networks():
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3, TWO, bias=0.5, types=3)
    few = trained_scores(model, 10, (0.8, 0.2), (1.0, 30.0, np.inf), seed=2)
    all_of_them, x = TrainedNetworks(model, 10, (0.8, 0.2), seed=2), np.random.default_rng(0).standard_normal((10, 4))
    np.testing.assert_array_equal(few.first.X, all_of_them.networks[0].X)
    for index, tau in enumerate((1.0, 30.0, np.inf)):
        for t in (0.8, 0.2):
            np.testing.assert_allclose(few.score(index)(x, t), all_of_them.score(tau)(x, t), rtol=1e-10)


def test_the_score_of_near_clusters_bends_less_than_its_bound():
    """|∂²(e·S)/∂u²| <= 2√3 Δ_t τ ‖σ'‖‖σ''‖/√d, by second differences; far clusters bend on the scale √d, more and more beyond it."""
    t, tau, near, far = 0.5, 3.0, [], []
    for d in (20, 80):
        for kind, found, scale in (("spikes", near, 1.0), ("means", far, np.sqrt(d))):
            gram = np.array([[1, -1], [-1, 1]]) * (4 if kind == "spikes" else 1)
            model = RandomFeatureModel(A.tanh, 4, 3, t, Mixture((0.5, 0.5), (0.5, 0.5), **{kind: gram}))
            u = np.linspace(-2, 2, 41) * scale
            x = np.random.default_rng(1).standard_normal((d, 1)) * np.ones(u.size)
            x[0] = u
            along = trained_scores(model, d, (t,), (tau,)).score(0)(x, t)[0]
            found.append(np.abs(np.diff(along, 2)).max() / 0.01 / scale)
        assert near[-1] < 2 * np.sqrt(3 / d) * -np.expm1(-2 * t) * tau * 4 / (3 * np.sqrt(3))
    assert near[1] < 0.7 * near[0] and far[1] > 2 * near[1]


def test_an_odd_network_generates_a_symmetric_law():
    """From −x by the negated noise it goes to the negated sample, whatever the weights of the classes that it has seen."""
    data = Mixture((0.9, 0.1), means=((1, 0), (0, 1)))
    score = trained_scores(RandomFeatureModel(A.tanh, 4, 3, 0.3, data), 8, (0.8, 0.3), (5.0,)).score(0)
    x = np.random.default_rng(0).standard_normal((8, 6))
    one, other = (diffusion.probability_flow(score, y, (0.8, 0.3, 0.1), method="euler", progress=False) for y in (x, -x))
    np.testing.assert_allclose(one, -other, rtol=1e-12)
    even = trained_scores(RandomFeatureModel(A.relu, 4, 3, 0.3, data), 8, (0.8,), (5.0,)).score(0)
    assert not np.allclose(even(x, 0.8), -even(-x, 0.8), rtol=0.1)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_other_libraries(library):
    pytest.importorskip(library)
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3, TWO)
    results = []
    for name in ("numpy", library):
        scores = trained_scores(model, 6, (0.8, 0.3), (5.0,), library=name)
        x = generate(scores.score(0), 6, (0.8, 0.3, 0.1), 30, library=name, progress=False)
        results.append((backend(library=name).to_numpy(x), generation_statistics(x, TWO, scores.first.X)))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-7)
    assert results[0][1].memorized == results[1][1].memorized
    assert results[0][1].total_variation == pytest.approx(results[1][1].total_variation)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generate(exact, D, GRID, 3, sampler="ode"), "sampler = 'ode'"),
        (lambda: generate(lambda x, t: 1e200 * x**3, D, GRID, 3, progress=False), "score = .*not finite"),
        (lambda: generate(exact, D, GRID[::-1], 3), "times = "),
        (lambda: generation_statistics(np.zeros((3, 1)), TWO), "x has shape"),
        (lambda: generation_statistics(np.zeros((3, 4)), Gaussian()), "data = "),
        (lambda: generation_statistics(np.zeros((3, 4)), Mixture((0.5, 0.5))), "data = .*no axis"),
        (lambda: memorized_fraction(np.zeros((3, 4)), np.zeros((2, 4))), "training has shape"),
        (lambda: memorized_fraction(np.zeros((3, 4)), np.zeros((3, 1))), "training has shape"),
        (lambda: total_variation([0.0], [0.5, 0.5], [0.0], [1.0, 1.0]), "centres has shape"),
        (lambda: total_variation([0.0], [1.0], [0.0], [0.0]), "deviations = "),
        (lambda: trained_scores(RandomFeatureModel(A.tanh, 2, 2, 0.3), 4, (0.3,), 1.0), "tau has shape"),
    ],
)
def test_invalid_input_names_the_argument(call, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        call()
