"""Samplers and the exact empirical score on every library, device and precision, against float64 within bounds of rounding.

As in ``test_kernels.py``, no tolerance is chosen. Along a sampler an error e of the states becomes J e in a step, J the step's own derivative,
and every step adds its own rounding.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from places import SINGLE, backend_at, lives_there, places, single
from rounding import Rounded, given

from theory.simulation import (
    EmpiricalScore,
    draw,
    gaussian_score,
    generate,
    probability_flow,
    reverse_sde,
    sampling_times,
    two_cluster_score,
)

VARIANCES, MEAN, TIMES = [0.25, 1.0, 4.0], [1.5, -0.5, 0.25], sampling_times(3.0, 0.05, 30)
START = single(np.random.default_rng(2).standard_normal((3, 5)))
POINTS, STATES = (single(np.random.default_rng(seed).standard_normal((6, count))) for seed, count in ((4, 40), (5, 7)))

everywhere = pytest.mark.parametrize("place", places())


def gaussian(x, t):
    """−x/(e^{−2t}λ + Δ) with bounds, and the numbers that it multiplies x by."""
    variances = math.exp(-2 * t) * np.array(VARIANCES)[:, None] - math.expm1(-2 * t)
    return -x / Rounded(variances, x.u, x.u * variances), -1 / variances


def clusters(x, t):
    """−x/Γ² + m tanh(m·x) with m = e^{-t}mean/Γ², with bounds."""
    variance = math.exp(-2 * t) * 0.5 - math.expm1(-2 * t)
    m = given(math.exp(-t) / variance * np.array(MEAN)[:, None], "float32" if x.u > 1e-10 else "float64", rounded=True)
    return -x / variance + m * (m * x).sum(0).of(np.tanh, 1.0)


def sde_step(score, x, t, t_next, noise):
    h = t - t_next
    return x + h * (x + 2.0 * score(x, t)) + math.sqrt(2 * h) * noise


def heun_step(score, x, t, t_next):
    h, slope = t - t_next, x + score(x, t)
    trial = x + h * slope
    return x + h / 2 * (slope + trial + score(trial, t_next))


def own_rounding(x):
    """The state with no error of its own: what a step makes of it is what the step adds."""
    return Rounded(x.value, x.u)


@everywhere
def test_reverse_sde(place):
    """A step of a linear score multiplies x_i, and its error, by 1 + h(1 − 2/v_i); the increments are drawn in float64 and rounded."""
    where = backend_at(place)
    found = reverse_sde(lambda x, t: gaussian_score(x, t, VARIANCES), where.asarray(START), TIMES, 7, progress=False)
    x, rng = given(START, where.dtype), np.random.default_rng(7)
    for t, t_next in pairwise(TIMES.tolist()):
        noise = given(rng.standard_normal(START.shape), where.dtype, rounded=True)
        after = sde_step(lambda x, t: gaussian(x, t)[0], own_rounding(x), t, t_next, noise)
        factor = 1 + (t - t_next) * (1 + 2 * gaussian(x, t)[1])
        x = Rounded(after.value, x.u, np.abs(factor) * x.error + after.error)
    assert lives_there(where, found)
    x.holds(where.to_numpy(found))
    assert where.dtype != SINGLE or np.max(x.error) < 1e-4


@everywhere
def test_probability_flow(place):
    """Heun's two evaluations of a linear score multiply x_i by 1 + h/2 [(1 + a) + (1 + b)(1 + h(1 + a))], a and b the score's factors."""
    where = backend_at(place)
    found = probability_flow(lambda x, t: gaussian_score(x, t, VARIANCES), where.asarray(START), TIMES, progress=False)
    x = given(START, where.dtype)
    for t, t_next in pairwise(TIMES.tolist()):
        after = heun_step(lambda x, t: gaussian(x, t)[0], own_rounding(x), t, t_next)
        h, a, b = t - t_next, 1 + gaussian(x, t)[1], 1 + gaussian(x, t_next)[1]
        factor = 1 + h / 2 * (a + b * (1 + h * a))
        x = Rounded(after.value, x.u, np.abs(factor) * x.error + after.error)
    assert lives_there(where, found)
    x.holds(where.to_numpy(found))
    assert where.dtype != SINGLE or np.max(x.error) < 1e-4


@everywhere
def test_sampler_of_two_clusters(place):
    """The score's derivative is −1/Γ² + m m^T g, 0 <= g <= 1: the length of an error grows by at most the larger of two factors of a step."""
    where = backend_at(place)
    found = reverse_sde(lambda x, t: two_cluster_score(x, t, MEAN, 0.5), where.asarray(START), TIMES, 7, progress=False)
    x, rng, length = given(START, where.dtype), np.random.default_rng(7), 0.0
    for t, t_next in pairwise(TIMES.tolist()):
        noise = given(rng.standard_normal(START.shape), where.dtype, rounded=True)
        h, variance = t - t_next, math.exp(-2 * t) * 0.5 - math.expm1(-2 * t)
        least = 1 + h * (1 - 2 / variance)
        most = least + 2 * h * math.exp(-2 * t) / variance**2 * np.sum(np.square(MEAN))
        x = sde_step(clusters, own_rounding(x), t, t_next, noise)
        length = max(abs(least), abs(most)) * length + np.linalg.norm(x.error, axis=0)
    assert lives_there(where, found)
    # no entry of a state is off by more than the state is
    Rounded(x.value, x.u, np.broadcast_to(length, START.shape)).holds(where.to_numpy(found))
    assert where.dtype != SINGLE or np.max(length) < 1e-4 * np.max(np.linalg.norm(x.value, axis=0))


