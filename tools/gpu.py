"""Tests the simulations on a GPU, times them, and keeps the report in theory/sweeps/gpu.npz (make gpu).

    python tools/gpu.py [--device cuda] [--library torch] [--folder theory/sweeps]

Without a GPU it says so, ends with 2 and writes nothing; if a test fails on the device it ends with 1 and writes nothing. A rehearsal without a
GPU names another device, and a folder that is not the package's: ``--device cpu --library torch --folder rehearsal``. The report
says which device it was made on, and `theory.sweeps.report` reads it.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

import artefacts
import numpy as np
from threadpoolctl import threadpool_info

from theory import activations
from theory.progress import progress_bar
from theory.simulation import EmpiricalScore, backend, devices, gaussian_score, noise_average, reverse_sde, sampling_times
from theory.simulation.sweeping import tasks

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "theory" / "sweeps"
#: what runs on the device: every kernel against NumPy in float64, and what devices mean
TESTS = ("tests/simulation/test_kernels.py", "tests/simulation/test_kernels_generation.py")
DTYPES = ("float64", "float32")
#: d of what is timed, with p = 4d and n = 3d; the host takes those up to `HOST_SIZE`
SIZES, HOST_SIZE = (125, 250, 500, 1000, 2000), 1000
ROUNDS, STEPS, TIME = 3, 20, 0.3


def kernels(where, d):
    """name → function without arguments, which returns an array of the backend ``where``; inputs are made once."""
    rng, (p, n), xp = np.random.default_rng(0), (4 * d, 3 * d), where.xp
    W, X = where.asarray(rng.standard_normal((p, d))), where.asarray(rng.standard_normal((d, n)))
    features = where.asarray(rng.standard_normal((p, n)))
    symmetric = features @ features.T / n
    decay, variance = float(np.exp(-TIME)), float(-np.expm1(-2 * TIME))
    score, times = EmpiricalScore(X), sampling_times(5.0, 0.01, STEPS)
    return {
        "copy": lambda: xp.asarray(symmetric, copy=True),
        "product": lambda: features @ features.T,
        "noise average": lambda: noise_average.exact(where, activations.tanh, W, X, decay, variance)[0],
        "eigenvalues": lambda: xp.linalg.eigvalsh(symmetric)[None, :],
        "empirical score": lambda: score(X, TIME),
        "sampler": lambda: reverse_sde(lambda x, t: gaussian_score(x, t, [1.0] * d), X, times, progress=False),
    }


def seconds(function, rounds=ROUNDS):
    """The least wall time of a call that ends when one number of its result is on the host; the first call is not counted."""
    least = np.inf
    for count in range(rounds + 1):
        begin = time.perf_counter()
        float(function()[0, 0])
        if count:
            least = min(least, time.perf_counter() - begin)
    return least


def benchmark(where, sizes=SIZES, host_size=HOST_SIZE, rounds=ROUNDS):
    """The arrays of the report: one entry for each kernel, place, precision and size."""
    rows, places = [], [backend("cpu", "numpy"), where]
    cases = [(place, dtype, d) for place in places for dtype in DTYPES for d in sizes if place is where or d <= host_size]
    for place, dtype, d in progress_bar(cases, desc="benchmark"):
        place = type(place)(place.xp, place.device, dtype)
        for name, function in kernels(place, d).items():
            rows.append((name, place.library, place.place, dtype, d, 3 * d, 4 * d, seconds(function, rounds)))
    names = ("kernel", "library", "place", "dtype", "d", "n", "p", "seconds")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def device_tests(where):
    """{"passed": …, "skipped": …} of the tests on the device; ``SystemExit`` with 1 if one fails, or none is run there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tests.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"{where.library}-{where.place}"]
        code = subprocess.run([*command, f"--junitxml={file}", *TESTS], cwd=ROOT, check=False).returncode
        suite = xml.etree.ElementTree.parse(file).getroot().find("testsuite").attrib if file.is_file() else {}
    run, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    if code or run == skipped:
        print(f"tests failed on {where.library} at {where.place}, or none ran there: nothing is written", file=sys.stderr)
        raise SystemExit(1)
    return {"passed": run - skipped, "skipped": skipped}


def hardware(where):
    """The name of the device, of its library, and of the machine around it."""
    name = tasks.processor()
    if where.library == "torch" and where.place.startswith("cuda"):
        name = where.xp.cuda.get_device_name(where.device)
    if where.library == "cupy":
        name = where.xp.cuda.runtime.getDeviceProperties(where.device.id)["name"].decode()
    return {
        "device": f"{where.place}: {name}",
        "is a GPU": where.place.startswith("cuda"),
        "library": f"{where.library} {importlib.import_module(where.library).__version__}",
        "processor": tasks.processor(),
        "cores": os.cpu_count(),
        "threads": max((pool["num_threads"] for pool in threadpool_info()), default=1),
        "commit": tasks.commit(),
    }


def report(where, folder, **options):
    """Test, time, write; returns the record."""
    tests = device_tests(where)
    start = time.perf_counter()
    arrays = benchmark(where, **options)
    facts = {**hardware(where), "tests on the device": tests, "seconds": round(time.perf_counter() - start, 1)}
    what = f"The simulations on {facts['device']}, tested against NumPy in float64, and their times beside NumPy on the host"
    return artefacts.keep(folder, "gpu", what, "python tools/gpu.py", arrays, facts)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="the default is the first GPU")
    parser.add_argument("--library", help="the default is the one of PyTorch and CuPy that finds a GPU")
    parser.add_argument("--folder", type=Path, default=DATA, help="where the report goes")
    given = parser.parse_args(arguments)
    if given.device.startswith("cuda") and devices() == ("cpu",):
        print("PyTorch and CuPy find no GPU here: nothing is measured, and nothing is written.", file=sys.stderr)
        return 2
    try:
        where = backend(given.device, given.library)
    except (ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    if not where.place.startswith("cuda") and given.folder.resolve() == DATA:
        print(f"{where.place} is no GPU, and {DATA} takes reports on GPUs alone; name another --folder.", file=sys.stderr)
        return 2
    print(json.dumps(report(where, given.folder), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
