"""Times of the empirical score: roots of the written formulas to 30 digits, limits in α_D, order of the times, kinds of a mixture."""

import mpmath
import numpy as np
import pytest

from theory import ConvergenceError, Gaussian, Mixture, activations
from theory.empirical import HiddenManifold, basin_radius, collapse_time, condensation_time, onset_time

#: 2α of the three times for Σ = I
ISOTROPIC = {
    onset_time: lambda h: mpmath.log1p(1 / h) + 1 / (1 + h),
    collapse_time: lambda h: mpmath.log1p(1 / h),
    condensation_time: lambda h: mpmath.log1p(1 / h) - 1 / (1 + h) + 1 / (1 + h) ** 2,
}


def h_of(t):
    return mpmath.expm1(2 * t)


@pytest.mark.parametrize("time", ISOTROPIC)
@pytest.mark.parametrize("alpha", [0.01, 0.5, 4])
def test_thirty_digits_of_the_isotropic_formulas(time, alpha):
    with mpmath.workdps(45):
        h = h_of(time(alpha, dps=40))
        root = mpmath.findroot(lambda x: ISOTROPIC[time](mpmath.exp(x)) - 2 * mpmath.mpf(alpha), mpmath.log(h) + 0.01)
        assert abs(mpmath.log(h) - root) < mpmath.mpf(10) ** -33
        assert abs(mpmath.mpf(time(alpha)) / time(alpha, dps=40) - 1) < 1e-15


@pytest.mark.parametrize("variance", [0.3, 2.0])
def test_collapse_in_closed_form(variance):
    alpha = 0.7
    expected = np.log1p(variance / np.expm1(2 * alpha)) / 2
    assert abs(collapse_time(alpha, variance=variance) / expected - 1) < 1e-14
    assert abs(collapse_time(alpha, data=Gaussian(((variance, 1),))) / expected - 1) < 1e-14


@pytest.mark.parametrize("time", ISOTROPIC)
def test_a_manifold_is_its_covariance(time):
    """The closed form against the eigenvalues of one matrix FF^T/D."""
    d, D = 1200, 480
    F = np.random.default_rng(0).standard_normal((d, D))
    lam = np.linalg.eigvalsh(F.T @ F / D)
    atoms = (*((value, 1 / d) for value in lam), (0, 1 - D / d))
    assert abs(time(0.4, alpha_D=0.4) / time(0.4, data=Gaussian(atoms)) - 1) < 3e-3


def test_few_directions_are_isotropic_ones_of_variance_1_over_alpha_D():
    """α_D → 0 at α/α_D fixed: the number of samples that matters is exponential in D, not in d."""
    alpha_D, per_direction = 1e-5, 0.6
    h = h_of(collapse_time(alpha_D * per_direction, alpha_D=alpha_D))
    assert abs(float(h * alpha_D * mpmath.expm1(2 * per_direction)) - 1) < 1e-4


def test_structure_makes_collapse_earlier_or_later():
    """At fixed log n/d it falls with α_D, at fixed log n/D it rises: the dimension that n is exponential in decides."""
    fixed_d = [collapse_time(0.5, alpha_D=a) for a in (0.1, 0.3, 1)]
    fixed_D = [collapse_time(0.5 * a, alpha_D=a) for a in (0.1, 0.3, 1)]
    assert fixed_d == sorted(fixed_d) and fixed_D == sorted(fixed_D, reverse=True)


@pytest.mark.parametrize(
    "data",
    [
        Gaussian(),
        Gaussian.power_law(1.5, nodes=20),
        HiddenManifold(0.2),
        HiddenManifold(1),
        HiddenManifold(0.5, 1, activations.tanh),
        HiddenManifold(0.5, 1, activations.polynomial((-1, 0, 1))),
    ],
)
@pytest.mark.parametrize("alpha", [0.05, 1.0])
def test_order_of_the_times(data, alpha):
    assert condensation_time(alpha, data=data) < collapse_time(alpha, data=data) < onset_time(alpha, data=data)


