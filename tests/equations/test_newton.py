"""Newton's method on the saddle-point equations: shortened steps, the residual that is asked for, and one answer in every unit."""

import numpy as np
import pytest

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.digits import mp
from theory.equations import solve
from theory.equations.certificate import TOLERANCE, certify, polish
from theory.equations.scalar import refine

SPECTRUM = RandomFeatureModel(A.erf, 4, 2, 0.1, Gaussian(((0.5, 0.5), (1.5, 0.5)))).spectrum()
SYSTEM = SPECTRUM.system


def test_a_step_that_goes_too_far_is_shortened():
    """From starts at which a full step raises the residual, shorter ones arrive at a root."""
    rng, z = np.random.default_rng(0), np.full(200, 1 + 0j)
    solution, _ = solve(SPECTRUM.system, z[:1])
    start = solution * np.exp(rng.normal(scale=1.5, size=(2, 200)) + 1j * rng.uniform(-1, 1, (2, 200)))
    with np.errstate(all="ignore"):
        full = start + SYSTEM.newton_step(start, z)
    far = SYSTEM.residual_size(full, z) > SYSTEM.residual_size(start, z)
    assert far.sum() > 10
    found = polish(SYSTEM, start[:, far], z[far], steps=60)
    assert np.all(SYSTEM.residual_size(found, z[far]) < TOLERANCE)


def test_certificates_do_not_depend_on_the_unit():
    """Linear features of data c Σ with noise c Δ_t have the matrix c U: where z is certified, c z is, and q is that of z over c."""
    t, c = 0.1, 1e-9
    late = -np.log1p(-c * -np.expm1(-2 * t)) / 2  # 1 − e^{−2t} is c times as large
    eigenvalue = c * np.exp(-2 * t + 2 * late)
    one = RandomFeatureModel(A.linear, 0.5, 3, t).spectrum()
    other = RandomFeatureModel(A.linear, 0.5, 3, late, Gaussian(((eigenvalue, 1),))).spectrum()
    low, high = one.support.table[[0, -1], 0]
    z = np.append(low * (1 - np.logspace(-10, -1, 10)), high * (1 + np.logspace(-10, -1, 10))) + 0j
    x, _ = solve(one.system, z)
    scaled = np.stack([x[0] / c, x[1]])
    scaled = polish(other.system, scaled, c * z)
    assert certify(one.system, x, z)[0].all()
    assert certify(other.system, scaled, c * z)[0].all()


class Stopped:
    """A system of equations whose Newton steps change nothing and leave a residual."""

    offset = 0

    def __init__(self, residual):
        self.left = mp.mpf(residual)

    def newton_step(self, x, z):
        return mp.mpf(0), mp.mpf(0)

    def residual(self, q, delta, z):
        return self.left, -self.left


def test_the_residual_of_high_precision_is_the_one_asked_for():
    with mp.workdps(70):
        assert refine(Stopped("0.99e-50"), 1, 1, 1, 50) == (1, 1)
        with pytest.raises(ConvergenceError, match="Newton at 50 digits did not converge") as error:
            refine(Stopped("1.01e-50"), 1, 1, 1, 50)
    assert error.value.residual == 1.01e-50


def test_the_path_starts_at_a_solution():
    """Far from the spectrum the fixed point is reached to rounding, and it is the one with the signs of −1/z."""
    z = SPECTRUM.upper_bound * np.array([10j, 1 + 10j, -5 + 10j, 1e3j])
    x = SYSTEM.start(z)
    assert np.all(SYSTEM.residual_size(x, z) < 1e-13)
    assert certify(SYSTEM, x, z)[0].all()
    np.testing.assert_allclose(x[0], -1 / z, rtol=0.2)
