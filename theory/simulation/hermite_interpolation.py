r"""Hermite coefficients of very many pre-activations, from few: Taylor's series around a grid of means.

A matrix U needs c_k(μ, s) = E_z[σ(μ + s z) He_k(z)] for every feature and sample, and a quadrature for each would cost more than U's own
products. But c_k is smooth whatever σ is, and its derivatives are its successors: s ∂c_k/∂μ = c_{k+1}. So next to a grid point g

    c_j(μ, s) = Σ_{k ≤ K_j} c_{j+k}(g, s) δ^k/k! + R,     δ = (μ − g)/s,     |R| ≤ √(E σ²) Σ_{k > K_j} √((j+k)!) |δ|^k/k!,

as c_m² ≤ m! E σ² (Bessel). The same holds for E σ², the coefficient k = 0 of σ². The deviations s of the features differ by O(d^{-1/2}):
between Chebyshev's nodes in s the coefficients are interpolated. What is on the grid is certified before it is used, the quadrature by one
of half as many nodes, the interpolation by quadratures between the nodes; each K_j is the smallest that the bound above allows.

Derived here; checked against direct quadrature by ``tests/simulation/test_hermite_interpolation.py``.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation
from .backends import Array, Backend, backend
from .gaussian_quadrature import gaussian_rule, hermite_polynomials
from .hermite_coefficients import HermiteCoefficients

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
class HermiteInterpolation(HermiteCoefficients):
    """c_0, …, c_order and E σ² as functions of the mean, for features of given deviations; see `interpolation`.

    Attributes
    ----------
    order : int
        Last coefficient that is asked for.
    terms : tuple of order + 1 int
        K_j, the last term of Taylor's series of c_j; that of E σ² ends as that of c_0.
    low, spacing : float
        First point of the grid, and the distance of two.
    coefficients : array (order + K_order + 1, nodes, points)
        c_k at Chebyshev's nodes in s and on the grid, of the backend.
    squares : array (K_0 + 1, nodes, points)
        The same of σ².
    weights : array (p, nodes)
        From the nodes to each feature's s.
    deviation : array (p, 1)
    """

    backend: Backend
    order: int
    terms: tuple[int, ...]
    low: float
    spacing: float
    coefficients: Array
    squares: Array
    weights: Array
    deviation: Array

    def rows(self, columns: int) -> int:
        return max(1, CHUNK // max(columns, self.coefficients.shape[-1]))

    def of_rows(self, mean: Array, rows: slice) -> Iterator[Array]:
        """At means within the grid: O(n (order + K)) operations for each feature, and no evaluation of σ."""
        xp, shape = self.backend.xp, mean.shape
        points = self.coefficients.shape[-1]
        place = (mean - self.low) / self.spacing
        cell = xp.clip(xp.round(place), 0, points - 1)
        delta = xp.reshape((place - cell) * (self.spacing / self.deviation[rows, :]), (-1,))
        steps = [delta, *(delta * (1 / k) for k in range(2, self.terms[-1] + 1))]
        first = xp.arange(shape[0], dtype=xp.int64, device=self.backend.device)[:, None] * points
        where = xp.reshape(xp.astype(cell, xp.int64) + first, (-1,))
        weights = self.weights[rows, :]

        def at(tables):
            return [xp.take(xp.reshape(weights @ tables[k, ...], (-1,)), where) for k in range(tables.shape[0])]

        found = at(self.coefficients)
        for j, K in enumerate(self.terms):
            yield xp.reshape(_taylor(xp, found[j : j + K + 1], steps[:K]), shape)
        yield xp.reshape(_taylor(xp, at(self.squares), steps[: self.terms[0]]), shape)


def _taylor(xp, derivatives, steps):
    """Σ_k derivatives[k] δ^k/k! by Horner, with ``steps`` = δ/1, δ/2, …."""
    total = xp.asarray(derivatives[-1], copy=True)
    for derivative, step in zip(derivatives[-2::-1], steps[::-1], strict=True):
        total *= step
        total += derivative
    return total


def interpolation(
    backend: Backend,
    activation: Activation,
    mean: Array,
    deviation: Array,
    order: int,
    direct: int,
    columns: int | None = None,
) -> HermiteInterpolation | None:
    """Tables for means (p, n) of features with deviations (p, 1); None where direct quadrature costs less or the tables are not certified.

    ``direct`` is the number of nodes of the direct quadrature, ``columns`` that of samples that are asked for at a time. Not certified is
    a σ with kinks that nobody named.
    """
    low, high = float(backend.xp.min(mean)), float(backend.xp.max(mean))
    s = backend.to_float64(deviation)[:, 0]
    # a number that is not finite is the caller's to find, as after a direct quadrature
    if not (math.isfinite(low + high) and math.isfinite(s.sum()) and s.min() > 0):
        return None
    spacing, terms = _cheapest((high - low) / s.min(), order, columns or mean.shape[1], direct)
    if spacing is None:
        return None
    spacing *= float(s.min())
    grid = low + spacing * np.arange(math.ceil((high - low) / spacing) + 1)
    certified = _certified(activation, grid, (s.min(), s.max()), order + terms[-1])
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
        backend.asarray(squares[: terms[0] + 1]),
        backend.asarray(chebyshev_weights(nodes, s)),
        deviation,
    )


def taylor_terms(j: int, delta: float) -> int:
    """The smallest K_j >= 1 whose remainder is below `TAYLOR` √(j! E σ²) for |δ| <= ``delta``, at most 100."""

    def remainder(K):
        tail = (k * math.log(delta) - math.lgamma(k + 1) + 0.5 * math.lgamma(j + k + 1) for k in range(K + 1, K + 60))
        return math.fsum(math.exp(term - 0.5 * math.lgamma(j + 1)) for term in tail)

    return next(K for K in range(1, 101) if remainder(K) < TAYLOR or K == 100)


def _cheapest(width, order, n, direct):
    """(spacing in units of s, (K_0, …, K_order)) of least cost per feature, in passes over n samples; (None, None) if direct costs no more."""
    choices = {None: n * direct * (order + 12.0)}
    terms = {None: None}
    for spacing in SPACINGS:
        terms[spacing] = K = tuple(taylor_terms(j, spacing / 2) for j in range(order + 1))
        points, looked_up = width / spacing + 1, order + K[-1] + K[0] + 2
        # a row of a table is a product of matrices, over the nodes in s
        choices[spacing] = n * (4 * looked_up + 2 * (sum(K) + K[0]) + K[-1]) + 3 * points * looked_up
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
            count += count // 2
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
