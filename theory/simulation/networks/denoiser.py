"""A network as a denoiser of NumPy arrays, on a device that is named. PyTorch is loaded when something is asked for, not with the module."""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import process
from ...validation import finite_array, integer, of_class, positive, shown
from ..backends import backend
from .configuration import Configuration
from .noise_levels import noise_level_at, preconditioning

#: states that go through the network at once
CHUNK = 1024


def named_device(device: str) -> str:
    """The device, if it has the name of one; whether it is there is asked when PyTorch is loaded."""
    if not (isinstance(device, str) and re.fullmatch(r"cpu|cuda(:\d+)?", device)):
        raise ValueError(f"device = {shown(device)} is unknown; allowed: 'cpu', 'cuda'")
    return device


def torch_on(device: str) -> tuple[Any, Any]:
    """(PyTorch, the device): ``ImportError`` where it is not installed, ``ValueError`` for a device that it cannot give."""
    chosen = backend(named_device(device), "torch").device
    import torch

    return torch, chosen


def build_network(configuration: Configuration, device: str = "cpu", seed: int | None = None) -> Any:
    """The network of a `Configuration` at its first parameters, a ``torch.nn.Module``.

    ``device`` is "cpu" or "cuda"; ``seed`` draws the parameters, by default that of the configuration. PyTorch's global generator is left as
    it was. Raises ``ImportError`` without PyTorch and ``ValueError`` for a device that is not there.
    """
    of_class("configuration", configuration, "Configuration", "a theory.simulation.networks.Configuration")
    named_device(device)
    seed = configuration.seed if seed is None else integer("seed", seed, low=0)
    torch, device = torch_on(device)
    from .architectures import network

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network(configuration).to(device)


class Denoiser:
    """D(y, σ) = c_skip y + c_out F(c_in y, ln σ) for NumPy arrays, with a network F; see `theory.simulation.networks.noise_levels`.

    Parameters
    ----------
    network : torch.nn.Module
        As `build_network` makes; it takes (states, ln σ) and stays where it is.
    """

    def __init__(self, network: Any) -> None:
        if isinstance(network, type) or not callable(network) or not hasattr(network, "parameters"):
            raise ValueError(f"network = {shown(network)} is no torch.nn.Module; allowed: what build_network makes")
        self.network = network

    def __call__(self, y: NDArray, sigma: float) -> NDArray:
        """E[x_0 | y] as the network has it, for states ``y`` (m, d) at one noise level σ > 0: float32 (m, d)."""
        sigma, y = float(positive("sigma", sigma)), finite_array("y", y, float).astype(np.float32)
        if y.ndim != 2:
            raise ValueError(f"y has shape {y.shape}; allowed: (m, d)")
        import torch

        device, c = next(self.network.parameters()).device, preconditioning(sigma)
        log_sigma, found = float(np.log(sigma)), []
        with torch.no_grad():
            for first in range(0, len(y), CHUNK):
                part = torch.as_tensor(y[first : first + CHUNK], device=device)
                raw = self.network(part * c.scale, torch.full((len(part),), log_sigma, device=device))
                found.append((c.skip * part + c.out * raw).cpu().numpy())
        return np.concatenate(found) if found else y

    def score(self, x: NDArray, t: float) -> NDArray:
        """The score of the book, (e^{-t}D(e^t x, σ_t) − x)/Δ_t, for states ``x`` (d, m) in columns and a time t > 0, as the samplers take it."""
        t = float(positive("t", t))
        x = finite_array("x", x, float)
        if x.ndim != 2:
            raise ValueError(f"x has shape {x.shape}; allowed: (d, m)")
        decay = process.decay(t, math)
        return (decay * self(x.T / decay, noise_level_at(t)).T - x) / process.noise_variance(t, math)
