"""The nonlinear part where it is summed in Hermite polynomials, against the error function in closed form."""

import mpmath
import numpy as np
import pytest
from scipy.special import erf

from theory import activations
from theory.couplings.gaussian_averages import data_rule, is_late, split_average


@pytest.mark.parametrize("mean", [0.0, 3.0])
@pytest.mark.parametrize(("data", "late"), [(1.0, True), (0.3, True), (1.05, False)])
def test_nonlinear_part_on_both_sides_of_the_change_of_method(mean, data, late):
    """erf(m + data u + noise v) at a pre-activation so wide that coefficients fall off slowly: the last orders of the series count."""
    noise, width = 10.2, 0.125
    assert is_late(data, noise) == late
    u, weight = data_rule(activations.erf, ((mean, data, noise),), width)
    kappa, slope, nonlinear, _ = split_average(activations.erf, mean, data, noise, u, weight, width)
    total = data**2 + noise**2
    expected_kappa = erf(mean / np.sqrt(1 + 2 * total))
    expected_slope = 2 / np.sqrt(np.pi * (1 + 2 * total)) * np.exp(-(mean**2) / (1 + 2 * total))
    expected = erf((mean + data * u) / np.sqrt(1 + 2 * noise**2)) - expected_kappa - expected_slope * data * u
    assert kappa == pytest.approx(expected_kappa, abs=1e-14) and slope == pytest.approx(expected_slope, rel=1e-12)
    # in the norm of the Gaussian, in which 1e-16 of σ is lost in the expectation's differences
    assert np.sqrt(weight @ (nonlinear - expected) ** 2) < 1e-14 + 1e-11 * np.sqrt(weight @ expected**2)


def test_small_coefficients_count_where_they_are_the_largest_beyond_the_linear_one():
    """Narrow pre-activations: the cubic coefficient is 1e-6 of the linear one, and all that the nonlinear part has."""
    data, noise = 1e-3, 0.03
    u, weight = data_rule(activations.erf, ((0.0, data, noise),), 0.25)
    _, _, nonlinear, _ = split_average(activations.erf, 0.0, data, noise, u, weight, 0.25)
    exact = mpmath.MPContext()
    exact.dps = 40
    x, y = exact.mpf(data), exact.mpf(noise)
    slope = 2 / exact.sqrt(exact.pi * (1 + 2 * (x**2 + y**2)))
    expected = np.array([float(exact.erf(x * z / exact.sqrt(1 + 2 * y**2)) - slope * x * z) for z in u.tolist()])
    assert np.sqrt(weight @ (nonlinear - expected) ** 2) < 1e-8 * np.sqrt(weight @ expected**2)
