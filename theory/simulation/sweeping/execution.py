"""Where the tasks run: processes of this machine (joblib), or the workers of a Dask cluster.

Each is a function from a call and its tasks to an iterator over what comes out, in the order in which it does, a `tasks.Finished` or
`tasks.Failure` for every task. A worker that is killed takes no task with it: what it was computing is computed again elsewhere.
"""

import functools
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from ...validation import integer, positive_integer, shown
from .tasks import Failure, Finished, Task, failed

if TYPE_CHECKING:
    from distributed import Client

#: the variable that names a Dask cluster, as Dask's own clients read it
ADDRESS = "DASK_SCHEDULER_ADDRESS"
#: seconds within which a scheduler answers
PATIENCE = 10
#: deaths of workers with a task after which it runs with no other beside it, and after which it has no further try: Dask's number
SUSPECTED, BLAMED = 2, 4
BACKENDS = f'"joblib", "dask" (the cluster that {ADDRESS} names), "auto" (that cluster if there is one, else joblib), or a distributed.Client'

Call = Callable[[Task], Finished | Failure]
Run = Callable[[Call, Sequence[Task]], Iterator[Finished | Failure]]


@contextmanager
def chosen(backend: Any, workers: Any) -> Iterator[Run]:
    """The function that runs tasks, for these two arguments of a sweep; raises ``ValueError``."""
    if workers is not None:
        workers = integer("workers", workers, -1, 1024) or positive_integer("workers", workers)
    address = os.environ.get(ADDRESS)
    if isinstance(backend, str) and (backend == "joblib" or (backend == "auto" and not address)):
        yield functools.partial(on_processes, workers=-1 if workers is None else workers)
        return
    distributed = sys.modules.get("distributed")
    ready = distributed is not None and isinstance(backend, distributed.Client)
    if not ready and not (isinstance(backend, str) and backend in ("auto", "dask")):
        raise ValueError(f"backend = {shown(backend)} is unknown; allowed: {BACKENDS}")
    if not ready and not address:
        raise ValueError(f"backend = {backend!r} needs the variable {ADDRESS}, which is not set; allowed: {BACKENDS}")
    if workers not in (None, -1):
        raise ValueError(f"workers = {workers!r} cannot be chosen on a Dask cluster, which has its own; allowed: None")
    if ready:
        if backend.asynchronous or backend.status != "running":
            raise ValueError(f"backend = {shown(backend)} is asynchronous or closed; allowed: a running distributed.Client")
        yield functools.partial(on_cluster, client=backend)
        return
    with connected(address) as client:
        yield functools.partial(on_cluster, client=client)


def connected(address: str) -> "Client":
    """A client of the scheduler at that address; raises ``ValueError`` where none answers."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(
            f"backend is the Dask cluster that {ADDRESS} = {address!r} names, but dask is not installed; "
            "allowed: backend='joblib', or with the package's extra [cluster] installed"
        ) from None
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(
            f"backend: no scheduler answers at {ADDRESS} = {address!r} ({error}); allowed: the address of one"
        ) from error


def on_processes(call: Call, tasks: Sequence[Task], workers: int) -> Iterator[Finished | Failure]:
    """Run them in so many processes, -1 for one on each processor; with one, in this process.

    Where a worker dies, joblib ends all of them; what was running starts again, behind the rest, and what did so twice alone.
    """
    waiting, deaths = list(tasks), dict.fromkeys((task.number for task in tasks), 0)
    while waiting:
        alone = min(deaths[task.number] for task in waiting) >= SUSPECTED
        now = waiting[:1] if alone else [task for task in waiting if deaths[task.number] < SUSPECTED]
        started = {}
        # with one process it would run in this one, which it may kill
        pool = Parallel(
            n_jobs=2 if alone else workers, batch_size=1, pre_dispatch="2*n_jobs", return_as="generator_unordered"
        )
        try:
            with _ended(pool(_counted(call, now, started))) as outcomes:
                for outcome in outcomes:
                    del started[outcome.task], deaths[outcome.task]
                    yield outcome
        except BrokenExecutor as error:
            if not isinstance(error, TerminatedWorkerError):  # it would end every worker
                why = str(error.__cause__ or error).strip('"\n ').splitlines()[-1]
                raise ValueError(
                    f"function cannot be taken up by another process ({why}); allowed: one of a module that workers can import, workers=1"
                ) from error
            for number in started:
                deaths[number] += 1
        lost = [started[number] for number in started if deaths[number] >= BLAMED]
        for task in lost:
            del deaths[task.number]
            yield killed(task)
        # what never started, then what was running
        waiting = [task for task in waiting if task.number in deaths]
        waiting.sort(key=lambda task: deaths[task.number])


@contextmanager
def _ended(outcomes):
    """Close the generator of joblib in the end, which warns of results that nobody took: where a sweep stops, its own error says more."""
    try:
        yield outcomes
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            outcomes.close()


def _counted(call, tasks, started):
    """joblib's calls, noting in ``started`` which tasks it has taken."""
    for task in tasks:
        started[task.number] = task
        yield delayed(_leashed)(os.getpid(), call, task)


def _leashed(driver, call, task):
    """The call, in a process that ends with its driver."""
    if os.getpid() != driver:
        _leash(driver)
    return call(task)


@functools.cache
def _leash(driver):
    """End this process within a second of its driver, even one that was killed: nobody would take what it computes."""

    def watch():
        while os.getppid() == driver:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="sweep-leash", daemon=True).start()


def killed(task: Task) -> Failure:
    return Failure(
        task.number, task.parameters, task.seed, f"its worker was killed {BLAMED} times, perhaps for want of memory"
    )


def on_cluster(call: Call, tasks: Sequence[Task], client: "Client") -> Iterator[Finished | Failure]:
    """Run them on the workers of a Dask cluster, however many come and go; its scheduler starts again what a lost worker had."""
    from distributed import KilledWorker, as_completed

    # no two sweeps share a key, so that none is given the results of another
    name = f"sweep-{os.urandom(8).hex()}"
    of = {f"{name}-{task.number}": task for task in tasks}
    futures = client.map(call, tasks, key=list(of), pure=False, retries=0)
    completed = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
    futures.clear()  # so that the cluster forgets a result once it was taken, and all of them in the end
    try:
        for future, result in completed:
            task, status = of[future.key], future.status
            del future
            if status == "finished":
                yield result
            elif status == "error":
                error = result[1]
                yield killed(task) if isinstance(error, KilledWorker) else failed(task, error)
            else:
                raise ConnectionError(f"the Dask scheduler is gone ({status}); the same call computes what is not saved")
    finally:
        completed.clear()
