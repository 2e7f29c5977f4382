r"""Averages of products σ(u)σ(v) over a Gaussian pair (u, v), for all pairs of features at once: Mehler's formula.

With u = μ_i + s_i z, v = μ_j + s_j z' and z, z' standard normal of correlation ϱ_ij,

    E[σ(u)σ(v)] = Σ_k c_k(μ_i) c_k(μ_j) ϱ_ij^k/k!,        c_k(μ_i) = E_z[σ(μ_i + s_i z) He_k(z)].

The coefficients c_k are integrals in one dimension (`hermite_tables`), the sum over k is a product of matrices for each term
(`mehler_series`); where ϱ = O(d^{-1/2}), a few terms do. The formula is used over the noise (`theory.simulation.noise_average`, where u
and v are two pre-activations of one sample) and over fresh data (`theory.simulation.fresh_data`).
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..activations import Activation
from ..validation import integer, of_class
from .backends import Array, Backend, array_of

#: nodes of the Gauss–Hermite rule for a smooth σ, and of the Gauss–Legendre rule on each side of a kink
SMOOTH_NODES, KINK_NODES = 48, 40
#: a standard normal is cut here where kinks divide it: what lies beyond has a weight of 2e-19
REACH = 9.0
#: most terms of Mehler's series: their factorials leave double precision at 170
MOST_ORDER = 100
#: entries of (feature, sample, node) held at a time: 32 MB of float64
CHUNK = 4_000_000


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
    Cost O(p n × nodes) evaluations of σ, in chunks of features so that memory stays bounded.
    """
    of_class("backend", backend, "Backend", "theory.simulation.backend(…)")
    of_class("activation", activation, "Activation", "theory.activations.Activation")
    order, p = integer("order", order, 0, MOST_ORDER), array_of("mean", mean, 2).shape[0]
    if tuple(array_of("deviation", deviation, 2).shape) != (p, 1):
        raise ValueError(f"deviation has shape {tuple(deviation.shape)}; allowed: ({p}, 1), as mean has {p} rows")
    xp = backend.xp
    points = KINK_NODES * (len(activation.kinks) + 1) if activation.kinks else SMOOTH_NODES
    rows = max(1, CHUNK // (mean.shape[1] * points))
    slices = [slice(i, min(i + rows, p)) for i in range(0, p, rows)]
    chunks = [_tables(backend, activation, mean[chunk, :], deviation[chunk, :], order) for chunk in slices]
    columns = [xp.concat(column, axis=0) for column in zip(*chunks, strict=True)]
    return columns[:-1], columns[-1]


def mehler_series(backend: Backend, tables: Sequence[Array], square: Array, correlation: Array) -> Array:
    """Σ_k c_k c_k^T ϱ^k/k! off the diagonal and E σ² on it, both averaged over the columns (samples); array (p, p).

    ``tables`` and ``square`` as `hermite_tables` returns them, ``correlation`` = ϱ (p, p). Cost: len(tables) products O(p² n).
    """
    xp, (p, columns) = backend.xp, tables[0].shape
    U, power = xp.zeros_like(correlation), xp.ones_like(correlation)
    for k, c in enumerate(tables):
        U = U + (c @ c.T) * power / (columns * math.factorial(k))
        power = power * correlation
    identity = xp.eye(p, dtype=xp.float64, device=backend.device)
    return U * (1 - identity) + (xp.sum(square, axis=1) / columns)[:, None] * identity


def _tables(backend, activation, mean, deviation, order):
    """[c_0, …, c_order, E σ²] of one chunk."""
    z, weight = _rule(backend, activation, mean, deviation)
    values = activation(mean[..., None] + deviation[..., None] * z, backend.xp)
    weighted = values * weight
    polynomials = itertools.islice(_hermite_polynomials(z), 1, order + 1)
    # He_0 = 1 without a product, which would cost a tenth of the whole
    tables = [backend.xp.sum(weighted, axis=-1)]
    tables += [backend.xp.sum(weighted * polynomial, axis=-1) for polynomial in polynomials]
    return [*tables, backend.xp.sum(weighted * values, axis=-1)]


def _hermite_polynomials(z: Array) -> Iterator[Array]:
    """He_0(z) = 1, He_1(z) = z, and so on without end: He_{k+1} = z He_k − k He_{k−1}."""
    yield 1.0
    previous, current = 1.0, z
    for k in itertools.count(1):
        yield current
        previous, current = current, z * current - k * previous


def _rule(backend, activation, mean, deviation):
    """Nodes and weights of N(0, 1) in z: common to all entries for a smooth σ, split at the kinks otherwise."""
    if not activation.kinks:
        z, weight = np.polynomial.hermite_e.hermegauss(SMOOTH_NODES)
        return backend.asarray(z), backend.asarray(weight / weight.sum())
    xp = backend.xp
    unit, unit_weight = (backend.asarray(a) for a in np.polynomial.legendre.leggauss(KINK_NODES))
    bounds = [xp.full_like(mean, -REACH)]
    for kink in sorted(activation.kinks):
        bounds.append(xp.clip((kink - mean) / deviation, -REACH, REACH))
    bounds.append(xp.full_like(mean, REACH))
    z, weight = [], []
    for low, high in itertools.pairwise(bounds):
        half = (high - low)[..., None] / 2
        points = low[..., None] + half * (unit + 1)
        z.append(points)
        weight.append(half * unit_weight * xp.exp(-(points**2) / 2) / math.sqrt(2 * math.pi))
    return xp.concat(z, axis=-1), xp.concat(weight, axis=-1)
