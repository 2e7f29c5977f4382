"""Kill −9 of drivers and workers in the middle of a sweep: nothing finished is lost, and the table is the one without kills."""

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import sweep_drivers
import xarray

import theory
from theory.simulation import SweepError, sweep, sweep_provenance
from theory.simulation.sweeping import execution

#: a process that knows the drivers by the name by which these tests know them
COMMAND = [sys.executable, "-c", "import sys, sweep_drivers; sweep_drivers.main(*sys.argv[1:])"]
PATHS = (Path(theory.__file__).parents[1], Path(sweep_drivers.__file__).parent)
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, PATHS))}


def driven(*arguments):
    """What the drivers say, a line each."""
    command = [*COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return sweep_drivers.run(tmp_path_factory.mktemp("undisturbed"))


def test_ten_kills_of_the_driver_change_nothing(tmp_path, undisturbed):
    (told,) = driven("ten", tmp_path, 0)
    assert told["killed"] == 10 and told["saved"] == sorted(told["saved"]) and 5 <= told["saved"][-1] < 100
    kept = {record["task"]: record for record in sweep_provenance(tmp_path)}
    found = sweep_drivers.run(tmp_path)
    xarray.testing.assert_identical(found.drop_attrs(), undisturbed.drop_attrs())
    assert {record["task"]: record for record in sweep_provenance(tmp_path)}.items() >= kept.items()


def test_a_second_driver_is_refused_and_the_first_goes_on(tmp_path):
    refused, first = driven("two", tmp_path)
    assert f"is being written to by process {refused['process']} on {platform.node()}" in refused["error"]
    assert first == {"status": 0, "saved": 100}


@pytest.mark.slow
def test_a_killed_driver_takes_its_workers_along(tmp_path, undisturbed):
    process = subprocess.Popen([*COMMAND, "workers", str(tmp_path)], env=ENVIRONMENT)
    while len(sweep_drivers.saved(tmp_path)) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    assert process.wait() == -signal.SIGKILL and len(children) >= 2
    assert 5 <= len(sweep_drivers.saved(tmp_path)) < 100
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    found = sweep_drivers.run(tmp_path)
    xarray.testing.assert_identical(found.drop_attrs(), undisturbed.drop_attrs())


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(tmp_path):
    (fault := tmp_path / "fault").touch()

    def fatal(a, seed):
        if a == 5 and fault.exists():
            fault.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.random.default_rng(seed).normal()

    found = sweep(fatal, {"a": list(range(30))}, 1, tmp_path / "store", workers=2, progress=False)
    assert not fault.exists()
    apart = sweep(fatal, {"a": list(range(30))}, 1, tmp_path / "apart", workers=1, progress=False)
    xarray.testing.assert_identical(found.drop_attrs(), apart.drop_attrs())


@pytest.mark.slow
def test_what_kills_its_worker_each_time_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "SUSPECTED", 1), monkeypatch.setattr(execution, "BLAMED", 2)

    def fatal(a, seed):
        if a == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.0

    with pytest.raises(
        SweepError, match=r"1 of 30 tasks failed, 29 are saved.*task 5 \(a=5, seed=\d+\): its worker was killed 2 times"
    ):
        sweep(fatal, {"a": list(range(30))}, 1, tmp_path, workers=2, progress=False)
    assert len(sweep_provenance(tmp_path)) == 29


class Unreadable:
    """Goes to another process, and cannot be taken up there."""

    def __reduce__(self):
        return int, ("no number",)


@pytest.mark.slow
def test_a_function_that_no_worker_can_take_up_is_refused(tmp_path):
    """It ends each worker that receives it, and is not taken for a worker that was killed."""
    enclosed = Unreadable()
    with pytest.raises(ValueError, match=r"function cannot be taken up by another process .*no number"):
        sweep(lambda a: (enclosed, a)[1], {"a": list(range(9))}, None, tmp_path, workers=2, progress=False)
