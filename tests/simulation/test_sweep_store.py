"""The store of a sweep on disk: whose it is, who may write, what was damaged, and a disk that is full or read-only."""

import json
import os
import platform
import re
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
import xarray

from theory.simulation import sweep, sweep_provenance
from theory.simulation.sweeping import files
from theory.simulation.sweeping.store import a_folder, opened

GRID = {"a": [1.0, 2.0], "b": [10, 20, 30]}


def drawn(a, b, seed):
    return a * b + np.random.default_rng(seed).normal()


def other(a, b, seed):
    return 0.0


def run(store, function=drawn, grid=GRID, seeds=2, **options):
    return sweep(function, grid, seeds, store, **{"workers": 1, "progress": False} | options)


@pytest.fixture
def store(tmp_path):
    """A finished one."""
    run(tmp_path / "store")
    return tmp_path / "store"


def never(*_, **__):
    raise AssertionError("something was computed")


@pytest.fixture
def nothing_runs(monkeypatch):
    monkeypatch.setattr("theory.simulation.sweeping.engine.run", never)


# --- whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, words",
    [
        ({"function": other}, r"function: '.*\.drawn' there, '.*\.other' here"),
        ({"grid": GRID | {"a": [1.0, 2.5]}}, r"grid, axis a: \[1\.0, 2\.0\] there, \[1\.0, 2\.5\] here"),
        ({"grid": GRID | {"a": [1, 2]}}, r"grid, axis a: \[1\.0, 2\.0\] there, \[1, 2\] here"),
        ({"grid": dict(reversed(GRID.items()))}, r"grid, axes: \['a', 'b'\] there, \['b', 'a'\] here"),
        ({"seeds": 3}, "seeds: 2 there, 3 here"),
        ({"seed": 1}, "seed: 0 there, 1 here"),
    ],
)
def test_a_store_of_another_sweep_is_refused(store, nothing_runs, change, words):
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=f"store = .* belongs to another sweep; .*{words}"):
        run(store, **change)
    assert before == {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_a_store_of_other_code_is_refused(store, nothing_runs, monkeypatch):
    text = json.loads((store / "manifest.json").read_text())
    name = f"code of {__name__}.drawn"
    (store / "manifest.json").write_text(json.dumps(text | {name: "0" * 16, "package": "theory 0.0.9"}))
    with pytest.raises(
        ValueError,
        match=rf"package: 'theory 0\.0\.9' there, 'theory .*{re.escape(name)}: '0000000000000000' there, '\w+' here",
    ):
        run(store)


@pytest.mark.parametrize("content", ["", "{", "[1]", "null"])
def test_a_manifest_that_cannot_be_read_is_said(store, nothing_runs, content):
    (store / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"store = .* has a manifest that cannot be read"):
        run(store)


def test_a_store_that_was_hardly_begun_is_taken(tmp_path):
    """A kill between its first steps leaves a lock, or a manifest under way."""
    (tmp_path / "driver.lock").write_text("process 1 on nowhere")
    (tmp_path / f".manifest.json.1.1{files.UNFINISHED}").write_text("{")
    assert run(tmp_path).sizes == {"a": 2, "b": 3, "draw": 2}


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["cut", "empty", "seal", "anywhere"])
def test_a_damaged_result_is_set_aside_and_computed_again(store, damage):
    path = store / "results" / "0000004.result"
    whole, expected = path.read_bytes(), run(store)
    flipped = bytearray(whole)
    # any bit of the file may have turned: one of each kind of place, and some by a seed
    flipped[{"seal": 5}.get(damage, np.random.default_rng(0).integers(66, len(whole)))] ^= 1
    path.write_bytes({"cut": whole[:-7], "empty": b""}.get(damage, bytes(flipped)))
    kept = path.read_bytes()
    assert [record["task"] for record in sweep_provenance(store)] == [k for k in range(12) if k != 4]
    with pytest.warns(
        UserWarning, match=r"1 results in .* are damaged: 0000004\.result \(.*set aside in damaged, and computed again"
    ):
        found = run(store)
    xarray.testing.assert_identical(found.drop_attrs(), expected.drop_attrs())
    assert (store / "damaged" / "0000004.result.0").read_bytes() == kept
    path.write_bytes(kept)
    with pytest.warns(UserWarning, match=r"damaged"):
        run(store)
    assert sorted(path.name for path in (store / "damaged").iterdir()) == ["0000004.result.0", "0000004.result.1"]


