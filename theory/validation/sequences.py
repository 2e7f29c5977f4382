"""Several values in one argument: sequences, intervals, weights.

Called by the descriptions of `theory.data` mostly, with a check of `theory.validation.scalars` for each entry.
"""

from collections.abc import Callable, Iterable
from typing import Any

from .scalars import non_negative, positive, shown


def sequence(name: str, value: Any, allowed: str) -> tuple:
    """Return ``value`` as a tuple if it is a list, tuple, array or other sequence, not of letters or bytes; else raise ``ValueError``."""
    try:
        if isinstance(value, (str, bytes, bytearray, memoryview, dict, set, frozenset)):
            raise TypeError
        return tuple(value)
    except TypeError:
        raise ValueError(f"{name} = {shown(value)} is not a sequence; allowed: {allowed}") from None


def sequence_of(
    name: str, value: Any, check: Callable[[str, Any], Any], allowed: str, like: tuple[str, int] | None = None
) -> tuple:
    """Return ``value`` as a tuple of what ``check(name, entry)`` returns for its entries, else raise ``ValueError``.

    ``like`` = (name, length) of another argument asks for as many entries as that one has.
    """
    values = sequence(name, value, allowed)
    if like is not None and len(values) != like[1]:
        raise ValueError(f"{name} has {len(values)} entries for {like[1]} {like[0]}; allowed: one for each")
    return tuple(check(name, entry) for entry in values)


def sum_to_one(name: str, weights: Iterable) -> None:
    """Raise ``ValueError`` where ``weights``, checked real numbers, do not sum to 1 within 1e-12."""
    total = float(sum(map(float, weights)))
    if abs(total - 1) > 1e-12:
        raise ValueError(f"{name} sum to {total!r}; allowed: weights that sum to 1 (within 1e-12)")


def interval(name: str, value: Any) -> tuple[float, float]:
    """Return ``value`` as floats (low, high) if 0 <= low < high."""
    ends = sequence(name, value, "0 <= low < high")
    if len(ends) != 2:
        raise ValueError(f"{name} = {shown(value)} is not an interval; allowed: (low, high) with 0 <= low < high")
    low, high = float(non_negative(name, ends[0])), float(positive(name, ends[1]))
    if not low < high:
        raise ValueError(f"{name} = {shown(value)} is empty; allowed: 0 <= low < high")
    return low, high
