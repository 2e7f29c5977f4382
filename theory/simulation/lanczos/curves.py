r"""Training curves by Lanczos: quadratic forms in the columns of V, with certificates. No matrix is diagonalised.

With g uniform on |g|² = d, E g g^T = 1, x = V g and f_τ(λ) = (1 − e^{−cλ})/λ, c = 2Δ̄τ d/p as in `theory.simulation.flow`,

    train = L_0 − E x^T f_{2τ}(U) x/d,        test = L̃_0 + E [y^T Ũ y − 2 y^T Ṽ g]/d,        y = f_τ(U) x.

**Train.** f_{2τ} is completely monotone: Gauss' and Radau's rules bracket x^T f x (`theory.simulation.lanczos.quadrature`).

**Test.** y is approximated by y_k = |x| Q f_τ(T) e_1. For e^{−uU} x the error of the Krylov approximation obeys e' = −U e − |x| β_k
[e^{−uT}]_{k1} q_{k+1}, so that with no eigenvalue of U below ℓ ≥ 0

    |y − y_k| ≤ η = β_k |x| ∫_0^c ds ∫_0^s e^{−ℓ(s − u)} |[e^{−uT}]_{k1}| du.

All off-diagonals of T are positive, hence (−1)^{k−1} [e^{−uT}]_{k1} > 0 for all u, the modulus may be taken outside, and
η = β_k |x| |[f_ℓ(T)]_{k1}| in closed form: f_ℓ(λ) = ∫_0^c (1 − e^{−ℓ(c − u)})/ℓ e^{−uλ} du (`double_filter`). The quadratic form is then off by
at most η (2 |Ũ y_k| + ‖Ũ‖ η), with Tr Ũ ≥ ‖Ũ‖, and the linear one by η |Ṽ g|.

Derived here, checked by ``tests/simulation/test_lanczos_curves.py`` (the integral in SymPy, the bounds against diagonalised U).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...filters import filter_function
from ...results import TrainingCurve
from .fresh import FreshForms
from .quadrature import bracket
from .recurrence import Tridiagonal


@dataclass(frozen=True)
class LanczosCurve(TrainingCurve):
    """A `theory.results.TrainingCurve` with the errors of its two losses, arrays shaped like ``tau``.

    ``…_standard_error`` comes from the scatter of the probes, ``…_quadrature_error`` is a certificate, for the probes drawn; see
    `theory.simulation.lanczos.probes.Estimate`.
    """

    train_standard_error: NDArray[np.float64]
    train_quadrature_error: NDArray[np.float64]
    test_standard_error: NDArray[np.float64]
    test_quadrature_error: NDArray[np.float64]


def double_filter(x: NDArray, rate: NDArray, lower: float) -> NDArray[np.float64]:
    r"""∫_0^c h(c − u) e^{−ux} du with h(s) = (1 − e^{−ℓs})/ℓ, or s for ℓ = 0, where c = ``rate`` and ℓ = ``lower``; x ≥ ℓ broadcasts with c.

    This is [f_c(x) − e^{−ℓc} f_c(x − ℓ)]/ℓ with f of `theory.filters`, and [c − f_c(x)]/x for ℓ = 0, which is returned for ℓc < 1 too: a bound
    that is at most twice as large. c = ∞ needs ℓ > 0.
    """
    # with ℓ < 1/c the difference would cancel, and h(s) <= s is as good
    slow = lower * rate < 1
    safe, short = np.where(x == 0, 1.0, x), np.where(slow, rate, 1.0)
    without = np.where(x == 0, short**2 / 2, (short - filter_function(safe, short)) / safe)
    if lower == 0:
        return without
    long = np.where(slow | np.isinf(rate), 1.0, rate)
    left = np.where(np.isinf(rate), 0.0, np.exp(-lower * long) * filter_function(x - lower, long))
    return np.where(slow, without, (filter_function(x, rate) - left) / lower)


def train_values(
    rules: list[Tridiagonal], f: Callable[[NDArray], NDArray], lower: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x^T f(U) x by Gauss' rule, and the widths of the brackets, (m, T), for a completely monotone f."""
    brackets = [[rule.norm**2 * side for side in bracket(rule, f, lower)] for rule in rules]
    values = np.array([low for low, _ in brackets])
    # the two bounds may meet, and cross by roundings
    return values, np.maximum(np.array([high for _, high in brackets]) - values, 0.0)


def fresh_values(
    rules: list[Tridiagonal], forms: FreshForms, rate: NDArray, lower: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """y^T Ũ_c y − 2 y^T Ṽ_c g and its error bound, (m, C, T), for the filters f_τ of ``rate`` (T,)."""
    values, bounds = [], []
    for i, rule in enumerate(rules):
        k, nodes = len(rule.nodes), np.maximum(rule.nodes, lower)
        # |x| f(T) e_1, (k, T): y_k in the basis
        y = rule.norm * (rule.vectors * rule.first) @ filter_function(nodes, rate[:, None]).T
        corner = np.abs(double_filter(nodes, rate[:, None], lower) @ (rule.first * rule.final))
        eta = np.where(rule.last == 0, 0.0, rule.last * rule.norm * corner)
        quadratic = np.einsum("kt,ckl,lt->ct", y, forms.quadratic[i][:, :k, :k], y, optimize=True)
        size = np.sqrt(np.maximum(np.einsum("kt,ckl,lt->ct", y, forms.squared[i][:, :k, :k], y, optimize=True), 0.0))
        linear = forms.linear[i][:, :k] @ y
        values.append(quadratic - 2 * linear)
        bounds.append(eta * (2 * size + forms.trace[:, None] * eta) + 2 * eta * forms.target[i][:, None])
    return np.array(values), np.array(bounds)
