"""Large matrices within a budget of memory: what does not fit lies in a file that is mapped, and gone with its array.

A file is made in a temporary folder (``folder``, or what ``TMPDIR`` says) and has no name there once it is open: it is removed when nobody
holds it any more, also where a process is killed. Its blocks are reserved before anything is written, for a write to a mapped file on a full
disk ends the process (SIGBUS), where a reservation that fails is an error with words.

Checked by ``tests/simulation/test_lanczos_operators.py``.
"""

import errno
import math
import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

GIB = 2**30
#: bytes of a block of rows that is drawn, converted or read from a file at a time
BLOCK = 2**26


class Storage:
    """Makes arrays of one type: in memory while their sum is within ``budget`` bytes (None: no limit), else in files."""

    def __init__(self, dtype: DTypeLike, budget: float | None = None, folder: str | Path | None = None):
        self.dtype = np.dtype(dtype)
        self.budget = math.inf if budget is None else budget
        self.folder = folder
        self.in_memory = self.on_disk = 0

    def zeros(self, shape: tuple[int, ...]) -> NDArray:
        """An array of zeros; ``OSError`` where a file has no room."""
        size = math.prod(shape) * self.dtype.itemsize
        if size == 0 or self.in_memory + size <= self.budget:
            self.in_memory += size
            return np.zeros(shape, self.dtype)
        array = np.frombuffer(self._mapped(size), self.dtype).reshape(shape)
        self.on_disk += size
        return array

    def keep(self, array: NDArray) -> NDArray:
        """``array`` (rows, columns) in this storage: itself where it fits there and is of the type, else a copy, made block by block."""
        if array.dtype == self.dtype and self.in_memory + array.nbytes <= self.budget:
            self.in_memory += array.nbytes
            return array
        kept = self.zeros(array.shape)
        for rows in row_blocks(array):
            kept[rows] = array[rows]
            release(kept)
        return kept

    def normal(self, rng: np.random.Generator, shape: tuple[int, int]) -> NDArray:
        """Normal numbers in the order of ``rng.standard_normal(shape)``, each drawn in double precision and then rounded."""
        drawn = self.zeros(shape)
        for rows in row_blocks(drawn, 8):
            drawn[rows] = rng.standard_normal((rows.stop - rows.start, shape[1]))
            release(drawn)
        return drawn

    def _mapped(self, size):
        with tempfile.TemporaryFile(dir=self.folder) as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise
                where = self.folder or tempfile.gettempdir()
                raise OSError(
                    error.errno,
                    f"a matrix of {size / GIB:.3g} GiB goes beyond memory = {self.budget / GIB:.3g} GiB, and {where} has no room for "
                    "it; allowed: more memory, or another folder",
                ) from error
            return mmap.mmap(file.fileno(), size)


def row_blocks(array: NDArray, itemsize: int | None = None) -> Iterator[slice]:
    """Slices of rows whose entries take about `BLOCK` bytes, at ``itemsize`` bytes each."""
    rows, columns = array.shape
    step = max(1, BLOCK // max(1, columns * (itemsize or array.itemsize)))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def mapping(array: NDArray) -> mmap.mmap | None:
    """The mapped file that an array of a `Storage` lies in, or None."""
    base = array
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    return base if isinstance(base, mmap.mmap) else None


def release(array: NDArray) -> None:
    """Give back the memory that holds pages of a mapped file; its contents stay. Nothing for an array in memory."""
    file = mapping(array)
    if file is not None:
        file.madvise(mmap.MADV_DONTNEED)
