"""What observables return, whatever the model, and simulations too: they share nothing else.

A result is a frozen record of numbers and arrays, made here by nobody: `theory.outliers`, `theory.training` and `theory.simulation` fill
them in. A record that only one of them returns stands beside the function that makes it. None in place of a number means that it has no
meaning there; a number that could not be certified is an error instead.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Outlier:
    """One eigenvalue of U off the bulk: floats, or mpf where digits were asked for. None is what has no meaning, or no formula here.

    Directions of equal variance share an eigenspace.
    """

    eigenvalue: float
    #: squared overlap of the eigenvector f with We/|We|, summed over an orthonormal basis e of the directions of the data that know of
    #: each other; None for an outlier of the mean activations, which no direction makes
    overlap: float | None = None
    #: squared overlap of W^T f/|W^T f|, the direction of data space in which this mode writes, with e; for one type, kind and time only
    data_overlap: float | None = None
    #: variance of the direction; None for the centroids of a mixture, and for an outlier of the mean activations
    spike: float | None = None
    #: ψ_p/(2Δ_t λ), in which this mode of A relaxes under gradient flow, with Δ̄ for Δ_t where there are several times
    training_time: float | None = None
    #: ``overlap`` by basis vectors, (r,): those of ``Mixture.centroids()``, or the spikes in their order, of which one is not 0; None for
    #: a direction that is no part of the data's description (`theory.outliers.closed_form.outliers_of`) and for the mean activations
    overlaps: tuple | None = None
    #: squared overlaps of the eigenvector with Wm_c/|Wm_c|, (C,), of the classes of a mixture: `theory.outliers.class_separation`
    class_overlaps: tuple | None = None


@dataclass(frozen=True)
class LossCurve:
    """What every curve with a ``train`` and a ``test`` loss has.

    The same losses on the samples of each kind c of a `theory.Mixture` are arrays (C, …): ``train_by_class`` on the training samples of
    that kind, ``test_by_class`` on fresh ones, and ``score_error_by_class``, the distance there to ∇log P_t of that kind alone, per
    dimension: (1/d) E_c|S − ∇log P_t^c|², averaged over several times as the global one. On x_t of kind c the score of the whole mixture
    is no other for d → ∞. Weighted with the π_c each sums to the global curve. One kind of samples gives (1, …); None is what was
    not followed class by class.
    """

    train_by_class: NDArray[np.float64] | None = field(default=None, kw_only=True)
    test_by_class: NDArray[np.float64] | None = field(default=None, kw_only=True)
    score_error_by_class: NDArray[np.float64] | None = field(default=None, kw_only=True)

    @property
    def generalization_gap(self) -> NDArray[np.float64]:
        """test − train."""
        return self.test - self.train

    @property
    def gap_by_class(self) -> NDArray[np.float64] | None:
        """test − train of each kind, (C, …)."""
        return (
            None if self.test_by_class is None or self.train_by_class is None else self.test_by_class - self.train_by_class
        )


@dataclass(frozen=True)
class TrainingCurve(LossCurve):
    """Losses along the training time, arrays shaped like ``tau``.

    ``train`` and ``test`` are (1/d) E|√Δ_t s_A(x_t) + ξ|² on the training samples and on fresh data, 1 for the untrained
    network; ``score_error`` is (1/d) E|s_A(x_t) − ∇log P_t(x_t)|² on fresh data.
    """

    tau: NDArray[np.float64]
    train: NDArray[np.float64]
    test: NDArray[np.float64]
    score_error: NDArray[np.float64]


@dataclass(frozen=True)
class RidgeCurve(LossCurve):
    """The same losses for the minimiser of (train loss) + (Δ_t ζ/(pd)) |A|², as functions of the ridge ``zeta``."""

    zeta: NDArray[np.float64]
    train: NDArray[np.float64]
    test: NDArray[np.float64]
    score_error: NDArray[np.float64]
