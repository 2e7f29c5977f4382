"""Time grids, mixtures and general models: what they mean, and what they refuse."""

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A


def test_one_node_has_the_convention_of_a_single_time():
    grid = TimeGrid((0.1,), (1,))
    model = RandomFeatureModel(A.tanh, 3, 2, 0.1)
    assert grid.amplitudes == 1 and grid.feature_weights == 1 and grid.target_noise == 1 and grid.target_data == 0
    assert grid.noise_variance == pytest.approx(model.noise_variance, rel=double("identity"))


def test_default_amplitudes_weigh_features_by_the_law():
    grid = TimeGrid((0.1, 0.5, 2.0), (0.2, 0.3, 0.5))
    assert grid.feature_weights == pytest.approx(grid.probabilities, rel=double("identity"))
    assert grid.noise_variance == pytest.approx(grid.probabilities @ grid.noise_variances, rel=double("identity"))


@pytest.mark.parametrize("density", [None, lambda t: np.exp(-3 * t)])
def test_gauss_rule_integrates_polynomials(density):
    from scipy.integrate import quad

    grid = TimeGrid.gauss(5, (0.2, 1.7), density)
    weight = density or (lambda t: 1.0)
    mass = quad(weight, 0.2, 1.7)[0]
    for k in range(10):
        expected = quad(lambda t, k=k: weight(t) * t**k, 0.2, 1.7)[0] / mass
        assert grid.probabilities @ grid.times**k == pytest.approx(expected, rel=double("coefficient"))


def test_gauss_rule_takes_functions_of_time():
    grid = TimeGrid.gauss(3, (0.1, 1), amplitude=lambda t: 1 + t, skip=lambda t: -1.0)
    assert grid.amplitudes == pytest.approx(1 + grid.times) and grid.skip == (-1.0, -1.0, -1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TimeGrid((), ()), r"^nodes = \(\) is empty"),
        (lambda: TimeGrid((0.0, 1.0), (0.5, 0.5)), r"^nodes = 0\.0 is out of range; allowed: a finite real number > 0"),
        (lambda: TimeGrid((-1.0, 1.0), (0.5, 0.5)), r"^nodes = -1\.0 is out of range"),
        (lambda: TimeGrid((0.5, 0.5), (0.5, 0.5)), r"^nodes = .* holds a time twice"),
        (lambda: TimeGrid((0.5, 1.0), (0.5, 0.6)), r"^weights sum to 1\.1; allowed: weights that sum to 1"),
        (lambda: TimeGrid((0.5, 1.0), (1.5, -0.5)), r"^weights = -0\.5 is out of range"),
        (lambda: TimeGrid((0.5, 1.0), (1.0,)), r"^weights has 1 entries for 2 nodes; allowed: one for each"),
        (lambda: TimeGrid((0.5, 1.0), (0.5, 0.5), skip=(1,)), r"^skip has 1 entries for 2"),
        (lambda: TimeGrid((0.5, 1.0), (0.5, 0.5), amplitude=(1, 0)), r"^amplitude = 0 is out of range"),
        (lambda: TimeGrid(0.5, (1,)), r"^nodes = 0\.5 is not a sequence"),
        (lambda: TimeGrid.gauss(3, (1, 0.5)), r"^support = \(1, 0\.5\) is empty"),
        (lambda: TimeGrid.gauss(3, (0, 1), lambda t: -t), r"^density is negative"),
        (lambda: Mixture((0.5, 0.6)), r"^weights sum to 1\.1"),
        (lambda: Mixture((0.5, 0.5), (1,)), r"^variances has 1 entries for 2 weights"),
        (lambda: Mixture((0.5, 0.5), (1, -1)), r"^variances = -1 is out of range"),
        (lambda: Mixture((0.5, 0.5), means=((1, 2), (2, 1))), r"^means = .* is no Gram matrix"),
        (lambda: Mixture((0.5, 0.5), spikes=((1, 0.5), (0.2, 1))), r"^spikes = .* is no Gram matrix; allowed: symmetric"),
        (lambda: Mixture((0.5, 0.5), means=((1,),)), r"^means has shape \(1, 1\); allowed: \(2, 2\)"),
        (lambda: Mixture((1,), means=((1,),), spikes=((1,),)), r"^means and spikes are both given"),
        (lambda: Mixture((1,), spectrum=((1, 0.5),)), r"^spectrum weights sum to 0\.5"),
        (lambda: RandomFeatureModel(A.tanh, 3, 2, 0.1, bias=-1), r"^bias = -1 is out of range"),
        (lambda: RandomFeatureModel(A.tanh, 3, 2, 0.1, types=0), r"^types = 0 is out of range"),
        (lambda: RandomFeatureModel(A.tanh, 3, 2, 0.1, data="x"), r"^data = 'x' is not a description of data"),
        (lambda: RandomFeatureModel(A.tanh, 3, 2, (0.1, 0.2)), r"^t = \(0\.1, 0\.2\) is not a real number"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_belongs_to_one_time_says_so():
    model = RandomFeatureModel(A.tanh, 3, 2, TimeGrid((0.1, 0.5), (0.5, 0.5)))
    with pytest.raises(ValueError, match=r"^coefficients\(\) belongs to one feature type"):
        model.coefficients()
    with pytest.raises(ValueError, match=r"^dps = 20 is available for one type"):
        model.spectrum().edges(dps=20)
    biased = RandomFeatureModel(A.tanh, 3, 2, 0.1, bias=1.0, types=4)
    with pytest.raises(ValueError, match=r"^dps = 20 is not available with a continuum"):
        biased.spectrum().stieltjes(-1, dps=20)


def test_types_are_merged_where_nothing_tells_them_apart():
    assert RandomFeatureModel(A.tanh, 3, 2, 0.1, bias=1.0, types=8).ensemble.sizes == (4, 1, 1)  # b and −b
    assert RandomFeatureModel(A.linear, 3, 2, 0.1, bias=1.0, types=8).ensemble.sizes == (1, 1, 1)
    assert RandomFeatureModel(A.gelu, 3, 2, 0.1, bias=1.0, types=8).ensemble.sizes == (8, 1, 1)


def test_couplings_do_not_depend_on_the_ratios():
    grid = TimeGrid((0.1, 0.5), (0.5, 0.5))
    one, other = (RandomFeatureModel(A.tanh, ratio, 2, grid).ensemble for ratio in (3, 5))
    assert one.C is other.C and one.psi_p != other.psi_p


def test_centroids_have_their_gram_matrix():
    gram = ((2.0, -1.0, 0.0), (-1.0, 1.0, 0.0), (0.0, 0.0, 0.0))
    m = Mixture((0.2, 0.3, 0.5), means=gram).centroids()
    assert m.shape == (3, 2) and m @ m.T == pytest.approx(np.array(gram), abs=double("identity"))
    assert Mixture((1,)).centroids().shape == (1, 0)
    assert Gaussian() == Mixture((1,)).covariance
