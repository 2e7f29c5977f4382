"""Numbers, truth values and words: one argument, one value.

**Real numbers** are ``int``, ``float``, NumPy's scalars and zero-dimensional arrays, ``fractions.Fraction``, ``decimal.Decimal``,
``mpmath.mpf`` and SymPy's numbers, wherever a real number is asked for, and taken at their exact value where digits are. **Integers**
are any of these with an integral value. Nothing else is computed with: no strings, bytes, truth values or dates, and no complex numbers,
whatever their imaginary part.
"""

import numbers
from collections.abc import Callable, Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

#: integers beyond are no floats any more
LARGEST_INTEGER = 2**53
#: most decimal digits (`theory.digits` holds constants to so many), nodes of a Gauss rule, and entries of the matrices of one draw (a
#: terabyte of floats)
MOST_DIGITS, MOST_NODES, MOST_ENTRIES = 1_000, 1_000, 2**37


def shown(value: Any) -> str:
    """A representation for a message, cut where it is long."""
    try:
        text = repr(value)
    except Exception:  # an integer of more digits than Python prints, or an object without a representation
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= 300 else f"{text[:300]}…"


def exact(value: Any) -> Any:
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


def is_real(value: Any) -> bool:
    """Whether a value, as `exact` returns it, counts as a real number."""
    if isinstance(value, (bool, np.bool_)):
        return False
    if isinstance(value, sp.Expr):
        return bool(value.is_number and value.is_extended_real)
    return isinstance(value, (numbers.Real, Decimal)) or hasattr(value, "_mpf_")


def _equal(plain, number):
    """Whether two numbers are equal: to SymPy its own floats are no integers."""
    return (plain - number).is_zero is True if isinstance(plain, sp.Expr) else plain == number


def as_float(name: str, value: Any, allowed: str) -> tuple[Any, float]:
    """(the number as `exact`, its float), of a finite real number."""
    plain = exact(value)
    if isinstance(plain, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype == bool and value.ndim == 0):
        raise ValueError(f"{name} = {value!r} is a truth value; allowed: {allowed}")
    if not is_real(plain):
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
    plain, number = as_float(name, value, allowed)
    if not accept(number):
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: {allowed}")
    return plain


def real(name: str, value: Any) -> Any:
    """Return ``value`` (a NumPy scalar as a Python number, a ``Decimal`` as a fraction) if it is a finite real number, else raise
    ``ValueError``; so do the others.
    """
    return as_float(name, value, "a finite real number")[0]


def positive(name: str, value: Any) -> Any:
    """Return ``value`` if it is a finite real number > 0."""
    return _accepted(name, value, lambda number: number > 0, "a finite real number > 0")


def non_negative(name: str, value: Any) -> Any:
    """Return ``value`` if it is a finite real number >= 0."""
    return _accepted(name, value, lambda number: number >= 0, "a finite real number >= 0")


def fraction(name: str, value: Any) -> Any:
    """Return ``value`` if it is a real number between 0 and 1, both excluded."""
    return _accepted(name, value, lambda number: 0 < number < 1, f"0 < {name} < 1")


def integer(name: str, value: Any, low: int = 1, high: int | None = None) -> int:
    """Return ``value`` as an ``int`` if it is an integer >= ``low`` and, where there is one, <= ``high``."""
    allowed = f"an integer >= {low}" + ("" if high is None else f" and <= {high}")
    plain, number = as_float(name, value, allowed)
    if number != int(number) or not _equal(plain, int(plain)) or number < low:
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: {allowed}")
    largest = LARGEST_INTEGER if high is None else high
    if int(plain) > largest:
        raise ValueError(f"{name} = {shown(value)} is out of range; allowed: an integer >= {low} and <= {largest}")
    return int(plain)


def positive_integer(name: str, value: Any, high: int | None = None) -> int:
    """Return ``value`` as an ``int`` if it is an integer >= 1."""
    return integer(name, value, 1, high)


def decimal_digits(name: str, value: Any) -> int:
    """Return ``value`` as an ``int`` if it is a number of decimal digits, 1 to `MOST_DIGITS`."""
    return integer(name, value, 1, MOST_DIGITS)


def random_generator(name: str, seed: Any) -> np.random.Generator:
    """``numpy.random.Generator`` of a ``seed``, which is an integer >= 0."""
    plain = exact(seed)
    try:
        if not is_real(plain) or not _equal(plain, int(plain)) or plain < 0:
            raise ValueError
    except (ValueError, OverflowError, TypeError):  # also of int(), where the number is not finite
        raise ValueError(f"{name} = {shown(seed)} is not a seed; allowed: an integer >= 0") from None
    return np.random.default_rng(int(plain))


def truth(name: str, value: Any) -> bool:
    """Return ``value`` as a ``bool`` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} = {shown(value)} is not a truth value; allowed: True, False")
    return bool(value)


def one_of(name: str, value: Any, allowed: Collection[str]) -> str:
    """Return ``value`` if it is one of ``allowed``, strings, else raise ``ValueError``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {shown(value)} is unknown; allowed: {', '.join(map(repr, allowed))}")
    return value


def function(name: str, value: Any, allowed: str = "a function") -> Callable:
    """Return ``value`` if it can be called, else raise ``ValueError``."""
    if not callable(value) or isinstance(value, type):
        raise ValueError(f"{name} = {shown(value)} cannot be called; allowed: {allowed}")
    return value
