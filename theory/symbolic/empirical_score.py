r"""The exact empirical score as a random energy model: when one training point carries the density, and from where it attracts.

The minimiser of the training loss is ∇log P_t^e, the score of P_t^e(x) = (1/n) Σ_μ N(x; e^{-t}a_μ, Δ_t), whose n = e^{αd} points a_μ are
Gaussian of covariance Σ. In the units of the data, y = e^t x_t = a + √h ξ with h = Δ_t e^{2t}, the point μ has the weight
e^{−|y−a_μ|²/2h}: energies E_μ = |y − a_μ|²/2 at β = 1/h. One direction of variance λ, in which y has the square X, adds to f(β) = (1/d)
log E e^{−βE} (`annealed`)

.. math:: -\tfrac12\log(1+\beta\lambda)-\frac{\beta X}{2(1+\beta\lambda)} .

What is asked is asked at different y: at y = a + √h ξ of a trajectory (X = λ + h), at a fresh point of the data (X = λ), beside a
training point at the distance √d ρ (X = λ + ρ²). All answers are linear in three averages over the spectrum of Σ,

.. math:: L=\langle\log(1+\lambda/h)\rangle,\qquad A=\langle\frac{\lambda}{\lambda+h}\rangle,\qquad
    B=\langle\frac{\lambda^2}{(\lambda+h)^2}\rangle ,

``collapse``, ``onset``, ``condensation`` are what 2α equals at the three times, ``energy`` twice the lowest energy of a fresh point, whose sum
condensed at h, ``basin`` what ρ² equals at its border. Sources: 2402.18491 for collapse as condensation of a random energy model;
2502.09578 asks for the other times, whose formulas are derived here, checked by ``tests/symbolic/test_empirical_conditions.py`` and, at finite
size, ``tests/simulation/test_collapse.py``.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from ..validation import shown
from .random_energy import alpha, beta, relative_entropy
from .symbols import lam

#: variance of the noise relative to the data; square of y in one direction; squared distance from a training point per dimension
h, X, rho2 = sp.symbols("h X rho_2", positive=True)
#: ⟨log(1 + λ/h)⟩, ⟨λ/(λ+h)⟩, ⟨λ²/(λ+h)²⟩
L, A, B = sp.symbols("L A B", positive=True)


class Conditions(NamedTuple):
    """In L, A, B at the h of each time."""

    #: 2α at which the own point of y = a + √h ξ carries half of the density: 2I(a; y)/d
    collapse: sp.Expr
    #: 2α at which the own point does so at y = a, where it is strongest: below this h a trap exists
    onset: sp.Expr
    #: 2α at which the sum condenses at a fresh point of the data
    condensation: sp.Expr
    #: twice the energy per dimension of the terms that matter at a fresh point
    energy: sp.Expr
    #: ρ² at which the own point carries half of the density at the distance √d ρ from it, while the sum of the others is not condensed
    basin: sp.Expr
    #: 2α minus twice the relative entropy of that sum at that ρ²: where it is negative the sum is condensed, which is h < h_c
    basin_margin: sp.Expr
    #: ρ² there, where the nearest other point is as far: with h the one at which ``frozen_condition`` is 2α, the collapse
    frozen_basin: sp.Expr
    frozen_condition: sp.Expr


@cache
def annealed() -> sp.Expr:
    """f(β) of one direction, by the Gaussian integral over a training point; in β, λ, X."""
    a, y = sp.symbols("a y", real=True)
    law = sp.exp(-(a**2) / (2 * lam)) / sp.sqrt(2 * sp.pi * lam)
    total = sp.integrate(law * sp.exp(-beta * (y - a) ** 2 / 2), (a, -sp.oo, sp.oo), conds="none")
    logarithm = sp.expand_log(sp.log(sp.simplify(total)), force=True)
    return -sp.log(1 + beta * lam) / 2 + sp.factor(sp.simplify(logarithm + sp.log(1 + beta * lam) / 2)).subs(y, sp.sqrt(X))


def _in_averages(value):
    """``value`` of one direction, linear in log(1 + λ/h), λ/(λ+h) and its square, as L, A, B and a constant."""
    u = sp.Symbol("u", positive=True)  # λ/(λ + h)
    of_one = sp.expand_log(value, force=True).subs(sp.log(1 + lam / h), L)
    of_one = sp.simplify(sp.expand(of_one).subs(lam, u * h / (1 - u)))
    if not of_one.is_polynomial(u) or sp.degree(of_one, u) > 2:
        raise ValueError(f"value = {shown(value)} is not linear in log(1 + λ/h), λ/(λ+h) and its square; allowed: what is")
    coefficients = reversed(sp.Poly(of_one, u).all_coeffs())
    return sum(c * power for c, power in zip(coefficients, (1, A, B), strict=False))


@cache
def conditions() -> Conditions:
    """Derive the `Conditions`."""
    free = annealed().subs(beta, 1 / h)
    entropy = relative_entropy(annealed()).subs(beta, 1 / h)
    energy = (-sp.diff(annealed(), beta)).subs(beta, 1 / h)
    at_noise, at_data, beside = {X: lam + h}, {X: lam}, {X: lam + rho2}
    # the own term: −|y − a|²/(2h) per dimension, against α + f of all others
    collapse = -sp.Rational(1, 2) - free.subs(at_noise)
    onset = -free.subs(at_data)
    balance = _in_averages(2 * (-rho2 / (2 * h) - free.subs(beside))) - 2 * alpha
    (basin,) = sp.solve(balance, rho2)
    entropy_beside, energy_beside = (_in_averages(2 * each.subs(beside)) for each in (entropy, energy))
    margin = 2 * alpha - entropy_beside.subs(rho2, basin)
    # condensed: the own energy ρ²/2 against the lowest one, that of the terms that matter at the transition
    (frozen,) = sp.solve(energy_beside - rho2, rho2)
    return Conditions(
        *(sp.factor(_in_averages(2 * each)) for each in (collapse, onset, entropy.subs(at_data), energy.subs(at_data))),
        sp.factor(basin),
        sp.factor(margin),
        sp.simplify(frozen),
        sp.simplify(entropy_beside.subs(rho2, frozen)),
    )
