r"""The training curve of one finite draw: exact gradient flow, by diagonalising U. No theory of the limit enters.

In the eigenbasis of U, with V' = O^T V and f_i = (1 − e^{−cτλ_i})/λ_i, where c = 2Δ̄ d/p and Δ̄ is Δ_t for one diffusion time (as in
`theory.simulation.loss`), A(τ) = −√(p/Δ̄) V'^T f O^T and

    train = L_0 − (1/d) Σ_i |V'_i|² (1 − e^{−2cτλ_i})/λ_i,
    test  = L̃_0 + (1/d) Σ_ij f_i f_j (O^TŨO)_ij V'_i·V'_j − (2/d) Σ_i f_i V'_i·Ṽ'_i,

where Ũ, Ṽ and L̃_0 are averages over fresh data (`theory.simulation.fresh_data`). The losses of one kind of samples have its own averages in
their place (`theory.simulation.class_curves`). ``finite.training(tau)`` comes here, and keeps the
`flow_matrices` that all training times have in common as ``finite.flow_matrices``.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.gaussian import Gaussian
from ..filters import check_tau
from ..results import TrainingCurve
from ..validation import a_draw
from .class_curves import class_curves
from .eigenmodes import modes
from .fresh_data import initial_losses_of, population, score_error_of
from .loss import flow_filter, train_loss_along_flow

if TYPE_CHECKING:
    from .finite import FiniteModel


def flow_curve(finite: "FiniteModel", tau: ArrayLike) -> TrainingCurve:
    """`TrainingCurve` of exact gradient flow for one draw.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
    tau : array of training times >= 0, inf allowed

    Raises
    ------
    ValueError
        τ < 0 or NaN.

    Notes
    -----
    Cost O(p³) once per draw for the diagonalisation and O(p²) per τ, 1 + 2C times as much for C > 1 kinds of samples.
    """
    tau = check_tau(tau)
    a_draw(finite)
    (eigenvalues, overlap, quadratic), d = finite.flow_matrices, finite.W.shape[1]
    f = flow_filter(finite, eigenvalues, tau.ravel())
    test = initial_losses_of(finite)[0] - 2 * (f @ overlap) / d + np.sum((f @ quadratic) * f, axis=1) / d
    train, test = np.asarray(train_loss_along_flow(finite, tau)), test.reshape(tau.shape)
    error = score_error_of(finite, test)
    if isinstance(finite.model.data, Gaussian):
        return TrainingCurve(
            tau, train, test, error, train_by_class=train[None], test_by_class=test[None], score_error_by_class=error[None]
        )
    return TrainingCurve(tau, train, test, error, **class_curves(finite, f, tau.shape))


def flow_matrices(
    finite: "FiniteModel",
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(λ_i, V'_i·Ṽ'_i, Ũ'_ij V'_i·V'_j) on the host, (p,), (p,) and (p, p): all that the test loss needs. Cost O(p³)."""
    where, m = a_draw(finite).backend, modes(finite)
    xp, basis, V = where.xp, m.eigenvectors, m.projections
    U_population, V_population = population(finite)
    overlap = xp.sum(V * (basis.T @ V_population), axis=1)
    quadratic = (basis.T @ U_population @ basis) * (V @ V.T)
    return m.eigenvalues, where.to_float64(overlap), where.to_float64(quadratic)