def test_every_bit_counts():
    """No bit of a sealed file can turn unseen."""
    whole = files.packed({"x": np.array([1.0])}, {"task": 0})
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << (place % 8)
        with pytest.raises(files.Damaged):
            files.unpacked(bytes(flipped))
    values, record = files.unpacked(whole)
    assert values["x"] == 1.0 and record == {"task": 0}


def test_an_unfinished_file_is_never_read(store):
    (store / "results" / f".0000004.result.1.1{files.UNFINISHED}").write_bytes(b"half")
    expected = run(store)
    assert run(store).equals(expected) and not list((store / "results").glob(f".*{files.UNFINISHED}"))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    (path := tmp_path / "file").write_text("old")
    with pytest.raises(ZeroDivisionError), files.replacing(path) as beside:
        beside.write_text("half")
        1 / 0  # noqa: B018
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_is_in_its_place(tmp_path, monkeypatch):
    order = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    for name in real:
        monkeypatch.setattr(os, name, lambda *given, name=name: (order.append(name), real[name](*given)))
    files.write(tmp_path / "file", b"content")
    assert order == ["fsync", "replace", "fsync"]


# --- who may write ---------------------------------------------------------------------------------------------------


def test_a_second_driver_is_refused(store, nothing_runs):
    """Within one process; across processes: ``test_sweep_kills.py``."""
    folder = a_folder(store)
    manifest = json.loads((store / "manifest.json").read_text())
    with opened(folder, manifest, 12):
        with pytest.raises(
            ValueError, match=rf"store = .* is being written to by process {os.getpid()} on {platform.node()}"
        ):
            run(store)
    run(store)


@contextmanager
def small_disk(folder, options):
    """A file system of its own in memory, mounted on a folder."""
    if os.geteuid():
        pytest.skip("only root can mount a file system")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_read_only_store_is_refused(tmp_path, nothing_runs):
    with small_disk(tmp_path / "disk", "size=1m") as remount:
        (tmp_path / "disk" / "store").mkdir()
        remount("ro")
        for store in ("store", "new"):
            with pytest.raises(ValueError, match=r"store = .* cannot be written to: Read-only file system"):
                run(tmp_path / "disk" / store)


def test_a_folder_without_permission_is_refused(tmp_path, nothing_runs):
    if not os.geteuid():
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match=r"store = .* cannot be written to: Permission denied"):
        run(tmp_path / "new")


def large(k, seed):
    return np.random.default_rng(seed).normal(size=1000)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_stops_a_sweep_and_loses_nothing(tmp_path, workers):
    grid = {"k": list(range(40))}
    expected = run(tmp_path / "apart", large, grid, 1)
    store = tmp_path / "disk" / "store"
    with small_disk(tmp_path / "disk", "size=200k") as remount:
        with pytest.raises(
            OSError, match=r"takes no more results: No space left on device; [0-9]+ of 40 tasks are saved"
        ) as caught:
            run(store, large, grid, 1, workers=workers)
        saved = sweep_provenance(store)
        assert f"{len(saved)} of 40" in str(caught.value) and 5 < len(saved) < 40
        assert len(list((store / "results").iterdir())) == len(saved)  # and nothing that is not whole
        fill(tmp_path / "disk")
        with pytest.raises(ValueError, match=r"store = .* cannot be written to: No space left on device"):
            run(store, large, grid, 1)
        (tmp_path / "disk" / "filling").unlink()
        remount("size=4m")
        found = run(store, large, grid, 1)
        assert [record for record in sweep_provenance(store) if record in saved] == saved
    xarray.testing.assert_identical(found.drop_attrs(), expected.drop_attrs())


def fill(folder):
    """Take what room is left."""
    with open(folder / "filling", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
