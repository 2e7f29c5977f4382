r"""Gauss' rules of a recurrence, and what they say with certainty of the spectral measure μ of a start vector.

T of `theory.simulation.lanczos.recurrence` is the Jacobi matrix of μ, the measure with x^T f(U) x/|x|² = ∫f dμ. So (Golub and Meurant,
Matrices, moments and quadrature, 1994)

* **Gauss**: Σ_j w_j f(θ_j), nodes and weights from the eigenvectors of T, is exact for polynomials of degree 2k − 1;
* **Radau**: with one more row, (β_k, α̃), whose α̃ makes x a node, the rule of k + 1 nodes is exact for degree 2k;
* for a *completely monotone* f, (−1)^j f^{(j)} ≥ 0, such as e^{−cλ} or (1 − e^{−cλ})/λ, the first is a lower bound of ∫f dμ and the
  second, with its node at or below the spectrum, an upper one: the remainders have the signs of f^{(2k)} and f^{(2k+1)};
* for f = 1_{λ ≤ x} the rule with a node at x gives both bounds (Chebyshev, Markov, Stieltjes): the weights below x, without and with that
  of x itself, which is the Christoffel function. The middle is returned, half the weight is its certificate.

The resolvent is not of one sign; there the residual of the linear system bounds the error (`resolvent_bound`).

Checked by ``tests/simulation/test_lanczos_quadrature.py``.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from .recurrence import Tridiagonal

#: a node that is asked for is moved until α̃ is below so many times the largest eigenvalue: it met one of T
LARGEST = 1e6


def gauss(rule: Tridiagonal, f: Callable[[NDArray], NDArray]) -> NDArray:
    """Σ_j w_j f(θ_j), for a vectorised f whose last axis is that of the nodes."""
    return f(rule.nodes) @ rule.weights


def radau(rule: Tridiagonal, node: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(nodes, weights) of the rule of k + 1 nodes with one at ``node``; that of Gauss where the recurrence ended, which is exact.

    ``node`` may lie anywhere; where it meets an eigenvalue of T it is moved up by roundings.
    """
    if rule.last == 0:
        return rule.nodes, rule.weights
    scale = max(abs(rule.nodes[0]), abs(rule.nodes[-1]), rule.last)
    final, square = rule.final**2, rule.last**2
    for shift in (0.0, 1e-12, 1e-9, 1e-6):
        place = node + shift * scale
        with np.errstate(divide="ignore", invalid="ignore"):
            corner = place + square * np.sum(final / (rule.nodes - place))
        if abs(corner) < LARGEST * scale:
            break
    off_diagonal = np.append(rule.off_diagonal, rule.last)
    nodes, vectors = eigh_tridiagonal(np.append(rule.diagonal, corner), off_diagonal)
    return nodes, vectors[0] ** 2


def bracket(rule: Tridiagonal, f: Callable[[NDArray], NDArray], lower: float) -> tuple[NDArray, NDArray]:
    """(lower, upper) bounds of ∫f dμ for a completely monotone f on a spectrum that lies above ``lower``."""
    nodes, weights = radau(rule, lower)
    # the prescribed node comes out to rounding, and f may be steep there
    nodes = np.maximum(nodes, lower)
    return gauss(rule, lambda lam: f(np.maximum(lam, lower))), f(nodes) @ weights


def cumulative(rule: Tridiagonal, x: float) -> tuple[float, float]:
    """(middle, half) with |μ(λ ≤ x) − middle| ≤ half, where an atom at x itself may count or not."""
    if rule.last == 0:
        below, at = rule.nodes < x, rule.nodes == x
        half = rule.weights[at].sum() / 2
        return float(rule.weights[below].sum() + half), float(half)
    nodes, weights = radau(rule, x)
    here = int(np.argmin(np.abs(nodes - x)))
    half = weights[here] / 2
    return float(weights[:here].sum() + half), float(half)


def christoffel(rule: Tridiagonal, x: NDArray) -> NDArray[np.float64]:
    """The weight of x in the rule with a node there, 1/Σ_{j <= k} p_j(x)², for an array x; p_j are the orthonormal polynomials of μ.

    0 where the recurrence ended and x is no node. Cost O(k) for each x.
    """
    if rule.last == 0:
        return np.where(x[..., None] == rule.nodes, rule.weights, 0.0).sum(axis=-1)
    before, now, total = np.zeros_like(x), np.ones_like(x), np.ones_like(x)
    steps = np.append(rule.off_diagonal, rule.last)
    for j, (alpha, beta) in enumerate(zip(rule.diagonal, steps, strict=True)):
        before, now = now, ((x - alpha) * now - (steps[j - 1] if j else 0.0) * before) / beta
        # far outside the polynomials grow beyond all numbers
        far = total > 1e200
        before, now = np.where(far, 0.0, before), np.where(far, 0.0, now)
        total = total + now**2
    return 1 / total


def smoothed(rule: Tridiagonal, log_lam: NDArray, width: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""The density of ln λ, smoothed by a normal law of standard deviation ``width``, at points (T,) of ln λ, and a bound of the
    quadrature's error.

    Integrated by parts, ∫f dμ = −∫f'(x) μ(λ <= x) dx, where μ(λ <= x) is known to within half the Christoffel function: the error is at most
    ∫|f'| of that, a certificate which is far larger than the error of a smooth density.
    """
    nodes = np.log(np.maximum(rule.nodes, np.finfo(float).tiny))
    values = _normal((log_lam[:, None] - nodes) / width) @ rule.weights / width
    step = width / 8
    offsets = np.arange(-5 * width, 5 * width + step / 2, step)
    slopes = np.abs(offsets) / width**3 * _normal(offsets / width)
    grid = np.arange(log_lam.min() - 5 * width - step, log_lam.max() + 5 * width + 2 * step, step)
    half = christoffel(rule, np.exp(grid)) / 2
    near = np.interp(log_lam[:, None] + offsets, grid, half)
    return values, near @ slopes * step


def _normal(z):
    with np.errstate(under="ignore"):
        return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def resolvent(rule: Tridiagonal, z: NDArray) -> NDArray[np.complex128]:
    """∫dμ/(λ − z) by Gauss' rule, for an array of complex z."""
    return (1 / (rule.nodes - z[..., None])) @ rule.weights.astype(complex)


def resolvent_bound(rule: Tridiagonal, z: NDArray, distance: NDArray) -> NDArray[np.float64]:
    r"""Bound of its error at points z that are ``distance`` > 0 or more off the spectrum of U.

    y = |x| Q (T − z)^{-1} e_1 leaves the residual r = x − (U − z) y = −β_k |x| [(T − z)^{-1}]_{k1} q_{k+1}, and q_{k+1} ⊥ y. So the error is
    x^T (U − z)^{-1} r = r^T (U − z)^{-1} r, in modulus at most |r|²/distance.
    """
    corner = (1 / (rule.nodes - z[..., None])) @ (rule.first * rule.final).astype(complex)
    return (rule.last * np.abs(corner)) ** 2 / distance
