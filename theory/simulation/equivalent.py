r"""The Gaussian equivalent of a network of one type, one kind and one time: its U and V, of the samples and over fresh data.

The features are replaced by κ + e^{-t} a Wx/√d + v Ω + b Wξ/√d + s ζ, where Ω is drawn once for each feature and sample, while ζ is averaged
over as the noise ξ is. `theory.couplings.gaussian_equivalence` has the coefficients, which depend on σ, t and the variance of the data
alone. That the nonlinear network has the same limit is what the chapters put to the test: ``simulate(…, features="equivalent")`` comes here.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from .backends import Array, Backend
from .drawing import covariance_eigenvalues

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


def of_samples(
    backend: Backend, model: "RandomFeatureModel", W: Array, X: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """U = (1/n) G G^T + b² W W^T/d + s² (p, p) with G = κ + e^{-t} a W X/√d + v Ω, and V = b W/√d (p, d); takes p·n normal numbers."""
    xp, c, (p, d), n = backend.xp, model.coefficients(), W.shape, X.shape[1]
    omega = backend.asarray(rng.standard_normal((p, n)))
    G = c.kappa + model.decay * c.a / math.sqrt(d) * (W @ X) + c.v * omega
    U = G @ G.T / n + c.b2 / d * (W @ W.T) + c.s2 * xp.eye(p, dtype=backend.real_type, device=backend.device)
    return U, c.b / math.sqrt(d) * W


def of_fresh_data(backend: Backend, model: "RandomFeatureModel", W: Array) -> tuple[Array, Array]:
    """The same averaged over x and Ω too: Ũ = κ² + a² W(e^{−2t}Σ + Δ_t)W^T/d + v² + s², and Ṽ = V."""
    xp, (p, d), c = backend.xp, W.shape, model.coefficients()
    eigenvalues = backend.asarray(covariance_eigenvalues(model.data, d))
    covariance = (W * (model.decay**2 * eigenvalues + model.noise_variance)) @ W.T / d
    identity = xp.eye(p, dtype=backend.real_type, device=backend.device)
    mean = c.kappa**2 * xp.ones((p, p), dtype=backend.real_type, device=backend.device)
    return c.a**2 * covariance + (c.v2 + c.s2) * identity + mean, c.b / math.sqrt(d) * W