@everywhere
def test_generated_samples(place):
    """`generate` starts from noise that is rounded, else as `reverse_sde`."""
    where = backend_at(place)
    options = {"progress": False, "device": where.device, "library": where.library, "dtype": where.dtype}
    found = generate(lambda x, t: gaussian_score(x, t, VARIANCES), 3, TIMES, 4, 9, **options)
    rng = np.random.default_rng(9)
    x = given(rng.standard_normal((3, 4)), where.dtype, rounded=True)
    rng = np.random.default_rng(int(rng.integers(2**63)))
    for t, t_next in pairwise(TIMES.tolist()):
        noise = given(rng.standard_normal((3, 4)), where.dtype, rounded=True)
        after = sde_step(lambda x, t: gaussian(x, t)[0], own_rounding(x), t, t_next, noise)
        factor = 1 + (t - t_next) * (1 + 2 * gaussian(x, t)[1])
        x = Rounded(after.value, x.u, np.abs(factor) * x.error + after.error)
    assert lives_there(where, found)
    x.holds(where.to_numpy(found))


@everywhere
def test_draws_are_the_same_numbers(place):
    """Rounded once, from float64."""
    where = backend_at(place)
    found = draw(VARIANCES, 6, 3, device=where.device, library=where.library, dtype=where.dtype)
    assert lives_there(where, found)
    np.testing.assert_array_equal(where.to_numpy(found), draw(VARIANCES, 6, 3).astype(where.dtype))


def softmax(x, t, dtype):
    """(exponents less the largest, weights with sum, Σ w) of the empirical score at states (d, m), with bounds; arrays (n, m)."""
    decay, variance = math.exp(-t), -math.expm1(-2 * t)
    points = given(POINTS, dtype)
    exponent = decay / variance * (points.T @ x) - decay**2 / (2 * variance) * (points * points).sum(0)[:, None]
    top = np.argmax(exponent.value, axis=0), np.arange(x.value.shape[1])
    # whichever is found to be the largest, it is a common factor; what it is off by is counted as an error
    shifted = exponent - exponent[top][None, :]
    weights = shifted.of(np.exp, np.exp(shifted.value + shifted.error))
    return points, weights, weights.sum(0)


@everywhere
@pytest.mark.parametrize("t", [1.0, 0.3, 0.05])
def test_empirical_score(place, t):
    """Inner products of length d + 1 in the exponents, whose error is the relative one of a weight; two sums over the n points.

    With NumPy, points that have together less than ε/4 of the weight are left out: at most ε/4 of the largest |a| more.
    """
    where = backend_at(place)
    decay, variance = math.exp(-t), -math.expm1(-2 * t)
    score, states = EmpiricalScore(where.asarray(POINTS)), where.asarray(STATES)
    found, denoised, weights = score(states, t), score.denoised(states, t), score.weights(states, t)
    assert lives_there(where, found, denoised, weights.log_sum, weights.largest, weights.participation)
    x = given(STATES, where.dtype)
    points, each, total = softmax(x, t, where.dtype)
    mean = (points @ each) / total[None, :]
    mean = Rounded(mean.value, mean.u, mean.error + mean.u / 2 * np.max(np.abs(POINTS)))
    mean.holds(where.to_numpy(denoised))
    ((decay * mean - x) / variance).holds(where.to_numpy(found))
    share = each / total[None, :]
    (share * share).sum(0).holds(where.to_numpy(weights.participation))
    assert where.to_numpy(weights.winner).tolist() == np.argmax(share.value, axis=0).tolist()
    # the exponents are O(1/Δ)
    assert where.dtype != SINGLE or np.max(mean.error) < 1e-4 / variance


@everywhere
def test_density_of_the_empirical_law(place):
    """log Σ w, the largest exponent and |x|²/2Δ: three terms, each with the error of an inner product."""
    where, t = backend_at(place), 0.4
    decay, variance = math.exp(-t), -math.expm1(-2 * t)
    found = EmpiricalScore(where.asarray(POINTS)).log_density(where.asarray(STATES), t)
    x, points = given(STATES, where.dtype), given(POINTS, where.dtype)
    _, _, total = softmax(x, t, where.dtype)
    exponent = decay / variance * (points.T @ x) - decay**2 / (2 * variance) * (points * points).sum(0)[:, None]
    top = exponent[np.argmax(exponent.value, axis=0), np.arange(7)]
    log_sum = top + total.of(np.log, 1 / (total.value - total.error)) - (x * x).sum(0) / (2 * variance)
    assert lives_there(where, found)
    (log_sum - math.log(40) - 3 * math.log(2 * math.pi * variance)).holds(where.to_numpy(found))
