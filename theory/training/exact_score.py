"""The loss of the exact score: what is left on fresh data however well a network is trained.

From the description of data and times alone, with no spectrum: the ε by which `theory.training.curves` turns a test loss into a distance to
the exact score. Its counterpart at finite d is `theory.simulation.exact_score_loss`.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..couplings.ensemble import as_mixture
from ..validation import a_model

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


def exact_score_loss(model: "RandomFeatureModel") -> float:
    """ε: the loss (1/d)E|√Δ_t ∇log P_t + ξ|² of the exact score, which no network goes below on fresh data.

    The kinds of a mixture are taken to be known from x: for d → ∞ they are told apart by their centroids or by |x|².
    """
    data = as_mixture(a_model(model).data)
    return float(class_exact_score_loss(model) @ data.frequencies)


def class_exact_score_loss(model: "RandomFeatureModel") -> NDArray[np.float64]:
    """The same on the samples of each kind (C,): what a score that knows the kind leaves there.

    On x_t of kind c the scores ∇log P_t of the whole mixture and of kind c alone agree per dimension for d → ∞: kinds are told apart, or
    differ in finitely many directions.
    """
    data, times = as_mixture(a_model(model).data), model.times
    shape = data.covariance
    signal = np.multiply.outer(np.multiply.outer(times.decay**2, data.scales), shape.eigenvalues)
    ratio = signal / (signal + times.noise_variances[:, None, None])
    return np.einsum("k,l,kcl->c", times.law, shape.weights, ratio)
