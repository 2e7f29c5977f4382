"""The class of an activation function σ: an expression or a callable, evaluated on arrays and to any number of digits.

The catalogue in `theory.activations` makes some, callers make their own; a model takes one, and `theory.couplings` averages it. It knows
nothing of either.
"""

import itertools
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from ..digits import lambdify, mp, rounded, to_mpc, to_mpf
from ..validation import shown
from .expressions import check_degree, standard_form, x
from .kinks import kink_tuple, kinks_of
from .printer import compiled


class Activation:
    """An activation function.

    Parameters
    ----------
    function : sympy.Expr or callable
        An expression in one symbol, or a function that acts elementwise on arrays (and on ``mpf``, if more than double
        precision is to be asked of it: by operators, and by the functions of the number's own context, as in
        ``value.context.tanh(value)``; ``mpmath.tanh(value)`` would have the digits of ``mpmath.mp.dps``, and is refused where those
        are too few). A string is evaluated by SymPy: take none from strangers.
    name : str, optional
        Shown in figures and messages; the default is the expression.
    kinks : sequence of float, optional
        Points where the function or its derivative jumps; quadrature is split there. For SymPy expressions in ``Abs``, ``sign``,
        ``Heaviside``, ``Max``, ``Min`` and ``Piecewise`` they are found where an argument changes its sign: all of them if it is a
        polynomial of degree up to 4, else those in |x| <= 40 (`KINK_RANGE`), at most 64 of them (`MOST_KINKS`).

    Raises
    ------
    ValueError
        If the expression has more than one symbol, is constant, is not real, is a polynomial of a degree above 50 (`MOST_DEGREE`), or
        has more kinks than are looked for: those that matter are then to be named by ``kinks``.

    Examples
    --------
    >>> import sympy as sp
    >>> from theory.activations import Activation, x
    >>> sigma = Activation(sp.tanh(2 * x))
    >>> round(float(sigma(0.5)), 4)
    0.7616
    """

    def __init__(self, function: sp.Expr | str | Callable, name: str | None = None, kinks: Iterable[float] | None = None):
        if not (name is None or isinstance(name, str)):
            raise ValueError(f"name = {shown(name)} is not a name; allowed: a string")
        if isinstance(function, Activation):
            raise ValueError(f"function = {function!r} is an Activation already; allowed: a SymPy expression or a callable")
        self._callable = None
        if callable(function) and not isinstance(function, sp.Basic):
            self._callable = function
            self.expression = None
            self.name = name or getattr(function, "__name__", "activation")
            self.kinks = kink_tuple(() if kinks is None else kinks)
            self._check_values()
            return
        refused = f"function = {shown(function)} is not an activation; allowed: a SymPy expression or a callable"
        if not isinstance(function, (str, sp.Basic)):
            raise ValueError(refused)
        try:
            expression = sp.sympify(function)
        except Exception:  # a string is evaluated, and may raise whatever it names
            raise ValueError(refused) from None
        if not isinstance(expression, sp.Expr):
            raise ValueError(refused)
        symbols = expression.free_symbols
        if len(symbols) != 1:
            raise ValueError(
                f"function = {expression} has {len(symbols)} symbols"
                + (" (it is constant)" if not symbols else "")
                + "; allowed: an expression that varies with exactly one symbol"
            )
        check_degree(expression)
        self.expression = standard_form(expression.xreplace({symbols.pop(): x}).doit())
        if not self.expression.has(x):
            raise ValueError(f"function = {expression} is constant; allowed: a function that varies")
        self.name = name or str(self.expression)
        self.kinks = tuple(sorted(kinks_of(self.expression))) if kinks is None else kink_tuple(kinks)
        self._compiled = {}
        self._check_values()

    def _check_values(self) -> None:
        probe = np.linspace(-3, 3, 13)
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(self(probe))
                valid = values.shape == probe.shape and np.isrealobj(values) and bool(np.all(np.isfinite(values)))
        except Exception as error:  # whatever a user's function, or SymPy on one it cannot evaluate, may raise
            raise ValueError(
                f"function = {self.name} cannot be evaluated on an array ({error}); allowed: an elementwise real function"
            ) from error
        if not valid:
            raise ValueError(
                f"function = {self.name} does not map real arrays to finite real arrays of the same shape; "
                "allowed: an elementwise real function"
            )
        if np.ptp(values) == 0:
            raise ValueError(f"function = {self.name} is constant; allowed: a function that varies")

    def __repr__(self) -> str:
        return f"Activation({self.name})"

    @property
    def is_even(self) -> bool:
        """Whether σ(−x) = σ(x) is known symbolically: then a_t = 0, not merely small."""
        return self.expression is not None and sp.expand(self.expression.subs(x, -x) - self.expression) == 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Activation):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __getstate__(self):
        # compiled functions do not travel between processes; they are made again where they are needed
        return {k: v for k, v in self.__dict__.items() if k != "_mpmath"} | {"_compiled": {}}

    @property
    def _key(self):
        # the kinks decide where averages are split: models that name others must not share what is cached
        return (self.expression, self._callable, self.kinks)

    def __call__(self, array: Any, xp: Any = np) -> Any:
        """σ elementwise on an array of the namespace ``xp`` (any array API namespace; NumPy by default)."""
        if self._callable is not None:
            return self._callable(array)
        key = xp.__name__
        if key not in self._compiled:
            self._compiled[key] = compiled(self.expression, xp)
        return self._compiled[key](array)

    def mpmath(self, value: Any) -> mpmath.mpf | mpmath.mpc:
        """σ at one mpmath number, at the caller's precision ``mpmath.mp.prec``."""
        with mp.workprec(mpmath.mp.prec):
            is_complex = hasattr(value, "_mpc_") or isinstance(value, complex)
            return rounded(self.evaluate(to_mpc(value) if is_complex else to_mpf(value)))

    def evaluate(self, value: Any) -> Any:
        """σ at one number of `theory.digits`, at the thread's precision."""
        if self._callable is None:
            return self._mpmath(value)
        try:
            return mp.mpf(self._callable(value))
        except Exception as error:  # whatever a user's function may raise
            raise ValueError(
                f"function = {self.name} cannot be evaluated at mpmath's numbers ({error}); allowed: a function of mpf, as well "
                "as of arrays, or dps=None"
            ) from error

    def check_digits(self, dps: int) -> None:
        """Raise ``ValueError`` where a callable does not compute ``dps`` digits.

        It is held to be smooth: its differences of high order over a step 2^−20 must vanish to these digits. Rounding to fewer
        digits, be it inside the function, does not vanish in them.
        """
        if self._callable is None:
            return
        order = dps // 3 + 4
        with mp.workdps(dps + order // 3 + 10):
            for centre in (mp.sqrt(2) - 1, -mp.sqrt(3) / 2):
                values = [self.evaluate(centre + mp.ldexp(k, -20)) for k in range(order + 1)]
                size = max(map(abs, values))
                for _ in range(order):
                    values = [high - low for low, high in itertools.pairwise(values)]
                if abs(values[0]) > size * mp.mpf(10) ** -dps:
                    raise ValueError(
                        f"function = {self.name} does not compute {dps} digits (mpmath.mp.dps = {mpmath.mp.dps}); allowed: operators "
                        "and functions of the number's own context, value.context.tanh(value) for mpmath.tanh(value), or dps=None"
                    )

    @cached_property
    def _mpmath(self):
        return lambdify(x, self.expression)
