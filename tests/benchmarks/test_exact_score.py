"""What the exact score of a training set costs (make benchmark), beside the floor of its two matrix products in the same run.

Target: 1,000 trajectories of 500 steps, n = 20,000 and d = 64, below 60 s on two cores and 2 GiB. Compare the ratios: machines and their
load differ, so that the score and its floor are timed in turns.
"""

import resource
import time

import numpy as np
import pytest

from theory.simulation import EmpiricalScore, reverse_sde, sampling_times

STATES = 1000


def setting(n, d, dtype, t=1.0):
    """(points, states of the law P_t^e)."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((d, n)).astype(dtype)
    noise = rng.standard_normal((d, STATES))
    return points, (np.exp(-t) * points[:, :STATES] + np.sqrt(-np.expm1(-2 * t)) * noise).astype(dtype)


def timed(*functions, rounds=4):
    """The least CPU time of each, in turns."""
    least = [np.inf] * len(functions)
    for _ in range(rounds):
        for k, function in enumerate(functions):
            begin = time.process_time()
            function()
            least[k] = min(least[k], time.process_time() - begin)
    return least


def products(points, x):
    """The two products that no score does without: all exponents, and all means."""
    rows, weights = np.ascontiguousarray(points.T), np.full((points.shape[1], x.shape[1]), 0.5, x.dtype)
    return lambda: (rows @ x, points @ weights)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_score_against_n_and_d(dtype):
    """Prints the exponents that are fitted, of the score and of its floor (pytest -s)."""
    for name, sizes in (
        ("n", [(n, 64) for n in (2500, 5000, 10_000, 20_000)]),
        ("d", [(10_000, d) for d in (32, 64, 128, 256)]),
    ):
        rows = []
        for n, d in sizes:
            points, x = setting(n, d, dtype)
            score = EmpiricalScore(points)
            rows.append(timed(lambda score=score, x=x: score(x, 1.0), products(points, x)))
            print(f"\n{dtype.__name__} n = {n:6d} d = {d:3d}: {rows[-1][0]:.4f} s, products {rows[-1][1]:.4f} s", end="")
        grown = np.log([size[0] if name == "n" else size[1] for size in sizes])
        slopes = [np.polyfit(grown, np.log(column), 1)[0] for column in zip(*rows, strict=True)]
        print(f"\ntime grows as {name} to the power {slopes[0]:.2f}, its products as {slopes[1]:.2f}")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_score_against_time(dtype):
    """Below the collapse, at 0.66 here, points without weight are left out of the second product."""
    for t in (3.0, 1.0, 0.3, 0.05, 0.005):
        points, x = setting(20_000, 64, dtype, t)
        score = EmpiricalScore(points)
        found, floor = timed(lambda score=score, x=x, t=t: score(x, t), products(points, x))
        print(f"\n{dtype.__name__} t = {t:5.3f}: {found:.3f} s, products {floor:.3f} s, {found / floor:.2f}", end="")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_thousand_trajectories(benchmark, dtype):
    points, _ = setting(20_000, 64, dtype)
    x = np.random.default_rng(1).standard_normal((64, STATES)).astype(dtype)
    score, times = EmpiricalScore(points), sampling_times(5.0, 1e-3, 500)
    floor = 500 * timed(products(points, x))[0]
    begin = time.process_time()
    end = benchmark.pedantic(lambda: reverse_sde(score, x, times, progress=False), rounds=1)
    used = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{dtype.__name__}: {used:.0f} s of CPU, 500 times the products {floor:.0f} s, at most {peak:.2f} GiB", end="")
    assert np.all(np.isfinite(end)) and peak < 2
