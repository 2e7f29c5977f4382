"""Sweeps on one machine: what is computed, in which order of seeds, what is computed again, and what code a store belongs to."""

import json
import re
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pytest
import xarray

import theory
from theory import RandomFeatureModel, activations
from theory.simulation import SweepError, sweep, sweep_provenance
from theory.simulation.sweeping import source
from theory.simulation.sweeping.tasks import limited, surroundings

GRID = {"a": [1.0, 2.0, 3.0], "word": ["x", "yy"]}
#: no constant of the function: what is called says so here
CALLS = []


def drawn(a, word, seed):
    """A number, and an array that tells the parameters and the seed."""
    rng = np.random.default_rng(seed)
    return {"total": a * len(word), "normal": a + rng.normal(size=2)}


def noted(note, a, word, seed):
    note(seed)
    return drawn(a, word, seed)


class Note:
    """Notes calls outside of the function's constants: it shows nothing of them."""

    def __call__(self, seed):
        CALLS.append(seed)

    def __repr__(self):
        return "Note"


def run(function, store, grid=GRID, seeds=4, **options):
    return sweep(function, grid, seeds, store, **{"workers": 1, "progress": False} | options)


# --- what is computed ------------------------------------------------------------------------------------------------


def test_a_table_is_the_function_at_each_point_and_seed(tmp_path):
    found = run(drawn, tmp_path / "store", seed=7)
    assert dict(found.sizes) == {"a": 3, "word": 2, "draw": 4, "normal_0": 2}
    points = np.random.SeedSequence(7).spawn(6)
    seeds = [[int(draw.generate_state(1, np.uint64)[0]) for draw in point.spawn(4)] for point in points]
    np.testing.assert_array_equal(found.seed.values.reshape(6, 4), np.array(seeds, np.uint64))
    for a in GRID["a"]:
        for word in GRID["word"]:
            for draw in range(4):
                here = found.sel(a=a, word=word, draw=draw)
                expected = drawn(a, word, int(here.seed))
                assert here.total == expected["total"]
                np.testing.assert_array_equal(here.normal, expected["normal"])


@pytest.mark.slow
def test_two_processes_and_one_give_the_same_bits(tmp_path):
    one, two = (run(drawn, tmp_path / f"{workers}", workers=workers) for workers in (1, 2))
    xarray.testing.assert_identical(one.drop_attrs(), two.drop_attrs())
    assert one.normal.values.tobytes() == two.normal.values.tobytes()


def test_the_file_is_the_table(tmp_path):
    def several(n):
        return {"z": n + 1j, "yes": n > 1, "count": np.arange(n + 1 - n), "small": np.float32(n), "none": np.zeros((0, 2))}

    found = run(several, tmp_path, {"n": [1, 2]}, None)
    with xarray.open_dataset(tmp_path / "table.nc", auto_complex=True) as file:
        xarray.testing.assert_identical(file.load(), found)
    assert found.z.dtype == complex and found.yes.dtype == bool and found.small.dtype == np.float32
    assert "draw" not in found.dims and "seed" not in found.coords


def test_points_in_a_list_and_one_number(tmp_path):
    points = [{"a": 3, "b": 0.5}, {"b": np.inf, "a": np.int8(2)}]
    found = run(lambda a, b, seed: a + b, tmp_path, points, 2)
    np.testing.assert_array_equal(found.value, [[3.5, 3.5], [np.inf, np.inf]])
    np.testing.assert_array_equal(found.a, [3, 2])


def test_more_draws_leave_the_seeds_of_the_first(tmp_path):
    few, many = (run(drawn, tmp_path / str(seeds), seeds=seeds) for seeds in (2, 4))
    xarray.testing.assert_identical(few.drop_attrs(), many.isel(draw=slice(2)).drop_attrs())


def test_the_seed_is_one_that_a_draw_takes(tmp_path):
    def top(d, seed):
        return RandomFeatureModel(activations.erf, 2, 1.5, 0.3).simulate(d, seed).eigenvalues[-1]

    found = run(top, tmp_path, {"d": [4, 8]}, 1)
    assert found.value[1, 0] == top(8, int(found.seed[1, 0]))


def test_threads_are_limited_until_the_last_task_of_a_process_ends():
    """Several tasks may run in one worker of a cluster."""
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2):
        outer, inner = limited(1), limited(1)
        outer.__enter__(), inner.__enter__()
        outer.__exit__(None, None, None)
        assert threads() == {1}
        inner.__exit__(None, None, None)
        assert threads() == {2}


# --- what is computed again ------------------------------------------------------------------------------------------


def test_nothing_that_finished_is_computed_again(tmp_path):
    function = partial(noted, Note())
    CALLS.clear()
    first = run(function, tmp_path)
    assert len(CALLS) == len(set(CALLS)) == 24
    for task in (3, 17):
        (tmp_path / "results" / f"{task:07d}.result").unlink()
    CALLS.clear()
    again = run(function, tmp_path)
    assert sorted(CALLS) == sorted(first.seed.values.ravel()[[3, 17]])
    xarray.testing.assert_identical(again.drop_attrs(), first.drop_attrs())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_raises_is_named_and_the_others_go_on(tmp_path, workers):
    (fault := tmp_path / "fault").touch()

    def sometimes(a, word, seed):
        if a == 2 and word == "yy" and fault.exists():
            raise ZeroDivisionError("no such point")
        return drawn(a, word, seed)

    with pytest.raises(
        SweepError, match=r"4 of 24 tasks failed, 20 are saved.*a=2\.0, word='yy', seed=\d+.*no such point"
    ) as caught:
        run(sometimes, tmp_path / "store", workers=workers)
    assert [failure.task for failure in caught.value.failures] == [12, 13, 14, 15]
    assert (
        caught.value.failures[0].parameters == {"a": 2.0, "word": "yy"} and "sometimes" in caught.value.failures[0].traceback
    )
    assert [record["task"] for record in sweep_provenance(tmp_path / "store")] == [
        k for k in range(24) if k not in range(12, 16)
    ]
    fault.unlink()
    table = run(sometimes, tmp_path / "store")
    xarray.testing.assert_identical(table.drop_attrs(), run(drawn, tmp_path / "apart").drop_attrs())


