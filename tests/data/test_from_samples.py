"""ρ_Σ from samples of known covariances: how close, what is kept, and what is refused."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from tolerances import double

from theory import Gaussian, RandomFeatureModel, activations
from theory.data.sample_spectrum import merged

D = 300


def marchenko_pastur(ratio=0.5):
    """D quantiles of the Marchenko–Pastur law of mean 1, by summing its density."""
    ends = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    x = np.linspace(*ends, 40_001)[:-1] + (ends[1] - ends[0]) / 80_000
    mass = np.cumsum(np.sqrt((ends[1] - x) * (x - ends[0])) / x)
    return np.interp((np.arange(D) + 0.5) / D, mass / mass[-1], x)


POPULATIONS = {
    "identity": np.ones(D),
    "two atoms": np.repeat([1.0, 4.0], D // 2),
    "Marchenko–Pastur": marchenko_pastur(),
    "with a null space": np.repeat([0.0, 2.0], [D // 3, D - D // 3]),
}


def samples(variances, n, seed=0, mean=3.0):
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((variances.size, variances.size)))[0]
    return mean + rng.standard_normal((n, variances.size)) * np.sqrt(variances) @ rotation


def error(data, variances):
    """First Wasserstein distance to the population's law, over its mean."""
    return wasserstein_distance(data.eigenvalues, variances, data.weights) / variances.mean()


# by how much better than the sample's eigenvalues, at n = 2d and n = d/2
@pytest.mark.parametrize(
    ("name", "ratio", "factor"),
    [
        ("identity", 2, 20),
        ("identity", 0.5, 20),
        ("two atoms", 2, 8),
        ("two atoms", 0.5, 3),
        ("Marchenko–Pastur", 2, 1.6),
        ("Marchenko–Pastur", 0.5, 2.2),
        ("with a null space", 2, 10),
        ("with a null space", 0.5, 8),
    ],
)
def test_the_law_of_the_population_is_recovered(name, ratio, factor):
    variances, n = POPULATIONS[name], int(ratio * D)
    drawn = [samples(variances, n, seed) for seed in range(3)]
    found, raw = (
        np.mean([error(Gaussian.from_samples(X, kind), variances) for X in drawn]) for kind in ("population", "sample")
    )
    assert found < raw / factor
    # no node is lighter than half an eigenvalue
    assert min(Gaussian.from_samples(drawn[0]).weights) >= 0.5 / D


def test_the_model_of_samples_is_that_of_the_population():
    """q of U on the axis and off it, within 1% where the sample's eigenvalues leave 5% and more."""
    z = np.array([-1, -0.1, 0.3 + 0.1j, 1 + 0.1j])

    def q(data):
        return RandomFeatureModel(activations.tanh, 4, 3, 0.05, data).spectrum().stieltjes(z)

    X = samples(POPULATIONS["two atoms"], 2 * D)
    expected = q(Gaussian(((1, 0.5), (4, 0.5))))
    off = {kind: np.abs(q(Gaussian.from_samples(X, kind)) / expected - 1).max() for kind in ("population", "sample")}
    assert off["population"] < 0.01 and off["sample"] > 0.05


@pytest.mark.parametrize("estimator", ["population", "sample"])
@pytest.mark.parametrize(("n", "d"), [(40, 15), (15, 40), (2, 5), (7, 1), (12, 11)])
def test_the_trace_is_that_of_the_sample_covariance(estimator, n, d):
    X = samples(np.linspace(0.1, 3, d), n)
    data = Gaussian.from_samples(X, estimator, atoms=6)
    # NumPy's covariance divides by n − 1
    assert data.variance == pytest.approx(np.trace(np.atleast_2d(np.cov(X.T))) / d, rel=double("identity"))
    assert len(data.spectrum) <= 6 and np.all(np.diff(data.eigenvalues) > 0)
    uncentred = Gaussian.from_samples(X, estimator, remove_mean=False)
    assert uncentred.variance == pytest.approx((X**2).mean(), rel=double("identity"))


