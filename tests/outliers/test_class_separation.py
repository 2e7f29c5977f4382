"""Outliers of centroids: the closed form, the general engine and finite networks against each other, and the limits they share."""

from dataclasses import replace

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.outliers import (
    centroid_outliers,
    critical_time,
    direction_outliers,
    late_centroid_outliers,
    outliers_of,
    separation_times,
    speciation_times,
)
from theory.simulation import class_overlaps, kinds_of_samples
from theory.symbolic import class_separation as derived

ORTHOGONAL, OPPOSITE = np.eye(2), ((1, -1), (-1, 1))


def model(u, d, weights=(0.7, 0.3), means=ORTHOGONAL, **changes):
    """At t = ½ log d + u."""
    options = {"activation": A.tanh, "psi_p": 4, "psi_n": 5, "t": 0.5 * np.log(d) + u, "data": Mixture(weights, means=means)}
    return RandomFeatureModel(**{**options, **changes})


# --- closed form -----------------------------------------------------------------------------------------------------


def test_orthogonal_centroids():
    """1 − [(e^{2t} − 1 + σ̄²)/(π_c |m_c|²)]²/ψ_p for each class, by hand."""
    first, second = late_centroid_outliers(model(-1, 200), 200)
    scale = np.exp(2 * np.log(200) / 2 - 2)
    for outlier, weight, place in ((first, 0.7, 0), (second, 0.3, 1)):
        expected = 1 - (scale / (weight * 200)) ** 2 / 4
        assert outlier.overlap == pytest.approx(expected, rel=1e-12)
        assert outlier.class_overlaps[place] == pytest.approx(expected, rel=1e-12)
        assert outlier.class_overlaps[1 - place] == pytest.approx(0, abs=1e-12)


def test_correlated_centroids_are_those_of_the_derivation():
    gram = np.array([[1.0, 0.6], [0.6, 1.5]])
    found = late_centroid_outliers(model(-1.2, 300, means=gram), 300)
    values = {derived.pi_1: 0.7, derived.pi_2: 0.3, derived.norm_1: 1.0, derived.norm_2: np.sqrt(1.5)}
    values[derived.cosine] = 0.6 / np.sqrt(1.5)
    for outlier, row in zip(found, derived.two_centroids().alignments, strict=True):
        cosines = [float(x.subs(values)) for x in row]
        assert np.array(outlier.class_overlaps) / outlier.overlap == pytest.approx(cosines, rel=1e-10)


@pytest.mark.parametrize("sigma2", [1.0, 0.4])
def test_many_samples_and_a_linear_network_are_the_near_centroid(sigma2):
    """Exact at any t there: against the outlier of a spike of variance σ̄² + μ at ψ_n = 1e8."""
    linear = model(
        0, 1, activation=A.linear, psi_n=1e8, t=0.8, data=Mixture((0.7, 0.3), (sigma2, sigma2), spikes=9 * ORTHOGONAL)
    )
    found = late_centroid_outliers(linear, 1)
    gaussian = replace(linear, data=Gaussian(((sigma2, 1),)))
    for outlier, weight in zip(found, (0.7, 0.3), strict=True):
        (expected,) = outliers_of(gaussian.spectrum(), sigma2 + 9 * weight)
        assert outlier.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-6)
        assert outlier.overlap == pytest.approx(expected.overlap, rel=1e-6)
    times = separation_times(linear, 1)
    assert times == pytest.approx([critical_time(gaussian, sigma2 + 9 * weight) for weight in (0.7, 0.3)], rel=1e-5)


def test_times_and_their_leading_form():
    times = separation_times(model(0, 10**8), 10**8)
    assert times == pytest.approx(0.5 * np.log(10**8 * np.array([0.7, 0.3])) + 0.25 * np.log(4), abs=1e-6)
    assert times[0] - times[1] == pytest.approx(0.5 * np.log(7 / 3), abs=1e-6)
    weak = Mixture((0.5, 0.5), (2, 2), spikes=0.1 * ORTHOGONAL)
    assert separation_times(model(0, 10, data=weak), 10).tolist() == [0, 0]


def test_an_outlier_is_there_up_to_its_time():
    base = model(0, 300)
    for rank, time in enumerate(separation_times(base, 300)):
        before, after = (late_centroid_outliers(replace(base, t=time + step), 300) for step in (-1e-6, 1e-6))
        assert len(before) == len(after) + 1 == rank + 1


def test_speciation_is_about_the_covariance():
    """Two classes have one speciation, of their difference, but two separations; ±m of any weight has one of each."""
    assert speciation_times(model(0, 400).data, 400) == pytest.approx([0.5 * np.log(1 + 0.7 * 0.3 * 800)])
    assert speciation_times(model(0, 400, means=OPPOSITE).data, 400) == pytest.approx([0.5 * np.log(1 + 4 * 0.21 * 400)])
    assert len(separation_times(model(0, 400, means=OPPOSITE), 400)) == 1
    assert len(speciation_times(Mixture((1,), means=((1,),)), 100)) == 0
    assert len(separation_times(model(0, 100, (1,), ((1,),)), 100)) == 1


