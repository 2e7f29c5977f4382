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
    """Diagonalise U, once per draw: cost O(p³), kept with ``finite``.

    Raises ``ValueError`` for a draw in float32 with eigenvalues below p ε λ_max, where rounding cannot be told from what is learned late.
    """
    return a_draw(finite).modes


def diagonalised(finite: "FiniteModel") -> Modes:
    """The `Modes` of a draw, computed anew."""
    where, xp, d = finite.backend, finite.backend.xp, finite.W.shape[1]
    eigenvalues, eigenvectors = xp.linalg.eigh(finite.U)
    eigenvalues = where.to_float64(eigenvalues)
    resolved = eigenvalues.size * float(np.finfo(where.dtype).eps) * eigenvalues[-1]
    empty = eigenvalues < resolved
    if where.dtype == "float32" and np.any(empty):
        raise ValueError(
            f"dtype = 'float32' does not resolve the {np.count_nonzero(empty)} eigenvalues of U below {resolved:.2g}, which are "
            "learned last or never; allowed: 'float64'"
        )
    # U and V are blocks of the covariance of (φ, ξ), so that a null vector of U is one of V^T: nothing is learned there
    projections = where.asarray(np.where(empty, 0.0, 1.0))[:, None] * (eigenvectors.T @ finite.V)
    weights = where.to_float64(xp.sum(projections**2, axis=1)) / d
    return Modes(np.where(empty, 0.0, eigenvalues), eigenvectors, projections, weights)
