r"""The tangent kernel between noisy training images, in double precision, for networks with many more parameters than images.

Where `theory.simulation.networks.tangent` diagonalises C = E J^T J, of the size of the parameters, this module takes the kernel between
N noisy images y_i (``draws`` noises of each of n images) and Q directions u_a of the output, of the size NQ however many parameters there are,

    K_{ia,jb} = (1/N) (J(y_i)^T u_a)·(J(y_j)^T u_b),    K φ_k = λ_k φ_k,    |φ_k| = 1,

with J = ∂D/∂θ. The gradient of one output by the weights of a linear layer is an outer product of what comes in and of what goes back, so that
the kernel is a sum over layers of products entry by entry, (δ·δ')(a·a' + 1), and no Jacobian is ever formed. Of the function g that is still
to be memorized (the posterior mean of the training images less the denoiser) the mode k has the share w_k = (φ_k·g)²/|g|², in all 1.

P is the projection on functions that are the same for all noises of an image, of rank nQ: b_k = |Pφ_k|² says how far a mode tells images from
images rather than noise from noise, and Σ_k b_k = nQ. Derived here, checked by ``tests/simulation/test_networks_kernel.py``.
"""

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from ...validation import finite_array, positive, positive_integer, random_generator
from ..empirical_score import EmpiricalScore
from .noise_levels import preconditioning, time_at


class KernelModes(NamedTuple):
    """Of all modes, by falling eigenvalue: arrays (NQ,).

    ``eigenvalues`` λ_k; ``shares`` w_k of what is still to be memorized; ``parts`` b_k of the mode that is the same for all noises of an image;
    ``part_shares`` (φ_k·Pg)²/|g|², the shares of what the residual is in the mean over the noises of each image.
    """

    eigenvalues: NDArray
    shares: NDArray
    parts: NDArray
    part_shares: NDArray


def kernel_modes(
    network: Any, images: ArrayLike, sigma: float, draws: int, directions: ArrayLike, seed: int = 0
) -> KernelModes:
    """The modes at one noise level.

    Parameters
    ----------
    network : torch.nn.Module
        Of linear layers and layer normalisations, each used once, and functions without parameters: the MLP of `build_network`.
    images : array (n, d)
    sigma : float
        Noise level.
    draws : int
        Noises of each image: N = n·draws.
    directions : array (Q, d)
        Directions of the output; they are normalized.
    seed : int
        Of the noise.

    Raises
    ------
    ValueError
        Naming the argument; a layer of another kind.

    Notes
    -----
    O((NQ)²W) for a width W and O((NQ)³) for the modes; three matrices (NQ, NQ) of memory: NQ = 2048 takes 15 s on one core.
    """
    images, directions = finite_array("images", images, float), finite_array("directions", directions, float)
    if images.ndim != 2:
        raise ValueError(f"images has shape {images.shape}; allowed: (n, d)")
    if directions.ndim != 2 or directions.shape[1] != images.shape[1] or not np.all(np.any(directions != 0, axis=1)):
        raise ValueError(f"directions has shape {directions.shape}; allowed: (Q, {images.shape[1]}), none of them 0")
    sigma, draws = float(positive("sigma", sigma)), positive_integer("draws", draws, 10**6)
    noise = random_generator("seed", seed).standard_normal((draws, *images.shape))
    noisy, t = (images + sigma * noise).reshape(-1, images.shape[1]), time_at(sigma)
    unit = directions / np.linalg.norm(directions, axis=1)[:, None]
    kernel, outputs = tangent_kernel(network, noisy, sigma, unit)
    posterior = EmpiricalScore(images.T).denoised((noisy * np.exp(-t)).T, t).T
    rest = ((posterior - outputs) @ unit.T).ravel()
    values, functions = eigh(kernel / len(noisy), driver="evd", overwrite_a=True, check_finite=False)
    values, functions = values[::-1], functions[:, ::-1]
    # rows are (noise, image, direction): the mean over the noises, of unit length
    means = functions.reshape(draws, -1, functions.shape[1]).sum(axis=0) / np.sqrt(draws)
    rest_means = rest.reshape(draws, -1).sum(axis=0) / np.sqrt(draws)
    square = rest @ rest
    shares, part_shares = (functions.T @ rest) ** 2 / square, (means.T @ rest_means) ** 2 / square
    return KernelModes(values, shares, np.sum(means**2, axis=0), part_shares)


def tangent_kernel(network: Any, noisy: NDArray, sigma: float, directions: NDArray) -> tuple[NDArray, NDArray]:
    """(J J^T between the noisy images (N, d) and directions (Q, d), array (NQ, NQ); the denoised images (N, d)), in double precision."""
    import torch

    twin = copy.deepcopy(network).double()
    layers = [layer for layer in twin.modules() if any(True for _ in layer.parameters(recurse=False))]
    kinds = (torch.nn.Linear, torch.nn.LayerNorm)
    if other := [type(layer).__name__ for layer in layers if not isinstance(layer, kinds)]:
        raise ValueError(f"network has the layer {other[0]}; allowed: Linear and LayerNorm, as those of the MLP")
    seen: list = []
    hooks = [layer.register_forward_hook(lambda layer, given, out: seen.append((layer, given[0], out))) for layer in layers]
    try:
        y, c = torch.as_tensor(noisy, dtype=torch.float64), preconditioning(sigma)
        raw = twin(c.scale * y, torch.full((len(y),), float(np.log(sigma)), dtype=torch.float64))
    finally:
        for hook in hooks:
            hook.remove()
    if sorted(map(id, layers)) != sorted(id(layer) for layer, _, _ in seen):
        raise ValueError("network uses a layer twice or never; allowed: each once")
    back = [
        torch.autograd.grad(
            raw @ torch.as_tensor(u, dtype=torch.float64), [out for _, _, out in seen], torch.ones(len(y)).double(), True
        )
        for u in directions
    ]
    size, count = len(directions), len(noisy)
    kernel = np.zeros((count * size, count * size))
    for position, (layer, given, _) in enumerate(seen):
        # (N, Q, width): what goes back
        delta = torch.stack([one[position] for one in back], dim=1).detach().numpy()
        flat, incoming = delta.reshape(count * size, -1), given.detach().numpy()
        if isinstance(layer, torch.nn.Linear):
            same = np.kron(incoming @ incoming.T + (layer.bias is not None), np.ones((size, size)))
            kernel += same * (flat @ flat.T)
            continue
        if layer.elementwise_affine:
            # y = γ x̂ + β: the gradient by γ is δ x̂, that by β is δ
            mean, variance = incoming.mean(axis=-1, keepdims=True), incoming.var(axis=-1, keepdims=True)
            scaled = (delta * ((incoming - mean) / np.sqrt(variance + layer.eps))[:, None]).reshape(count * size, -1)
            kernel += scaled @ scaled.T
            if layer.bias is not None:
                kernel += flat @ flat.T
    denoised = c.skip * noisy + c.out * raw.detach().numpy()
    return c.out**2 * kernel, denoised
