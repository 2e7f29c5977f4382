"""Thresholds of the BBP transition: against the edges, the outliers on both sides, closed forms, and more digits."""

from dataclasses import replace

import mpmath
import numpy as np
import outlier_models
import pytest
from tolerances import digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.outliers import bbp
from theory.outliers.bbp import critical_psi_n, critical_separation, critical_spike, critical_time, threshold_at, windows
from theory.outliers.closed_form import outliers_of

MODELS = {
    **outlier_models.MODELS,
    "null directions": RandomFeatureModel(A.erf, 5, 2, 0.1, Gaussian(((0, 0.5), (2, 0.5)))),
}


@pytest.mark.parametrize("name", MODELS)
def test_windows_are_where_the_outliers_are(name):
    """Random spikes: each gap holds one outlier if the spike lies within its window, none if not; outliers lie nowhere else."""
    spectrum = MODELS[name].spectrum()
    found, rng = windows(spectrum), np.random.default_rng(3)
    assert found and np.isinf(found[-1].high) and np.isinf(found[-1].largest)
    near = [x * factor for w in found for x in (w.smallest, w.largest) if 0 < x < np.inf for factor in (0.999, 1.001)]
    for variance in [*near, *np.exp(rng.uniform(-6, 6, 40))]:
        values = [o.eigenvalue for o in outliers_of(spectrum, variance)]
        inside = [w for w in found if w.smallest < variance < w.largest]
        assert len(values) == len(inside)
        assert all(sum(w.low < value < w.high for value in values) == 1 for w in inside)


def test_windows_of_three_gaps():
    """Below all bulks, between them, and above: which directions each gap shows."""
    spectrum = MODELS["three gaps"].spectrum()
    found, edges = windows(spectrum), spectrum.edges()
    assert [(w.low, w.high) for w in found] == [(-np.inf, edges[0]), edges[1:3], edges[3:5], (edges[5], np.inf)]
    # without an atom no direction comes out below
    assert windows(MODELS["few features"].spectrum())[0].low > 0


@pytest.mark.parametrize("name", MODELS)
def test_at_the_threshold_the_outlier_reaches_the_edge_and_its_overlap_vanishes(name):
    spectrum = MODELS[name].spectrum()
    for window in windows(spectrum):
        for threshold, edge, side in ((window.smallest, window.low, 1), (window.largest, window.high, -1)):
            if not 0 < threshold < np.inf:
                continue
            if not np.isfinite(edge) or threshold_at(spectrum, spectrum.support.table[_row(spectrum, edge)]) != threshold:
                edge = window.high if side == 1 else window.low  # 1 + δ < 0: the other end
            distances, overlaps = [], []
            for step in (1e-3, 1e-4):
                variance = threshold * (1 + side * step)
                inside = [o for o in outliers_of(spectrum, variance) if window.low < o.eigenvalue < window.high]
                (outlier,) = inside
                distances.append(abs(outlier.eigenvalue - edge)), overlaps.append(outlier.overlap)
            # quadratic and linear in the distance from the threshold
            assert distances[0] / distances[1] == pytest.approx(100, rel=0.15)
            assert overlaps[0] / overlaps[1] == pytest.approx(10, rel=0.15)


def _row(spectrum, edge):
    return int(np.argmin(np.abs(np.array(spectrum.edges()) - edge)))


