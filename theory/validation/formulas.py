"""SymPy expressions that a derivation takes: `theory.symbolic` calls these, and chapters through it."""

from typing import Any

import sympy as sp

from .scalars import as_float, shown
from .sequences import sequence


def expression(name: str, value: Any) -> sp.Expr:
    """Return ``value`` as a SymPy expression if it is one, or a finite real number, not a string; else raise ``ValueError``."""
    if isinstance(value, sp.Expr) and not (value.is_number and value.is_finite is False):
        return value
    allowed = "a SymPy expression or a finite real number"
    if isinstance(value, sp.Basic):
        raise ValueError(f"{name} = {shown(value)} is no finite expression; allowed: {allowed}")
    return sp.sympify(as_float(name, value, allowed)[0])


def expressions(name: str, value: Any, length: int) -> tuple[sp.Expr, ...]:
    """Return ``value`` as a tuple of SymPy expressions if it is a sequence of ``length`` of them."""
    items = sequence(name, value, f"{length} SymPy expressions")
    if len(items) != length:
        raise ValueError(f"{name} = {shown(value)} has {len(items)} entries; allowed: {length} SymPy expressions")
    return tuple(expression(name, item) for item in items)


def symbolic_spectrum(name: str, value: Any) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    """Return ``value`` as a tuple of pairs of SymPy expressions, one at least, if it holds (eigenvalue, weight)."""
    pairs = tuple(expressions(name, pair, 2) for pair in sequence(name, value, "((eigenvalue, weight), …)"))
    if not pairs:
        raise ValueError(f"{name} = {shown(value)} is no spectrum; allowed: one or more pairs (eigenvalue, weight)")
    return pairs
