r"""A random-feature network at finite size: the matrices U and V of one draw of W and of the samples.

With φ_k = σ(W x_{t_k}/√d + t_k b) at the nodes t_k of the diffusion time, and the target y_k = c^ξ_k ξ + c^x_k x of
`theory.data.time_grid`,

    U = Σ_k ω_k (1/n) Σ_ν E_ξ[φ_k φ_k^T],        V = Σ_k ω_k γ_k (1/n) Σ_ν E_ξ[φ_k y_k^T],

from which the loss follows (`theory.simulation.loss`). One time, one kind of samples and no biases are K = C = 1 and b = 0.
"""

import math
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from ..data.gaussian import Gaussian
from ..validation import MOST_ENTRIES, a_model, finite_array, of_class, one_of, positive_integer, random_generator
from . import noise_average
from .backend import backend as choose_backend

FEATURES = ("network", "equivalent")
BIASES = ("quantiles", "iid")


def simulate(model, d, seed=0, *, features="network", noise_draws=None, biases="quantiles", device=None, library=None):
    """Draw W and the samples, and build U and V.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
    d : int
        Dimension; p = round(ψ_p d) and n = round(ψ_n d), at least 1. The kinds of a `theory.Mixture` share the n samples in
        proportion to their frequencies, and its centroids lie in the first coordinates.
    seed : int
        Of ``numpy.random.default_rng``: draws are made on the host, so that a seed means the same on every backend.
    features : {"network", "equivalent"}
        The nonlinear network, or its Gaussian equivalent (1/n)GG^T + b²WW^T/d + s² with the mean κ kept in G, which is
        written here for one time, Gaussian data and no biases (``model.is_scalar``).
    noise_draws : int, optional
        Average over that many noise vectors per sample instead of exactly ("network" only): a different model, biased at
        order 1/noise_draws. Each time of a `theory.TimeGrid` has noise of its own.
    biases : {"quantiles", "iid"}
        The p quantiles b_i of N(0, bias²), as the eigenvalues of Σ are quantiles of ρ_Σ, or p independent draws. A feature's
        bias is part of its law, so that independent draws add a fluctuation O(p^{-1/2}) to the trace of U and to every other
        linear statistic, where everything else fluctuates by O(1/d): the limit is the same, and is seen much less clearly.
        The projections of W on the centroids ``Mixture(means=…)`` are part of the law too; they are drawn with W, and do add
        that fluctuation.
    device : {"cpu", "cuda"}, optional
    library : {"numpy", "torch", "cupy", "array_api_strict"}, optional
        See `theory.simulation.backend.backend`.

    Returns
    -------
    FiniteModel

    Raises
    ------
    ValueError
        An option that is unknown or has no meaning for this model; d below the number of spikes or of the directions that the
        centroids span.

    Notes
    -----
    Cost O(K p² n) time for K diffusion times and O(p² + p n) memory. On two cores, d = 200, p = 800, n = 600 and K = 1 take
    about 2 s.
    """
    a_model(model)
    d = positive_integer("d", d)
    one_of("features", features, FEATURES)
    one_of("biases", biases, BIASES)
    if features == "equivalent" and not model.is_scalar:
        raise ValueError(
            "features = 'equivalent' is not available for a grid of times, for a mixture or with biases; "
            "allowed: 'network' (or a number t, Gaussian data and bias = 0)"
        )
    if noise_draws is not None:
        noise_draws = positive_integer("noise_draws", noise_draws)
        if features == "equivalent":
            raise ValueError(f"noise_draws = {noise_draws} has no meaning with features = 'equivalent'; allowed: None")
    where = choose_backend(device, library)
    p, n = (max(1, round(float(ratio) * d)) for ratio in (model.psi_p, model.psi_n))
    if max(p, n) * max(p, d) > MOST_ENTRIES:
        raise ValueError(f"d = {d} makes p = {p} and n = {n}: too large; allowed: matrices of up to {MOST_ENTRIES} numbers")
    rng = random_generator("seed", seed)
    W = where.asarray(rng.standard_normal((p, d)))
    samples = np.sqrt(covariance_eigenvalues(model.data, d))[:, None] * rng.standard_normal((d, n))
    frequencies, scales, centroids = kinds_of_samples(model.data, d)
    kinds = np.repeat(np.arange(frequencies.size), shares(frequencies, n))
    X = where.asarray(centroids[kinds].T + np.sqrt(scales[kinds]) * samples)
    z = rng.standard_normal(p) if biases == "iid" and float(model.bias) > 0 else ndtri((np.arange(p) + 0.5) / p)
    b = where.asarray(float(model.bias) * z)
    if features == "equivalent":
        U, V = gaussian_equivalent(where, model, W, X, rng)
    else:
        average, arguments = (
            (noise_average.exact, ()) if noise_draws is None else (noise_average.sampled, (noise_draws, rng))
        )
        U, V = noise_average.over_times(average, where, model.activation, W, X, b, model.times, *arguments)
    return FiniteModel(model, where, W, X, U, V, features, kinds, b)


