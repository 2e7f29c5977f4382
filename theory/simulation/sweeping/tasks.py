"""One task, where it is computed: the call, what it returned as arrays, and its provenance; or what it raised.

A task that raises does not raise here: its `Failure` is returned, so that the others go on.
"""

import functools
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..threads import SharedLimit
from .grid import RESERVED

#: the package's; it is loaded before its parts, which may not import what imports them
VERSION = sys.modules["theory"].__version__
#: whose versions a result depends on; those that are not installed are left out
LIBRARIES = ("numpy", "scipy", "mpmath", "sympy", "array-api-compat", "joblib", "distributed", "torch", "cupy")
#: what a result may be made of, and how the table names the only one
NUMBERS, ONLY = "biufc", "value"
#: of the tasks that run in this process at once: a worker of Dask may have several threads
limited = SharedLimit()


@dataclass(frozen=True)
class Task:
    """Number in the order of the grid, arguments, and seed (None for a function without one)."""

    number: int
    parameters: dict[str, Any]
    seed: int | None


@dataclass(frozen=True)
class Failure:
    """A task without a result, with its parameters, and why."""

    task: int
    parameters: dict[str, Any]
    seed: int | None
    error: str
    traceback: str = ""

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"task {self.task} ({given}{'' if self.seed is None else f', seed={self.seed}'}): {self.error}"


@dataclass(frozen=True)
class Finished:
    """Arrays by name, and the provenance, as JSON takes it."""

    task: int
    values: dict[str, NDArray]
    record: dict[str, Any]


class SweepError(RuntimeError):
    """Tasks of a sweep failed; all others are finished and saved, and the same call computes the failed ones again.

    Attributes
    ----------
    failures : tuple of `Failure`
        Number, ``parameters``, ``seed``, ``error`` and ``traceback`` of each, in the order of the grid.
    """

    def __init__(self, message: str, failures: tuple[Failure, ...] = ()):
        super().__init__(message, failures)
        self.failures = failures

    def __str__(self) -> str:
        return self.args[0]


def run(function: Callable, threads: int, version: str, task: Task) -> Finished | Failure:
    """Call the function for one task. ``version`` is that of the package that asks: another one would compute something else."""
    start, clock = datetime.now(UTC), time.perf_counter()
    try:
        if VERSION != version:
            raise RuntimeError(f"the worker has theory {VERSION}, the sweep was started by theory {version}")
        with limited(threads):
            result = function(**task.parameters, **({} if task.seed is None else {"seed": task.seed}))
        seconds = time.perf_counter() - clock
        record = {
            "task": task.number,
            "parameters": task.parameters,
            "seed": task.seed,
            "device": device(task.parameters),
            "started": start.isoformat(timespec="milliseconds"),
            "seconds": seconds,
            "threads": threads,
            **surroundings(),
        }
        return Finished(task.number, arrays(result, task.parameters), record)
    except (Exception, SystemExit) as error:
        return failed(task, error)


def failed(task: Task, error: BaseException) -> Failure:
    """The failure of a task that raised."""
    text = "".join(traceback.format_exception(error))
    return Failure(task.number, task.parameters, task.seed, f"{type(error).__name__}: {error}", text)


def arrays(result: Any, parameters: Mapping[str, Any]) -> dict[str, NDArray]:
    """What a function returned, a number, an array or a mapping from names to these, as arrays by name."""
    named = result if isinstance(result, Mapping) else {ONLY: result}
    if not named or not all(isinstance(name, str) and name.isidentifier() for name in named):
        raise TypeError(f"it returned the names {list(named)!r}; allowed: one or more names of Python")
    if taken := set(named) & {*parameters, *RESERVED}:
        raise TypeError(f"it returned {min(taken)!r}, which is the name of an axis or a parameter; allowed: other names")
    # arrays of PyTorch and CuPy come to the host
    host = {name: value.cpu() if hasattr(value, "cpu") else value.get() if hasattr(value, "__cuda_array_interface__") else value
            for name, value in named.items()}  # fmt: skip
    found = {name: np.asarray(value) for name, value in host.items()}
    for name, value in found.items():
        if (
            value.dtype.kind not in NUMBERS
            or value.dtype.itemsize > (16 if value.dtype.kind == "c" else 8)
            or value.dtype == np.float16
        ):
            raise TypeError(
                f"it returned {name} of type {value.dtype}; allowed: truth values, integers, floats of 32 or 64 bits, complex ones"
            )
    return found


def device(parameters: Mapping[str, Any]) -> str:
    """Where the arrays of the task were: the GPU that PyTorch or CuPy holds in this process, else the argument ``device``, else the CPU."""
    torch, cupy = sys.modules.get("torch"), sys.modules.get("cupy")
    if torch is not None and torch.cuda.is_initialized():
        return f"cuda: {torch.cuda.get_device_name()}"
    if cupy is not None and cupy.cuda.is_available():
        return f"cuda: {cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)['name'].decode()}"
    named = str(parameters.get("device", "cpu"))
    return "cpu" if named == "auto" else named


@functools.cache
def surroundings() -> dict[str, Any]:
    """What is the same for all tasks of a process: package, commit, libraries, machine."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "package": f"theory {VERSION}",
        "commit": commit(),
        "python": platform.python_version(),
        "libraries": versions,
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": processor(),
            "cores": os.cpu_count(),
        },
    }


def processor() -> str:
    """The name of the processor, where Linux says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str | None:
    """The commit of the package's checkout, with ``-dirty`` where files differ from it; None outside of one."""
    folder = Path(__file__).parents[2]
    # a hook sets variables that name another repository
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, env=environment, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # an environment may lie in a repository of somebody else
        return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return None


def summary(records: list[dict[str, Any]]) -> str:
    """The provenance of a table as JSON: what its tasks have in common, each once, and their time."""
    shared = ("package", "commit", "device", "python", "libraries", "machine")
    found = {name: [] for name in shared}
    for record in records:
        for name in shared:
            if record[name] not in found[name]:
                found[name].append(record[name])
    return json.dumps(found | {"seconds of all tasks": round(sum(record["seconds"] for record in records), 3)})