def test_removing_the_mean_costs_one_degree_of_freedom():
    """n samples with their mean removed are n − 1 without a mean: a Householder reflection takes the mean into one row, which is left out."""
    X = samples(np.linspace(0.1, 3, 9), 20)
    v = np.ones(20)
    v[0] += np.sqrt(20)
    reflected = X - 2 * np.outer(v, v @ X) / (v @ v)
    for estimator in ("population", "sample"):
        one = Gaussian.from_samples(X, estimator)
        other = Gaussian.from_samples(reflected[1:], estimator, remove_mean=False)
        assert one.eigenvalues == pytest.approx(other.eigenvalues, rel=double("quadrature"))


def test_units_and_rotations_do_not_matter():
    X = samples(POPULATIONS["two atoms"], 2 * D, mean=0.0)
    one = Gaussian.from_samples(X)
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((D, D)))[0]
    for other, factor in ((X @ rotation, 1), (X * 1e-80, 1e-160), (X * 1e80, 1e160)):
        other = Gaussian.from_samples(other)
        assert other.weights == pytest.approx(one.weights, rel=1e-5)
        assert other.eigenvalues == pytest.approx(one.eigenvalues * factor, rel=1e-5)


def test_few_atoms_stand_for_many_eigenvalues():
    """The error of q falls with the atoms, and is below 1e-3 for the 40 of the default; the two ends of a power law are kept."""
    variances = np.arange(1, D + 1.0) ** -1.5
    X = samples(variances, 3 * D)
    z = np.array([-0.1, -0.01, 0.1 + 0.03j]) * variances.mean()

    def q(atoms):
        data = Gaussian.from_samples(X, "sample", atoms=atoms)
        assert len(data.spectrum) == atoms
        return RandomFeatureModel(activations.tanh, 4, 3, 0.05, data).spectrum().stieltjes(z)

    full, errors = q(D), []
    for atoms in (10, 20, 40):
        errors.append(np.abs(q(atoms) / full - 1).max())
    assert errors[2] < errors[1] / 2 < errors[0] / 4 and errors[2] < 1e-3


def test_what_stands_alone_is_kept_and_what_is_light_is_not():
    nodes, weights = merged(np.array([0.0, 1.0, 1.01, 1.02, 50.0]), np.array([0.3, 0.2, 0.2, 0.29, 0.01]), most=3)
    assert nodes == pytest.approx([0, (0.2 + 0.202 + 0.29 * 1.02) / 0.69, 50]) and weights == pytest.approx(
        [0.3, 0.69, 0.01]
    )
    nodes, weights = merged(np.array([1.0, 2.0, 9.0]), np.array([0.5, 0.499, 0.001]), least=0.002)
    assert nodes == pytest.approx([1, (2 * 0.499 + 0.009) / 0.5]) and weights == pytest.approx([0.5, 0.5])
    # few eigenvalues that carry the variance are told apart before many that do not
    nodes, _ = merged(np.array([1.0, 1.2, 100.0, 200.0]), np.array([0.49, 0.49, 0.01, 0.01]), most=3)
    assert nodes == pytest.approx([1.1, 100, 200])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0],), r"^X has shape \(2,\); allowed: \(n, d\), a row for each of n >= 2 samples"),
        (([[1.0, 2.0]],), r"^X has shape \(1, 2\)"),
        ((np.zeros((3, 0)),), r"^X has shape \(3, 0\)"),
        (([[1.0, np.nan], [0.0, 1.0]],), r"^X holds nan; allowed: finite real numbers"),
        (([[1.0, 0.1]] * 3,), r"(?s)^X = .* has no variance > 0"),
        ((np.eye(3), "nonlinear"), r"^estimator = 'nonlinear' is unknown; allowed: 'population', 'sample'"),
        ((np.eye(3) * 1e200,), r"(?s)^X = .* has no variance > 0 that is finite"),
    ],
)
def test_bad_samples_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gaussian.from_samples(*arguments)
