r"""The random-feature network on samples that are given, such as images, in the place of samples of a model's description.

W, U, V, the losses and the flow are those of `theory.simulation.finite`: only the samples come from elsewhere, and held-out samples stand for
fresh data. The average over the noise is exact for both, so that on given data nothing is random but W. The description ``model.data`` takes no
part but for the number of its kinds, and whatever it says of the data is what the theory is asked for.

**Scale.** The theory's data are centred and have Tr Σ/d = σ_x². `Standardisation` subtracts the mean of reference samples and divides by
one number for all pixels, so that the reference has Tr Σ/d = 1; directions keep their ratios of variance.

Checked by ``tests/simulation/test_real_features.py``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.mixture import as_mixture
from ..validation import MOST_ENTRIES, a_model, finite_array, non_negative, positive_integer, random_generator, shown
from . import drawing, noise_average
from .backends import backend as choose_backend
from .finite import FiniteModel

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


@dataclass(frozen=True, eq=False)
class Standardisation:
    """x → (x − mean) root: what makes a reference centred, with Tr Σ/d = 1; made by `standardisation`.

    Attributes
    ----------
    mean : array (d,)
    root : array (d, d)
        Symmetric: a multiple of the identity, or what also flattens the spectrum.
    eigenvalues : array (d,)
        Of the reference's covariance after it, falling, with mean 1.
    directions : array (d, d)
        Their eigenvectors, as columns; common to the covariances before and after.
    """

    mean: NDArray
    root: NDArray
    eigenvalues: NDArray
    directions: NDArray

    def __call__(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Standardised samples as rows, (n, d)."""
        samples, d = _rows("samples", samples), self.mean.size
        if samples.shape[1] != d:
            raise ValueError(f"samples has shape {samples.shape}; allowed: (n, {d}), as the reference")
        return (samples - self.mean) @ self.root

    def surrogate(self, n: int, seed: int | np.random.Generator = 0) -> NDArray[np.float64]:
        """n Gaussian samples with the covariance of the standardised reference, as rows (n, d)."""
        rng = random_generator("seed", seed)
        n = positive_integer("n", n, MOST_ENTRIES)
        return (rng.standard_normal((n, self.mean.size)) * np.sqrt(self.eigenvalues)) @ self.directions.T


def standardisation(reference: ArrayLike, flatten: float | None = None) -> Standardisation:
    r"""The `Standardisation` of samples (n, d), n >= 2, as rows.

    ``flatten`` = c >= 0 multiplies by (Σ + c σ_x²)^{-1/2} first, where σ_x² = Tr Σ/d: 0 whitens, a large c does nothing, as by default.

    Raises ``ValueError`` for samples that do not vary, and where ``flatten`` = 0 meets a direction in which they do not. O(n d² + d³).
    """
    reference = _rows("reference", reference)
    mean = reference.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(reference.T, bias=True).reshape(mean.size, -1))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    variance = values.mean()
    if len(reference) < 2 or not variance > 0:
        raise ValueError(f"reference holds {len(reference)} samples of variance {variance:.3g}; allowed: two that differ")
    filters = np.ones_like(values)
    if flatten is not None:
        shifted = values / variance + float(non_negative("flatten", flatten))
        if shifted[-1] <= mean.size * np.finfo(float).eps * shifted[0]:
            raise ValueError(f"flatten = {shown(flatten)} divides by a variance of 0; allowed: a number > 0")
        filters = 1 / np.sqrt(shifted)
    filters = filters / np.sqrt(np.mean(filters**2 * values))
    return Standardisation(mean, (vectors * filters) @ vectors.T, filters**2 * values, vectors)


def equal_norms(samples: ArrayLike) -> NDArray[np.float64]:
    """Samples (n, d), as rows, each divided by its length over √d: what is left of them on a sphere. A sample 0 stays 0."""
    samples = _rows("samples", samples)
    norms = np.sqrt(np.mean(samples**2, axis=1, keepdims=True))
    return samples / np.where(norms > 0, norms, 1.0)


