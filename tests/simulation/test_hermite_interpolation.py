"""Hermite coefficients from a grid: against mpmath, against direct quadrature, and U the same whatever it is cut into."""

import math

import mpmath
import numpy as np
import pytest

from theory import activations
from theory.activations import Activation
from theory.simulation import backend, hermite_interpolation, hermite_tables, mehler, noise_average

HOST = backend("cpu", "numpy")
EXACT = {"tanh": mpmath.tanh, "relu": lambda u: max(u, mpmath.mpf(0)), "sign": mpmath.sign}


def preactivations(rows, n, t, seed=0, d=40):
    rng = np.random.default_rng(seed)
    deviation = math.sqrt(-math.expm1(-2 * t)) * np.sqrt(rng.chisquare(d, rows) / d)[:, None]
    return math.exp(-t) * rng.standard_normal((rows, n)), deviation


def average(name, mu, s, k):
    """E σ(μ + s z) He_k(z) by mpmath, and E σ² for k = "square"."""
    mpmath.mp.dps = 25
    mu, s = mpmath.mpf(mu), mpmath.mpf(s)

    def integrand(z):
        value = EXACT[name](mu + s * z)
        factor = value if k == "square" else mpmath.hermite(k, z / mpmath.sqrt(2)) / mpmath.sqrt(2) ** k
        return value * factor * mpmath.npdf(z)

    ends = sorted({mpmath.mpf(z) for z in (-12, -6, -3, 0, 3, 6, 12)} | {-mu / s})
    return float(mpmath.quad(integrand, ends))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "t"), [("tanh", 1.0), ("relu", 0.01), ("sign", 0.3)])
def test_both_ways_against_mpmath(name, t):
    mean, deviation = preactivations(60, 400, t)
    activation = getattr(activations, name)
    tables = hermite_interpolation.interpolation(HOST, activation, mean, deviation, 4, 96)
    few = hermite_tables(HOST, activation, mean[:2, :3], deviation[:2], 4)
    for (coefficients, square), allowed in ((tables(mean), 2e-13), (few, 2e-13)):
        for i, j in [(0, 0), (1, 2)]:
            for k in (0, 1, 4):
                expected = average(name, mean[i, j], deviation[i, 0], k)
                assert abs(coefficients[k][i, j] - expected) < allowed * math.sqrt(math.factorial(k))
            assert square[i, j] == pytest.approx(average(name, mean[i, j], deviation[i, 0], "square"), abs=allowed)


def test_the_remainder_of_taylors_series_keeps_its_bound():
    """K terms do, and K − 1 would not."""
    for j, delta in [(0, 0.05), (4, 0.08), (6, 0.16)]:
        K = hermite_interpolation.taylor_terms(j, delta)

        def remainder(terms, j=j, delta=delta):
            k = np.arange(terms + 1, terms + 80)
            logs = k * math.log(delta) + np.array([0.5 * math.lgamma(j + m + 1) - math.lgamma(m + 1) for m in k])
            return np.exp(logs - 0.5 * math.lgamma(j + 1)).sum()

        assert remainder(K) < hermite_interpolation.TAYLOR < remainder(K - 1)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_u_is_that_of_direct_quadrature(name, monkeypatch):
    rng = np.random.default_rng(1)
    W, X = rng.standard_normal((90, 30)), rng.standard_normal((30, 250))
    arguments = (HOST, getattr(activations, name), W, X, math.exp(-0.3), -math.expm1(-0.6))
    fast = noise_average.exact(*arguments)
    monkeypatch.setattr(mehler, "interpolation", lambda *_: None)
    for found, expected in zip(fast, noise_average.exact(*arguments), strict=True):
        assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("many", [True, False])
def test_u_does_not_depend_on_how_it_is_cut(many, monkeypatch):
    rng = np.random.default_rng(2)
    W, X = rng.standard_normal((60, 20)), rng.standard_normal((20, 130 if many else 13))
    arguments = (HOST, activations.tanh, W, X, math.exp(-0.3), -math.expm1(-0.6))
    whole = noise_average.exact(*arguments)
    monkeypatch.setattr(mehler, "TILE", 17)
    monkeypatch.setattr(noise_average, "BLOCK", 5)
    monkeypatch.setattr(hermite_interpolation, "CHUNK", 700)
    for found, expected in zip(noise_average.exact(*arguments), whole, strict=True):
        assert np.abs(found - expected).max() < 1e-14
    assert np.array_equal(whole[0], whole[0].T)


def test_a_kink_that_nobody_named_is_not_interpolated():
    mean, deviation = preactivations(40, 300, 0.05)
    hidden = Activation(lambda u: abs(u - 0.1), name="hidden")
    assert hermite_interpolation.interpolation(HOST, hidden, mean, deviation, 4, 96) is None
    named = Activation(lambda u: abs(u - 0.1), name="named", kinks=(0.1,))
    assert hermite_interpolation.interpolation(HOST, named, mean, deviation, 4, 96) is not None


def test_equal_norms_need_no_interpolation_between_deviations():
    mean, _ = preactivations(30, 300, 0.3)
    deviation = np.full((30, 1), 0.6)
    tables = hermite_interpolation.interpolation(HOST, activations.tanh, mean, deviation, 2, 96)
    assert tables.coefficients.shape[1] == 1
    assert abs(tables(mean)[0][2][3, 4] - average("tanh", mean[3, 4], 0.6, 2)) < 2e-13


def test_chebyshev_interpolation_is_exact_on_polynomials():
    nodes, x = hermite_interpolation.chebyshev_nodes(0.7, 1.4, 6), np.array([0.7, 0.9, 1.4])
    x = np.append(x, nodes[2])
    weights = hermite_interpolation.chebyshev_weights(nodes, x)
    assert np.allclose(weights @ nodes**5, x**5, rtol=1e-13)
