"""Every public callable, with every kind of bad value for each of its arguments: a ``ValueError`` of the package that names the argument.

`public_calls.TABLE` has a valid call of every public callable, in which each argument comes with its kind; `bad_values.KINDS` has, for
each kind, what is refused. A callable or an argument that is missing from the table fails the test, so that none is public and unchecked.
"""

import inspect
import pkgutil
import re
import signal
import traceback
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy as sp
from bad_values import KINDS
from faces import UNCHECKED, faces, named_by, unchecked
from public_calls import TABLE

import theory
from theory import activations

PACKAGE = Path(theory.__file__).parent

# --- what is public: what `theory` and its namespaces name ---------------------------------------------------------------

#: functions that no face names and that are checked all the same: every τ passes through the one, a method hands on to the other
BESIDE = {"filters.check_tau", "simulation.time_nodes.nodes", "training.timescales.timescales"}
#: names of a face that only other modules call, with what a public callable has checked
INSIDE = {
    "RandomFeatureModel.coefficients_mpmath", "Gaussian.holds", "Gaussian.mpmath_spectrum", "Gaussian.resolved",
    "activations.Activation.check_digits", "activations.Activation.evaluate",
    "simulation.Backend", "simulation.Backend.asarray", "simulation.Backend.own",
    "simulation.Backend.to_float64", "simulation.Backend.to_numpy", "simulation.FiniteModel",
    "simulation.LanczosModel",
    "simulation.loss.flow_filter", "simulation.loss.quadratic_loss",
    "simulation.noise_average.over_times",
    "spectrum.quadrature", "spectrum.Spectrum.solve", "spectrum.Spectrum.solve_at",
    "symbolic.wick.all_pairings", "symbolic.wick.corners", "symbolic.wick.expression", "symbolic.wick.images",
    "symbolic.wick.legs", "symbolic.wick.loops", "symbolic.wick.monomial", "symbolic.wick.planar_pairings",
    "training.filter_function", "training.remainder",
}  # fmt: skip
#: classes that are returned and not made by callers
RESULTS = {
    "Atom", "BestRegularization", "Bulk", "ClassResponse", "ClassSeparation", "ClassStatistics", "ClosedForm", "Conditions",
    "ConvergenceError", "CurveTimes", "EdgeFluctuation", "Estimate", "Exponent", "FreshCrossEntropy", "GeneralAction",
    "GenerationStatistics", "Images", "Kind", "LateLimit", "LinearResponse", "LinearStage", "LossByGroups", "ManifoldAverages", "Modes",
    "Neighbours", "NoiseLevel", "OptimiserCurve", "Outlier", "OutlierCondition", "OutlierPosition", "OwnWeights", "PassLogarithm",
    "PhaseDiagram", "Plateau", "PopulationSaddlePoint", "Preconditioning", "Rainbows", "RandomEnergies", "Record", "ReversalLine",
    "RidgeCurve", "Run", "SaddlePoint", "SampleRates", "Separation", "SignalCurve", "Standardisation", "SweepError", "Timescales",
    "TrainedScores", "TrainingCurve", "TrainingImages", "TrainingShares", "TwoCentroids", "Weights", "Window",
}  # fmt: skip


def with_methods(path, item):
    """Path → callable, of a function, or of a class (but where it is a result) and its methods, those of the package's mixins included."""
    if not (inspect.isclass(item) and item.__name__ in RESULTS):
        yield path, item
    classes = [c for c in item.__mro__[::-1] if c.__module__.startswith("theory.")] if inspect.isclass(item) else []
    for name, method in dict(pair for c in classes for pair in vars(c).items()).items():
        if not name.startswith("_") and (inspect.isfunction(method) or isinstance(method, classmethod)):
            yield f"{path}.{name}", getattr(item, name)


def public():
    """Path → callable: the functions, the classes and their methods that a face names, each under the first of its paths."""
    found, seen = {}, set()
    for path, module in faces().items():
        for name, item in () if unchecked(path) else named_by(module).items():
            if callable(item) and not isinstance(item, activations.Activation) and id(item) not in seen:
                seen.add(id(item))
                found.update(with_methods(f"{path}.{name}".lstrip("."), item))
    return {name: item for name, item in found.items() if name not in INSIDE} | {name: at(name) for name in BESIDE}


def at(path):
    """The item under a path below `theory`."""
    return pkgutil.resolve_name(f"theory.{path}")


#: seconds after which a call hangs: one that is refused, and one that derives what it needs
LIMIT, LONG = 2.0, 60.0
#: types of numbers that count as real, and as integers
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
    "Float": sp.Float,
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


def invoke(name, arguments, limit=LIMIT):
    """Call it, for ``limit`` seconds at most."""
    function, owner = FUNCTIONS[name], TABLE[name].owner
    bound = {key: value for key, value in arguments.items() if not (key == "options" and value is None)}
    signal.signal(signal.SIGALRM, hang)
    signal.setitimer(signal.ITIMER_REAL, limit)
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


def test_what_is_said_of_single_names_is_true():
    assert all(callable(at(name)) for name in INSIDE | BESIDE)
    classes = {item.__name__ for module in faces().values() for item in named_by(module).values() if inspect.isclass(item)}
    assert classes >= RESULTS
    for name in UNCHECKED:
        assert "arguments are not checked" in " ".join(at(name).__doc__.split()), name


@pytest.mark.parametrize("name", TABLE)
def test_bad_values_are_refused_by_name(name):
    found = {}
    for argument, (_, kind) in TABLE[name].arguments.items():
        for label, value in KINDS[kind].items():
            wrong = complaint(name, argument, value)
            if wrong is not None:
                found[f"{argument} = {label}"] = wrong
    assert not found, "\n".join(f"{key}: {wrong}" for key, wrong in found.items())


def result(name, arguments):
    """What is comparable of a valid call's result: numbers as an array, else None."""
    value = invoke(name, arguments, LONG)
    return np.asarray(value) if isinstance(value, (float, complex, np.ndarray, np.generic)) else None


#: calls of more than a tenth of a second: what they take is taken by the descriptions and by `theory.validation` alone
SLOW = {
    "outliers.critical_time", "outliers.critical_psi_n", "RandomFeatureModel.timescales", "training.curve_times",
    "training.phase_diagram", "training.training_mpmath",
    "symbolic.diagrams.draw_leading", "training.timescales.timescales",
}  # fmt: skip
#: valid calls that need PyTorch or the files of Fashion-MNIST: ``tests/simulation/test_networks_training.py`` makes them
ELSEWHERE = {
    f"simulation.networks.{name}" for name in ("Denoiser", "Denoiser.score", "build_network", "train", "training_images")
}


@pytest.mark.parametrize("name", [name for name in TABLE if name not in SLOW | ELSEWHERE])
def test_every_type_of_number_is_accepted_everywhere(name):
    """The valid call, and the same with each number written in each type."""
    valid = {key: item for key, (item, _) in TABLE[name].arguments.items()}
    expected = result(name, valid)
    for argument, (value, kind) in TABLE[name].arguments.items():
        if value is None or kind not in REAL_KINDS | INTEGER_KINDS:
            continue
        for label, convert in (NUMBERS if kind in REAL_KINDS else INTEGERS).items():
            if label == "int" and int(value) != value:
                continue
            found = result(name, valid | {argument: convert(value)})
            if expected is not None:
                assert found == pytest.approx(expected, rel=1e-6), f"{argument} as {label}"
