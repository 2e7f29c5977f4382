"""Losses class by class: parts of the whole, classes that are the same, and finite networks."""

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.training import general_kernel

TAU = np.append(np.geomspace(0.01, 1e4, 20), np.inf)
LOSSES = ("train", "test", "score_error")
TWO = ((0.5, 0.5), (1.5, 0.5))
GRID = TimeGrid((0.1, 0.5), (0.4, 0.6), skip=(-0.5, 0.3))
FAR = Mixture((0.7, 0.3), variances=(0.5, 0.25), means=((1, -1), (-1, 1)))
MODELS = {
    "variances": RandomFeatureModel(activations.tanh, 3, 2.5, 0.1, Mixture((0.7, 0.3), (0.5, 0.25))),
    "three kinds": RandomFeatureModel(activations.relu, 2, 4, 0.2, Mixture((0.5, 0.3, 0.2), (0.5, 1.0, 2.0))),
    "times and skip": RandomFeatureModel(activations.tanh, 3, 2.5, GRID, Mixture((0.4, 0.6), (0.5, 2), spectrum=TWO)),
    "far centroids": RandomFeatureModel(activations.tanh, 3, 2.5, 0.1, FAR, types=8),
    "many features": RandomFeatureModel(activations.tanh, 40, 20, 0.05, Mixture((0.9, 0.1), (0.5, 0.25))),
}


@pytest.mark.parametrize("name", MODELS)
def test_classes_sum_to_the_whole(name):
    """For the train loss these are two ways: a double integral for each class, a single one for all."""
    model = MODELS[name]
    curve = model.training(TAU)
    for loss in LOSSES:
        each = getattr(curve, f"{loss}_by_class")
        assert each.shape == (len(model.data.weights), TAU.size)
        assert np.allclose(model.data.frequencies @ each, getattr(curve, loss), rtol=1e-10, atol=0)
    ridge = model.ridge([0.0, 0.01, 1.0])
    assert np.allclose(model.data.frequencies @ ridge.train_by_class, ridge.train, rtol=1e-10, atol=0)
    assert np.allclose(model.data.frequencies @ ridge.test_by_class, ridge.test, rtol=1e-10, atol=0)


def test_train_kernels_sum_to_the_resolvent_identity():
    """Σ π_c (1/d)E_c[r_1·r_2] = (z_1 H(z_2) − z_2 H(z_1))/(z_1 − z_2), as UQ = 1 + zQ."""
    model = MODELS["times and skip"]
    z, i, j = np.array([0.3 + 0.2j, -0.1, 1.1 - 0.4j]), np.array([0, 0, 1]), np.array([1, 2, 2])
    system, x = model.spectrum().system, model.spectrum().solve(z)
    H, far = general_kernel.residuals(system, x)
    kernels = general_kernel.loss_kernels(system, x, i, j)
    whole = model.data.frequencies @ kernels[1:3]
    assert np.allclose(whole, (z[i] * H[j] - z[j] * H[i]) / (z[i] - z[j]), rtol=double("resolvent"), atol=0)
    assert np.allclose(model.data.frequencies @ kernels[3:], kernels[0], rtol=double("resolvent"), atol=0)
    train, test = general_kernel.class_residuals(system, x)
    assert np.allclose(model.data.frequencies @ train, H, rtol=double("resolvent"), atol=0)
    assert np.allclose(model.data.frequencies @ test, far, rtol=double("resolvent"), atol=0)


@pytest.mark.parametrize("means", [None, ((0.5,) * 3,) * 3])
def test_classes_that_are_the_same(means):
    """Three kinds with one variance (and one centroid), whatever their weights: all curves are those of one kind."""
    three = RandomFeatureModel(activations.tanh, 3, 2.5, 0.1, Mixture((0.2, 0.3, 0.5), (0.5,) * 3, means), types=6).training(
        TAU
    )
    alone = Gaussian(((0.5, 1),)) if means is None else Mixture((1,), (0.5,), ((0.5,),))
    one = RandomFeatureModel(activations.tanh, 3, 2.5, 0.1, alone, types=6).training(TAU)
    for loss in LOSSES:
        each = getattr(three, f"{loss}_by_class")
        assert np.allclose(each, each[:1], rtol=1e-10, atol=0)
        assert np.allclose(each, getattr(one, loss), rtol=1e-10, atol=0)
        assert np.array_equal(getattr(one, f"{loss}_by_class"), getattr(one, loss)[None])


def test_shapes():
    model = MODELS["variances"]
    assert model.training([]).test_by_class.shape == (2, 0)
    assert model.training(1.0).train_by_class.shape == (2,)
    assert model.training([[1.0, 2.0]]).score_error_by_class.shape == (2, 1, 2)


def deviations(model, sizes, draws):
    """The largest relative deviation of the mean of some draws from the limit, of train and test loss by class; (sizes, 2)."""
    limit = model.training(TAU)
    found = []
    for d in sizes:
        curves = [model.simulate(d, seed=seed).training(TAU) for seed in range(draws)]
        means = [np.mean([getattr(c, f"{loss}_by_class") for c in curves], axis=0) for loss in LOSSES[:2]]
        found.append(
            [np.abs(m / getattr(limit, f"{loss}_by_class") - 1).max() for m, loss in zip(means, LOSSES, strict=False)]
        )
    return np.array(found)


def test_against_networks():
    """Several times, a connection from x to the output, another Σ: one draw."""
    small, large = deviations(MODELS["times and skip"], (40, 160), 1)
    assert large.max() < 0.02 and large.sum() < small.sum()


@pytest.mark.slow
def test_far_centroids_against_networks():
    small, large = deviations(MODELS["far centroids"], (30, 120), 4)
    assert large.max() < 0.015 and large.sum() < small.sum() / 2
