"""Every public callable, with every kind of bad value for each of its arguments: a ``ValueError`` of the package that names the argument.

`TABLE` has a valid call of every public callable, in which each argument comes with its kind; `KINDS` has, for each kind, what is
refused. A callable or an argument that is missing from the table fails the test, so that none is public and unchecked.
"""

import datetime
import importlib
import inspect
import pkgutil
import re
import signal
import traceback
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import matplotlib
import mpmath
import numpy as np
import pytest
import sympy as sp

import theory
from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.simulation.backend import backend
from theory.simulation.diffusion import gaussian_score
from theory.simulation.trained import TrainedNetworks
from theory.symbolic import diagrams, resolvent_polynomial
from theory.symbolic import symbols as S
from theory.symbolic.hermite import closed_form

matplotlib.use("Agg")
PACKAGE = Path(theory.__file__).parent

# --- what is public ---------------------------------------------------------------------------------------------------

#: modules that only other modules call, with what a public callable has checked
INSIDE_MODULES = {
    "coefficients", "continuation", "contour", "edge_search", "edges", "engine", "engine_mpmath", "ensemble", "errors",
    "general_training", "hermite_parts", "polynomial", "progress", "quadrature", "response", "saddle", "training",
    "two_resolvents", "validation", "symbolic.edge_series", "symbolic.evaluate",
}  # fmt: skip
#: the same of single names in public modules
INSIDE = {
    "bbp.threshold_at", "curve.filter_function", "outliers.exact_system", "outliers.curve_points", "outliers.has_linear_part",
    "simulation.backend.array_of", "simulation.backend.Backend", "simulation.backend.Backend.asarray",
    "simulation.backend.Backend.to_numpy", "simulation.finite.FiniteModel", "simulation.finite.gaussian_equivalent",
    "simulation.finite.shares", "simulation.loss.diagonalised", "simulation.loss.flow_filter",
    "simulation.loss.mean_square_target", "simulation.loss.quadratic_loss", "simulation.noise_average.exact",
    "simulation.noise_average.hermite_tables", "simulation.noise_average.mehler_series", "simulation.noise_average.over_times",
    "simulation.noise_average.sampled", "simulation.training.flow_matrices",
    "spectrum.Spectrum.density_or_nan", "spectrum.Spectrum.solve", "spectrum.Spectrum.solve_or_nan",
    "spectrum.Spectrum.solve_shifted", "spectrum.Spectrum.system_mpmath", "symbolic.wick.all_pairings",
    "symbolic.wick.corners", "symbolic.wick.expression", "symbolic.wick.images", "symbolic.wick.legs", "symbolic.wick.loops",
    "symbolic.wick.monomial", "symbolic.wick.planar_pairings", "timescales.curve_times", "timescales.edge_times",
    "timescales.memorization_eigenvalue", "timescales.minimum_beside", "timescales.time_grid",
}  # fmt: skip
#: classes that are returned and not made by callers
RESULTS = {
    "Atom", "BestRegularization", "Bulk", "GeneralAction", "LinearResponse", "LossCurve", "Modes", "Node", "NoiseLevel",
    "OptimiserCurve", "Outlier", "OutlierCondition", "OutlierPosition", "PhaseDiagram", "PopulationSaddlePoint", "Rainbows",
    "RidgeCurve", "SaddlePoint", "SignalCurve", "Timescales", "TrainingCurve", "TrainingShares", "Window", "ClosedForm",
}  # fmt: skip


def public():
    """Name → callable: functions, classes and their methods, of every module that is not inside."""
    found = {}
    for info in pkgutil.walk_packages(theory.__path__, "theory."):
        module = info.name.removeprefix("theory.")
        if module in INSIDE_MODULES:
            continue
        for name, item in vars(importlib.import_module(info.name)).items():
            if (
                name.startswith("_")
                or getattr(item, "__module__", None) != info.name
                or isinstance(item, activations.Activation)
            ):
                continue
            if not callable(item):
                continue
            if not (inspect.isclass(item) and name in RESULTS):
                found[f"{module}.{name}"] = item
            for method, function in vars(item).items() if inspect.isclass(item) else ():
                if not method.startswith("_") and (inspect.isfunction(function) or isinstance(function, classmethod)):
                    found[f"{module}.{name}.{method}"] = getattr(item, method)
    return {name: item for name, item in found.items() if name not in INSIDE}


# --- what is bad ------------------------------------------------------------------------------------------------------

MODEL = RandomFeatureModel(activations.erf, 2, 1.5, 0.3, Gaussian(spikes=(5.0,)))
GENERAL = RandomFeatureModel(activations.erf, 2, 1.5, TimeGrid((0.2, 0.8), (0.5, 0.5)))
SPECTRUM, GENERAL_SPECTRUM = MODEL.spectrum(), GENERAL.spectrum()
FINITE = MODEL.simulate(d=4)
NETWORKS = TrainedNetworks(RandomFeatureModel(activations.erf, 2, 1.5, 0.3), 4, [0.2, 0.4])
STATES = np.linspace(-1, 1, 8).reshape(4, 2)

