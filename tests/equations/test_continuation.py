"""The path from infinity and the solutions beside one another: what they cost, since the certificate alone decides what is returned."""

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations.continuation import _predict, beside, solve
from theory.equations.scalar import ScalarSystem

SPECTRUM = RandomFeatureModel(A.erf, 4, 2, 0.1, Gaussian(((0.5, 0.5), (1.5, 0.5)))).spectrum()
SYSTEM = SPECTRUM.system
HIGH = SPECTRUM.support.table[-1, 0]


class Counting(ScalarSystem):
    """Counts its Newton steps, one for each point."""

    def __init__(self):
        super().__init__(SYSTEM.parameters, SYSTEM.nodes, SYSTEM.weights)
        self.steps = 0

    def newton_step(self, x, z):
        self.steps += z.size
        return super().newton_step(x, z)


def steps_for(z):
    """Newton steps for each point of an array, all of which are solved."""
    system = Counting()
    x, _ = solve(system, z + 0j)
    assert not np.isnan(x).any()
    return system.steps / z.size


def test_neighbours_cost_a_few_steps():
    assert steps_for(np.linspace(-1, 1.2 * HIGH, 400)) < 6


@pytest.mark.parametrize("y", [0.03, 1, 5, 2 * HIGH])
def test_an_isolated_point_costs_a_few_levels(y):
    assert steps_for(np.array([y])) < 30


def test_far_away_the_height_is_a_power():
    """q = −1/z up to the size of the spectrum over |z|, and δ falls alike: what is predicted at a hundredth of the height is the solution."""
    z, z_new = (np.array([1j]) * height * SPECTRUM.upper_bound for height in (1e6, 1e4))
    (x, _), (expected, _) = (solve(SYSTEM, at) for at in (z, z_new))
    np.testing.assert_allclose(_predict(SYSTEM, x, z, z_new), expected, rtol=1e-3)


def test_beside_a_solution():
    z = np.array([1.0 + 0j])
    near, _ = solve(SYSTEM, z * np.array([0.8, 1.001]))
    expected, _ = solve(SYSTEM, z)
    np.testing.assert_allclose(beside(SYSTEM, near, z), expected, rtol=1e-12)
    # from starts in the lower half-plane the roots that are found are not the solution
    assert beside(SYSTEM, near.conj(), z) is None
