"""Numbers to any digits, by mpmath at a precision that belongs to the calling thread.

mpmath's functions share one precision, ``mpmath.mp.dps``, which is the caller's: nothing here reads or sets it. `mp` stands in for the
module. Its functions are those of a context of the calling thread, so that threads neither see nor disturb each other's precision.
Numbers cross in two places: `to_mpf` and `to_mpc` take one in, whatever made it, and `rounded` hands one out. Between two threads, in a
cache for example, only numbers that were handed out may pass: arithmetic follows the precision of the context that made its operand.

mpmath keeps constants such as π to the digits asked for last, and a thread that raises them lets another one read a wrong value. They are
computed here once, to more digits than `theory.validation.MOST_DIGITS` needs, and only read from then on. SymPy sets ``mpmath.mp.prec``
for a moment by itself, whatever it does with an expression that holds a function of a number, as erf(1).

Every digit beyond double precision comes from `newton`, which all observables share; their starts are double-precision solutions.

Checked by ``tests/test_threads.py`` and ``tests/test_digits.py``.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Real
from types import CodeType, FunctionType
from typing import Any

import mpmath
import numpy as np
import sympy as sp

#: digits to which constants are held: of what exceeds MOST_DIGITS guard digits and the reduction of large arguments take their share
_CONSTANTS = 1600
_lock = threading.Lock()


class _Context(threading.local):
    """``mpmath`` at the thread's own precision, which only the context managers ``mp.workdps`` and ``mp.workprec`` set."""

    def __init__(self):
        self._context = mpmath.MPContext()

    def __getattr__(self, name):
        value = getattr(self._context, name)
        if callable(value):
            self.__dict__[name] = value  # found without this detour the next time
        return value

    @property
    def prec(self) -> int:
        """The thread's working precision in bits."""
        return self._context.prec

    @property
    def dps(self) -> int:
        """The thread's working precision in decimal digits."""
        return self._context.dps


mp = _Context()


# --- in and out ------------------------------------------------------------------------------------------------------


def to_mpf(value: Any) -> Any:
    """A real number at the thread's working precision.

    A ``float`` is taken at its exact binary value: ``0.1`` means 0.1000000000000000055…. For a
    decimal fraction to many digits pass ``fractions.Fraction(1, 10)``, a SymPy ``Rational`` or a
    string-built ``mpmath.mpf``.
    """
    if isinstance(value, mpmath.mp.constant):  # mpmath.pi and its like have any number of digits
        value = value(prec=mp.prec)
    if hasattr(value, "_mpf_"):  # an mpf of any context, or a SymPy Float
        return +mp.make_mpf(value._mpf_)
    if isinstance(value, (int, float, np.floating, np.integer)):
        return mp.mpf(value.item() if isinstance(value, np.generic) else value)
    if hasattr(value, "numerator") and hasattr(value, "denominator"):
        return mp.mpf(int(value.numerator)) / mp.mpf(int(value.denominator))
    if isinstance(value, Decimal):
        return to_mpf(Fraction(value))
    if isinstance(value, sp.Expr):  # any other SymPy number
        return to_mpf(_parts(value)[0])
    return mp.mpf(float(value) if isinstance(value, Real) else value)


def to_mpc(value: Any) -> Any:
    """A complex number at the thread's working precision; real ones as `to_mpf`."""
    if hasattr(value, "_mpc_"):
        return +mp.make_mpc(value._mpc_)
    if isinstance(value, sp.Expr):
        return mp.mpc(*map(to_mpf, _parts(value)))
    return mp.mpc(value) if isinstance(value, (complex, np.complexfloating)) else mp.mpc(to_mpf(value))


def _parts(value):
    """Real and imaginary part of a SymPy number, each a Float of a few digits more than the thread's precision, or an integer."""
    parts = value.evalf(mp.dps + 5).as_real_imag()
    if not all(isinstance(part, (sp.Float, sp.Integer)) for part in parts):
        raise ValueError(f"{value} has no value of {mp.dps} digits")
    return parts


def rounded(value: Any, dps: int | None = None) -> mpmath.mpf | mpmath.mpc:
    """``value`` to ``dps`` digits, or to the thread's precision, as the ``mpmath.mpf`` or ``mpmath.mpc`` of the caller."""
    with mp.workprec(mp.prec) if dps is None else mp.workdps(dps):
        value = +mp.convert(value)
    if hasattr(value, "_mpc_"):
        return mpmath.mp.make_mpc(value._mpc_)
    return mpmath.mp.make_mpf(value._mpf_)


