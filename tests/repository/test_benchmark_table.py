"""`tools/benchmark_table.py`: a table of costs names its machine, and is read as `theory.sweeps.report` says."""

import platform
import sys
from pathlib import Path

import benchmark_table
import numpy as np
import pytest
from benchmark_table import costs, published_solver

from theory import sweeps
from theory.simulation.threads import thread_pools

ROOT = Path(__file__).resolve().parents[2]
MEASURED = {"kernel", "variable", "size", "d", "n", "p", "seconds", "floor", "floor_seconds"}
COUNTED = ("failed", "lower_half_plane", "other_branch", "density_off", "residual", "largest_residual", "seconds")
COUNTED += ("own_density_off", "own_residual", "own_largest_residual", "own_seconds")
PUBLISHED = {f"published_{name}" for name in ("model", "epsilon", "points", *COUNTED)}
FITTED = {"fitted_kernel", "fitted_variable", "exponent", "floor_exponent"}


def tables_of(arrays):
    """The three tables, as name → array, each with arrays of one length."""
    three = {"published": PUBLISHED, "measured": MEASURED, "fitted": FITTED}
    assert set(arrays) == set().union(*three.values())
    tables = {key: {name: arrays[name] for name in names} for key, names in three.items()}
    assert all(len({column.size for column in columns.values()}) == 1 for columns in tables.values())
    return tables


@pytest.fixture
def small(monkeypatch):
    """A kernel whose time grows as the cube of its size, and none of the package's."""

    def make(size):
        return lambda: np.sum(np.ones((size, size)) @ np.ones((size, size))), costs.copies(size), (size, 0, size)

    monkeypatch.setattr(published_solver, "EPSILONS", (1e-3,))
    monkeypatch.setattr(costs, "SHORTEST", 1e-4)
    cost = costs.Cost("cube", "p", (2, 4, 8), "copy", make)
    return lambda: costs.measured([cost], rounds=1), lambda: published_solver.measured(["identity"], points=5)


def test_a_table_names_its_machine_and_its_load(small, tmp_path):
    record = benchmark_table.report(tmp_path, *small)
    assert {"processor", "cores", "memory (GiB)", "commit", "threads", "rates", "load average"} <= record.keys()
    assert record["rates"].keys() == {"product", "copy"} and min(record["rates"].values()) > 0.01
    assert platform.node() not in str(record) and str(ROOT) not in str(record)
    with np.load(tmp_path / "benchmarks.npz") as archive:
        tables = tables_of({name: archive[name] for name in archive.files if name != "provenance"})
    assert tables["measured"]["d"].tolist() == [2, 4, 8] and np.all(tables["measured"]["seconds"] > 0)
    assert tables["fitted"]["fitted_variable"].tolist() == ["p"]


def test_a_fitted_exponent_is_that_of_the_times(monkeypatch):
    times = iter([[2.0, 0.5], [16.0, 1.0], [128.0, 2.0]])
    monkeypatch.setattr(costs, "seconds", lambda *_: next(times))
    found = costs.measured([costs.Cost("cube", "p", (2, 4, 8), "copy", lambda size: (print, print, (0, 0, size)))])
    assert found["exponent"] == pytest.approx(3) and found["floor_exponent"] == pytest.approx(1)


def test_the_limit_of_one_thread_ends_with_the_measurement(small):
    before = [pool.num_threads for pool in thread_pools(len(sys.modules)).lib_controllers]
    small[0]()
    assert [pool.num_threads for pool in thread_pools(len(sys.modules)).lib_controllers] == before


def test_the_stored_table_holds_every_kernel():
    record, arrays = sweeps.report("benchmarks")
    tables = tables_of(arrays)
    assert {*tables["measured"]["kernel"].tolist()} == {cost.kernel for cost in costs.COSTS}
    assert {*tables["published"]["published_model"].tolist()} == {*published_solver.MODELS}
    assert np.all(tables["measured"]["seconds"] > 0) and record["made by"] == "python tools/benchmark_table.py"


def test_what_is_counted_as_a_failure(monkeypatch):
    """A root in the lower half-plane, another root in the upper one, no root, and the root: one each."""
    model, lam = published_solver.MODELS["identity"], np.array([0.5, 1.0, 2.0, 3.0])
    q, _ = published_solver.certified(model, lam, 1e-9)
    found = np.array([q[0].conj(), q[1] + 0.1j, q[2], q[3]])
    residual = np.array([1e-9, 1e-9, 1e-3, 1e-9])
    monkeypatch.setattr(published_solver, "levenberg_marquardt", lambda *_: (found, residual))
    counted = published_solver.compared(model, lam, 1e-9)
    assert [counted[name] for name in ("lower_half_plane", "other_branch", "failed")] == [1, 1, 1]
    assert counted["density_off"] == 2 and counted["own_density_off"] == 0
