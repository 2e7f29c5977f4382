r"""Outliers of U: the eigenvalues off the bulk that single directions make, and what their eigenvectors know.

A data direction e of variance λ* adds one factor to the Gaussian integrals of `theory.symbolic.action`. Its propagator is
g_*(z) = (1/p) w^T (U − z)^{-1} w = 1/D(z) with w = We, and an outlier is a zero of

.. math:: D(z) = \frac1q + \psi_p\Big(b^2 + \frac{\alpha^2\lambda^*}{1+\delta}\Big).

**At most one outlier per direction and gap.** g_* is the Stieltjes transform of a positive measure of mass 1, so that D falls with z
wherever it is analytic. It is so on the whole of a gap of the bulk: 1/(1+δ) = 1 − (1/n²) Tr GG^T(U − z)^{-1} is the transform of a
measure with a density relative to the law of U, and has no mass at the atom s_t², where G^T vanishes; and q has no zero, since
the two equations at q = 0 would give δ = 0 and a finite 1/q. So a gap holds an outlier if and only if D is positive at its left
end and negative at its right end, by which `theory.outliers.bbp` goes. Below the bulk D > 0 up to s_t² (U − s_t² is a sum of squares,
and w has no part in its null space), and up to the first edge where there is no atom: every term of D is positive there.

**In closed form.** D = 0 gives q, and every average over ρ_Σ in the saddle point then depends on λ* alone. What remains for
g = 1/(1+δ) is a quadratic equation, for any ρ_Σ, and z follows: no gap is searched. A root is an outlier if dq/dz > 0 and dδ/dz > 0,
which proves that z lies outside the support (`theory.equations.certificate`); else it belongs to another branch. Both roots may be outliers: a
strong direction has one above all bulks and, if ψ_p > 1 + ψ_n, one below them. A spike that equals an eigenvalue of Σ makes none, nor does
one inside a continuous ρ_Σ (`theory.data.continuum`).

`outliers_of` takes any direction, and `theory.outliers.spikes` those of the data. The other public functions serve
`theory.outliers.threshold` and `theory.training.signal`.

Derived in `theory.symbolic.outlier`; checked by ``tests/outliers/test_outliers.py`` against the zeros of D between the edges, spiked Wishart
matrices, and finite matrices. The relative error at finite d is O(1/d) for a tanh network above the bulk; an outlier
whose distance from s_t² is below s_t²/√d is blurred there, since s_t² is another one for each feature.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import sympy as sp

from ..digits import mp, rounded, to_mpf
from ..equations.factory import scalar_system_mpmath
from ..equations.system import Parameters
from ..errors import ConvergenceError
from ..process import noise_variance
from ..results import Outlier
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.outlier import lam_star, outlier_condition, outlier_position
from ..symbolic.saddle_equations import saddle_point
from ..validation import a_scalar_spectrum, decimal_digits, non_negative

if TYPE_CHECKING:
    from mpmath import mpf

    from ..spectrum.law import Spectrum

#: ratio of squared coefficients below which one is rounding
NEGLIGIBLE = 1e-24


@cache
def _roots_functions():
    position = outlier_position()
    coefficients = tuple(sp.Poly(position.quadratic, S.g).all_coeffs())
    return evaluator(coefficients, (lam_star,), "mpmath"), evaluator((1 / position.q, position.z), (S.g, lam_star), "mpmath")


@cache
def _response_function():
    """The equations, their derivatives in the unknowns (q, δ), and in what is varied (z, b), row by row."""
    equations = (*saddle_point().reduced, outlier_condition().condition)
    derivatives = [sp.diff(e, x) for e in equations for x in (S.q, S.delta, S.z, S.b)]
    return evaluator((*equations, *derivatives), (S.q, S.delta, S.z, lam_star), "mpmath")


def of_spikes(spectrum: "Spectrum", dps: int | None = None) -> tuple[Outlier, ...]:
    r"""All eigenvalues of U that the spikes of the data separate from the bulk: above, below it and in its gaps.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
        Of a model with ``Gaussian(spikes=…)``.
    dps : int, optional
        Decimal digits; the results are then ``mp.mpf``.

    Returns
    -------
    tuple of `theory.outliers.Outlier`, sorted by eigenvalue; () where there is none

    Raises
    ------
    ValueError
        A model that is not of one feature type, one kind of samples and one diffusion time.
    ConvergenceError
        Residual, or an overlap outside (0, 1]: not seen to happen.

    Notes
    -----
    A millisecond for each spike (Σ = 1), growing linearly with the eigenvalues of the covariance, after seconds of derivation the
    first time in a process; with ``dps`` mostly the coefficients. An outlier within rounding of the threshold may go either way.
    """
    a_scalar_spectrum(spectrum)
    if dps is not None:
        dps = decimal_digits("dps", dps)
    found, spikes = [], spectrum.model.data.spikes
    for k, variance in enumerate(spikes):
        for outlier in outliers_of(spectrum, variance, dps):
            overlaps = tuple(outlier.overlap if i == k else 0 * outlier.overlap for i in range(len(spikes)))
            found.append(replace(outlier, overlaps=overlaps))
    return tuple(sorted(found, key=lambda outlier: outlier.eigenvalue))


def outliers_of(spectrum: "Spectrum", variance: float, dps: int | None = None) -> tuple[Outlier, ...]:
    """The at most two `Outlier` of one direction of that ``variance`` >= 0, unsorted; otherwise as `outliers`."""
    a_scalar_spectrum(spectrum)
    variance = non_negative("variance", variance)
    if dps is not None:
        dps = decimal_digits("dps", dps)
    if not has_linear_part(spectrum) or spectrum.model.data.holds(variance):
        return ()
    digits = dps or 17
    with mp.workdps(digits + 25):
        parameters, nodes, weights, s2 = exact_system(spectrum, dps)
        point = to_mpf(variance)
        rate = 2 * noise_variance(to_mpf(spectrum.model.t), mp) / to_mpf(spectrum.model.psi_p)
        working = digits + 25 + _digits_lost_to_cancellation(point, parameters, nodes)
    # the double-precision parameters, taken as exact, leave nothing to rounding: neither the roots nor the decision
    with mp.workdps(working):
        candidates = curve_points(parameters, nodes, weights, point)
        found = [_certified(x, parameters, nodes, weights, point, digits) for x in candidates]
        rows = [(s2 + y, *overlaps, variance, 1 / (rate * (s2 + y))) for y, *overlaps in filter(None, found)]
    if dps is None:
        return tuple(Outlier(*map(float, row)) for row in rows)
    return tuple(Outlier(*(rounded(x, dps) if isinstance(x, mp.mpf) else x for x in row)) for row in rows)


def _digits_lost_to_cancellation(variance, parameters, nodes):
    """How many digits the averages ⟨λ/(λ* − λ)⟩, and what cancels against them, lose next to an eigenvalue, to 0 or late in the diffusion.

    What tells directions apart in b² + α²λ/(1+δ) is the second term, which falls like e^{−2t}.
    """
    alpha, b = parameters.alpha, parameters.b
    scales = [x for x in (variance / max(nodes), *(1 - variance / node for node in nodes if node)) if x]
    late = min(1, alpha**2 * max(variance, *nodes) / b**2)
    return 3 * (max(0, *(int(-mp.log10(abs(x))) for x in scales)) + int(-mp.log10(late)))


def exact_system(spectrum: "Spectrum", dps: int | None) -> "tuple[Parameters, list[mpf], list[mpf], mpf]":
    """(parameters with s_t = 0, nodes, weights, s_t²) as mpf: to ``dps`` + 15 digits, or the double-precision ones."""
    if dps is not None:
        system = scalar_system_mpmath(spectrum.model, dps, resolved=True)
    else:
        system = spectrum.system.resolved
    parameters = Parameters(*map(to_mpf, system.in_y))
    nodes, weights = ([to_mpf(x) for x in row] for row in (system.nodes, system.weights))
    # double-precision weights sum to 1 up to rounding, the derivation's do
    return parameters, nodes, [w / mp.fsum(weights) for w in weights], to_mpf(system.offset)


def curve_points(
    parameters: Parameters, nodes: "Sequence[mpf]", weights: "Sequence[mpf]", variance: "mpf"
) -> "list[tuple[mpf, mpf, mpf]]":
    """The real (q, δ, y) with D = 0, y = z − s_t², on whatever branch: a list of up to two."""
    if variance == 0 or variance in nodes:
        return []
    coefficients, place = _roots_functions()
    a, b, c = coefficients((variance,), parameters, nodes, weights)
    discriminant = b**2 - 4 * a * c
    if discriminant < 0:
        return []
    half = -(b + (mp.sign(b) or 1) * mp.sqrt(discriminant)) / 2
    points = []
    for g in {half / a, c / half if half else mp.mpf(0)} - {0}:
        inverse_q, y = place((g, variance), parameters, nodes, weights)
        # without a nonlinear part the equation has one root too many, at the atom, with q = ∞
        if abs(inverse_q) > NEGLIGIBLE * parameters.psi_p * parameters.b**2:
            points.append((1 / inverse_q, 1 / g - 1, y))
    return points


def _certified(point, parameters, nodes, weights, variance, digits):
    """(y, overlap, data overlap), or None where the point is not the physical solution."""
    q, delta, y = point
    values = _response_function()((q, delta, y, variance), parameters, nodes, weights)
    equations, rows = values[:3], [values[3 + 4 * k : 7 + 4 * k] for k in range(3)]
    (j11, j12, *_), (j21, j22, *_), (d_q, d_delta, *_) = rows
    determinant = j11 * j22 - j12 * j21
    if determinant == 0:  # on the threshold
        return None

    def response(k):
        """Derivatives of (q, δ, D) along the saddle point, in z (k = 2) or b (k = 3)."""
        f1, f2, direct = (row[k] for row in rows)
        q_k, delta_k = (j12 * f2 - j22 * f1) / determinant, (j21 * f1 - j11 * f2) / determinant
        return q_k, delta_k, direct + d_q * q_k + d_delta * delta_k

    q_slope, delta_slope, slope = response(2)
    if not (q_slope > 0 and delta_slope > 0):
        return None
    # U contains b² WW^T/d, so that ∂z/∂(b²) = |W^T f|²/d (Hellmann and Feynman), against (w·f)² = p × overlap
    psi_p, b = parameters.psi_p, parameters.b
    overlap, data_overlap = -1 / slope, psi_p * 2 * b / response(3)[2]
    scale = 1 / abs(q) + abs(psi_p * b**2)
    residual = max(abs(equations[0]), abs(equations[1]) / (1 + abs(delta)), abs(equations[2]) / scale)
    if not residual < mp.mpf(10) ** -digits:
        raise ConvergenceError(
            f"the outlier of a direction of variance {mp.nstr(variance, 8)} is not exact", residual, reason="precision"
        )
    tolerance = 1 + mp.mpf(10) ** -digits
    if not (0 < overlap <= tolerance and 0 < data_overlap <= tolerance):
        raise ConvergenceError(
            f"overlaps {mp.nstr(overlap, 8)}, {mp.nstr(data_overlap, 8)} of the outlier of a direction of variance "
            f"{mp.nstr(variance, 8)} are not in (0, 1]",
            reason="precision",
        )
    return y, overlap, data_overlap


def has_linear_part(spectrum: "Spectrum") -> bool:
    """Whether a² is more than rounding errors of the coefficients: without it the network sees no direction of the data."""
    p = spectrum.system.resolved.parameters
    return p.alpha > 0 and p.alpha**2 + p.b**2 > NEGLIGIBLE * (p.v**2 + p.s**2)
