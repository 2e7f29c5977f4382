r"""The training curves of one finite draw: exact gradient flow, by diagonalising U. No theory of the limit enters.

In the eigenbasis of U, with V' = O^T V and f_i = (1 − e^{−cτλ_i})/λ_i, A(τ) = −√(p/Δ_t) V'^T f O^T and

    train = L_0 − (1/d) Σ_i |V'_i|² (1 − e^{−2cτλ_i})/λ_i,
    test  = L̃_0 + (1/d) Σ_ij f_i f_j (O^TŨO)_ij V'_i·V'_j − (2/d) Σ_i f_i V'_i·Ṽ'_i,

where Ũ, Ṽ and L̃_0 are averages over fresh data: of the nonlinear network (Mehler's series once more, now with x averaged
too), or of its Gaussian equivalent, whichever the draw is. Several times: Δ̄ for Δ_t, as in `theory.simulation.loss`.
"""

import math

import numpy as np

from ..filters import check_tau
from ..results import TrainingCurve
from ..validation import a_draw, a_model, finite_array
from .finite import covariance_eigenvalues, kinds_of_samples
from .loss import flow_filter, mean_square_target, modes, train_loss_along_flow
from .noise_average import hermite_tables, mehler_series, nodes

#: last term of Mehler's series for the population matrices
ORDER = 6


def population(finite):
    r"""(Ũ, Ṽ): what U and V are over fresh data and noise, arrays (p, p) and (p, d) of the backend.

    The sums Σ_k ω_k Σ_c π_c E[φφ^T] and Σ_k ω_k γ_k Σ_c π_c E[φ y^T] over times and kinds of samples. For each pair, the
    pre-activations are Gaussian with mean e^{-t_k} W_i·m_c/√d + t_k b_i and covariance
    (e^{−2t_k} σ_c² W_iΣW_j + Δ_k W_i·W_j)/d, and E[φ_i ξ] = √Δ_k E[σ'] W_i/√d,
    E[φ_i x] = E[φ_i] m_c + e^{-t_k} σ_c² E[σ'] ΣW_i/√d (Stein).

    Notes
    -----
    Mehler's series up to `ORDER` off the diagonal: an error O(d^{-7/2}) where correlations are O(d^{-1/2}).
    Cost O(K C p² d).
    """
    if a_draw(finite).features == "equivalent":
        return _population_of_equivalent(finite)
    model, where, W = finite.model, finite.backend, finite.W
    xp, (p, d) = where.xp, W.shape
    frequencies, scales, centroids = kinds_of_samples(model.data, d)
    eigenvalues = where.asarray(covariance_eigenvalues(model.data, d))
    U = xp.zeros((p, p), dtype=xp.float64, device=where.device)
    V = xp.zeros((p, d), dtype=xp.float64, device=where.device)
    for node in nodes(model.times):
        for share, scale, centroid in zip(frequencies.tolist(), scales.tolist(), centroids, strict=True):
            U_kc, V_kc = _population_of_kind(finite, node, scale * eigenvalues, where.asarray(centroid))
            U, V = U + share * node.quadratic * U_kc, V + share * node.linear * V_kc
    return U, V


def _population_of_kind(finite, node, variances, centroid):
    """E[φφ^T] and E[φ y^T] at one time, for x of mean ``centroid`` (d,) and diagonal covariance ``variances`` (d,)."""
    where, W = finite.backend, finite.W
    xp, d = where.xp, W.shape[1]
    covariance = (W * (node.decay**2 * variances + node.noise_variance)) @ W.T / d
    mean = node.decay * (W @ centroid) / math.sqrt(d) + node.t * finite.biases
    deviation = xp.sqrt(xp.linalg.diagonal(covariance))
    tables, square = hermite_tables(where, finite.model.activation, mean[:, None], deviation[:, None], ORDER)
    U = mehler_series(where, tables, square, covariance / (deviation[:, None] * deviation))
    slope = tables[1] / deviation[:, None]
    with_noise = math.sqrt(node.noise_variance / d) * slope * W
    with_data = tables[0] * centroid + node.decay / math.sqrt(d) * slope * (W * variances)
    return U, node.target[0] * with_noise + node.target[1] * with_data


