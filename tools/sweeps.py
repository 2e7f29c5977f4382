"""Heavy sweeps, computed once and kept in theory/sweeps/ with their provenance (make sweeps).

    python tools/sweeps.py [NAME …]      phase_diagram, outlier; all of them without a name

A chapter reads the artefact, says where it comes from, and recomputes a few of its points live.
"""

import json
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse.linalg import eigsh

import theory
from theory import Gaussian, Mixture, RandomFeatureModel, activations
from theory.outliers import critical_spike
from theory.training import phase_diagram

DATA = Path(__file__).resolve().parent.parent / "theory" / "sweeps"


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


def sweep_outlier():
    """Top eigenvalue of U and its overlaps, for spikes around the BBP threshold and for two clusters: tanh, ψ_p = 4, ψ_n = 3, t = 0.3."""
    model = RandomFeatureModel(activations.tanh, 4, 3, 0.3)
    spikes = np.array([1.0, 1.5, 1.8, 2.0, critical_spike(model), 2.25, 2.35, 2.5, 2.7, 3.0, 3.5, 4.0, 5.0])
    sets = {("equivalent", 50): 600, ("equivalent", 100): 400, ("equivalent", 200): 200, ("equivalent", 400): 120}
    sets |= {("network", 100): 10}
    start, arrays = time.perf_counter(), {"spikes": spikes}
    for (features, d), draws in sets.items():
        scan = scan_equivalent if features == "equivalent" else scan_network
        found = np.array([scan(model, d, seed, spikes) for seed in range(draws)])
        arrays[f"eigenvalues_{features}_{d}"], arrays[f"overlaps_{features}_{d}"] = found[..., 0], found[..., 1]
    separations, sizes = np.array([4.0, 9.0]), (100, 200, 400)
    clusters = [[[on_clusters(model, m2, d, seed) for m2 in separations] for seed in range(10)] for d in sizes]
    arrays |= {"separations": separations, "cluster_sizes": np.array(sizes), "clusters": np.array(clusters)}
    provenance = {
        "what": sweep_outlier.__doc__,
        "made by": "python tools/sweeps.py outlier",
        "package": f"theory {theory.__version__}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "seconds on one core": round(time.perf_counter() - start, 1),
        "draws": {f"{features}, d = {d}": draws for (features, d), draws in sets.items()}
        | {f"network on two clusters, d = {d}": 10 for d in sizes},
        "seeds": "0, 1, … for each set; the spikes of one seed share W, the noise of the features, and the samples up to scale",
    }
    np.savez_compressed(DATA / "outlier.npz", provenance=json.dumps(provenance), **arrays)
    return provenance


def scan_network(model, d, seed, spikes):
    """`top_mode` for each spike, array (spikes, 2)."""
    return np.array([top_mode(with_spike(model, x).simulate(d, seed))[:2] for x in spikes])


def scan_equivalent(model, d, seed, spikes):
    """The same for the Gaussian equivalent, whose U is quadratic in √spike at fixed seed: three matrices make all."""
    nodes = np.array([1.0, 2.0, 3.0])
    three = [with_spike(model, x**2).simulate(d, seed, features="equivalent") for x in nodes]
    weights = np.linalg.solve(np.vander(nodes, increasing=True).T, np.vander(np.sqrt(spikes), 3, increasing=True).T)
    return np.array([top_mode(three[0], sum(w * f.U for w, f in zip(row, three, strict=True)))[:2] for row in weights.T])


def with_spike(model, spike):
    return replace(model, data=Gaussian(spikes=(float(spike),)))


def on_clusters(model, squared_distance, d, seed):
    """`top_mode` on equal clusters at ±m with |m|² = squared_distance along the first coordinate, then |We|²/p and |X^T e|²/n."""
    m2 = float(squared_distance)
    finite = replace(model, data=Mixture((0.5, 0.5), spikes=((m2, -m2), (-m2, m2)))).simulate(d, seed)
    return *top_mode(finite), np.mean(finite.W[:, 0] ** 2), np.mean(finite.X[0] ** 2)


def top_mode(finite, U=None):
    """The largest eigenvalue of U and the squared overlaps of v with We/|We|, e the direction of the spike, and of W^T v with e."""
    w = finite.W[:, 0]
    value, vector = eigsh(finite.U if U is None else U, 1, v0=w, tol=1e-9)
    v = vector[:, 0]
    return value[0], (v @ w) ** 2 / (w @ w), (v @ w) ** 2 / np.sum((finite.W.T @ v) ** 2)


SWEEPS = {"phase_diagram": sweep_phase_diagram, "outlier": sweep_outlier}

if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SWEEPS:
        print(json.dumps(SWEEPS[name](), indent=2))
