r"""The tangent kernel of a network on its own noisy training images, and on which of its modes lies what it has still to memorize.

Linearised about its parameters θ the denoiser moves, in training, along the modes of the kernel J J^T/N, with J = ∂D/∂θ at the N noisy
images: the mode k with the eigenvalue λ_k relaxes at the rate λ_k. What is still to be memorized is g(y) = E[x_0|y; training set] − D(y), the
exact posterior mean of the training images less the denoiser; its share on the mode k is

    w_k = (v_k·b)²/(λ_k E|g|²),    b = E J^T g,    C v_k = λ_k v_k,    C = E J^T J,

with averages over images and noise; Σ_k w_k <= 1 is the part of g that the tangent space reaches. Derived here (the projection of g on the
orthonormal functions J v_k/√λ_k), checked by ``tests/simulation/test_networks_tangent.py``.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.blas import ssyrk

from ..empirical_score import EmpiricalScore
from .noise_levels import preconditioning, time_at

#: noisy images whose Jacobians are held at once, and λ/λ_max below which float32 has no mode
CHUNK, FLOOR = 128, 1e-6


class TangentModes(NamedTuple):
    """Eigenvalues λ_k, falling, and the shares w_k of what is still to be memorized: arrays (K,), those above `FLOOR`."""

    eigenvalues: NDArray
    shares: NDArray


def tangent_modes(network: Any, images: NDArray, sigma: float, draws: int, seed: int = 0) -> TangentModes:
    """The modes at one noise level, for ``images`` (n, d) and ``draws`` noises of each.

    O(n·draws·d·P² + P³) and P² float32 of memory, for P parameters: for thousands, not for more.
    """
    import torch
    from torch.func import functional_call, jacrev, vmap

    parameters = {name: value.detach() for name, value in network.named_parameters()}
    c, log_sigma, d = preconditioning(sigma), torch.tensor([float(np.log(sigma))]), images.shape[1]
    noise = np.random.default_rng(seed).standard_normal((draws, *images.shape))
    noisy = (images + sigma * noise).reshape(-1, d)
    exact, t = EmpiricalScore(np.asarray(images, float).T), time_at(sigma)
    posterior = exact.denoised((noisy * np.exp(-t)).T, t).T

    def denoised(values, y):
        return c.skip * y + c.out * functional_call(network, values, (c.scale * y[None], log_sigma))[0]

    def jacobian(values, y):
        found = jacrev(denoised)(values, y)
        return torch.cat([part.reshape(d, -1) for part in found.values()], dim=1)

    size = sum(value.numel() for value in parameters.values())
    matrix, vector, square = np.zeros((size, size), np.float32, order="F"), np.zeros(size), 0.0
    for first in range(0, len(noisy), CHUNK):
        y = torch.as_tensor(noisy[first : first + CHUNK], dtype=torch.float32)
        rows = vmap(jacobian, (None, 0))(parameters, y).reshape(-1, size)
        rest = torch.as_tensor(posterior[first : first + CHUNK]) - vmap(denoised, (None, 0))(parameters, y).double()
        # half of the product: the upper triangle
        matrix = ssyrk(1.0, rows.numpy().T, 1.0, matrix, overwrite_c=True)
        vector += (rows.T @ rest.float().reshape(-1)).numpy()
        square += float((rest**2).sum())
    values, vectors = eigh(matrix / np.float32(len(noisy)), lower=False, overwrite_a=True, check_finite=False)
    kept = np.flatnonzero(values > FLOOR * values[-1])[::-1]
    values, vectors = values[kept].astype(float), vectors[:, kept]
    projected = vectors.T @ (vector / len(noisy))
    return TangentModes(values, projected**2 / (values * square / len(noisy)))
