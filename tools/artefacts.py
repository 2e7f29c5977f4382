"""Writes an artefact of theory/sweeps for `tools/sweeps.py` and `tools/networks.py`: its arrays, and the record of how they were made."""

import json
import platform

import numpy as np

import theory


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
