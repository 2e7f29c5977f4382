r"""Speciation: the time of the backward process at which it is decided to which cluster a sample belongs.

By the largest eigenvalue Λ of the covariance of the data, t_S = ½ log Λ (2402.18491): above, the noise hides the direction. By clones: a
state at time t is run back twice, and φ_c is the probability that both copies of one that came from cluster c end there,

.. math:: \varphi_c(t) = {\rm E}_{x\sim P_t(\cdot|c)}\,P_t(c|x) = {\rm E}_{\ell\sim\mathcal
N(D/2,D)}\,\frac1{1+(\pi_{c'}/\pi_c)\,e^{-\ell}} ,

with D(t) of `theory.symbolic.speciation`, for d → ∞ at any D. It rises from π_c to 1. Two clusters of equal weight at ±m have D = 4 at
t_S, where φ does not depend on what they are.

Λ is the eigenvalue of the *centred* covariance, Σ + Σ_c π_c (m_c − m̄)(m_c − m̄)^T: the mean m̄ is a direction too, but nothing is
decided along it.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from .. import process
from ..data.gaussian import Gaussian
from ..data.mixture import Mixture
from ..digits import lambdify, mp, rounded, to_mpf
from ..errors import ConvergenceError
from ..symbolic import speciation as symbolic
from ..validation import fraction, positive, positive_integer, shown
from .times import DOUBLE, GUARD, digits_of

#: where a search for a time begins
EARLIEST = 1e-9


def speciation_time(data: Gaussian | Mixture, d: int | None = None) -> float:
    r"""t_S = ½ log Λ, with Λ the largest eigenvalue of the covariance of the data; 0 where it is 1 or less.

    Parameters
    ----------
    data : `theory.Gaussian` or `theory.Mixture`
        Spikes and near centroids are directions of order one; far centroids (``means``) are given per dimension and need
        ``d``.
    d : int, optional
        The dimension, for data with far centroids.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.
    """
    if isinstance(data, Mixture):
        scale = _scale_of(data, d)
        bulk = float(data.frequencies @ data.scales)
        centred = data.centroids() - data.frequencies @ data.centroids()
        between = scale * np.linalg.eigvalsh(centred.T @ (data.frequencies[:, None] * centred)).max(initial=0.0)
        # a centroid may lie along any eigenvector of the shared covariance: that of its mean eigenvalue is what a random one sees
        largest = max(bulk * float(data.covariance.eigenvalues.max()), between + bulk * data.covariance.variance)
    elif isinstance(data, Gaussian):
        largest = max((*data.eigenvalues.tolist(), *map(float, data.spikes)))
    else:
        raise ValueError(
            f"data = {shown(data)} is of type {type(data).__name__}; allowed: theory.Gaussian or theory.Mixture"
        )
    return max(0.0, float(np.log(largest)) / 2)


def cloning_probability(t: float, data: Mixture, d: int, dps: int | None = None) -> Any:
    r"""φ_c(t) of the two clusters: both copies of a state of cluster c end in c.

    Parameters
    ----------
    t : real number > 0
    data : `theory.Mixture` of two kinds, Σ = I
    d : int
        The dimension.
    dps : int, optional
        Decimal digits of the integral over ℓ; D has those of double precision.

    Returns
    -------
    array (2,), or a tuple of mpf

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.
    ConvergenceError
        The integral does not settle.
    """
    data, d = _two_kinds(data), positive_integer("d", d)
    digits, t = digits_of(dps), float(positive("t", t))
    separation = _separation(t, data, d)
    first, second = data.frequencies
    values = [_returned(separation, odds, digits) for odds in (second / first, first / second)]
    return np.array(list(map(float, values))) if dps is None else tuple(rounded(value, dps) for value in values)


def class_speciation_times(data: Mixture, d: int, level: float | None = None) -> NDArray[np.float64]:
    r"""The times at which φ_c, on the way back, comes to ``level``, array (2,).

    Parameters
    ----------
    data, d
        As of `cloning_probability`, and so are the errors.
    level : real number between 0 and 1, optional
        By default half of the way from π_c to 1. That time is the same for both clusters, whatever their weights and
        variances, since
        π_1 (1 − φ_1) = π_2 (1 − φ_2): as many clones change from one to the other as back. At a fixed level the rarer
        cluster comes later.

    Returns
    -------
    array (2,)
        ``inf`` for a cluster of frequency >= level, which is above it at all times; 0 for one that does not come there.
    """
    data, d = _two_kinds(data), positive_integer("d", d)
    if level is not None:
        level = float(fraction("level", level))
    times = []
    for own, other in (data.frequencies, data.frequencies[::-1]):
        goal = (1 + own) / 2 if level is None else level
        if own >= goal:
            times.append(np.inf)
            continue

        def excess(t, odds=other / own, goal=goal):
            return float(_returned(_separation(t, data, d), odds, DOUBLE)) - goal

        late = 1.0
        while excess(late) > 0:
            late *= 2
        times.append(brentq(excess, EARLIEST, late, xtol=1e-12) if excess(EARLIEST) > 0 else 0.0)
    return np.array(times)


@cache
def _compiled():
    letters = (symbolic.d, symbolic.distance2, symbolic.Gamma2, symbolic.excess)
    return lambdify(letters, list(symbolic.separation()))


def _separation(t, data, d):
    """D at time t, as float."""
    centroids, scale = data.centroids(), _scale_of(data, d)
    distance2 = scale * float(np.sum((centroids[0] - centroids[1]) ** 2)) if centroids.size else 0.0
    decay2, noise2 = process.decay(2 * t), process.noise_variance(t)
    first, second = decay2 * data.scales + noise2
    # the variances differ little where they do not tell the clusters apart: either may stand for both
    parts = _compiled()(d, decay2 * distance2, (first + second) / 2, first - second)
    return float(sum(parts))


def _returned(separation, odds, digits):
    """E 1/(1 + odds e^{−ℓ}) over ℓ ~ N(D/2, D), mpf, by the trapezoidal rule, which converges geometrically."""
    with mp.workdps(digits + GUARD):
        width, odds = mp.sqrt(to_mpf(separation)), to_mpf(float(odds))
        if width == 0:
            return 1 / (1 + odds)
        reach = mp.sqrt(2 * (digits + 5) * mp.log(10))
        previous = None
        step = mp.mpf(1) / 2
        while step > mp.mpf(1) / 4096:
            count = int(reach / step) + 1
            points = [step * k for k in range(-count, count + 1)]
            terms = [mp.exp(-z * z / 2) / (1 + odds * mp.exp(-width * (width / 2 + z))) for z in points]
            value = step * mp.fsum(terms) / mp.sqrt(2 * mp.pi)
            if previous is not None and abs(value - previous) < mp.mpf(10) ** (-digits):
                return value
            previous, step = value, step / 2
    raise ConvergenceError(
        "the average over the likelihood ratio does not settle", float(abs(value - previous)), reason="quadrature"
    )


def _scale_of(data, d):
    """By what the products of the centroids are multiplied: d where they are given per dimension."""
    if data.means is None:
        return 1.0
    if d is None:
        raise ValueError("d = None is missing; allowed: an integer >= 1, for centroids that are given per dimension")
    return float(positive_integer("d", d))


def _two_kinds(data):
    if not isinstance(data, Mixture) or len(data.weights) != 2:
        raise ValueError(f"data = {shown(data)} are not two clusters; allowed: theory.Mixture of two kinds")
    if data.covariance.eigenvalues.tolist() != [1.0]:
        raise ValueError(
            f"data has a spectrum = {shown(data.spectrum)}; allowed: the identity, for clusters that are isotropic"
        )
    return data
