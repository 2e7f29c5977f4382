"""A random-feature network at finite size: the matrices U and V of one draw of W and of the samples."""

import math
from functools import cached_property

import numpy as np

from ..validation import finite_array, one_of, positive_integer
from . import noise_average
from .backend import backend as choose_backend

FEATURES = ("network", "equivalent")


def simulate(model, d, seed=0, *, features="network", noise_draws=None, device=None, library=None):
    """Draw W and the samples, and build U and V.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
    d : int
        Dimension; p = round(ψ_p d) and n = round(ψ_n d), at least 1.
    seed : int
        Of ``numpy.random.default_rng``: draws are made on the host, so that a seed means the same on every backend.
    features : {"network", "equivalent"}
        The nonlinear network, or its Gaussian equivalent (1/n)GG^T + b²WW^T/d + s² with the mean κ kept in G.
    noise_draws : int, optional
        Average over that many noise vectors per sample instead of exactly ("network" only): a different model, biased at
        order 1/noise_draws.
    device : {"cpu", "cuda"}, optional
    library : {"numpy", "torch", "cupy", "array_api_strict"}, optional
        See `theory.simulation.backend.backend`.

    Returns
    -------
    FiniteModel

    Notes
    -----
    Cost O(p² n) time and O(p² + p n) memory. On two cores, d = 200, p = 800, n = 600 takes about 2 s.
    """
    d = positive_integer("d", d)
    one_of("features", features, FEATURES)
    if noise_draws is not None:
        noise_draws = positive_integer("noise_draws", noise_draws)
        if features == "equivalent":
            raise ValueError(f"noise_draws = {noise_draws} has no meaning with features = 'equivalent'; allowed: None")
    where = choose_backend(device, library)
    p, n = (max(1, round(float(ratio) * d)) for ratio in (model.psi_p, model.psi_n))
    try:
        rng = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(f"seed = {seed!r} is not a seed; allowed: an integer >= 0") from None
    W = where.asarray(rng.standard_normal((p, d)))
    X = where.asarray(np.sqrt(covariance_eigenvalues(model.data, d))[:, None] * rng.standard_normal((d, n)))
    if features == "equivalent":
        U, V = gaussian_equivalent(where, model, W, X, rng)
    elif noise_draws is None:
        U, V = noise_average.exact(where, model.activation, W, X, model.decay, model.noise_variance)
    else:
        U, V = noise_average.sampled(where, model.activation, W, X, model.decay, model.noise_variance, noise_draws, rng)
    return FiniteModel(model, where, W, X, U, V, features)


def covariance_eigenvalues(data, d):
    """d eigenvalues distributed as ρ_Σ (largest remainders), the first ones replaced by the spikes.

    W is rotation invariant, so a diagonal covariance is the general case.
    """
    if len(data.spikes) > d:
        raise ValueError(f"d = {d} is smaller than the number of spikes, {len(data.spikes)}; allowed: d >= that")
    target = np.cumsum(data.weights) * d
    counts = np.diff(np.round(np.concatenate([[0.0], target])).astype(int))
    eigenvalues = np.repeat(data.eigenvalues, counts)
    eigenvalues[: len(data.spikes)] = [float(value) for value in data.spikes]
    return eigenvalues


def gaussian_equivalent(where, model, W, X, rng):
    """U = (1/n) G G^T + b² W W^T/d + s², G = κ + e^{-t} a W X/√d + v Ω, and V = b W/√d."""
    xp, c, (p, d), n = where.xp, model.coefficients(), W.shape, X.shape[1]
    omega = where.asarray(rng.standard_normal((p, n)))
    G = c.kappa + model.decay * c.a / math.sqrt(d) * (W @ X) + c.v * omega
    U = G @ G.T / n + c.b2 / d * (W @ W.T) + c.s2 * xp.eye(p, dtype=xp.float64, device=where.device)
    return U, c.b / math.sqrt(d) * W


class FiniteModel:
    """One draw. ``W`` (p, d), ``X`` (d, n) with samples as columns, ``U`` (p, p), ``V`` (p, d): arrays of the backend."""

    def __init__(self, model, where, W, X, U, V, features):
        self.model, self.backend, self.W, self.X, self.U, self.V = model, where, W, X, U, V
        self.features = features

    def __repr__(self):
        (p, d), n = self.W.shape, self.X.shape[1]
        return f"FiniteModel(d={d}, p={p}, n={n}, {self.model})"

    @cached_property
    def eigenvalues(self):
        """The eigenvalues of U in increasing order, a NumPy array of shape (p,). Cost O(p³), once."""
        return self.backend.to_numpy(self.backend.xp.linalg.eigvalsh(self.U))

    def stieltjes(self, z):
        """(1/p) Tr (U − z)^{-1} at complex ``z`` (scalar or array) away from the eigenvalues."""
        array = finite_array("z", z, complex)
        distance = np.abs(array[..., None] - self.eigenvalues)
        if not np.all(distance > 0):
            raise ValueError(
                f"z = {array[np.any(distance == 0, axis=-1)].flat[0]} is an eigenvalue of U; allowed: any other z"
            )
        q = np.mean(1 / (self.eigenvalues - array[..., None]), axis=-1)
        return complex(q) if array.ndim == 0 else q

    def training(self, tau):
        """Train and test loss under exact gradient flow, as `theory.curve.TrainingCurve`; see `simulation.training`."""
        from .training import flow_curve

        return flow_curve(self, tau)

    @cached_property
    def flow_matrices(self):
        """What every training time has in common, computed once (O(p³))."""
        from .training import flow_matrices

        return flow_matrices(self)
