r"""Outliers that no direction of the data makes: three of them, all with σ itself as their cause.

**The mean of the features.** κ = E σ ≠ 0 puts κ² times the matrix of ones into U: an eigenvalue of order p along (1, …, 1), which is known
at a given d alone (`mean_outlier`).

**The norms of the features.** If κ = 0 and σ has an even part, the mean of a feature over the samples still varies with |W_i|². This is one
vector that all samples have in common: an outlier of order 1 (`fluctuation_outliers`).

**The norms of the samples.** For the same reason all features of one sample move together with |x_t|². This is again the direction (1, …, 1),
now with an amplitude that varies from sample to sample, and with the noise too: another outlier of order 1 (`fluctuation_outliers`).

All three are zeros of 1/q + noise + samples/(1+δ), with their own two strengths (`theory.outliers.gaps`). For one type, kind and time; the
means of the general models are in `theory.outliers.counted`. Derived here; checked by ``tests/outliers/test_outliers.py`` against finite
networks.
"""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import quad

from ..validation import a_scalar_spectrum, positive_integer
from .closed_form import NEGLIGIBLE
from .gaps import zeros_in_gaps

if TYPE_CHECKING:
    from ..spectrum.law import Spectrum


def mean_outlier(spectrum: "Spectrum", d: int) -> float | None:
    r"""The eigenvalue that the mean κ = E σ of the features makes along (1, …, 1)/√p, for p = ψ_p d features.

    With U₀ the covariance of the features about their mean u over the samples, U = U₀ + uu^T. u is κ1 plus a fluctuation that is
    independent of U₀, so that u^T(U₀ − z)^{-1}u = κ² p q + δ, and 1 + u^T(U₀ − z)^{-1}u vanishes at

        1 + δ(z) + p κ² q(z) = 0,       z = p κ² + m + (ψ_p/ψ_n)(α²σ_x² + v²) + O(1/p),   m = s² + b² + α²σ_x² + v² the mean of U.

    The leading coefficient, λ/p → κ², needs no d: it is ``model.coefficients().kappa**2``. In the nonlinear network κ varies with
    |W_i|² and |x|² too, which changes λ by O(1), that is by O(1/d) of it.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
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


def fluctuation_outliers(spectrum: "Spectrum") -> tuple[float, ...]:
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
