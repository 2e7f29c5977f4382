"""Expressions as functions of arrays, of whatever library: NumPy, PyTorch, CuPy, or any other array API namespace.

SymPy's own printers name one library each. This one prints the few names of `_functions`, which are looked up in the namespace at hand.
Called by `theory.activations.activation` and, for the arguments of corners, by `theory.activations.kinks`.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.lambdarepr import LambdaPrinter

from .expressions import x


def compiled(expression: sp.Expr, xp: Any) -> Callable[[Any], Any]:
    """An expression in x as a function of arrays of the namespace ``xp``."""
    return sp.lambdify(
        x,
        # constants such as √2 as numbers: array libraries take square roots of arrays only
        expression.replace(lambda e: e.is_number and not e.is_Rational, lambda e: e.evalf(17)),
        modules=[_functions(xp)],
        printer=ArrayPrinter({"fully_qualified_modules": False, "inline": True}),
    )


class ArrayPrinter(LambdaPrinter):
    """Prints an expression as calls of the names in `_functions`, elementwise on arrays."""

    def _print_Piecewise(self, expr):
        result = "nan"
        for value, condition in reversed(expr.args):
            if condition == True:  # noqa: E712  (SymPy's true)
                result = self._print(value)
            else:
                result = f"where({self._print(condition)}, {self._print(value)}, {result})"
        return result

    def _print_Abs(self, expr):
        return f"absolute({self._print(expr.args[0])})"

    def _print_sign(self, expr):
        return f"sign({self._print(expr.args[0])})"


def _erf(array, xp):
    """erf is not in the array API standard: ask the library at hand, else go through NumPy."""
    if hasattr(xp, "special") and hasattr(xp.special, "erf"):  # PyTorch
        return xp.special.erf(array)
    from scipy.special import erf as scipy_erf

    if xp.__name__.endswith("numpy"):
        return scipy_erf(array)
    if xp.__name__.endswith("cupy"):
        from cupyx.scipy.special import erf as cupy_erf

        return cupy_erf(array)
    # reached by array-api-strict, whose non-default devices refuse an implicit copy to the host
    from array_api_compat import device, to_device

    host = scipy_erf(np.asarray(to_device(array, "cpu") if isinstance(device(array), str) else _to_host(array)))
    return xp.asarray(host, device=device(array))


def _to_host(array):
    from array_api_compat import to_device

    namespace = array.__array_namespace__()
    return to_device(array, namespace.Device("CPU_DEVICE"))


def _functions(xp):
    """The names that `ArrayPrinter` may print, taken from the array namespace ``xp``."""
    elementwise = ("tanh", "sinh", "cosh", "sin", "cos", "tan", "atan", "asinh", "exp", "log", "sqrt", "sign", "where")
    table = {name: getattr(xp, name) for name in elementwise}
    return table | {
        "absolute": xp.abs,
        "erf": lambda a: _erf(a, xp),
        "nan": math.nan,
    }
