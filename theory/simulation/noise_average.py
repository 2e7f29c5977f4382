r"""U and V of the training samples at one diffusion time: the average over the noise, exact (no ξ is ever drawn) or sampled.

Given W and a sample x, the pre-activations (W x_t)_i/√d + t b_i are Gaussian in ξ, with mean μ_i = e^{-t} W_i·x/√d + t b_i
and covariance Δ_t W_i·W_j/d: standard deviations s_i = √(Δ_t/d) |W_i| and correlations ϱ_ij = W_i·W_j/(|W_i||W_j|). With the
coefficients c_k of `theory.simulation.mehler`,

    E_ξ[φ_i φ_j] = Σ_k c_k(μ_i) c_k(μ_j) ϱ_ij^k / k!   (i ≠ j),     E_ξ[φ_i ξ] = c_1(μ_i) W_i/|W_i|,     E_ξ[φ_i] = c_0(μ_i).

Off the diagonal ϱ = O(d^{-1/2}), so the terms k ≤ 4 leave an error O(d^{-5/2}); the diagonal is an average in one
dimension. A network that is trained at several times has one such average per time, summed by `over_times`; `theory.simulation.finite`
calls that, and nothing else does but tests and chapters.

Derived here (theory of Hermite expansions), checked against Monte Carlo by ``tests/simulation/test_simulation.py`` and
``tests/simulation/test_general_simulation.py``.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .._former_names import renamed
from ..activations import Activation
from ..data.time_grid import TimeGrid
from ..validation import integer, of_class, positive, positive_integer, shown
from .backends import Array, Backend
from .features import features_of
from .mehler import MOST_ORDER, assembled, scales, series, tables_at, upper_tiles
from .threads import one_after_another, parts
from .time_nodes import nodes

#: samples whose tables are held at a time: so many, or, where that is more, one for each few features, so that what is done once for each
#: entry of U and each block of samples stays small beside the products, and the tables beside U
BLOCK, SHARE = 384, 4
#: rows of a product that one thread makes at a time
ROWS = 256


def exact(
    backend: Backend,
    activation: Activation,
    W: Array,
    X: Array,
    decay: float,
    noise_variance: float,
    order: int = 4,
    *,
    shift: Array | float = 0.0,
    target: tuple[float, float] = (1.0, 0.0),
) -> tuple[Array, Array]:
    r"""U = (1/n) Σ_ν E_ξ[φφ^T] and V = (1/n) Σ_ν E_ξ[φ y^T] at one time, averaged over the noise without sampling it.

    Parameters
    ----------
    backend : `theory.simulation.backends.Backend`
    activation : `theory.activations.Activation`
    W : array (p, d)
    X : array (d, n)
        The samples as columns.
    decay, noise_variance : float
        e^{-t} and Δ_t.
    order : int
        Last term of Mehler's series off the diagonal.
    shift : array (p, 1)
        What biases add to the pre-activations.
    target : (float, float)
        c^ξ and c^x of y = c^ξ ξ + c^x x; the noise alone by default.

    Returns
    -------
    (U, V) : arrays (p, p) and (p, d)

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    Cost: order + 1 products of p × n by n × p matrices, of which only U's upper half is made, O(p² n), and O(p n) interpolations
    (`theory.simulation.hermite_interpolation`). Memory: the upper halves of U and of the correlations, the means, and tables of `BLOCK`
    samples, together less than four arrays as large as U or the means. NumPy takes as many threads as its BLAS has, which makes no
    difference to the bits (`theory.simulation.threads`).
    """
    W, X, decay, noise_variance = _checked(backend, activation, W, X, decay, noise_variance)
    order = integer("order", order, 0, MOST_ORDER)
    norm, n = backend.xp.sqrt(backend.xp.sum(W**2, axis=1)), X.shape[1]
    with parts() if backend.library == "numpy" else nullcontext(one_after_another) as run:
        upper, squares, slopes, products = _sums(
            run, backend, activation, W, X, norm, decay, noise_variance, order, shift, target[1] != 0
        )
    U = assembled(backend, upper, squares, n)
    V = (target[0] / n * slopes / norm)[:, None] * W
    return U, V if products is None else V + target[1] / n * products


def _sums(run, backend, activation, W, X, norm, decay, noise_variance, order, shift, with_data):
    """Over the samples: U's upper tiles, E φ_i² and E φ_i' of each feature, and, if asked, E φ x^T; ``run`` of `theory.simulation.threads`."""
    xp, (p, d), n = backend.xp, W.shape, X.shape[1]
    mean = _by_rows(run, backend, W * (decay / math.sqrt(d)), X)
    if not (isinstance(shift, float) and shift == 0):
        mean += shift
    step = math.ceil(n / math.ceil(n / max(BLOCK, p // SHARE)))
    deviation = (math.sqrt(noise_variance / d) * norm)[:, None]
    coefficients = tables_at(backend, activation, mean, deviation, max(order, 1), step)
    tiles = upper_tiles(p)
    correlations = _correlations(run, W / norm[:, None], tiles)

    def zeros(*shape):
        return xp.zeros(shape, dtype=mean.dtype, device=backend.device)

    upper, squares, slopes = [None] * len(tiles), zeros(p), zeros(p)
    products = zeros(p, d) if with_data else None
    scale = scales(order + 1)
    tables = [zeros(p, step) for _ in scale]

    def fill(rows):
        """The tables of some features at the samples ``columns``."""
        *made, square = coefficients.of_rows(mean[rows, columns], rows)
        squares[rows] += xp.sum(square, axis=1)
        slopes[rows] += xp.sum(made[1], axis=1)
        for k in range(order + 1):
            scaled[k][rows, :] = made[k] if scale[k] == 1 else scale[k] * made[k]

    def add(k):
        """What these samples add to a tile."""
        total = series(scaled, *tiles[k], correlations[k])
        if upper[k] is None:
            upper[k] = total
        else:
            upper[k] += total

    for start in range(0, n, step):
        columns = slice(start, min(start + step, n))
        width = columns.stop - start
        scaled = tables if width == step else [table[:, :width] for table in tables]
        run(fill, coefficients.slices(width))
        run(add, range(len(tiles)))
        if with_data:
            products += _by_rows(run, backend, scaled[0], X[:, columns].T)
    return upper, squares, slopes, products


def _correlations(run, direction, tiles):
    """ϱ of each tile, from the features' directions (p, d)."""
    return run(lambda tile: direction[tile[0], :] @ direction[tile[1], :].T, tiles)


