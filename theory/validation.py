"""Checks of user input. Every message names the argument, its value, and what is allowed.

**Real numbers** are ``int``, ``float``, NumPy's scalars and zero-dimensional arrays, ``fractions.Fraction``, ``decimal.Decimal``,
``mpmath.mpf`` and SymPy's numbers, wherever a real number is asked for, and taken at their exact value where digits are. **Integers**
are any of these with an integral value. Nothing else is computed with: no strings, bytes, truth values or dates, and no complex numbers,
whatever their imaginary part. Complex numbers are Python's, NumPy's and mpmath's, and all real ones.
"""

import numbers
from decimal import Decimal
from fractions import Fraction

import numpy as np
import sympy as sp

#: of what a formula for two numbers takes
SCALAR = "one feature type, one kind and one time (a number t, Gaussian data and bias = 0)"
#: integers beyond are no floats any more
LARGEST_INTEGER = 2**53
#: most decimal digits (`theory.digits` holds constants to so many), nodes of a Gauss rule, and entries of the matrices of one draw (a
#: terabyte of floats)
MOST_DIGITS, MOST_NODES, MOST_ENTRIES = 1_000, 1_000, 2**37


def shown(value):
    """A representation for a message, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # an integer of more digits than Python prints, or an object without a representation
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= 300 else f"{text[:300]}…"


def exact(value):
    """The number that a scalar or zero-dimensional array of any library holds, hashable and exact; else the object itself."""
    if isinstance(value, (np.generic, np.ndarray)):
        if value.ndim or value.dtype.kind not in "iufcO":
            return value
        value = value.item()
    elif getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if (isinstance(value, Decimal) and value.is_finite()) or (isinstance(value, np.longdouble) and np.isfinite(value)):
        return Fraction(*value.as_integer_ratio())
    if isinstance(value, sp.Float) and value.is_finite:
        # as a key of a cache SymPy's floats cannot be compared with fractions
        number = sp.Rational(value)
        return Fraction(int(number.p), int(number.q))
    return value


def _is_real(value):
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, sp.Expr):
        return bool(value.is_number and value.is_extended_real)
    return isinstance(value, (numbers.Real, Decimal)) or hasattr(value, "_mpf_")


def _equal(plain, number):
    """Whether two numbers are equal: to SymPy its own floats are no integers."""
    return (plain - number).is_zero is True if isinstance(plain, sp.Expr) else plain == number


def _as_float(name, value, allowed):
    """(the number as `exact`, its float), of a finite real number."""
    plain = exact(value)
    if isinstance(plain, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype == bool and value.ndim == 0):
        raise ValueError(f"{name} = {value!r} is a truth value; allowed: {allowed}")
    if not _is_real(plain):
        raise ValueError(f"{name} = {shown(value)} is not a real number; allowed: {allowed}")
    try:
        number = float(plain)
    except OverflowError:
        raise ValueError(f"{name} = {shown(value)} is too large for double precision; allowed: {allowed}") from None
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {shown(value)} is not a real number; allowed: {allowed}") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} = {value!r} is not finite; allowed: {allowed}")
    if number == 0 and not _equal(plain, 0):
        raise ValueError(f"{name} = {shown(value)} is too small for double precision; allowed: {allowed}")
    return plain, number


def _accepted(name, value, accept, allowed):
    plain, number = _as_float(name, value, allowed)
    if not accept(number):
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: {allowed}")
    return plain


def real(name, value):
    """Return ``value`` (a NumPy scalar as a Python number, a ``Decimal`` as a fraction) if it is a finite real number, else raise
    ``ValueError``; so do the others.
    """
    return _as_float(name, value, "a finite real number")[0]


def positive(name, value):
    """Return ``value`` if it is a finite real number > 0."""
    return _accepted(name, value, lambda number: number > 0, "a finite real number > 0")


def non_negative(name, value):
    """Return ``value`` if it is a finite real number >= 0."""
    return _accepted(name, value, lambda number: number >= 0, "a finite real number >= 0")


def fraction(name, value):
    """Return ``value`` if it is a real number between 0 and 1, both excluded."""
    return _accepted(name, value, lambda number: 0 < number < 1, f"0 < {name} < 1")


def integer(name, value, low=1, high=None):
    """Return ``value`` as an ``int`` if it is an integer >= ``low`` and, where there is one, <= ``high``."""
    allowed = f"an integer >= {low}" + ("" if high is None else f" and <= {high}")
    plain, number = _as_float(name, value, allowed)
    if number != int(number) or not _equal(plain, int(plain)) or number < low:
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: {allowed}")
    largest = LARGEST_INTEGER if high is None else high
    if int(plain) > largest:
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: an integer >= {low} and <= {largest}")
    return int(plain)


def positive_integer(name, value, high=None):
    """Return ``value`` as an ``int`` if it is an integer >= 1."""
    return integer(name, value, 1, high)


def decimal_digits(name, value):
    """Return ``value`` as an ``int`` if it is a number of decimal digits, 1 to `MOST_DIGITS`."""
    return integer(name, value, 1, MOST_DIGITS)


def random_generator(name, seed):
    """``numpy.random.Generator`` of a ``seed``, which is an integer >= 0."""
    plain = exact(seed)
    try:
        if not _is_real(plain) or not _equal(plain, int(plain)) or plain < 0:
            raise ValueError
    except (ValueError, OverflowError, TypeError):  # also of int(), where the number is not finite
        raise ValueError(f"{name} = {shown(seed)} is not a seed; allowed: an integer >= 0") from None
    return np.random.default_rng(int(plain))


def truth(name, value):
    """Return ``value`` as a ``bool`` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} = {shown(value)} is not a truth value; allowed: True, False")
    return bool(value)


