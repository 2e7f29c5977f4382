"""Times read off curves of which they are known, and their errors against the scatter that was put in."""

import math

import numpy as np
import pytest

from theory.simulation.networks import Neighbours, bootstrap_bars, crossing_time, exponent, memorized, minimum_time

STEPS = np.geomspace(10, 1000, 15)


def test_minimum_of_a_parabola_is_its_vertex():
    """Between the grid points, where the smallest value is not."""
    for at in (90.0, 100.0, 117.0):
        assert minimum_time(STEPS, 2 + np.log(STEPS / at) ** 2) == pytest.approx(at, rel=1e-10)
    assert math.isnan(minimum_time(STEPS, -STEPS)) and math.isnan(minimum_time(STEPS, STEPS))


def test_crossing_is_where_a_line_reaches_the_level():
    assert crossing_time(STEPS, np.log(STEPS), math.log(55)) == pytest.approx(55, rel=1e-10)
    assert crossing_time(STEPS, -np.log(STEPS), -math.log(55), rising=False) == pytest.approx(55, rel=1e-10)
    # the first of several
    assert crossing_time(STEPS, np.sin(3 * np.log(STEPS)), 0.9) < 40
    assert math.isnan(crossing_time(STEPS, STEPS, 2000.0)) and math.isnan(crossing_time(STEPS, STEPS, 1.0))


def test_memorized_counts_ratios():
    near = Neighbours(np.array([[1.0, 1.0], [0.1, 0.4]]), np.array([[2.0, 4.0], [1.0, 1.0]]), np.zeros((2, 2), int))
    np.testing.assert_array_equal(memorized(near), [0.5, 0.5])
    np.testing.assert_array_equal(memorized(near, 0.45), [0.5, 1.0])


def test_bars_cover_what_a_binomial_spreads():
    """Width against √(f(1 − f)/m), and coverage of the true fraction by repetition."""
    hits = np.random.default_rng(0).binomial(1, 0.2, (400, 256))
    low, high = bootstrap_bars(hits, seed=1)
    assert np.mean(high - low) == pytest.approx(2 * math.sqrt(0.2 * 0.8 / 256), rel=0.05)
    assert np.mean((low <= 0.2) & (0.2 <= high)) == pytest.approx(0.68, abs=0.08)
    # it is the bootstrap: drawing the samples again one by one gives the same bars
    again = np.random.default_rng(2).choice(hits[0], size=(20_000, 256)).mean(axis=1)
    np.testing.assert_allclose((low[0], high[0]), np.quantile(again, (0.15865, 0.84135)), atol=0.005)


def test_exponent_and_its_error():
    sizes, rng = np.array([64, 128, 256]), np.random.default_rng(3)
    assert exponent(sizes, [[3.0 * n**0.9] * 2 for n in sizes]).slope == pytest.approx(0.9, abs=1e-12)
    scatter, slopes, errors = 0.1, [], []
    for repeat in range(150):
        times = [2.0 * n * np.exp(scatter * rng.standard_normal(3)) for n in sizes]
        found = exponent(sizes, times, draws=100, seed=repeat)
        slopes.append(found.slope), errors.append(found.error)
    # of least squares through three means of three: scatter/√3 over √Σ(x − x̄)²
    expected = scatter / math.sqrt(3) / (math.sqrt(2) * math.log(2))
    assert np.std(slopes) == pytest.approx(expected, rel=0.15)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(expected, rel=0.1)


def test_a_size_at_which_a_seed_has_no_time_is_left_out():
    found = exponent([64, 128, 256], [[1.0, 1.1], [2.0, 2.1], [4.0, np.nan]])
    assert found.found == 5 and found.runs == 6
    assert found.slope == pytest.approx(math.log2(math.sqrt(2 * 2.1 / 1.1)), rel=1e-9)
    assert math.isnan(exponent([64, 128], [[1.0], [2.0]]).error)
    assert math.isnan(exponent([64, 128], [[1.0, 1.1], [np.nan, 2.0]]).slope)
