"""A run's record: its configuration, where it came from, and its curves, in one file that says whether it fits what is asked for."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...validation import of_class, one_of, real, shown
from .configuration import Configuration, from_dict
from .evaluation import Neighbours

#: the curves of a record, first axis the evaluations
CURVES = ("steps", "train", "test", "nearest", "second", "index")


@dataclass(frozen=True, eq=False)
class Record:
    """What one run measured.

    Attributes
    ----------
    configuration : Configuration
    provenance : dict
        Versions, machine, device, threads, seconds, the checksums of the data, the names of the classes.
    arrays : dict of str to array
        ``steps`` (E,); ``train``, ``test`` (E, levels, classes), the losses; ``nearest``, ``second``, ``index`` (E, samples), the
        pixel distances of the samples to their two nearest training images and the position of the nearest; ``held_nearest``,
        ``held_second``, ``held_index`` (test,), the same of the held-out images, the baseline; ``own_nearest`` (n,), the distance of each
        training image to the nearest other; ``indices``, ``labels`` (n,), the images; ``test_labels``; ``variances``, ``norms`` (classes,),
        ``cosines`` (classes, classes) of the classes; ``shown``, ``shown_neighbours`` (16, d), samples of the last evaluation and the
        training images nearest to them, in grey values.
    """

    configuration: Configuration
    provenance: dict
    arrays: dict[str, NDArray]

    @property
    def steps(self) -> NDArray:
        """Steps of the evaluations (E,)."""
        return self.arrays["steps"]

    def loss(self, part: str, level: float) -> NDArray:
        """The loss over the ``part`` ("train" or "test") at a noise level of the configuration, in the mean over the images: array (E,)."""
        classes = self.class_losses(part, level)
        labels = self.arrays["labels" if part == "train" else "test_labels"]
        shares = np.bincount(labels, minlength=self.arrays["variances"].size) / labels.size
        return classes @ shares

    def class_losses(self, part: str, level: float) -> NDArray:
        """The same class by class: array (E, classes)."""
        one_of("part", part, ("train", "test"))
        level = float(real("level", level))
        if level not in self.configuration.levels:
            raise ValueError(f"level = {level!r} was not measured; allowed: {self.configuration.levels}")
        return self.arrays[part][:, self.configuration.levels.index(level)].astype(float)

    def neighbours(self) -> Neighbours:
        """The distances of the samples, arrays (E, samples)."""
        return Neighbours(*(self.arrays[name].astype(float) for name in ("nearest", "second")), self.arrays["index"])


def save_record(record: Record, path: str | os.PathLike) -> None:
    """Write a record to a file, whole or not at all."""
    write_whole(path, lambda file: np.savez_compressed(file, record=_head(record), **record.arrays))


def _head(record):
    return json.dumps({"configuration": record.configuration.as_dict(), "provenance": record.provenance})


def write_whole(path, write) -> None:
    """Call ``write`` on a file beside ``path`` that then takes its place: a process that is killed leaves the old one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(beside, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load_record(path: str | os.PathLike, configuration: Configuration | None = None) -> Record:
    """Read a record; with a ``configuration``, ``ValueError`` where it is of another one, naming the fields that differ."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return checked(record_of(arrays), configuration, f"path = {str(path)!r}")


def record_of(arrays: dict) -> Record:
    """The record in the arrays of a file."""
    head = json.loads(str(arrays["record"]))
    rest = {name: array for name, array in arrays.items() if name != "record"}
    return Record(from_dict(head["configuration"]), head["provenance"], rest)


def checked(record: Record, configuration: Configuration | None, where: str) -> Record:
    """The record, if it is of the configuration."""
    if configuration is None:
        return record
    of_class("configuration", configuration, "Configuration", "a theory.simulation.networks.Configuration")
    mine, other = record.configuration.as_dict(), configuration.as_dict()
    if different := [name for name in mine if mine[name] != other[name]]:
        said = ", ".join(f"{name} = {mine[name]!r}, not {other[name]!r}" for name in different)
        raise ValueError(f"{where} is of another configuration: {said}; allowed: the same, or another file")
    return record


def packed(records: dict[str, Record]) -> dict[str, NDArray]:
    """The arrays of several records for one file, under ``name/array``."""
    return {
        f"{name}/{key}": array
        for name, record in records.items()
        for key, array in (record.arrays | {"record": np.array(_head(record))}).items()
    }


def records(arrays: dict[str, NDArray]) -> dict[str, Record]:
    """The records of a file that `packed` made, by name; ``arrays`` as `theory.sweeps.stored` gives them."""
    if not isinstance(arrays, dict) or not all(isinstance(key, str) for key in arrays):
        raise ValueError(f"arrays = {shown(arrays)} is no dictionary of arrays; allowed: that of a stored sweep of networks")
    grouped: dict[str, dict] = {}
    for key, array in arrays.items():
        name, _, rest = key.partition("/")
        grouped.setdefault(name, {})[rest] = array
    if lacking := [name for name, group in grouped.items() if "record" not in group]:
        raise ValueError(f"arrays holds {lacking[0]!r} without a record; allowed: the arrays of a stored sweep of networks")
    return {name: record_of(group) for name, group in grouped.items()}
