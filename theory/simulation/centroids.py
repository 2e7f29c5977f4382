r"""What the eigenvectors of a finite U know of the classes: their overlaps with the projected centroids.

The counterpart of `theory.outliers.class_separation` and `theory.outliers.centroids`, of one draw; checked by
``tests/outliers/test_class_separation.py``.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..validation import a_draw, integer
from .drawing import kinds_of_samples
from .eigenmodes import modes

if TYPE_CHECKING:
    from .finite import FiniteModel


def class_overlaps(finite: "FiniteModel", count: int = 2) -> NDArray[np.float64]:
    """Squared overlaps of the ``count`` top eigenvectors of U, in decreasing order, with Wm_c/|Wm_c|: NumPy array (count, C).

    0 for a class whose centroid is 0. Raises ``ValueError`` where ``count`` exceeds the number of features. Cost: the modes, O(p³) once.
    """
    p, d = a_draw(finite).W.shape
    count = integer("count", count, 1, p)
    where, centroids = finite.backend, kinds_of_samples(finite.model.data, d)[2]
    projected = finite.W @ where.asarray(centroids.T)
    products = where.to_numpy(modes(finite).eigenvectors[:, -count:].T @ projected)[::-1]
    squares = where.to_numpy(where.xp.sum(projected**2, axis=0))
    return products**2 / np.where(squares > 0, squares, 1.0)
