"""The kernel between noisy images against Jacobians that are written down in full, and its modes against those of C = E J^T J."""

import numpy as np
import pytest

from theory.simulation import networks
from theory.simulation.networks.kernel import kernel_modes, tangent_kernel
from theory.simulation.networks.tangent import tangent_modes

torch = pytest.importorskip("torch")
D, SIGMA = 4, 0.5


@pytest.fixture(scope="module")
def mlp():
    """The package's network for 4 pixels, with no layer at zero."""
    from theory.simulation.networks.architectures import MLP

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = MLP(D, 5)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter += 0.3 * torch.randn(parameter.shape)
    return network


def test_the_kernel_is_that_of_all_jacobians(mlp):
    rng = np.random.default_rng(0)
    noisy, directions = rng.standard_normal((6, D)), rng.standard_normal((2, D))
    kernel, outputs = tangent_kernel(mlp, noisy, SIGMA, directions)
    c = networks.preconditioning(SIGMA)
    double = {name: value.detach().double() for name, value in mlp.named_parameters()}
    other = {name: value.double() for name, value in mlp.named_buffers()}
    log_sigma = torch.tensor([np.log(SIGMA)])

    def denoised(parameters, y):
        raw = torch.func.functional_call(mlp, parameters | other, (c.scale * y[None], log_sigma))[0]
        return c.skip * y + c.out * raw

    rows = []
    for y in torch.as_tensor(noisy):
        found = torch.func.jacrev(denoised)(double, y)
        rows.append(directions @ torch.cat([part.reshape(D, -1) for part in found.values()], dim=1).numpy())
    jacobian = np.concatenate(rows)
    np.testing.assert_allclose(kernel, jacobian @ jacobian.T, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(outputs, networks.Denoiser(mlp)(noisy, SIGMA), rtol=1e-4, atol=1e-5)


def test_modes_are_those_of_the_matrix_between_parameters(mlp):
    images, draws = np.random.default_rng(1).standard_normal((3, D)), 4
    found = kernel_modes(mlp, images, SIGMA, draws, np.eye(D), seed=2)
    other = tangent_modes(mlp, images, SIGMA, draws, seed=2)
    count = 8
    np.testing.assert_allclose(found.eigenvalues[:count], other.eigenvalues[:count], rtol=1e-3)
    np.testing.assert_allclose(found.shares[:count], other.shares[:count], rtol=2e-2, atol=1e-4)
    assert found.shares.sum() == pytest.approx(1, abs=1e-10)


def test_parts_are_those_of_the_projection_on_images(mlp):
    images, draws = np.random.default_rng(1).standard_normal((3, D)), 5
    one = kernel_modes(mlp, images, SIGMA, draws, np.ones((1, D)))
    # as many functions of the image as there are images
    assert one.parts.sum() == pytest.approx(3, abs=1e-10)
    assert np.all(one.parts < 1 + 1e-10)
    # without noise the same for all draws: n modes and no others
    still = kernel_modes(mlp, images, 1e-9, draws, np.ones((1, D)))
    np.testing.assert_allclose(still.parts[:3], 1, atol=1e-6)
    assert np.all(still.eigenvalues[3:] < 1e-12 * still.eigenvalues[0])
    # the residual of one direction, in the mean over the noises of each image
    noisy = images + SIGMA * np.random.default_rng(0).standard_normal((draws, 3, D))
    weights = np.exp(-np.sum((noisy[:, :, None] - images) ** 2, axis=-1) / (2 * SIGMA**2))
    posterior = weights @ images / weights.sum(axis=-1, keepdims=True)
    rest = (posterior.reshape(-1, D) - tangent_kernel(mlp, noisy.reshape(-1, D), SIGMA, np.eye(D))[1]).sum(axis=1)
    means = rest.reshape(draws, 3).mean(axis=0)
    assert one.part_shares.sum() == pytest.approx(draws * np.sum(means**2) / np.sum(rest**2), rel=1e-8)


def test_refuses_other_layers_and_directions(mlp):
    with pytest.raises(ValueError, match="the layer Conv1d; allowed: Linear and LayerNorm"):
        kernel_modes(torch.nn.Sequential(torch.nn.Conv1d(1, 1, 1)), np.ones((3, D)), SIGMA, 2, np.eye(D))
    for directions in (np.ones((1, D + 1)), np.zeros((1, D))):
        with pytest.raises(ValueError, match=r"^directions"):
            kernel_modes(mlp, np.ones((3, D)), SIGMA, 2, directions)
    with pytest.raises(ValueError, match=r"^images"):
        kernel_modes(mlp, np.ones(D), SIGMA, 2, np.eye(D))

    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(D, D)

        def forward(self, y, log_sigma):
            return self.layer(self.layer(y))

    with pytest.raises(ValueError, match="a layer twice or never"):
        kernel_modes(Twice(), np.ones((3, D)), SIGMA, 2, np.eye(D))
