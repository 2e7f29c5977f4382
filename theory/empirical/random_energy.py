r"""The random energy model, as numbers: e^{αd} Gaussian energies of variance d at the inverse temperature β.

The warm-up for the empirical score, whose energies are squared distances. Formulas from `theory.symbolic.random_energy`; source: Derrida
(1981). Checked by ``tests/empirical/test_random_energy.py`` against sums of finite size.
"""

from functools import cache
from typing import Any

from ..digits import lambdify, mp, rounded, to_mpf
from ..symbolic import random_energy as symbolic
from ..validation import non_negative, positive
from .times import GUARD, digits_of


@cache
def _compiled():
    found = symbolic.gaussian()
    letters = (symbolic.alpha, symbolic.beta)
    return {name: lambdify(letters, getattr(found, name)) for name in ("critical", "free", "frozen", "participation")}


def _evaluate(choose, alpha, beta, dps):
    """``choose(formulas, α, β)`` with mpf at guard digits, as a number of the caller's; nothing is derived before ``dps`` is checked."""
    digits = digits_of(dps)
    with mp.workdps(digits + GUARD):
        value = choose(_compiled(), to_mpf(alpha), to_mpf(beta))
        return float(value) if dps is None else rounded(value, dps)


def critical_beta(alpha: float, dps: int | None = None) -> Any:
    """β_c = √(2α), at which the sum Σ e^{−βE} begins to be carried by a few terms; float, or mpf to ``dps`` digits. ``alpha`` > 0."""
    return _evaluate(lambda form, a, b: form["critical"](a, b), positive("alpha", alpha), 1, dps)


def free_energy(beta: float, alpha: float, dps: int | None = None) -> Any:
    """(1/d) log Σ e^{−βE}: α + β²/2 below β_c and β√(2α) above; float, or mpf to ``dps`` digits. ``beta`` >= 0, ``alpha`` > 0."""
    beta, alpha = non_negative("beta", beta), positive("alpha", alpha)
    return _evaluate(lambda form, a, b: form["free" if b < form["critical"](a, b) else "frozen"](a, b), alpha, beta, dps)


def participation_ratio(beta: float, alpha: float, dps: int | None = None) -> Any:
    """E Σ w² of the weights w ∝ e^{−βE}: 0 up to β_c and 1 − β_c/β above; float, or mpf to ``dps`` digits. ``beta`` > 0, ``alpha`` > 0."""
    beta, alpha = positive("beta", beta), positive("alpha", alpha)
    return _evaluate(lambda form, a, b: max(mp.mpf(0), form["participation"](a, b)), alpha, beta, dps)
