"""Recurrences, Gauss' and Radau's rules and their certificates, each against the diagonalised matrix that the rule knows nothing of."""

import math

import numpy as np
import pytest
from scipy.special import ive

from theory.simulation.lanczos.operators import MatrixOperator
from theory.simulation.lanczos.probes import mean_over_probes, orthogonal_probes, random_bound
from theory.simulation.lanczos.quadrature import (
    bracket,
    christoffel,
    cumulative,
    gauss,
    radau,
    resolvent,
    resolvent_bound,
    smoothed,
)
from theory.simulation.lanczos.recurrence import tridiagonalise

RNG = np.random.default_rng(1)
P = 80
#: a matrix with a wide spectrum, a cluster, and eigenvalues of its own size at both ends
VALUES = np.sort(np.concatenate([np.geomspace(0.01, 4.0, P - 12), np.full(10, 1.0), [5.0, 6.0]]))
BASIS = orthogonal_probes(RNG, P, P)
MATRIX = (BASIS * VALUES) @ BASIS.T
OPERATOR = MatrixOperator((MATRIX + MATRIX.T) / 2)
STARTS = RNG.standard_normal((P, 3))
SHARES = (BASIS.T @ STARTS) ** 2 / np.sum(STARTS**2, axis=0)


def rules(steps):
    return tridiagonalise(OPERATOR, STARTS, steps)[0]


def integral(f, i):
    """∫f dμ of the i-th start vector."""
    return f(VALUES) @ SHARES[:, i]


def test_the_recurrence_keeps_its_basis_orthogonal():
    found, basis = tridiagonalise(OPERATOR, STARTS, 60)
    for i, rule in enumerate(found):
        Q = basis[i]
        T = np.diag(rule.diagonal) + np.diag(rule.off_diagonal, 1) + np.diag(rule.off_diagonal, -1)
        np.testing.assert_allclose(Q @ Q.T, np.eye(60), atol=1e-13)
        np.testing.assert_allclose(Q @ MATRIX @ Q.T, T, atol=1e-13)
        rest = Q @ MATRIX - T @ Q
        np.testing.assert_allclose(np.linalg.norm(rest, axis=1), [*[0.0] * 59, rule.last], atol=1e-13)
        assert rule.norm == pytest.approx(np.linalg.norm(STARTS[:, i]))


