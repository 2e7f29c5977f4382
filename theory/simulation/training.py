r"""The training curves of one finite draw: exact gradient flow, by diagonalising U. No theory of the limit enters.

In the eigenbasis of U, with V' = O^T V and f_i = (1 − e^{−cτλ_i})/λ_i, A(τ) = −√(p/Δ_t) V'^T f O^T and

    train = 1 − (1/d) Σ_i |V'_i|² (1 − e^{−2cτλ_i})/λ_i,
    test  = 1 + (1/d) Σ_ij f_i f_j (O^TŨO)_ij V'_i·V'_j − (2/d) Σ_i f_i V'_i·Ṽ'_i,

where Ũ and Ṽ are averages over fresh data: of the nonlinear network (Mehler's series once more, now with x averaged too), or of
its Gaussian equivalent, whichever the draw is.
"""

import math

import numpy as np

from ..curve import TrainingCurve, check_tau
from .finite import covariance_eigenvalues
from .loss import flow_filter, modes, train_loss_along_flow
from .noise_average import hermite_tables, mehler_series

#: last term of Mehler's series for the population matrices
ORDER = 6


def population(finite):
    """(Ũ, Ṽ): E[φφ^T] and E[φξ^T] over fresh Gaussian data and noise, arrays (p, p) and (p, d) of the backend."""
    model, where, W = finite.model, finite.backend, finite.W
    xp, (p, d) = where.xp, W.shape
    eigenvalues = where.asarray(covariance_eigenvalues(model.data, d))
    decay2, noise = model.decay**2, model.noise_variance
    covariance = (W * (decay2 * eigenvalues + noise)) @ W.T / d
    if finite.features == "equivalent":
        c = model.coefficients()
        identity = xp.eye(p, dtype=xp.float64, device=where.device)
        mean = c.kappa**2 * xp.ones((p, p), dtype=xp.float64, device=where.device)
        return c.a**2 * covariance + (c.v2 + c.s2) * identity + mean, c.b / math.sqrt(d) * W
    deviation = xp.sqrt(xp.linalg.diagonal(covariance))
    tables, square = hermite_tables(where, model.activation, xp.zeros_like(deviation)[:, None], deviation[:, None], ORDER)
    correlation = covariance / (deviation[:, None] * deviation)
    U = mehler_series(where, tables, square, correlation)
    # E[φ_i ξ] = E[σ'] √Δ_t W_i/√d, and E[σ'] = μ_1/deviation
    return U, math.sqrt(noise / d) * (tables[1] / deviation[:, None]) * W


def exact_score_loss(model, d):
    """The loss of the exact score of the Gaussian law in dimension d."""
    signal = model.decay**2 * covariance_eigenvalues(model.data, d)
    return float(np.mean(signal / (signal + model.noise_variance)))


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
    (eigenvalues, overlap, quadratic), d = finite.flow_matrices, finite.W.shape[1]
    f = flow_filter(finite, eigenvalues, tau.ravel())
    test = 1 - 2 * (f @ overlap) / d + np.sum((f @ quadratic) * f, axis=1) / d
    train, test = np.asarray(train_loss_along_flow(finite, tau)), test.reshape(tau.shape)
    score_error = (test - exact_score_loss(finite.model, d)) / finite.model.noise_variance
    return TrainingCurve(tau, train, test, score_error)


def flow_matrices(finite):
    """(λ_i, V'_i·Ṽ'_i, Ũ'_ij V'_i·V'_j) on the host: all that the test loss needs."""
    where, m = finite.backend, modes(finite)
    xp, basis, V = where.xp, m.eigenvectors, m.projections
    U_population, V_population = population(finite)
    overlap = xp.sum(V * (basis.T @ V_population), axis=1)
    quadratic = (basis.T @ U_population @ basis) * (V @ V.T)
    return m.eigenvalues, where.to_numpy(overlap), where.to_numpy(quadratic)