#: what is no number at all
NO_NUMBER = {
    "string": "1", "bytes": b"1", "True": True, "np.True_": np.True_, "None": None, "date": datetime.datetime(2026, 1, 1),
    "datetime64": np.datetime64("2026-01-01"), "datetime64[ns]": np.datetime64(1, "ns"), "timedelta64": np.timedelta64(1, "s"),
    "dict": {}, "set": {1.0}, "object": object(), "class": int, "function": abs, "model": MODEL, "spectrum": SPECTRUM,
    "symbol": sp.Symbol("y"), "np.str_": np.str_("1"),
}  # fmt: skip
COMPLEX = {"complex": 1j, "zero imaginary part": 1 + 0j, "np.complex": np.complex128(1), "mpc": mpmath.mpc(1, 0), "I": sp.I}
NOT_FINITE = {"nan": np.nan, "inf": np.inf, "Decimal nan": Decimal("NaN"), "mpf inf": mpmath.mpf("inf"), "oo": sp.oo}
NOT_FINITE |= {"huge": 10**400, "huge fraction": Fraction(10**400), "huge digits": 10**5000}
SEQUENCES = {"list": [1.0], "array": np.array([1.0, 2.0]), "empty": []}
NO_REAL = NO_NUMBER | COMPLEX | NOT_FINITE | SEQUENCES
NEGATIVE, ZERO, HALF = {"negative": -1}, {"zero": 0}, {"2.5": 2.5, "Fraction": Fraction(5, 2)}
#: what no array is made of
NO_ARRAY = {name: value for name, value in NO_NUMBER.items() if name not in ("set",)}
NO_ARRAY |= {
    "list of strings": ["1"],
    "mixed with a truth value": [True, 1.0],
    "ragged": [[1.0], [1.0, 2.0]],
    "list of None": [None],
}
NO_ARRAY |= {
    "array of truth": np.array([True]),
    "array of strings": np.array(["1"]),
    "huge": [10**400],
    "dates": [NO_NUMBER["date"]],
}
NO_ARRAY |= {"structured": np.zeros(2, dtype=[("a", float)]), "object": np.array([object()])}
NO_CLASS = {k: v for k, v in NO_REAL.items() if k not in ("model", "spectrum", "function", "class")} | {"finite": backend()}
NO_SEQUENCE = {
    "string": "ab",
    "bytes": b"ab",
    "number": 1.0,
    "None": None,
    "dict": {1: 2},
    "set": {1.0},
    "object": object(),
    "model": MODEL,
}
BAD_ITEMS = {f"({name},)": (value,) for name, value in NO_NUMBER.items()} | {"(nan,)": (np.nan,), "(huge,)": (10**400,)}


def without(table, *names):
    return {name: value for name, value in table.items() if name not in names}


