"""From SymPy expressions with averages over ρ_Σ to functions of NumPy arrays or of mpmath numbers.

The same expressions serve both: `evaluator` lambdifies the integrands and the expression around them
separately, so that an average is one weighted sum over the nodes of ρ_Σ, whatever the number of nodes.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from ..digits import lambdify, mp
from ..validation import expression, one_of, sequence, shown
from . import symbols as S

MODULES = ("numpy", "mpmath")
PARAMETERS = (S.psi_p, S.psi_n, S.alpha, S.b, S.v, S.s_t)


def evaluator(expressions: Sequence[sp.Expr], variables: Sequence[sp.Symbol], module: str) -> Callable[..., list[Any]]:
    """Compile ``expressions`` to one function; the same is compiled once.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        May contain averages (see `symbols.average`).
    variables : sequence of sympy.Symbol
        The unknowns that the function takes first.
    module : {"numpy", "mpmath"}

    Returns
    -------
    callable
        ``f(variables, parameters, nodes, weights)``, a list with one entry per expression.
        With ``"numpy"``: every variable is an array of shape (N,), ``nodes`` and ``weights`` are arrays of
        shape (m,), entries have shape (N,); cost O(N m). With ``"mpmath"``: scalars and lists of length m, at the
        precision of the thread (`theory.digits`).
    """
    allowed = "a sequence of SymPy expressions"
    expressions = tuple(expression("expressions", item) for item in sequence("expressions", expressions, allowed))
    variables = tuple(sequence("variables", variables, "a sequence of SymPy symbols"))
    if not all(isinstance(variable, sp.Symbol) for variable in variables):
        raise ValueError(f"variables = {shown(variables)} are not all symbols; allowed: a sequence of SymPy symbols")
    return _evaluator(expressions, variables, one_of("module", module, MODULES))


@cache
def _evaluator(expressions, variables, module):
    integrals = sorted(set().union(*(e.atoms(sp.Integral) for e in expressions)), key=sp.default_sort_key)
    stand_ins = sp.symbols(f"I:{len(integrals)}", cls=sp.Dummy)
    outer = [e.xreplace(dict(zip(integrals, stand_ins, strict=True))) for e in expressions]
    scalars = (*variables, *PARAMETERS)
    inside = compiled((*scalars, S.lam), [S.integrand(i) for i in integrals], module)
    outside = compiled((*scalars, *stand_ins), outer, module)

    if module == "numpy":

        def function(values, parameters, nodes, weights):
            columns = [value[:, None] for value in values]
            averages = [
                np.broadcast_to(f, (len(values[0]), len(nodes))) @ weights for f in inside(*columns, *parameters, nodes)
            ]
            return outside(*values, *parameters, *averages)

    else:

        def function(values, parameters, nodes, weights):
            rows = [inside(*values, *parameters, node) for node in nodes]
            averages = [mp.fdot(weights, column) for column in zip(*rows, strict=True)]
            return outside(*values, *parameters, *averages)

    return function


def compiled(arguments, expressions, module):
    """A function of NumPy arrays, or of mpmath numbers at the precision of the thread that calls it."""
    if module == "mpmath":
        return lambdify(arguments, expressions, cse=True)
    return sp.lambdify(arguments, expressions, modules=module, cse=True)
