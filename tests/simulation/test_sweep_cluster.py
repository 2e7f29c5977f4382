"""Sweeps on a Dask cluster of two worker processes on 127.0.0.1: the bits of one process, and what is said of workers that die."""

import os
import signal

import numpy as np
import pytest
import xarray

from theory import RandomFeatureModel, activations
from theory.simulation import SweepError, sweep, sweep_provenance
from theory.simulation.sweeping.execution import ADDRESS

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    options = {"host": "127.0.0.1", "dashboard_address": None, "worker_dashboard_address": None}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **options) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        yield client


def draw(psi_p, d, seed):
    finite = RandomFeatureModel(activations.tanh, psi_p, 1.5, 0.3).simulate(d, seed)
    return {"eigenvalues": finite.eigenvalues[-5:], "trace": finite.eigenvalues.mean()}


def test_two_workers_and_one_process_give_the_same_bits(tmp_path, client):
    grid = {"psi_p": [2.0, 3.0], "d": [10, 20]}
    cluster = sweep(draw, grid, 3, tmp_path / "cluster", backend=client, progress=False)
    process = sweep(draw, grid, 3, tmp_path / "process", backend="joblib", workers=1, progress=False)
    xarray.testing.assert_identical(cluster.drop_attrs(), process.drop_attrs())
    for name in ("eigenvalues", "trace", "seed"):
        assert cluster[name].values.tobytes() == process[name].values.tobytes()
    assert {record["libraries"]["distributed"] for record in sweep_provenance(tmp_path / "cluster")} == {
        distributed.__version__
    }


def test_the_variable_is_enough(tmp_path, cluster, monkeypatch):
    monkeypatch.setenv(ADDRESS, cluster.scheduler_address)
    found = sweep(where, {"k": list(range(8))}, None, tmp_path, progress=False)
    assert os.getpid() not in found.value.values
    with pytest.raises(ValueError, match=r"workers = 2 cannot be chosen on a Dask cluster"):
        sweep(where, {"k": [1]}, None, tmp_path / "other", workers=2, progress=False)
    monkeypatch.setenv(ADDRESS, "tcp://127.0.0.1:1")
    monkeypatch.setattr("theory.simulation.sweeping.execution.PATIENCE", 0.2)
    with pytest.raises(ValueError, match=rf"backend: no scheduler answers at {ADDRESS} = 'tcp://127\.0\.0\.1:1'"):
        sweep(where, {"k": [1]}, None, tmp_path / "other", progress=False)
    assert not (tmp_path / "other").exists()


def where(k):
    return os.getpid()


def test_a_raising_task_and_a_killed_worker(tmp_path, client):
    """The task that kills its worker once is computed again; the one that raises is named; the others go on."""
    (fault := tmp_path / "fault").touch()

    def fatal(k, seed):
        if k == 3 and fault.exists():
            fault.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return 1 / (k - 7) + np.random.default_rng(seed).normal()

    with pytest.raises(SweepError, match=r"1 of 20 tasks failed, 19 are saved.*task 7 \(k=7, seed=\d+\): ZeroDivisionError"):
        sweep(fatal, {"k": list(range(20))}, 1, tmp_path / "store", backend=client, progress=False)
    assert not fault.exists()


def test_what_kills_each_worker_is_named(tmp_path, client, cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)

    def fatal(k):
        if k == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return k

    with pytest.raises(SweepError, match=r"task 3 \(k=3\): its worker was killed"):
        sweep(fatal, {"k": list(range(4))}, None, tmp_path, backend=client, progress=False)
    monkeypatch.undo()
    # what waited at that worker shares its blame
    assert {0, 1, 2} & {record["task"] for record in sweep_provenance(tmp_path)}


def test_a_closed_client_is_refused(tmp_path, cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        pass
    with pytest.raises(ValueError, match=r"backend = .* is asynchronous or closed"):
        sweep(where, {"k": [1]}, None, tmp_path, backend=client, progress=False)
