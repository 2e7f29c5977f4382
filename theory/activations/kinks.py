"""Where an activation function jumps or has a corner, so that quadrature can be split there.

Called by `theory.activations.activation` when an activation is made; the averages of `theory.couplings` go by what is found here.
"""

from collections.abc import Iterable

import numpy as np
import sympy as sp

from ..validation import real, sequence
from .expressions import x
from .printer import compiled

#: corners and jumps are looked for in |x| <= KINK_RANGE, and no more than MOST_KINKS of them: each is a panel of every quadrature
KINK_RANGE, MOST_KINKS = 40.0, 64


def kinks_of(expression: sp.Expr) -> list[float]:
    """The real points, sorted, where an expression in `standard_form`, or a Piecewise, may jump; ``ValueError`` if they cannot be found."""
    arguments = {f.args[0] for f in expression.atoms(sp.Abs, sp.sign)}
    for f in expression.atoms(sp.Piecewise):
        for _, condition in f.args:
            arguments |= {relation.lhs - relation.rhs for relation in condition.atoms(sp.core.relational.Relational)}
    points = sorted(point for argument in arguments if argument.has(x) for point in _sign_changes(argument, expression))
    if len(points) > MOST_KINKS:
        raise _unnamed(expression, f"has more than {MOST_KINKS} corners or jumps in |x| <= {KINK_RANGE:g}")
    # the same point as the zero of two arguments
    return [point for k, point in enumerate(points) if k == 0 or point - points[k - 1] > 1e-12 * (1 + abs(point))]


def _unnamed(expression, what):
    return ValueError(f"function = {expression} {what}; allowed: name those that matter, Activation(…, kinks=(…))")


def _sign_changes(argument, expression):
    """Where an argument changes its sign, by a zero or by a jump of its own: sorted floats.

    Exact for polynomials of degree up to 4. Else by bisection between the points of a grid, which counts if one twice as fine agrees.
    """
    if argument.is_polynomial(x):
        polynomial = sp.Poly(argument.xreplace({number: sp.Rational(number) for number in argument.atoms(sp.Float)}), x)
        if polynomial.degree() == 1:
            return [float(-polynomial.nth(0) / polynomial.nth(1))]
        if polynomial.degree() <= 4 and all(c.is_Rational for c in polynomial.all_coeffs()):
            # SymPy's float of a root without a formula would set mpmath's precision
            roots = (root.eval_rational(n=20) if isinstance(root, sp.CRootOf) else root for root in polynomial.real_roots())
            return sorted({float(root) for root in roots})

    def sign(points):
        with np.errstate(all="ignore"):
            return np.nan_to_num(np.sign(function(points)), nan=2.0)

    def changes(count):
        points = np.linspace(-KINK_RANGE - np.pi / 1e4, KINK_RANGE + np.e / 1e4, count)  # lest a zero lie on the grid
        values = np.broadcast_to(sign(points), points.shape)
        at = np.flatnonzero(values[1:] != values[:-1])
        return points[at], points[at + 1], values[at]

    try:
        function = compiled(argument, np)
        (low, high, before), (finer, _, _) = changes(2**14), changes(2**15 + 1)
    except Exception as error:  # whatever SymPy or NumPy may raise on what they cannot evaluate
        what = f"may have corners or jumps that cannot be located ({type(error).__name__})"
        raise _unnamed(expression, what) from error
    if low.size != finer.size or low.size > MOST_KINKS:
        raise _unnamed(expression, f"has more corners or jumps in |x| <= {KINK_RANGE:g} than are looked for")
    for _ in range(60):
        middle = (low + high) / 2
        same = sign(middle) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    middle = np.round((low + high) / 2, 12)
    return np.where(sign(middle) == 0, middle, high).tolist()


def kink_tuple(kinks: Iterable) -> tuple[float, ...]:
    """Kinks that the caller names, sorted."""
    return tuple(sorted(float(real("kinks", kink)) for kink in sequence("kinks", kinks, "finite real numbers")))
