"""The sweeps of networks on two classes: overlaps late in the diffusion, and what they generate.

Called by `tools/sweeps.py`, which writes what they return.
"""

import artefacts
import numpy as np
import sympy as sp
from scipy.sparse.linalg import eigsh

from theory import Mixture, RandomFeatureModel, activations
from theory.conventions import time_from_variance
from theory.simulation import generate, generation_statistics, kinds_of_samples, trained_scores, two_cluster_score
from theory.training import curve_times

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
#: weights of the classes, t − ½ log d, and draws of each, late in the diffusion
IMBALANCES, OFFSETS, OVERLAP_DRAWS = ((0.7, 0.3), (0.95, 0.05)), (-1.5, -1.0, -0.5, 0.0), 10
TAUS = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 1e3, 1e4, np.inf])
COLUMNS = "share_1 share_2 along target_along across target_across kurtosis total_variation memorized".split()


def sweep_mixture():
    """Overlaps of classes with the top eigenvectors of U late in the diffusion, and what networks trained on two classes generate."""
    points = [
        {"majority": one, "minority": other, "offset": offset, "number": number}
        for one, other in IMBALANCES
        for offset in OFFSETS
        for number in range(OVERLAP_DRAWS)
    ]
    late = artefacts.made(late_draw, points, "mixture_overlaps")
    runs = artefacts.made(generated_run, {"run": tuple(GENERATED)}, "mixture_generated")
    overlaps = late.value.values.reshape(len(IMBALANCES), len(OFFSETS), OVERLAP_DRAWS, 2, 2)
    arrays = {"offsets": np.array(OFFSETS), "overlaps": overlaps, "tau": TAUS, "columns": np.array(COLUMNS)}
    for run in GENERATED:
        arrays[f"statistics_{run}"] = runs.statistics.sel(run=run).values
        if run.endswith("_40"):
            arrays[f"projections_{run}"] = runs.projections.sel(run=run).values
    facts = {
        "seconds of one core": round(artefacts.seconds(late, runs)),
        "overlaps": "tanh, ψ_p = 2, ψ_n = 1, orthogonal classes, |m_c|² = d = 400, t = ½ log d + offset; "
        "axes: weights, offsets, draws, vectors, classes",
        "statistics": "(training times, sampler: reverse SDE or probability flow, columns), 1500 samples, networks at 30 times, seed 0",
    }
    return arrays, facts


def late_draw(majority, minority, offset, number):
    """`late_overlaps` at d = 400 of one draw, whose number is its seed."""
    return late_overlaps((majority, minority), offset, 400, number)


def generated_run(run):
    """`generated` for one of `GENERATED`."""
    return dict(zip(("statistics", "projections"), generated(*GENERATED[run]), strict=True))


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
    points = [dict(zip(("sigma", "d", "psi_p", "psi_n", "steps"), description, strict=True)) for description in WINDOWS]
    table = artefacts.made(stopped_within_the_window, points, "generation_window")
    arrays = {"activations": np.array([name for name, *_ in WINDOWS]), "sizes": np.array([sizes for _, *sizes in WINDOWS])}
    arrays |= {name: table[name].values for name in ("tau", "statistics", "exact")}
    facts = {"seconds of one core": round(artefacts.seconds(table)), "samples": SAMPLES, "variances": 0.5, "seed": 0}
    return arrays, facts


#: samples of each total variation, which leave √(20/2π·SAMPLES) of it
SAMPLES = 4000


def stopped_within_the_window(sigma, d, psi_p, psi_n, steps):
    """One run of `sweep_generation_window`: training times (5,), statistics (5, 4), and what the exact score leaves, by name."""
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
    return {"tau": tau, "statistics": np.array(statistics), "exact": generation_statistics(exact, data).total_variation}
