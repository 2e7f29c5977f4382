r"""What the losses of a network are over fresh data: the test loss's matrices Ũ and Ṽ, its start L̃_0, and the loss of the exact score.

The test loss is the quadratic form of `theory.simulation.loss` with Ũ, Ṽ and L̃_0 in the place of U, V and L_0. For a nonlinear network
Mehler's formula gives them once more, now with x averaged too; for a Gaussian equivalent, `theory.simulation.equivalent` does. Only
``W``, ``biases`` and the description of a draw are read, never its samples; a network of `theory.simulation.real_features` has held-out
samples in the place of the description, and no exact score. `theory.simulation.flow` and
`theory.simulation.optimisers` make their test curves out of it. Checked by ``tests/simulation/test_general_simulation.py`` and
``tests/simulation/test_real_features.py``.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..activations import Activation
from ..data.mixture import as_mixture
from ..validation import a_draw, a_model, finite_array, integer
from . import equivalent, noise_average
from .backends import Array, Backend
from .drawing import covariance_eigenvalues, kinds_of_samples
from .mehler import hermite_tables, mehler_series
from .time_nodes import Node, mean_square_target, nodes

if TYPE_CHECKING:
    from ..model import RandomFeatureModel
    from .finite import FiniteModel

#: last term of Mehler's series for the population matrices
ORDER = 6


def population(finite: "FiniteModel") -> tuple[Array, Array]:
    r"""(Ũ, Ṽ): what U and V are over fresh data and noise, arrays (p, p) and (p, d) of the backend.

    The sums Σ_k ω_k Σ_c π_c E[φφ^T] and Σ_k ω_k r_k Σ_c π_c E[φ y^T] over times and kinds of samples. For each pair, the
    pre-activations are Gaussian with mean e^{-t_k} W_i·m_c/√d + t_k b_i and covariance
    (e^{−2t_k} σ_c² W_iΣW_j + Δ_k W_i·W_j)/d, and E[φ_i ξ] = √Δ_k E[σ'] W_i/√d,
    E[φ_i x] = E[φ_i] m_c + e^{-t_k} σ_c² E[σ'] ΣW_i/√d (Stein).

    Notes
    -----
    Mehler's series up to `ORDER` off the diagonal: an error O(d^{-7/2}) where correlations are O(d^{-1/2}).
    Cost O(K C p² d).
    """
    model, where, W = a_draw(finite).model, finite.backend, finite.W
    if finite.features == "equivalent":
        return equivalent.of_fresh_data(where, model, W)
    if finite.held_out is not None:
        return _over_held_out(finite, _held_out(finite))
    frequencies, _, _ = kinds_of_samples(model.data, W.shape[1])
    U = V = 0.0
    for c, share in enumerate(frequencies.tolist()):
        U_c, V_c = population_of_kind(finite, c)
        U, V = U + share * U_c, V + share * V_c
    return U, V


def population_of_kind(finite: "FiniteModel", kind: int) -> tuple[Array, Array]:
    """(Ũ_c, Ṽ_c): the same over fresh data of the kind c = ``kind`` alone, 0 <= c < C; see `population`."""
    model, where = a_draw(finite).model, finite.backend
    kind = integer("kind", kind, 0, len(as_mixture(model.data).weights) - 1)
    if finite.features == "equivalent":
        return population(finite)
    if finite.held_out is not None:
        return _over_held_out(finite, _held_out(finite, kind))
    d = finite.W.shape[1]
    _, scales, centroids = kinds_of_samples(model.data, d)
    variances = where.asarray(scales[kind] * covariance_eigenvalues(model.data, d))
    U = V = 0.0
    for node in nodes(model.times):
        U_k, V_k = _at_one_time(finite, node, variances, where.asarray(centroids[kind]))
        U, V = U + node.quadratic * U_k, V + node.linear * V_k
    return U, V


def _held_out(finite, kind=None):
    """The held-out samples as columns, those of one kind if asked; they lie side by side."""
    kinds = finite.held_out_kinds
    columns = np.arange(kinds.size) if kind is None else np.flatnonzero(kinds == kind)
    if columns.size == 0:
        which = "held-out samples" if kind is None else f"held-out samples of kind {kind}"
        raise ValueError(f"finite has no {which}; allowed: a network that was given some (simulate_on)")
    return finite.held_out[:, int(columns[0]) : int(columns[-1]) + 1]


def _over_held_out(finite, X):
    return noise_average.over_times(
        noise_average.exact, finite.backend, finite.model.activation, finite.W, X, finite.biases, finite.model.times
    )


def _at_one_time(finite: "FiniteModel", node: Node, variances: Array, centroid: Array) -> tuple[Array, Array]:
    """E[φφ^T] and E[φ y^T] at one time, for x of mean ``centroid`` (d,) and diagonal covariance ``variances`` (d,)."""
    where, W = finite.backend, finite.W
    xp, d = where.xp, W.shape[1]
    covariance = (W * (node.decay**2 * variances + node.noise_variance)) @ W.T / d
    mean = node.decay * (W @ centroid) / math.sqrt(d) + node.t * finite.biases
    deviation = xp.sqrt(xp.linalg.diagonal(covariance))
    tables, square, V = moments(where, finite.model.activation, node, W, mean, deviation, variances, centroid)
    return mehler_series(where, tables, square, covariance / (deviation[:, None] * deviation)), V


def moments(
    where: Backend,
    activation: Activation,
    node: Node,
    W: Array,
    mean: Array,
    deviation: Array,
    variances: Array,
    centroid: Array,
) -> tuple[list[Array], Array, Array]:
    """What Ũ at one time is made of, tables c_k (p, 1) and E φ² (p, 1), and E[φ y^T] (p, d); ``mean`` and ``deviation`` (p,) are those of
    the pre-activations.
    """
    d = W.shape[1]
    tables, square = hermite_tables(where, activation, mean[:, None], deviation[:, None], ORDER)
    slope = tables[1] / deviation[:, None]
    with_noise = math.sqrt(node.noise_variance / d) * slope * W
    with_data = tables[0] * centroid + node.decay / math.sqrt(d) * slope * (W * variances)
    return tables, square, node.target[0] * with_noise + node.target[1] * with_data


def initial_test_loss(model: "RandomFeatureModel", d: int) -> float:
    """L̃_0, the test loss at A = 0 in dimension d."""
    frequencies, _, _ = kinds_of_samples(a_model(model).data, d)
    return float(frequencies @ class_initial_test_loss(model, d))


def class_initial_test_loss(model: "RandomFeatureModel", d: int) -> NDArray[np.float64]:
    """The same over fresh data of each kind, (C,)."""
    _, scales, centroids = kinds_of_samples(a_model(model).data, d)
    energy = scales * np.mean(covariance_eigenvalues(model.data, d)) + np.mean(centroids**2, axis=1)
    return np.array([mean_square_target(model.times, value) for value in energy.tolist()])


def exact_score_loss(model: "RandomFeatureModel", d: int) -> float:
    r"""The loss of the exact score in dimension d: Σ_k w_k Σ_c π_c (1/d) Σ_i of e^{−2t_k}σ_c²λ_i/(e^{−2t_k}σ_c²λ_i + Δ_k).

    This is the loss of a score that knows the kind of x_t. Kinds whose variances differ, or whose centroids are O(√d) apart, are
    told apart by x_t with certainty for d → ∞; doubt between kinds of the same variance with centroids O(1) apart costs O(1/d).
    """
    frequencies, _, _ = kinds_of_samples(a_model(model).data, d)
    return float(class_exact_score_loss(model, d) @ frequencies)


def class_exact_score_loss(model: "RandomFeatureModel", d: int) -> NDArray[np.float64]:
    """The same on samples of each kind, of the score of that kind alone, (C,)."""
    times, (_, scales, _) = a_model(model).times, kinds_of_samples(model.data, d)
    signal = times.decay[:, None, None] ** 2 * scales[:, None] * covariance_eigenvalues(model.data, d)
    losses = np.mean(signal / (signal + times.noise_variances[:, None, None]), axis=-1)
    return times.probabilities @ losses


def score_error(model: "RandomFeatureModel", d: int, test: ArrayLike) -> np.float64 | NDArray[np.float64]:
    """Σ_k w_k Δ_k (1/d) E|S − ∇log P_{t_k}|²/Σ_k w_k Δ_k on fresh data, from the test loss, shaped like ``test``."""
    test = finite_array("test", test, float)[()]
    return (test - exact_score_loss(model, d)) / float(model.times.probabilities @ model.times.noise_variances)


def class_score_error(model: "RandomFeatureModel", d: int, test: NDArray) -> NDArray[np.float64]:
    """The same of each kind, from the test losses (C, …) of the kinds; see `theory.results.LossCurve`."""
    exact = class_exact_score_loss(model, d).reshape(-1, *[1] * (test.ndim - 1))
    return (test - exact) / float(model.times.probabilities @ model.times.noise_variances)


def initial_losses_of(finite: "FiniteModel") -> tuple[float, NDArray[np.float64]]:
    """L̃_0 of a draw, and that of each kind, (C,): of the description, or of its held-out samples."""
    d = finite.W.shape[1]
    if finite.held_out is None:
        return initial_test_loss(finite.model, d), class_initial_test_loss(finite.model, d)
    kinds = range(len(as_mixture(finite.model.data).weights))
    squares = [float(finite.backend.xp.mean(_held_out(finite, kind) ** 2)) for kind in (None, *kinds)]
    whole, *each = (mean_square_target(finite.model.times, energy) for energy in squares)
    return whole, np.array(each)


def score_error_of(finite: "FiniteModel", test: NDArray) -> NDArray[np.float64]:
    """`score_error` of a draw; NaN for given samples, of which nobody knows the exact score."""
    return score_error(finite.model, finite.W.shape[1], test) if finite.held_out is None else np.full_like(test, np.nan)


def class_score_error_of(finite: "FiniteModel", test: NDArray) -> NDArray[np.float64]:
    """`class_score_error` of a draw, from the test losses (C, …) of the kinds; NaN for given samples."""
    return (
        class_score_error(finite.model, finite.W.shape[1], test) if finite.held_out is None else np.full_like(test, np.nan)
    )
