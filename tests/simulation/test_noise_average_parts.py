"""The exact noise average in parts: the same bits whatever the number of threads, and little more memory than its largest array."""

import math
import threading
import time
import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from theory import TimeGrid, activations
from theory.simulation import backend, hermite_interpolation, mehler, noise_average, threads

HOST = backend("cpu", "numpy")


def arguments(p, n, d, seed=3):
    rng = np.random.default_rng(seed)
    W, X = rng.standard_normal((p, d)), rng.standard_normal((d, n))
    return HOST, activations.tanh, W, X, math.exp(-0.1), -math.expm1(-0.2)


def threads_of_blas():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_number_of_threads_makes_no_difference(monkeypatch):
    """Many small parts, each of which one thread makes."""
    monkeypatch.setattr(mehler, "TILE", 50)
    monkeypatch.setattr(noise_average, "ROWS", 30)
    monkeypatch.setattr(noise_average, "BLOCK", 64)
    used, series = set(), noise_average.series

    def watched(*arguments):
        used.add((threading.get_ident(), *threads_of_blas()))
        time.sleep(0.002)  # the others take some
        return series(*arguments)

    monkeypatch.setattr(noise_average, "series", watched)
    found = []
    for count in (1, 2, 3):
        with threadpool_limits(count):
            found.append(noise_average.exact(*arguments(230, 170, 40), shift=0.3, target=(0.4, 0.6)))
            assert threads_of_blas() == {count}
    assert len({thread for thread, _ in used}) > 1 and {blas for _, blas in used} == {1}
    for U, V in found[1:]:
        assert np.array_equal(U, found[0][0]) and np.array_equal(V, found[0][1])


def test_a_limit_lasts_until_the_last_within_has_ended():
    limit = threads.SharedLimit()
    with threadpool_limits(2):
        first, second = limit(1), limit(1)
        assert (first.__enter__(), second.__enter__()) == (2, 2)
        first.__exit__(None, None, None)
        assert threads_of_blas() == {1}
        second.__exit__(None, None, None)
        assert threads_of_blas() == {2}


@pytest.mark.parametrize(("p", "n"), [(2000, 1500), (400, 6000)])
def test_peak_memory_in_arrays_of_the_largest(p, n):
    """NumPy's arrays are counted by tracemalloc, W and X are not; the largest is U or the means."""
    given = arguments(p, n, 50)
    with threadpool_limits(1):
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            noise_average.exact(*given)
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    assert peak < 4 * 8 * p * max(p, n)


def test_a_sum_over_times_holds_two_of_each():
    """The first average is used for the sum, and what is added is scaled in place."""
    made, times = [], TimeGrid((0.1, 0.4, 0.9), (0.2, 0.3, 0.5))

    def average(*place, shift, target):
        made.append((np.full((3, 3), float(len(made) + 1)), np.full((3, 2), 1.0)))
        return made[-1]

    W, X = np.ones((3, 2)), np.ones((2, 4))
    U, V = noise_average.over_times(average, HOST, activations.tanh, W, X, np.zeros(3), times)
    assert U is made[0][0] and V is made[0][1]
    quadratic, linear = np.array([[node.quadratic, node.linear] for node in noise_average.nodes(times)]).T
    assert np.allclose(U, quadratic @ [1.0, 2.0, 3.0]) and np.allclose(V, linear.sum())


def test_few_terms_do_for_the_first_coefficients():
    """Each coefficient has as many terms as its own bound asks for, on a coarser grid where fewer samples are asked for at a time."""
    place = arguments(600, 400, 50)
    mean = np.random.default_rng(0).standard_normal((600, 4000))
    deviation = np.sqrt(place[-1] / 50) * np.linalg.norm(place[2], axis=1)[:, None]
    whole = hermite_interpolation.interpolation(HOST, activations.tanh, mean, deviation, 4, 96)
    blocks = hermite_interpolation.interpolation(HOST, activations.tanh, mean, deviation, 4, 96, 200)
    assert whole.spacing < blocks.spacing and whole.terms[-1] < blocks.terms[-1]
    for tables in (whole, blocks):
        assert list(tables.terms) == sorted(tables.terms) and tables.terms[0] < tables.terms[-1]
    for one, other in zip(whole(mean[:, :50])[0], blocks(mean[:, :50])[0], strict=True):
        assert np.abs(one - other).max() < 1e-12
