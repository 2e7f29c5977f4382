"""Checks of user input. Every message names the argument, its value, and what is allowed."""

from numbers import Real

import mpmath
import numpy as np


def _as_float(name, value, allowed):
    if isinstance(value, str):
        raise ValueError(f"{name} = {value!r} is not a real number; allowed: {allowed}")
    if isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} = {value!r} is a truth value; allowed: {allowed}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} is not a real number; allowed: {allowed}") from None
    if not np.isfinite(number):
        raise ValueError(f"{name} = {value!r} is not finite; allowed: {allowed}")
    return number


def _plain(value):
    """A NumPy scalar or zero-dimensional array as the Python number it holds, which is hashable."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def positive(name, value):
    """Return ``value`` (a NumPy scalar as a Python number) if it is a finite real number > 0, else raise ``ValueError``."""
    if _as_float(name, value, "a finite real number > 0") <= 0:
        raise ValueError(f"{name} = {value!r} is out of range; allowed: a finite real number > 0")
    return _plain(value)


def non_negative(name, value):
    """Return ``value`` (a NumPy scalar as a Python number) if it is finite, real and >= 0, else raise ``ValueError``."""
    if _as_float(name, value, "a finite real number >= 0") < 0:
        raise ValueError(f"{name} = {value!r} is out of range; allowed: a finite real number >= 0")
    return _plain(value)


def positive_integer(name, value):
    """Return ``value`` as an ``int`` if it is an integer >= 1, else raise ``ValueError``."""
    number = _as_float(name, value, "an integer >= 1")
    if number != int(number) or number < 1:
        raise ValueError(f"{name} = {value!r} is out of range; allowed: an integer >= 1")
    return int(number)


def one_of(name, value, allowed):
    """Return ``value`` if it is one of ``allowed``, else raise ``ValueError``."""
    if value not in allowed:
        raise ValueError(f"{name} = {value!r} is unknown; allowed: {', '.join(map(repr, allowed))}")
    return value


def finite_array(name, value, dtype):
    """Return ``value`` as an array of ``dtype`` with finite entries, else raise ``ValueError``."""
    kind = "complex" if dtype is complex else "real"
    try:
        array = np.asarray(value)
        if dtype is float and np.iscomplexobj(array):
            raise TypeError
        array = array.astype(dtype)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {value!r} does not hold {kind} numbers; allowed: finite {kind} numbers") from None
    if not np.all(np.isfinite(array)):
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} holds {bad}; allowed: finite {kind} numbers")
    return array


def to_mpf(value):
    """A real number at the current mpmath precision.

    A ``float`` is taken at its exact binary value: ``0.1`` means 0.1000000000000000055…. For a
    decimal fraction to many digits pass ``fractions.Fraction(1, 10)``, a SymPy ``Rational`` or a
    string-built ``mpmath.mpf``.
    """
    if isinstance(value, mpmath.mpf):
        return +value
    if isinstance(value, (int, float, np.floating, np.integer)):
        return mpmath.mpf(value.item() if isinstance(value, np.generic) else value)
    if hasattr(value, "numerator") and hasattr(value, "denominator"):
        return mpmath.mpf(int(value.numerator)) / mpmath.mpf(int(value.denominator))
    if hasattr(value, "_to_mpmath"):  # any other SymPy number
        return mpmath.mpf(value._to_mpmath(mpmath.mp.prec))
    return mpmath.mpf(float(value) if isinstance(value, Real) else value)
