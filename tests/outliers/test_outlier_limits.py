"""Outliers where numbers grow small: late in the diffusion, of directions with hardly any variance, and what is refused."""

import numpy as np
import pytest

from theory import ConvergenceError, RandomFeatureModel
from theory import activations as A
from theory.digits import mp, to_mpf
from theory.equations import Parameters
from theory.outliers import closed_form as outliers
from theory.outliers.bbp import critical_spike
from theory.outliers.closed_form import outliers_of


@pytest.mark.parametrize("t", [6.0, 12.0, 18.0, 400.0, 800.0])
def test_late_in_the_diffusion_no_direction_of_the_data_is_seen(t):
    """As digits are lost to what tells directions apart, more are worked with."""
    model = RandomFeatureModel(A.erf, 4, 3, t)
    assert critical_spike(model) > 100
    for variance in (0.5, 2.0, 100.0):
        assert outliers_of(model.spectrum(), variance) == ()


def test_many_features_see_a_direction_late():
    """ψ_p = 1e12 and e^{−2t} = 1e-5 of the noise: the same outlier with more digits."""
    model = RandomFeatureModel(A.erf, 1e12, 1e13, 7.0)
    variance = 3 * critical_spike(model)
    assert variance * np.exp(-14) < 1e-4
    (outlier,), (exact,) = (outliers_of(model.spectrum(), variance, dps) for dps in (None, 40))
    assert outlier.eigenvalue == pytest.approx(float(exact.eigenvalue), rel=1e-12)
    assert outlier.overlap == pytest.approx(float(exact.overlap), rel=1e-6)


FEW = RandomFeatureModel(A.linear, 2, 10, 1e-14)


def test_a_direction_of_hardly_any_variance():
    """Linear features, λ* ~ Δ_t → 0: every other direction has h ≫ h*, so that z = h*(ψ_p − 1), h* = Δ_t + λ*g, g = 1 − 1/ψ_n."""
    for variance in (1e-14, 1e-12):
        (outlier,) = outliers_of(FEW.spectrum(), variance)
        assert outlier.eigenvalue == pytest.approx(-np.expm1(-2e-14) + 0.9 * variance, rel=1e-10)


def test_the_condition_is_measured_against_its_own_terms():
    """Not against larger ones: an outlier is not that of a direction whose variance differs in the twelfth digit."""
    with mp.workdps(60):
        parameters, nodes, weights, _ = outliers.exact_system(FEW.spectrum(), None)
        variance = to_mpf(1e-14)
        (point,) = (
            x
            for x in outliers.curve_points(parameters, nodes, weights, variance)
            if outliers._certified(x, parameters, nodes, weights, variance, 17)
        )
        with pytest.raises(ConvergenceError, match="is not exact"):
            outliers._certified(point, parameters, nodes, weights, variance * (1 + mp.mpf("1e-12")), 17)


@pytest.mark.parametrize(
    "overlap, data_overlap, allowed",
    [
        (0.5, 0.25, True),
        (1, 1, True),
        (2, 0.5, False),
        (0.5, 2, False),
        (1.0001, 0.5, False),
        (-0.5, 0.5, False),
        (0.5, -0.5, False),
    ],
)
def test_overlaps_are_fractions(overlap, data_overlap, allowed, monkeypatch):
    """With equations whose slopes are such that dq/dz = dδ/dz = 1, the overlap is −1/D' and that with the data 2 ψ_p b/(∂D/∂b)."""
    psi_p, b = 3, 0.5
    rows = (1, 0, -1, 0), (0, 1, -1, 0), (0, 0, -1 / overlap, 2 * psi_p * b / data_overlap)
    monkeypatch.setattr(outliers, "_response_function", lambda: lambda *_: (0, 0, 0, *rows[0], *rows[1], *rows[2]))
    arguments = (mp.mpf(1), mp.mpf(1), mp.mpf(7)), Parameters(psi_p, 1, 1, b, 1, 0), [1], [1], 2.0, 17
    if allowed:
        assert outliers._certified(*arguments) == pytest.approx((7, overlap, data_overlap))
    else:
        with pytest.raises(ConvergenceError, match=r"not in \(0, 1\]"):
            outliers._certified(*arguments)
