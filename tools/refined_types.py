"""The error that refined types claim against the one they have, on random mixtures (python tools/refined_types.py [--models N] [--seconds S]).

Two to four kinds of unequal variances, whose far centroids span one direction or two, some with biases: q(z) of ``types="auto"`` at points
below, beside and above the spectrum, against levels three further (two, in two directions) than the one it was taken from. Prints each point
that is worse than those before, and the worst ratio (actual − rounding)/claimed; above 1 is an error claimed too small, and the exit status.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
import random_models

from theory import ConvergenceError

#: relative rounding of q: what the certified residual of 1e-11 leaves
ROUNDING = 1e-10
#: the smoother part of the catalogue, and those with a corner
ACTIVATIONS = ("A.tanh", "A.erf", "A.relu", "A.gelu", "A.sin", "A.softplus")


def expression(seed, index):
    """A random mixture whose labels have one direction or two."""
    rng = np.random.default_rng((seed, index))
    kinds, directions = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    biased = directions == 2 and rng.random() < 0.5
    centroids = np.round(rng.normal(scale=rng.uniform(0.3, 1.5), size=(kinds, directions - biased)), 2)
    centroids[0, 0] = centroids[0, 0] or 0.5
    gram = tuple(tuple(float(x) for x in row) for row in np.round(centroids @ centroids.T, 4))
    variances = tuple(float(x) for x in np.round(np.exp(rng.uniform(np.log(0.2), np.log(2), kinds)), 3))
    shares = np.round(100 * (0.8 * rng.dirichlet(2 * np.ones(kinds)) + 0.2 / kinds)).astype(int)
    shares[np.argmax(shares)] += 100 - shares.sum()
    weights = tuple(float(share / 100) for share in shares)
    psi_p, psi_n, t = (float(f"{np.exp(rng.uniform(*np.log(ends))):.4g}") for ends in ((0.5, 40), (0.5, 20), (0.02, 1)))
    bias = f", bias={float(np.round(rng.uniform(0.2, 2), 2))}" if biased else ""
    return (
        f"RandomFeatureModel({rng.choice(ACTIVATIONS)}, {psi_p}, {psi_n}, {t}, "
        f"Mixture({weights}, variances={variances}, means={gram}){bias})"
    )


def compared(text, rng):
    """Rows (z, claimed, actual) of a model, with NaN for both where types are refused."""
    spectrum = random_models.build(text).spectrum()
    mean = float(spectrum.system.ensemble.p @ spectrum.system.ensemble.second_moments)
    points = mean * np.array(
        [-np.exp(rng.uniform(-5, 1)), rng.uniform(0, 3) + 1j * np.exp(rng.uniform(-4, 0)), rng.uniform(0.3, 1.5)]
    )
    rows = []
    for z in points:
        spectrum.levels.errors.pop("stieltjes", None)
        try:
            q = spectrum.stieltjes(z)
        except ConvergenceError:
            rows.append((z, np.nan, np.nan))
            continue
        taken = spectrum.levels.reached["stieltjes"]
        fine = spectrum.levels.spectrum(taken + 4 - spectrum.levels.directions).stieltjes(z)
        rows.append((z, spectrum.discretisation.errors["stieltjes"], abs(q / fine - 1)))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600.0, help="of wall clock, after which no model is begun")
    options = parser.parse_args()
    begin, worst, refused, count = time.monotonic(), 0.0, 0, 0
    for index in range(options.models):
        if time.monotonic() - begin > options.seconds:
            break
        text = expression(options.seed, index)
        try:
            rows = compared(text, np.random.default_rng((options.seed, index, 1)))
        except ConvergenceError as error:
            print(f"{index:4d} {error.reason} {text}", flush=True)
            refused += 1
            continue
        refused += sum(np.isnan(claimed) for _, claimed, _ in rows)
        for z, claimed, actual in rows:
            if np.isnan(claimed):
                continue
            count += 1
            ratio = max(actual - ROUNDING, 0) / claimed
            if ratio > worst:
                worst = ratio
                print(
                    f"{index:4d} z = {z:.6g}: claimed {claimed:.1e}, actual {actual:.1e}, ratio {ratio:.2g}  {text}",
                    flush=True,
                )
    print(f"{index + 1} models, {count} points, {refused} refused; worst ratio {worst:.3g}")
    return worst > 1


if __name__ == "__main__":
    sys.exit(main())
