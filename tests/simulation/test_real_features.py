"""Networks on given samples: the draw with the same samples, definitions by sampling, images where the theory holds and where not."""

import math

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.data import fashion_mnist
from theory.data.images import DEBIAN
from theory.simulation import equal_norms, gradient_flow, optimise, population, simulate_on, standardisation, train_loss

D = 30
DATA = Gaussian(spectrum=((0.4, 0.5), (1.6, 0.5)))
MODEL = RandomFeatureModel(activations.tanh, psi_p=2, psi_n=3, t=0.2, data=DATA)
TWO = RandomFeatureModel(activations.tanh, psi_p=2, psi_n=3, t=0.2, data=Mixture((0.6, 0.4), (1.2, 0.7)))
GRID = RandomFeatureModel(activations.relu, psi_p=2, psi_n=3, t=TimeGrid((0.2, 0.6), (0.5, 0.5), skip=(0.0, -1.0)), bias=0.7)
TAU = np.array([0.5, 5.0, 50.0])


def some(count, seed=1):
    """Samples that are not Gaussian, in no special basis."""
    rng = np.random.default_rng(seed)
    return rng.standard_t(6, (count, D)) @ rng.standard_normal((D, D)) / math.sqrt(1.5 * D)


@pytest.mark.parametrize("model", [MODEL, GRID])
def test_given_the_samples_of_a_draw_it_is_that_draw(model):
    draw = model.simulate(D, seed=4)
    given = simulate_on(model, draw.X.T, seed=4)
    assert np.array_equal(given.W, draw.W) and np.array_equal(given.U, draw.U) and np.array_equal(given.V, draw.V)
    assert given.initial_loss == draw.initial_loss


@pytest.mark.parametrize("model", [MODEL, GRID])
def test_losses_are_those_of_the_definition(model):
    """Train and held-out loss of a readout, by drawing the noise of every sample."""
    X, Y = some(90), 1.3 * some(40, 2)
    finite = simulate_on(model, X, Y, seed=3)
    curve, A = finite.training(TAU), gradient_flow(finite, TAU)
    assert np.allclose(curve.train, train_loss(finite, A), rtol=1e-12) and np.all(np.isnan(curve.score_error))
    rng = np.random.default_rng(0)
    for x, expected in ((X.T, curve.train[1]), (Y.T, curve.test[1])):
        losses = []
        for _ in range(300):
            total = 0.0
            for t, weight, out, skip in zip(
                model.times.times,
                model.times.probabilities,
                model.times.amplitudes,
                (0.0, -1.0) if model is GRID else (0.0,),
                strict=True,
            ):
                delta, noise = -math.expm1(-2 * t), rng.standard_normal(x.shape)
                x_t = math.exp(-t) * x + math.sqrt(delta) * noise
                features = model.activation(finite.W @ x_t / math.sqrt(D) + t * finite.biases[:, None], np)
                score = out * A[1] @ features / math.sqrt(finite.W.shape[0]) + skip * x_t
                total += weight * np.mean((math.sqrt(delta) * score + noise) ** 2)
            losses.append(total)
        error = np.std(losses) / math.sqrt(len(losses))
        assert abs(np.mean(losses) - expected) < 4 * error < 0.02 * expected


