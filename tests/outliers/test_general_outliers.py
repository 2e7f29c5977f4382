"""Outliers of the general action: counted and located, against the scalar ones and finite networks."""

import numpy as np
import pytest

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.outliers import outliers, outliers_of
from theory.outliers.bbp import critical_spike
from theory.outliers.counted import direction_outliers, mean_outliers

ONE_TIME = TimeGrid((0.3,), (1,))
THREE_TIMES = TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4))


def pair(weights, squared_distance, variances=(1, 1)):
    """Clusters at ±m."""
    m2 = squared_distance
    return Mixture(weights, variances, spikes=((m2, -m2), (-m2, m2)))


@pytest.mark.parametrize(("psi_p", "spikes"), [(4.2, (5.0, 10.0)), (12, (9.0,)), (4.2, (1.5,))])
def test_one_of_each_has_the_scalar_outliers(psi_p, spikes):
    scalar = outliers(RandomFeatureModel(A.tanh, psi_p, 3, 0.3, Gaussian(spikes=spikes)).spectrum())
    general = direction_outliers(RandomFeatureModel(A.tanh, psi_p, 3, ONE_TIME, Gaussian(spikes=spikes)).spectrum())
    assert [o.eigenvalue for o in general] == pytest.approx([o.eigenvalue for o in scalar], rel=1e-10)
    assert [o.overlap for o in general] == pytest.approx([o.overlap for o in scalar], rel=1e-8)


def test_two_clusters_are_one_spike():
    """Clusters at ±m with |m|² = 9 are, to this order, one direction of variance 10."""
    clusters = RandomFeatureModel(A.tanh, 4.2, 3, 0.3, pair((0.5, 0.5), 9)).spectrum()
    spike = RandomFeatureModel(A.tanh, 4.2, 3, ONE_TIME, Gaussian(spikes=(10.0,))).spectrum()
    (one,), (other,) = direction_outliers(clusters), direction_outliers(spike)
    assert one.eigenvalue == pytest.approx(other.eigenvalue, rel=1e-10)
    assert one.overlap == pytest.approx(other.overlap, rel=1e-8)


@pytest.mark.parametrize("separation", [30, 99, 999, 1e6])
def test_no_direction_is_too_strong_to_be_found(separation):
    """The uppermost gap has no end: the bound of the bulk's norm says nothing of the outlier's."""
    found = direction_outliers(RandomFeatureModel(A.tanh, 4.2, 3, 0.3, pair((0.5, 0.5), separation)).spectrum())
    expected = outliers_of(RandomFeatureModel(A.tanh, 4.2, 3, 0.3).spectrum(), 1 + separation)
    eigenvalues, overlaps = (sorted(getattr(o, name) for o in expected) for name in ("eigenvalue", "overlap"))
    assert [o.eigenvalue for o in found] == pytest.approx(eigenvalues, rel=1e-9)
    assert sorted(o.overlap for o in found) == pytest.approx(overlaps, rel=1e-5)


def test_a_direction_that_loses_all_its_digits_is_refused():
    model = RandomFeatureModel(A.relu, 4.2, 3, 0.3, pair((0.7, 0.3), 1e7))
    with pytest.raises(ConvergenceError, match="too strong"):
        direction_outliers(model.spectrum())


# --- with a mean activation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(0.9, 0.1), (0.6, 0.4), (0.5, 0.5)])
def test_a_mean_activation_leaves_the_covariance_about_the_mean(weights):
    """One κ for all samples confines κ1 + αW E x: a spike of E x² − (E x)²."""
    found = direction_outliers(RandomFeatureModel(A.relu, 4.2, 3, 0.3, pair(weights, 9)).spectrum())
    centred = 1 + 9 * (1 - (weights[0] - weights[1]) ** 2)
    expected = outliers_of(RandomFeatureModel(A.relu, 4.2, 3, 0.3).spectrum(), centred)
    assert [o.eigenvalue for o in found] == pytest.approx([o.eigenvalue for o in expected], rel=1e-10)
    assert [o.overlap for o in found] == pytest.approx([o.overlap for o in expected], rel=1e-8)


def test_data_that_only_have_a_mean():
    """A single kind at m is a spike to an odd network, and none to one that has a mean activation of its own."""
    data = Mixture((1,), spikes=((9,),))
    (found,) = direction_outliers(RandomFeatureModel(A.tanh, 4.2, 3, 0.3, data).spectrum())
    (expected,) = outliers_of(RandomFeatureModel(A.tanh, 4.2, 3, 0.3).spectrum(), 10.0)
    assert found.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-10)
    assert direction_outliers(RandomFeatureModel(A.relu, 4.2, 3, 0.3, data).spectrum()) == ()


@pytest.mark.slow
def test_means_far_from_their_limit_against_networks():
    """Biases and kinds of unequal variance: two means, one weak, share the direction; at a given d both modes are predicted."""
    d, draws = 100, 12
    model = RandomFeatureModel(A.tanh, 4.2, 3, 0.3, pair((0.7, 0.3), 16, (1, 2)), bias=1.0)
    found = direction_outliers(model.spectrum(), d)
    values, overlaps = [], []
    for seed in range(draws):
        finite = model.simulate(d, seed)
        eigenvalues, vectors = np.linalg.eigh(finite.U)
        w = finite.W[:, 0]
        values.append(eigenvalues[-2:])
        overlaps.append((vectors[:, -2:].T @ w) ** 2 / (w @ w))
    assert len(found) == 2
    assert np.mean(values, axis=0) == pytest.approx([o.eigenvalue for o in found], rel=0.08)
    assert np.mean(overlaps, axis=0) == pytest.approx([o.overlap for o in found], abs=0.06)
    # nothing of that is left in the limit, where both means are confined, but that is far off: the weaker has a variance of 1.4e-7
    assert direction_outliers(model.spectrum()) == ()
    assert direction_outliers(model.spectrum(), 10**5)[0].eigenvalue == pytest.approx(11.4, rel=0.01)
    assert all(o.eigenvalue > 100 and o.overlap < 0.02 for o in direction_outliers(model.spectrum(), 10**9))