KINDS = {
    "real": NO_REAL,
    "positive": NO_REAL | NEGATIVE | ZERO,
    "non-negative": NO_REAL | NEGATIVE,
    "fraction": NO_REAL | NEGATIVE | ZERO | {"one": 1},
    "integer >= 0": NO_REAL | NEGATIVE | HALF,
    "integer": NO_REAL | NEGATIVE | ZERO | HALF,
    "processes": NO_REAL | ZERO | HALF | {"-2": -2},
    "seed": without(NO_REAL, "huge", "huge fraction", "huge digits") | NEGATIVE | HALF,
    "digits or None": without(NO_REAL, "None") | NEGATIVE | ZERO | HALF,
    "integer or None": without(NO_REAL, "None") | NEGATIVE | ZERO | HALF,
    "positive or None": without(NO_REAL, "None") | NEGATIVE | ZERO,
    "truth": {"string": "no", "0": 0, "1": 1, "None": None, "list": [], "nan": np.nan, "object": object(), "array": np.array([True])},
    "choice": without(NO_REAL, "None") | {"other": "nonsense", "None": None},
    "choice or None": without(NO_REAL, "None") | {"other": "nonsense"},
    "model": NO_CLASS | {"spectrum": SPECTRUM, "draw": FINITE, "class": RandomFeatureModel},
    "scalar model": NO_CLASS | {"spectrum": SPECTRUM, "draw": FINITE, "class": RandomFeatureModel, "general": GENERAL},
    "spectrum": NO_CLASS | {"model": MODEL, "draw": FINITE},
    "scalar spectrum": NO_CLASS | {"model": MODEL, "general": GENERAL_SPECTRUM},
    "general spectrum": NO_CLASS | {"model": MODEL, "scalar": SPECTRUM},
    "draw": NO_CLASS | {"model": MODEL, "spectrum": SPECTRUM},
    "data": NO_CLASS | {"model": MODEL, "spectrum": SPECTRUM, "class": Gaussian},
    "times": NO_CLASS | {"model": MODEL},
    "time": NO_REAL | NEGATIVE | ZERO,
    "function": {k: v for k, v in NO_REAL.items() if k not in ("function",)},
    "function or None": {k: v for k, v in NO_REAL.items() if k not in ("function", "None")},
    "reals": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf},
    "reals >= 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf, "negative": [-1.0]},
    "reals > 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf, "negative": [-1.0], "zero": [0.0]},
    "grid": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": [np.inf], "negative": [-1.0], "zero": [0.0], "empty": []},
    "decreasing": NO_ARRAY | {"complex": [1j, 0], "nan": [np.nan, 0], "increasing": [0.1, 0.2], "one": [0.1], "empty": []},
    "times > 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "zero": [0.0], "twice": [0.1, 0.1], "empty": []},
    "tau": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "negative": [-1.0]},
    "complexes": NO_ARRAY | {"nan": [np.nan], "inf": np.inf},
    "array or None": without(NO_ARRAY, "None") | {"complex": np.ones((4, 8)) * 1j, "nan": np.full((4, 8), np.nan), "shape": np.ones((3, 3))},
    "readout": NO_ARRAY | {"complex": np.ones((4, 8)) * 1j, "nan": np.full((4, 8), np.nan), "shape": np.ones((3, 3))},
    "states": NO_NUMBER | {"list": [[1.0]], "complex": STATES * 1j, "axes": np.ones(4), "truth": STATES > 0, "number": 1.0},
    "batch": NO_NUMBER | {"list": [[1.0]], "complex": STATES * 1j, "truth": STATES > 0, "number": 1.0},
    "interval": NO_SEQUENCE | BAD_ITEMS | {"one": (1.0,), "reversed": (2.0, 1.0), "strings": ("0", "1"), "nan": (0, np.nan), "three": (1, 2, 3)},
    "spectrum of data": NO_SEQUENCE | BAD_ITEMS | {"flat": (1, 2), "sum": ((1, 0.5),), "strings": (("1", "1"),), "truth": ((True, True),)},
    "positives": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"negative": (-1.0,), "zero": (0.0,), "complex": (1j,)},
    "weights": NO_SEQUENCE | BAD_ITEMS | {"negative": (1.5, -0.5), "sum": (0.5, 0.4), "zero": (1.0, 0.0)},
    "nodes": NO_SEQUENCE | BAD_ITEMS | {"negative": (1.0, -1.0), "twice": (1.0, 1.0), "empty": ()},
    "real sequence or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"length": (1.0,)},
    "positive sequence or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"length": (1.0,), "negative": (1.0, -1.0)},
    "Gram matrix": without(NO_ARRAY, "None") | {"nan": [[np.nan] * 2] * 2, "shape": [[1.0]], "negative": [[1.0, 2.0], [2.0, 1.0]]},
    "coefficients": NO_SEQUENCE | BAD_ITEMS | {"constant": (3,), "inf": (1, np.inf), "long": [1] * 100},
    "kinks": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"inf": (np.inf,)},
    "activation": {**without(NO_REAL, "function", "symbol", "string", "np.str_"), "constant": sp.Integer(1), "nonsense": "foo bar"},
    "name": {"number": 1, "list": [], "bytes": b"a"},
    "slope": NO_REAL | NEGATIVE | {"one": 1},
    "device": without(NO_REAL, "None") | {"other": "nonsense"},
    "expression": without(NO_REAL, "symbol", "I") | {"matrix": sp.eye(2), "relation": sp.Eq(S.q, 1)},
    "expressions": NO_SEQUENCE | {"strings": ("a", "b", "c"), "length": (S.q,)},
    "several expressions": NO_SEQUENCE | {"strings": ("a", "b", "c"), "no closed form": (sp.tanh(activations.x),)},
    "average": without(NO_REAL, "symbol") | {"symbol": S.q, "other integral": sp.Integral(S.q, S.q)},
    "symbolic spectrum": NO_SEQUENCE | BAD_ITEMS | {"flat": (1, 2), "empty": (), "strings": (("1", "1"),)},
    "symbolic spectrum or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"flat": (1, 2), "empty": (), "strings": (("1", "1"),)},
    "polynomial": without(NO_REAL, "symbol") | {"symbols": resolvent_polynomial(), "expression": S.q},
    "parameters": {"list": [1], "string": "ab", "strings": {"a": 1}, "number": 1.0, "nan": {S.alpha: np.nan}},
    "order": NO_REAL | NEGATIVE | HALF | {"3": 3},
    "order of figure": NO_REAL | NEGATIVE | HALF | ZERO | {"4": 4},
    "word": NO_SEQUENCE | {"numbers": (1,), "letter": ("XX",)},
    "pairs": NO_SEQUENCE | {"flat": (1, 2), "strings": (("0", "1"),), "one": ((0,),), "no pairing": ((0, 0),)},
    "columns": NO_SEQUENCE | {"other": ("nonsense",), "numbers": (1,)},
    "panel": NO_SEQUENCE | BAD_ITEMS | {"one": (1.0,), "negative": (-1.0, 1.0)},
    "diagram": without(NO_REAL) | {"type": diagrams.Diagram},
    "axes": without(NO_REAL),
    "stored": without(NO_REAL) | {"other": "nonsense"},
    "anything": {},
}  # fmt: skip


