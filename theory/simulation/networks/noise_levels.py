r"""The denoiser D(y, σ) around a network F, and how it is the score of the book.

The states of the book and of the variance-exploding process are related by y = e^t x_t, with σ = √(Δ_t e^{2t}), so that y = x_0 + σξ.
A denoiser that estimates E[x_0 | y] is then the score at the time t,

    s(x_t, t) = (e^{-t} D(y, σ) − x_t)/Δ_t,      √Δ_t s + ξ = (D − x_0)/σ,

and the book's loss L = (1/d) E|√Δ_t s + ξ|² is the mean squared error of a pixel over σ². The network sees and predicts numbers of order one
(Karras et al. 2022, arXiv:2206.00364, eq. 7 and Table 1):

    D = c_skip y + c_out F(c_in y, ln σ),   c_skip = s²/(s² + σ²),  c_out = σs/√(s² + σ²),  c_in = 1/√(s² + σ²),

with s the standard deviation of a pixel (`SIGMA_DATA`). F = 0 is the exact denoiser of N(0, s² I), whose loss is s²/(s² + σ²) in the
book's measure. Checked by ``tests/simulation/test_networks_denoiser.py``.
"""

import math
from typing import NamedTuple

from ... import process
from ...validation import positive

#: standard deviation of a pixel that the preconditioning assumes
SIGMA_DATA = 0.5
#: training noise: ln σ is normal with this mean and standard deviation
LOG_SIGMA = (math.log(0.5), 0.9)


class Preconditioning(NamedTuple):
    """The coefficients of D = skip·y + out·F(in·y), at one noise level."""

    skip: float
    out: float
    scale: float


def preconditioning(sigma: float) -> Preconditioning:
    """The coefficients at a noise level ``sigma`` > 0, with `SIGMA_DATA` for the data."""
    sigma = float(positive("sigma", sigma))
    total = math.hypot(SIGMA_DATA, sigma)
    return Preconditioning((SIGMA_DATA / total) ** 2, sigma * SIGMA_DATA / total, 1 / total)


def noise_level_at(t: float) -> float:
    """σ = √(Δ_t e^{2t}) = √(e^{2t} − 1) of a diffusion time t > 0."""
    t = float(positive("t", t))
    return math.sqrt(process.noise_variance(t, math)) / process.decay(t, math)


def time_at(sigma: float) -> float:
    """The diffusion time of a noise level: t = ½ ln(1 + σ²)."""
    return math.log1p(float(positive("sigma", sigma)) ** 2) / 2
