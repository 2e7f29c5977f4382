r"""One network drawn for Lanczos: the matrices of ``method="dense"``, of the same seed, in the storage that was asked for.

The order of the draws, W, samples, biases, Ω or noise, is that of `theory.simulation.finite.simulate`, and every normal number is drawn in
double precision and then rounded: the same seed gives the same network, up to that rounding.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from .. import drawing, noise_average
from ..backends import backend
from .operators import EquivalentOperator, MatrixOperator, StoredMatrix, SymmetricOperator
from .storage import BLOCK, Storage, release

if TYPE_CHECKING:
    from ...model import RandomFeatureModel


class Matrices(NamedTuple):
    """What is drawn and built: W (p, d), X (d, n), U, V, the kinds (n,) of the samples, the biases (p,), and (1/n) Σ_ν |x_ν|²/d."""

    W: NDArray
    X: NDArray
    U: SymmetricOperator
    V: LinearOperator
    kinds: NDArray[np.int_]
    biases: NDArray[np.float64]
    energy: float


def matrices(
    model: "RandomFeatureModel",
    shape: tuple[int, int, int],
    rng: np.random.Generator,
    storage: Storage,
    features: str,
    noise_draws: int | None,
    biases: str,
) -> Matrices:
    """`Matrices` of ``shape`` (p, d, n), with arguments that are checked."""
    p, d, n = shape
    W = storage.normal(rng, (p, d))
    X, kinds, energy = _samples(model, d, n, rng, storage)
    b = drawing.biases(float(model.bias), p, rng, biases)
    if features == "equivalent":
        c = model.coefficients()
        omega = storage.normal(rng, (p, n))
        U = EquivalentOperator(W, X, omega, kappa=c.kappa, signal=model.decay * c.a, b2=c.b2, v=c.v, s2=c.s2)
        return Matrices(W, X, U, StoredMatrix(W, c.b / np.sqrt(d)), kinds, b, energy)
    average, arguments = (noise_average.exact, ()) if noise_draws is None else (noise_average.sampled, (noise_draws, rng))
    host = backend("cpu", "numpy", storage.dtype.name)
    place = (average, host, model.activation, W, X, host.asarray(b), model.times)
    U, V = noise_average.over_times(*place, *arguments)
    return Matrices(W, X, MatrixOperator(storage.keep(U)), StoredMatrix(storage.keep(V)), kinds, b, energy)


def _samples(model, d, n, rng, storage):
    """X, its kinds and its energy, drawn some coordinates at a time."""
    X, energy = storage.zeros((d, n)), 0.0
    blocks, kinds = drawing.sample_rows(model.data, d, n, rng, max(1, BLOCK // (8 * n)))
    for rows, values in blocks:
        X[rows] = values
        energy += float(np.sum(values**2))
        release(X)
    return X, kinds, energy / (d * n)
