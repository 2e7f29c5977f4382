"""Feature types: the few biases and projections on far centroids that stand for all.

A feature's *label* is what its law depends on besides W: its bias b and its projections ω^c = W·m_c/√d on far centroids, a Gaussian vector
with one direction for the bias and one for each dimension that the centroids span. It is continuous. A *type* is a node of the rule that
stands for it, with the node's weight as the share of such features. There are two rules.

* A product of Gauss–Hermite rules, of a number of nodes in each direction that the caller chooses.
* `LabelLattice`: equal steps, with the Gaussian's density as weights. For a smooth function the error falls as exp(−c/step), and of all lattices
  of one density that is best whose dual has the longest shortest vector: two cubic ones, shifted by half a diagonal. Nodes double from level
  to level. With four directions it takes a sixth of the nodes of a Sobol sequence for an error of 5e-6, a twentieth for 1e-6
  (``tests/spectrum/test_refined.py`` measures). Weights are positive, as the proof of uniqueness needs; those of a sparse grid are not.

Called by `theory.couplings.ensemble` for the types of a model, and by `theory.spectrum.label_continuum`, which asks what other labels do.
"""

from dataclasses import dataclass
from math import gamma, pi
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi

from ..data.mixture import Mixture, as_mixture

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: types of smaller probability are left out
NEGLIGIBLE = 1e-9
#: how far the nodes of a lattice go: standard deviations beyond which in one direction a share `NEGLIGIBLE` of the features lies, and what
#: share may lie beyond in several directions
REACH, SHARE = 6.11, 2e-8


def labels(model: "RandomFeatureModel") -> int:
    """The directions of the label on which a feature's type depends: one for a bias, and those that far centroids span."""
    return _directions(float(model.bias), as_mixture(model.data))


def drawn_labels(model: "RandomFeatureModel") -> bool:
    """Whether a label is a part of W, as projections on far centroids are: biases can be had at their quantiles, these are drawn."""
    return _far_centroids(as_mixture(model.data)).shape[1] > 0


def is_refined(model: "RandomFeatureModel") -> bool:
    """Whether labels or times are a continuum whose nodes are found by refinement (`theory.spectrum.discretisation`)."""
    return (model.types == "auto" and labels(model) > 0) or model.times.density is not None


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


def feature_types(bias: float, types: "int | str | LabelLattice", mixture: Mixture) -> tuple[NDArray, NDArray, NDArray]:
    """Probabilities (J,), biases (J,) and projections on the centroids (J, C) of the types; ``"auto"`` is the coarsest `LabelLattice`."""
    directions = _directions(bias, mixture)
    if types == "auto":
        types = LabelLattice(0)
    p, points = types.rule(directions) if isinstance(types, LabelLattice) else label_rule(types, directions)
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


@dataclass(frozen=True)
class LabelLattice:
    """A rule of equal steps: ``level`` 0 has one node per standard deviation and direction, each further level has twice the nodes."""

    level: int

    @staticmethod
    def reach(directions: int) -> float:
        """The radius in standard deviations within which the nodes lie."""
        return max(REACH, float(chi(directions).isf(SHARE)))

    def nodes(self, directions: int) -> float:
        """About how many there are."""
        if directions == 0:
            return 1.0
        ball = pi ** (directions / 2) / gamma(directions / 2 + 1) * self.reach(directions) ** directions
        return 2 * ball / self._step(directions) ** directions

    def _step(self, directions):
        """Of one of the two cubic lattices; in one direction they are one lattice of half the step."""
        return (2.0 if directions == 1 else 2.0**0.5) * 2.0 ** (-self.level / directions)

    def missing(self, directions: int) -> float:
        """The share of the features beyond the nodes."""
        return float(chi(directions).sf(self.reach(directions))) if directions else 0.0

    def rule(self, directions: int) -> tuple[NDArray, NDArray]:
        """Probabilities (J,) and standard normal labels (J, directions)."""
        if directions == 0:
            return np.ones(1), np.zeros((1, 0))
        step, reach = self._step(directions), self.reach(directions)
        count = int(reach / step) + 2
        found = []
        for shift in (0.0, 0.5):
            line = step * (np.arange(-count, count + 1) + shift)
            points = np.stack(np.meshgrid(*[line] * directions, indexing="ij"), axis=-1).reshape(-1, directions)
            found.append(points[np.sum(points**2, axis=1) <= reach**2])
        points = np.concatenate(found)
        weight = np.exp(-np.sum(points**2, axis=1) / 2)
        return weight / weight.sum(), points