def square(value: Any) -> Any:
    """value², with all digits where it is an ``mpmath.mpf``, whatever the precision of its context."""
    if not hasattr(value, "_mpf_"):
        return value**2
    return mpmath.mp.make_mpf(mpmath.libmp.mpf_mul(value._mpf_, value._mpf_))


# --- Newton ----------------------------------------------------------------------------------------------------------


def newton(
    step: Callable[[list], Iterable],
    start: Iterable,
    goal: Any,
    rounds: int,
    floors: Sequence | None = None,
    halving: bool = False,
) -> tuple[list, list, bool]:
    """Iterate x ← x + step(x), by Newton's step or one like it, until the last step is small in every unknown.

    Parameters
    ----------
    step : callable
        What x, a list of numbers, is to be moved by, a sequence of as many. `ZeroDivisionError`, as of a singular Jacobian, ends the search.
    start : sequence of mpf or mpc
    goal : mpf
        Small means |step_i| <= goal·(floor_i + |x_i|); ``floors`` are 0 by default.
    rounds : int
        Most steps.
    halving : bool
        Whether a step must be less than half of the one before, too: where the Jacobian is not that at x, a small step alone tells nothing,
        but two that fall geometrically bound what is left.

    Returns
    -------
    (x, step, settled)
        Lists of the unknowns and of their last step (inf if there was none), and whether it was small. The certificate is the caller's,
        and so is the error: nothing is raised here.
    """
    x = list(start)
    last, largest, floors = [mp.inf] * len(x), mp.inf, floors or [0] * len(x)
    for _ in range(rounds):
        try:
            last = list(step(x))
        except ZeroDivisionError:
            break
        x = [value + change for value, change in zip(x, last, strict=True)]
        scales = [floor + abs(value) for floor, value in zip(floors, x, strict=True)]
        small = all(abs(change) <= goal * scale for change, scale in zip(last, scales, strict=True))
        before, largest = largest, max(abs(change) / (scale or 1) for change, scale in zip(last, scales, strict=True))
        if small and (not halving or largest <= before / 2 < mp.inf):
            return x, last, True
    return x, last, False


# --- expressions -----------------------------------------------------------------------------------------------------


def lambdify(arguments: Any, expressions: Any, **options: Any) -> Callable:
    """``sympy.lambdify`` for mpmath numbers of the calling thread, with the same options.

    The compiled code is shared, the functions that it calls are the thread's own.
    """
    made = sp.lambdify(arguments, expressions, modules="mpmath", **options)
    names = {}
    for name in _names(made.__code__):
        function = made.__globals__.get(name)
        if id(function) in _exported():
            names[name] = _exported()[id(function)]
    if not set(names.values()) <= _ELEMENTARY:
        _compute_constants(("euler", "catalan", "apery"))
    of_thread = threading.local()

    def function(*values):
        try:
            own = of_thread.function
        except AttributeError:
            table = made.__globals__ | {name: getattr(mp, original) for name, original in names.items()}
            own = of_thread.function = FunctionType(made.__code__, table, made.__name__)
        return own(*values)

    return function


def _names(code):
    """All names that a code object and those inside it look up."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


@lru_cache(maxsize=1)
def _exported():
    """id → name of what the module mpmath takes from its global context."""
    return {id(getattr(mpmath, name)): name for name in dir(mpmath) if name[0] != "_" and hasattr(mpmath.mp, name)}


# --- constants -------------------------------------------------------------------------------------------------------

#: what needs none but the constants computed at import
_ELEMENTARY = frozenset(
    "mpf mpc matrix pi e ln2 ln10 phi degree inf ninf nan j eps exp expm1 log log1p sqrt cbrt root power fabs sign re im conj floor ceil "
    "sin cos tan sec csc cot asin acos atan atan2 sinh cosh tanh sech csch coth asinh acosh atanh sinc erf erfc".split()
)


def _compute_constants(names):
    """Hold mpmath's ``names`` to so many digits that no thread computes them again while another reads."""
    with _lock:
        for name in names:
            getattr(mpmath.mp, name)(dps=_CONSTANTS)


_compute_constants(("pi", "e", "ln2", "ln10", "phi", "degree"))
