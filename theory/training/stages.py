r"""The stage between learning and memorizing: the network has overfitted linearly, that is, become the linear score of its samples.

The d population modes relax towards −(e^{-2t}Σ_n + Δ_t)^{-1}x_t, Σ_n the covariance of the samples, whatever the activation. Its score error

.. math:: E_{\rm lin} = \tfrac1d\,{\rm E\,tr}\,[(e^{-2t}\Sigma_n+\Delta_t)^{-1}-C^{-1}]^2\,C,\qquad C = e^{-2t}\Sigma+\Delta_t,

is where the curve stays, for ψ_p ≫ ψ_n, from the relaxation of the slowest population mode until the memorizing modes, far from relaxed
yet, have moved by as much. For Σ = I that is from a few 1/(2Δ_ta²) to about √ψ_n/(2Δ_tv²): *before* τ_mem ≃ ψ_n/(2Δ_t²v²), by a factor Δ_t/√ψ_n.
There is such a time only if √ψ_n a²/v² is large; the stage is reported where it lasts for a factor `SHORTEST` in τ. Finitely many features
add to the height, to first order, (v² + s_t²)⟨1/c²⟩/(a²ψ_p): the noise that their nonlinear parts are to a linear map.

E_lin is a sum of two positive terms, what Σ_n is on average (bias) and its fluctuations (variance). With c = e^{-2t}λ + Δ_t,
D = e^{-2t}gλ + Δ_t, 1/g = 1 + ⟨e^{-2t}λ/D⟩/ψ_n and averages over ρ_Σ:

.. math:: E_{\rm lin} = \Big\langle\frac{e^{-4t}(1-g)^2\lambda^2}{c\,D^2}\Big\rangle
   + \frac{e^{-4t}g^2\,\langle\lambda/D^2\rangle\langle\lambda c/D^2\rangle}{\psi_n - e^{-4t}g^2\langle\lambda^2/D^2\rangle} .

Derived in `theory.symbolic.first_overfitting`, checked by ``tests/training/test_stages.py``. The definitions of the other stages are those of
`theory.training.timescales`, which reports all.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..data.gaussian import Gaussian
from ..data.time_grid import TimeGrid
from ..process import decay
from ..search import first_crossing, log_crossing
from ..validation import a_model, a_scalar_model, fraction, positive, shown
from .curves import flow_rate, training_curve
from .losses import support_bounds

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: the score error has left the plateau when it is this many times as large
DEPARTED = 2.0
#: shortest plateau that counts, as a ratio of training times: the score error grows less than in proportion to τ
SHORTEST = 2.0
#: of the grid on which crossings are bracketed
POINTS = 200


class LinearStage(NamedTuple):
    """Where the curve of the score error is on the linear plateau; all None where there is no plateau."""

    #: E_lin, and what is added because features are finitely many
    height: float | None
    #: first τ at which the score error has risen to it, but for the fraction ``within`` of the rise
    tau_linear: float | None
    #: first τ at which it is twice the height; inf where it stays below
    tau_departure: float | None


NO_STAGE = LinearStage(None, None, None)


def has_linear_plateau(model: "RandomFeatureModel") -> bool:
    """Whether E_lin is defined: Gaussian data at one diffusion time. Features may have biases, which leave their linear part one matrix W."""
    return isinstance(a_model(model).data, Gaussian) and not isinstance(model.t, TimeGrid)


def linear_plateau(model: "RandomFeatureModel") -> float:
    """E_lin, the score error of the linear score of the sample covariance, per dimension and on fresh data, in the limit d → ∞.

    It depends on ψ_n, t and the covariance alone. ``ValueError`` for a `theory.TimeGrid` or a `theory.Mixture`.
    """
    if not has_linear_plateau(model):
        raise ValueError(
            f"model = {shown(model)} has no linear score of its samples; allowed: a number t and theory.Gaussian data"
        )
    y, noise, psi_n = float(decay(2 * float(model.t))), model.noise_variance, float(model.psi_n)
    values, weights = model.data.eigenvalues, model.data.weights

    def excess(g):
        return 1 / g - 1 - weights @ (y * values / (y * g * values + noise)) / psi_n

    # at the lower end ⟨…⟩ ≤ y ⟨λ⟩/Δ_t
    g = float(np.exp(log_crossing(excess, 0.5 / (1 + y * (weights @ values) / (noise * psi_n)), 1.0, xtol=1e-15)))
    c, samples = y * values + noise, y * g * values + noise
    lost = weights @ (y * values * g / samples) / psi_n  # 1 − g
    bias = weights @ (lost**2 * (y * values) ** 2 / (c * samples**2))
    first, second, third = (weights @ ((y * g) ** 2 * x / samples**2) for x in (values, values * c, values**2))
    return float(bias + first * second / ((y * g) ** 2 * (psi_n - third)))


def linear_stage(model: "RandomFeatureModel", tau_best: float, within: float = 0.05) -> LinearStage:
    """The plateau of the score error's curve after its minimum.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        With one type, one kind and one time; `ValueError` for others, whose feature noise is not derived.
    tau_best : float > 0
        The training time of the smallest test loss, ``Timescales.tau_best``. Where that is inf there is no plateau to ask for.
    within : float in (0, 1)
        The part of the rise from the minimum to the plateau that may be missing at ``tau_linear``.
    """
    a_scalar_model(model)
    within = float(fraction("within", within))
    tau_best = float(positive("tau_best", tau_best))
    bottom = training_curve(model, tau_best).score_error.item()
    height = linear_plateau(model) + _feature_noise(model)
    if bottom >= height:
        return NO_STAGE
    last = max(1e3 / (flow_rate(model) * support_bounds(model.spectrum())[0]), 10 * tau_best)
    grid = np.geomspace(tau_best, last, POINTS)
    errors = training_curve(model, grid).score_error
    reached = _passing(model, grid, errors, height - within * (height - bottom))
    departed = _passing(model, grid, errors, DEPARTED * height)
    if reached == np.inf or departed < SHORTEST * reached:
        return NO_STAGE
    return LinearStage(height, reached, departed)


def _feature_noise(model):
    """(v² + s²)⟨1/c²⟩/(a²ψ_p)"""
    c, variances = model.coefficients(), model.decay**2 * model.data.eigenvalues + model.noise_variance
    return float((c.v2 + c.s2) / (c.a**2 * float(model.psi_p)) * (model.data.weights @ variances**-2.0))


def _passing(model, grid, errors, level):
    """The first τ at which the score error passes ``level``, inf where it stays below on the grid."""
    # the grid begins at the minimum, which is below
    found = first_crossing(
        grid, level - errors, lambda tau: level - training_curve(model, tau).score_error.item(), xtol=1e-10
    )
    return np.inf if found is None else found