def one_of(name, value, allowed):
    """Return ``value`` if it is one of ``allowed``, strings, else raise ``ValueError``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {shown(value)} is unknown; allowed: {', '.join(map(repr, allowed))}")
    return value


def sequence(name, value, allowed):
    """Return ``value`` as a tuple if it is a list, tuple, array or other sequence, not of letters or bytes; else raise ``ValueError``."""
    try:
        if isinstance(value, (str, bytes, bytearray, memoryview, dict, set, frozenset)):
            raise TypeError
        return tuple(value)
    except TypeError:
        raise ValueError(f"{name} = {shown(value)} is not a sequence; allowed: {allowed}") from None


def function(name, value, allowed="a function"):
    """Return ``value`` if it can be called, else raise ``ValueError``."""
    if not callable(value) or isinstance(value, type):
        raise ValueError(f"{name} = {shown(value)} cannot be called; allowed: {allowed}")
    return value


def expression(name, value):
    """Return ``value`` as a SymPy expression if it is one, or a finite real number, not a string; else raise ``ValueError``."""
    if isinstance(value, sp.Expr) and not (value.is_number and value.is_finite is False):
        return value
    allowed = "a SymPy expression or a finite real number"
    if isinstance(value, sp.Basic):
        raise ValueError(f"{name} = {shown(value)} is no finite expression; allowed: {allowed}")
    return sp.sympify(_as_float(name, value, allowed)[0])


def expressions(name, value, length):
    """Return ``value`` as a tuple of SymPy expressions if it is a sequence of ``length`` of them."""
    items = sequence(name, value, f"{length} SymPy expressions")
    if len(items) != length:
        raise ValueError(f"{name} = {shown(value)} has {len(items)} entries; allowed: {length} SymPy expressions")
    return tuple(expression(name, item) for item in items)


def symbolic_spectrum(name, value):
    """Return ``value`` as a tuple of pairs of SymPy expressions, one at least, if it holds (eigenvalue, weight)."""
    pairs = tuple(expressions(name, pair, 2) for pair in sequence(name, value, "((eigenvalue, weight), …)"))
    if not pairs:
        raise ValueError(f"{name} = {shown(value)} is no spectrum; allowed: one or more pairs (eigenvalue, weight)")
    return pairs


def values_of(name, call, points):
    """The values of a caller's vectorised function at the array ``points``, a float array shaped like them, else ``ValueError``.

    True and False are values here: an indicator, such as ``lambda lam: lam > 1``, integrates to a share of the whole.
    """
    try:
        with np.errstate(all="ignore"):
            values = call(points)
            if isinstance(values, np.ndarray) and values.dtype.kind == "b":
                values = np.asarray(values, float)
            values = np.broadcast_to(numeric_array(name, values, float, "real values"), points.shape)
    except Exception as error:  # whatever a caller's function may raise
        raise ValueError(f"{name} = {shown(call)} fails on an array ({error}); allowed: a vectorised function") from error
    return values


def interval(name, value):
    """Return ``value`` as floats (low, high) if 0 <= low < high."""
    ends = sequence(name, value, "0 <= low < high")
    if len(ends) != 2:
        raise ValueError(f"{name} = {shown(value)} is not an interval; allowed: (low, high) with 0 <= low < high")
    low, high = float(non_negative(name, ends[0])), float(positive(name, ends[1]))
    if not low < high:
        raise ValueError(f"{name} = {shown(value)} is empty; allowed: 0 <= low < high")
    return low, high


def of_class(name, value, kind, how):
    """Return ``value`` if its class, or one that it inherits from, is the package's class named ``kind``; else raise ``ValueError``.

    By name, so that nothing is imported for it: what checks stands below what is checked.
    """
    if not any(c.__name__ == kind and c.__module__.split(".")[0] == "theory" for c in type(value).__mro__):
        raise ValueError(f"{name} = {shown(value)} is of type {type(value).__name__}; allowed: {how}")
    return value


def a_model(value, name="model"):
    """Return ``value`` if it is a `theory.RandomFeatureModel`."""
    return of_class(name, value, "RandomFeatureModel", "theory.RandomFeatureModel")


def a_spectrum(value, name="spectrum"):
    """Return ``value`` if it is a `theory.spectrum.law.Spectrum`."""
    return of_class(name, value, "Spectrum", "a theory.spectrum.law.Spectrum, made by model.spectrum()")


def a_scalar_model(value, name="model"):
    """Return ``value`` if it is a `theory.RandomFeatureModel` of one feature type, one kind of samples and one diffusion time."""
    if not a_model(value, name).is_scalar:
        raise ValueError(f"{name} = {shown(value)} has several types, kinds or times; allowed: {SCALAR}")
    return value


def a_scalar_spectrum(value, name="spectrum"):
    """Return ``value`` if it is a `theory.spectrum.law.Spectrum` of such a model."""
    if not a_spectrum(value, name).model.is_scalar:
        raise ValueError(f"{name} = {shown(value)} has several types, kinds or times; allowed: {SCALAR}")
    return value


def a_draw(value, name="finite"):
    """Return ``value`` if it is a `theory.simulation.finite.FiniteModel`."""
    return of_class(name, value, "FiniteModel", "a theory.simulation.finite.FiniteModel, made by model.simulate(…)")


def _as_complex(name, value, allowed):
    plain = exact(value)
    try:
        if isinstance(plain, (bool, np.bool_)) or not (
            _is_real(plain) or isinstance(plain, numbers.Complex) or hasattr(plain, "_mpc_")
        ):
            raise TypeError
        return complex(plain)
    except OverflowError:
        raise ValueError(f"{name} holds {shown(value)}, too large for double precision; allowed: {allowed}") from None
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds {shown(value)}, which is no number; allowed: {allowed}") from None


def _holds_truth(value):
    """Whether nested lists hold a truth value, which NumPy would turn into a number beside others."""
    if isinstance(value, (list, tuple)):
        return any(map(_holds_truth, value))
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype == bool)


def numeric_array(name, value, dtype, allowed):
    """``value`` as an array of ``dtype``, float or complex, whatever real (complex) numbers it holds; else raise ``ValueError``."""
    kind = "complex" if dtype is complex else "real"
    words = f"{name} = {shown(value)} does not hold {kind} numbers; allowed: {allowed}"
    try:
        if _holds_truth(value):
            raise TypeError
        array = np.asarray(value)
    except Exception:  # rows of different lengths, or whatever an object's conversion may raise
        raise ValueError(words) from None
    if array.dtype.kind in "iuf" or (array.dtype.kind == "c" and dtype is complex):
        return array.astype(dtype)
    if array.dtype.kind != "O":
        raise ValueError(words)
    result = np.empty(array.shape, dtype)
    for index, item in np.ndenumerate(array):
        try:
            if isinstance(item, np.ndarray) and item.ndim:
                raise ValueError
            number = _as_complex(name, item, allowed)
            if dtype is float and not _is_real(exact(item)):
                raise ValueError
        except ValueError as error:
            raise ValueError(str(error) if str(error) else words) from None
        result[index] = number if dtype is complex else number.real
    return result


def finite_array(name, value, dtype):
    """Return ``value`` as an array of ``dtype``, float or complex, with finite entries, else raise ``ValueError``."""
    kind = "complex" if dtype is complex else "real"
    array = numeric_array(name, value, dtype, f"finite {kind} numbers")
    if not np.all(np.isfinite(array)):
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} holds {bad}; allowed: finite {kind} numbers")
    return array
