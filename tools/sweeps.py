"""Heavy sweeps, computed once and kept in book/data/ with their provenance (make sweeps).

A chapter reads the artefact, says where it comes from, and recomputes a few of its points live.
"""

import json
import platform
import time
from pathlib import Path

import numpy as np

import theory
from theory import RandomFeatureModel, activations
from theory.phase_diagram import phase_diagram

DATA = Path(__file__).resolve().parent.parent / "book" / "data"


def sweep_phase_diagram():
    """60 × 60 points of the (n, p) plane for tanh at t = 0.05 and τ = 1000."""
    model = RandomFeatureModel(activations.tanh, 1, 1, 0.05)
    start = time.perf_counter()
    diagram = phase_diagram(model, np.geomspace(0.5, 200, 60), np.geomspace(0.5, 200, 60), tau=1000.0)
    provenance = {
        "what": sweep_phase_diagram.__doc__,
        "made by": "python tools/sweeps.py",
        "package": f"theory {theory.__version__}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seconds on two cores": round(time.perf_counter() - start, 1),
        "activation": "tanh",
        "t": 0.05,
        "gap threshold": diagram.gap_threshold,
    }
    arrays = {name: getattr(diagram, name) for name in diagram.__dataclass_fields__}
    np.savez_compressed(DATA / "phase_diagram.npz", provenance=json.dumps(provenance), **arrays)
    return provenance


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    print(json.dumps(sweep_phase_diagram(), indent=2))
