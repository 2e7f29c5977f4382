r"""Averages of products σ(u)σ(v) over a Gaussian pair (u, v), for all pairs of features at once: Mehler's formula.

With u = μ_i + s_i z, v = μ_j + s_j z' and z, z' standard normal of correlation ϱ_ij,

    E[σ(u)σ(v)] = Σ_k c_k(μ_i) c_k(μ_j) ϱ_ij^k/k!,        c_k(μ_i) = E_z[σ(μ_i + s_i z) He_k(z)].

The coefficients c_k are integrals in one dimension (`hermite_tables`), the sum over k is a product of matrices for each term
(`mehler_series`); where ϱ = O(d^{-1/2}), a few terms do. The formula is used over the noise (`theory.simulation.noise_average`, where u
and v are two pre-activations of one sample) and over fresh data (`theory.simulation.fresh_data`).
"""

import itertools
from collections.abc import Callable, Sequence

from ..activations import Activation
from ..validation import integer, of_class
from .backends import Array, Backend, array_of
from .gaussian_quadrature import gaussian_rule, hermite_polynomials
from .hermite_interpolation import interpolation

#: nodes for a smooth σ, and between any two kinks of another
SMOOTH_NODES, KINK_NODES = 96, 64
#: most terms of Mehler's series: their factorials leave double precision at 170
MOST_ORDER = 100
#: entries of (feature, sample, node) held at a time: 4 MB of float64
CHUNK = 500_000
#: rows and columns of U that are summed at a time: 2 MB of float64, which stay in a cache
TILE = 512


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
    backend: Backend, activation: Activation, mean: Array, deviation: Array, order: int
) -> Callable[[Array], tuple[list[Array], Array]]:
    """The same as a function of some columns of ``mean``, for whoever has no room for all tables at once."""
    of_class("backend", backend, "Backend", "theory.simulation.backend(…)")
    of_class("activation", activation, "Activation", "theory.activations.Activation")
    order, p = integer("order", order, 0, MOST_ORDER), array_of("mean", mean, 2).shape[0]
    if tuple(array_of("deviation", deviation, 2).shape) != (p, 1):
        raise ValueError(f"deviation has shape {tuple(deviation.shape)}; allowed: ({p}, 1), as mean has {p} rows")
    points = KINK_NODES * (len(activation.kinks) + 1) if activation.kinks else SMOOTH_NODES
    if mean.shape[0] * mean.shape[1] * points > CHUNK:
        interpolated = interpolation(backend, activation, mean, deviation, order, points)
        if interpolated is not None:
            return interpolated

    def direct(columns):
        rows = max(1, CHUNK // (columns.shape[1] * points))
        slices = [slice(i, min(i + rows, p)) for i in range(0, p, rows)]
        chunks = [_tables(backend, activation, columns[chunk, :], deviation[chunk, :], order) for chunk in slices]
        whole = [backend.xp.concat(column, axis=0) for column in zip(*chunks, strict=True)]
        return whole[:-1], whole[-1]

    return direct


def mehler_series(backend: Backend, tables: Sequence[Array], square: Array, correlation: Array) -> Array:
    """Σ_k c_k c_k^T ϱ^k/k! off the diagonal and E σ² on it, both averaged over the columns (samples); array (p, p).

    ``tables`` and ``square`` as `hermite_tables` returns them, ``correlation`` = ϱ (p, p). Cost: len(tables) products O(p² n).
    """
    U = backend.xp.zeros_like(correlation)
    add_mehler_series(backend, U, tables, correlation)
    return completed(backend, U, backend.xp.sum(square, axis=1), square.shape[1])


def add_mehler_series(backend: Backend, U: Array, tables: Sequence[Array], correlation: Array) -> None:
    """Add Σ_k c_k c_k^T ϱ^k/k! of some columns to the upper half of ``U``, tile by tile: what is multiplied entrywise stays in a cache."""
    for rows, others in _upper_tiles(U.shape[0]):
        # Horner's rule in ϱ
        total = tables[-1][rows, :] @ tables[-1][others, :].T
        for k in range(len(tables) - 1, 0, -1):
            total *= correlation[rows, others]
            total /= k
            total += tables[k - 1][rows, :] @ tables[k - 1][others, :].T
        U[rows, others] += total


def completed(backend: Backend, U: Array, diagonal: Array, columns: int) -> Array:
    """``U`` with its upper half on both sides and ``diagonal`` (p,) on the diagonal, all divided by the number of ``columns``, in place."""
    xp = backend.xp
    for rows, others in _upper_tiles(U.shape[0]):
        U[rows, others] /= columns
        if rows == others:
            index = xp.arange(rows.start, rows.stop, device=backend.device)
            on_it = index[:, None] == index[None, :]
            U[rows, rows] = xp.where(on_it, diagonal[rows][:, None] / columns, U[rows, rows])
        else:
            U[others, rows] = U[rows, others].T
    return U


def _upper_tiles(p):
    tiles = [slice(i, min(i + TILE, p)) for i in range(0, p, TILE)]
    return itertools.combinations_with_replacement(tiles, 2)


def _tables(backend, activation, mean, deviation, order):
    """[c_0, …, c_order, E σ²] of one chunk."""
    z, weight = gaussian_rule(backend, activation, mean, deviation, KINK_NODES if activation.kinks else SMOOTH_NODES)
    values = activation(mean[..., None] + deviation[..., None] * z, backend.xp)
    weighted = values * weight
    polynomials = itertools.islice(hermite_polynomials(z), 1, order + 1)
    # He_0 = 1 without a product, which would cost a tenth of the whole
    tables = [backend.xp.sum(weighted, axis=-1)]
    tables += [backend.xp.sum(weighted * polynomial, axis=-1) for polynomial in polynomials]
    return [*tables, backend.xp.sum(weighted * values, axis=-1)]
