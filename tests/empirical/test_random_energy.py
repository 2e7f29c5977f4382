"""The random energy model against sums of finite size and against the Poisson process of the lowest energies."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.empirical import critical_beta, free_energy, participation_ratio
from theory.symbolic import random_energy as symbolic


def test_the_free_energy_is_continuous_with_its_slope_and_convex():
    found = symbolic.gaussian()
    gap = (found.free - found.frozen).subs(symbolic.beta, found.critical)
    kink = sp.diff(found.free - found.frozen, symbolic.beta).subs(symbolic.beta, found.critical)
    assert sp.simplify(gap) == 0 == sp.simplify(kink)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_free_energy_of_sums(beta):
    """(1/d) log Z on either side of the transition; the correction at finite d is (log d)/d in the frozen phase."""
    alpha, errors = 0.5, []
    for d in (12, 28):
        n = int(np.exp(alpha * d))
        rng = np.random.default_rng(0)
        draws = [np.log(np.exp(-beta * np.sqrt(d) * rng.standard_normal(n)).sum()) / d for _ in range(max(4, 400000 // n))]
        errors.append(abs(np.mean(draws) - free_energy(beta, alpha)))
    assert errors[1] < (0.12 if beta > critical_beta(alpha) else 0.005)
    assert errors[1] < 0.6 * errors[0]


def test_participation_ratio_of_the_poisson_process():
    """u_k = Γ_k^{-1/m}, with Γ_k the times of a Poisson process, are the weights in decreasing order."""
    rng, beta, alpha = np.random.default_rng(1), 2.0, 0.5
    m = critical_beta(alpha) / beta
    u = np.cumsum(rng.exponential(size=(4000, 3000)), axis=1) ** (-1 / m)
    # what is cut off, Σ_{k>K} k^{-1/m}, is K^{1-1/m}/(1/m − 1)
    total = u.sum(1) + u[:, -1] * u.shape[1] / (1 / m - 1)
    ratios = (u**2).sum(1) / total**2
    assert abs(ratios.mean() - participation_ratio(beta, alpha)) < 4 * ratios.std() / np.sqrt(len(ratios))


def test_digits_and_phases():
    with mpmath.workdps(40):
        assert abs(critical_beta(0.5, dps=30) - 1) < mpmath.mpf(10) ** -30
        assert abs(free_energy(3, 0.3, dps=30) - 3 * mpmath.sqrt(2 * mpmath.mpf(0.3))) < mpmath.mpf(10) ** -29
    assert participation_ratio(0.9, 0.5) == 0 and free_energy(0, 0.5) == 0.5
