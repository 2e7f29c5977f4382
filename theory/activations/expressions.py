"""What an activation function is as a SymPy expression: its letter, its largest degree, its standard form.

Called by `theory.activations.activation` alone, before anything is computed; `theory.symbolic.symbols` takes the letter from here.
"""

from functools import reduce

import sympy as sp

x = sp.Symbol("x", real=True)

#: largest degree of a polynomial: moments of order twice that stay inside double precision, and closed forms take a second
MOST_DEGREE = 50


def check_degree(expression: sp.Expr) -> None:
    """Refuse powers above `MOST_DEGREE` by ``ValueError``, before SymPy multiplies them out."""
    powers = [abs(power.exp) for power in expression.atoms(sp.Pow) if power.base.free_symbols and power.exp.is_Integer]
    if max(powers, default=0) <= MOST_DEGREE and expression.is_polynomial():
        powers.append(sp.degree(expression))
    if max(powers, default=0) > MOST_DEGREE:
        raise ValueError(
            f"function = {expression} holds a power of degree {max(powers)}; allowed: powers and polynomials up to {MOST_DEGREE}"
        )


def standard_form(expression: sp.Expr) -> sp.Expr:
    """Max, Min and Heaviside in terms of |x| and sign(x), which every array library has and `symbolic.hermite` knows."""
    expression = expression.replace(sp.Max, lambda *a: reduce(lambda f, g: (f + g + sp.Abs(f - g)) / 2, a))
    expression = expression.replace(sp.Min, lambda *a: reduce(lambda f, g: (f + g - sp.Abs(f - g)) / 2, a))
    expression = expression.replace(sp.Heaviside, lambda a, _: (1 + sp.sign(a)) / 2)
    return sp.expand(expression).replace(x * sp.sign(x), sp.Abs(x)) if expression.has(sp.sign, sp.Abs) else expression