class Call(NamedTuple):
    """A valid call: on ``owner`` if it is a method; name → (value, kind)."""

    owner: object
    arguments: dict


def call(owner=None, **arguments):
    return Call(owner, arguments)


ANY_MODEL = {"model": (MODEL, "model")}
SCALAR_MODEL = {"model": (MODEL, "scalar model")}
SEED = {"seed": (0, "seed"), "device": (None, "device"), "library": (None, "choice or None")}
NO_DIGITS = {"dps": (None, "digits or None")}
OF_SPECTRUM = {"spectrum": (SPECTRUM, "scalar spectrum")}
OF_MODEL = {"finite": (FINITE, "draw")}
PAIRS, IDENTITY = ((1, 1),), ((1, 1),)
WORD = diagrams.Diagram(("WW",), ((0, 1),))
SMALL = {S.psi_p: 3, S.psi_n: 2, S.alpha: 1, S.b: 1, S.v: 1, S.s_t: 1}
TIME_STEP = {
    "loss_factor": (1.0, "positive"),
    "parameter_scale": (1.0, "real"),
    "learning_rate": (0.1, "positive"),
    "d": (5, "integer"),
}


def a_score(x, t):
    return gaussian_score(x, t, [1.0] * 4)


def axes():
    import matplotlib.pyplot as plt

    return plt.figure().gca()


