r"""Data in several clusters: kinds of samples, each with its frequency, its variance and its centroid.

A centroid m_c is near or far, and that decides by which argument it is given. A feature sees it as W_i·m_c/√d, a Gaussian number of
variance |m_c|²/d:

- ``means``, far centroids, |m_c| = O(√d): that number is of order 1. Each feature fires at another level for each cluster, so the centroids
  enter the couplings and move the bulk, as biases do. Given as m_c·m_c'/d.
- ``spikes``, near centroids, |m_c| = O(1): that number is of order 1/√d and no coupling sees it. What remains is a direction of the
  data with more variance than others, of rank one in d: an outlier, perhaps, over an unchanged bulk. Given as m_c·m_c'.

Description only: `theory.couplings.ensemble` makes the couplings, `theory.outliers` the outliers, `theory.simulation` samples.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..validation import finite_array, positive, sequence_of, sum_to_one
from .gaussian import Gaussian


@dataclass(frozen=True)
class Mixture:
    r"""A sample of kind c is m_c + σ_c Σ^{1/2} ζ with ζ ~ N(0, I).

    Parameters
    ----------
    weights : sequence of C real numbers > 0
        Frequencies π_c of the kinds, with sum 1.
    variances : sequence of C real numbers > 0, optional
        σ_c², by default 1.
    means : C × C matrix, optional
        m_c·m_c'/d, the Gram matrix of the centroids divided by d: |m_c| = O(√d), clusters that a single feature tells apart.
        They change the bulk, since a feature's mean activation is another one for each kind.
    spikes : C × C matrix, optional
        m_c·m_c', not divided: centroids with |m_c| = O(1). They change no bulk and no coefficient, and may add outliers.
        Not together with ``means``. By default all centroids are 0.
    spectrum : sequence of (eigenvalue, weight), or `theory.Gaussian` without spikes
        ρ_Σ, the shape of the covariance that all kinds share; as for `theory.Gaussian`, whose continuous ρ_Σ is taken over.

    Raises
    ------
    ValueError
        Naming the argument, its value, and what is allowed; also for a matrix that is no Gram matrix.

    Notes
    -----
    Two clusters of equal weight at ±m are ``Mixture((0.5, 0.5), means=((g, -g), (-g, g)))`` with g = |m|²/d.

    Examples
    --------
    >>> from theory import Mixture
    >>> data = Mixture((0.5, 0.5), means=((1, -1), (-1, 1)))
    >>> data.frequencies.tolist(), data.centroids().shape
    ([0.5, 0.5], (2, 1))
    """

    weights: tuple
    variances: tuple | None = None
    means: tuple | None = None
    spikes: tuple | None = None
    spectrum: tuple = ((1, 1),)
    continuous: tuple = field(default=(), repr=False)

    def __post_init__(self):
        each = "one number > 0 for each kind"
        weights = sequence_of("weights", self.weights, positive, each)
        sum_to_one("weights", weights)
        variances = (1,) * len(weights) if self.variances is None else self.variances
        variances = sequence_of("variances", variances, positive, each, ("weights", len(weights)))
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "variances", variances)
        if self.means is not None and self.spikes is not None:
            raise ValueError("means and spikes are both given; allowed: one of them, as |m_c| is O(√d) or O(1)")
        for name in ("means", "spikes"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _gram(name, getattr(self, name), len(weights)))
        if isinstance(self.spectrum, Gaussian):
            if self.spectrum.spikes or self.continuous:
                raise ValueError("spectrum is a Gaussian with spikes, or given with continuous; allowed: its ρ_Σ alone")
            object.__setattr__(self, "continuous", self.spectrum.continuous)
            object.__setattr__(self, "spectrum", self.spectrum.spectrum)
        for name in ("spectrum", "continuous"):
            object.__setattr__(self, name, getattr(self.covariance, name))

    @cached_property
    def covariance(self) -> Gaussian:
        """The covariance that all kinds share, as `theory.Gaussian`: its ``eigenvalues`` and ``weights`` are ρ_Σ."""
        return Gaussian(self.spectrum, continuous=self.continuous)

    @property
    def frequencies(self) -> NDArray:
        """π_c, float array of shape (C,), normalised to the last digit."""
        weights = np.array([float(weight) for weight in self.weights])
        return weights / weights.sum()

    @property
    def scales(self) -> NDArray:
        """σ_c², float array of shape (C,)."""
        return np.array([float(value) for value in self.variances])

    def centroids(self) -> NDArray:
        """Coordinates of the m_c/√d (or of the m_c, for ``spikes``), array (C, r) with r the dimension they span."""
        gram = self.means if self.means is not None else self.spikes
        if gram is None:
            return np.zeros((len(self.weights), 0))
        values, vectors = np.linalg.eigh(np.array(gram))
        keep = values > 1e-12 * max(values[-1], 1e-300)
        return vectors[:, keep] * np.sqrt(values[keep])


def as_mixture(data: Gaussian | Mixture) -> Mixture:
    """Gaussian data as a mixture of one kind; its spikes change no coupling."""
    return data if isinstance(data, Mixture) else Mixture((1,), spectrum=data.spectrum, continuous=data.continuous)


def _gram(name, value, size):
    matrix = finite_array(name, value, float)
    if matrix.shape != (size, size):
        raise ValueError(f"{name} has shape {matrix.shape}; allowed: ({size}, {size}), a row for each of the weights")
    lowest = np.linalg.eigvalsh((matrix + matrix.T) / 2)[0]
    if not np.allclose(matrix, matrix.T, rtol=1e-12) or lowest < -1e-12 * np.abs(matrix).max():
        raise ValueError(f"{name} = {matrix.tolist()} is no Gram matrix; allowed: symmetric, no negative eigenvalue")
    return tuple(map(tuple, matrix.tolist()))
