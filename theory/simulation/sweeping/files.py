"""Files that are whole or absent, and that notice when they were changed.

A file is written beside its place, flushed to the disk and renamed, and the folder is flushed too: after a crash it has the old content or
the new one. What is *sealed* begins with the SHA-256 of the rest, so that a file that was cut, or in which one bit differs, is not read.
"""

import hashlib
import io
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: how a file that is not yet in its place ends
UNFINISHED = ".unfinished"
#: name in the archive under which the record of a task stands; results have a prefix, so that none has that name
RECORD, PREFIX = "record", "result/"


class Damaged(Exception):
    """A sealed file is not what was written."""


def flush(path: Path) -> None:
    """Wait until the file or folder at ``path`` is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its place at the end; where that fails, nothing is left and ``path`` is as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}{UNFINISHED}")
    try:
        yield beside
        flush(beside)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    flush(path.parent)


def write(path: Path, content: bytes) -> None:
    """Write a file that is whole, on the disk, or absent."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def sealed(content: bytes) -> bytes:
    """The SHA-256 of ``content`` in hexadecimal, a line break, and ``content``."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def unsealed(whole: bytes) -> bytes:
    """What `sealed` was given; raises `Damaged` where that is not certain."""
    seal, _, content = whole.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != seal:
        raise Damaged("its checksum is not that of its content")
    return content


def packed(values: Mapping[str, NDArray], record: Mapping[str, Any]) -> bytes:
    """The arrays and the record of a task as a sealed archive: below the first line, one that ``numpy.load`` reads."""
    buffer = io.BytesIO()
    np.savez(buffer, **{RECORD: json.dumps(record)}, **{PREFIX + name: value for name, value in values.items()})
    return sealed(buffer.getvalue())


def unpacked(whole: bytes) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """What `packed` was given; raises `Damaged`."""
    with np.load(io.BytesIO(unsealed(whole)), allow_pickle=False) as archive:
        values = {name.removeprefix(PREFIX): archive[name] for name in archive.files if name.startswith(PREFIX)}
        return values, json.loads(str(archive[RECORD]))
