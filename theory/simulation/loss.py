r"""The training loss of a finite network, its gradient, and the exact gradient flow of the readout weights A.

For one diffusion time, with the matrices U and V of `theory.simulation.finite`,

    L(A) = (1/n) Σ_ν (1/d) E_ξ |√Δ_t s_A(x_t^ν) + ξ|² = L_0 + (2√Δ_t/(d√p)) Tr A V + (Δ_t/(pd)) Tr A U A^T,        L_0 = 1.

A network trained at several times has the average Σ_k w_k of such losses. U and V are made so that the same line holds, with two numbers
in it that are averages over the times, and **everything below is written with these averages**:

* Δ̄ = Σ_k w_k c_out,k² Δ_k in the place of Δ_t. It is ``model.noise_variance``, which is Δ_t itself where there is one time;
* L_0 = Σ_k w_k [(c^ξ_k)² + (c^x_k)² Σ_ν |x_ν|²/(nd)], the mean square of the target (`theory.simulation.time_nodes.mean_square_target`). It is
  ``finite.initial_loss``, which is 1 where there is no connection from x to the output.

Gradient flow is then

    dA/dτ = −d² ∂L/∂A,   A(τ) = −√(p/Δ̄) V^T f_τ(U)  from A(0) = 0,   f_τ(x) = (1 − e^{−2Δ̄ τ d x/p})/x.

The loss of 2505.17638; derived in `theory.symbolic.gradient_flow`, checked against the definition, finite differences and an
ODE solver by ``tests/simulation/test_loss.py``, for several times by ``tests/simulation/test_general_simulation.py``. The ratio p/d is
that of the matrices, which rounding may separate from ψ_p.

With ``noise_draws`` L_0 is still averaged over the noise: it does not depend on A, and the draws are not kept.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._former_names import renamed
from ..filters import check_tau, filter_function
from ..validation import a_draw, finite_array
from .backends import Array
from .eigenmodes import modes

if TYPE_CHECKING:
    from .finite import FiniteModel


def train_loss(finite: "FiniteModel", A: Array) -> float | NDArray[np.float64]:
    """L(A), averaged over the noise.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
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
    loss = finite.backend.to_float64(loss)
    return float(loss) if loss.ndim == 0 else loss


def quadratic_loss(A: Array, U: Array, V: Array, noise_variance: float, xp: Any, initial_loss: float = 1.0) -> Array:
    """L_0 + (2√Δ̄/(d√p)) Tr A V + (Δ̄/(pd)) Tr A U A^T, for U, V and L_0 averaged over the training samples or over fresh data.

    ``A`` (…, d, p); ``noise_variance`` is Δ̄, and ``xp`` the namespace of the arrays.
    """
    d, p = A.shape[-2:]
    quadratic, linear = xp.sum((A @ U) * A, axis=(-2, -1)), xp.sum(A * V.T, axis=(-2, -1))
    return initial_loss + 2 * math.sqrt(noise_variance / p) / d * linear + noise_variance / (p * d) * quadratic


def gradient(finite: "FiniteModel", A: Array) -> Array:
    """∂L/∂A = (2Δ̄/(pd)) A U + (2√Δ̄/(d√p)) V^T, an array of the backend shaped like ``A``; see `train_loss`."""
    A = _readout(a_draw(finite), A)
    (p, d), mean_noise = finite.W.shape, finite.model.noise_variance
    return 2 * mean_noise / (p * d) * (A @ finite.U) + 2 * math.sqrt(mean_noise / p) / d * finite.V.T


def gradient_flow(finite: "FiniteModel", tau: ArrayLike, initial: Array | None = None) -> Array:
    """A(τ), the solution of dA/dτ = −d² ∂L/∂A, exact at every τ.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
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


def train_loss_along_flow(finite: "FiniteModel", tau: ArrayLike) -> float | NDArray[np.float64]:
    """L(A(τ)) from A(0) = 0 by its sum over modes, L_0 − Σ_k (|u_k^T V|²/d) (1 − e^{−4Δ̄ τ d λ_k/p})/λ_k.

    ``tau`` as in `gradient_flow`. Returns a float, or a NumPy array shaped like ``tau``; no A(τ) is formed.
    """
    tau, m = check_tau(tau), modes(finite)
    loss = finite.initial_loss - flow_filter(finite, m.eigenvalues, 2 * tau.ravel()) @ m.weights
    return float(loss[0]) if tau.ndim == 0 else loss.reshape(tau.shape)


def relaxation_times(finite: "FiniteModel", eigenvalues: ArrayLike | None = None) -> float | NDArray[np.float64]:
    """p/(2Δ̄ d λ), the times in which the modes of A approach their limit by a factor e (the loss takes half of it).

    ``eigenvalues``: real numbers >= 0, by default those of U, whose order the result keeps; inf where λ = 0.
    """
    a_draw(finite)
    lam = modes(finite).eigenvalues if eigenvalues is None else finite_array("eigenvalues", eigenvalues, float)
    if np.any(lam < 0):
        raise ValueError(f"eigenvalues holds {lam[lam < 0].flat[0]}; allowed: eigenvalues of U, >= 0")
    with np.errstate(divide="ignore"):
        times = 1 / (_rate(finite, 1.0) * lam)
    return float(times) if times.ndim == 0 else times


def flow_filter(finite: "FiniteModel", eigenvalues: NDArray[np.float64], tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """f_τ(λ), shape (τ, λ), and 0 at λ = 0, where nothing is to be learned."""
    empty = eigenvalues == 0
    values = filter_function(np.where(empty, 1.0, eigenvalues), _rate(finite, tau)[:, None])
    return np.where(empty, 0.0, values)


def _rate(finite, tau):
    """2Δ̄ τ d/p"""
    return 2 * finite.model.noise_variance * finite.W.shape[1] / finite.W.shape[0] * tau


def _readout(finite, A, name="A", batch=True):
    """``A`` on the backend, checked."""
    where, (p, d) = finite.backend, finite.W.shape
    if isinstance(A, (np.ndarray, list, tuple)):
        A = where.asarray(finite_array(name, A, float))
    A = where.own(name, A)
    shape = tuple(A.shape)
    if shape[-2:] != (d, p) or (not batch and len(shape) != 2):
        raise ValueError(f"{name} has shape {shape}; allowed: ({'…, ' if batch else ''}{d}, {p})")
    if not bool(where.xp.all(where.xp.isfinite(A))):
        raise ValueError(f"{name} holds values that are not finite; allowed: finite real numbers")
    return A


__getattr__ = renamed(
    __name__,
    Modes="simulation.eigenmodes.Modes",
    diagonalised="simulation.eigenmodes.diagonalised",
    mean_square_target="simulation.time_nodes.mean_square_target",
)
