"""Outliers of the general action: counted and located, against the scalar ones and finite networks."""

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.general_outliers import direction_outliers, mean_outliers
from theory.outliers import outliers

ONE_TIME = TimeGrid((0.3,), (1,))
THREE_TIMES = TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4))


@pytest.mark.parametrize(("psi_p", "spikes"), [(4.2, (5.0, 10.0)), (12, (9.0,)), (4.2, (1.5,))])
def test_one_of_each_has_the_scalar_outliers(psi_p, spikes):
    scalar = outliers(RandomFeatureModel(A.tanh, psi_p, 3, 0.3, Gaussian(spikes=spikes)).spectrum())
    general = direction_outliers(RandomFeatureModel(A.tanh, psi_p, 3, ONE_TIME, Gaussian(spikes=spikes)).spectrum())
    assert [o.eigenvalue for o in general] == pytest.approx([o.eigenvalue for o in scalar], rel=1e-10)
    assert [o.overlap for o in general] == pytest.approx([o.overlap for o in scalar], rel=1e-8)


def test_two_clusters_are_one_spike():
    """Clusters at ±m with |m|² = 9 are, to this order, one direction of variance 10."""
    clusters = RandomFeatureModel(A.tanh, 4.2, 3, 0.3, Mixture((0.5, 0.5), spikes=((9, -9), (-9, 9)))).spectrum()
    spike = RandomFeatureModel(A.tanh, 4.2, 3, ONE_TIME, Gaussian(spikes=(10.0,))).spectrum()
    (one,), (other,) = direction_outliers(clusters), direction_outliers(spike)
    assert one.eigenvalue == pytest.approx(other.eigenvalue, rel=1e-10)
    assert one.overlap == pytest.approx(other.overlap, rel=1e-8)


def test_kinds_of_unequal_variance_against_networks():
    """±m in kinds of variance 1 and 2; a single draw scatters by a few per cent, so that it takes the mean of some."""
    model = RandomFeatureModel(A.tanh, 3, 3, 0.3, Mixture((0.6, 0.4), (1, 2), spikes=((9, -9), (-9, 9))))
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
    data = Mixture((0.5, 0.5), spikes=((0.2, -0.2), (-0.2, 0.2)))
    assert direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, data).spectrum()) == ()
    assert direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, Mixture((0.5, 0.5))).spectrum()) == ()


def test_mean_directions_of_the_time_integrated_network():
    model = RandomFeatureModel(A.tanh, 3, 2.5, THREE_TIMES, bias=1.0, types=12)
    error = []
    for d in (50, 100):
        (top,) = mean_outliers(model.spectrum(), d)
        error.append(abs(model.simulate(d, seed=0).eigenvalues[-1] / top.eigenvalue - 1))
    assert error[1] < 0.01 and error[1] < error[0]


def test_odd_features_without_biases_have_no_mean():
    assert mean_outliers(RandomFeatureModel(A.tanh, 3, 2.5, THREE_TIMES).spectrum(), 100) == ()


def test_spikes_in_an_anisotropic_mixture_are_refused():
    data = Mixture((0.5, 0.5), spikes=((9, -9), (-9, 9)), spectrum=((0.5, 0.5), (1.5, 0.5)))
    with pytest.raises(ValueError, match=r"^spectrum = .*allowed: one eigenvalue"):
        direction_outliers(RandomFeatureModel(A.tanh, 3, 3, 0.3, data).spectrum())
