"""The sweeps of classes that learn at different times: the times class by class, the reversal of their order, networks of finite size.

Called by `tools/sweeps.py`, which writes what they return.
"""

import artefacts
import numpy as np

from theory import Mixture, RandomFeatureModel, activations
from theory.simulation import sweep_provenance
from theory.training import class_times, reversal_line

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
#: the training times of the curves
TAU = np.geomspace(1, 1e8, 97)
#: ratios of the second variance to the first, for the two times
REVERSED = np.concatenate([np.geomspace(0.2, 0.92, 20), np.geomspace(1.1, 5, 20)])
RATIOS = {"memorization": REVERSED, "generalization": REVERSED[4::10]}


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
    names = list(ORDER_MODELS)
    weights, variances, norms = (np.array(column, float) for column in zip(*ORDER_MODELS.values(), strict=True))
    table = artefacts.made(order_times, {"rule": ("fixed", "certified"), "name": names}, "class_order")
    arrays = {"names": np.array(names), "weights": weights, "variances": variances, "norms": norms}
    arrays |= {"times": table.times.values, "types": table.types.values, "error": table.error.values[1]}
    return arrays, {"seconds of one core": round(artefacts.seconds(table)), "centroids": "orthogonal"}


def order_times(rule, name):
    """The times (2, 4) of a model of `ORDER_MODELS`, its types, and what they leave in the losses."""
    model = order_model(*ORDER_MODELS[name], "auto" if rule == "certified" else 32)
    times, found = np.array(class_times(model)), model.spectrum().discretisation
    return {"times": times, "types": found.types, "error": found.errors.get("losses", 0.0)}


def sweep_reversal():
    """The share of the first of two classes with one centroid at which the order of memorization reverses: tanh, ψ_p = 60, ψ_n = 30, t = 0.01.

    Arrays: ``shares`` (40,) for the ``ratios`` σ_2²/σ_1² (40,), NaN where it does not, and ``first`` (40, 2), the class that is memorized
    first at the shares 0.01 and 0.99; ``learned_ratios`` (4,) and ``learned`` (4, 2) are the same of generalization. σ_1² = 0.5.
    """
    points = [{"times": times, "ratio": ratio} for times, ratios in RATIOS.items() for ratio in ratios.tolist()]
    table = artefacts.made(reversal_at, points, "reversal")
    line, learned = (table.isel(point=(table.times == times).values) for times in RATIOS)
    arrays = {"ratios": RATIOS["memorization"], "shares": line.share.values, "first": line["first"].values}
    arrays |= {"learned_ratios": RATIOS["generalization"], "learned": learned["first"].values}
    return arrays, {"seconds of one core": artefacts.seconds(table)}


def reversal_at(times, ratio):
    """The share at which the order of ``times`` reverses for one ratio of variances, and which class is first at both ends."""
    line = reversal_line(order_model(*ORDER_MODELS["no centroids"], 1), [ratio], times, jobs=1, progress=False)
    return {"share": line.shares[0], "first": line.first[0]}


def sweep_class_curves():
    """Train and test loss class by class of networks at finite size, trained on two classes: tanh, ψ_p = 60, ψ_n = 30, t = 0.01.

    Arrays: ``tau`` (times,), and for each model of `CURVES` and each d ``MODEL_d`` (draws, 2, 2, times), the loss (train, test) of each
    class; ``theory_MODEL`` (2, 2, times) its limit by certified types.
    """
    points = [
        {"name": name, "d": d, "number": number}
        for name, sizes in CURVES.items()
        for d, draws in sizes.items()
        for number in range(draws)
    ]
    table = artefacts.made(class_draw, points, "class_curves_draws")
    spent = np.array([record["seconds"] for record in sweep_provenance(artefacts.STORES / "class_curves_draws")])
    limits = artefacts.made(class_limit, {"name": tuple(CURVES)}, "class_curves_limits")
    arrays, seconds, certificates = {"tau": TAU}, {}, {}
    for name, sizes in CURVES.items():
        for d in sizes:
            these = ((table.name == name) & (table.d == d)).values
            arrays[f"{name}_{d}"] = table.value.values[these].astype(np.float32)
            seconds[f"{name}, d = {d}"] = [round(each) for each in spent[these].tolist()]
        limit = limits.sel(name=name)
        arrays[f"theory_{name}"] = limit.losses.values
        errors = {what: float(limit[f"{what}_error"]) for what in ("probes", "losses")}
        certificates[name] = {"types": int(limit.types), "times": int(limit.times), "errors": errors}
    return arrays, {"seconds of one core": seconds, "seeds": "0, 1, … for each model and d", "types": certificates}


def class_draw(name, d, number):
    """The losses (2, 2, times) by class of one draw, whose number is its seed."""
    return losses_by_class(order_model(*ORDER_MODELS[name], 1).simulate(d, number).training(TAU))


def class_limit(name):
    """Their limit by certified types, and what those are."""
    model = order_model(*ORDER_MODELS[name], "auto")
    losses, found = losses_by_class(model.training(TAU)), model.spectrum().discretisation
    errors = {f"{what}_error": found.errors[what] for what in ("probes", "losses")}
    return {"losses": losses, "types": found.types, "times": found.times, **errors}


def losses_by_class(curve):
    """(train, test) of each class, (2, C, times)."""
    return np.array([curve.train_by_class, curve.test_by_class])
