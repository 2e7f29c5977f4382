r"""Hermite coefficients of very many pre-activations, from few: Taylor's series around a grid of means.

A matrix U needs c_k(μ, s) = E_z[σ(μ + s z) He_k(z)] for every feature and sample, and a quadrature for each would cost more than U's own
products. But c_k is smooth whatever σ is, and its derivatives are its successors: s ∂c_k/∂μ = c_{k+1}. So next to a grid point g

    c_j(μ, s) = Σ_{k ≤ K} c_{j+k}(g, s) δ^k/k! + R,     δ = (μ − g)/s,     |R| ≤ √(E σ²) Σ_{k > K} √((j+k)!) |δ|^k/k!,

as c_m² ≤ m! E σ² (Bessel). The same holds for E σ², the coefficient k = 0 of σ². The deviations s of the features differ by O(d^{-1/2}):
between Chebyshev's nodes in s the coefficients are interpolated. What is on the grid is certified before it is used, the quadrature by one
of half as many nodes, the interpolation by quadratures between the nodes; K by the bound above.

Derived here; checked against direct quadrature by ``tests/simulation/test_hermite_interpolation.py``.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation
from .backends import Array, Backend, backend
from .gaussian_quadrature import gaussian_rule, hermite_polynomials

HOST = backend("cpu", "numpy")

#: what is left out of Taylor's series, relative to √(k! E σ²); what two quadratures, or two ways to a point between nodes in s, may differ
#: by, relative to √(k! max E σ²)
TAYLOR, TABLE = 1e-13, 2e-13
#: spacings of the grid, in units of the smallest deviation
SPACINGS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
#: a standard normal is cut here: what lies beyond has a weight below 1e-32
REACH = 12.0
FIRST_NODES, MOST_NODES = 128, 2048
FIRST_DEVIATIONS, MOST_DEVIATIONS = 8, 64
#: entries of the tables of one chunk of features: what stays in a cache of some megabytes
CHUNK = 16000


@dataclass(frozen=True)
class HermiteInterpolation:
    """c_0, …, c_order and E σ² as functions of the mean, for features of given deviations; see `interpolation`.

    Attributes
    ----------
    order, terms : int
        Last coefficient that is asked for, and K, the last term of Taylor's series.
    low, spacing : float
        First point of the grid, and the distance of two.
    coefficients : array (order + K + 1, nodes, points)
        c_k at Chebyshev's nodes in s and on the grid, of the backend.
    squares : array (K + 1, nodes, points)
        The same of σ².
    weights : array (p, nodes)
        From the nodes to each feature's s.
    deviation : array (p, 1)
    """

    backend: Backend
    order: int
    terms: int
    low: float
    spacing: float
    coefficients: Array
    squares: Array
    weights: Array
    deviation: Array

    def __call__(self, mean: Array) -> tuple[list[Array], Array]:
        """([c_0, …, c_order], E σ²) at means (p, n) within the grid, arrays (p, n). Cost O(p n (order + K)) and no evaluation of σ."""
        xp, (p, n) = self.backend.xp, mean.shape
        out = [xp.empty((p, n), dtype=mean.dtype, device=self.backend.device) for _ in range(self.order + 2)]
        rows = max(1, CHUNK // max(n, self.coefficients.shape[-1]))
        for start in range(0, p, rows):
            chunk = slice(start, min(start + rows, p))
            for whole, part in zip(out, self._of_rows(mean[chunk, :], chunk), strict=True):
                whole[chunk, :] = part
        return out[:-1], out[-1]

    def _of_rows(self, mean, chunk):
        """c_0, …, c_order and E σ² of a few features."""
        xp, (rows, n) = self.backend.xp, mean.shape
        points = self.coefficients.shape[-1]
        place = (mean - self.low) / self.spacing
        cell = xp.clip(xp.round(place), 0, points - 1)
        delta = xp.reshape((place - cell) * (self.spacing / self.deviation[chunk, :]), (-1,))
        steps = [delta / k for k in range(1, self.terms + 1)]
        first = xp.arange(rows, dtype=xp.int64, device=self.backend.device)[:, None] * points
        where = xp.reshape(xp.astype(cell, xp.int64) + first, (-1,))

        def at(table):
            return xp.take(xp.reshape(self.weights[chunk, :] @ table, (-1,)), where)

        found = [at(self.coefficients[k, ...]) for k in range(self.order + self.terms + 1)]
        for j in range(self.order + 1):
            yield xp.reshape(_taylor(xp, found[j : j + self.terms + 1], steps), (rows, n))
        yield xp.reshape(_taylor(xp, [at(self.squares[k, ...]) for k in range(self.terms + 1)], steps), (rows, n))


def _taylor(xp, derivatives, steps):
    """Σ_k derivatives[k] δ^k/k! by Horner, with ``steps`` = δ/1, δ/2, …."""
    total = xp.asarray(derivatives[-1], copy=True)
    for derivative, step in zip(derivatives[-2::-1], steps[::-1], strict=True):
        total *= step
        total += derivative
    return total


def interpolation(
    backend: Backend, activation: Activation, mean: Array, deviation: Array, order: int, direct: int
) -> HermiteInterpolation | None:
    """Tables for means (p, n) of features with deviations (p, 1); None where direct quadrature costs less or the tables are not certified.

    ``direct`` is the number of nodes of the direct quadrature. Not certified is a σ with kinks that nobody named.
    """
    low, high = float(backend.xp.min(mean)), float(backend.xp.max(mean))
    s = backend.to_float64(deviation)[:, 0]
    # a number that is not finite is the caller's to find, as after a direct quadrature
    if not (math.isfinite(low + high) and math.isfinite(s.sum()) and s.min() > 0):
        return None
    spacing, terms = _cheapest((high - low) / s.min(), order, mean.shape[1], direct)
    if spacing is None:
        return None
    spacing *= float(s.min())
    grid = low + spacing * np.arange(math.ceil((high - low) / spacing) + 1)
    certified = _certified(activation, grid, (s.min(), s.max()), order + terms)
    if certified is None:
        return None
    nodes, coefficients, squares = certified
    return HermiteInterpolation(
        backend,
        order,
        terms,
        low,
        spacing,
        backend.asarray(coefficients),
        backend.asarray(squares[: terms + 1]),
        backend.asarray(chebyshev_weights(nodes, s)),
        deviation,
    )


def taylor_terms(order: int, delta: float) -> int:
    """The smallest K whose remainder is below `TAYLOR` √(j! E σ²) for all j <= ``order`` and |δ| <= ``delta``, at most 100."""

    def remainder(j, K):
        tail = (k * math.log(delta) - math.lgamma(k + 1) + 0.5 * math.lgamma(j + k + 1) for k in range(K + 1, K + 60))
        return math.fsum(math.exp(term - 0.5 * math.lgamma(j + 1)) for term in tail)

    return next(K for K in range(1, 101) if all(remainder(j, K) < TAYLOR for j in range(order + 1)) or K == 100)


def _cheapest(width, order, n, direct):
    """(spacing in units of s, K) of least cost per feature, in passes over the samples; (None, None) if that is no less than direct."""
    choices = {None: n * direct * (order + 12.0)}
    terms = {None: None}
    for spacing in SPACINGS:
        terms[spacing] = K = taylor_terms(order, spacing / 2)
        points = width / spacing + 1
        # a row of a table is a product of matrices, over the nodes in s
        choices[spacing] = n * (4 * (order + 2 * K) + 2 * K * (order + 2)) + 3 * points * (order + 2 * K)
    best = min(choices, key=choices.get)
    return best, terms[best]


def _certified(activation, grid, interval, top):
    """(nodes in s, c_0..c_top (top + 1, nodes, points), the same of σ²), or None where `TABLE` is not reached."""
    points, count = FIRST_NODES, FIRST_DEVIATIONS
    few = grid[:: max(1, len(grid) // 40)]
    while points <= MOST_NODES and count <= MOST_DEVIATIONS:
        nodes = chebyshev_nodes(*interval, count)
        between = (nodes[1:] + nodes[:-1]) / 2 if len(nodes) > 1 else nodes
        rough, fine = (_quadrature(activation, few, between, top, N) for N in (points // 2, points))
        if _distance(rough, fine) > TABLE:
            points *= 2
            continue
        weights = chebyshev_weights(nodes, between)
        interpolated = tuple(weights @ table for table in _quadrature(activation, few, nodes, top, points))
        if _distance(interpolated, fine) > TABLE:
            count *= 2
            continue
        return nodes, *_quadrature(activation, grid, nodes, top, points)
    return None


def _distance(found, expected):
    """Largest difference of two pairs of tables (top + 1, …), relative to √(k! max E σ²), and for σ² to √k! max E σ²."""
    scale = np.sqrt([float(math.factorial(k)) for k in range(len(expected[0]))])[:, None, None]
    size = max(expected[1][0].max(), np.finfo(float).tiny)
    of_coefficients, of_squares = (np.max(np.abs(a - b) / scale) for a, b in zip(found, expected, strict=True))
    largest = max(of_coefficients / math.sqrt(size), of_squares / size)
    return largest if math.isfinite(largest) else math.inf


def _quadrature(activation, grid, deviations, top, points) -> tuple[NDArray, NDArray]:
    """E[σ He_k] and E[σ² He_k], k = 0..top, at every deviation and grid point: two arrays (top + 1, len(deviations), len(grid))."""
    tables = np.empty((2, top + 1, len(deviations), len(grid)))
    for m, s in enumerate(deviations):
        for start in range(0, len(grid), 256):
            part = slice(start, start + 256)
            z, weight = gaussian_rule(HOST, activation, grid[part], s, points, REACH)
            values = activation(grid[part, None] + s * z)
            weighted = np.stack([values, values**2]) * weight
            for k, polynomial in enumerate(itertools.islice(hermite_polynomials(z), top + 1)):
                tables[:, k, m, part] = np.sum(weighted * polynomial, axis=-1)
    return tables[0], tables[1]


def chebyshev_nodes(low: float, high: float, count: int) -> NDArray:
    """Chebyshev's points of the first kind on [low, high]; one point where the interval is one."""
    if high <= low * (1 + 1e-15):
        return np.array([(low + high) / 2])
    return (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)


def chebyshev_weights(nodes: NDArray, x: NDArray) -> NDArray:
    """Matrix (len(x), len(nodes)) that interpolates from Chebyshev's points of the first kind (barycentric formula)."""
    count = len(nodes)
    if count == 1:
        return np.ones((len(x), 1))
    weight = (-1.0) ** np.arange(count) * np.sin(np.pi * (np.arange(count) + 0.5) / count)
    difference = np.asarray(x)[:, None] - nodes
    exact = difference == 0
    matrix = weight / np.where(exact, 1.0, difference)
    matrix /= matrix.sum(axis=1, keepdims=True)
    hit = exact.any(axis=1)
    matrix[hit] = exact[hit]
    return matrix
