"""Spectra of draws that are too large to diagonalise, against the law: wall and CPU time, peak memory, and the L1 distance of the densities.

``LANCZOS_SCALE`` is a fraction of the sizes of `CASES`, 0.1 by default; the whole ones take minutes of two cores and many GiB each:

    LANCZOS_SCALE=1 OMP_NUM_THREADS=2 pytest -s tests/benchmarks/test_lanczos_sizes.py

Each case runs in a process of its own, whose peak memory is its own. **Distance**: ∫|density of the draw − density of the law| d ln λ,
both smoothed in ln λ by a normal law of standard deviation ``WIDTH``. A kernel and no bins, since nodes that lie a width apart integrate
it almost exactly, where a bin, which has corners, is off by the weight of a node; in ln λ, since the two bulks differ in scale by two
orders of magnitude. The law is 20,000 of its quantiles. A small draw is itself off the law (the network by about 20/d), so that below the
full size the distance is also taken to the eigenvalues of the same draw, diagonalised.
"""

import json
import math
import os
import resource
import subprocess
import sys
import time

import numpy as np
import pytest

WIDTH = 0.1
#: p, n, d, and what ``model.simulate`` is told
CASES = {
    "equivalent": ((40_000, 30_000, 10_000), {"features": "equivalent", "probes": 16, "steps": 100}),
    "network": ((12_000, 9_000, 3_000), {"features": "network", "probes": 32, "steps": 100}),
}


def measure(case, scale):
    """What one case takes and gives, as a dictionary."""
    from theory import RandomFeatureModel, activations

    (p, n, d), options = CASES[case]
    model = RandomFeatureModel(activations.tanh, p / d, n / d, 0.1)
    d = max(1, round(d * scale))
    start, cpu = time.perf_counter(), time.process_time()
    finite = model.simulate(d, 0, method="lanczos", dtype="float32", **options)
    drawn = time.perf_counter()
    found = finite.stieltjes_estimate(-0.1)
    walked = time.perf_counter()
    log_lam = np.linspace(np.log(finite.range[0]) - 1, np.log(finite.range[1]) + 1, 1000)
    density = finite.density(np.exp(log_lam), WIDTH)
    step = log_lam[1] - log_lam[0]

    def distance(points):
        smooth = [np.exp(-(((x - points) / WIDTH) ** 2) / 2).mean() / WIDTH / math.sqrt(2 * math.pi) for x in log_lam]
        return float(np.abs(density.value * np.exp(log_lam) - smooth).sum() * step)

    quantiles = np.log(model.spectrum().quantile((np.arange(20_000) + 0.5) / 20_000))
    measured = time.perf_counter() - start, time.process_time() - cpu
    dense = None if scale == 1 else distance(np.log(model.simulate(d, 0, features=options["features"]).eigenvalues))
    law = model.spectrum().stieltjes(-0.1).real
    return {
        "p": finite.W.shape[0],
        "n": finite.X.shape[1],
        "d": d,
        "draw_seconds": drawn - start,
        "wall_seconds": measured[0],
        "cpu_seconds": measured[1],
        "recurrence_seconds": walked - drawn,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "resolution": finite.resolution,
        "distance": distance(quantiles),
        "distance_to_the_same_draw": dense,
        "of_probes": float(0.8 * (density.standard_error * np.exp(log_lam)).sum() * step),
        "stieltjes": float(found.value.real / law - 1),
        "stieltjes_errors": [float(found.standard_error / law), float(found.quadrature_error / law)],
    }


@pytest.mark.parametrize("case", CASES)
def test_sizes(case):
    scale = float(os.environ.get("LANCZOS_SCALE", "0.1"))
    done = subprocess.run([sys.executable, __file__, case, str(scale)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print(case, json.dumps(found, indent=1))
    assert found["distance" if scale == 1 else "distance_to_the_same_draw"] < 0.02 + (scale < 1) * 2 * found["of_probes"]


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]))))
