"""`sweep`: the call that checks, opens the store, runs what is missing and returns the table."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from ...progress import progress_bar
from ...validation import function as a_function
from ...validation import positive_integer, truth
from . import source, table
from .execution import chosen
from .grid import Grid, a_grid, check_call
from .store import TABLE, Store, opened, records
from .tasks import VERSION, Failure, Finished, SweepError, Task, run, surroundings

if TYPE_CHECKING:
    from distributed import Client
    from xarray import Dataset

#: the arrangement of files in a store
FORMAT = 1
#: failures that a message tells in full
TOLD = 5


def sweep(
    function: Callable,
    grid: Mapping[str, Sequence] | Sequence[Mapping[str, Any]],
    seeds: int | None,
    store: str | PathLike,
    *,
    backend: "str | Client" = "auto",
    workers: int | None = None,
    threads: int = 1,
    seed: int = 0,
    progress: bool = True,
) -> "Dataset":
    """Call ``function(**parameters, seed=…)`` at every point of a grid and for every draw, and lose nothing that finished.

    Every finished task is on the disk before the next few have ended, with its provenance. The same call, after a crash or a kill at any
    moment, computes what is missing and nothing else; on a complete store it only reads. Results depend on the grid and on ``seed``, not on
    who computes them in which order: two workers of a cluster and one process give the same bits, where their processors and libraries do.

    Parameters
    ----------
    function : callable
        Returns a number, an array (also of PyTorch or CuPy), or a mapping from names to these, of the same shapes at every point. It must be
        one that can be sent to another process: of a module that the workers can import, or of a notebook or script.
    grid : mapping, or list of mappings
        Name of an argument → its values (numbers, strings or truth values, each once): their outer product, the last axis fastest. Or the
        points themselves, each a mapping from names to one value.
    seeds : int >= 1 or None
        Draws at each point. None calls ``function(**parameters)`` once at each, with no seed.
    store : path
        A folder: a new or empty one, or the store of this sweep. What is in it: `theory.simulation.sweeping.store`.
    backend : str or ``distributed.Client``
        "joblib": processes of this machine. "dask": the cluster that the variable ``DASK_SCHEDULER_ADDRESS`` names. "auto": that cluster if
        the variable is set, else joblib. A client of a Dask cluster: that one.
    workers : int or None
        Processes of joblib: None or -1 for one on each processor, 1 for this process. A cluster has its own number.
    threads : int
        Threads of BLAS and OpenMP in each task; another number may give other last digits.
    seed : int >= 0
        From which the seeds of all tasks come, 64-bit integers, by ``numpy.random.SeedSequence.spawn``: of points, then of draws.
    progress : bool
        Whether to show a bar with the remaining time.

    Returns
    -------
    ``xarray.Dataset``
        A variable for each name that the function returns ("value" for a number or array), over the axes of the grid ("point" for a list of
        points), "draw", and the axes of the result, NAME_0, NAME_1, …; the coordinate "seed"; what the tasks' provenance has in common as JSON
        in ``attrs["provenance"]``. It is saved as ``table.nc`` in the store (NetCDF 4; ``.to_zarr`` is xarray's).

    Raises
    ------
    ValueError
        Before anything is computed: an argument that is none; a store of another sweep (with what differs: function, code, grid, seeds, the
        package's version), one that another process writes to, or one that cannot be written to; a scheduler that does not answer.
    SweepError
        At the end: tasks that raised, or whose worker was killed four times, with their parameters. All others are saved.
    OSError
        The disk is full, or gone. What was saved stays.

    Notes
    -----
    The driver alone writes, so that workers need no common file system, under a lock that ends with its process. Code of the function is its
    source, that of functions of its module that it calls by name, and the constants it reads; other modules are known by versions and commit,
    in each task's provenance (`theory.simulation.sweep_provenance`), and a restart at another commit of the package is said by a warning. A
    result that was damaged on the disk is set aside, said by a warning, and computed again. Cost: about 1 ms of the driver and one file a
    task; the table is held in memory.
    Tests: ``tests/simulation/test_sweep_*.py``.

    Examples
    --------
    ``sweep(top_eigenvalue, {"d": [100, 200], "spike": [1.0, 2.0, 4.0]}, 20, "outliers")`` is 120 tasks on all cores. On a Dask
    cluster, the same call after ``dask scheduler --host 127.0.0.1 --port 8786`` in one terminal, ``dask worker tcp://127.0.0.1:8786``
    in others, and ``export DASK_SCHEDULER_ADDRESS=tcp://127.0.0.1:8786``.
    """
    function = a_function("function", function)
    cells = a_grid(grid, seeds, seed)
    check_call(function, cells)
    threads, progress = positive_integer("threads", threads, 1024), truth("progress", progress)
    name = source.qualified(function)
    with chosen(backend, workers) as runner, opened(store, manifest(function, cells), cells.tasks) as folder:
        found = folder.load()
        missing = [Task(k, cells.parameters(k), cells.seed(k)) for k in range(cells.tasks) if k not in found]
        if found and missing:
            _check_commits([record for _, record in found.values()], folder)
        outcomes = runner(partial(run, function, threads, VERSION), missing) if missing else ()
        with progress_bar(outcomes, total=cells.tasks, initial=len(found), desc=name, shown=progress) as bar:
            failures = _saved(bar, folder, found)
        if failures:
            raise _error(failures, folder, cells)
        result = table.table(cells, found, name)
        table.save(result, folder.folder / TABLE)
    return result


def _check_commits(found: list[dict[str, Any]], folder: Store) -> None:
    """Warn where results of another commit of the package stay in the table: whether they differ, whoever changed it knows."""
    commits = sorted({str(record["commit"]) for record in found})
    here = str(surroundings()["commit"])
    if commits != [here]:
        warnings.warn(
            f"{len(found)} results in {folder.folder} were computed at the commits {', '.join(commits)} of the package, which is now at "
            f"{here}; they stay as they are: for a table of one commit, take a new store",
            stacklevel=3,
        )


def _saved(outcomes: Any, folder: Store, found: dict) -> list[Failure]:
    """Put each finished task into the store and into ``found``; return the others."""
    failures = []
    with folder.saving() as saver:
        for outcome in outcomes:
            if isinstance(outcome, Finished):
                saver.save(outcome.task, outcome.values, outcome.record)
                found[outcome.task] = outcome.values, outcome.record
            else:
                failures.append(outcome)
    return sorted(failures, key=lambda failure: failure.task)


def _error(failures: list[Failure], folder: Store, cells: Grid) -> SweepError:
    told = "; ".join(map(str, failures[:TOLD]))
    more = "" if len(failures) <= TOLD else f"; and {len(failures) - TOLD} more, in .failures"
    return SweepError(
        f"{len(failures)} of {cells.tasks} tasks failed, {folder.saved} are saved in {folder.folder}: {told}{more}\n\n"
        f"The first one's traceback:\n{failures[0].traceback or 'none'}",
        tuple(failures),
    )


def manifest(function: Callable, cells: Grid) -> dict[str, Any]:
    """What a store belongs to, in the words of an error."""
    code = {f"code of {name}": digest[:16] for name, digest in source.fingerprints(function).items()}
    package = {"format": FORMAT, "package": f"theory {VERSION}"}
    return package | {"function": source.qualified(function)} | code | cells.description()


def sweep_provenance(store: str | PathLike) -> list[dict[str, Any]]:
    """The provenance of every finished task in a store, in the order of the grid, also while a sweep is under way.

    Each has: task, parameters, seed, device, started (UTC), seconds, threads, package, commit (with ``-dirty`` where files differed from it;
    None outside of a checkout), python, libraries (name → version) and machine (host, system, processor, cores).
    """
    return records(store)
