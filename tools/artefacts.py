"""Writes an artefact of theory/sweeps for `tools/sweeps.py` and `tools/networks.py`: its arrays, and the record of how they were made.

`made` runs the sweeps that the former are made of, by `theory.simulation.sweep`.
"""

import json
import platform
from pathlib import Path

import numpy as np

import theory
from theory.simulation import sweep

#: what has finished of the sweeps, each in a folder of its own
STORES = Path(__file__).resolve().parent.parent / "_build" / "sweeps"


def made(function, grid, name):
    """The table of ``function``, which takes no seed, over a grid, from the store of that name on."""
    return sweep(function, grid, None, STORES / name)


def seconds(*tables):
    """What all tasks of tables took, each on one thread."""
    return round(sum(json.loads(table.attrs["provenance"])["seconds of all tasks"] for table in tables), 1)


def commits(*tables):
    """At which commits of the package they were computed."""
    return sorted({str(commit) for table in tables for commit in json.loads(table.attrs["provenance"])["commit"]})


def keep(folder, name, what, command, arrays, facts):
    """Write ``NAME.npz``; the record says what it is, by which command and versions, and ends with its own ``facts``. Returns the record."""
    provenance = {
        "what": what,
        "made by": command,
        "package": f"theory {theory.__version__}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        **facts,
    }
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / f"{name}.npz", provenance=json.dumps(provenance), **arrays)
    return provenance