def simulate_on(
    model: "RandomFeatureModel",
    samples: ArrayLike,
    held_out: ArrayLike | None = None,
    seed: int = 0,
    *,
    labels: ArrayLike | None = None,
    held_out_labels: ArrayLike | None = None,
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
) -> FiniteModel:
    """Draw W, and build U and V on given samples.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        ψ_n d must be the number of samples, up to rounding; p = round(ψ_p d).
    samples : array (n, d)
        As rows: centred, and scaled as the theory is told (`standardisation`).
    held_out : array (m, d), optional
        What the test loss is averaged over. Without it what needs fresh data raises ``ValueError``; U, its spectrum and the train loss do not.
    seed : int
        Of W, which is then that of ``model.simulate(d, seed)``.
    labels, held_out_labels : int arrays (n,) and (m,), optional
        The kinds 0 <= c < C, for losses class by class; needed, and allowed, where ``model.data`` is a mixture of C > 1 kinds.
    device, library, dtype
        See `theory.simulation.backend`.

    Returns
    -------
    FiniteModel
        Its samples sorted by kind. ``training`` returns NaN as score error: the exact score of given data is not known.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    Cost O(K p² n + K p² m) for K diffusion times; d = 196, p = 784, n = m = 588 take about 4 s on one core.
    """
    data, samples = as_mixture(a_model(model).data), _rows("samples", samples)
    n, d = samples.shape
    p, expected = (max(1, round(float(ratio) * d)) for ratio in (model.psi_p, model.psi_n))
    if n != expected:
        raise ValueError(
            f"samples has shape {samples.shape}, so that n/d = {n / d:.6g}; allowed: ({expected}, {d}), as psi_n = {model.psi_n}"
        )
    if max(p, n) * max(p, d) > MOST_ENTRIES:
        raise ValueError(
            f"psi_p = {model.psi_p} makes p = {p}: too large; allowed: matrices of up to {MOST_ENTRIES} numbers"
        )
    fresh = np.zeros((0, d)) if held_out is None else _rows("held_out", held_out)
    if fresh.shape[1] != d:
        raise ValueError(f"held_out has shape {fresh.shape}; allowed: (m, {d}), as samples")
    kinds = _kinds("labels", labels, n, len(data.weights))
    fresh_kinds = _kinds("held_out_labels", held_out_labels if held_out is not None else (), len(fresh), len(data.weights))
    order, fresh_order = (np.argsort(each, kind="stable") for each in (kinds, fresh_kinds))
    where, rng = choose_backend(device, library, dtype), random_generator("seed", seed)
    W, X = where.asarray(rng.standard_normal((p, d))), where.asarray(np.ascontiguousarray(samples[order].T))
    b = where.asarray(drawing.biases(float(model.bias), p, rng))
    U, V = noise_average.over_times(noise_average.exact, where, model.activation, W, X, b, model.times)
    columns = where.asarray(np.ascontiguousarray(fresh[fresh_order].T))
    return FiniteModel(
        model, where, W, X, U, V, "network", kinds[order], b, held_out=columns, held_out_kinds=fresh_kinds[fresh_order]
    )


def _rows(name, samples):
    samples = finite_array(name, samples, float)
    if samples.ndim != 2 or min(samples.shape) < 1:
        raise ValueError(f"{name} has shape {samples.shape}; allowed: (number of samples, d), both at least 1")
    return samples


def _kinds(name, labels, count, kinds):
    """Labels as an int array (count,), 0 where there is one kind and none are given."""
    if labels is None and kinds == 1:
        return np.zeros(count, int)
    if labels is None:
        raise ValueError(f"{name} = None, and the model's data have {kinds} kinds; allowed: one label for each sample")
    array = finite_array(name, labels, float)
    if array.shape != (count,) or np.any(array != np.round(array)) or np.any(array < 0) or np.any(array >= kinds):
        raise ValueError(f"{name} = {shown(labels)}; allowed: {count} integers 0 <= c < {kinds}")
    return array.astype(int)
