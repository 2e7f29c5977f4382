r"""The BBP transition: which directions of the data are seen in the spectrum of U, and until when.

The zero of D (`theory.outliers.closed_form`) leaves the bulk at an edge, where D = 0 at the edge's own q and δ:

.. math:: \lambda^*_c = -\Big(\frac{1}{\psi_p q} + b^2\Big)\frac{1+\delta}{\alpha^2} .

On a gap the variance λ*(z) that puts an outlier at z is monotone, as D has one zero there for each λ*, and continuous, as 1/(1+δ) has
no zero off the atom: D would vanish with it for all directions at once, those of the bulk too. So a gap shows the spikes between the
values at its two ends, with ∞ at the far end of the uppermost gap and at the atom.

The thresholds as numbers are those of `theory.outliers.threshold`; here they become windows of variances, and the critical number of
samples, time and separation of two clusters, by solving λ*_c = λ* for what is asked.

Source: Baik, Ben Arous, Péché (2005) for sample covariances; derived here for U, checked by ``tests/outliers/test_bbp.py``.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..digits import mp, newton, rounded, to_mpf
from ..errors import ConvergenceError
from ..search import log_crossing, minimum_beside
from ..validation import a_scalar_model, a_scalar_spectrum, decimal_digits, positive
from .closed_form import has_linear_part
from .threshold import threshold_at, uppermost

if TYPE_CHECKING:
    from mpmath import mpf

    from ..model import RandomFeatureModel
    from ..spectrum.law import Spectrum


@dataclass(frozen=True)
class Window:
    """The spikes that have an outlier in one gap of the bulk: those with ``smallest < spike < largest``."""

    #: ends of the gap: −inf and +inf below and above everything
    low: float
    high: float
    smallest: float
    largest: float


def windows(spectrum: "Spectrum", dps: int | None = None) -> tuple[Window, ...]:
    """Which spikes have an outlier, and where.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
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

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.outliers import windows
    >>> spectrum = RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3).spectrum()
    >>> [round(float(window.smallest), 3) for window in windows(spectrum)]
    [2.152]
    """
    a_scalar_spectrum(spectrum)
    if dps is not None:
        dps = decimal_digits("dps", dps)
    if not has_linear_part(spectrum):
        return ()
    spectrum.edges()  # certifies the table
    table = spectrum.support.table
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


def critical_spike(model: "RandomFeatureModel", dps: int | None = None) -> "float | mpf":
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

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.outliers import critical_spike
    >>> round(float(critical_spike(RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3))), 4)
    2.1516
    """
    if dps is not None:
        dps = decimal_digits("dps", dps)
    return uppermost(a_scalar_model(model), dps)


def critical_separation(model: "RandomFeatureModel", dps: int | None = None) -> "float | mpf":
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
        return rounded(to_mpf(uppermost(model, dps + 15)) - model.data.mpmath_spectrum()[0][0], dps)


def critical_time(model: "RandomFeatureModel", variance: float, dps: int | None = None) -> "float | mpf":
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
        raise ConvergenceError(
            f"a direction of variance {variance!r} still has an outlier at t = {times[-1]:.3g}", reason="bracket"
        )
    last = np.flatnonzero(seen)
    if last.size:
        return _crossing(model, "t", times[last[-1] :][:2], variance, dps)
    k = int(np.argmin(values))
    best, smallest = minimum_beside(times, k, threshold)
    return _crossing(model, "t", (best, times[k + 1]), variance, dps) if smallest < float(variance) else 0.0


def critical_psi_n(model: "RandomFeatureModel", variance: float, dps: int | None = None) -> "float | mpf":
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
    root = log_crossing(lambda x: threshold(x) - float(variance), *bracket, xtol=1e-14, rtol=1e-14)
    if dps is None:
        return float(np.exp(root))
    with mp.workdps(dps + 15):
        target = to_mpf(variance)

        def mismatch(x):
            at = replace(model, **{name: rounded(mp.exp(x), dps + 15)})
            return to_mpf(uppermost(at, dps + 10)) / target - 1

        return _secant(mismatch, root, dps)


def _secant(function, start, dps):
    """exp of the zero of ``function`` near ``start``, to ``dps`` digits, by the slopes between one point and the next."""
    at = mp.mpf(start)
    before = at, function(at)

    def step(x):
        nonlocal before
        (one, f_one), before = before, (x[0], function(x[0]))
        two, f_two = before
        return (-(f_two * (two - one) / (f_two - f_one)),)

    (found,), last, settled = newton(step, (at + mp.mpf(10) ** -7,), mp.mpf(10) ** (-dps - 2), 12 + dps.bit_length(), (1,))
    if settled:
        return rounded(mp.exp(found), dps)
    raise ConvergenceError(
        f"the crossing near {mp.nstr(mp.exp(start), 8)} was not found to {dps} digits", abs(last[0]), reason="digits"
    )
