"""Drivers of sweeps that ``test_sweep_kills.py`` runs in processes of their own, and kills: they import the package once and fork.

- ten STORE SEED       ten drivers after each other, each killed at a random moment
- two STORE            a second driver while the first is at work
- workers STORE        one driver with two workers, until it is killed
"""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np

from theory.simulation import sweep
from theory.simulation.sweeping.tasks import surroundings

GRID = {"a": list(range(100))}


def slow(a, seed):
    time.sleep(0.02)
    return {"x": a + np.random.default_rng(seed).normal(), "y": np.random.default_rng(seed).normal(size=3)}


def run(store, workers=1):
    return sweep(slow, GRID, 1, store, workers=workers, progress=False)


def driver(store):
    """The number of a process that runs it in one process."""
    if (process := os.fork()) == 0:
        try:
            run(store)
        finally:
            os._exit(0)
    return process


def saved(store):
    return {path.name for path in (Path(store) / "results").glob("*.result")}


def ten(store, seed):
    """Every second one is killed so long after its first result, the others so long after they began."""
    surroundings()
    rng, before, counts, killed = np.random.default_rng(int(seed)), set(), [], 0
    for number, moment in enumerate(rng.uniform(0, 0.1, 10)):
        process = driver(store)
        while number % 2 and saved(store) == before:
            time.sleep(0.001)
        time.sleep(moment)
        os.kill(process, signal.SIGKILL)
        killed += os.waitpid(process, 0)[1] == signal.SIGKILL
        assert before <= saved(store), "a finished task is gone"
        before = saved(store)
        counts.append(len(before))
    print(json.dumps({"killed": killed, "saved": counts}))


def two(store):
    process = driver(store)
    while len(saved(store)) < 3:
        time.sleep(0.01)
    try:
        run(store)
    except ValueError as error:
        print(json.dumps({"process": process, "error": str(error)}))
    print(json.dumps({"status": os.waitpid(process, 0)[1], "saved": len(saved(store))}))


def main(what, store, *seed):
    {"ten": ten, "two": two, "workers": lambda store: run(store, 2)}[what](store, *seed)
