"""Activation functions σ, as SymPy expressions where possible, and their evaluation on any array.

The catalogue: `tanh`, `erf`, `relu`, `leaky_relu(slope)`, `sin`, `cos`, `sign`, `linear`, `gelu`, `softplus`,
`silu`, `polynomial(coefficients)`, `hermite(k)`. Your own: ``Activation(expression)`` with a SymPy expression in one
symbol, or ``Activation(function, name=…)`` with any callable.

Ground: models and couplings take an `Activation`, and nothing here knows of them. A new activation of the catalogue is a line below.
"""

from collections.abc import Iterable

import sympy as sp

from ..validation import non_negative, positive_integer, real, sequence, shown
from .activation import Activation
from .expressions import MOST_DEGREE, x
from .kinks import KINK_RANGE, MOST_KINKS

__all__ = [
    "KINK_RANGE",
    "MOST_DEGREE",
    "MOST_KINKS",
    "Activation",
    "cos",
    "erf",
    "gelu",
    "hermite",
    "leaky_relu",
    "linear",
    "polynomial",
    "relu",
    "sign",
    "silu",
    "sin",
    "softplus",
    "tanh",
    "x",
]


def leaky_relu(slope: float = 0.01) -> Activation:
    """max(x, slope·x), for 0 <= slope < 1.

    Examples
    --------
    >>> from theory.activations import leaky_relu
    >>> leaky_relu(0.1).name
    'leaky ReLU (1/10)'
    """
    plain = non_negative("slope", slope)
    if not plain < 1:
        raise ValueError(f"slope = {slope} is out of range; allowed: 0 <= slope < 1")
    slope = sp.nsimplify(plain, rational=True)
    return Activation((1 + slope) / 2 * x + (1 - slope) / 2 * sp.Abs(x), name=f"leaky ReLU ({slope})")


def polynomial(coefficients: Iterable[float]) -> Activation:
    """Σ_k coefficients[k] x^k, not constant, of degree up to 50.

    Examples
    --------
    >>> from theory.activations import polynomial
    >>> float(polynomial((0, 1, 0, 2))(2.0))
    18.0
    """
    terms = [real("coefficients", c) for c in sequence("coefficients", coefficients, "a sequence of finite real numbers")]
    if not any(terms[1:]):
        raise ValueError(
            f"coefficients = {shown(coefficients)} make a constant; allowed: one beyond the first that is not 0"
        )
    if len(terms) > MOST_DEGREE + 1:
        raise ValueError(
            f"coefficients has {len(terms)} entries; allowed: up to {MOST_DEGREE + 1}, a degree of {MOST_DEGREE}"
        )
    return Activation(sum((sp.nsimplify(c, rational=True) * x**k for k, c in enumerate(terms)), sp.S.Zero))


def hermite(k: int) -> Activation:
    """The probabilists' Hermite polynomial He_k, 1 <= k <= 50, orthogonal for N(0, 1) with norm² k!.

    Examples
    --------
    >>> from theory.activations import hermite
    >>> hermite(2).expression
    x**2 - 1
    """
    k = positive_integer("k", k, MOST_DEGREE)
    return Activation(sp.expand(2 ** sp.Rational(-k, 2) * sp.hermite(k, x / sp.sqrt(2))), name=f"He_{k}")


tanh = Activation(sp.tanh(x), name="tanh")
erf = Activation(sp.erf(x), name="erf")
relu = Activation((x + sp.Abs(x)) / 2, name="ReLU")
sin = Activation(sp.sin(x), name="sin")
cos = Activation(sp.cos(x), name="cos")
sign = Activation(sp.sign(x), name="sign")
linear = Activation(x, name="linear")
gelu = Activation(x * (1 + sp.erf(x / sp.sqrt(2))) / 2, name="GELU")
softplus = Activation(sp.log(1 + sp.exp(x)), name="softplus")
silu = Activation(x / (1 + sp.exp(-x)), name="SiLU")