def test_a_mean_activation_absorbs_the_common_mean():
    relu = model(-1, 400, activation=A.relu)
    (outlier,) = late_centroid_outliers(relu, 400)
    assert separation_times(relu, 400) == pytest.approx([0.5 * np.log(0.42 * 400 * 2)], rel=1e-12)
    # e = (m_1 − m_2)/|m_1 − m_2| has the squared cosine ½ with each
    assert np.array(outlier.class_overlaps) == pytest.approx(outlier.overlap / 2, rel=1e-12)


def test_a_centroid_at_the_origin_has_no_overlap():
    one = model(-1, 200, means=((1, 0), (0, 0)))
    (outlier,) = late_centroid_outliers(one, 200)
    assert outlier.class_overlaps[1] == 0 < outlier.class_overlaps[0]
    assert late_centroid_outliers(model(-1, 200, data=Mixture((0.5, 0.5), (1, 2))), 200) == ()


# --- at any time -----------------------------------------------------------------------------------------------------


def test_engine_has_the_late_limit():
    late, d = model(-0.6, 10**5, means=OPPOSITE, types=6), 10**5
    (expected,), (found,) = late_centroid_outliers(late, d), centroid_outliers(late.spectrum(), d)
    assert found.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-4)
    assert found.overlap == pytest.approx(expected.overlap, abs=1e-4)
    assert found.class_overlaps == pytest.approx(expected.class_overlaps, abs=1e-4)


def test_engine_has_the_near_centroids():
    """Far centroids with |m|² = 9 at d = 1e7, of two kinds that differ in variance: those of `direction_outliers`."""
    d, near = 10**7, Mixture((0.6, 0.4), (1, 2), spikes=((9, -9), (-9, 9)))
    base = model(0, 1, psi_p=3, psi_n=3, t=0.3, data=near, types=4)
    (expected,) = direction_outliers(base.spectrum())
    far = replace(base, data=Mixture((0.6, 0.4), (1, 2), means=np.array(near.spikes) / d))
    (found,) = centroid_outliers(far.spectrum(), d)
    assert found.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-5)
    assert found.overlap == pytest.approx(expected.overlap, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("t", [0.3, 1.6])
def test_engine_against_networks(t):
    """Early, when the mean activation is not linear in the projection, and halfway; four draws at d = 100, tanh."""
    d, early = 100, model(0, 1, means=OPPOSITE, t=t, types=8)
    (outlier,) = centroid_outliers(early.spectrum(), d)
    draws = [early.simulate(d, seed) for seed in range(4)]
    overlap = np.mean([class_overlaps(draw, 1)[0] for draw in draws], axis=0)
    top = np.mean([draw.eigenvalues[-1] for draw in draws])
    assert np.array(outlier.class_overlaps) == pytest.approx(overlap, abs=0.012)
    assert outlier.eigenvalue == pytest.approx(top, rel=0.12)


@pytest.mark.slow
@pytest.mark.parametrize(("weights", "bound"), [((0.7, 0.3), 0.05), ((0.95, 0.05), 0.05)])
def test_closed_form_against_networks(weights, bound):
    """Six draws at d = 200, away from the threshold: |η √ψ_p − 1| of every class is above 0.2."""
    d, late = 200, model(-1, 200, weights)
    found = np.zeros(2)
    for outlier in late_centroid_outliers(late, d):
        found += np.array(outlier.class_overlaps)
    overlaps = np.mean([class_overlaps(late.simulate(d, seed)) for seed in range(6)], axis=0)
    assert np.diag(overlaps) == pytest.approx(found, abs=bound)


@pytest.mark.parametrize("weights", [(0.7, 0.3), (0.95, 0.05)])
def test_correlated_centroids_against_networks(weights):
    """Each eigenvector with each class, six draws at d = 200; the weaker direction is far above its threshold, or far below."""
    d, gram = 200, np.array([[1.0, 0.5], [0.5, 1.0]])
    late = model(-1.2, d, weights, gram, psi_p=2, psi_n=1)
    expected = np.zeros((2, 2))
    for row, outlier in enumerate(late_centroid_outliers(late, d)):
        expected[row] = outlier.class_overlaps
    found = np.mean([class_overlaps(late.simulate(d, seed)) for seed in range(6)], axis=0)
    assert found == pytest.approx(expected, abs=0.05)


def test_overlaps_of_a_draw_by_hand():
    draw = model(-1, 20).simulate(20, seed=1)
    m = kinds_of_samples(draw.model.data, 20)[2]
    vectors = np.linalg.eigh(draw.U)[1]
    for k in range(3):
        for c in range(2):
            w = draw.W @ m[c]
            expected = (vectors[:, -1 - k] @ w) ** 2 / (w @ w)
            assert class_overlaps(draw, 3)[k, c] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: late_centroid_outliers(model(0, 10, data=Gaussian()), 10), "model = "),
        (lambda: late_centroid_outliers(model(0, 10, bias=1.0), 10), "bias = 0"),
        (lambda: separation_times(model(0, 10, t=TimeGrid((1.0, 2.0), (0.5, 0.5))), 10), "a number t"),
        (lambda: separation_times(model(0, 10), 0), "d = 0"),
        (lambda: speciation_times(Gaussian(), 10), "data = "),
        (lambda: centroid_outliers(model(0, 10, data=Gaussian(), t=0.3).spectrum(), 10), "spectrum = .*far centroids"),
        (lambda: class_overlaps(model(0, 10).simulate(5), 21), "count = 21"),
    ],
)
def test_invalid_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