def _by_rows(run, backend, A, B):
    """A @ B in parts of `ROWS` rows."""
    C = backend.xp.empty((A.shape[0], B.shape[1]), dtype=A.dtype, device=backend.device)

    def part(rows):
        C[rows, :] = A[rows, :] @ B

    run(part, [slice(start, min(start + ROWS, A.shape[0])) for start in range(0, A.shape[0], ROWS)])
    return C


# the arguments that it shares with `exact` stand here again: whoever calls reads them in the signature
def sampled(
    backend: Backend,
    activation: Activation,
    W: Array,
    X: Array,
    decay: float,
    noise_variance: float,
    draws: int,
    rng: np.random.Generator,
    *,
    shift: Array | float = 0.0,
    target: tuple[float, float] = (1.0, 0.0),
) -> tuple[Array, Array]:
    """The same with ``draws`` noise vectors per sample: another model, whose U is biased at order 1/draws (2502.00336).

    ``rng`` is a NumPy generator: the noise is drawn on the host, so that every backend sees the same numbers. Cost
    O(p² n draws).
    """
    W, X, decay, noise_variance = _checked(backend, activation, W, X, decay, noise_variance)
    draws = positive_integer("draws", draws)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {shown(rng)} is no generator; allowed: numpy.random.default_rng(…)")
    xp, (p, d), n = backend.xp, W.shape, X.shape[1]
    U = xp.zeros((p, p), dtype=backend.real_type, device=backend.device)
    V = xp.zeros((p, d), dtype=backend.real_type, device=backend.device)
    for _ in range(draws):
        noise = backend.asarray(rng.standard_normal((d, n)))
        features = features_of(activation, W, decay * X + math.sqrt(noise_variance) * noise, shift, xp)
        U = U + features @ features.T / (n * draws)
        V = V + features @ (target[0] * noise + target[1] * X).T / (n * draws)
    return U, V


def over_times(
    average: Callable[..., tuple[Array, Array]],
    backend: Backend,
    activation: Activation,
    W: Array,
    X: Array,
    biases: Array,
    times: TimeGrid,
    *arguments: Any,
) -> tuple[Array, Array]:
    """U = Σ_k ω_k U_k and V = Σ_k ω_k r_k V_k, where ``average`` (`exact` or `sampled`) makes U_k and V_k.

    ``biases`` (p,) is an array of the backend, ``times`` a `theory.TimeGrid`; ``arguments`` are handed on. Cost: K averages.
    """
    sums = None
    for node in nodes(times):
        shift = (node.t * biases)[:, None]
        place = (backend, activation, W, X, node.decay, node.noise_variance, *arguments)
        found = average(*place, shift=shift, target=node.target)
        # in place: these arrays are the largest
        for array, weight in zip(found, (node.quadratic, node.linear), strict=True):
            array *= weight
        if sums is None:
            sums = found
            continue
        for whole, array in zip(sums, found, strict=True):
            whole += array
    return sums


def _checked(backend, activation, W, X, decay, noise_variance):
    """(W, X, decay, noise_variance), two arrays of the backend and two floats, where all that two averages share is what it must be."""
    of_class("backend", backend, "Backend", "theory.simulation.backend(…)")
    of_class("activation", activation, "Activation", "theory.activations.Activation")
    W, X = backend.own("W", W, 2), backend.own("X", X, 2)
    if W.shape[1] != X.shape[0]:
        raise ValueError(f"X has shape {tuple(X.shape)}; allowed: ({W.shape[1]}, n), as W has {W.shape[1]} columns")
    return W, X, float(positive("decay", decay)), float(positive("noise_variance", noise_variance))


__getattr__ = renamed(
    __name__,
    Node="simulation.time_nodes.Node",
    hermite_tables="simulation.mehler.hermite_tables",
    mehler_series="simulation.mehler.mehler_series",
)