NO_RESULTS = ["text", None, {"a": 1.0}, {"draw": 1.0}, {}, {1: 1.0}, np.float16(1), np.array([{}]), [[1], [1, 2]]]


@pytest.mark.parametrize("result", NO_RESULTS, ids=str)
def test_what_is_no_result_is_a_failure_of_its_task(tmp_path, result):
    with pytest.raises(SweepError, match=r"task 0 \(a=1\): (TypeError: it returned|ValueError)"):
        run(lambda a: result, tmp_path, {"a": [1]}, None)


def test_other_shapes_at_other_points_are_said(tmp_path):
    with pytest.raises(
        ValueError, match=r"other names or shapes.*\{'value': \(2,\)\} at \{'n': 2\}.*\{'value': \(1,\)\} at \{'n': 1\}"
    ):
        run(lambda n: np.zeros(n), tmp_path, {"n": [1, 2]}, None)


# --- provenance ------------------------------------------------------------------------------------------------------


def test_provenance_of_each_task(tmp_path):
    table = run(drawn, tmp_path)
    records = sweep_provenance(tmp_path)
    assert [record["task"] for record in records] == list(range(24))
    assert [record["seed"] for record in records] == table.seed.values.ravel().tolist()
    assert records[5]["parameters"] == {"a": 1.0, "word": "yy"}
    for record in records:
        assert (
            record["package"] == f"theory {theory.__version__}" and record["device"] == "cpu" and 0 < record["seconds"] < 10
        )
        assert record["libraries"]["numpy"] == np.__version__ and record["machine"]["host"] and record["threads"] == 1
        assert record["commit"] is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", record["commit"])
    summary = json.loads(table.attrs["provenance"])
    assert summary["package"] == [f"theory {theory.__version__}"]
    assert summary["seconds of all tasks"] == pytest.approx(sum(record["seconds"] for record in records), abs=1e-3)


def test_the_commit_is_that_of_the_checkout():
    import subprocess

    from theory.simulation.sweeping.tasks import commit

    folder = Path(theory.__file__).parent
    git = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True)
    if git.returncode:
        pytest.skip("the package is in no checkout")
    assert commit().removesuffix("-dirty") == git.stdout.strip()


def test_a_restart_at_another_commit_is_said(tmp_path, monkeypatch):
    run(drawn, tmp_path)
    (tmp_path / "results" / "0000003.result").unlink()
    here = {**surroundings(), "commit": "another"}
    monkeypatch.setattr("theory.simulation.sweeping.engine.surroundings", lambda: here)
    with pytest.warns(
        UserWarning, match=r"23 results in .* were computed at the commits .*, which is now at another; they stay"
    ):
        run(drawn, tmp_path)


# --- what code it is -------------------------------------------------------------------------------------------------

MODULE = '''
import math
import functools
SIZE = 3
OTHER = 4
def helper(x):
    return SIZE * x
@functools.lru_cache
def cached(x):
    return x
class Thing:
    def double(self):
        return 2 * deeper()
def deeper():
    return 1
def unused():
    return 5
def function(a, b=1):
    """What it does."""
    inner = lambda x: helper(x) + cached(x)
    return inner(a) + math.sqrt(b) + Thing().double()
'''


@lru_cache
def module(text, folder):
    """The function of a module with that text."""
    import importlib.util

    path = folder / f"swept_{abs(hash(text))}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("swept", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize(
    "before, after, where",
    [
        ("SIZE = 3", "SIZE = 3.0", "swept.SIZE"),
        ("SIZE * x", "SIZE * x * x", "swept.helper"),
        ("    return x\n", "    return 2 * x\n", "swept.cached"),
        ("2 * deeper", "3 * deeper", "swept.Thing"),
        ("return 1", "return 1.5", "swept.deeper"),
        ("inner(a)", "inner(2 * a)", "swept.function"),
        ("OTHER = 4", "OTHER = 5", None),
        ("return 5", "return 6", None),
    ],
)
def test_what_changes_results_changes_the_fingerprint(tmp_path_factory, before, after, where):
    folder = tmp_path_factory.getbasetemp()
    old, new = (source.fingerprints(module(text, folder).function) for text in (MODULE, MODULE.replace(before, after)))
    assert MODULE.count(before) == 1 and old.keys() == new.keys()
    assert [name for name in old if old[name] != new[name]] == ([where] if where else [])


def test_what_a_function_encloses_is_part_of_it():
    def power(k, shift=0):
        return lambda a: a**k + shift

    assert source.fingerprints(power(2)) != source.fingerprints(power(3))
    assert source.fingerprints(partial(power, 2)) != source.fingerprints(partial(power, 3))
    assert source.fingerprints(power(np.arange(3))) == source.fingerprints(power(np.arange(3)))
    assert source.fingerprints(power(object())) == source.fingerprints(power(object()))  # no address
