r"""Training curves in the limit d → ∞: losses as functions of the training time, or of a ridge.

Every linear method on these features is a spectral filter: A_f = −√(p/Δ_t) V^T f(U). Gradient flow from A = 0 stopped at τ is
f(x) = (1 − e^{−cτx})/x with c = 2Δ_t/ψ_p; an explicit ridge ζ is f(x) = 1/(x + ζ). For any of them

* train = L₀ − ∫dμ (2f − x f²),   μ the measure with Stieltjes transform (1/d) Tr V^TQV;
* test  = L₀ − 2∫dμ̃ f + ∮∮ f(z₁) f(z₂) F(z₁, z₂) dz₁dz₂/(2πi)²,   μ̃ that of (1/d) Tr V^TQṼ, F = (1/d) Tr V^TQ₁ŨQ₂V;
* score_error = (1/d) E|S − ∇log P_t|² = (test − ε)/Δ_t, where ε is the loss of the exact score (averaged over t: Σ w_k Δ_k in
  place of Δ_t). For Gaussian data ε = ∫ρ_Σ e^{−2t}λ/(e^{−2t}λ + Δ_t).

Here the filters are named; how any filter's losses are evaluated and certified is said in `theory.training.losses`, and ε is
`theory.training.exact_score`. Called by `theory.RandomFeatureModel.training` and ``.ridge``. The losses refer to infinitely many noise
draws per sample.

Source: 2505.17638 for the flow; F and the ridge derived here. Checked by ``tests/training/test_training.py``,
``tests/training/test_training_accuracy.py`` and ``tests/training/test_general_training.py``.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..filters import check_tau, filter_function, remainder
from ..results import RidgeCurve, TrainingCurve
from ..validation import a_model, finite_array
from .class_losses import class_losses
from .exact_score import class_exact_score_loss, exact_score_loss
from .losses import losses

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


def training_curve(model: "RandomFeatureModel", tau: ArrayLike) -> TrainingCurve:
    """`TrainingCurve` at the training times ``tau``; see `theory.RandomFeatureModel.training`.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.training import training_curve
    >>> model = RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3)
    >>> training_curve(model, [0.0, 10.0]).train.round(3).tolist()
    [1.0, 0.529]
    """
    tau = check_tau(tau)
    rate = flow_rate(model) * tau.ravel()[:, None]
    return TrainingCurve(
        tau, **_curve(model, lambda z, rows: (filter_function(z, rate[rows]), remainder(z, rate[rows])), tau)
    )


def ridge_curve(model: "RandomFeatureModel", zeta: ArrayLike) -> RidgeCurve:
    """`RidgeCurve` at the ridges ``zeta``; see `theory.RandomFeatureModel.ridge`.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.training import ridge_curve
    >>> model = RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3)
    >>> ridge_curve(model, [0.1, 1.0]).test.round(3).tolist()
    [0.594, 0.648]
    """
    a_model(model)
    zeta = finite_array("zeta", zeta, float)
    if (zeta < 0).any():
        raise ValueError(f"zeta holds {zeta[zeta < 0].flat[0]}; allowed: zeta >= 0")
    column = zeta.ravel()[:, None]
    return RidgeCurve(
        zeta, **_curve(model, lambda z, rows: (1 / (z + column[rows]), column[rows] / (z + column[rows])), zeta)
    )


def _curve(model, filters, grid):
    """The fields of a curve but its grid."""
    every, each = _losses(model, filters, grid.size)
    train, test = every.reshape(2, *grid.shape)
    exact = class_exact_score_loss(model)
    # one kind is all there is
    train_by_class, test_by_class = (every[:, None] if each is None else each).reshape(2, exact.size, *grid.shape)
    scale = model.times.law @ model.times.noise_variances
    error = (test - exact_score_loss(model)) / scale
    by_class = (test_by_class - exact.reshape(-1, *[1] * grid.ndim)) / scale
    return {
        "train": train,
        "test": test,
        "score_error": error,
        "train_by_class": train_by_class,
        "test_by_class": test_by_class,
        "score_error_by_class": by_class,
    }


def _losses(model, filters, size):
    """Those of `losses` and of `class_losses`, the same nodes of a continuum for both."""
    spectrum = model.spectrum()
    if spectrum.base is spectrum:
        return losses(model, filters, size), class_losses(model, filters, size)

    def stacked(level):
        every, each = _losses(level, filters, size)
        return every if each is None else np.concatenate([every, each.reshape(-1, size)])

    found = spectrum.refine("losses", stacked)
    return found[:2], found[2:].reshape(2, -1, size) if len(found) > 2 else None


def flow_rate(model: "RandomFeatureModel") -> float:
    """c = 2Δ_t/ψ_p: the mode of eigenvalue λ relaxes as e^{−cτλ}.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.training import flow_rate
    >>> round(float(flow_rate(RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3))), 4)
    0.2256
    """
    return 2 * a_model(model).noise_variance / float(model.psi_p)
