r"""The losses of one draw on the samples of each kind: quadratic forms of the readout, as the losses over all samples.

On the training samples of kind c the loss has the averages U_c, V_c and L_0 over these n_c samples, on fresh ones Ũ_c, Ṽ_c and L̃_0 over
that kind (`theory.simulation.fresh_data`), in the place of Ũ, Ṽ and L̃_0 of `theory.simulation.flow`:

    loss_c = L_0c + (1/d) Σ_ij f_i f_j (O^T U_c O)_ij V'_i·V'_j − (2/d) Σ_i f_i V'_i·(O^T V_c)_i .

U_c does not commute with U, so that the train loss of a kind is a double sum over modes, where the global one is a single sum, and may rise.
No theory of the limit enters. Checked by ``tests/simulation/test_class_simulation.py`` against the definition, by sampling.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.mixture import as_mixture
from . import noise_average
from .eigenmodes import modes
from .fresh_data import class_score_error_of, initial_losses_of, population_of_kind
from .time_nodes import mean_square_target

if TYPE_CHECKING:
    from .finite import FiniteModel


class ClassMatrices(NamedTuple):
    """What all training times have in common: of each kind L_0, V'_i·V'_c,i and (O^T U_c O)_ij V'_i·V'_j; (C,), (C, p), (C, p, p), NumPy."""

    initial: NDArray[np.float64]
    overlap: NDArray[np.float64]
    quadratic: NDArray[np.float64]


def class_curves(finite: "FiniteModel", f: NDArray[np.float64], shape: tuple) -> dict:
    """The fields ``…_by_class`` of a `theory.results.TrainingCurve` for the filters f (T, p), arrays (C, *shape).

    Those on the training samples are None where the noise was drawn (``noise_draws``), as the draws are not kept, and NaN for a kind of
    which there is no sample.
    """
    d = finite.W.shape[1]
    test = _losses(finite.fresh_class_matrices, f, d)
    train = None if finite.noise_draws else _losses(finite.class_matrices, f, d).reshape(-1, *shape)
    return {
        "train_by_class": train,
        "test_by_class": test.reshape(-1, *shape),
        "score_error_by_class": class_score_error_of(finite, test).reshape(-1, *shape),
    }


def _losses(matrices, f, d):
    """(C, T)"""
    both = np.einsum("cpq,tp,tq->ct", matrices.quadratic, f, f, optimize=True)
    return matrices.initial[:, None] + (both - 2 * matrices.overlap @ f.T) / d


def fresh_class_matrices(finite: "FiniteModel") -> ClassMatrices:
    """`ClassMatrices` over fresh data; cost O(C p³)."""
    kinds = range(len(as_mixture(finite.model.data).weights))
    return _in_modes(finite, initial_losses_of(finite)[1], [population_of_kind(finite, c) for c in kinds])


def class_matrices(finite: "FiniteModel") -> ClassMatrices:
    """`ClassMatrices` over the training samples of each kind, averaged over the noise exactly; cost O(K p² n + C p³)."""
    model, averages, initial = finite.model, [], []
    for c in range(len(as_mixture(model.data).weights)):
        columns = np.flatnonzero(finite.kinds == c)
        if columns.size == 0:
            averages.append((np.nan * finite.U, np.nan * finite.V))
            initial.append(np.nan)
            continue
        X = finite.X[:, int(columns[0]) : int(columns[-1]) + 1]  # those of a kind lie side by side
        place = (finite.backend, model.activation, finite.W, X, finite.biases, model.times)
        averages.append(noise_average.over_times(noise_average.exact, *place))
        initial.append(mean_square_target(model.times, float(finite.backend.xp.mean(X**2))))
    return _in_modes(finite, np.array(initial), averages)


def _in_modes(finite, initial, averages):
    xp, to_numpy, m = finite.backend.xp, finite.backend.to_numpy, modes(finite)
    basis, projections = m.eigenvectors, m.projections
    gram = projections @ projections.T
    overlap = [to_numpy(xp.sum(projections * (basis.T @ V), axis=1)) for _, V in averages]
    quadratic = [to_numpy((basis.T @ U @ basis) * gram) for U, _ in averages]
    return ClassMatrices(initial, np.array(overlap), np.array(quadratic))
