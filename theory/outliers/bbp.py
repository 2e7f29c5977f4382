r"""The BBP transition: which directions of the data are seen in the spectrum of U, and until when.

The zero of D (`theory.outliers.closed_form`) leaves the bulk at an edge, where D = 0 at the edge's own q and δ:

.. math:: \lambda^*_c = -\Big(\frac{1}{\psi_p q} + b^2\Big)\frac{1+\delta}{\alpha^2} .

On a gap the variance λ*(z) that puts an outlier at z is monotone, as D has one zero there for each λ*, and continuous, as 1/(1+δ) has
no zero off the atom: D would vanish with it for all directions at once, those of the bulk too. So a gap shows the spikes between the
values at its two ends, with ∞ at the far end of the uppermost gap and at the atom.

The uppermost threshold needs no edge. Along the closed form z(λ*) the physical solution begins at λ* = ∞ and ends where dq/dz = ∞,
which is where dz/dλ* = 0: λ*_c is the largest minimum of z(λ*), and z is the edge there. For one eigenvalue λ_Σ of the covariance
the stability R of `theory.spectrum.edges` falls along the whole of (λ_Σ, ∞), since (1+δ)/(λ* − λ_Σ) does, so that it is the only one; otherwise
the table of edges is asked. At ψ_n = ∞ and Σ = 1, where U is a spiked Wishart matrix, λ*_c = 1 + (1 + b²/α²)/√ψ_p.

Source: Baik, Ben Arous, Péché (2005) for sample covariances; derived here for U, checked by ``tests/outliers/test_bbp.py``.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from ..digits import mp, rounded, to_mpf
from ..equations import late_times
from ..errors import ConvergenceError
from ..search import minimum_beside
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.outlier import lam_star, outlier_condition, outlier_position
from ..validation import a_scalar_model, a_scalar_spectrum, decimal_digits, positive
from .closed_form import exact_system, has_linear_part


@dataclass(frozen=True)
class Window:
    """The spikes that have an outlier in one gap of the bulk: those with ``smallest < spike < largest``."""

    #: ends of the gap: −inf and +inf below and above everything
    low: float
    high: float
    smallest: float
    largest: float


@cache
def _threshold_functions(module):
    """The coefficients of the quadratic equation for g; and that equation, dz/dλ* ∝ 0 along it, and the Jacobian of the two."""
    position, variables = outlier_position(), (S.g, lam_star)
    (z_g, z_spike), (f_g, f_spike) = ([e.diff(x) for x in variables] for e in (position.z, position.quadratic))
    both = (position.quadratic, z_spike * f_g - z_g * f_spike)
    coefficients = tuple(sp.Poly(position.quadratic, S.g).all_coeffs())
    full = (*both, *(e.diff(x) for e in both for x in variables))
    return evaluator(coefficients, (lam_star,), module), evaluator(full, variables, module)


def windows(spectrum, dps=None):
    """Which spikes have an outlier, and where.

    Parameters
    ----------
    spectrum : `theory.spectrum.law.Spectrum`
        Its own spikes play no part.
    dps : int, optional
        Decimal digits of the ends of the windows; those are then ``mp.mpf`` (or 0.0 and inf).

    Returns
    -------
    tuple of `Window`, in increasing order of the gap; gaps that no spike > 0 reaches are left out

    Raises
    ------
    ConvergenceError
        A threshold could not be refined to ``dps`` digits, or the edges were not certified.

    Notes
    -----
    The cost of ``spectrum.edges()``, and with ``dps`` a few milliseconds for each threshold.
    """
    a_scalar_spectrum(spectrum)
    if dps is not None:
        dps = decimal_digits("dps", dps)
    if not has_linear_part(spectrum):
        return ()
    spectrum.edges()  # certifies the table
    table = spectrum.edge_table
    edges = spectrum.offset + table[:, 0]  # with those that double precision does not tell apart
    found = []
    for k in range(0, len(edges) + 1, 2):
        low, high = edges[k - 1] if k else -np.inf, edges[k] if k < len(edges) else np.inf
        smallest, largest = 0.0, np.inf
        # D > 0 at the left end and D < 0 at the right one; it is positive at −∞, negative at ∞, positive at a hard edge
        for row, is_left in ((k - 1, True), (k, False)):
            if not 0 <= row < len(edges):
                continue
            if np.isinf(table[row, 2]):
                largest = 0.0
                continue
            threshold = threshold_at(spectrum, table[row], dps)
            if (table[row, 2] > -1) == is_left:  # D grows with λ* if 1 + δ > 0
                smallest = max(smallest, threshold)
            else:
                largest = min(largest, threshold)
        if smallest < largest:
            found.append(Window(low, high, smallest, largest))
    return tuple(found)


def threshold_at(spectrum, row, dps=None):
    """λ*_c of one row (y, q, δ) of ``spectrum.edge_table``; negative where no direction's outlier ends at that edge."""
    at_edge = evaluator((outlier_condition().threshold,), (S.q, S.delta), "mpmath")
    with mp.workdps(30):  # not to overflow where α² is about to vanish
        parameters, nodes, weights, _ = exact_system(spectrum, None)
        (threshold,) = at_edge((to_mpf(row[1]), to_mpf(row[2])), parameters, nodes, weights)
    return float(threshold) if dps is None or threshold <= 0 else _refine(spectrum, 1 / (1 + row[2]), threshold, dps)


