r"""The eigenmodes of U, in which gradient flow is a relaxation of each mode by itself.

One diagonalisation serves all that follows the flow, `theory.simulation.loss` and `theory.simulation.flow`: a draw keeps it as
``finite.modes``, which is how to ask for it. Checked by ``tests/simulation/test_loss.py`` and ``tests/couplings/test_null_space.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..validation import a_draw
from .backends import Array

if TYPE_CHECKING:
    from .finite import FiniteModel


@dataclass(frozen=True)
class Modes:
    """The eigenmodes of U and what each has to learn.

    ``eigenvalues`` (p,), increasing, a NumPy array with what rounding leaves around zero set to 0; ``eigenvectors`` (p, p),
    columns, and ``projections`` (p, d), the rows u_k^T V, arrays of the backend; ``weights`` (p,) = |u_k^T V|²/d, NumPy.
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: Array
    projections: Array
    weights: NDArray[np.float64]


def modes(finite: "FiniteModel") -> Modes:
    """Diagonalise U, once per draw: cost O(p³), kept with ``finite``."""
    return a_draw(finite).modes


def diagonalised(finite: "FiniteModel") -> Modes:
    """The `Modes` of a draw, computed anew."""
    xp, to_numpy, d = finite.backend.xp, finite.backend.to_numpy, finite.W.shape[1]
    eigenvalues, eigenvectors = xp.linalg.eigh(finite.U)
    eigenvalues = to_numpy(eigenvalues)
    empty = eigenvalues < eigenvalues.size * np.finfo(float).eps * eigenvalues[-1]
    # U and V are blocks of the covariance of (φ, ξ), so that a null vector of U is one of V^T: nothing is learned there
    projections = finite.backend.asarray(np.where(empty, 0.0, 1.0))[:, None] * (eigenvectors.T @ finite.V)
    weights = to_numpy(xp.sum(projections**2, axis=1)) / d
    return Modes(np.where(empty, 0.0, eigenvalues), eigenvectors, projections, weights)
