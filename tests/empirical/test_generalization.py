"""The generalization time against numerical minimisation, a kernel density of finite size, and the limits of few directions."""

import mpmath
import numpy as np
import pytest

from theory import Gaussian, Mixture
from theory.empirical import (
    HiddenManifold,
    collapse_time,
    condensation_time,
    cross_entropy,
    generalization_time,
    kl_divergence,
)


@pytest.mark.parametrize(
    "options",
    [{}, {"alpha_D": 0.3}, {"alpha_D": 0.3, "on_support": True}, {"data": Gaussian(((0.5, 0.5), (2, 0.25), (0, 0.25)))}],
)
def test_thirty_digits_of_the_minimum(options):
    alpha = 0.5
    with mpmath.workdps(60):
        found = generalization_time(alpha, dps=45, **options)
        nudge = mpmath.mpf(10) ** -15

        def slope(t):
            return cross_entropy(t + nudge, alpha, dps=58, **options) - cross_entropy(t - nudge, alpha, dps=58, **options)

        root = mpmath.findroot(slope, (found * 0.999, found * 1.001), solver="secant", tol=1e-70)
        # the difference is symmetric: its zero is that of the derivative up to the square of the nudge
        assert abs(root - found) < mpmath.mpf(10) ** -28
    assert abs(generalization_time(alpha, **options) / found - 1) < 1e-15


def test_the_isotropic_minimum():
    """h_g = u + u², u = h_f/(1 + h_f), and KL there α + ½ log h_g."""
    alpha = 0.5
    h_f = np.expm1(2 * condensation_time(alpha))
    u = h_f / (1 + h_f)
    t = generalization_time(alpha)
    assert abs(np.expm1(2 * t) / (u + u**2) - 1) < 1e-13
    assert abs(kl_divergence(t, alpha) - alpha - np.log(u + u**2) / 2) < 1e-13


def test_cross_entropy_is_continuous_at_the_condensation():
    alpha, t = 0.5, condensation_time(0.5, alpha_D=0.3)
    values = [cross_entropy(t * (1 + x), alpha, alpha_D=0.3) for x in (-1e-8, 0, 1e-8)]
    assert max(values) - min(values) < 1e-6


def test_far_up_the_divergence_is_that_of_two_gaussians():
    h = np.expm1(2 * 1.5)
    assert abs(kl_divergence(1.5, 0.5) - (np.log1p(h) - h / (1 + h)) / 2) < 1e-14


def test_the_divergence_is_infinite_off_the_support():
    assert kl_divergence(0.3, 0.5, alpha_D=0.5) == np.inf
    assert np.isfinite(kl_divergence(0.3, 0.5, alpha_D=0.5, on_support=True))
    assert abs(kl_divergence(0.3, 0.5, alpha_D=1) - kl_divergence(0.3, 0.5, alpha_D=1, on_support=True)) < 1e-14


def test_few_directions():
    """α_D → 0: h_g/h_f → α_D, as the orthogonal noise asks, and 1 for an estimate that knows the manifold."""
    alpha, ratios, known = 0.5, [], []
    for alpha_D in (0.1, 0.03, 0.01):
        h_f, h_g, h_s = (
            mpmath.expm1(2 * time)
            for time in (
                condensation_time(alpha, alpha_D=alpha_D, dps=30),
                generalization_time(alpha, alpha_D=alpha_D, dps=30),
                generalization_time(alpha, alpha_D=alpha_D, dps=30, on_support=True),
            )
        )
        ratios.append(float(h_g / h_f / alpha_D))
        known.append(float(h_s / h_f))
    assert abs(ratios[-1] - 1) < 1e-6 and abs(known[-1] - 1) < 1e-6
    assert generalization_time(alpha, alpha_D=0.1) < 0.2 * collapse_time(alpha, alpha_D=0.1)


def test_a_mixture_of_equal_kinds_and_of_different_ones():
    equal = Mixture((0.3, 0.7), means=((1, 0), (0, 1)))
    assert abs(generalization_time(0.5, data=equal) / generalization_time(0.5) - 1) < 1e-14
    mixture = Mixture((0.5, 0.5), variances=(1.0, 0.25))
    t = generalization_time(0.5, data=mixture)
    own = [generalization_time(0.5, variance=v) for v in mixture.scales]
    assert own[1] < t < own[0]
    around = [cross_entropy(t * x, 0.5, data=mixture) for x in (0.99, 1, 1.01)]
    assert around[1] == min(around)


@pytest.mark.slow
def test_cross_entropy_of_a_kernel_density():
    """−(1/d) E log P_t^e at fresh points, uncondensed and condensed; the corrections are logarithmic."""
    excess = []
    for d in (12, 28):
        rng = np.random.default_rng(0)
        points, fresh = rng.standard_normal((round(np.exp(0.4 * d)), d)), rng.standard_normal((200, d))
        distance2 = (fresh**2).sum(1)[:, None] + (points**2).sum(1) - 2 * fresh @ points.T
        for t in (0.1, 0.6):
            h = np.expm1(2 * t)
            energy = -distance2 / (2 * h)
            top = energy.max(1)
            log_p = top + np.log(np.exp(energy - top[:, None]).mean(1)) - d / 2 * np.log(2 * np.pi * h)
            excess.append(-log_p.mean() / d / cross_entropy(t, np.log(len(points)) / d) - 1)
    assert abs(excess[1]) < 5e-3 and abs(excess[3]) < 5e-3
    assert 0 < excess[2] < 0.1 and excess[2] < excess[0] / 1.5


def test_a_manifold_that_fills_space_by_its_nonlinearity_has_a_density():
    from theory import activations

    assert np.isfinite(kl_divergence(0.2, 0.5, data=HiddenManifold(0.5, 1, activations.tanh)))
