"""Heavy sweeps, computed once and kept in theory/sweeps/ with their provenance (make sweeps).

    python tools/sweeps.py [NAME …]      names of `SWEEPS`; all of them without a name

A chapter reads the artefact, says where it comes from, and recomputes a few of its points live. What is made by `theory.simulation.sweep`
(outlier) goes on where it was interrupted, from its store in _build/sweeps, on all cores or on the cluster that DASK_SCHEDULER_ADDRESS names;
``make clean`` removes the store, after which everything is computed anew.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import artefacts
import class_sweeps
import numpy as np
import sympy as sp
from scipy.sparse.linalg import eigsh

from theory import Gaussian, Mixture, RandomFeatureModel, activations
from theory.conventions import time_from_variance
from theory.outliers import critical_spike
from theory.simulation import generate, generation_statistics, kinds_of_samples, sweep, trained_scores, two_cluster_score
from theory.training import curve_times, phase_diagram

DATA = Path(__file__).resolve().parent.parent / "theory" / "sweeps"
#: what has finished of those that the engine makes
STORES = DATA.parents[1] / "_build" / "sweeps"


def sweep_phase_diagram():
    """60 × 60 points of the (n, p) plane for tanh at t = 0.05 and τ = 1000."""
    model = RandomFeatureModel(activations.tanh, 1, 1, 0.05)
    start = time.perf_counter()
    diagram = phase_diagram(model, np.geomspace(0.5, 200, 60), np.geomspace(0.5, 200, 60), tau=1000.0)
    facts = {
        "seconds on two cores": round(time.perf_counter() - start, 1),
        "activation": "tanh",
        "t": 0.05,
        "gap threshold": diagram.gap_threshold,
    }
    arrays = {name: getattr(diagram, name) for name in diagram.__dataclass_fields__}
    return arrays, facts


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
    scans = sweep(spiked_draw, points, None, STORES / "outlier_spikes")
    grid = {"d": CLUSTER_SIZES, "number": range(10), "squared_distance": SEPARATIONS}
    clusters = sweep(clustered_draw, grid, None, STORES / "outlier_clusters")
    arrays = {"spikes": outlier_spikes()}
    for features, d in SPIKED:
        found = scans.value.values[(scans.features == features) & (scans.d == d)]
        arrays[f"eigenvalues_{features}_{d}"], arrays[f"overlaps_{features}_{d}"] = found[..., 0], found[..., 1]
    arrays |= {
        "separations": np.array(SEPARATIONS),
        "cluster_sizes": np.array(CLUSTER_SIZES),
        "clusters": clusters.value.values,
    }
    both = [json.loads(table.attrs["provenance"]) for table in (scans, clusters)]
    facts = {
        "seconds on one core": round(sum(table["seconds of all tasks"] for table in both), 1),
        "commits": sorted({str(commit) for table in both for commit in table["commit"]}),
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


#: run → (name of σ, ψ_p = ψ_n or the pair, weights, |m|² or None for d, d), for classes at ±m of variance ½
GENERATED = {
    "far": ("tanh", (40, 40), (0.5, 0.5), None, 10),
    "few": ("tanh", (40, 2), (0.5, 0.5), None, 10),
    "weights_70": ("shifted", (40, 40), (0.7, 0.3), None, 10),
    "weights_95": ("shifted", (40, 40), (0.95, 0.05), None, 10),
    "odd_70": ("tanh", (40, 40), (0.7, 0.3), None, 10),
} | {
    f"{kind}_{d}": ("tanh", (20, 20), (0.5, 0.5), m2, d) for kind, m2 in (("near", 4.0), ("far", None)) for d in (10, 20, 40)
}
TAUS = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, np.inf])
COLUMNS = "share_1 share_2 along target_along across target_across kurtosis total_variation memorized".split()


def sweep_mixture():
    """Overlaps of classes with the top eigenvectors of U late in the diffusion, and what networks trained on two classes generate."""
    start, offsets = time.process_time(), np.array([-1.5, -1, -0.5, 0.0])
    imbalances = ((0.7, 0.3), (0.95, 0.05))
    found = [[[late_overlaps(w, u, 400, seed) for seed in range(10)] for u in offsets] for w in imbalances]
    arrays = {"offsets": offsets, "overlaps": np.array(found), "tau": TAUS, "columns": np.array(COLUMNS)}
    for run, description in GENERATED.items():
        arrays[f"statistics_{run}"], projections = generated(*description)
        if run.endswith("_40"):
            arrays[f"projections_{run}"] = projections
    facts = {
        "seconds of one core": round(time.process_time() - start),
        "overlaps": "tanh, ψ_p = 2, ψ_n = 1, orthogonal classes, |m_c|² = d = 400, t = ½ log d + offset; "
        "axes: weights, offsets, draws, vectors, classes",
        "statistics": "(training times, sampler: reverse SDE or probability flow, columns), 1500 samples, networks at 30 times, seed 0",
    }
    return arrays, facts


def late_overlaps(weights, offset, d, seed):
    """Squared overlaps of the two top eigenvectors with the projected centroids, (2, 2)."""
    data = Mixture(weights, means=np.eye(2))
    finite = RandomFeatureModel(activations.tanh, 2, 1, 0.5 * np.log(d) + offset, data).simulate(d, seed)
    values, vectors = eigsh(finite.U, 2)
    centroids = finite.W @ kinds_of_samples(data, d)[2].T
    return (vectors[:, np.argsort(-values)].T @ (centroids / np.linalg.norm(centroids, axis=0))) ** 2


def generated(sigma, ratios, weights, m2, d, samples=1500):
    """`COLUMNS` (training times, 2, columns), and the projections by the reverse SDE on the axis (training times, samples)."""
    shifted = activations.Activation(sp.tanh(activations.x + sp.Rational(1, 2)), "shifted tanh")
    gram = np.array([[1.0, -1.0], [-1.0, 1.0]]) * (m2 or 1.0)
    data = Mixture(weights, (0.5, 0.5), **{"spikes" if m2 else "means": gram})
    model = RandomFeatureModel(shifted if sigma == "shifted" else activations.tanh, *ratios, 0.3, data)
    # equal ratios of e^{2t} − 1, from 50 d on
    times = np.append(time_from_variance(np.geomspace(50 * d, 0.01, 30)), 0.0)
    networks = trained_scores(model, d, times[:-1], TAUS)
    axis = np.subtract(*kinds_of_samples(data, d)[2])
    statistics, projections = np.zeros((TAUS.size, 2, len(COLUMNS))), []
    for k in range(TAUS.size):
        for s, sampler in enumerate(("sde", "flow")):
            x = generate(networks.score(k), d, times, samples, 1, sampler=sampler)
            g = generation_statistics(x, data, networks.first.X)
            pairs = (g.along, g.target_along, g.across, g.target_across)
            statistics[k, s] = *g.shares, *pairs, g.kurtosis, g.total_variation, g.memorized
            if sampler == "sde":
                projections.append(axis @ x / np.linalg.norm(axis))
    return statistics, np.array(projections, np.float32)


#: name of σ, d, ψ_p, ψ_n and the sampler's steps
WINDOWS = [("tanh(x)", d, 40, 40, 60) for d in (4, 6, 8, 10)]
WINDOWS += [
    ("tanh(x)", 10, 80, 80, 60),
    ("tanh(x)", 10, 40, 40, 30),
    ("tanh(x)", 10, 40, 160, 60),
    ("sin(x)", 10, 40, 40, 60),
    ("tanh(2*x)", 10, 40, 40, 60),
]


def sweep_generation_window():
    """Two clusters at ±m, |m|² = d, generated by networks that were stopped within the window of their own losses at t = 0.1.

    Arrays: ``activations`` (runs,) and ``sizes`` (runs, 4), which are d, ψ_p, ψ_n and the sampler's steps; ``tau`` (runs, 5) τ_gen,
    τ_mem of the limit, τ_mem, 10 τ_mem and ∞; ``statistics`` (runs, 5, 4) the share of the first cluster, the variance along the axis over its
    target, the total variation and the memorized share; ``exact`` (runs,) the total variation that the exact score leaves.
    """
    start, arrays = time.process_time(), {"activations": np.array([name for name, *_ in WINDOWS])}
    arrays["sizes"] = np.array([sizes for _, *sizes in WINDOWS])
    rows = [stopped_within_the_window(*description) for description in WINDOWS]
    for name, column in zip(("tau", "statistics", "exact"), zip(*rows, strict=True), strict=True):
        arrays[name] = np.array(column)
    facts = {"seconds of one core": round(time.process_time() - start), "samples": SAMPLES, "variances": 0.5, "seed": 0}
    return arrays, facts


#: samples of each total variation, which leave √(20/2π·SAMPLES) of it
SAMPLES = 4000


def stopped_within_the_window(sigma, d, psi_p, psi_n, steps):
    """One run of `sweep_generation_window`: training times (5,), statistics (5, 4), and what the exact score leaves."""
    data = Mixture((0.5, 0.5), (0.5, 0.5), means=[[1, -1], [-1, 1]])
    model = RandomFeatureModel(
        activations.Activation(sp.sympify(sigma, {"x": activations.x}), sigma), psi_p, psi_n, 0.1, data
    )
    network, grid = model.simulate(d, 0), np.geomspace(0.1, 1e8, 400)
    curve = network.training(np.append(grid, np.inf))
    gap = curve.test - curve.train
    level = curve.test.min() + 0.05 * (network.initial_loss - curve.test.min())
    window = grid[np.argmax(curve.test <= level)], grid[np.argmax(gap >= gap[-1] / 2)]
    tau = np.array([window[0], curve_times(model)[1], window[1], 10 * window[1], np.inf])
    times = np.append(time_from_variance(np.geomspace(50 * d, 0.01, steps)), 0.0)
    networks = trained_scores(model, d, times[:-1], tau)
    statistics = []
    for k in range(tau.size):
        g = generation_statistics(generate(networks.score(k), d, times, SAMPLES, 1), data, networks.first.X)
        statistics.append((g.shares[0], g.along / g.target_along, g.total_variation, g.memorized))
    mean = kinds_of_samples(data, d)[2][0]
    exact = generate(lambda x, t: two_cluster_score(x, t, mean, 0.5), d, times, SAMPLES, 1)
    return tau, statistics, generation_statistics(exact, data).total_variation


def keep(name, arrays, facts):
    """Write the arrays of a sweep with the record of how they were made, which ends with the sweep's own facts; returns the record."""
    what = SWEEPS[name].__doc__.splitlines()[0]
    return artefacts.keep(DATA, name, what, f"python tools/sweeps.py {name}", arrays, facts)


#: name → function without arguments, which returns the arrays and what only it knows of how they were made; its first line says what they are
SWEEPS = {
    "phase_diagram": sweep_phase_diagram,
    "outlier": sweep_outlier,
    "mixture": sweep_mixture,
    "generation_window": sweep_generation_window,
    "class_order": class_sweeps.sweep_class_order,
    "reversal": class_sweeps.sweep_reversal,
    "class_curves": class_sweeps.sweep_class_curves,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or SWEEPS:
        print(json.dumps(keep(name, *SWEEPS[name]()), indent=2))
