"""The contour around the spectrum: Cauchy's formula in double precision and beyond, the rule of every second node, and its place."""

import numpy as np
import pytest

from theory.digits import mp
from theory.training import contour

INTERVALS = [(0.01, 5.0), (1e-6, 3.0), (2.0, 3.0)]


def decays(points, rates):
    """(1/2πi)∮ e^{−kz}/(z − x) dz = e^{−kx} inside, as the solvers integrate."""
    return np.exp(-rates[:, None] * points.nodes)


@pytest.mark.parametrize("low, high", INTERVALS)
@pytest.mark.parametrize("digits", [5, 11])
def test_every_second_node_has_the_digits_asked_for(low, high, digits):
    """For poles all over the interval, at every rate; with half the nodes the digits are not there."""
    count = contour.count_for(low, high, digits)
    assert count % 4 == 0
    points = contour.ellipse(low, high, count)
    coarse = points.halved()
    if count % 8 == 0:  # it is the contour that half the nodes have by themselves
        alone = contour.ellipse(low, high, count // 2)
        assert np.array_equal(coarse.nodes, alone.nodes) and np.allclose(coarse.weights, alone.weights, rtol=1e-15, atol=0)
    half = contour.ellipse(low, high, 4 * (count // 16))
    x, rates = np.geomspace(low, high, 7)[:, None, None], np.geomspace(0.01 / high, 10 / low, 9)
    errors = [
        np.max(np.abs(rule.integrate(decays(rule, rates) / (rule.nodes - x)) - np.exp(-rates * x[..., 0])))
        for rule in (points, coarse, half)
    ]
    assert errors[0] < 1e-12 if digits > 6 else errors[0] < 1e-8
    assert errors[1] < 20 * 10.0**-digits < errors[2]


@pytest.mark.parametrize("low, high", INTERVALS)
def test_it_runs_around_the_interval_within_the_right_half_plane(low, high):
    """Upper half, from right to left, ends on the axis; in log z an ellipse with the interval's ends for foci."""
    points = contour.ellipse(low, high, 64)
    assert points.nodes.size == points.weights.size == 33
    assert np.all(points.nodes[[0, -1]].imag == 0) and np.all(points.weights[[0, -1]].imag == 0)
    assert points.nodes[-1].real < low and points.nodes[0].real > high
    assert np.all(points.nodes.real > 0) and np.all(points.nodes[1:-1].imag > 0)
    w = np.log(points.nodes)
    sums = np.abs(w - np.log(low)) + np.abs(w - np.log(high))
    np.testing.assert_allclose(sums, sums[0], rtol=1e-12)
    # half way, in the parameter of the ellipse, to the one that touches |Im w| = π/2
    half = np.log(high / low) / 2
    assert np.arccosh(sums[0] / 2 / half) == pytest.approx(np.arcsinh(np.pi / 2 / half) / 2, rel=1e-12)
    # a point outside is not encircled
    assert abs(points.integrate(1 / (points.nodes + 0.1 * low))) < 0.2


@pytest.mark.parametrize("low, high", INTERVALS)
def test_count_is_the_least_for_its_digits(low, high):
    """The error of every second node falls as e^{−count·ρ/2}, with ρ half the way to the ellipse that touches |Im w| = π/2."""
    rho = np.arcsinh(np.pi / 2 / (np.log(high / low) / 2)) / 2
    for digits in (3, 11, 40, 300):
        count = contour.count_for(low, high, digits)
        assert np.exp(-count * rho / 2) <= 10.0**-digits < np.exp(-(count - 4) * rho / 2)


def test_forty_digits():
    """Cauchy's formula, and in double precision the same nodes and weights."""
    low, high, count = 0.5, 3.0, 4 * 60
    with mp.workdps(50):
        nodes, weights = contour.ellipse_mpmath(mp.mpf(low), mp.mpf(high), count)
        for pole in (mp.mpf("0.6"), mp.mpf(2)):
            total = 2 * mp.fsum((w * mp.exp(-z) / (z - pole)).real for z, w in zip(nodes, weights, strict=True))
            assert abs(total - mp.exp(-pole)) < mp.mpf(10) ** -40
        assert all(nodes[end].imag == 0 and weights[end].imag == 0 for end in (0, -1))
    points = contour.ellipse(low, high, count)
    np.testing.assert_allclose([complex(z) for z in nodes], points.nodes, rtol=1e-13)
    np.testing.assert_allclose([complex(w) for w in weights], points.weights, rtol=1e-12, atol=1e-15)