@pytest.mark.slow
def test_the_limit_is_that_of_large_dimensions():
    spectrum = RandomFeatureModel(A.relu, 4.2, 3, 0.3, pair((0.9, 0.1), 9)).spectrum()
    (limit,) = direction_outliers(spectrum)
    distances = [abs(direction_outliers(spectrum, d)[0].eigenvalue - limit.eigenvalue) for d in (10**3, 10**4)]
    assert distances[1] == pytest.approx(distances[0] / 10, rel=0.05)
    # the mean's own outlier, which the direction moves by O(1)
    (alone,) = mean_outliers(spectrum, 10**4)
    assert direction_outliers(spectrum, 10**4)[1].eigenvalue == pytest.approx(alone.eigenvalue, rel=1e-3)


@pytest.mark.slow
def test_kinds_of_unequal_variance_against_networks():
    """±m in kinds of variance 1 and 2; a single draw scatters by a few per cent, so that it takes the mean of some."""
    model = RandomFeatureModel(A.tanh, 3, 3, 0.3, pair((0.6, 0.4), 9, (1, 2)))
    (expected,) = direction_outliers(model.spectrum())
    error = []
    for d, draws in ((40, 24), (160, 12)):
        found = [model.simulate(d, seed=seed) for seed in range(draws)]
        error.append(abs(np.mean([f.eigenvalues[-1] for f in found]) / expected.eigenvalue - 1))
    assert error[1] < 0.04 and error[1] < error[0]
    overlaps = []
    for f in found:
        w = f.W[:, 0] / np.linalg.norm(f.W[:, 0])
        overlaps.append((np.linalg.eigh(f.U)[1][:, -1] @ w) ** 2)
    assert np.mean(overlaps) == pytest.approx(expected.overlap, abs=0.05)


def test_weak_directions_make_none():
    data = pair((0.5, 0.5), 0.2)
    assert direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, data).spectrum()) == ()
    assert direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, Mixture((0.5, 0.5))).spectrum()) == ()


@pytest.mark.slow
def test_mean_directions_of_the_time_integrated_network():
    model = RandomFeatureModel(A.tanh, 3, 2.5, THREE_TIMES, bias=1.0, types=12)
    error = []
    for d in (50, 100):
        (top,) = mean_outliers(model.spectrum(), d)
        error.append(abs(model.simulate(d, seed=0).eigenvalues[-1] / top.eigenvalue - 1))
    assert error[1] < 0.01 and error[1] < error[0]


def test_odd_features_without_biases_have_no_mean():
    assert mean_outliers(RandomFeatureModel(A.tanh, 3, 2.5, THREE_TIMES).spectrum(), 100) == ()


@pytest.mark.parametrize("function", [direction_outliers, lambda spectrum: mean_outliers(spectrum, 100)])
def test_one_type_kind_and_time_is_referred_to_the_scalar_outliers(function):
    with pytest.raises(ValueError, match=r"^spectrum = .*allowed: more of them"):
        function(RandomFeatureModel(A.relu, 3, 3, 0.3, Gaussian(spikes=(9.0,))).spectrum())


def test_spikes_in_an_anisotropic_mixture_are_refused():
    data = Mixture((0.5, 0.5), spikes=((9, -9), (-9, 9)), spectrum=((0.5, 0.5), (1.5, 0.5)))
    with pytest.raises(ValueError, match=r"^spectrum = .*allowed: one eigenvalue"):
        direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, data).spectrum())


def test_a_strong_direction_does_not_hide_a_weak_one_next_to_the_edge():
    """The last gap is as long as its outliers are large; what lies next to its start is looked for at the scale of the bulk."""
    base = RandomFeatureModel(A.tanh, 4.2, 3, 0.3)
    weak, strong = critical_spike(base) - 1 + 0.02, 1e6
    # pairs ±m of clusters along two axes, each a quarter of the data: both directions have half of |m|² as additional variance
    spikes = np.diag([2.0 * strong] * 2 + [2.0 * weak] * 2)
    spikes[[0, 1, 2, 3], [1, 0, 3, 2]] = [-2.0 * strong] * 2 + [-2.0 * weak] * 2
    found = RandomFeatureModel(A.tanh, 4.2, 3, 0.3, Mixture((0.25,) * 4, spikes=spikes)).spectrum().outliers()
    scalar = RandomFeatureModel(A.tanh, 4.2, 3, 0.3, Gaussian(spikes=(1 + weak,))).spectrum()
    (expected,) = (outlier.eigenvalue for outlier in scalar.outliers() if outlier.eigenvalue > scalar.edges()[-1])
    assert 1e-6 < expected / scalar.edges()[-1] - 1 < 1e-3
    above = [outlier.eigenvalue for outlier in found if outlier.eigenvalue > scalar.edges()[-1]]
    assert len(above) == 2 and above[0] == pytest.approx(expected, rel=1e-9)
