"""Arrays of real or complex numbers, and the values of a caller's vectorised function.

Complex numbers are Python's, NumPy's and mpmath's, and all real ones of `theory.validation.scalars`.
"""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .scalars import exact, is_real, shown


def numeric_array(name: str, value: Any, dtype: type, allowed: str) -> NDArray:
    """``value`` as an array of ``dtype``, float or complex, whatever real (complex) numbers it holds; else raise ``ValueError``."""
    kind = "complex" if dtype is complex else "real"

    def refusal():  # made only where it is needed: an array takes as long to show as a loss to compute
        return ValueError(f"{name} = {shown(value)} does not hold {kind} numbers; allowed: {allowed}")

    try:
        if _holds_truth(value):
            raise TypeError
        array = np.asarray(value)
    except Exception:  # rows of different lengths, or whatever an object's conversion may raise
        raise refusal() from None
    if array.dtype.kind in "iuf" or (array.dtype.kind == "c" and dtype is complex):
        return array.astype(dtype)
    if array.dtype.kind != "O":
        raise refusal()
    result = np.empty(array.shape, dtype)
    for index, item in np.ndenumerate(array):
        try:
            if isinstance(item, np.ndarray) and item.ndim:
                raise ValueError
            number = _as_complex(name, item, allowed)
            if dtype is float and not is_real(exact(item)):
                raise ValueError
        except ValueError as error:
            raise (ValueError(str(error)) if str(error) else refusal()) from None
        result[index] = number if dtype is complex else number.real
    return result


def finite_array(name: str, value: Any, dtype: type) -> NDArray:
    """Return ``value`` as an array of ``dtype``, float or complex, with finite entries, else raise ``ValueError``."""
    kind = "complex" if dtype is complex else "real"
    array = numeric_array(name, value, dtype, f"finite {kind} numbers")
    if not np.all(np.isfinite(array)):
        bad = array[~np.isfinite(array)].flat[0]
        raise ValueError(f"{name} holds {bad}; allowed: finite {kind} numbers")
    return array


def values_of(name: str, call: Callable, points: NDArray) -> NDArray:
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


def _as_complex(name, value, allowed):
    plain = exact(value)
    try:
        if isinstance(plain, (bool, np.bool_)) or not (
            is_real(plain) or isinstance(plain, numbers.Complex) or hasattr(plain, "_mpc_")
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