def test_many_held_out_samples_are_the_population():
    draw = MODEL.simulate(D, seed=4)
    scale = np.sqrt(np.repeat([0.4, 1.6], D // 2))
    fresh = np.random.default_rng(0).standard_normal((6000, D)) * scale
    given = simulate_on(MODEL, draw.X.T, fresh, seed=4)
    fewer = simulate_on(MODEL, draw.X.T, fresh[:1500], seed=4)
    U, V = population(draw)
    error, error_of_fewer = (np.linalg.norm(population(each)[0] - U) / np.linalg.norm(U) for each in (given, fewer))
    assert error < np.trace(U) / np.linalg.norm(U) / math.sqrt(6000) and 1.6 < error_of_fewer / error < 2.5
    assert np.linalg.norm(population(given)[1] - V) < 0.01 * np.linalg.norm(V)
    assert np.allclose(given.training(TAU).test, draw.training(TAU).test, rtol=5e-3)
    steps = [optimise(each, 3, learning_rate=0.4, progress=False).test for each in (given, draw)]
    assert np.allclose(*steps, rtol=5e-3)


def test_losses_by_class_are_of_the_samples_with_that_label():
    rng, X, Y = np.random.default_rng(5), some(90), some(50, 2)
    X, labels = X * 1.3, rng.integers(0, 2, 90)
    fresh = rng.integers(0, 2, 50)
    curve = simulate_on(TWO, X, Y, 3, labels=labels, held_out_labels=fresh).training(TAU)
    for c in range(2):
        # the held-out samples of one class alone, as those of everything
        whole = simulate_on(MODEL, X, Y[fresh == c], 3).training(TAU)
        assert np.allclose(curve.test_by_class[c], whole.test, rtol=1e-12)
        train = simulate_on(MODEL, X, X[labels == c], 3).training(TAU).test
        assert np.allclose(curve.train_by_class[c], train, rtol=1e-10)
    order = rng.permutation(90)
    again = simulate_on(TWO, X[order], Y, 3, labels=labels[order], held_out_labels=fresh).training(TAU)
    assert np.allclose(again.train_by_class, curve.train_by_class, rtol=1e-10)


def test_standardised_samples_have_the_stated_moments():
    reference = 3 + some(400) * np.linspace(0.2, 2, D)
    eigenvalues = np.linalg.eigvalsh(np.cov(reference.T, bias=True))[::-1]
    for flatten in (None, 0.3, 0):
        made = standardisation(reference, flatten)
        covariance = np.cov(made(reference).T, bias=True)
        assert np.allclose(made(reference).mean(axis=0), 0, atol=1e-12) and abs(np.trace(covariance) / D - 1) < 1e-12
        assert np.allclose(made.directions.T @ covariance @ made.directions, np.diag(made.eigenvalues), atol=1e-10)
        expected = eigenvalues if flatten is None else eigenvalues / (eigenvalues + flatten * eigenvalues.mean())
        assert np.allclose(made.eigenvalues, expected / expected.mean(), rtol=1e-9)
        drawn = np.cov(made.surrogate(40_000, 1).T, bias=True)
        assert np.linalg.norm(drawn - covariance) < 0.05 * np.linalg.norm(covariance)
    assert np.allclose(np.mean(equal_norms(reference) ** 2, axis=1), 1) and np.all(equal_norms(np.zeros((2, 3))) == 0)


def test_norms_and_features_spread_by_the_effective_dimension():
    """Var |x|²/d = 2/d_eff for a surrogate, the same for W_i·ΣW_i/d, and the kurtosis of W·x/√d is 3(1 + Var |x|²/d)."""
    made = standardisation(some(400) * np.linspace(0.2, 2, D))
    effective = D**2 / np.sum(made.eigenvalues**2)
    x, w = made.surrogate(100_000, 2), np.random.default_rng(3).standard_normal((100_000, D))
    for values in (np.mean(x**2, axis=1), w**2 @ made.eigenvalues / D):
        assert abs(values.var() * effective / 2 - 1) < 0.05
    u = np.sum(w * x, axis=1) / math.sqrt(D)
    assert abs(np.mean(u**4) / np.mean(u**2) ** 2 - 3 * (1 + 2 / effective)) < 0.15


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Fashion-MNIST is not installed (Debian: dataset-fashion-mnist)")
def test_images_follow_the_theory_where_no_direction_and_no_norm_stands_out():
    """14 × 14 pixels: as they are, flattened, and flattened with equal norms, whose last column alone keeps 5% in both losses."""
    train, test = (fashion_mnist(part=part).downscaled(2).vectors() for part in ("train", "test"))
    rows, fresh = np.random.default_rng(0).permutation(len(train))[:294], np.random.default_rng(1).permutation(10_000)[:300]
    worst = {}
    for name, flatten in (("raw", None), ("flat", 0.1), ("equal", 0.1)):
        made = standardisation(train, flatten)
        x, y = made(train), made(test)
        if name == "equal":
            made = standardisation(equal_norms(x))
            x, y = made(equal_norms(x)), made(equal_norms(y))
        data = Gaussian(spectrum=tuple((v, 1 / x.shape[1]) for v in made.eigenvalues))
        model = RandomFeatureModel(activations.tanh, 2, 1.5, 0.1, data)
        theory, tau = model.training([10.0, 100.0, 1000.0]), [10.0, 100.0, 1000.0]
        for what, sample, held in (
            ("images", x[rows], y[fresh]),
            ("surrogate", made.surrogate(294), made.surrogate(300, 1)),
        ):
            found = simulate_on(model, sample, held, 0).training(tau)
            worst[name, what] = max(np.max(np.abs(getattr(found, k) / getattr(theory, k) - 1)) for k in ("train", "test"))
    assert worst["equal", "images"] < 0.05 and worst["equal", "surrogate"] < 0.05 and worst["flat", "surrogate"] < 0.05
    assert worst["flat", "images"] > 0.05 and min(worst["raw", "images"], worst["raw", "surrogate"]) > 0.08


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: simulate_on(MODEL, some(80)), r"samples has shape \(80, 30\).*allowed: \(90, 30\), as psi_n = 3"),
        (lambda: simulate_on(MODEL, np.full((90, D), np.nan)), "samples holds nan"),
        (lambda: simulate_on(MODEL, some(90)[:, 0]), r"samples has shape \(90,\)"),
        (lambda: simulate_on(MODEL, some(90), some(5)[:, :7]), r"held_out has shape \(5, 7\)"),
        (lambda: simulate_on(MODEL, some(90)).training(1.0), "no held-out samples"),
        (lambda: simulate_on(TWO, some(90)), "labels = None, and the model's data have 2 kinds"),
        (lambda: simulate_on(TWO, some(90), labels=[2] * 90), "labels = .*0 <= c < 2"),
        (lambda: simulate_on(MODEL, some(90), labels=[0.5] * 90), "labels = "),
        (lambda: standardisation(np.ones((5, 3))), "reference holds 5 samples of variance 0"),
        (lambda: standardisation(np.eye(5)[:2], 0), "flatten = 0 divides by a variance of 0"),
        (lambda: standardisation(some(90), -1), "flatten"),
        (lambda: standardisation(some(90))(np.ones((2, 4))), r"samples has shape \(2, 4\)"),
        (lambda: standardisation(some(90)).surrogate(0), "n = 0"),
    ],
)
def test_bad_input_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
