"""Sweeps too long for a chapter, computed once and kept beside this file with their provenance.

They belong to the package, so that a chapter finds them wherever it is run. ``tools/sweeps.py`` (``make sweeps``) computes them again,
``tools/networks.py`` (``make networks``) those of trained networks.
"""

import json
from importlib import resources

import numpy as np

from ..validation import one_of

NAMES = ("class_curves", "class_order", "generation_window", "mixture", "outlier", "phase_diagram", "reversal")
#: trained networks, by ``tools/networks.py``
NAMES += ("networks_classes", "networks_modes", "networks_size", "networks_unet", "networks_width")


def stored(name: str) -> tuple[dict, dict]:
    """(provenance, arrays) of the sweep of that name, one of `NAMES`: two dictionaries.

    The provenance says what was computed, by which version and with which seeds; ``tools/sweeps.py`` says what the arrays are, and
    `theory.simulation.networks.records` reads those of trained networks.
    """
    name = one_of("name", name, NAMES)
    with resources.as_file(resources.files(__name__) / f"{name}.npz") as path, np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    return json.loads(str(arrays.pop("provenance"))), arrays
