"""What no argument of a kind takes: `KINDS`, for ``test_bad_input.py``. The kind of each argument is in ``public_calls.py``."""

import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import sympy as sp

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.simulation import TrainedNetworks, backend
from theory.symbolic import diagrams, resolvent_polynomial
from theory.symbolic import symbols as S

MODEL = RandomFeatureModel(activations.erf, 2, 1.5, 0.3, Gaussian(spikes=(5.0,)))
GENERAL = RandomFeatureModel(activations.erf, 2, 1.5, TimeGrid((0.2, 0.8), (0.5, 0.5)))
FAR = RandomFeatureModel(activations.erf, 2, 1.5, 1.0, Mixture((0.5, 0.5), means=((1.0, -1.0), (-1.0, 1.0))), types=3)
SPECTRUM, GENERAL_SPECTRUM = MODEL.spectrum(), GENERAL.spectrum()
FINITE = MODEL.simulate(d=4)
LANCZOS = MODEL.simulate(d=4, method="lanczos", probes=2, steps=8)
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
    "share": NO_REAL | NEGATIVE | ZERO | {"2": 2},
    "share or None": without(NO_REAL, "None") | NEGATIVE | ZERO | {"2": 2},
    "fraction or None": without(NO_REAL, "None") | NEGATIVE | ZERO | {"one": 1},
    "integer >= 0": NO_REAL | NEGATIVE | HALF,
    "integer > 1": NO_REAL | NEGATIVE | ZERO | HALF | {"one": 1},
    "integer": NO_REAL | NEGATIVE | ZERO | HALF,
    "processes": NO_REAL | ZERO | HALF | {"-2": -2},
    "seed": without(NO_REAL, "huge", "huge fraction", "huge digits") | NEGATIVE | HALF,
    "seed or None": without(NO_REAL, "None") | NEGATIVE | HALF,
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
    "far spectrum": NO_CLASS | {"model": FAR, "scalar": SPECTRUM, "no centroids": GENERAL_SPECTRUM},
    "far model": NO_CLASS | {"spectrum": FAR.spectrum(), "scalar": MODEL, "times": GENERAL},
    "mixture": NO_CLASS | {"model": FAR, "gaussian": Gaussian()},
    "system or None": without(NO_CLASS, "None") | {"model": MODEL, "spectrum": SPECTRUM},
    "draw": NO_CLASS | {"model": MODEL, "spectrum": SPECTRUM},
    "sample rates": NO_CLASS | {"model": MODEL, "draw": FINITE},
    "backend": without(NO_CLASS, "finite") | {"model": MODEL, "draw": FINITE},
    "an Activation": NO_CLASS | {"model": MODEL, "function": np.tanh},
    "an Activation or None": without(NO_CLASS, "None") | {"model": MODEL, "function": np.tanh},
    "empirical score": NO_CLASS | {"model": MODEL, "function": np.tanh},
    "indices": NO_NUMBER | {"list": [0, 1], "floats": np.array([0.0, 1.0]), "out of range": np.array([0, 9]), "one": np.array([0])},
    "generator": NO_CLASS | {"integer": 0},
    "data": NO_CLASS | {"model": MODEL, "spectrum": SPECTRUM, "class": Gaussian},
    "data or None": without(NO_CLASS, "None") | {"model": MODEL, "spectrum": SPECTRUM, "class": Gaussian},
    "times": NO_CLASS | {"model": MODEL},
    "time": NO_REAL | NEGATIVE | ZERO,
    "function": {k: v for k, v in NO_REAL.items() if k not in ("function",)},
    "function or None": {k: v for k, v in NO_REAL.items() if k not in ("function", "None")},
    "reals": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf},
    "reals >= 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf, "negative": [-1.0]},
    "reals > 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": np.inf, "negative": [-1.0], "zero": [0.0]},
    "grid": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "inf": [np.inf], "negative": [-1.0], "zero": [0.0], "empty": []},
    "walls": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "decreasing": [2.0, 1.0], "zero": [0.0], "number": 1.0, "empty": []},
    "decreasing": NO_ARRAY | {"complex": [1j, 0], "nan": [np.nan, 0], "increasing": [0.1, 0.2], "one": [0.1], "empty": []},
    "times > 0": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "zero": [0.0], "twice": [0.1, 0.1], "empty": []},
    "tau": NO_ARRAY | {"complex": [1j], "nan": [np.nan], "negative": [-1.0]},
    "complexes": NO_ARRAY | {"nan": [np.nan], "inf": np.inf},
    "samples": NO_ARRAY | {"complex": [[1j], [0]], "nan": [[np.nan]] * 2, "axes": [1.0, 2.0], "one": [[1.0, 2.0]], "equal": [[1.0, 2.0]] * 3},
    "array or None": without(NO_ARRAY, "None") | {"complex": np.ones((4, 8)) * 1j, "nan": np.full((4, 8), np.nan), "shape": np.ones((3, 3))},
    "readout": NO_ARRAY | {"complex": np.ones((4, 8)) * 1j, "nan": np.full((4, 8), np.nan), "shape": np.ones((3, 3))},
    "states": NO_NUMBER | {"list": [[1.0]], "complex": STATES * 1j, "axes": np.ones(4), "truth": STATES > 0, "number": 1.0},
    "batch": NO_NUMBER | {"list": [[1.0]], "complex": STATES * 1j, "truth": STATES > 0, "number": 1.0},
    "interval": NO_SEQUENCE | BAD_ITEMS | {"one": (1.0,), "reversed": (2.0, 1.0), "strings": ("0", "1"), "nan": (0, np.nan), "three": (1, 2, 3)},
    "spectrum of data": NO_SEQUENCE | BAD_ITEMS | {"flat": (1, 2), "sum": ((1, 0.5),), "strings": (("1", "1"),), "truth": ((True, True),)},
    "positives": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"negative": (-1.0,), "zero": (0.0,), "complex": (1j,)},
    "non-negatives": NO_SEQUENCE | BAD_ITEMS | {"negative": (-1.0,), "complex": (1j,)},
    "sequence": NO_SEQUENCE | BAD_ITEMS,
    "weights": NO_SEQUENCE | BAD_ITEMS | {"negative": (1.5, -0.5), "sum": (0.5, 0.4), "zero": (1.0, 0.0)},
    "nodes": NO_SEQUENCE | BAD_ITEMS | {"negative": (1.0, -1.0), "twice": (1.0, 1.0), "empty": ()},
    "real sequence or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"length": (1.0,)},
    "positive sequence or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"length": (1.0,), "negative": (1.0, -1.0)},
    "Gram matrix": without(NO_ARRAY, "None") | {"nan": [[np.nan] * 2] * 2, "shape": [[1.0]], "negative": [[1.0, 2.0], [2.0, 1.0]]},
    "coefficients": NO_SEQUENCE | BAD_ITEMS | {"constant": (3,), "inf": (1, np.inf), "long": [1] * 100},
    "kinks": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"inf": (np.inf,)},
    "activation": {**without(NO_REAL, "function", "symbol", "string", "np.str_"), "constant": sp.Integer(1), "nonsense": "foo bar"},
    "folder or None": without(NO_REAL, "None") | {"nothing there": "no such folder"},
    "images": NO_CLASS | {"model": MODEL, "array": STATES},
    "name": {"number": 1, "list": [], "bytes": b"a"},
    "slope": NO_REAL | NEGATIVE | {"one": 1},
    "device": without(NO_REAL, "None") | {"other": "nonsense"},
    "expression": without(NO_REAL, "symbol", "I") | {"matrix": sp.eye(2), "relation": sp.Eq(S.q, 1)},
    "expressions": NO_SEQUENCE | {"strings": ("a", "b", "c"), "length": (S.q,)},
    "any number of expressions": NO_SEQUENCE | {"strings": ("a", "b", "c"), "relation": (sp.Eq(S.q, 1),)},
    "symbols": NO_SEQUENCE | {"strings": ("a",), "numbers": (1,), "expression": (S.q + 1,)},
    "several expressions": NO_SEQUENCE | {"strings": ("a", "b", "c"), "no closed form": (sp.tanh(activations.x),)},
    "average": without(NO_REAL, "symbol") | {"symbol": S.q, "other integral": sp.Integral(S.q, S.q)},
    "symbolic spectrum": NO_SEQUENCE | BAD_ITEMS | {"flat": (1, 2), "empty": (), "strings": (("1", "1"),)},
    "symbolic spectrum or None": without(NO_SEQUENCE, "None") | BAD_ITEMS | {"flat": (1, 2), "empty": (), "strings": (("1", "1"),)},
    "polynomial": without(NO_REAL, "symbol") | {"symbols": resolvent_polynomial(), "expression": S.q},
    "parameters": {"list": [1], "string": "ab", "strings": {"a": 1}, "number": 1.0, "nan": {S.alpha: np.nan}},
    "order": NO_REAL | NEGATIVE | HALF | {"3": 3},
    "order >= 1": NO_REAL | NEGATIVE | HALF | ZERO | {"3": 3},
    "order of figure": NO_REAL | NEGATIVE | HALF | ZERO | {"4": 4},
    "word": NO_SEQUENCE | {"numbers": (1,), "letter": ("XX",)},
    "pairs": NO_SEQUENCE | {"flat": (1, 2), "strings": (("0", "1"),), "one": ((0,),), "no pairing": ((0, 0),)},
    "columns": NO_SEQUENCE | {"other": ("nonsense",), "numbers": (1,)},
    "panel": NO_SEQUENCE | BAD_ITEMS | {"one": (1.0,), "negative": (-1.0, 1.0)},
    "diagram": without(NO_REAL) | {"type": diagrams.Diagram},
    "axes": without(NO_REAL),
    "stored": without(NO_REAL) | {"other": "nonsense"},
    "matrix": NO_ARRAY | {"complex": STATES * 1j, "nan": [[np.nan]], "axes": np.ones(4), "number": 1.0},
    "path or None": without(NO_REAL, "None", "string", "np.str_"),
    "configuration": NO_CLASS | {"model": MODEL},
    "distances": NO_CLASS | {"model": MODEL},
    "PyTorch module": NO_CLASS | {"model": MODEL, "function": abs, "class": int},
    "arrays of records": NO_SEQUENCE | {"no record": {"a/steps": np.ones(3)}, "flat": {"a": 1}},
    "anything": {},
}  # fmt: skip
KINDS["processes or None"] = without(KINDS["processes"], "None")
KINDS["points of a sweep"] = without(NO_REAL, "list", "array", "empty") | {
    "empty": {}, "no values": {"a": []}, "one value": {"a": 1.0}, "twice": {"a": [1, 1.0]}, "nan": {"a": [np.nan]}, "other name": {"b": [1]},
    "missing name": [{}], "reserved": {"a": [1], "seed": [1]}, "object": {"a": [object()]}, "mixed": {"a": [1, "1"]}, "huge": {"a": [2**63]},
    "no mapping": [1.0], "other names": [{"a": 1}, {"b": 1}], "too many": {"a": range(10**4), "b": range(10**4)}, "string": {"a": "12"},
}  # fmt: skip
KINDS["store"] = without(NO_REAL, "string", "np.str_") | {
    "empty": "",
    "file": __file__,
    "other folder": str(Path(__file__).parent),
}
KINDS["where a sweep runs"] = NO_REAL | {"other": "nonsense", "no address": "dask"}
KINDS["store of a sweep"] = KINDS["store"] | {"string": "nothing here"}
KINDS["levels"] = KINDS["reals >= 0"] | {"above 1": [0.5, 1.5]}
KINDS["axes or None"], KINDS["draw or None"] = without(KINDS["axes"], "None"), without(KINDS["draw"], "None")
KINDS["states or None"] = without(KINDS["states"], "None")
KINDS["grid of reals"] = KINDS["reals"] | {"empty": [], "number": 1.0}
KINDS["weights in an array"] = KINDS["reals >= 0"] | {"sum": (0.5, 0.4), "number": 1.0}
KINDS["real sequence >= 0 or None"] = without(KINDS["reals >= 0"], "None")
KINDS["samples given"] = NO_ARRAY | {"complex": [[1j], [0]], "nan": [[np.nan]] * 2, "axes": [1.0, 2.0]}
KINDS["samples held out"] = without(KINDS["samples given"], "None")
KINDS["non-negative or None"] = without(KINDS["non-negative"], "None")
