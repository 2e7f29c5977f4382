r"""Samples shown one after another: what an order of presentation does, to third order in the step.

A step h on sample ν is an affine map of the readout, A → A(1 − hH_ν) − hF_ν, hence a matrix 1 − hM_ν that acts from the right on the rows of
[A, 1], with M_ν = [[H_ν, 0], [F_ν, 0]]. A pass is a product of such matrices, in the order of the steps, which do not commute. Its logarithm
is the generator of the flow that passes through the same points:

    log Π(1 − hM_ν) = −h Σ M_ν − (h²/2) Σ M_ν² + (h²/2) Σ_{μ<ν} [M_μ, M_ν] + O(h³).

The last term, and it alone at this order, knows the order. It changes its sign when the pass is run backward, is absent from a pass forward and
backward, and averages to zero over all orders.

Derived here with symbols that do not commute (the formula of Baker, Campbell and Hausdorff for products of 1 − hM); checked with matrices by
``tests/simulation/test_sample_order.py``.
"""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

import sympy as sp

from ..validation import positive_integer

#: more samples than this make products of too many terms
MOST_SAMPLES = 5

h = sp.Symbol("h", positive=True)


class PassLogarithm(NamedTuple):
    """The logarithm of a pass, by powers of h, in the symbols of `samples`."""

    first: sp.Expr
    second: sp.Expr
    third: sp.Expr


def samples(n: int) -> tuple[sp.Symbol, ...]:
    """M_1, …, M_n, which do not commute; n <= `MOST_SAMPLES`."""
    n = positive_integer("n", n, MOST_SAMPLES)
    return tuple(sp.Symbol(f"M_{k}", commutative=False) for k in range(1, n + 1))


def forward(n: int) -> PassLogarithm:
    """A pass over M_1, …, M_n."""
    return _logarithm(_product(samples(n)))


def backward(n: int) -> PassLogarithm:
    """The same from the last to the first."""
    return _logarithm(_product(samples(n)[::-1]))


def palindrome(n: int) -> PassLogarithm:
    """A pass forward and one backward."""
    return _logarithm(_product(samples(n) + samples(n)[::-1]))


def reshuffled(n: int) -> PassLogarithm:
    """The mean of a pass over all orders: the logarithm of the mean product."""
    products = [_product(order) for order in itertools.permutations(samples(n))]
    return _logarithm([sp.expand(sum(terms) / len(products)) for terms in zip(*products, strict=True)])


def drawn(n: int) -> PassLogarithm:
    """The mean of n samples that are drawn by chance: the logarithm of (1 − h ΣM/n)^n."""
    matrices = samples(n)
    return _logarithm(_product([sp.expand(sum(matrices) / len(matrices))] * len(matrices)))


def commutators(n: int) -> sp.Expr:
    """Σ_{μ<ν} [M_μ, M_ν]."""
    return sp.expand(sum(a * b - b * a for a, b in itertools.combinations(samples(n), 2)))


def _product(order: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The coefficients of h, h² and h³ in Π(1 − hM)."""
    first = second = third = sp.Integer(0)
    for matrix in order:
        first, second, third = first - matrix, second - first * matrix, third - second * matrix
    return [sp.expand(term) for term in (first, second, third)]


def _logarithm(product: list[sp.Expr]) -> PassLogarithm:
    """log(1 + x) = x − x²/2 + x³/3 − …, for x that starts with h."""
    a, b, c = product
    return PassLogarithm(a, sp.expand(b - a * a / 2), sp.expand(c - (a * b + b * a) / 2 + a * a * a / 3))
