"""Measures what tests/benchmarks has of costs, and keeps the table in theory/sweeps/benchmarks.npz (make benchmark-table; minutes).

    python tools/benchmark_table.py [--folder theory/sweeps] [--rounds 4]

`theory.sweeps.report` says what is in it, and reads it. One thread is used; other work on the machine lengthens even CPU times, so that the
load is recorded beside them.
"""

import argparse
import importlib
import json
import os
import sys
import time
from pathlib import Path

import artefacts

from theory.simulation.sweeping import tasks

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "theory" / "sweeps"
sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
costs, published_solver = (importlib.import_module(name) for name in ("costs", "published_solver"))


def machine():
    """What it was measured on; no name of a machine, no path."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return {"processor": tasks.processor(), "cores": os.cpu_count(), "memory (GiB)": round(memory), "commit": tasks.commit()}


def report(folder, measured=None, compared=None):
    """Measure and write; returns the record. ``measured`` and ``compared`` make the tables."""
    start, load = time.perf_counter(), os.getloadavg()
    rates = costs.rates()
    arrays = (measured or costs.measured)()
    arrays |= {f"published_{name}": column for name, column in (compared or published_solver.measured)().items()}
    facts = machine() | {
        "threads": 1,
        "rates": {name: round(rate, 2) for name, rate in rates.items()},
        "load average": {"before": round(load[0], 2), "after": round(os.getloadavg()[0], 2)},
        "seconds": round(time.perf_counter() - start),
    }
    what = "CPU times of the kernels beside their floors, and the density by the published algorithm beside the package's"
    return artefacts.keep(folder, "benchmarks", what, "python tools/benchmark_table.py", arrays, facts)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=DATA, help="where the table goes")
    parser.add_argument("--rounds", type=int, default=4, help="of each measurement, of which the least counts")
    given = parser.parse_args(arguments)
    print(json.dumps(report(given.folder, lambda: costs.measured(rounds=given.rounds)), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