def test_the_end_is_the_number_of_distinct_eigenvalues():
    few = MatrixOperator((BASIS * np.repeat([0.5, 1.0, 2.0, 3.0], P // 4)) @ BASIS.T)
    for rule in tridiagonalise(few, STARTS, 30)[0]:
        assert rule.last == 0 and len(rule.nodes) == 4
        np.testing.assert_allclose(rule.nodes, [0.5, 1.0, 2.0, 3.0], atol=1e-13)
        np.testing.assert_array_equal(radau(rule, 0.0)[0], rule.nodes)
    (nothing,) = tridiagonalise(few, np.zeros((P, 1)), 30)[0]
    assert nothing.norm == 0


@pytest.mark.parametrize("k", [1, 4, 6])
def test_degrees_of_exactness(k):
    """Gauss 2k − 1, Radau 2k, and neither one more."""
    for i, rule in enumerate(rules(k)):
        nodes, weights = radau(rule, 0.005)
        assert np.min(np.abs(nodes - 0.005)) < 1e-12
        for degree in range(2 * k + 2):
            exact = integral(lambda lam, j=degree: (lam / 3) ** j, i)
            assert (abs(gauss(rule, lambda lam, j=degree: (lam / 3) ** j) - exact) < 1e-11 * exact) == (degree <= 2 * k - 1)
            assert (abs(weights @ (nodes / 3) ** degree - exact) < 1e-11 * exact) == (degree <= 2 * k)


@pytest.mark.parametrize("c", [0.3, 3.0, 30.0, 300.0])
@pytest.mark.parametrize("lower", [0.0, 0.0099])
def test_the_bracket_of_completely_monotone_functions(c, lower):
    functions = [
        lambda lam: np.exp(-c * lam),
        lambda lam: -np.expm1(-c * lam) / np.where(lam == 0, 1.0, lam) + c * (lam == 0),
    ]
    for k in (3, 8, 20, 40):
        for i, rule in enumerate(rules(k)):
            for f in functions:
                exact = integral(f, i)
                low, high = bracket(rule, f, lower)
                assert low <= exact * (1 + 1e-13) and exact <= high * (1 + 1e-13)


def test_the_bracket_is_tight():
    """What certifies is of the size of the error, not of something far larger."""
    for i, rule in enumerate(rules(12)):
        exact = integral(lambda lam: np.exp(-3 * lam), i)
        low, high = bracket(rule, lambda lam: np.exp(-3 * lam), 0.0)
        assert 1e-16 < exact - low < high - low < 50 * (exact - low) < 1e-4


@pytest.mark.parametrize("c", [1.0, 5.0, 25.0])
def test_the_error_is_within_chebyshevs_bound(c):
    """Gauss' rule is exact to degree 2k − 1, so that it is off by twice the error of the best polynomial at most: by the sum of the Chebyshev
    coefficients beyond, 4 Σ_{j ≥ 2k} e^{−cm} I_j(cR), for e^{−cλ} on an interval of middle m and half-length R; e^{−cR} I_j(cR) falls like
    e^{−j²/(2cR)}, so that some √(cR) steps are enough. Measured, the bound is at most some thousand times too large."""
    middle, half = (VALUES[0] + VALUES[-1]) / 2, (VALUES[-1] - VALUES[0]) / 2
    ratios = []
    for k in range(2, 20):
        bound = 4 * math.exp(-c * (middle - half)) * ive(np.arange(2 * k, 2 * k + 200), c * half).sum()
        for i, rule in enumerate(rules(k)):
            error = abs(gauss(rule, lambda lam: np.exp(-c * lam)) - integral(lambda lam: np.exp(-c * lam), i))
            assert error <= bound + 1e-14
            if bound > 1e-11:
                ratios.append(error / bound)
    assert 1e-4 < max(ratios) <= 1


def test_cumulative_shares():
    for k in (5, 20, 50):
        for i, rule in enumerate(rules(k)):
            for x in np.append(np.geomspace(0.004, 8.0, 40), rule.nodes):
                middle, half = cumulative(rule, x)
                below, upto = SHARES[VALUES < x - 1e-6, i].sum(), SHARES[VALUES < x + 1e-6, i].sum()
                assert middle - half <= upto + 1e-9 and below - 1e-9 <= middle + half
    # in gaps the Christoffel function vanishes: the share of two eigenvalues by themselves is all but exact
    for i, rule in enumerate(rules(20)):
        middle, half = cumulative(rule, 4.5)
        assert half < 1e-3 and 1 - middle == pytest.approx(SHARES[-2:, i].sum(), abs=half + 1e-12)


def test_the_resolvent_and_its_bound():
    z = np.array([-0.1, -1.0, 0.5 + 0.3j, 2 - 1j, 7.0])
    distance = np.array([0.11, 1.01, 0.3, 1.0, 1.0])
    ratios = []
    for k in (4, 10, 25):
        for i, rule in enumerate(rules(k)):
            exact = np.array([integral(lambda lam, y=y: 1 / (lam - y), i) for y in z])
            error, bound = np.abs(resolvent(rule, z) - exact), resolvent_bound(rule, z, distance)
            assert np.all(error <= bound + 1e-14)
            ratios.extend((error / bound)[bound > 1e-10])
    assert 0.2 < max(ratios) <= 1


def test_orthogonal_probes_and_their_standard_error():
    """With all N there is no error; the mean square error with fewer is the mean of the squared standard errors."""
    probes = orthogonal_probes(np.random.default_rng(0), 12, 12)
    np.testing.assert_allclose(probes.T @ probes, np.eye(12), atol=1e-14)
    values = np.linspace(0, 1, 12) ** 3
    errors, claimed = [], []
    for seed in range(4000):
        g = orthogonal_probes(np.random.default_rng(seed), 12, 5)
        found = mean_over_probes(values @ g**2, np.zeros(5), 12)
        errors.append((found.value - values.mean()) ** 2)
        claimed.append(found.standard_error**2)
    assert np.mean(claimed) == pytest.approx(np.mean(errors), rel=0.08)
    assert mean_over_probes(values @ probes**2, np.zeros(12), 12).standard_error < 1e-15
    assert math.isnan(mean_over_probes(np.ones(1), np.zeros(1), 12).standard_error)


def test_the_bound_above_the_spectrum():
    """It fails with the probability that it says at most: with one half, for starts that have had two to ten steps."""
    for k in (3, 5, 10):
        for failure in (0.5, 0.05):
            nodes = [rule.nodes[-1] for rule in tridiagonalise(OPERATOR, RNG.standard_normal((P, 400)), k)[0]]
            failed = np.mean([random_bound(node, P, k, failure) < VALUES[-1] for node in nodes])
            assert failed <= failure
    assert random_bound(1.0, 1000, 3) == math.inf and 1 < random_bound(1.0, 1000, 100) < 1.03


def test_christoffels_function_is_the_weight_of_a_node():
    x = np.array([0.004, 0.3, 2.2, 4.5, 7.0])
    for k in (5, 20):
        for rule in rules(k):
            np.testing.assert_allclose(christoffel(rule, x), [2 * cumulative(rule, y)[1] for y in x], rtol=1e-6, atol=1e-13)
    assert np.all(christoffel(rules(60)[0], np.array([-1e3, 1e9])) < 1e-200)


def test_the_smoothed_density_and_its_certificate():
    log_lam = np.linspace(-5.5, 2.5, 60)
    worst = []
    for k in (10, 25, 45):
        for i, rule in enumerate(rules(k)):
            for width in (0.2, 0.6):
                kernel = np.exp(-(((log_lam[:, None] - np.log(VALUES)) / width) ** 2) / 2) / width / math.sqrt(2 * math.pi)
                value, bound = smoothed(rule, log_lam, width)
                error = np.abs(value - kernel @ SHARES[:, i])
                assert np.all(error <= bound + 1e-9)
                worst.append(np.max(error / (bound + 1e-9)))
    assert 0.05 < max(worst) < 1
