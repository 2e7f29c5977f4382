r"""The average over the diffusion noise, exact: no ξ is ever drawn.

Given W and a sample x, the pre-activations (W x_t)_i/√d + t b_i are Gaussian in ξ, with mean μ_i = e^{-t} W_i·x/√d + t b_i
and covariance Δ_t W_i·W_j/d. With τ_i² = Δ_t |W_i|²/d, c_k(μ_i) = E_z[σ(μ_i + τ_i z) He_k(z)] and
ϱ_ij = W_i·W_j/(|W_i||W_j|), Mehler's formula gives

    E_ξ[φ_i φ_j] = Σ_k c_k(μ_i) c_k(μ_j) ϱ_ij^k / k!   (i ≠ j),     E_ξ[φ_i ξ] = c_1(μ_i) W_i/|W_i|,     E_ξ[φ_i] = c_0(μ_i).

Off the diagonal ϱ = O(d^{-1/2}), so the terms k ≤ 4 leave an error O(d^{-5/2}); the diagonal is a quadrature in one
dimension.
A network that is trained at several times has one such average per time, summed by `over_times`.
Derived here (theory of Hermite expansions), checked against Monte Carlo by ``tests/simulation/test_simulation.py`` and
``tests/simulation/test_general_simulation.py``.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from ..validation import integer, of_class, positive, positive_integer, shown
from .backend import array_of

#: nodes of the Gauss–Hermite rule for a smooth σ, and of the Gauss–Legendre rule on each side of a kink
SMOOTH_NODES, KINK_NODES = 48, 40
#: entries of (feature, sample, node) held at a time: 32 MB of float64
CHUNK = 4_000_000
#: most terms of Mehler's series: their factorials leave double precision at 170
MOST_ORDER = 100


class Node(NamedTuple):
    """One diffusion time and what the loss weighs it with; see `nodes`."""

    t: float
    decay: float
    noise_variance: float
    #: ω_k and ω_k γ_k, the node's weights in U and in V
    quadratic: float
    linear: float
    #: (c^ξ, c^x): the network learns y = c^ξ ξ + c^x x
    target: tuple


def nodes(times):
    r"""The nodes of a `theory.TimeGrid`, a list of `Node`.

    √Δ_k S(x_t, t_k) + ξ = √Δ_k α_k A φ_k/√p + y_k, so that the loss, averaged with the weights w_k, has w_k α_k² Δ_k E[φφ^T] in
    its quadratic part and w_k α_k √Δ_k E[φy^T] in its linear one. Written with the rate Δ̄ and its root in front, these are the
    weights ω_k = w_k α_k² Δ_k/Δ̄ and ω_k γ_k = w_k α_k √(Δ_k/Δ̄), both 1 for one time.
    """
    of_class("times", times, "TimeGrid", "theory.TimeGrid")
    linear = times.law * times.amplitudes * np.sqrt(times.noise_variances) / math.sqrt(times.noise_variance)
    columns = (times.times, times.decay, times.noise_variances, times.feature_weights, linear)
    targets = zip(times.target_noise.tolist(), times.target_data.tolist(), strict=True)
    return [Node(*row, target) for *row, target in zip(*(c.tolist() for c in columns), targets, strict=True)]


def over_times(average, backend, activation, W, X, biases, times, *arguments):
    """U = Σ_k ω_k U_k and V = Σ_k ω_k γ_k V_k, where ``average`` (`exact` or `sampled`) makes U_k and V_k.

    ``biases`` (p,) is an array of the backend, ``times`` a `theory.TimeGrid`; ``arguments`` are handed on. Cost: K averages.
    """
    U = V = 0.0
    for node in nodes(times):
        shift = (node.t * biases)[:, None]
        place = (backend, activation, W, X, node.decay, node.noise_variance, *arguments)
        U_k, V_k = average(*place, shift=shift, target=node.target)
        U, V = U + node.quadratic * U_k, V + node.linear * V_k
    return U, V


def hermite_tables(backend, activation, mu, tau, order):
    r"""c_k(μ) for k = 0..order, and E_z σ(μ + τz)².

    Parameters
    ----------
    mu : array (p, n)
        Means of the pre-activations.
    tau : array (p, 1)
        Their standard deviations over the noise.
    order : int

    Returns
    -------
    list of order + 1 arrays (p, n), and one array (p, n)

    Notes
    -----
    Cost O(p n × nodes) evaluations of σ, in chunks of features so that memory stays bounded.
    """
    xp, p = backend.xp, mu.shape[0]
    points = KINK_NODES * (len(activation.kinks) + 1) if activation.kinks else SMOOTH_NODES
    rows = max(1, CHUNK // (mu.shape[1] * points))
    slices = [slice(i, min(i + rows, p)) for i in range(0, p, rows)]
    chunks = [_tables(backend, activation, mu[rows_, :], tau[rows_, :], order) for rows_ in slices]
    columns = [xp.concat(column, axis=0) for column in zip(*chunks, strict=True)]
    return columns[:-1], columns[-1]


def _tables(backend, activation, mu, tau, order):
    z, weight = _nodes(backend, activation, mu, tau)
    values = activation(mu[..., None] + tau[..., None] * z, backend.xp)
    weighted = values * weight
    tables, previous, current = [], None, None
    for k in range(order + 1):
        # He_{k+1} = z He_k − k He_{k−1}
        previous, current = current, z if k == 1 else None if k == 0 else z * current - (k - 1) * (1 if k == 2 else previous)
        tables.append(backend.xp.sum(weighted if k == 0 else weighted * current, axis=-1))
    return [*tables, backend.xp.sum(weighted * values, axis=-1)]


def _nodes(backend, activation, mu, tau):
    """Nodes and weights of N(0, 1) in z: common to all entries for a smooth σ, split at the kinks otherwise."""
    if not activation.kinks:
        z, weight = np.polynomial.hermite_e.hermegauss(SMOOTH_NODES)
        return backend.asarray(z), backend.asarray(weight / weight.sum())
    xp, reach = backend.xp, 9.0
    unit, unit_weight = (backend.asarray(a) for a in np.polynomial.legendre.leggauss(KINK_NODES))
    bounds = [xp.full_like(mu, -reach)]
    for kink in sorted(activation.kinks):
        bounds.append(xp.clip((kink - mu) / tau, -reach, reach))
    bounds.append(xp.full_like(mu, reach))
    z, weight = [], []
    for low, high in itertools.pairwise(bounds):
        half = (high - low)[..., None] / 2
        points = low[..., None] + half * (unit + 1)
        z.append(points)
        weight.append(half * unit_weight * xp.exp(-(points**2) / 2) / math.sqrt(2 * math.pi))
    return xp.concat(z, axis=-1), xp.concat(weight, axis=-1)


def mehler_series(backend, tables, square, correlation):
    """Σ_k c_k c_k^T ϱ^k/k! off the diagonal and E σ² on it, both averaged over the columns (samples); array (p, p)."""
    xp, (p, columns) = backend.xp, tables[0].shape
    U, power = xp.zeros_like(correlation), xp.ones_like(correlation)
    for k, c in enumerate(tables):
        U = U + (c @ c.T) * power / (columns * math.factorial(k))
        power = power * correlation
    identity = xp.eye(p, dtype=xp.float64, device=backend.device)
    return U * (1 - identity) + (xp.sum(square, axis=1) / columns)[:, None] * identity


def _checked(backend, activation, W, X, decay, noise_variance):
    """(decay, noise_variance) as floats, where all that two averages have in common is what it must be."""
    of_class("backend", backend, "Backend", "theory.simulation.backend.backend(…)")
    of_class("activation", activation, "Activation", "theory.activations.Activation")
    array_of("W", W, 2), array_of("X", X, 2)
    if W.shape[1] != X.shape[0]:
        raise ValueError(f"X has shape {tuple(X.shape)}; allowed: ({W.shape[1]}, n), as W has {W.shape[1]} columns")
    return float(positive("decay", decay)), float(positive("noise_variance", noise_variance))


def exact(backend, activation, W, X, decay, noise_variance, order=4, *, shift=0.0, target=(1.0, 0.0)):
    r"""U = (1/n) Σ_ν E_ξ[φφ^T] and V = (1/n) Σ_ν E_ξ[φ y^T] at one time, averaged over the noise without sampling it.

    Parameters
    ----------
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

    Notes
    -----
    Cost: order + 1 products of p × n by n × p matrices, O(p² n), and O(p n) quadratures.
    """
    decay, noise_variance = _checked(backend, activation, W, X, decay, noise_variance)
    order = integer("order", order, 0, MOST_ORDER)
    xp, n, d = backend.xp, X.shape[1], W.shape[1]
    norm = xp.sqrt(xp.sum(W**2, axis=1))
    mu = decay * (W @ X) / math.sqrt(d) + shift
    tau = (math.sqrt(noise_variance / d) * norm)[:, None]
    tables, square = hermite_tables(backend, activation, mu, tau, max(order, 1))
    correlation = (W / norm[:, None]) @ (W / norm[:, None]).T
    U = mehler_series(backend, tables[: order + 1], square, correlation)
    noise_part = (xp.sum(tables[1], axis=1) / (n * norm))[:, None] * W
    return U, target[0] * noise_part + target[1] / n * (tables[0] @ X.T)


def sampled(backend, activation, W, X, decay, noise_variance, draws, rng, *, shift=0.0, target=(1.0, 0.0)):
    """The same with ``draws`` noise vectors per sample: another model, whose U is biased at order 1/draws (2502.00336).

    ``rng`` is a NumPy generator: the noise is drawn on the host, so that every backend sees the same numbers. Cost
    O(p² n draws).
    """
    decay, noise_variance = _checked(backend, activation, W, X, decay, noise_variance)
    draws = positive_integer("draws", draws)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {shown(rng)} is no generator; allowed: numpy.random.default_rng(…)")
    xp, (p, d), n = backend.xp, W.shape, X.shape[1]
    U = xp.zeros((p, p), dtype=xp.float64, device=backend.device)
    V = xp.zeros((p, d), dtype=xp.float64, device=backend.device)
    for _ in range(draws):
        noise = backend.asarray(rng.standard_normal((d, n)))
        features = activation(W @ (decay * X + math.sqrt(noise_variance) * noise) / math.sqrt(d) + shift, xp)
        U = U + features @ features.T / (n * draws)
        V = V + features @ (target[0] * noise + target[1] * X).T / (n * draws)
    return U, V
