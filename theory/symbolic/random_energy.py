r"""The random energy model: when a sum of exponentially many terms is carried by the few largest of them.

Z = Σ_μ e^{−βE_μ} over e^{αd} independent energies, all of order d. As long as many terms matter the sum is its mean,

.. math:: \tfrac1d\log Z = \alpha + f(\beta),\qquad f(\beta) = \tfrac1d\log{\rm E}\,e^{-\beta E},

and the terms that matter have the energy −f′(β) per dimension. Their number is e^{d(α − s(β))} with the relative entropy s(β) = βf′(β) −
f(β) of their law to that of all energies (`relative_entropy`). At s(β_c) = α one of them is left: the sum **condenses**. Beyond, it is
carried by the lowest energies, which do not depend on β: (1/d) log Z = βf′(β_c) (`condensed`).

Gaussian energies of variance d are the random energy model of Derrida (1981), f = β²/2: `gaussian` has its critical β, its free energy
and, from the Poisson process of the lowest energies, the participation ratio E Σ_μ (e^{−βE_μ}/Z)² = 1 − β_c/β. The energies of
`theory.symbolic.empirical_score` are squared distances to the points of a training set.

Derived here, checked by ``tests/empirical/test_random_energy.py`` against sums of finite size.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression

if TYPE_CHECKING:
    from .symbols import Scalar

#: log(number of energies)/d, the inverse temperature, and its critical value
alpha, beta, beta_c = sp.symbols("alpha beta beta_c", positive=True)


class RandomEnergies(NamedTuple):
    """The random energy model of Gaussian energies with variance d, per dimension; functions of β and α."""

    #: relative entropy of the terms that matter, which equals α at the transition
    relative_entropy: sp.Expr
    #: where the sum condenses
    critical: sp.Expr
    #: (1/d) log Z below and above it
    free: sp.Expr
    frozen: sp.Expr
    #: E Σ (weights)² above it, 0 below
    participation: sp.Expr


def relative_entropy(f: "Scalar") -> sp.Expr:
    """s = βf′ − f: relative entropy, per dimension, of the energies that carry the sum, to all energies."""
    f = expression("f", f)
    return sp.simplify(beta * sp.diff(f, beta) - f)


def condensed(f: "Scalar", critical: "Scalar") -> sp.Expr:
    """(1/d) log Z beyond the transition: the tangent of α + f at ``critical``, which passes through the origin there."""
    f, critical = expression("f", f), expression("critical", critical)
    return beta * sp.diff(f, beta).subs(beta, critical)


@cache
def gaussian() -> RandomEnergies:
    """Derive the `RandomEnergies` from f = log E e^{−βE}."""
    energy, d = sp.Symbol("E", real=True), sp.Symbol("d", positive=True)
    law = sp.exp(-(energy**2) / (2 * d)) / sp.sqrt(2 * sp.pi * d)
    f = sp.simplify(
        sp.expand_log(sp.log(sp.integrate(law * sp.exp(-beta * energy), (energy, -sp.oo, sp.oo))), force=True) / d
    )
    entropy = relative_entropy(f)
    (critical,) = sp.solve(entropy - alpha, beta)
    return RandomEnergies(entropy, critical, alpha + f, condensed(f, critical), participation_ratio().subs(beta_c, critical))


@cache
def participation_ratio() -> sp.Expr:
    r"""E Σ_μ w_μ² of the weights w_μ ∝ e^{−βE_μ} beyond the transition: 1 − β_c/β, whatever the law of the energies.

    The lowest energies are a Poisson process of intensity e^{β_c E}. With u = e^{−βE} and m = β_c/β its intensity is
    u^{−1−m}/β up to a
    factor that shifts all E, and 1/Z² = ∫_0^∞ θ e^{−θZ} dθ, so that E Σ u²/Z² = ∫ θ A(θ) e^{−B(θ)} dθ with A = ∫ u^{1−m}
    e^{−θu} du/β and
    B = ∫ u^{−1−m} (1 − e^{−θu}) du/β.
    """
    m, theta, u, y = sp.symbols("m theta u y", positive=True)

    def moment(power):
        return sp.integrate(u**power * sp.exp(-theta * u), (u, 0, sp.oo), conds="none")

    second, exponent = moment(1 - m), theta / m * moment(-m)  # A and, by parts, B
    # y = B turns the integral over θ into one of e^{−y}; θA/B′ does not depend on θ
    ratio = sp.simplify(sp.gammasimp(theta * second / sp.diff(exponent, theta)))
    return sp.simplify((ratio * sp.integrate(sp.exp(-y), (y, 0, sp.oo))).subs(m, beta_c / beta))
