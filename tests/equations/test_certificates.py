"""What `theory.equations.certify` accepts: one candidate at each z, next to the axis as on it; and the slope they ask for."""

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations import polynomial, solve
from theory.equations.certificate import certify, polish

SPECTRUM = RandomFeatureModel(A.erf, 4, 2, 0.1, Gaussian(((0.5, 0.5), (1.5, 0.5)))).spectrum()
SYSTEM = SPECTRUM.system
LOW, HIGH = SPECTRUM.support.table[[0, -1], 0]
#: in the upper half-plane, inside a bulk, below and above the bulks
POINTS = np.array([0.3 + 0.2j, 2 + 0.01j, 0.3 * LOW + 0.7 * SPECTRUM.support.table[1, 0], 1.0, -0.5, 2 * HIGH])


def test_tangent_is_the_slope_of_the_solution():
    """Both unknowns, by central differences along the real axis and across it."""
    x, _ = solve(SPECTRUM.system, POINTS)
    tangent = SYSTEM.tangent(x, POINTS)
    h = 1e-5 * np.abs(POINTS)
    (ahead, _), (behind, _) = (solve(SPECTRUM.system, POINTS + s * h) for s in (1, -1))
    np.testing.assert_allclose(tangent, (ahead - behind) / (2 * h), rtol=1e-7)


@pytest.mark.parametrize("at", POINTS)
def test_one_root_of_all_is_certified(at):
    """And nothing beside it, however near."""
    z = np.array([at])
    q = polynomial.roots(SYSTEM, z)[0]
    delta = 1 / polynomial._g_function("numpy")(q, at, *SYSTEM.parameters) - 1
    repeated = z.repeat(q.size)
    x = polish(SYSTEM, np.stack([q, delta]), repeated, steps=8)
    done, found = certify(SYSTEM, x, repeated)
    expected, _ = solve(SPECTRUM.system, z)
    assert done.any()
    np.testing.assert_allclose(found[:, done], expected.repeat(done.sum(), axis=1), rtol=1e-10)
    for relative in (1e-3, 1e-6, 1e-8):
        assert not certify(SYSTEM, expected * (1 + relative), z)[0].any()


@pytest.mark.parametrize("eta", [1e-9, 1e-13])
def test_next_to_the_axis_the_imaginary_part_is_kept(eta):
    """In one array with points on the axis: Im q = η dq/dz where the slope is that on the axis, however small the residual is without."""
    for z in (-0.5, 2 * HIGH):
        on_axis, beside = solve(SPECTRUM.system, np.array([z, z + 1j * eta]))[0].T
        slopes = SYSTEM.tangent(on_axis[:, None], np.array([z + 0j]))[:, 0].real
        assert np.all(on_axis.imag == 0)
        np.testing.assert_allclose(beside.imag, eta * slopes, rtol=1e-5)
