"""Couplings by interpolation against the quadrature at each label."""

import numpy as np
import pytest

from theory import Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings import type_couplings as couplings
from theory.couplings.interpolation import interpolated

MIXTURE = Mixture((0.7, 0.3), variances=(0.6, 0.2), means=((1.5, 0.2), (0.2, 0.8)))


@pytest.mark.parametrize("activation", [A.tanh, A.relu], ids=lambda a: a.name)
@pytest.mark.parametrize("t", [0.02, TimeGrid((0.1, 0.8), (0.5, 0.5))], ids=["one time", "two times"])
def test_interpolated_couplings_are_those_of_the_quadrature(activation, t, monkeypatch):
    points = np.random.default_rng(0).normal(size=(600, 2))
    model = RandomFeatureModel(activation, 3, 2, t, MIXTURE)
    arguments = activation, model.times, MIXTURE, np.zeros(600), points
    calls = []
    plain = couplings.node_couplings
    monkeypatch.setattr(couplings, "node_couplings", lambda *args: calls.append(1) or plain(*args))
    values = couplings.type_couplings(*arguments)
    assert 0 < len(calls) < 600  # of 1,200
    some = activation, model.times, MIXTURE, np.zeros(20), points[:20]
    for value, expected in zip(values, couplings.type_couplings(*some), strict=True):
        assert np.abs(value[:20] - expected).max() < 1e-12 * np.abs(value).max()


def test_what_does_not_settle_is_not_interpolated():
    line = np.linspace(-3, 3, 500)
    assert interpolated(np.abs, line) is None
    assert interpolated(np.cos, line[:20]) is None
    assert np.abs(interpolated(np.cos, line) - np.cos(line)).max() < 1e-14
