"""The two networks, in PyTorch: this module alone of the package imports it when it is loaded, and is loaded when a network is built.

Both take y·c_in of shape (m, d) and ln σ of shape (m,), and return (m, d). Their last layer starts at zero: at step 0 the denoiser is the
skip of `theory.simulation.networks.noise_levels`.
"""

import math

import torch
from torch import nn
from torch.nn import functional

#: sines and cosines of ln σ, and the frequencies they have
FOURIER, LOWEST, HIGHEST = 64, 0.25, 8.0


class NoiseEmbedding(nn.Module):
    """ln σ → (m, size): sines and cosines, then two layers."""

    def __init__(self, size):
        super().__init__()
        frequencies = torch.exp(torch.linspace(math.log(LOWEST), math.log(HIGHEST), FOURIER // 2))
        self.register_buffer("frequencies", frequencies)
        self.first, self.second = nn.Linear(FOURIER, size), nn.Linear(size, size)

    def forward(self, log_sigma):
        phases = log_sigma[:, None] * self.frequencies
        return self.second(functional.silu(self.first(torch.cat([phases.sin(), phases.cos()], dim=1))))


class MLP(nn.Module):
    """d → W, two residual blocks (LayerNorm, W → W, SiLU, W → W), LayerNorm, W → d; the noise level is added to the hidden layer."""

    def __init__(self, d, width):
        super().__init__()
        self.embedding, self.inward = NoiseEmbedding(width), nn.Linear(d, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)) for _ in range(2)
        )
        self.norm, self.outward = nn.LayerNorm(width), nn.Linear(width, d)
        zero(self.outward)

    def forward(self, y, log_sigma):
        hidden = self.inward(y) + self.embedding(log_sigma)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        return self.outward(functional.silu(self.norm(hidden)))


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions, each after GroupNorm and SiLU, the noise level between them, and a skip."""

    def __init__(self, inward, outward, embedded):
        super().__init__()
        self.norms = nn.ModuleList((nn.GroupNorm(8, inward), nn.GroupNorm(8, outward)))
        self.convolutions = nn.ModuleList(
            (nn.Conv2d(inward, outward, 3, padding=1), nn.Conv2d(outward, outward, 3, padding=1))
        )
        self.noise = nn.Linear(embedded, outward)
        self.skip = nn.Identity() if inward == outward else nn.Conv2d(inward, outward, 1)

    def forward(self, x, embedding):
        hidden = self.convolutions[0](functional.silu(self.norms[0](x))) + self.noise(embedding)[:, :, None, None]
        return self.skip(x) + self.convolutions[1](functional.silu(self.norms[1](hidden)))


class UNet(nn.Module):
    """For 14 × 14 pixels: padded to 16 × 16, unshuffled to 8 × 8 × 4, a level of W channels, one of 2W at 4 × 4, and back."""

    def __init__(self, width):
        super().__init__()
        self.embedding = NoiseEmbedding(2 * width)
        self.inward = nn.Conv2d(4, width, 3, padding=1)
        sizes = ((width, width), (width, 2 * width), (2 * width, 2 * width), (4 * width, 2 * width), (3 * width, width))
        self.blocks = nn.ModuleList(ResidualBlock(a, b, 2 * width) for a, b in sizes)
        self.norm, self.outward = nn.GroupNorm(8, width), nn.Conv2d(width, 4, 3, padding=1)
        zero(self.outward)

    def forward(self, y, log_sigma):
        embedding = functional.silu(self.embedding(log_sigma))
        image = functional.pad(y.reshape(-1, 1, 14, 14), (1, 1, 1, 1))
        fine = self.blocks[0](self.inward(functional.pixel_unshuffle(image, 2)), embedding)
        coarse = self.blocks[1](functional.avg_pool2d(fine, 2), embedding)
        middle = self.blocks[2](coarse, embedding)
        back = self.blocks[3](torch.cat([middle, coarse], dim=1), embedding)
        back = torch.cat([functional.interpolate(back, scale_factor=2), fine], dim=1)
        out = self.outward(functional.silu(self.norm(self.blocks[4](back, embedding))))
        return functional.pixel_shuffle(out, 2)[:, 0, 1:15, 1:15].reshape(len(y), -1)


def zero(layer):
    """Weights and bias of a layer become 0."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def network(configuration):
    """The network of a `Configuration`, at the parameters that PyTorch's global generator draws."""
    if configuration.network == "mlp":
        return MLP(configuration.d, configuration.width)
    return UNet(configuration.width)
