r"""The variance λ*_c at which a direction of the data gains or loses its outlier at an edge of the bulk.

**At any edge** it follows from the edge's own q and δ, where D = 0 (`theory.outliers.closed_form`):

.. math:: \lambda^*_c = -\Big(\frac{1}{\psi_p q} + b^2\Big)\frac{1+\delta}{\alpha^2} .

**At the uppermost edge, without the edge.** Along the closed form z(λ*) the physical solution begins at λ* = ∞ and ends where dq/dz = ∞,
which is where dz/dλ* = 0: λ*_c is the largest minimum of z(λ*), and z is the edge there. For one eigenvalue λ_Σ of the covariance
the stability R of `theory.spectrum.scalar_edges` falls along the whole of (λ_Σ, ∞), since (1+δ)/(λ* − λ_Σ) does, so that it is the only one;
otherwise the table of edges is asked. At ψ_n = ∞ and Σ = 1, where U is a spiked Wishart matrix, λ*_c = 1 + (1 + b²/α²)/√ψ_p.

**To any digits** (g, λ*_c) solves two equations, the quadratic one for g = 1/(1+δ) and its fold dz/dλ* = 0: Newton, from either of the above.

What the thresholds are for is in `theory.outliers.bbp`, which alone calls this; checked by ``tests/outliers/test_bbp.py``.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..digits import mp, newton, rounded, to_mpf
from ..equations import late_times
from ..errors import ConvergenceError
from ..search import log_crossing
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.outlier import lam_star, outlier_condition, outlier_position
from .closed_form import exact_system, has_linear_part

if TYPE_CHECKING:
    from mpmath import mpf

    from ..model import RandomFeatureModel
    from ..spectrum.law import Spectrum


@cache
def _threshold_functions(module):
    """The coefficients of the quadratic equation for g; and that equation, dz/dλ* ∝ 0 along it, and the Jacobian of the two."""
    position, variables = outlier_position(), (S.g, lam_star)
    (z_g, z_spike), (f_g, f_spike) = ([e.diff(x) for x in variables] for e in (position.z, position.quadratic))
    both = (position.quadratic, z_spike * f_g - z_g * f_spike)
    coefficients = tuple(sp.Poly(position.quadratic, S.g).all_coeffs())
    full = (*both, *(e.diff(x) for e in both for x in variables))
    return evaluator(coefficients, (lam_star,), module), evaluator(full, variables, module)


def threshold_at(spectrum: "Spectrum", row: NDArray[np.float64], dps: int | None = None) -> "float | mpf":
    """λ*_c of one row (y, q, δ) of ``spectrum.support.table``; negative where no direction's outlier ends at that edge."""
    at_edge = evaluator((outlier_condition().threshold,), (S.q, S.delta), "mpmath")
    with mp.workdps(30):  # not to overflow where α² is about to vanish
        parameters, nodes, weights, _ = exact_system(spectrum, None)
        (threshold,) = at_edge((to_mpf(row[1]), to_mpf(row[2])), parameters, nodes, weights)
    return float(threshold) if dps is None or threshold <= 0 else _refine(spectrum, 1 / (1 + row[2]), threshold, dps)


def uppermost(model: "RandomFeatureModel", dps: int | None = None) -> "float | mpf":
    """λ*_c of the edge above which there is nothing, to ``dps`` digits if given; inf where the network has no linear part.

    Raises `ConvergenceError`: not certified.
    """
    spectrum = model.spectrum()
    if not has_linear_part(spectrum):
        return np.inf
    if len(spectrum.system.nodes) > 1 or late_times.is_limit(spectrum.system):
        return threshold_at(spectrum, spectrum.support.table[-1], dps)
    g, threshold = _largest_minimum(spectrum)
    return threshold if dps is None else _refine(spectrum, g, threshold, dps)


def _largest_minimum(spectrum):
    """(g, λ*_c) for one eigenvalue of the covariance."""
    coefficients, functions = _threshold_functions("numpy")
    arguments = spectrum.system.parameters, np.asarray(spectrum.system.nodes), np.asarray(spectrum.system.weights)
    (node,) = spectrum.system.nodes

    def upper_root(variance):
        """For λ* > λ_Σ the roots of the equation have opposite signs; the physical one is positive at infinity."""
        a, b, c = coefficients((variance,), *arguments)
        half = -(b + np.copysign(np.sqrt(b**2 - 4 * a * c), b)) / 2
        return np.where(half / a > 0, half / a, c / half)

    def fold(excess):
        variance = node * (1 + excess)
        return functions((upper_root(variance), variance), *arguments)[1] * orientation

    # late in the diffusion the threshold grows like b²/α²
    parameters = spectrum.system.parameters
    top = min(1e15 * max(1.0, (parameters.b / parameters.alpha) ** 2 / node), 1e150)
    excess, orientation = np.geomspace(1e-9, top, int(12.5 * np.log10(top / 1e-9))), 1.0
    with np.errstate(all="ignore"):
        values = fold(excess)
        orientation = np.sign(values[-1])
        last = np.flatnonzero(~(values * orientation > 0))
    if last.size == 0 or last[-1] >= excess.size - 1 or not np.isfinite(values[last[-1]]):
        raise ConvergenceError(f"no threshold was found for {spectrum}", np.nan, reason="bracket")
    root = log_crossing(lambda x: fold(np.array([x]))[0], *excess[last[-1] : last[-1] + 2], xtol=1e-15, rtol=1e-15)
    variance = np.array([node * (1 + np.exp(root))])
    return float(upper_root(variance)[0]), float(variance[0])


def _refine(spectrum, g, threshold, dps):
    """Newton for (g, λ*) on the equation and its fold, certified by the last step."""
    # for a large λ* what the data add to g, and to b², is small
    with mp.workdps(dps + 15 + 2 * max(0, int(mp.log10(threshold)))):
        parameters, nodes, weights, _ = exact_system(spectrum, dps)
        _, functions = _threshold_functions("mpmath")

        def step(x):
            f1, f2, *jacobian = functions(tuple(x), parameters, nodes, weights)
            return mp.lu_solve(mp.matrix([jacobian[:2], jacobian[2:]]), -mp.matrix([f1, f2]))

        (_, found), last, settled = newton(step, (mp.mpf(g), to_mpf(threshold)), mp.mpf(10) ** (-dps - 5), 60)
        if settled and abs(found / threshold - 1) < 1e-6:
            return rounded(found, dps)
    raise ConvergenceError(
        f"the threshold {mp.nstr(mp.mpf(threshold), 8)} could not be refined to {dps} digits",
        max(map(abs, last)),
        reason="digits",
    )