def kinds_of_samples(data, d):
    """Frequencies π_c (C,), variances σ_c² (C,) and centroids m_c (C, d) of the kinds in dimension d, NumPy arrays.

    The centroids span the first coordinates: W is rotation invariant, and so is the Gaussian part where Σ = σ_x². For another
    Σ, their directions are eigenvectors of it, of the eigenvalues that `covariance_eigenvalues` puts first.
    """
    d = _check(data, d)
    if isinstance(data, Gaussian):
        return np.ones(1), np.ones(1), np.zeros((1, d))
    coordinates = data.centroids() * (math.sqrt(d) if data.means is not None else 1.0)
    kinds, directions = coordinates.shape
    if directions > d:
        raise ValueError(f"d = {d} is smaller than the dimension that the centroids span, {directions}; allowed: d >= that")
    return data.frequencies, data.scales, np.hstack([coordinates, np.zeros((kinds, d - directions))])


def _check(data, d):
    if not isinstance(data, Gaussian):
        of_class("data", data, "Mixture", "theory.Gaussian, theory.Mixture")
    return positive_integer("d", d, MOST_ENTRIES)


def shares(weights, total):
    """Integers (len(weights),) in proportion to ``weights`` whose sum is ``total``: their partial sums are rounded."""
    target = np.cumsum(weights) * total
    return np.diff(np.round(np.concatenate([[0.0], target])).astype(int))


def covariance_eigenvalues(data, d):
    """d eigenvalues distributed as ρ_Σ (`shares`), the first ones replaced by the spikes; the σ_c² of a mixture are left out.

    W is rotation invariant, so a diagonal covariance is the general case.
    """
    d = _check(data, d)
    data = data if isinstance(data, Gaussian) else data.covariance
    if len(data.spikes) > d:
        raise ValueError(f"d = {d} is smaller than the number of spikes, {len(data.spikes)}; allowed: d >= that")
    eigenvalues = np.repeat(data.eigenvalues, shares(data.weights, d))
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
    """One draw.

    ``W`` (p, d), ``X`` (d, n) with samples as columns, ``U`` (p, p), ``V`` (p, d) and ``biases`` (p,) are arrays of the
    backend; ``kinds`` (n,) is the NumPy array of the samples' kinds, 0 <= c < C.
    """

    def __init__(self, model, where, W, X, U, V, features, kinds, biases):
        self.model, self.backend, self.W, self.X, self.U, self.V = model, where, W, X, U, V
        self.features, self.kinds, self.biases = features, kinds, biases

    def __repr__(self):
        (p, d), n = self.W.shape, self.X.shape[1]
        return f"FiniteModel(d={d}, p={p}, n={n}, {self.model})"

    @cached_property
    def initial_loss(self):
        """L_0, the train loss at A = 0: 1 without a connection from x to the output, whatever the samples."""
        from .loss import mean_square_target

        return mean_square_target(self.model.times, float(self.backend.xp.mean(self.X**2)))

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
        """Train and test loss under exact gradient flow, as `theory.results.TrainingCurve`; see `simulation.training`."""
        from .training import flow_curve

        return flow_curve(self, tau)

    @cached_property
    def modes(self):
        """The eigenmodes of U, as `theory.simulation.loss.Modes`. Cost O(p³), once."""
        from .loss import diagonalised

        return diagonalised(self)

    @cached_property
    def flow_matrices(self):
        """What every training time has in common, computed once (O(p³))."""
        from .training import flow_matrices

        return flow_matrices(self)
