"""Heavy sweeps, computed once and kept in theory/sweeps/ with their provenance (make sweeps).

    python tools/sweeps.py [NAME …]      names of `SWEEPS`; all of them without a name

A chapter reads the artefact, says where it comes from, and recomputes a few of its points live. All are made by `theory.simulation.sweep`: they
go on where they were interrupted, from their stores in _build/sweeps, on all cores or on the cluster that DASK_SCHEDULER_ADDRESS names, whose
workers find the functions where PYTHONPATH names this folder. ``make clean`` removes the stores, after which everything is computed anew.

Here are the phase diagram and the outliers; ``mixture_sweeps``, ``class_sweeps`` and ``size_sweeps`` have the others.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import artefacts
import class_sweeps
import mixture_sweeps
import numpy as np
import size_sweeps
from scipy.sparse.linalg import eigsh

from theory import Gaussian, Mixture, RandomFeatureModel, activations
from theory.outliers import critical_spike
from theory.training import phase_diagram

DATA = Path(__file__).resolve().parent.parent / "theory" / "sweeps"

#: ψ_n and ψ_p of the phase diagram, and the training time at which memorization is asked for
RATIOS, TAU = tuple(np.geomspace(0.5, 200, 60).tolist()), 1000.0


def sweep_phase_diagram():
    """60 × 60 points of the (n, p) plane for tanh at t = 0.05 and τ = 1000."""
    table = artefacts.made(phase_row, {"psi_p": RATIOS}, "phase_diagram")
    shared = {"psi_n": np.array(RATIOS), "psi_p": np.array(RATIOS), "tau": np.array(TAU)}
    threshold = float(table.gap_threshold[0])
    arrays = shared | {"gap_threshold": np.array(threshold)}
    arrays |= {name: table[name].values for name in ("gap", "final_gap", "score_error", "final_score_error")}
    facts = {"seconds on one core": artefacts.seconds(table), "activation": "tanh", "t": 0.05, "gap threshold": threshold}
    return arrays, facts


def phase_row(psi_p):
    """The points of one ψ_p, arrays (ψ_n,), and the threshold on the gap."""
    found = phase_diagram(RandomFeatureModel(activations.tanh, 1, 1, 0.05), RATIOS, [psi_p], TAU, jobs=1, progress=False)
    rows = {name: getattr(found, name)[0] for name in ("gap", "final_gap", "score_error", "final_score_error")}
    return rows | {"gap_threshold": found.gap_threshold}


#: (features, d) → draws, of spikes; d of clusters, and the squared distances of their centroids from 0
SPIKED = {
    ("equivalent", 50): 600,
    ("equivalent", 100): 400,
    ("equivalent", 200): 200,
    ("equivalent", 400): 120,
    ("network", 100): 10,
}
CLUSTER_SIZES, SEPARATIONS = (100, 200, 400), (4.0, 9.0)


def sweep_outlier():
    """Top eigenvalue of U and its overlaps, for spikes around the BBP threshold and for two clusters: tanh, ψ_p = 4, ψ_n = 3, t = 0.3."""
    points = [{"features": features, "d": d, "number": k} for (features, d), draws in SPIKED.items() for k in range(draws)]
    scans = artefacts.made(spiked_draw, points, "outlier_spikes")
    grid = {"d": CLUSTER_SIZES, "number": range(10), "squared_distance": SEPARATIONS}
    clusters = artefacts.made(clustered_draw, grid, "outlier_clusters")
    arrays = {"spikes": outlier_spikes()}
    for features, d in SPIKED:
        found = scans.value.values[(scans.features == features) & (scans.d == d)]
        arrays[f"eigenvalues_{features}_{d}"], arrays[f"overlaps_{features}_{d}"] = found[..., 0], found[..., 1]
    arrays |= {
        "separations": np.array(SEPARATIONS),
        "cluster_sizes": np.array(CLUSTER_SIZES),
        "clusters": clusters.value.values,
    }
    facts = {
        "seconds on one core": artefacts.seconds(scans, clusters),
        "commits": artefacts.commits(scans, clusters),
        "draws": {f"{features}, d = {d}": draws for (features, d), draws in SPIKED.items()}
        | {f"network on two clusters, d = {d}": 10 for d in CLUSTER_SIZES},
        "seeds": "0, 1, … for each set; the spikes of one seed share W, the noise of the features, and the samples up to scale",
    }
    return arrays, facts


def outlier_model():
    return RandomFeatureModel(activations.tanh, 4, 3, 0.3)


def outlier_spikes():
    spikes = [1.0, 1.5, 1.8, 2.0, critical_spike(outlier_model()), 2.25, 2.35, 2.5, 2.7, 3.0, 3.5, 4.0, 5.0]
    return np.array(spikes)


def spiked_draw(features, d, number):
    """(spikes, 2) of one draw, whose number is its seed."""
    scan = scan_equivalent if features == "equivalent" else scan_network
    return scan(outlier_model(), d, number, outlier_spikes())


def clustered_draw(d, number, squared_distance):
    return np.array(on_clusters(outlier_model(), squared_distance, d, number))


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


def keep(name, arrays, facts):
    """Write the arrays of a sweep with the record of how they were made, which ends with the sweep's own facts; returns the record."""
    what = SWEEPS[name].__doc__.splitlines()[0]
    return artefacts.keep(DATA, name, what, f"python tools/sweeps.py {name}", arrays, facts)


#: name → function without arguments, which returns the arrays and what only it knows of how they were made; its first line says what they are
SWEEPS = {
    "phase_diagram": sweep_phase_diagram,
    "outlier": sweep_outlier,
    "mixture": mixture_sweeps.sweep_mixture,
    "generation_window": mixture_sweeps.sweep_generation_window,
    "class_order": class_sweeps.sweep_class_order,
    "reversal": class_sweeps.sweep_reversal,
    "class_curves": class_sweeps.sweep_class_curves,
    "finite_size": size_sweeps.sweep_finite_size,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or SWEEPS:
        print(json.dumps(keep(name, *SWEEPS[name]()), indent=2))