TABLE = {
    # descriptions
    "data.Gaussian": call(spectrum=(PAIRS, "spectrum of data"), spikes=((5.0,), "positives")),
    "data.Gaussian.mpmath_spectrum": call(Gaussian()),
    "data.Gaussian.from_density": call(
        density=(np.ones_like, "function"), support=((0.5, 1.5), "interval"), nodes=(4, "integer")
    ),
    "data.Gaussian.power_law": call(exponent=(1.5, "positive"), condition=(30.0, "positive"), nodes=(4, "integer")),
    "mixture.Mixture": call(
        weights=((0.5, 0.5), "weights"),
        variances=((1.0, 2.0), "positive sequence or None"),
        means=(((1.0, -1.0), (-1.0, 1.0)), "Gram matrix"),
        spikes=(None, "Gram matrix"),
        spectrum=(PAIRS, "spectrum of data"),
    ),
    "mixture.Mixture.centroids": call(Mixture((1,))),
    "times.TimeGrid": call(
        nodes=((0.1, 0.5), "nodes"),
        weights=((0.5, 0.5), "weights"),
        amplitude=((1.0, 2.0), "positive sequence or None"),
        skip=((0.0, -1.0), "real sequence or None"),
    ),
    "times.TimeGrid.gauss": call(
        nodes=(2, "integer"),
        support=((0.1, 1.0), "interval"),
        density=(np.ones_like, "function or None"),
        options=(None, "anything"),
    ),
    "model.RandomFeatureModel": call(
        activation=(activations.erf, "activation"),
        psi_p=(2, "positive"),
        psi_n=(1.5, "positive"),
        t=(0.3, "time"),
        data=(Gaussian(), "data"),
        bias=(0.0, "non-negative"),
        types=(4, "integer"),
    ),
    "activations.Activation": call(
        function=(sp.tanh(sp.Symbol("x")), "activation"), name=("tanh", "name"), kinks=((), "kinks")
    ),
    "activations.Activation.mpmath": call(activations.tanh, value=(0.3, "anything")),
    "activations.leaky_relu": call(slope=(0.1, "slope")),
    "activations.polynomial": call(coefficients=((0, 1, 0.5), "coefficients")),
    "activations.hermite": call(k=(3, "integer")),
    # observables of the limit
    "model.RandomFeatureModel.coefficients": call(MODEL, **NO_DIGITS),
    "model.RandomFeatureModel.spectrum": call(MODEL),
    "model.RandomFeatureModel.training": call(MODEL, tau=([1.0], "tau")),
    "model.RandomFeatureModel.ridge": call(MODEL, zeta=([1.0], "reals >= 0")),
    "model.RandomFeatureModel.timescales": call(MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction")),
    "model.RandomFeatureModel.simulate": call(MODEL, d=(4, "integer"), seed=(0, "seed"), options=(None, "anything")),
    "spectrum.Spectrum": call(**ANY_MODEL),
    "spectrum.Spectrum.stieltjes": call(SPECTRUM, z=(-1.0, "complexes"), method=("auto", "choice"), **NO_DIGITS),
    "spectrum.Spectrum.density": call(SPECTRUM, lam=(1.0, "reals"), method=("auto", "choice")),
    "spectrum.Spectrum.atoms": call(SPECTRUM),
    "spectrum.Spectrum.outliers": call(SPECTRUM, **NO_DIGITS),
    "spectrum.Spectrum.edges": call(SPECTRUM, **NO_DIGITS),
    "spectrum.Spectrum.integrate": call(SPECTRUM, function=(np.log, "function")),
    "outliers.outliers": call(**OF_SPECTRUM, **NO_DIGITS),
    "outliers.outliers_of": call(**OF_SPECTRUM, variance=(5.0, "non-negative"), **NO_DIGITS),
    "general_outliers.direction_outliers": call(
        spectrum=(GENERAL_SPECTRUM, "general spectrum"), d=(None, "integer or None")
    ),
    "general_outliers.mean_outliers": call(spectrum=(GENERAL_SPECTRUM, "general spectrum"), d=(100, "integer")),
    "mean_outlier.mean_outlier": call(**OF_SPECTRUM, d=(100, "integer")),
    "mean_outlier.fluctuation_outliers": call(**OF_SPECTRUM),
    "mean_outlier.zeros_in_gaps": call(
        **OF_SPECTRUM, samples=(1.0, "non-negative"), noise=(1.0, "non-negative"), above=(False, "truth")
    ),
    "bbp.windows": call(**OF_SPECTRUM, **NO_DIGITS),
    "bbp.critical_spike": call(**SCALAR_MODEL, **NO_DIGITS),
    "bbp.critical_separation": call(**SCALAR_MODEL, **NO_DIGITS),
    "bbp.critical_time": call(**SCALAR_MODEL, variance=(5.0, "positive"), **NO_DIGITS),
    "bbp.critical_psi_n": call(**SCALAR_MODEL, variance=(5.0, "positive"), **NO_DIGITS),
    "signal.signal_curve": call(**SCALAR_MODEL, tau=([1.0], "tau"), variance=(5.0, "non-negative")),
    "timescales.timescales": call(**ANY_MODEL, within=(0.05, "fraction"), gap_fraction=(0.5, "fraction")),
    "early_stopping.best_regularization": call(**ANY_MODEL),
    "phase_diagram.phase_diagram": call(
        **ANY_MODEL,
        psi_n=([1.0], "grid"),
        psi_p=([2.0], "grid"),
        tau=(10.0, "positive"),
        gap=(0.1, "positive"),
        jobs=(1, "processes"),
        progress=(False, "truth"),
    ),
    "curve.check_tau": call(tau=([1.0], "tau")),
    "sweeps.stored": call(name=("outlier", "stored")),
    # conventions
    "conventions.from_green_function": call(g=(1j, "complexes")),
    "conventions.from_trace_per_dimension": call(trace=(1j, "complexes"), psi_p=(2.0, "positive")),
    "conventions.from_trace_per_sample": call(trace=(1j, "complexes"), psi_p=(2.0, "positive"), psi_n=(1.5, "positive")),
    "conventions.from_companion": call(
        companion=(1j, "complexes"), z=(1j, "complexes"), psi_p=(2.0, "positive"), psi_n=(1.5, "positive")
    ),
    "conventions.rescaled": call(stieltjes=(np.exp, "function"), factor=(2.0, "positive")),
    "conventions.spectral_parameter_from_ridge": call(ridge=(1.0, "reals >= 0")),
    "conventions.time_from_variance": call(h=(1.0, "reals >= 0")),
    "conventions.time_from_sigma": call(sigma=(1.0, "reals >= 0")),
    "conventions.time_from_alpha_bar": call(alpha_bar=(0.5, "reals > 0")),
    "conventions.time_from_betas": call(betas=([0.1, 0.2], "reals >= 0")),
    "conventions.time_from_rate": call(beta=(lambda s: 1.0 + s, "function"), s=(1.0, "non-negative")),
    "conventions.time_from_log_snr": call(log_snr=(1.0, "reals")),
    "conventions.time_from_interpolation": call(s=(0.5, "reals >= 0")),
    "conventions.noise_level": call(t=(0.5, "reals > 0")),
    "conventions.score_from_noise": call(noise=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_denoiser": call(x_t=([1.0], "reals"), denoised=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_velocity": call(x_t=([1.0], "reals"), velocity=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.score_from_variance_exploding": call(score=([1.0], "reals"), t=(0.5, "reals > 0")),
    "conventions.training_time": call(steps=(10, "reals >= 0"), **TIME_STEP),
    "conventions.gradient_steps": call(tau=(10, "reals >= 0"), **TIME_STEP),
    # simulations
    "simulation.backend.backend": call(device=("cpu", "device"), library=("numpy", "choice or None")),
    "simulation.diffusion.draw": call(variances=([1.0, 2.0], "reals >= 0"), samples=(3, "integer"), **SEED),
    "simulation.diffusion.forward": call(x=(STATES, "batch"), t=(0.3, "non-negative"), seed=(0, "seed")),
    "simulation.diffusion.gaussian_score": call(
        x=(STATES, "states"), t=(0.3, "non-negative"), eigenvalues=([1.0] * 4, "reals >= 0")
    ),
    "simulation.diffusion.two_cluster_score": call(
        x=(STATES, "states"), t=(0.3, "non-negative"), mean=([1.0] * 4, "reals"), variance=(1.0, "positive")
    ),
    "simulation.diffusion.diffused": call(variance=(1.0, "reals >= 0"), t=(0.3, "non-negative")),
    "simulation.diffusion.time_grid": call(
        start=(3.0, "positive"), stop=(0.1, "positive"), steps=(4, "integer"), spacing=("log", "choice")
    ),
    "simulation.diffusion.reverse_sde": call(
        score=(a_score, "function"),
        x=(STATES, "states"),
        times=([0.3, 0.1], "decreasing"),
        seed=(0, "seed"),
        observe=(None, "function or None"),
        progress=(False, "truth"),
    ),
    "simulation.diffusion.probability_flow": call(
        score=(a_score, "function"),
        x=(STATES, "states"),
        times=([0.3, 0.1], "decreasing"),
        method=("heun", "choice"),
        observe=(None, "function or None"),
        progress=(False, "truth"),
    ),
    "simulation.finite.simulate": call(
        **ANY_MODEL,
        **SEED,
        d=(4, "integer"),
        features=("network", "choice"),
        noise_draws=(None, "integer or None"),
        biases=("quantiles", "choice"),
    ),
    "simulation.finite.kinds_of_samples": call(data=(Gaussian(), "data"), d=(4, "integer")),
    "simulation.finite.covariance_eigenvalues": call(data=(Gaussian(), "data"), d=(4, "integer")),
    "simulation.finite.FiniteModel.stieltjes": call(FINITE, z=(-1.0, "complexes")),
    "simulation.finite.FiniteModel.training": call(FINITE, tau=([1.0], "tau")),
    "simulation.loss.modes": call(**OF_MODEL),
    "simulation.loss.train_loss": call(**OF_MODEL, A=(np.zeros((4, 8)), "readout")),
    "simulation.loss.gradient": call(**OF_MODEL, A=(np.zeros((4, 8)), "readout")),
    "simulation.loss.gradient_flow": call(**OF_MODEL, tau=([1.0], "tau"), initial=(None, "array or None")),
    "simulation.loss.train_loss_along_flow": call(**OF_MODEL, tau=([1.0], "tau")),
    "simulation.loss.relaxation_times": call(**OF_MODEL, eigenvalues=([1.0], "real sequence >= 0 or None")),
    "simulation.noise_average.nodes": call(times=(TimeGrid((0.1,), (1,)), "times")),
    "simulation.optimisers.stable_step": call(**OF_MODEL),
    "simulation.optimisers.optimise": call(
        **OF_MODEL,
        steps=(2, "integer"),
        optimiser=("adam", "choice"),
        learning_rate=(None, "positive or None"),
        batch=(None, "integer or None"),
        seed=(0, "seed"),
        records=(2, "integer"),
        progress=(False, "truth"),
    ),
    "simulation.trained.TrainedNetworks": call(**ANY_MODEL, **SEED, d=(4, "integer"), times=([0.1, 0.2], "times > 0")),
    "simulation.trained.TrainedNetworks.readouts": call(NETWORKS, tau=(1.0, "tau")),
    "simulation.trained.TrainedNetworks.score": call(NETWORKS, tau=(1.0, "tau")),
    "simulation.trained.TrainedNetworks.top_overlaps": call(NETWORKS, coordinate=(0, "integer >= 0")),
    "simulation.trained.trained_score": call(
        **ANY_MODEL, **SEED, d=(4, "integer"), times=([0.1, 0.2], "times > 0"), tau=(1.0, "tau")
    ),
    "simulation.training.population": call(**OF_MODEL),
    "simulation.training.initial_test_loss": call(**ANY_MODEL, d=(4, "integer")),
    "simulation.training.exact_score_loss": call(**ANY_MODEL, d=(4, "integer")),
    "simulation.training.score_error": call(**ANY_MODEL, d=(4, "integer"), test=(1.0, "reals")),
    "simulation.training.flow_curve": call(**OF_MODEL, tau=([1.0], "tau")),
    # derivations
    "symbolic.action.single_replica_action": call(
        q=(S.q, "expression"), r=(S.r, "expression"), rho_hat=(S.rho_hat, "expression")
    ),
    "symbolic.action.replicated_action": call(n=(sp.Symbol("n"), "expression"), off_diagonal=((0, 0, 0), "expressions")),
    "symbolic.action.replica_limit": call(off_diagonal=(sp.symbols("x y z"), "expressions")),
    "symbolic.action.action": call(),
    "symbolic.diagrams.Diagram": call(word=(("WW",), "word"), pairs=(((0, 1),), "pairs"), spike=(False, "truth")),
    "symbolic.diagrams.Diagram.equivalents": call(WORD),
    "symbolic.diagrams.diagrams": call(k=(1, "integer"), spike=(False, "truth"), planar=(True, "truth")),
    "symbolic.diagrams.up_to_symmetry": call(k=(1, "integer"), spike=(False, "truth")),
    "symbolic.diagrams.draw": call(
        diagram=(WORD, "diagram"), ax=(axes(), "axes"), multiplicity=(1, "integer"), title=(True, "truth")
    ),
    "symbolic.diagrams.draw_leading": call(
        order=(1, "order of figure"), spike=(False, "truth"), columns=(4, "integer"), panel=((2.2, 1.5), "panel")
    ),
    "symbolic.elimination.eliminate": call(),
    "symbolic.elimination.polynomial_factors": call(),
    "symbolic.elimination.resolvent_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum")),
    "symbolic.elimination.edge_polynomial": call(
        polynomial=(sp.Poly(resolvent_polynomial().as_expr().subs(SMALL), S.q, S.z), "polynomial")
    ),
    "symbolic.expansion.expansion": call(
        equations=((1 + S.q * S.z, S.delta), "expressions"), order=(1, "integer"), transform=(S.q, "expression")
    ),
    "symbolic.general_action.general_action": call(types=(1, "integer"), kinds=(1, "integer"), times=(1, "integer")),
    "symbolic.general_action.stationarity": call(types=(1, "integer"), kinds=(1, "integer"), times=(1, "integer")),
    "symbolic.gradient_flow.loss_in_components": call(dimension=(1, "integer"), features=(2, "integer")),
    **{
        f"symbolic.gradient_flow.{name}": call()
        for name in ("loss", "gradient", "flow", "mode_equation", "mode", "mode_loss", "relaxation_time")
    },
    "symbolic.hermite.ClosedForm.mu_squared": call(closed_form(activations.x), k=(2, "integer >= 0")),
    "symbolic.hermite.ClosedForm.slope_variance": call(closed_form(activations.x)),
    "symbolic.hermite.latex_table": call(expressions=((activations.x,), "several expressions"), columns=(("a",), "columns")),
    "symbolic.hermite.closed_form": call(expression=(activations.x, "expression")),
    "symbolic.hermite.moment": call(n=(4, "integer >= 0")),
    "symbolic.marchenko_pastur.single_replica_action": call(q=(S.q, "expression")),
    "symbolic.marchenko_pastur.replicated_action": call(n=(sp.Symbol("n"), "expression"), off_diagonal=(S.r, "expression")),
    "symbolic.marchenko_pastur.replica_limit": call(off_diagonal=(S.r, "expression")),
    "symbolic.marchenko_pastur.resolvent_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum")),
    **{
        f"symbolic.marchenko_pastur.{name}": call()
        for name in (
            "action",
            "population_action",
            "saddle_point",
            "eliminate",
            "edges",
            "resolvent",
            "density",
            "atom",
            "log_determinant",
        )
    },
    "symbolic.outlier.outlier_condition": call(),
    "symbolic.outlier.outlier_position": call(),
    "symbolic.outlier.response_to_atom": call(expression=(S.average(S.lam), "expression"), eigenvalue=(S.lam, "expression")),
    "symbolic.outlier.outlier_polynomial": call(spectrum=(IDENTITY, "symbolic spectrum"), parameters=(SMALL, "parameters")),
    "symbolic.rainbows.geometric_sum": call(first=(S.q, "expression"), rest=(S.r, "expression")),
    "symbolic.rainbows.rainbows": call(),
    "symbolic.saddle_point.saddle_point": call(),
    "symbolic.saddle_point.constants_out": call(expression=(S.average(S.lam * S.q), "expression")),
    "symbolic.symbols.average": call(expression=(S.lam, "expression")),
    "symbolic.symbols.integrand": call(integral=(S.average(S.lam), "average")),
    "symbolic.symbols.without_empty_averages": call(expression=(S.average(S.lam), "expression")),
    "symbolic.symbols.discretise": call(
        expression=(S.average(S.lam), "expression"), spectrum=(IDENTITY, "symbolic spectrum")
    ),
    "symbolic.two_bulks.atom": call(),
    "symbolic.two_bulks.leading_factors": call(scale=("sample", "choice")),
    "symbolic.two_bulks.population_law_edges": call(),
    "symbolic.two_bulks.sample_bulk": call(order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum or None")),
    "symbolic.two_bulks.population_bulk": call(
        order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum"), index=(0, "integer >= 0")
    ),
    "symbolic.two_bulks.memorizing_bulk": call(
        order=(0, "order"), spectrum=(IDENTITY, "symbolic spectrum"), index=(0, "integer >= 0")
    ),
    "symbolic.two_bulks.memorizing_threshold": call(eigenvalue=(1, "expression")),
    "symbolic.two_bulks.training_shares": call(),
    "symbolic.two_resolvents.doubled_action": call(),
    "symbolic.two_resolvents.linear_response": call(),
    "symbolic.two_resolvents.population_response": call(),
    "symbolic.wick.moment": call(k=(2, "integer >= 0")),
    "symbolic.wick.words": call(k=(1, "integer")),
    "symbolic.wick.leading": call(k=(1, "integer"), spike=(False, "truth")),
    "symbolic.wick.brute_force": call(k=(1, "integer"), spike=(False, "truth")),
}
KINDS["real sequence >= 0 or None"] = without(KINDS["reals >= 0"], "None")

