"""Modes of the tangent kernel against the Gram matrix of explicit finite differences, for a network of a few dozens of parameters."""

import numpy as np
import pytest

from theory.simulation import networks
from theory.simulation.networks import tangent


@pytest.mark.parametrize("images, draws", [(3, 2), (5, 4)])
def test_modes_against_the_kernel_between_outputs(monkeypatch, images, draws):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(tangent, "CHUNK", 3)
    d, sigma = 2, 0.6

    class Net(torch.nn.Module):
        """Two inputs and the noise level, three hidden neurons."""

        def __init__(self):
            super().__init__()
            self.inward, self.outward = torch.nn.Linear(d + 1, 3), torch.nn.Linear(3, d)

        def forward(self, y, log_sigma):
            level = log_sigma[:, None].expand(len(y), 1)
            return self.outward(torch.tanh(self.inward(torch.cat([y, level], dim=1))))

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Net()
    training = np.random.default_rng(1).standard_normal((images, d))
    found = tangent.tangent_modes(network, training, sigma, draws, seed=2)

    # the same noise, the denoiser of the package, differences in double precision, the kernel between all outputs
    network = network.double()
    noisy = (training + sigma * np.random.default_rng(2).standard_normal((draws, images, d))).reshape(-1, d)
    c, log_sigma = networks.preconditioning(sigma), torch.tensor([np.log(sigma)])

    def outputs():
        with torch.no_grad():
            raw = network(torch.as_tensor(c.scale * noisy), log_sigma.expand(len(noisy))).numpy()
        return (c.skip * noisy + c.out * raw).ravel()

    columns, step = [], 1e-5
    for parameter in network.parameters():
        flat = parameter.data.view(-1)
        for k in range(flat.numel()):
            flat[k] += step
            up = outputs()
            flat[k] -= 2 * step
            columns.append((up - outputs()) / (2 * step))
            flat[k] += step
    kernel = np.array(columns).T @ np.array(columns) / len(noisy)
    values, functions = np.linalg.eigh(kernel)
    weights = np.exp(-np.sum((noisy[:, None] - training) ** 2, axis=2) / (2 * sigma**2))
    rest = (weights @ training / weights.sum(axis=1, keepdims=True)).ravel() - outputs()
    order = np.argsort(-values)[: min(found.eigenvalues.size, 6)]
    np.testing.assert_allclose(found.eigenvalues[: order.size], values[order], rtol=1e-3)
    np.testing.assert_allclose(
        found.shares[: order.size], (functions.T @ rest)[order] ** 2 / (rest @ rest), rtol=1e-2, atol=1e-4
    )
    assert found.shares.sum() < 1 + 1e-4
