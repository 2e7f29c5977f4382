"""The conditions for the times of the empirical score: the isotropic formulas, sums over a random code, and what holds between them."""

import numpy as np
import sympy as sp

from theory.symbolic import empirical_score as symbolic

h, rho2 = symbolic.h, symbolic.rho2
A, B, L = symbolic.A, symbolic.B, symbolic.L
ISOTROPIC = {L: sp.log(1 + 1 / h), A: 1 / (1 + h), B: 1 / (1 + h) ** 2}


def test_isotropic_formulas():
    found = symbolic.conditions()
    u = h / (1 + h)
    assert sp.simplify(found.onset.subs(ISOTROPIC) - sp.log(1 + 1 / h) - 1 / (1 + h)) == 0
    assert sp.simplify(found.condensation.subs(ISOTROPIC) - sp.log(1 + 1 / h) + 1 / (1 + h) - 1 / (1 + h) ** 2) == 0
    assert sp.simplify(found.energy.subs(ISOTROPIC) - u - u**2) == 0


def test_annealed_sum_is_the_average_over_points():
    rng, lam, beta, x = np.random.default_rng(0), 1.7, 0.8, 0.6
    points = np.sqrt(lam) * rng.standard_normal(400_000)
    weights = np.exp(-beta * (x - points) ** 2 / 2)
    values = {symbolic.lam: lam, symbolic.beta: beta, symbolic.X: x**2}
    assert abs(np.log(weights.mean()) - float(symbolic.annealed().subs(values))) < 4 * weights.std() / weights.mean() / 630


def test_the_border_of_a_basin():
    """At the collapse it is where a typical trajectory is, at the onset it closes, and the sum of the others condenses at the collapse."""
    found = symbolic.conditions()
    at_collapse, at_onset = {symbolic.alpha: found.collapse / 2}, {symbolic.alpha: found.onset / 2}
    assert sp.simplify(found.basin.subs(at_collapse) - h) == 0 == sp.simplify(found.basin.subs(at_onset))
    assert sp.simplify(found.basin_margin.subs(at_collapse)) == 0
    # more points than at the collapse: not condensed
    assert found.basin_margin.subs({A: 0.5, B: 0.25, L: 1.0, symbolic.alpha: 0.6}) > 0
    assert found.basin_margin.subs({A: 0.5, B: 0.25, L: 1.0, symbolic.alpha: 0.4}) < 0
    assert found.frozen_basin == h and found.frozen_condition == L
