r"""The training loss of a finite network, its gradient, and the exact gradient flow of the readout weights A.

    L(A) = (1/n) Σ_ν (1/d) E_ξ |√Δ_t s_A(x_t^ν) + ξ|² = L_0 + (2√Δ_t/(d√p)) Tr A V + (Δ_t/(pd)) Tr A U A^T,
    dA/dτ = −d² ∂L/∂A,   A(τ) = −√(p/Δ_t) V^T f_τ(U)  from A(0) = 0,   f_τ(x) = (1 − e^{−2Δ_t τ d x/p})/x.

Here L_0 = 1. A network trained at several times has the average Σ_k w_k of such losses; the matrices U and V of
`theory.simulation.finite` are made so that only two things change: Δ_t becomes Δ̄ (``model.noise_variance``), and
L_0 = Σ_k w_k [(c^ξ_k)² + (c^x_k)² Σ_ν |x_ν|²/(nd)] is the mean square of the target (`mean_square_target`).

The loss of 2505.17638; derived in `theory.symbolic.gradient_flow`, checked against the definition, finite differences and an
ODE solver by ``tests/simulation/test_loss.py``, for several times by ``tests/simulation/test_general_simulation.py``. The ratio p/d is
that of the matrices, which rounding may separate from ψ_p.

With ``noise_draws`` L_0 is still averaged over the noise: it does not depend on A, and the draws are not kept.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..filters import check_tau, filter_function
from ..validation import a_draw, finite_array
from .backend import array_of


@dataclass(frozen=True)
class Modes:
    """The eigenmodes of U and what each has to learn.

    ``eigenvalues`` (p,), increasing, a NumPy array with what rounding leaves around zero set to 0; ``eigenvectors`` (p, p),
    columns, and ``projections`` (p, d), the rows u_k^T V, arrays of the backend; ``weights`` (p,) = |u_k^T V|²/d, NumPy.
    """

    eigenvalues: np.ndarray
    eigenvectors: object
    projections: object
    weights: np.ndarray


def modes(finite):
    """Diagonalise U, once per draw: cost O(p³), kept with ``finite``."""
    return a_draw(finite).modes


def diagonalised(finite):
    """The `Modes` of a draw, computed anew."""
    xp, to_numpy, d = finite.backend.xp, finite.backend.to_numpy, finite.W.shape[1]
    eigenvalues, eigenvectors = xp.linalg.eigh(finite.U)
    eigenvalues = to_numpy(eigenvalues)
    empty = eigenvalues < eigenvalues.size * np.finfo(float).eps * eigenvalues[-1]
    # U and V are blocks of the covariance of (φ, ξ), so that a null vector of U is one of V^T: nothing is learned there
    projections = finite.backend.asarray(np.where(empty, 0.0, 1.0))[:, None] * (eigenvectors.T @ finite.V)
    weights = to_numpy(xp.sum(projections**2, axis=1)) / d
    return Modes(np.where(empty, 0.0, eigenvalues), eigenvectors, projections, weights)


def train_loss(finite, A):
    """L(A), averaged over the noise.

    Parameters
    ----------
    finite : `theory.simulation.finite.FiniteModel`
    A : array (…, d, p)
        Readout weights: NumPy, or of the backend of ``finite``. Leading axes are a batch.

    Returns
    -------
    float, or NumPy array of the leading shape

    Raises
    ------
    ValueError
        ``A`` of another shape, or not finite.
    """
    A, xp = _readout(a_draw(finite), A), finite.backend.xp
    loss = quadratic_loss(A, finite.U, finite.V, finite.model.noise_variance, xp, finite.initial_loss)
    loss = finite.backend.to_numpy(loss)
    return float(loss) if loss.ndim == 0 else loss


def mean_square_target(times, energy):
    """L_0 = Σ_k w_k [(c^ξ_k)² + (c^x_k)² energy], with ``energy`` the mean of |x|²/d over the samples or over fresh data."""
    return float(times.law @ (times.target_noise**2 + times.target_data**2 * energy))


def quadratic_loss(A, U, V, noise_variance, xp, initial_loss=1.0):
    """The loss as a quadratic form, for U and V averaged over the training samples or over fresh data; ``A`` (…, d, p)."""
    d, p = A.shape[-2:]
    quadratic, linear = xp.sum((A @ U) * A, axis=(-2, -1)), xp.sum(A * V.T, axis=(-2, -1))
    return initial_loss + 2 * math.sqrt(noise_variance / p) / d * linear + noise_variance / (p * d) * quadratic


def gradient(finite, A):
    """∂L/∂A = (2Δ_t/(pd)) A U + (2√Δ_t/(d√p)) V^T, an array of the backend shaped like ``A``; see `train_loss`."""
    A = _readout(a_draw(finite), A)
    (p, d), noise = finite.W.shape, finite.model.noise_variance
    return 2 * noise / (p * d) * (A @ finite.U) + 2 * math.sqrt(noise / p) / d * finite.V.T


def gradient_flow(finite, tau, initial=None):
    """A(τ), the solution of dA/dτ = −d² ∂L/∂A, exact at every τ.

    Parameters
    ----------
    finite : `theory.simulation.finite.FiniteModel`
    tau : scalar or array
        Training times >= 0; inf gives the minimiser that the flow reaches (where U is singular, the one nearest to A(0)).
    initial : array (d, p), optional
        A(0); zero by default.

    Returns
    -------
    array of the backend, shape tau.shape + (d, p)

    Raises
    ------
    ValueError
        Negative or NaN ``tau``; ``initial`` of another shape or not finite.

    Notes
    -----
    Cost O(p³) once per draw, then O(p² d) and d·p numbers of memory per τ.
    """
    tau, where, m = check_tau(tau), a_draw(finite).backend, modes(finite)
    filters = where.asarray(flow_filter(finite, m.eigenvalues, tau.ravel()))
    scale = -math.sqrt(finite.W.shape[0] / finite.model.noise_variance)
    in_basis = scale * m.projections.T[None, :, :] * filters[:, None, :]
    if initial is not None:
        start = _readout(finite, initial, "initial", batch=False) @ m.eigenvectors
        with np.errstate(invalid="ignore", under="ignore"):
            exponent = _rate(finite, tau.ravel())[:, None] * m.eigenvalues
            remaining = np.where(m.eigenvalues == 0, 1.0, np.exp(-exponent))
        in_basis = in_basis + start[None, :, :] * where.asarray(remaining)[:, None, :]
    (p, d) = finite.W.shape
    return where.xp.reshape(in_basis @ m.eigenvectors.T, (*tau.shape, d, p))


def train_loss_along_flow(finite, tau):
    """L(A(τ)) from A(0) = 0 by its sum over modes, L_0 − Σ_k (|u_k^T V|²/d) (1 − e^{−4Δ_t τ d λ_k/p})/λ_k.

    ``tau`` as in `gradient_flow`. Returns a float, or a NumPy array shaped like ``tau``; no A(τ) is formed.
    """
    tau, m = check_tau(tau), modes(finite)
    loss = finite.initial_loss - flow_filter(finite, m.eigenvalues, 2 * tau.ravel()) @ m.weights
    return float(loss[0]) if tau.ndim == 0 else loss.reshape(tau.shape)


def relaxation_times(finite, eigenvalues=None):
    """p/(2Δ_t d λ), the times in which the modes of A approach their limit by a factor e (the loss takes half of it).

    ``eigenvalues``: real numbers >= 0, by default those of U, whose order the result keeps; inf where λ = 0.
    """
    a_draw(finite)
    lam = modes(finite).eigenvalues if eigenvalues is None else finite_array("eigenvalues", eigenvalues, float)
    if np.any(lam < 0):
        raise ValueError(f"eigenvalues holds {lam[lam < 0].flat[0]}; allowed: eigenvalues of U, >= 0")
    with np.errstate(divide="ignore"):
        times = 1 / (_rate(finite, 1.0) * lam)
    return float(times) if times.ndim == 0 else times


def _rate(finite, tau):
    """2Δ_t τ d/p"""
    return 2 * finite.model.noise_variance * finite.W.shape[1] / finite.W.shape[0] * tau


def flow_filter(finite, eigenvalues, tau):
    """f_τ(λ), shape (τ, λ), and 0 at λ = 0, where nothing is to be learned."""
    empty = eigenvalues == 0
    values = filter_function(np.where(empty, 1.0, eigenvalues), _rate(finite, tau)[:, None])
    return np.where(empty, 0.0, values)


def _readout(finite, A, name="A", batch=True):
    """``A`` on the backend, checked."""
    where, (p, d) = finite.backend, finite.W.shape
    if isinstance(A, (np.ndarray, list, tuple)):
        A = where.asarray(finite_array(name, A, float))
    array_of(name, A)
    shape = tuple(A.shape)
    if shape[-2:] != (d, p) or (not batch and len(shape) != 2):
        raise ValueError(f"{name} has shape {shape}; allowed: ({'…, ' if batch else ''}{d}, {p})")
    if not bool(where.xp.all(where.xp.isfinite(A))):
        raise ValueError(f"{name} holds values that are not finite; allowed: finite real numbers")
    return A