#: seconds after which a call hangs
LIMIT = 2.0
#: arguments whose valid value is given for each call anew, and types of numbers that count as real
NUMBERS = {
    "int": int, "float": float, "np.float32": np.float32, "np.float64": np.float64, "array": np.array, "Fraction": Fraction,
    "Decimal": lambda x: Decimal(str(x)), "mpf": mpmath.mpf, "Rational": lambda x: sp.Rational(str(x)), "Float": sp.Float,
    "np.longdouble": np.longdouble,
}  # fmt: skip
INTEGERS = {
    "np.int8": np.int8,
    "np.uint64": np.uint64,
    "float": float,
    "Integer": sp.Integer,
    "Fraction": Fraction,
    "mpf": mpmath.mpf,
}
INTEGERS |= {"Decimal": Decimal, "array": np.array}
REAL_KINDS = {"real", "positive", "non-negative", "fraction", "time", "slope", "positive or None"}
INTEGER_KINDS = {
    "integer",
    "integer >= 0",
    "seed",
    "order",
    "order of figure",
    "integer or None",
    "digits or None",
    "processes",
}


class Hang(Exception):
    """A call took longer than `LIMIT`."""


def hang(*_):
    raise Hang


def invoke(name, arguments):
    """Call it, within `LIMIT`."""
    function, owner = FUNCTIONS[name], TABLE[name].owner
    bound = {key: value for key, value in arguments.items() if not (key == "options" and value is None)}
    signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        return function(**bound) if owner is None else function(owner, **bound)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


