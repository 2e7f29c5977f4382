"""The exact empirical score against sums in one piece, derivatives of its density, other libraries and precisions."""

import numpy as np
import pytest

from theory.simulation import EmpiricalScore, backend, probability_flow, reverse_sde, sampling_times

RNG = np.random.default_rng(0)
POINTS, STATES = RNG.standard_normal((5, 300)), RNG.standard_normal((5, 7))


def in_one_piece(points, x, t):
    """Weights (m, n) and their sum, by the definition."""
    difference = x.T[:, :, None] - np.exp(-t) * points[None]
    terms = np.exp(-np.sum(difference**2, 1) / (2 * -np.expm1(-2 * t)))
    return terms / terms.sum(1, keepdims=True), terms.sum(1)


@pytest.mark.parametrize("memory", [100, 3000, 10**8])
@pytest.mark.parametrize("t", [0.05, 0.3, 2.0])
def test_blocks_make_the_sums_in_one_piece(memory, t):
    score, (w, total) = EmpiricalScore(POINTS, memory=memory), in_one_piece(POINTS, STATES, t)
    noise2 = -np.expm1(-2 * t)
    assert np.allclose(score(STATES, t), (np.exp(-t) * POINTS @ w.T - STATES) / noise2, rtol=1e-11, atol=1e-11)
    assert np.allclose(score.denoised(STATES, t), POINTS @ w.T, rtol=1e-11, atol=1e-13)
    found = score.weights(STATES, t)
    assert np.allclose(found.log_sum, np.log(total), rtol=1e-12)
    assert np.allclose(found.largest, w.max(1), rtol=1e-10) and np.array_equal(found.winner, w.argmax(1))
    assert np.allclose(found.participation, np.sum(w**2, 1), rtol=1e-10)
    own = np.arange(7) * 40
    assert np.allclose(score.own_weight(STATES, t, own), w[np.arange(7), own], rtol=1e-10, atol=1e-300)
    log_p = np.log(total) - np.log(300) - 2.5 * np.log(2 * np.pi * noise2)
    assert np.allclose(score.log_density(STATES, t), log_p, rtol=1e-12)


def test_the_score_is_the_gradient_of_the_log_density():
    score, t, step = EmpiricalScore(POINTS), 0.4, 1e-5
    for i in range(5):
        nudge = np.zeros((5, 1))
        nudge[i] = step
        slope = (score.log_density(STATES + nudge, t) - score.log_density(STATES - nudge, t)) / (2 * step)
        assert np.allclose(slope, score(STATES, t)[i], atol=1e-8)


def test_nothing_overflows_near_the_data_or_far_from_it():
    score = EmpiricalScore(POINTS)
    for t, scale in ((1e-8, 1.0), (1e-4, 1e4), (30.0, 1e3)):
        assert np.all(np.isfinite(score(scale * STATES, t)))
    # at a training point nothing is left but that point
    assert np.allclose(score.weights(POINTS[:, :9], 1e-6).largest, 1)
    assert np.array_equal(score.weights(POINTS[:, :9], 1e-6).winner, np.arange(9))


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_other_libraries(library):
    pytest.importorskip(library)
    where = backend("cpu", library)
    score = EmpiricalScore(where.asarray(POINTS), memory=3000)
    expected = EmpiricalScore(POINTS)
    x = where.asarray(STATES)
    assert np.allclose(where.to_numpy(score(x, 0.3)), expected(STATES, 0.3), rtol=1e-12, atol=1e-12)
    for found, known in zip(score.weights(x, 0.3), expected.weights(STATES, 0.3), strict=True):
        assert np.allclose(where.to_numpy(found), known, rtol=1e-12)


def test_single_precision():
    """The exponents, of size |a||x|/Δ, carry its rounding: so much, a hundred roundings, may the logarithms of the weights be off."""
    t = 0.1
    score, single = EmpiricalScore(POINTS), EmpiricalScore(POINTS.astype(np.float32))
    size = np.max(np.sum(POINTS**2, 0)) / -np.expm1(-2 * t)
    x = STATES.astype(np.float32)
    assert single(x, t).dtype == np.float32 and single(STATES, t).dtype == np.float64
    bound = 10 * size * np.finfo(np.float32).eps
    spread = 2 * np.abs(POINTS).max() / -np.expm1(-2 * t)
    assert np.abs(single(x, t) - score(x.astype(float), t)).max() < bound * spread


def test_samplers_end_at_training_points():
    score = EmpiricalScore(POINTS)
    x = np.random.default_rng(1).standard_normal((5, 20))
    times, single = sampling_times(4.0, 1e-4, 300), EmpiricalScore(POINTS.astype(np.float32))
    for end in (reverse_sde(score, x, times), probability_flow(score, x, times), reverse_sde(single, x, times)):
        nearest = np.sqrt(((end[:, :, None] - POINTS[:, None, :]) ** 2).sum(0).min(1))
        assert np.median(nearest) < 0.05


def test_bad_states_and_points():
    score = EmpiricalScore(POINTS)
    with pytest.raises(ValueError, match=r"x has shape \(4, 2\)"):
        score(np.zeros((4, 2)), 0.1)
    with pytest.raises(ValueError, match="type int64; allowed"):
        score(np.ones((5, 2), int), 0.1)
    with pytest.raises(ValueError, match="own"):
        score.own_weight(STATES, 0.1, np.full(7, 300))
    with pytest.raises(ValueError, match="points"):
        EmpiricalScore(np.zeros((3, 0)))


def test_points_without_weight_are_left_out():
    """Late on the way back nearly all are, and the mean does not notice: what is left out is below the rounding."""
    points = np.random.default_rng(3).standard_normal((8, 2000))
    own = np.arange(0, 2000, 100)
    for t in (2.0, 0.1, 0.01, 1e-5):
        score = EmpiricalScore(points, memory=10**5)
        taken, inner = [], score._that_count
        score._that_count = lambda *a, inner=inner, taken=taken: taken.append(inner(*a)) or taken[-1]
        x = np.exp(-t) * points[:, own] + np.sqrt(-np.expm1(-2 * t)) * np.random.default_rng(4).standard_normal((8, 20))
        w, _ = in_one_piece(points, x, t)
        assert np.allclose(score.denoised(x, t), points @ w.T, rtol=0, atol=1e-13 / min(t, 1))
        assert (sum(block.shape[0] for block, _ in taken) < 500) == (t < 0.05)
