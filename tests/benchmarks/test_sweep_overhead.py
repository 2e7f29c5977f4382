"""What the store and the provenance of a sweep cost: 1,000 tasks of 10 ms each, beside joblib alone with the same tasks (make benchmark).

Target: less than 30 % on one worker and on two, of the time in which the tasks only sleep. ``overhead`` and ``overhead_on_joblib`` are in the
report of ``--benchmark-json``.
"""

import time

import pytest
from joblib import Parallel, delayed

from theory.simulation import sweep

TASKS, SECONDS = 1000, 0.01


def pause(number, seed):
    time.sleep(SECONDS)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_sweep_overhead(benchmark, tmp_path, workers):
    def both():
        alone = Parallel(workers, batch_size=1, pre_dispatch="2*n_jobs")
        sweep(pause, {"number": [0, 1, 2, 3]}, 1, tmp_path / "warm", workers=workers, progress=False)  # the workers exist
        start = time.perf_counter()
        alone(delayed(pause)(number, 0) for number in range(TASKS))
        middle = time.perf_counter()
        sweep(pause, {"number": list(range(TASKS))}, 1, tmp_path / "store", workers=workers, progress=False)
        return middle - start, time.perf_counter() - middle

    joblib, ours = benchmark.pedantic(both, rounds=1)
    benchmark.extra_info |= {"overhead": ours * workers / (TASKS * SECONDS) - 1, "overhead_on_joblib": ours / joblib - 1}
    print(f"{workers} workers: {ours:.2f} s, joblib alone {joblib:.2f} s, sleeping {TASKS * SECONDS / workers:.2f} s")
