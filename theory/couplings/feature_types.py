"""Feature types: the few biases and projections on far centroids that stand for all.

A feature's *label* is what its law depends on besides W: its bias b and its projections ω^c = W·m_c/√d on far centroids, a Gaussian vector
with one direction for the bias and one for each dimension that the centroids span. It is continuous. A *type* is a node of the Gauss–Hermite
rule that stands for it, with the node's weight as the share of such features.

Called by `theory.couplings.ensemble` for the types of a model, and by `theory.spectrum.label_continuum`, which asks what other labels do.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.mixture import Mixture, as_mixture

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: types of smaller probability are left out
NEGLIGIBLE = 1e-9


def labels(model: "RandomFeatureModel") -> int:
    """The directions of the label on which a feature's type depends: one for a bias, and those that far centroids span."""
    return _directions(float(model.bias), as_mixture(model.data))


def _directions(bias, mixture):
    return _far_centroids(mixture).shape[1] + (bias > 0)


def _far_centroids(mixture):
    """m_c/√d in the directions that they span, (C, r): none for near ones."""
    return np.zeros((len(mixture.weights), 0)) if mixture.means is None else mixture.centroids()


def at_labels(bias: float, mixture: Mixture, points: NDArray) -> tuple[NDArray, NDArray]:
    """Biases (J,) and projections (J, C) at standard normal labels (J, directions): those of the centroids, then that of the bias."""
    centroids = _far_centroids(mixture)
    biases = bias * points[:, -1] if bias > 0 else np.zeros(len(points))
    return biases, points[:, : centroids.shape[1]] @ centroids.T


def feature_types(bias: float, types: int, mixture: Mixture) -> tuple[NDArray, NDArray, NDArray]:
    """Probabilities (J,), biases (J,) and projections on the centroids (J, C) of the types: a product of Gauss–Hermite rules."""
    p, points = label_rule(types, _directions(bias, mixture))
    return p, *at_labels(bias, mixture, points)


def label_rule(count: int, directions: int) -> tuple[NDArray, NDArray]:
    """Probabilities (J,) and standard normal labels (J, directions): a product of Gauss–Hermite rules without its `NEGLIGIBLE` nodes."""
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    weight = weight / weight.sum()
    grids = np.meshgrid(*[z] * directions, indexing="ij")
    points = np.stack([g.ravel() for g in grids], axis=1) if directions else np.zeros((1, 0))
    p = np.ones(points.shape[0])
    for g in np.meshgrid(*[weight] * directions, indexing="ij"):
        p = p * g.ravel()
    keep = p > NEGLIGIBLE
    return p[keep] / p[keep].sum(), points[keep]
