r"""Foreign conventions, converted into those of the book.

The book writes Q = (U − z)^{-1} and q = (1/p) Tr Q for resolvents, x_t = e^{-t} x + √Δ_t ξ with Δ_t = 1 − e^{−2t} for the
diffusion, and dA/dτ = −d² ∂L/∂A for training. Papers and codes differ by signs, by what a trace is divided by, by what they
call time, and by what their network predicts. Each function here takes a quantity in one foreign convention, named by the
function, and returns ours; the appendix *Conventions* has the tables and checks every line on matrices and samples.

All functions are elementwise: scalar in, scalar out; array in, array out. None costs more than its argument is long, save
`time_from_rate`, which integrates. Invalid input raises ``ValueError`` with the argument, its value and what is allowed.
Derived here, checked by ``tests/test_conventions.py``.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad

from .errors import ConvergenceError
from .process import decay, noise_variance
from .validation import finite_array, function, non_negative, positive, positive_integer, real, shown

__all__ = [
    "NoiseLevel",
    "from_companion",
    "from_green_function",
    "from_trace_per_dimension",
    "from_trace_per_sample",
    "gradient_steps",
    "noise_level",
    "rescaled",
    "score_from_denoiser",
    "score_from_noise",
    "score_from_variance_exploding",
    "score_from_velocity",
    "spectral_parameter_from_ridge",
    "time_from_alpha_bar",
    "time_from_betas",
    "time_from_interpolation",
    "time_from_log_snr",
    "time_from_rate",
    "time_from_sigma",
    "time_from_variance",
    "training_time",
]

#: a number for a number, an array for an array
Numbers = np.number | NDArray


def _real(name, value, allowed="finite real numbers", accept=None):
    """``value`` as float64 (a NumPy scalar for a scalar), every entry of which ``accept``s."""
    array = finite_array(name, value, float)
    if accept is not None and not np.all(accept(array)):
        raise ValueError(f"{name} holds {array[~accept(array)].flat[0]}; allowed: {allowed}")
    return array[()]


def _diffusion_time(t):
    return _real("t", t, "diffusion times > 0", lambda a: a > 0)


# --- resolvents and Stieltjes transforms ------------------------------------------------------------------------------


def from_green_function(g: ArrayLike) -> Numbers:
    r"""q(z) from g(z) = (1/p) Tr (z − U)^{-1}: the sign, q = −g.

    With g the density is −Im g(λ + i0)/π and g ~ 1/z at infinity; with q it is Im q(λ + i0)/π and q ~ −1/z.

    Examples
    --------
    >>> from theory.conventions import from_green_function
    >>> complex(from_green_function(0.5 - 0.1j))
    (-0.5+0.1j)
    """
    return -finite_array("g", g, complex)[()]


def from_trace_per_dimension(trace: ArrayLike, psi_p: float) -> Numbers:
    """q(z) from (1/d) Tr (U − z)^{-1} = ψ_p q."""
    return finite_array("trace", trace, complex)[()] / float(positive("psi_p", psi_p))


def from_trace_per_sample(trace: ArrayLike, psi_p: float, psi_n: float) -> Numbers:
    """q(z) from (1/n) Tr (U − z)^{-1} = (ψ_p/ψ_n) q."""
    return finite_array("trace", trace, complex)[()] * (float(positive("psi_n", psi_n)) / float(positive("psi_p", psi_p)))


def from_companion(companion: ArrayLike, z: ArrayLike, psi_p: float, psi_n: float) -> Numbers:
    r"""q(z) of the p × p matrix GG^T/n from the transform q̃(z) of its n × n companion G^TG/n.

    The two share their non-zero eigenvalues, so n q̃ = p q + (p − n)/z. It holds for a pure product GG^T/n: a matrix that
    contains other terms, such as U, has no companion. ``z`` ≠ 0.
    """
    z = finite_array("z", z, complex)[()]
    if np.any(z == 0):
        raise ValueError("z holds 0; allowed: finite complex numbers other than 0")
    ratio = float(positive("psi_p", psi_p)) / float(positive("psi_n", psi_n))
    return (finite_array("companion", companion, complex)[()] - (ratio - 1) / z) / ratio


def rescaled(stieltjes: Callable, factor: float) -> Callable[[ArrayLike], Numbers]:
    r"""The Stieltjes transform of ``factor`` × M, as a function of z, from that of M: z ↦ m(z/c)/c.

    A covariance normalised by d is ψ_n times the one normalised by n, GG^T/d = ψ_n GG^T/n; ours is the latter, so a
    transform m_d of the former becomes ``rescaled(m_d, 1 / psi_n)``. The density goes the same way, ρ(λ/c)/c.

    Parameters
    ----------
    stieltjes : callable
    factor : real number > 0
    """
    factor = float(positive("factor", factor))
    function("stieltjes", stieltjes)
    return lambda z: stieltjes(finite_array("z", z, complex)[()] / factor) / factor


def spectral_parameter_from_ridge(ridge: ArrayLike) -> Numbers:
    """z = −γ: regression with a penalty γ >= 0 inverts U + γ, which is Q at a negative spectral parameter."""
    return -_real("ridge", ridge, "real numbers >= 0", lambda a: a >= 0)


# --- diffusion time ---------------------------------------------------------------------------------------------------


def time_from_variance(h: ArrayLike) -> Numbers:
    """t from the variance h >= 0 of a variance-exploding process y = x + √h ξ: h = Δ_t e^{2t}, t = ½ log(1 + h).

    The states are related by y = e^t x_t.
    """
    return np.log1p(_real("h", h, "variances >= 0", lambda a: a >= 0)) / 2


def time_from_sigma(sigma: ArrayLike) -> Numbers:
    """t from the noise level σ = √h >= 0 of a variance-exploding process, the "sigma" of most code."""
    return time_from_variance(_real("sigma", sigma, "noise levels >= 0", lambda a: a >= 0) ** 2)


def time_from_alpha_bar(alpha_bar: ArrayLike) -> Numbers:
    r"""t from ᾱ ∈ (0, 1] of x_k = √ᾱ_k x + √(1 − ᾱ_k) ξ: ᾱ = e^{−2t}.

    Examples
    --------
    >>> from theory.conventions import time_from_alpha_bar
    >>> round(float(time_from_alpha_bar(0.5)), 4)
    0.3466
    """
    return -np.log(_real("alpha_bar", alpha_bar, "numbers in (0, 1]", lambda a: (a > 0) & (a <= 1))) / 2


def time_from_betas(betas: ArrayLike) -> Numbers:
    r"""The times t_1, …, t_K of a chain with steps β_k ∈ [0, 1): ᾱ_k = Π_{j≤k}(1 − β_j)."""
    betas = _real("betas", betas, "numbers in [0, 1)", lambda a: (a >= 0) & (a < 1))
    return -np.cumsum(np.log1p(-np.atleast_1d(betas))) / 2


def time_from_rate(beta: Callable[[float], float], s: float) -> float:
    r"""t from the time s >= 0 of dx = −½β(s) x ds + √β(s) dB: t = ½∫_0^s β. Our process has β = 2.

    Parameters
    ----------
    beta : callable
        The rate, >= 0 on [0, s], of one float.
    s : real number

    Raises
    ------
    ValueError
        s < 0, or a rate that is negative or not finite where it is evaluated.
    ConvergenceError
        The quadrature does not reach a relative error of 1e-10.
    """
    non_negative("s", s)
    function("beta", beta)

    def rate(u):
        try:
            value = beta(u)
        except Exception as error:  # whatever a caller's function may raise
            raise ValueError(f"beta = {shown(beta)} fails at s = {u!r} ({error}); allowed: a rate >= 0 on [0, s]") from error
        return float(non_negative("beta(s)", value))

    # full_output: what is wrong is raised below, not printed as a warning
    value, error, *_ = quad(rate, 0.0, float(s), epsabs=0.0, epsrel=1e-12, limit=200, full_output=1)
    if error > 1e-10 * value:
        raise ConvergenceError(
            "the integral of beta did not converge; split s at the discontinuities of beta", error, reason="quadrature"
        )
    return value / 2


def time_from_log_snr(log_snr: ArrayLike) -> Numbers:
    r"""t from the logarithm of the signal-to-noise ratio, ℓ = log(e^{−2t}/Δ_t) = −log h, for data of unit variance."""
    return np.logaddexp(0, -_real("log_snr", log_snr)) / 2


def time_from_interpolation(s: ArrayLike) -> Numbers:
    r"""t from s ∈ [0, 1) of the straight interpolation y = (1 − s) x + s ξ (flow matching): √h = s/(1 − s).

    The states are related by y = (1 − s) e^t x_t.
    """
    s = _real("s", s, "numbers in [0, 1)", lambda a: (a >= 0) & (a < 1))
    return time_from_sigma(s / (1 - s))


class NoiseLevel(NamedTuple):
    """One noise level under its several names: the inverse of the functions above."""

    #: our diffusion time
    t: Numbers
    #: Δ_t, the variance of the noise when that of the signal shrinks as e^{−2t}
    noise_variance: Numbers
    #: variance and standard deviation of the variance-exploding process
    h: Numbers
    sigma: Numbers
    #: cumulative signal fraction of the discrete chain
    alpha_bar: Numbers
    log_snr: Numbers
    #: position s on the straight line from data (0) to noise (1)
    interpolation: Numbers


def noise_level(t: ArrayLike) -> NoiseLevel:
    """The `NoiseLevel` of our time t > 0 (scalar or array)."""
    t = _diffusion_time(t)
    h = np.expm1(2 * t)
    sigma = np.sqrt(h)
    return NoiseLevel(t, noise_variance(t), h, sigma, np.exp(-2 * t), -np.log(h), sigma / (1 + sigma))


# --- what a network predicts ------------------------------------------------------------------------------------------


def score_from_noise(noise: ArrayLike, t: ArrayLike) -> Numbers:
    """The score at x_t from a prediction of the noise ξ (DDPM's ε): −ξ̂/√Δ_t."""
    return -finite_array("noise", noise, float)[()] / np.sqrt(noise_level(t).noise_variance)


def score_from_denoiser(x_t: ArrayLike, denoised: ArrayLike, t: ArrayLike) -> Numbers:
    """The score at x_t from a prediction of the clean x: (e^{−t} x̂ − x_t)/Δ_t (Tweedie's formula)."""
    x_t, denoised = finite_array("x_t", x_t, float)[()], finite_array("denoised", denoised, float)[()]
    return (decay(_diffusion_time(t)) * denoised - x_t) / noise_level(t).noise_variance


def score_from_velocity(x_t: ArrayLike, velocity: ArrayLike, t: ArrayLike) -> Numbers:
    """The score at x_t from a "v-prediction", v = e^{−t} ξ − √Δ_t x: the noise is e^{−t} v + √Δ_t x_t."""
    x_t, velocity = finite_array("x_t", x_t, float)[()], finite_array("velocity", velocity, float)[()]
    return score_from_noise(decay(_diffusion_time(t)) * velocity + np.sqrt(noise_level(t).noise_variance) * x_t, t)


def score_from_variance_exploding(score: ArrayLike, t: ArrayLike) -> Numbers:
    """The score at x_t from ∇_y log P_h of the variance-exploding process at y = e^t x_t: a factor e^t."""
    return np.exp(_diffusion_time(t)) * finite_array("score", score, float)[()]


# --- training time ----------------------------------------------------------------------------------------------------


def _time_per_step(learning_rate, d, loss_factor, parameter_scale):
    positive("learning_rate", learning_rate)
    positive("loss_factor", loss_factor)
    if real("parameter_scale", parameter_scale) == 0:
        raise ValueError(
            f"parameter_scale = {parameter_scale!r} is out of range; allowed: a finite real number other than 0"
        )
    return float(learning_rate) * float(loss_factor) * float(parameter_scale) ** 2 / positive_integer("d", d) ** 2


def training_time(
    steps: ArrayLike, learning_rate: float, d: int, *, loss_factor: float = 1.0, parameter_scale: float = 1.0
) -> Numbers:
    r"""τ after ``steps`` of gradient descent A ← A − η ∂L/∂A: τ = ηk/d², up to an error of order η in A.

    The flow of the book is dA/dτ = −d² ∂L/∂A with L = (1/n) Σ_ν (1/d) E|√Δ_t s_A + ξ|².

    Parameters
    ----------
    steps : number or array >= 0
    learning_rate : real number > 0
        η. The discrete dynamics is stable while η < dp/(Δ_t λ_max), λ_max the largest eigenvalue of U.
    d : int
    loss_factor : real number > 0
        c where the code minimises cL: d without the mean over components, 1/Δ_t for E|s_A + ξ/√Δ_t|², ½ for a half.
    parameter_scale : real number, not 0
        c where the code trains B and A = cB: √p if its features carry no 1/√p, −1/√Δ_t if it predicts the noise.
    """
    steps = _real("steps", steps, "numbers >= 0", lambda a: a >= 0)
    return steps * _time_per_step(learning_rate, d, loss_factor, parameter_scale)


def gradient_steps(
    tau: ArrayLike, learning_rate: float, d: int, *, loss_factor: float = 1.0, parameter_scale: float = 1.0
) -> Numbers:
    """The number of steps (a float) that takes the training time τ >= 0: the inverse of `training_time`."""
    tau = _real("tau", tau, "training times >= 0", lambda a: a >= 0)
    return tau / _time_per_step(learning_rate, d, loss_factor, parameter_scale)
