"""What is evaluated in chunks, to bound the memory, is what one argument or pair at a time gives."""

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.equations import general
from theory.training import general_kernel as general_training
from theory.training import two_resolvents

GENERAL = RandomFeatureModel(
    A.gelu, 4, 3, TimeGrid((0.1, 0.6), (0.4, 0.6)), Mixture((0.3, 0.7), (1.0, 2.0)), bias=2.0, types=2
)
Z = np.array([-0.2 + 0.1j, 0.1 + 0.05j, 0.4 + 0.3j, 1 + 0.2j, 3 + 0.5j])


@pytest.mark.parametrize("method", ["residual_size", "newton_step", "tangent"])
def test_points(method, monkeypatch):
    spectrum = GENERAL.spectrum()
    system, x = spectrum.system, spectrum.solve(Z) * 1.01
    function = getattr(system, method)
    alone = np.concatenate([np.atleast_1d(function(x[:, k : k + 1], Z[k : k + 1])) for k in range(Z.size)], axis=-1)
    assert np.abs(np.diff(alone, axis=-1)).max() > 1e-3  # the points differ
    sizes, evaluate = [], type(system)._map
    monkeypatch.setattr(type(system), "_map", lambda self, x, z: sizes.append(z.size) or evaluate(self, x, z))
    for chunk, expected in ((general.CHUNK, {5}), (400, {2, 1}), (1, {1})):
        monkeypatch.setattr(general, "CHUNK", chunk)
        sizes.clear()
        assert np.allclose(function(x, Z), alone, rtol=double("identity"), atol=0)
        assert set(sizes) == expected


@pytest.mark.parametrize("per_chunk", [1, 2, 5])
def test_pairs_of_the_general_kernel(per_chunk, monkeypatch):
    spectrum = GENERAL.spectrum()
    x, i, j = spectrum.solve(Z), np.array([0, 0, 1, 3, 4]), np.array([1, 4, 2, 3, 0])
    alone = [
        general_training.fresh_loss_kernel(spectrum.system, x[:, [a, b]], np.array([0]), np.array([1]))[0]
        for a, b in zip(i, j, strict=True)
    ]
    J, C, K = GENERAL.ensemble.sizes
    monkeypatch.setattr(general_training, "CHUNK", per_chunk * 2 * (J + C * K * K) ** 2)
    together = general_training.fresh_loss_kernel(spectrum.system, x, i, j)
    assert np.allclose(together, alone, rtol=double("identity"), atol=0)
    assert np.abs(np.diff(together)).min() > 1e-3


@pytest.mark.parametrize("per_chunk", [1, 2, 5])
def test_pairs_of_the_scalar_kernel(per_chunk, monkeypatch):
    """Against one pair at a time of the general equations, whose kernel holds it."""
    data = Gaussian(((0.5, 0.5), (1.5, 0.5)))
    scalar = RandomFeatureModel(A.tanh, 8, 4, 0.1, data)
    spectrum, general = scalar.spectrum(), RandomFeatureModel(A.tanh, 8, 4, TimeGrid((0.1,), (1,)), data).spectrum()
    (q, delta), x = spectrum.solve(Z), general.solve(Z)
    i, j = np.array([0, 0, 1, 3, 4]), np.array([1, 4, 2, 3, 0])
    monkeypatch.setattr(two_resolvents, "CHUNK", per_chunk * len(spectrum.system.nodes))
    together = two_resolvents.population_kernel(spectrum.system, q[i], delta[i], q[j], delta[j])
    overlap, _ = general_training.overlaps(general.system, x)
    alone = [
        general_training.fresh_loss_kernel(general.system, x[:, [a, b]], np.array([0]), np.array([1]))[0]
        - (1 - overlap[a] - overlap[b])
        for a, b in zip(i, j, strict=True)
    ]
    alone = np.array(alone) / (8 * scalar.coefficients().b2)
    assert np.allclose(together, alone, rtol=double("resolvent"), atol=0)
    assert np.abs(np.diff(together)).min() > 1e-3
