r"""Averages of products σ(u)σ(v) over a Gaussian pair (u, v), for all pairs of features at once: Mehler's formula.

With u = μ_i + s_i z, v = μ_j + s_j z' and z, z' standard normal of correlation ϱ_ij,

    E[σ(u)σ(v)] = Σ_k c_k(μ_i) c_k(μ_j) ϱ_ij^k/k!,        c_k(μ_i) = E_z[σ(μ_i + s_i z) He_k(z)].

The coefficients c_k are integrals in one dimension (`hermite_tables`), the sum over k is a product of matrices for each term
(`mehler_series`); where ϱ = O(d^{-1/2}), a few terms do. The formula is used over the noise (`theory.simulation.noise_average`, where u
and v are two pre-activations of one sample) and over fresh data (`theory.simulation.fresh_data`).

The matrix is symmetric: its upper half is made, tile by tile, so that what is multiplied entrywise stays in a cache.
"""

import itertools
import math
from collections.abc import Sequence

from ..activations import Activation
from ..validation import integer, of_class
from .backends import Array, Backend, array_of
from .hermite_coefficients import CHUNK, DirectQuadrature, HermiteCoefficients
from .hermite_interpolation import interpolation

#: most terms of Mehler's series: their factorials leave double precision at 170
MOST_ORDER = 100
#: most rows and columns of U that are summed at a time: 4 MB of float64, which stay in a cache
TILE = 700


def hermite_tables(
    backend: Backend, activation: Activation, mean: Array, deviation: Array, order: int
) -> tuple[list[Array], Array]:
    r"""c_k(μ) for k = 0..order, and E_z σ(μ + s z)².

    Parameters
    ----------
    backend : `theory.simulation.backends.Backend`
    activation : `theory.activations.Activation`
    mean : array (p, n)
        μ, the means of the pre-activations.
    deviation : array (p, 1)
        s, their standard deviations.
    order : int

    Returns
    -------
    list of order + 1 arrays (p, n), and one array (p, n)

    Raises
    ------
    ValueError
        An ``order`` outside 0, …, `MOST_ORDER`; a ``deviation`` that is no column of as many rows as ``mean``; other things than named above.

    Notes
    -----
    Many entries are interpolated (`theory.simulation.hermite_interpolation`): O(p n) operations without an evaluation of σ, to 1e-13 of the
    quadrature. Few cost O(p n × nodes) evaluations, in chunks of features so that memory stays bounded.
    """
    return tables_at(backend, activation, mean, deviation, order)(mean)


def tables_at(
    backend: Backend, activation: Activation, mean: Array, deviation: Array, order: int, columns: int | None = None
) -> HermiteCoefficients:
    """The same as a function of some rows and columns of ``mean``, so many at a time, for whoever has no room for all tables at once."""
    of_class("backend", backend, "Backend", "theory.simulation.backend(…)")
    of_class("activation", activation, "Activation", "theory.activations.Activation")
    order, p = integer("order", order, 0, MOST_ORDER), array_of("mean", mean, 2).shape[0]
    if tuple(array_of("deviation", deviation, 2).shape) != (p, 1):
        raise ValueError(f"deviation has shape {tuple(deviation.shape)}; allowed: ({p}, 1), as mean has {p} rows")
    direct = DirectQuadrature(backend, activation, order, deviation)
    if mean.shape[0] * mean.shape[1] * direct.points > CHUNK:
        return interpolation(backend, activation, mean, deviation, order, direct.points, columns) or direct
    return direct


def mehler_series(backend: Backend, tables: Sequence[Array], square: Array, correlation: Array) -> Array:
    """Σ_k c_k c_k^T ϱ^k/k! off the diagonal and E σ² on it, both averaged over the columns (samples); array (p, p).

    ``tables`` and ``square`` as `hermite_tables` returns them, ``correlation`` = ϱ (p, p). Cost: len(tables) products O(p² n).
    """
    scaled = [table * scale if scale != 1 else table for table, scale in zip(tables, scales(len(tables)), strict=True)]
    tiles = [series(scaled, i, j, correlation[i, j]) for i, j in upper_tiles(correlation.shape[0])]
    return assembled(backend, tiles, backend.xp.sum(square, axis=1), square.shape[1])


def scales(count: int) -> list[float]:
    """1/√k!, with which `series` takes c_k: no entry of U is divided by a factorial then."""
    return [1 / math.sqrt(math.factorial(k)) for k in range(count)]


def upper_tiles(p: int) -> list[tuple[slice, slice]]:
    """Rows and columns of the tiles of the upper half, of equal sizes or almost."""
    count = -(-p // TILE)
    sides = [slice(p * i // count, p * (i + 1) // count) for i in range(count)]
    return list(itertools.combinations_with_replacement(sides, 2))


def series(scaled: Sequence[Array], rows: slice, others: slice, correlation: Array) -> Array:
    """Σ_k c_k c_k^T ϱ^k/k! of one tile, with ``correlation`` = ϱ there and ``scaled`` = c_k/√k!: Horner's rule in ϱ."""
    total = scaled[-1][rows, :] @ scaled[-1][others, :].T
    for table in scaled[-2::-1]:
        total *= correlation
        total += table[rows, :] @ table[others, :].T
    return total


def assembled(backend: Backend, tiles: list[Array], diagonal: Array, columns: int) -> Array:
    """The matrix of the `upper_tiles`, which are used up, with ``diagonal`` (p,) on its own, all divided by the number of ``columns``."""
    xp, p = backend.xp, diagonal.shape[0]
    U = xp.empty((p, p), dtype=diagonal.dtype, device=backend.device)
    for rows, others in reversed(upper_tiles(p)):
        tile = tiles.pop()
        if rows == others:
            index = xp.arange(rows.start, rows.stop, device=backend.device)
            tile = xp.where(index[:, None] == index[None, :], diagonal[rows][:, None], tile)
        tile /= columns
        U[rows, others] = tile
        if rows != others:
            U[others, rows] = tile.T
    return U