FUNCTIONS = public()


def complaint(name, argument, value):
    """What is wrong with how a bad value is refused; None where nothing is."""
    valid = {key: item for key, (item, _) in TABLE[name].arguments.items()}
    try:
        invoke(name, valid | {argument: value})
    except Hang:
        return "hangs"
    except (ValueError, TypeError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1].filename
        if not Path(where).is_relative_to(PACKAGE):
            return f"{type(error).__name__} of {where}: {error}"
        return None if re.search(rf"\b{argument}\b", str(error)) else f"does not name it: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def test_every_public_callable_is_in_the_table():
    assert sorted(FUNCTIONS) == sorted(TABLE)
    for name, function in FUNCTIONS.items():
        own = set(inspect.signature(function).parameters) - {"self"}
        assert own == set(TABLE[name].arguments), name
        assert all(kind in KINDS for _, kind in TABLE[name].arguments.values()), name


def test_what_is_inside_exists():
    modules = {info.name.removeprefix("theory.") for info in pkgutil.walk_packages(theory.__path__, "theory.")}
    assert modules >= INSIDE_MODULES
    for name in INSIDE:
        module, _, item = name.rpartition(".")
        owner = importlib.import_module(f"theory.{module}") if module in modules else None
        if owner is None:  # a method
            module, _, owner = module.rpartition(".")
            owner = getattr(importlib.import_module(f"theory.{module}"), owner)
        assert hasattr(owner, item), name


SLOW = {"model.RandomFeatureModel.timescales", "timescales.timescales", "early_stopping.best_regularization"}


@pytest.mark.parametrize("name", TABLE)
def test_bad_values_are_refused_by_name(name):
    found = {}
    for argument, (_, kind) in TABLE[name].arguments.items():
        for label, value in KINDS[kind].items():
            wrong = complaint(name, argument, value)
            if wrong is not None:
                found[f"{argument} = {label}"] = wrong
    assert not found, "\n".join(f"{key}: {wrong}" for key, wrong in found.items())
