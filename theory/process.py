r"""The diffusion: x_t = e^{-t} x + √Δ_t ξ with Δ_t = 1 − e^{−2t}, the variance-preserving process of the book.

Ground: it knows NumPy alone. Whoever needs the two functions of the diffusion time asks here, descriptions, solvers and simulations alike,
so that each has one spelling. What other conventions call time, or noise, is converted in `theory.conventions`.
"""

from typing import Any

import numpy as np


def decay(t: Any, ctx: Any = np) -> Any:
    """e^{-t}, what is left of the data at the diffusion time ``t``.

    ``ctx`` is the library that knows ``t``: NumPy for a number or an array, elementwise; `theory.digits.mp` or ``mpmath`` for an ``mpf``,
    ``math`` for a float, an array namespace for its arrays.
    """
    return ctx.exp(-t)


def noise_variance(t: Any, ctx: Any = np) -> Any:
    """Δ_t = 1 − e^{−2t}, the variance of the noise, with all its digits however small ``t`` is; ``ctx`` as for `decay`."""
    return -ctx.expm1(-2 * t)