def critical_spike(model, dps=None):
    """The variance above which a direction has an outlier above the bulk.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        Its own spikes play no part.
    dps : int, optional
        Decimal digits; the result is then an ``mp.mpf``.

    Returns
    -------
    float; inf where the network has no linear part (α = 0)

    Raises
    ------
    ConvergenceError
        No threshold was certified.

    Notes
    -----
    About 2 ms besides the coefficients if the covariance has one eigenvalue, else the edges' scan (about 40 ms).
    """
    if dps is not None:
        dps = decimal_digits("dps", dps)
    return _critical_spike(a_scalar_model(model), dps)


def _critical_spike(model, dps):
    spectrum = model.spectrum()
    if not has_linear_part(spectrum):
        return np.inf
    if len(spectrum.system.nodes) > 1 or late_times.is_limit(spectrum.shifted):
        return threshold_at(spectrum, spectrum.edge_table[-1], dps)
    g, threshold = _largest_minimum(spectrum)
    return threshold if dps is None else _refine(spectrum, g, threshold, dps)


def critical_separation(model, dps=None):
    """|m|²_c: two clusters at ±m, |m| = O(1), have an outlier above the bulk if |m|² is larger.

    Each cluster is ``model.data``, which has one eigenvalue (`ValueError` else): the direction of m has the variance
    σ_x² + |m|². Arguments and cost as of `critical_spike`.
    """
    a_scalar_model(model)
    if len(model.data.spectrum) > 1:
        raise ValueError(
            f"model.data = {model.data!r} is not isotropic; allowed: one eigenvalue, Gaussian(((variance, 1),))"
        )
    if dps is None:
        return critical_spike(model) - model.data.variance
    dps = decimal_digits("dps", dps)
    with mp.workdps(dps + 15):
        return rounded(to_mpf(_critical_spike(model, dps + 15)) - model.data.mpmath_spectrum()[0][0], dps)


def critical_time(model, variance, dps=None):
    r"""The diffusion time at which a direction drowns: the last one at which it loses its outlier above the bulk.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        At whatever time; its other parameters matter.
    variance : real number > 0
        Of the direction. For two clusters at ±m it is σ_x² + |m|².
    dps : int, optional
        Decimal digits; the result is then an ``mp.mpf``.

    Returns
    -------
    float or mpf; 0.0 where the direction has no outlier at any time from 1e-6 on. (With few samples it may have none earlier, too,
    and the window of times in which it has one be narrow; between two points of a grid of 50 the lowest threshold is sought.)

    Raises
    ------
    ValueError
        ``variance`` <= 0 or not finite.
    ConvergenceError
        A threshold was not certified.

    Notes
    -----
    About 70 times `critical_spike`: 0.2 s with coefficients in closed form and one eigenvalue of the covariance, 1.5 s with
    coefficients by quadrature, 5 s with several eigenvalues. With ``dps`` about five more to that many digits.
    """
    variance, dps = _direction(model, variance, dps)
    times, threshold = np.geomspace(1e-6, 12.0, 50), _threshold_in(model, "t")
    # the threshold grows like e^{2t}/√ψ_p, or inf where there is no linear part
    latest = 0.5 * np.log(float(variance)) + 0.25 * abs(np.log(float(model.psi_p))) + 3
    times = np.append(times, np.arange(13.0, latest + 1))
    values = np.array([threshold(t) for t in times])
    seen = values < float(variance)
    if seen[-1]:
        raise ConvergenceError(f"a direction of variance {variance!r} still has an outlier at t = {times[-1]:.3g}")
    last = np.flatnonzero(seen)
    if last.size:
        return _crossing(model, "t", times[last[-1] :][:2], variance, dps)
    k = int(np.argmin(values))
    best, smallest = minimum_beside(times, k, threshold)
    return _crossing(model, "t", (best, times[k + 1]), variance, dps) if smallest < float(variance) else 0.0


