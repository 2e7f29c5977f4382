"""The store of a sweep on disk: one small file for each finished task, and what says whose they are.

    manifest.json     function, code, grid, seeds and package: the sweep that the store belongs to
    results/…         one sealed file a task (`files`): its arrays and its provenance
    damaged/…         files that were not what had been written: set aside, and their tasks computed again
    table.nc          the whole as NetCDF, once it is finished
    driver.lock       held by the one process that may write, whose number and host it says

The lock is the operating system's (``flock``), which ends with the process that holds it, however that ends: none is ever stale.
"""

import errno
import fcntl
import json
import os
import platform
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from ...validation import shown
from . import files

MANIFEST, RESULTS, DAMAGED, TABLE, LOCK = "manifest.json", "results", "damaged", "table.nc", "driver.lock"
ALLOWED = "a path: of a new or empty folder, or of the store of this sweep"
#: files on their way to the disk at once: a file system commits many for the price of one; and results that wait for that
WRITERS, WAITING = 8, 64


class Store:
    """An open store, which this process alone writes to; made by `opened`."""

    def __init__(self, folder: Path, tasks: int):
        self.folder, self.tasks, self.saved = folder, tasks, 0

    def path(self, task: int) -> Path:
        return self.folder / RESULTS / f"{task:07d}.result"

    def load(self) -> dict[int, tuple[dict, dict]]:
        """Task → (arrays, record), of all finished tasks whose files are what was written; the others are set aside, with a warning."""
        found, damaged = {}, []
        for path in (self.folder / RESULTS).glob(f"*{files.UNFINISHED}"):  # of a driver that was killed
            path.unlink()
        for path in sorted((self.folder / RESULTS).glob("*.result")):
            try:
                found[int(path.stem)] = files.unpacked(path.read_bytes())
            except files.Damaged as error:
                damaged.append((path, error))
        for path, _ in damaged:
            self._set_aside(path)
        if damaged:
            names = ", ".join(f"{path.name} ({error})" for path, error in damaged[:5])
            warnings.warn(
                f"{len(damaged)} results in {self.folder} are damaged: {names}{', …' if len(damaged) > 5 else ''}; "
                f"they are set aside in {DAMAGED}, and computed again",
                stacklevel=4,
            )
        self.saved = len(found)
        return found

    def _set_aside(self, path: Path) -> None:
        folder = self.folder / DAMAGED
        folder.mkdir(exist_ok=True)
        number = sum(1 for other in folder.iterdir() if other.name.startswith(path.name))
        os.replace(path, folder / f"{path.name}.{number}")
        files.flush(path.parent)

    @contextmanager
    def saving(self) -> Iterator["Saver"]:
        """A `Saver`; what it was given is on the disk when the block ends, also by an exception."""
        saver = Saver(self)
        try:
            yield saver
        finally:
            saver.pool.shutdown(wait=True)
        saver.check()


class Saver:
    """Writes results in threads, so that nobody computes less while the disk is slow; a result that cannot be saved stops the sweep."""

    def __init__(self, store: Store):
        self.store, self.room, self.errors = store, BoundedSemaphore(WAITING), []
        self.pool, self.counting = ThreadPoolExecutor(WRITERS, thread_name_prefix="sweep-store"), Lock()

    def save(self, task: int, values: Mapping, record: Mapping) -> None:
        """Begin to save one result; raises the ``OSError`` of a former one that could not be saved."""
        self.check()
        content = files.packed(values, record)
        self.room.acquire()
        self.pool.submit(files.write, self.store.path(task), content).add_done_callback(self._done)

    def _done(self, written: Future) -> None:
        with self.counting:
            if written.exception() is None:
                self.store.saved += 1
            else:
                self.errors.append(written.exception())
        self.room.release()

    def check(self) -> None:
        if self.errors:
            # what is still being written counts as well, if there is room for it
            self.pool.shutdown(wait=True)
            first = self.errors[0]
            if not isinstance(first, OSError):
                raise first
            store = self.store
            raise OSError(
                first.errno,
                f"store = {str(store.folder)!r} takes no more results: {first.strerror}; {store.saved} of {store.tasks} tasks are "
                "saved, and the same call computes the others once there is room",
            ) from first


@contextmanager
def opened(store: Any, manifest: Mapping[str, Any], tasks: int) -> Iterator[Store]:
    """Open the store for this sweep, making it where there is none.

    Raises ``ValueError`` where it belongs to another sweep, another process writes to it, or it cannot be written to.
    """
    folder = a_folder(store)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in folder.iterdir() if not path.name.endswith(files.UNFINISHED)}
            if MANIFEST not in names and names - {LOCK}:
                raise ValueError(
                    f"store = {shown(store)} is a folder of something else ({min(names - {LOCK})}); allowed: {ALLOWED}"
                )
            held.enter_context(_locked(folder, store))
            if (folder / MANIFEST).exists():
                _compare(folder, manifest, store)
            # also where there is one: a store that cannot be written to is known before anything is computed
            files.write(folder / MANIFEST, json.dumps(dict(manifest), indent=1, ensure_ascii=False).encode())
            (folder / RESULTS).mkdir(exist_ok=True)
            files.flush(folder)
        except OSError as error:
            raise ValueError(
                f"store = {shown(store)} cannot be written to: {error.strerror or error}; allowed: {ALLOWED}"
            ) from error
        yield Store(folder, tasks)


def a_folder(store: Any) -> Path:
    """The path of a store, which need not exist; raises ``ValueError``."""
    if not isinstance(store, (str, os.PathLike)) or not isinstance(os.fspath(store), str) or not os.fspath(store):
        raise ValueError(f"store = {shown(store)} is no path; allowed: {ALLOWED}")
    return Path(store).expanduser().absolute()


@contextmanager
def _locked(folder: Path, store: Any) -> Iterator[None]:
    """Hold the lock; raises ``ValueError`` where another process does."""
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise ValueError(
                f"store = {shown(store)} is being written to by {holder}; allowed: a store that no other process writes to"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield


def _compare(folder: Path, manifest: Mapping[str, Any], store: Any) -> None:
    """Raise ``ValueError`` where the store's manifest is not this one, with every difference."""
    try:
        there = json.loads((folder / MANIFEST).read_bytes())
        differences = [
            f"{name}: {shown(there.get(name))} there, {shown(manifest.get(name))} here"
            for name in dict.fromkeys((*there, *manifest))
            if json.dumps(there.get(name)) != json.dumps(manifest.get(name))
        ]
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"store = {shown(store)} has a manifest that cannot be read ({error}); allowed: {ALLOWED}"
        ) from None
    if differences:
        raise ValueError(f"store = {shown(store)} belongs to another sweep; {'; '.join(differences)}; allowed: {ALLOWED}")


def records(store: Any) -> list[dict[str, Any]]:
    """The provenance of the finished tasks in a store, whoever writes to it."""
    folder = a_folder(store) / RESULTS
    if not folder.is_dir():
        raise ValueError(f"store = {shown(store)} is no store of a sweep; allowed: the path of one")
    found = []
    for path in sorted(folder.glob("*.result")):
        try:
            found.append(files.unpacked(path.read_bytes())[1])
        except files.Damaged:
            continue
    return found
