"""The certificate of the test loss: its integral in SymPy, its size against what it certifies."""

import numpy as np
import pytest
import sympy as sp

from theory import RandomFeatureModel, activations
from theory.filters import filter_function
from theory.simulation import equivalent, fresh_data
from theory.simulation.lanczos.curves import double_filter, fresh_values
from theory.simulation.lanczos.fresh import FreshEquivalent, FreshForms, FreshNetwork
from theory.simulation.lanczos.operators import MatrixOperator
from theory.simulation.lanczos.recurrence import tridiagonalise


def test_the_integral_of_the_certificate():
    x, c, u, low = sp.symbols("x c u ell", positive=True)
    f = lambda rate, at: (1 - sp.exp(-rate * at)) / at  # noqa: E731
    expected = sp.integrate(sp.expand((1 - sp.exp(-low * (c - u))) / low * sp.exp(-u * x)), (u, 0, c), conds="none")
    closed = (f(c, x) - sp.exp(-low * c) * f(c, x - low)) / low
    assert sp.simplify(expected.rewrite(sp.Piecewise).subs({x: 3, low: 1}) - closed.subs({x: 3, low: 1})) == 0
    without = sp.integrate((c - u) * sp.exp(-u * x), (u, 0, c))
    assert sp.simplify(without - (c - f(c, x)) / x) == 0
    for rate in (0.5, 40.0):
        numbers = {c: rate, x: 0.7, low: 0.3}
        expected = closed.subs(numbers) if 0.3 * rate >= 1 else without.subs(numbers)
        assert double_filter(np.array([0.7]), np.array([[rate]]), 0.3)[0, 0] == pytest.approx(float(expected), rel=1e-12)
    assert double_filter(np.array([0.0]), np.array([[3.0]]), 0.0)[0, 0] == pytest.approx(4.5)
    assert double_filter(np.array([0.7]), np.array([[np.inf]]), 0.3)[0, 0] == pytest.approx(1 / 0.3 / 0.7)


@pytest.mark.parametrize("lower", [0.0, 0.0199])
def test_the_error_of_the_krylov_approximation(lower):
    """|f_τ(U) x − |x| Q f_τ(T) e_1| <= η, and η is not far larger."""
    rng, p, c = np.random.default_rng(0), 60, np.array([0.1, 1.0, 10.0, 100.0])
    basis, _ = np.linalg.qr(rng.standard_normal((p, p)))
    values, x = np.geomspace(0.02, 5.0, p), rng.standard_normal((p, 2))
    operator, ratios = MatrixOperator((basis * values) @ basis.T), []
    for k in (3, 6, 12, 24):
        rules, bases = tridiagonalise(operator, x, k)
        for i, rule in enumerate(rules):
            exact = basis @ (filter_function(values, c[:, None]) * (basis.T @ x[:, i])).T
            y = bases[i].T @ (rule.norm * (rule.vectors * rule.first) @ filter_function(rule.nodes, c[:, None]).T)
            corner = double_filter(rule.nodes, c[:, None], lower) @ (rule.first * rule.final)
            error, bound = np.linalg.norm(exact - y, axis=0), rule.last * rule.norm * np.abs(corner)
            assert np.all(error <= bound + 1e-11)
            ratios.extend((error / bound)[bound > 1e-9])
    assert 0.3 < max(ratios) <= 1


@pytest.mark.parametrize("features", ["equivalent", "network"])
def test_the_certificates_of_a_curve(features):
    """All probes, so that the whole error is that of too few steps."""
    model = RandomFeatureModel(activations.tanh, 4, 2.5, 0.1)
    tau = np.geomspace(0.1, 1e4, 11)
    exact = model.simulate(40, 1, features=features).training(tau)
    seen = {"train": [], "test": []}
    for steps in (12, 18, 30, 70):
        lanczos = model.simulate(40, 1, features=features, method="lanczos", probes=40, steps=steps)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("theory.simulation.lanczos.model.CERTIFIED", np.inf)
            curve = lanczos.training(tau)
        for name, ratios in seen.items():
            error = np.abs(getattr(curve, name) - getattr(exact, name))
            bound = getattr(curve, f"{name}_quadrature_error")
            assert np.all(error <= bound + 1e-12), (name, steps)
            ratios.extend((error / bound)[bound > 1e-9])
    assert 0.1 < max(seen["train"]) <= 1 and 1e-4 < max(seen["test"]) <= 1


def test_fresh_data_by_blocks(monkeypatch):
    """Ũ and Ṽ of the dense draw, from blocks of a few rows."""
    monkeypatch.setattr("theory.simulation.lanczos.fresh.ENTRIES", 1000)
    model = RandomFeatureModel(activations.relu, 3, 2, 0.3, bias=0.5)
    finite, g = model.simulate(20, 1), np.eye(20)
    U, V = fresh_data.population(finite)
    operator = FreshNetwork(model, finite.W, finite.biases, 0, g)
    np.testing.assert_allclose(operator @ np.eye(60), U, atol=1e-13)
    np.testing.assert_allclose(operator.target, V, atol=1e-13)
    assert operator.trace == pytest.approx(np.trace(U))
    model = RandomFeatureModel(activations.relu, 3, 2, 0.3)
    W = model.simulate(20, 1).W
    U, _ = equivalent.of_fresh_data(model.simulate(4).backend, model, W)
    np.testing.assert_allclose(FreshEquivalent(model, W) @ np.eye(60), U, atol=1e-13)
    assert FreshEquivalent(model, W).trace == pytest.approx(np.trace(U))


def test_the_error_of_a_quadratic_form():
    """y^T Ũ y with an Ũ that has nothing to do with U: off by η 2|Ũ y_k|, and by ‖Ũ‖ η² beyond."""
    rng, p, c = np.random.default_rng(0), 60, np.array([1.0, 10.0])
    values, x = np.geomspace(0.02, 5.0, p), rng.standard_normal((p, 2))
    root = rng.standard_normal((p, p))
    fresh, ratios = root @ root.T, []
    for k in (12, 20, 28):
        rules, bases = tridiagonalise(MatrixOperator(np.diag(values)), x, k)
        applied = bases @ fresh
        forms = FreshForms(
            (bases @ applied.swapaxes(1, 2))[:, None],
            (applied @ applied.swapaxes(1, 2))[:, None],
            np.zeros((2, 1, k)),
            np.zeros((2, 1)),
            np.zeros(1),
        )
        found, bound = fresh_values(rules, forms, c, 0.0)
        for i in range(2):
            y = filter_function(values, c[:, None]) * x[:, i]
            error = np.abs(np.einsum("tp,pq,tq->t", y, fresh, y) - found[i, 0])
            assert np.all(error <= 1.01 * bound[i, 0] + 1e-8)
            ratios.extend((error / bound[i, 0])[bound[i, 0] > 1e-6])
    assert 0.01 < max(ratios)
