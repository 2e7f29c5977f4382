"""What is read off the curves, against the curves themselves: exponents, best times, phases; and models that learn nothing."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations
from theory.training import timescales
from theory.training.early_stopping import best_regularization
from theory.training.memorization import memorization_eigenvalue
from theory.training.phases import phase_diagram

MODEL = RandomFeatureModel(activations.erf, 16, 4, 0.1)


def first_time(model, loss, level):
    """The τ at which ``loss(curve)`` passes ``level`` for the first time, from the curve on a fine grid."""
    tau = np.geomspace(1e-1, 1e5, 400)
    value = loss(model.training(tau)) - level
    k = np.flatnonzero(np.sign(value[1:]) != np.sign(value[:-1]))[0]
    return brentq(lambda x: loss(model.training(x)).item() - level, tau[k], tau[k + 1], xtol=1e-9 * tau[k])


def test_exponents_are_logarithmic_derivatives():
    """Four-point differences with steps of their own, of times found on another grid."""
    steps = np.array([-0.2, -0.1, 0.1, 0.2])
    tau_gen, tau_mem = [], []
    for step in steps:
        model = replace(MODEL, psi_n=4 * np.exp(step))
        curve = model.training(np.append(np.geomspace(1, 1e3, 3001), np.inf))
        low, gap = curve.test.min(), curve.test[-1] - curve.train[-1]
        tau_gen.append(first_time(model, lambda c: c.test, low + 0.05 * (1 - low)))
        tau_mem.append(first_time(model, lambda c: c.test - c.train, gap / 2))
    weights = np.array([1, -8, 8, -1]) / (12 * 0.1)
    found = MODEL.timescales()
    assert found.gen_exponent == pytest.approx(weights @ np.log(tau_gen), abs=1e-3)
    assert found.mem_exponent == pytest.approx(weights @ np.log(tau_mem), abs=1e-3)
    assert abs(found.gen_exponent) > 0.01  # twice it would be seen


def test_the_best_time_is_infinite_where_training_never_hurts():
    # nothing but rounding tells a training time from the end
    model = RandomFeatureModel(activations.tanh, 2, 1e9, 0.3)
    found = model.timescales()
    assert found.tau_best == np.inf and found.best_test == model.training(np.inf).test
    assert MODEL.timescales().tau_best < np.inf


def test_no_ridge_where_a_ridge_never_helps():
    model = RandomFeatureModel(activations.tanh, 2, 1e9, 0.3)
    best = best_regularization(model)
    final = model.training(np.inf).test
    assert best.zeta == 0 and best.tau == np.inf
    assert best.ridge == best.early_stopping == best.unregularized == final
    assert model.ridge(1e-3).test > final


def test_both_regularizations_help_where_features_abound():
    best = best_regularization(MODEL)
    assert 0 < best.zeta < np.inf and best.tau < np.inf
    assert max(best.ridge, best.early_stopping) < 0.9 * best.unregularized
    around = MODEL.ridge(best.zeta * np.array([0.97, 1.03])).test
    assert np.all(around > best.ridge) and best.ridge == pytest.approx(MODEL.ridge(best.zeta).test, rel=1e-12)


@pytest.mark.parametrize("name", ["cos", "He_2"])
def test_an_even_activation_learns_nothing(name):
    """a = 0: the features do not correlate with the noise, and every loss stays at L₀ = 1: definite, and not an error."""
    sigma = activations.cos if name == "cos" else activations.hermite(2)
    model = RandomFeatureModel(sigma, 4, 3, 0.1)
    found, best = model.timescales(), best_regularization(model)
    assert (found.tau_gen, found.tau_mem, found.tau_best, found.best_test) == (0, None, np.inf, 1)
    assert found.gen_exponent is found.mem_exponent is None
    assert (best.tau, best.zeta) == (np.inf, 0) and best.early_stopping == best.ridge == best.unregularized == 1


def test_a_descent_below_the_accuracy_is_not_timed(monkeypatch):
    monkeypatch.setattr(timescales, "RESOLVED", 0.5)
    with pytest.raises(ConvergenceError, match="the test loss falls by less than the accuracy"):
        MODEL.timescales()


def test_phase_diagram_holds_the_curves():
    psi_n, psi_p, tau = np.array([2.0, 8.0]), np.array([1.0, 16.0]), 300.0
    diagram = phase_diagram(RandomFeatureModel(activations.tanh, 1, 1, 0.05), psi_n, psi_p, tau, jobs=1, progress=False)
    for row, p in enumerate(psi_p):
        for column, n in enumerate(psi_n):
            model = RandomFeatureModel(activations.tanh, p, n, 0.05)
            now, end = model.training(tau), model.training(np.inf)
            at = row, column
            assert diagram.gap[at] == pytest.approx(now.test - now.train, rel=1e-9)
            assert diagram.final_gap[at] == pytest.approx(end.test - end.train, rel=1e-9)
            assert diagram.score_error[at] == pytest.approx(now.score_error, rel=1e-9)
            assert diagram.final_score_error[at] == pytest.approx(end.score_error, rel=1e-9)
    assert np.all(diagram.score_error < 0.5 * diagram.final_score_error, axis=1)[1]  # exchanged, they would not be


@pytest.mark.parametrize("place", ["theory.training", "theory.training.timescales"])
def test_the_grid_of_training_times_is_found_under_its_former_name(place):
    """It was called as the grid of diffusion times and that of a sampler are."""
    with pytest.warns(DeprecationWarning, match="time_grid is now training_times"):
        former = importlib.import_module(place).time_grid
    assert former is timescales.training_times
    with pytest.raises(AttributeError, match=f"'{place}' has no attribute 'no_such_name'"):
        _ = importlib.import_module(place).no_such_name


def test_directions_without_variance_have_no_memorizing_modes():
    data = Gaussian(((0.0, 0.5), (2.0, 0.5)))
    model = RandomFeatureModel(activations.tanh, 2000, 20, 0.1, data)
    none, some = memorization_eigenvalue(model)
    low, high = model.spectrum().edges()[:2]
    assert np.isnan(none) and low < some < high
