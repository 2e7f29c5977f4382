"""What observables return, whatever the model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outlier:
    """One eigenvalue of U off the bulk: floats, or mpf where digits were asked for. None is what has no meaning, or no formula here.

    Directions of equal variance share an eigenspace.
    """

    eigenvalue: float
    #: squared overlap of the eigenvector v with We/|We|, summed over an orthonormal basis e of the directions of the data that know of
    #: each other; None for an outlier of the mean activations, which no direction makes
    overlap: float | None = None
    #: squared overlap of W^T v/|W^T v|, the direction of data space in which this mode writes, with e; for one type, kind and time only
    data_overlap: float | None = None
    #: variance of the direction; None for the centroids of a mixture, and for an outlier of the mean activations
    spike: float | None = None
    #: ψ_p/(2Δ_t λ), in which this mode of A relaxes under gradient flow, with Δ̄ for Δ_t where there are several times
    training_time: float | None = None
    #: ``overlap`` by basis vectors, (r,): those of ``Mixture.centroids()``, or the spikes in their order, of which one is not 0; None for
    #: a direction that is no part of the data's description (`theory.outliers.outliers_of`) and for the mean activations
    overlaps: tuple | None = None
