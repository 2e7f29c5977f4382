"""The sweep of finite sizes: linear statistics and the largest eigenvalue, from d = 25 to what is out of reach without Lanczos.

Called by `tools/sweeps.py`, which writes what they return.
"""

import artefacts
import numpy as np

from theory import RandomFeatureModel, activations

#: d → draws; of the dense ones all eigenvalues are computed, of the others the largest by Lanczos
DENSE = {25: 1600, 50: 1600, 100: 1000, 200: 400, 400: 200}
LANCZOS = {800: 100, 1600: 48, 3200: 16}
#: of the network itself, whose Gaussian equivalent the others are
NETWORK = {25: 800, 50: 800, 100: 400, 200: 150}
#: the residual that the largest eigenvalue may leave, of itself; its fluctuations are 0.1% at the largest d
TOLERANCE = 1e-5
#: the functions whose means over the eigenvalues are kept
STATISTICS = ("λ", "λ²", "log λ", "1/(λ + 0.1)")


def size_model():
    return RandomFeatureModel(activations.tanh, 1, 2, 0.3)


def sweep_finite_size():
    """Means over the eigenvalues of U and the largest of them, at many sizes: tanh, ψ_p = 1, ψ_n = 2, t = 0.3.

    Arrays: ``statistics``, the names of the functions f; ``dense``, ``lanczos`` and ``network``, the d of each kind, the first two of the
    Gaussian equivalent; for each d ``largest_D`` (draws,), the largest eigenvalue, of networks ``network_D``; for each d of ``dense``
    ``means_D`` (draws, 4), the mean of f(λ) over a draw.
    """
    dense = artefacts.made(dense_draw, points(DENSE), "finite_size_dense")
    network = artefacts.made(network_draw, points(NETWORK), "finite_size_network")
    lanczos = artefacts.made(lanczos_draw, points(LANCZOS), "finite_size_lanczos")
    arrays = {"statistics": np.array(STATISTICS)}
    for kind, table, sizes in (("dense", dense, DENSE), ("lanczos", lanczos, LANCZOS), ("network", network, NETWORK)):
        arrays[kind] = np.array(list(sizes))
        for d in sizes:
            here = (table.d == d).values
            arrays[f"{'network' if kind == 'network' else 'largest'}_{d}"] = table.largest.values[here]
            if kind == "dense":
                arrays[f"means_{d}"] = table.means.values[here]
    kinds = {"Gaussian equivalent": DENSE | LANCZOS, "network": NETWORK}
    facts = {
        "seconds on one core": artefacts.seconds(dense, network, lanczos),
        "draws": {f"{kind}, d = {d}": draws for kind, sizes in kinds.items() for d, draws in sizes.items()},
        "seeds": "0, 1, … for each d",
    }
    return arrays, facts


def points(sizes):
    return [{"d": d, "number": k} for d, draws in sizes.items() for k in range(draws)]


def dense_draw(d, number):
    """Of one draw, whose number is its seed: the means (4,) of `STATISTICS`, and the largest eigenvalue."""
    lam = size_model().simulate(d, number, features="equivalent").eigenvalues
    means = [np.mean(values) for values in (lam, lam**2, np.log(lam), 1 / (lam + 0.1))]
    return {"means": np.array(means), "largest": lam[-1]}


def network_draw(d, number):
    """The largest eigenvalue of one network, whose number is its seed."""
    return {"largest": size_model().simulate(d, number).eigenvalues[-1]}


def lanczos_draw(d, number):
    """The largest eigenvalue of one draw, whose number is its seed, without its matrix U."""
    draw = size_model().simulate(d, number, features="equivalent", method="lanczos", probes=1, steps=30)
    return {"largest": draw.extreme_eigenvalues(1, tolerance=TOLERANCE).eigenvalues[0]}
