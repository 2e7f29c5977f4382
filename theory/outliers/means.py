r"""Outliers that no direction of the data makes: the mean of the features, and the fluctuations of norms if it vanishes.

A direction of the features that enters the samples with independent amplitudes, and U along itself through the noise, makes outliers as a
direction of the data does: the zeros of 1/q + noise + samples/(1+δ) in the gaps of the bulk. Here they are bracketed by the edges.

Derived here; checked by ``tests/outliers/test_outliers.py`` against finite networks, and `zeros_in_gaps` against the closed form of
`theory.outliers.closed_form`.
"""

from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from ..errors import ConvergenceError
from ..validation import a_scalar_spectrum, non_negative, positive_integer, truth
from .closed_form import NEGLIGIBLE


def mean_outlier(spectrum, d):
    r"""The eigenvalue that the mean κ = E σ of the features makes along (1, …, 1)/√p, for p = ψ_p d features.

    With U₀ the covariance of the features about their mean u over the samples, U = U₀ + uu^T. u is κ1 plus a fluctuation that is
    independent of U₀, so that u^T(U₀ − z)^{-1}u = κ² p q + δ, and 1 + u^T(U₀ − z)^{-1}u vanishes at

        1 + δ(z) + p κ² q(z) = 0,       z = p κ² + m + (ψ_p/ψ_n)(α²σ_x² + v²) + O(1/p),   m = s² + b² + α²σ_x² + v² the mean of U.

    The leading coefficient, λ/p → κ², needs no d: it is ``model.coefficients().kappa**2``. In the nonlinear network κ varies with
    |W_i|² and |x|² too, which changes λ by O(1), that is by O(1/d) of it.

    Parameters
    ----------
    spectrum : `theory.spectrum.law.Spectrum`
    d : int >= 1 (`ValueError` else, and for a model of several types, kinds or times)

    Returns
    -------
    float, or None where p κ² is too small for an outlier above the bulk

    Notes
    -----
    Derived here, checked by ``tests/outliers/test_outliers.py``. Cost: the table of edges, and about 50 evaluations of q.
    """
    d, c = positive_integer("d", d), a_scalar_spectrum(spectrum).model.coefficients()
    if not c.kappa**2 > NEGLIGIBLE * (c.a**2 + c.v2 + c.s2):
        return None
    found = zeros_in_gaps(spectrum, d * float(spectrum.model.psi_p) * c.kappa**2, 0.0, above=True)
    return found[0] if found else None


def fluctuation_outliers(spectrum):
    r"""What an even part of σ adds if κ = 0: outliers of order 1 that no direction of the data makes, mostly two above the bulk.

    The mean of a feature over directions varies with the norms: with μ₂ = E σ(Γz) He₂(z) it is κ + (μ₂/2)(ω_i + χ_ν), where

    * ω_i, the fluctuation of W_i^T(e^{−2t}Σ + Δ_t)W_i/(dΓ²), is a vector that all samples have in common;
    * χ_ν, that of |x_t|²/(dΓ²), multiplies (1, …, 1), and has one part from the sample and one from the noise.

    Their variance (2/d)⟨(e^{−2t}λ + Δ_t)²⟩/Γ⁴ is small, but each is shared by p features: 1/q + noise + samples/(1+δ) = 0 with
    ``samples`` and ``noise`` of order 1, once for each, in every gap of the bulk that holds a zero. With κ ≠ 0 `mean_outlier` absorbs
    both: the rank-two rest is O(1/p).

    Returns
    -------
    tuple of floats, sorted. Derived here, checked by ``tests/outliers/test_outliers.py`` against the nonlinear network (the Gaussian
    equivalent lacks the effect, and two outliers this close repel each other by O(d^{-1/2})). Errors and cost as of `mean_outlier`.
    """
    model, c = a_scalar_spectrum(spectrum).model, spectrum.model.coefficients()
    rounding = NEGLIGIBLE * (c.a**2 + c.v2 + c.s2)
    half_mu2 = _second_hermite(model.activation, c.gamma) / 2
    if c.kappa**2 > rounding or half_mu2**2 < rounding:
        return ()
    data, weights = model.decay**2 * model.data.eigenvalues / c.gamma**2, model.data.weights
    noise = model.noise_variance / c.gamma**2
    scale = 2 * float(model.psi_p) * half_mu2**2
    norms_of_features = scale * float(weights @ (data + noise) ** 2), 0.0
    norms_of_samples = scale * float(weights @ data**2), scale * float(weights @ (noise**2 + 2 * data * noise))
    return tuple(sorted(zeros_in_gaps(spectrum, *norms_of_features) + zeros_in_gaps(spectrum, *norms_of_samples)))


def _second_hermite(activation, gamma):
    """E[σ(Γz) He₂(z)]"""

    def integrand(z):
        return float(activation(np.array([gamma * z]))[0]) * (z**2 - 1) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    walls = sorted({-10.0, 0.0, 10.0, *(k / gamma for k in activation.kinks or () if abs(k) < 10 * gamma)})
    return sum(quad(integrand, *pair, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for pair in pairwise(walls))


def zeros_in_gaps(spectrum, samples, noise, above=False):
    r"""The zeros of 1/q + noise + samples/(1+δ) off the bulk, each bracketed by the edges of its gap: a sorted list of floats.

    With ``above`` only that above all bulks.

    This is the condition for any direction of the features that enters the samples with independent amplitudes of variance
    ``samples`` and adds ``noise`` to U along itself: for a data direction ψ_p α²λ* and ψ_p b².
    """
    s2, table = a_scalar_spectrum(spectrum).model.coefficients().s2, spectrum.edge_table
    samples, noise = float(non_negative("samples", samples)), float(non_negative("noise", noise))
    truth("above", above)

    def condition(y):
        q, delta = spectrum.off_support_or_nan(np.array([y]))
        if np.isnan(q[0]):
            raise ConvergenceError(f"no certified solution at z = {s2 + y:.12g}")
        return (1 / q[0] + noise + samples / (1 + delta[0])).real

    at_edge = 1 / table[:, 1] + noise + samples / (1 + table[:, 2])  # a hard edge has q = δ = ∞
    found = []
    for k in range(len(table) if above else 0, len(table) + 1, 2):
        low, left = (table[k - 1, 0], at_edge[k - 1]) if k else (0.0, 1.0)
        high, right = (table[k, 0], at_edge[k]) if k < len(table) else (2 * (low + samples + noise), -1.0)
        if not left > 0 > right:
            continue
        while k == len(table) and condition(high) > 0:
            high *= 2
        # an end cannot be solved for, but its sign is known
        inner = low + (high - low) * 1e-9, high - (high - low) * 1e-9
        if condition(inner[0]) > 0 > condition(inner[1]):
            found.append(float(s2 + brentq(condition, *inner, xtol=1e-15 * high, rtol=1e-13)))
    return found