def _population_of_equivalent(finite):
    """The same for the Gaussian equivalent of one time, one kind and no biases."""
    model, where, W = finite.model, finite.backend, finite.W
    xp, (p, d), c = where.xp, W.shape, model.coefficients()
    eigenvalues = where.asarray(covariance_eigenvalues(model.data, d))
    covariance = (W * (model.decay**2 * eigenvalues + model.noise_variance)) @ W.T / d
    identity = xp.eye(p, dtype=xp.float64, device=where.device)
    mean = c.kappa**2 * xp.ones((p, p), dtype=xp.float64, device=where.device)
    return c.a**2 * covariance + (c.v2 + c.s2) * identity + mean, c.b / math.sqrt(d) * W


def initial_test_loss(model, d):
    """L̃_0, the test loss at A = 0 in dimension d."""
    frequencies, scales, centroids = kinds_of_samples(a_model(model).data, d)
    energy = scales * np.mean(covariance_eigenvalues(model.data, d)) + np.mean(centroids**2, axis=1)
    return mean_square_target(model.times, frequencies @ energy)


def exact_score_loss(model, d):
    r"""The loss of the exact score in dimension d: Σ_k w_k Σ_c π_c (1/d) Σ_i of e^{−2t_k}σ_c²λ_i/(e^{−2t_k}σ_c²λ_i + Δ_k).

    This is the loss of a score that knows the kind of x_t. Kinds whose variances differ, or whose centroids are O(√d) apart, are
    told apart by x_t with certainty for d → ∞; doubt between kinds of the same variance with centroids O(1) apart costs O(1/d).
    """
    times, (frequencies, scales, _) = a_model(model).times, kinds_of_samples(model.data, d)
    signal = times.decay[:, None, None] ** 2 * scales[:, None] * covariance_eigenvalues(model.data, d)
    losses = np.mean(signal / (signal + times.noise_variances[:, None, None]), axis=-1)
    return float(times.law @ losses @ frequencies)


def score_error(model, d, test):
    """Σ_k w_k Δ_k (1/d) E|S − ∇log P_{t_k}|²/Σ_k w_k Δ_k on fresh data, from the test loss."""
    test = finite_array("test", test, float)[()]
    return (test - exact_score_loss(model, d)) / float(model.times.law @ model.times.noise_variances)


def flow_curve(finite, tau):
    """`TrainingCurve` of exact gradient flow for one draw.

    Parameters
    ----------
    finite : `theory.simulation.finite.FiniteModel`
    tau : array of training times >= 0, inf allowed

    Notes
    -----
    Cost O(p³) once per draw for the diagonalisation and O(p²) per τ.
    """
    tau = check_tau(tau)
    a_draw(finite)
    (eigenvalues, overlap, quadratic), d = finite.flow_matrices, finite.W.shape[1]
    f = flow_filter(finite, eigenvalues, tau.ravel())
    test = initial_test_loss(finite.model, d) - 2 * (f @ overlap) / d + np.sum((f @ quadratic) * f, axis=1) / d
    train, test = np.asarray(train_loss_along_flow(finite, tau)), test.reshape(tau.shape)
    return TrainingCurve(tau, train, test, score_error(finite.model, d, test))


def flow_matrices(finite):
    """(λ_i, V'_i·Ṽ'_i, Ũ'_ij V'_i·V'_j) on the host: all that the test loss needs."""
    where, m = a_draw(finite).backend, modes(finite)
    xp, basis, V = where.xp, m.eigenvectors, m.projections
    U_population, V_population = population(finite)
    overlap = xp.sum(V * (basis.T @ V_population), axis=1)
    quadratic = (basis.T @ U_population @ basis) * (V @ V.T)
    return m.eigenvalues, where.to_numpy(overlap), where.to_numpy(quadratic)