def test_a_nonlinear_manifold_has_the_covariance_of_its_equivalent():
    F = np.random.default_rng(1).standard_normal((1000, 500))
    found = activations.tanh
    z, weight = np.polynomial.hermite_e.hermegauss(100)
    weight = weight / weight.sum()
    a, total = weight @ (1 - np.tanh(z) ** 2), weight @ np.tanh(z) ** 2
    lam = a**2 * np.linalg.eigvalsh(F @ F.T / 500) + total - a**2
    atoms = tuple((value, 1 / 1000) for value in lam)
    assert abs(collapse_time(0.4, data=HiddenManifold(0.5, 1, found)) / collapse_time(0.4, data=Gaussian(atoms)) - 1) < 3e-3


def test_each_kind_of_a_mixture_has_its_time():
    mixture = Mixture((0.8, 0.2), variances=(1.0, 0.25), means=((1, -1), (-1, 1)))
    expected = [collapse_time(0.5, variance=v) for v in mixture.scales]
    assert np.allclose(collapse_time(0.5, data=mixture), expected, rtol=1e-14)
    assert len(collapse_time(0.5, data=mixture, dps=20)) == 2


def test_basin_of_a_trap():
    """Nothing above the onset; the distance √h of a typical trajectory at the collapse; constant below, not the uncondensed formula."""
    alpha = 0.5
    onset, collapse = onset_time(alpha), collapse_time(alpha)
    assert basin_radius(1.01 * onset, alpha) == 0 < basin_radius(0.99 * onset, alpha)
    at_collapse = np.sqrt(float(h_of(collapse)))
    assert abs(basin_radius(collapse * (1 + 1e-9), alpha) - at_collapse) < 1e-7
    assert all(abs(basin_radius(x * collapse, alpha) - at_collapse) < 1e-12 for x in (0.01, 0.5, 0.999))


def test_the_basin_below_the_collapse_ends_half_way_to_the_next_point():
    """At t → 0, in a random direction from one of n points: the median is wider by a correction that falls with d."""
    rng, excess = np.random.default_rng(3), []
    for d in (10, 28):
        points = rng.standard_normal((int(np.exp(0.4 * d)), d))
        radii = []
        for _ in range(100):
            e = rng.standard_normal(d)
            away = points - rng.standard_normal(d)
            along = away @ (e / np.linalg.norm(e))
            # |y − a'|² = |y − a|² at y = a + r e: r = |a' − a|²/(2 e·(a' − a))
            radii.append(np.min(np.where(along > 0, np.sum(away**2, 1) / (2 * along), np.inf)))
        excess.append(np.median(radii) / np.sqrt(d) / basin_radius(1e-3, np.log(len(points)) / d) - 1)
    assert 0 < excess[1] < 0.15 and excess[1] < excess[0]


def test_beyond_double_precision():
    with pytest.raises(ConvergenceError, match="range of double precision"):
        collapse_time(2000.0)
    with pytest.raises(ValueError, match=r"data is given together with alpha_D = 0\.5"):
        collapse_time(0.5, alpha_D=0.5, data=Gaussian())


@pytest.mark.parametrize("time", ISOTROPIC)
@pytest.mark.parametrize("alpha_D", ["0.3", "1"])
def test_thirty_digits_on_a_manifold(time, alpha_D):
    """The closed form against the law of Marchenko and Pastur, λ = 1 + c + 2√c cos θ, whose trapezoidal sums converge geometrically."""
    with mpmath.workdps(45):
        c, steps = 1 / mpmath.mpf(alpha_D), 600
        h = h_of(time(mpmath.mpf("0.4"), alpha_D=mpmath.mpf(alpha_D), dps=40))
        total = mpmath.mpf(0)
        for k in range(steps):
            angle = mpmath.pi * (k + mpmath.mpf(1) / 2) / steps
            lam = 1 + c + 2 * mpmath.sqrt(c) * mpmath.cos(angle)
            share = lam / (lam + h)
            extra = {"onset_time": share, "collapse_time": 0, "condensation_time": share**2 - share}[time.__name__]
            total += 2 * mpmath.sin(angle) ** 2 / lam * (mpmath.log1p(lam / h) + extra) / steps
        assert abs(total - mpmath.mpf("0.8")) < mpmath.mpf(10) ** -30
