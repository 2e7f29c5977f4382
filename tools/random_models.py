"""Random models as one-line expressions: what `tools/fuzz.py` tries, and what a report quotes to be pasted into a shell.

Each model has a generator of its own, seeded with (seed, kind, index): one of them is made again without the others.
"""

import numpy as np

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A

NAMES = {"A": A, "Gaussian": Gaussian, "Mixture": Mixture, "RandomFeatureModel": RandomFeatureModel, "TimeGrid": TimeGrid}
#: every activation of the catalogue
ACTIVATIONS = (
    *("A.tanh", "A.erf", "A.relu", "A.sin", "A.cos", "A.sign", "A.linear", "A.gelu", "A.softplus", "A.silu"),
    *("A.leaky_relu(0.01)", "A.leaky_relu(0.99)", "A.hermite(2)", "A.hermite(3)", "A.hermite(4)"),
    *("A.polynomial((0, 1, 0, 0.5))", "A.polynomial((1, 0.3, 0.2))", "A.polynomial((0, 1e-4, 1))"),
)
#: ranges, drawn from logarithmically
PSI, TIME, EIGENVALUE = (1e-3, 1e5), (1e-6, 40.0), (1e-3, 1e2)
#: narrower ones of general models, whose cost grows with what they resolve
GENERAL_PSI, GENERAL_TIME = (1e-2, 1e3), (1e-4, 40.0)


def _log_uniform(rng, low, high):
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.6g}")


def _shares(rng, count):
    """``count`` weights with sum 1, as short decimals."""
    shares = np.maximum(1, np.round(1e3 * rng.dirichlet(np.ones(count)))).astype(int)
    shares[np.argmax(shares)] += 1000 - shares.sum()
    return tuple(float(share / 1000) for share in shares)


def _spectrum(rng, most):
    count = int(rng.integers(1, most + 1))
    values = [1.0] if count == 1 and rng.random() < 0.6 else [_log_uniform(rng, *EIGENVALUE) for _ in range(count)]
    if count > 1 and rng.random() < 0.15:
        values[0] = 0.0
    return tuple(zip(values, _shares(rng, count), strict=True))


def scalar_model(rng):
    """One type, one kind, one time: 1–5 eigenvalues of the covariance, 0–2 spikes."""
    spikes = tuple(_log_uniform(rng, 1e-2, 1e6) for _ in range(rng.integers(0, 3)))
    return (
        f"RandomFeatureModel({rng.choice(ACTIVATIONS)}, {_log_uniform(rng, *PSI)}, {_log_uniform(rng, *PSI)}, "
        f"{_log_uniform(rng, *TIME)}, Gaussian({_spectrum(rng, 5)}, {spikes}))"
    )


def general_model(rng):
    """Some of: a grid of up to three times, a bias, up to three kinds with variances, with means or spikes; 3–6 nodes for types."""
    times, kinds = (int(x) for x in rng.integers(1, 4, 2))
    with_bias = rng.random() < 0.4 or times == kinds == 1
    nodes = tuple(sorted({_log_uniform(rng, *GENERAL_TIME) for _ in range(times)}))
    t = nodes[0] if times == 1 else f"TimeGrid({nodes}, {_shares(rng, len(nodes))})"
    data = f"Gaussian({_spectrum(rng, 2)})"
    if kinds > 1:
        variances = tuple(_log_uniform(rng, 0.1, 10) for _ in range(kinds))
        centroids = np.round(rng.standard_normal((kinds, int(rng.integers(1, kinds)))), 2)
        gram = tuple(tuple(float(x) for x in row) for row in np.round(centroids @ centroids.T, 6))
        place = rng.choice(["", "", f", means={gram}", f", spikes={gram}"])
        spectrum = "" if "spikes" in place else f", spectrum={_spectrum(rng, 2)}"
        data = f"Mixture({_shares(rng, kinds)}, {variances}{place}{spectrum})"
    extra = f", bias={_log_uniform(rng, 0.1, 3)}" if with_bias else ""
    psi = ", ".join(str(_log_uniform(rng, *GENERAL_PSI)) for _ in range(2))
    return f"RandomFeatureModel({rng.choice(ACTIVATIONS)}, {psi}, {t}, {data}{extra}, types={rng.integers(3, 7)})"


KINDS = {"scalar": scalar_model, "general": general_model}


def expression(seed, kind, index):
    """The model number ``index`` of a kind, as an expression."""
    return KINDS[kind](np.random.default_rng((seed, list(KINDS).index(kind), index)))


def build(text):
    """The model that an expression describes."""
    return eval(text, NAMES)  # our own expressions


__all__ = ["ACTIVATIONS", "KINDS", "build", "expression"]