def critical_psi_n(model, variance, dps=None):
    r"""The smallest number of samples per dimension with which a direction has an outlier above the bulk.

    Arguments and cost as of `critical_time`. inf where no ψ_n does, 0.0 where 1e-8 is enough. At late times the threshold is not
    monotone in ψ_n: a direction may lose its outlier again with more samples, whose fluctuations had amplified it to α²/(1+δ) > α².
    """
    variance, dps = _direction(model, variance, dps)
    grid, threshold = np.geomspace(1e-8, 1e8, 60), _threshold_in(model, "psi_n")
    values = np.array([threshold(x) for x in grid])
    first = np.flatnonzero(values < float(variance))
    if first.size:
        return _crossing(model, "psi_n", grid[first[0] - 1 :][:2], variance, dps) if first[0] else 0.0
    # the minimum of the threshold may lie between two points of the grid
    k = int(np.argmin(values))
    best, smallest = minimum_beside(grid, k, threshold)
    return _crossing(model, "psi_n", (grid[max(k - 1, 0)], best), variance, dps) if smallest < float(variance) else np.inf


def _direction(model, variance, dps):
    a_scalar_model(model)
    return positive("variance", variance), None if dps is None else decimal_digits("dps", dps)


def _threshold_in(model, name):
    """λ*_c as a function of the parameter ``name``."""
    return lambda x: critical_spike(replace(model, **{name: float(x)}))


def _crossing(model, name, bracket, variance, dps):
    """Where, between the two values of the parameter ``name``, its threshold is ``variance``."""
    threshold = _threshold_in(model, name)
    root = brentq(lambda x: threshold(np.exp(x)) - float(variance), *np.log(bracket), xtol=1e-14, rtol=1e-14)
    if dps is None:
        return float(np.exp(root))
    with mp.workdps(dps + 15):
        target = to_mpf(variance)

        def mismatch(x):
            at = replace(model, **{name: rounded(mp.exp(x), dps + 15)})
            return to_mpf(_critical_spike(at, dps + 10)) / target - 1

        return _secant(mismatch, root, dps)


def _secant(function, start, dps):
    """exp of the zero of ``function`` near ``start``, to ``dps`` digits."""
    one = mp.mpf(start)
    two = one + mp.mpf(10) ** -7
    f_one, f_two = function(one), function(two)
    for _ in range(12 + dps.bit_length()):
        step = f_two * (two - one) / (f_two - f_one)
        one, f_one, two = two, f_two, two - step
        if abs(step) < mp.mpf(10) ** (-dps - 2) * (1 + abs(two)):
            return rounded(mp.exp(two), dps)
        f_two = function(two)
    raise ConvergenceError(f"the crossing near {mp.nstr(mp.exp(start), 8)} was not found to {dps} digits", abs(step))


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
    _, _, alpha, b, *_ = spectrum.system.parameters
    top = min(1e15 * max(1.0, (b / alpha) ** 2 / node), 1e150)
    excess, orientation = np.geomspace(1e-9, top, int(12.5 * np.log10(top / 1e-9))), 1.0
    with np.errstate(all="ignore"):
        values = fold(excess)
        orientation = np.sign(values[-1])
        last = np.flatnonzero(~(values * orientation > 0))
    if last.size == 0 or last[-1] >= excess.size - 1 or not np.isfinite(values[last[-1]]):
        raise ConvergenceError(f"no threshold was found for {spectrum}", np.nan)
    bracket = np.log(excess[last[-1] : last[-1] + 2])
    found = np.exp(brentq(lambda x: fold(np.array([np.exp(x)]))[0], *bracket, xtol=1e-15, rtol=1e-15))
    variance = np.array([node * (1 + found)])
    return float(upper_root(variance)[0]), float(variance[0])


def _refine(spectrum, g, threshold, dps):
    """Newton for (g, λ*) on the equation and its fold, certified by the last step."""
    # for a large λ* what the data add to g, and to b², is small
    with mp.workdps(dps + 15 + 2 * max(0, int(mp.log10(threshold)))):
        parameters, nodes, weights, _ = exact_system(spectrum, dps)
        _, functions = _threshold_functions("mpmath")
        x = mp.matrix([mp.mpf(g), to_mpf(threshold)])
        goal, step = mp.mpf(10) ** (-dps - 5), [mp.inf]
        for _ in range(60):
            f1, f2, *jacobian = functions((x[0], x[1]), parameters, nodes, weights)
            try:
                step = mp.lu_solve(mp.matrix([jacobian[:2], jacobian[2:]]), -mp.matrix([f1, f2]))
            except ZeroDivisionError:
                break
            x += step
            if all(abs(step[i]) <= goal * abs(x[i]) for i in range(2)):
                if abs(x[1] / threshold - 1) < 1e-6:
                    return rounded(x[1], dps)
                break
    raise ConvergenceError(
        f"the threshold {mp.nstr(mp.mpf(threshold), 8)} could not be refined to {dps} digits",
        max(abs(s) for s in step),
    )