def test_largest_minimum_against_the_edge():
    """Two routes for one eigenvalue of the covariance: the fold of z(λ*), and (q, δ) at the edge."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        psi_p, psi_n = np.exp(rng.uniform(-3, 4, 2))
        data = Gaussian(((np.exp(rng.uniform(-3, 3)), 1),))
        model = RandomFeatureModel(A.erf, psi_p, psi_n, np.exp(rng.uniform(-5, 1)), data)
        spectrum = model.spectrum()
        assert critical_spike(model) == pytest.approx(
            threshold_at(spectrum, spectrum.support.table[-1]), rel=double("resolvent")
        )


@pytest.mark.parametrize("psi_p", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("t", [0.05, 1.0])
def test_many_samples(psi_p, t):
    """ψ_n → ∞: the spiked Wishart threshold 1 + 1/√ψ_p in the variance α²λ + b² relative to that of the bulk."""
    model = RandomFeatureModel(A.erf, psi_p, 1e14, t)
    ratio = model.noise_variance / model.decay**2
    assert critical_spike(model) == pytest.approx(1 + (1 + ratio) / np.sqrt(psi_p), rel=1e-6)
    # many features as well: at t → 0 only the data's own fluctuations remain
    many = RandomFeatureModel(A.linear, 1e10, 2.5, 1e-12)
    assert critical_spike(many) == pytest.approx(1 + 1 / np.sqrt(2.5), rel=1e-3)


@pytest.mark.parametrize("name", ["hard edge", "three gaps", "two eigenvalues", "linear"])
def test_more_digits(name):
    model = MODELS[name]
    spectrum = model.spectrum()
    plain, ladder = windows(spectrum), {dps: windows(spectrum, dps) for dps in (30, 50)}
    top = {dps: critical_spike(model, dps) for dps in (30, 50)}
    assert top[50] == ladder[50][-1].smallest and critical_spike(model) == pytest.approx(
        float(top[50]), rel=double("resolvent")
    )
    for low, middle, high in zip(plain, ladder[30], ladder[50], strict=True):
        for end in ("smallest", "largest"):
            one, two, three = (getattr(w, end) for w in (low, middle, high))
            assert one == pytest.approx(float(three), rel=double("resolvent"))
            if 0 < one < np.inf:
                with mpmath.workdps(60):
                    assert abs(two / three - 1) < digits(30)


def test_threshold_is_where_the_outlier_of_fifty_digits_appears():
    model = MODELS["hard edge"]
    threshold = critical_spike(model, 50)
    with mpmath.workdps(60):
        above, below = (threshold * (1 + sign * mpmath.mpf(10) ** -40) for sign in (1, -1))
        # 1e-40 above the threshold it is 1e-80 above the edge, of which 60 digits know nothing; the slopes know
        assert not outliers_of(model.spectrum(), below, 50)
        (outlier,) = outliers_of(model.spectrum(), above, 50)
    assert 0 < outlier.overlap < 1e-38


def test_two_clusters():
    model = RandomFeatureModel(A.erf, 4, 3, 0.3, Gaussian(((2, 1),)))
    assert critical_separation(model) == pytest.approx(critical_spike(model) - 2, rel=double("identity"))
    assert critical_separation(model, 30) == pytest.approx(critical_separation(model), rel=double("resolvent"))
    with pytest.raises(ValueError, match="not isotropic; allowed"):
        critical_separation(MODELS["two eigenvalues"])


# --- the curve over time and samples ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hard edge", "few features"])
def test_critical_time(name):
    model = MODELS[name]
    variance = 2 * critical_spike(model)
    time = critical_time(model, variance)
    assert time > float(model.t)
    assert critical_spike(replace(model, t=time)) == pytest.approx(variance, rel=1e-9)
    assert outliers_of(replace(model, t=0.999 * time).spectrum(), variance)
    late = replace(model, t=1.001 * time).spectrum()
    assert all(o.eigenvalue < late.edges()[-1] for o in outliers_of(late, variance))


def test_critical_psi_n():
    model = MODELS["hard edge"]
    psi_n = critical_psi_n(model, 5.0)
    assert critical_spike(replace(model, psi_n=psi_n)) == pytest.approx(5.0, rel=1e-9)
    assert outliers_of(replace(model, psi_n=1.001 * psi_n).spectrum(), 5.0)
    assert not outliers_of(replace(model, psi_n=0.999 * psi_n).spectrum(), 5.0)


def test_crossings_with_more_digits():
    model = MODELS["hard edge"]
    for name, crossing in (("t", critical_time), ("psi_n", critical_psi_n)):
        fifty = crossing(model, 5, 50)
        assert crossing(model, 5) == pytest.approx(float(fifty), rel=1e-9)
        with mpmath.workdps(60):
            assert abs(critical_spike(replace(model, **{name: fifty}), 50) / 5 - 1) < digits(50)


def test_a_crossing_where_its_logarithm_vanishes():
    """At t = 1: digits are relative to t and not to log t."""
    model = MODELS["hard edge"]
    variance = critical_spike(replace(model, t=1), 45)
    with mpmath.workdps(50):
        assert abs(critical_time(model, variance, 30) - 1) < digits(30)


def test_where_nothing_crosses():
    model = MODELS["hard edge"]
    assert critical_time(model, 1.2) == 0.0  # never seen
    assert critical_psi_n(model, 1.2) == np.inf
    assert critical_psi_n(model, 1e9) == 0.0  # always seen
    assert critical_spike(RandomFeatureModel(A.cos, 4, 3, 0.1)) == np.inf
    assert windows(RandomFeatureModel(A.hermite(3), 4, 3, 0.1).spectrum()) == ()


def test_a_strong_direction_drowns_late(monkeypatch):
    """At t = 12, e^{-2t} variance = 1e12 e^{-24} = 38 is far above the threshold still; one that never falls below it is refused."""
    model = MODELS["hard edge"]
    assert 1e12 > critical_spike(replace(model, t=12.0)) > 1e9
    time = critical_time(model, 1e12)
    assert 12 < time < 15 and critical_spike(replace(model, t=time)) == pytest.approx(1e12, rel=1e-9)
    monkeypatch.setattr(bbp, "_threshold_in", lambda model, name: lambda t: 1.0)
    with pytest.raises(ConvergenceError, match=r"variance 1000000000000.0 still has an outlier at t = 1[5-9]"):
        critical_time(model, 1e12)


def test_a_window_of_times_narrower_than_the_grid_is_found():
    """Few samples show a direction between two times only, here for a tenth of a decade."""
    model, variance = RandomFeatureModel(A.erf, 1, 0.02, 0.3), 11.69326
    time = critical_time(model, variance)
    assert critical_spike(replace(model, t=time)) == pytest.approx(variance, rel=1e-9)
    assert critical_spike(replace(model, t=0.97 * time)) < variance < critical_spike(replace(model, t=0.8 * time))


def test_late_in_the_diffusion_more_samples_may_hide_a_direction():
    """The threshold has a minimum in ψ_n at late times; just above that minimum `critical_psi_n` still finds the first crossing."""
    model = replace(MODELS["hard edge"], t=1.0)
    thresholds = [critical_spike(replace(model, psi_n=x)) for x in (0.1, 0.5, 100.0)]
    assert thresholds[1] < thresholds[0] and thresholds[1] < thresholds[2]
    for variance in (4.25, 4.179):
        psi_n = critical_psi_n(model, variance)
        assert 0.1 < psi_n < 0.6 and critical_spike(replace(model, psi_n=psi_n)) == pytest.approx(variance, rel=1e-9)
    assert critical_psi_n(model, 4.1) == np.inf
    finite = [outliers_of(replace(model, psi_n=x).spectrum(), 4.4) for x in (0.5, 100.0)]
    assert finite[0] and not finite[1]


@pytest.mark.parametrize("value", [-1.0, 0.0, np.nan, "a"])
def test_invalid_input(value):
    for crossing in (critical_time, critical_psi_n):
        with pytest.raises(ValueError, match=r"^variance .*allowed"):
            crossing(MODELS["hard edge"], value)
    with pytest.raises(ValueError, match=r"^dps .*allowed"):
        critical_spike(MODELS["hard edge"], dps=0)
