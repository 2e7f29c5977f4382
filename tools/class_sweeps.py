"""The sweeps of classes that learn at different times: the times class by class, the reversal of their order, networks of finite size.

Called by `tools/sweeps.py`, which writes what they return.
"""

import time
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from theory import Mixture, RandomFeatureModel, activations
from theory.training import class_times, reversal_line

#: where the draws of an unfinished sweep lie
DRAWS = Path(__file__).resolve().parent.parent / "_build" / "sweeps"

#: name → weight of the first class, variances, |m_c|²/d
ORDER_MODELS = {
    "baseline": (0.5, (0.5, 0.5), (1, 1)),
    "variances": (0.5, (0.5, 0.25), (1, 1)),
    "norms": (0.5, (0.5, 0.5), (1, 2.25)),
    "weights 0.7": (0.7, (0.5, 0.5), (1, 1)),
    "weights 0.9": (0.9, (0.5, 0.5), (1, 1)),
    "no centroids": (0.5, (0.5, 0.25), (0, 0)),
    "variances, minority wide": (0.1, (0.5, 0.25), (1, 1)),
    "variances, minority narrow": (0.9, (0.5, 0.25), (1, 1)),
}

#: model of `ORDER_MODELS` → dimension → draws
CURVES = {"baseline": {25: 16, 50: 4, 100: 3}, "variances": {50: 2, 100: 2}}


def order_model(weight, variances, norms, types):
    means = tuple(map(tuple, np.diag(norms))) if any(norms) else None
    data = Mixture((weight, 1 - weight), variances, means)
    return RandomFeatureModel(activations.tanh, 60, 30, 0.01, data, types=types)


def sweep_class_order():
    """Times class by class, one change after another from two equal clusters: tanh, ψ_p = 60, ψ_n = 30, t = 0.01.

    Arrays: ``names`` of the models, ``weights`` (models,) of the first class, ``variances`` (models, 2), ``norms`` |m_c|²/d (models, 2);
    ``times`` (2, models, 2, 4) are τ_gen, τ_mem, τ_best and the best test loss of both classes, with 32 nodes in each direction of the
    centroids and with certified types; ``types`` (2, models) is the number of types of each, ``error`` (models,) what the certified ones
    leave in the losses.
    """
    start, names = time.process_time(), list(ORDER_MODELS)
    weights, variances, norms = (np.array(column, float) for column in zip(*ORDER_MODELS.values(), strict=True))
    models = [[order_model(*ORDER_MODELS[name], types) for name in names] for types in (32, "auto")]
    times = [[class_times(model) for model in row] for row in models]
    found = [[model.spectrum().discretisation for model in row] for row in models]
    arrays = {"names": np.array(names), "weights": weights, "variances": variances, "norms": norms, "times": np.array(times)}
    arrays["types"] = np.array([[each.types for each in row] for row in found])
    arrays["error"] = np.array([each.errors.get("losses", 0.0) for each in found[1]])
    return arrays, {"seconds of one core": round(time.process_time() - start), "centroids": "orthogonal"}


def sweep_reversal():
    """The share of the first of two classes with one centroid at which the order of memorization reverses: tanh, ψ_p = 60, ψ_n = 30, t = 0.01.

    Arrays: ``shares`` (40,) for the ``ratios`` σ_2²/σ_1² (40,), NaN where it does not, and ``first`` (40, 2), the class that is memorized
    first at the shares 0.01 and 0.99; ``learned_ratios`` (4,) and ``learned`` (4, 2) are the same of generalization. σ_1² = 0.5.
    """
    start, cpu = time.perf_counter(), time.process_time()
    ratios = np.concatenate([np.geomspace(0.2, 0.92, 20), np.geomspace(1.1, 5, 20)])
    plain = order_model(*ORDER_MODELS["no centroids"], 1)
    line = reversal_line(plain, ratios, jobs=1)
    elapsed = {"seconds": round(time.perf_counter() - start, 1), "seconds of CPU": round(time.process_time() - cpu, 1)}
    learned = reversal_line(plain, ratios[4::10], "generalization", jobs=1)
    arrays = {"ratios": ratios, "shares": line.shares, "first": line.first}
    arrays |= {"learned_ratios": learned.ratios, "learned": learned.first}
    return arrays, elapsed


def sweep_class_curves():
    """Train and test loss class by class of networks at finite size, trained on two classes: tanh, ψ_p = 60, ψ_n = 30, t = 0.01.

    Arrays: ``tau`` (times,), and for each model of `CURVES` and each d ``MODEL_d`` (draws, 2, 2, times), the loss (train, test) of each
    class; ``theory_MODEL`` (2, 2, times) its limit by certified types. A finished draw is kept in `DRAWS`, so that a
    sweep that was interrupted goes on; the folder may be removed then.
    """
    arrays, seconds, certificates = {"tau": np.geomspace(1, 1e8, 97)}, {}, {}
    for name, sizes in CURVES.items():
        for d, draws in sizes.items():
            found = [kept_draw(name, d, seed, arrays["tau"]) for seed in range(draws)]
            arrays[f"{name}_{d}"] = np.array([losses for losses, _ in found], np.float32)
            seconds[f"{name}, d = {d}"] = [round(each) for _, each in found]
        model = order_model(*ORDER_MODELS[name], "auto")
        arrays[f"theory_{name}"] = losses_by_class(model.training(arrays["tau"]))
        certificates[name] = asdict(model.spectrum().discretisation)
    return arrays, {"seconds of one core": seconds, "seeds": "0, 1, … for each model and d", "types": certificates}


def losses_by_class(curve):
    """(train, test) of each class, (2, C, times)."""
    return np.array([curve.train_by_class, curve.test_by_class])


def kept_draw(name, d, seed, tau):
    """(losses (2, 2, times), seconds) of one draw, read from `DRAWS` if they are there, else computed and written."""
    model = order_model(*ORDER_MODELS[name], 1)
    # a draw of another model or at other times is another file
    path = DRAWS / f"{name}_{d}_{seed}_{zlib.crc32(repr((model, tau.tolist())).encode()):08x}.npz"
    if not path.exists():
        start = time.process_time()
        losses = losses_by_class(model.simulate(d, seed).training(tau))
        DRAWS.mkdir(parents=True, exist_ok=True)
        np.savez(path, losses=losses, seconds=time.process_time() - start)
    with np.load(path) as archive:
        return archive["losses"], float(archive["seconds"])
