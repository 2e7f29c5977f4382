"""The sums of `theory.training.losses` against loops over the whole contour, both half-planes, with numbers at random for what is integrated."""

import numpy as np
import pytest

from theory.training import contour, losses

N, FILTERS = 9, 3


#: H(0) and G(0, 0), each with a second value
AT_ZERO = np.array([[50.0, 50.5], [60.0, 59.75]])


def numbers(seed, constant=40.0, at_zero=AT_ZERO):
    rng = np.random.default_rng(seed)
    a, b, mixed = rng.normal(size=(3, N, N)) + 1j * rng.normal(size=(3, N, N))
    nodes, weights, train, far, zero = rng.normal(size=(5, N)) + 1j * rng.normal(size=(5, N))
    points = contour.Contour(nodes, 0.1 * weights)
    # G(z_i, z_j) is symmetric, G(z_i, z̄_j) Hermitian
    data = losses.ResidualData(points, constant, train, far, a + a.T, mixed + mixed.conj().T, at_zero, zero)
    return data, *(0.3 * (rng.normal(size=(2, FILTERS, N)) + 1j * b[:2, None, :]))


def by_loops(data, f, h, from_zero, step=1):
    """Values and sums of sizes of the terms, of one filter: [train, test]; ``step`` = 2 is the rule of every second node."""
    upper = [k for k in range(0, N, step)]
    ends = [(k, bar) for k in upper for bar in (False, True)]

    def at(values, k, bar):
        return np.conj(values[k]) if bar else values[k]

    def kernel(i, bar_i, j, bar_j):
        value = data.mirror[i, j] if bar_i != bar_j else data.kernel[i, j]
        return np.conj(value) if bar_i else value

    z, w = data.points.nodes, step * data.points.weights
    if from_zero:
        constants, factor, square, row = data.at_zero[:, 0], w * h / z, w * h**2 / z, data.from_zero
    else:
        constants, factor, square, row = (data.initial,) * 2, -w * f, -w * f * (1 + h), data.far
    terms = [[constants[0]], [constants[1]]]
    for k, bar in ends:
        terms[0].append(at(square, k, bar) * at(data.train, k, bar))
        terms[1].append(2 * at(factor, k, bar) * at(row, k, bar))
        for j, bar_j in ends:
            terms[1].append(at(factor, k, bar) * at(factor, j, bar_j) * kernel(k, bar, j, bar_j))
    values, sizes = np.array([[sum(row), sum(map(abs, row))] for row in terms]).T
    assert np.all(np.abs(values.imag) < 1e-12 * sizes.real)
    return values.real, sizes.real


@pytest.mark.parametrize("from_zero", [False, True])
def test_values_errors_and_terms(from_zero):
    data, f, h = numbers(0)
    values, errors, terms = losses._form(data, f, h, from_zero)
    for k in range(FILTERS):
        expected, sizes = by_loops(data, f[k], h[k], from_zero)
        coarse, _ = by_loops(data, f[k], h[k], from_zero, step=2)
        np.testing.assert_allclose(values[:, k], expected, rtol=1e-12)
        np.testing.assert_allclose(terms[:, k], sizes, rtol=1e-12)
        uncertain = [0.5, 0.25] if from_zero else [0, 0]
        claimed = np.where(expected > 0, (np.abs(expected - coarse) + uncertain) / expected, np.inf)
        np.testing.assert_allclose(errors[:, k], claimed, rtol=1e-9)


def test_rounding_is_part_of_the_error():
    """Where nothing but the constants is left of the sums, at both rules: four units of rounding of the terms."""
    data, f, h = numbers(1)
    f, h = np.zeros_like(f), np.zeros_like(h)
    values, errors = losses.measured(data, f, h)
    np.testing.assert_allclose(errors, 4 * np.finfo(float).eps, rtol=1e-12)
    assert np.all(values == data.initial)


def test_the_form_with_smaller_terms_is_taken():
    for constant, at_zero in ((40.0, 10 * AT_ZERO), (500.0, AT_ZERO), (500.0, None)):
        data, f, h = numbers(2, constant, at_zero)
        values, errors = losses.measured(data, f, h)
        expected = losses._form(data, f, h, at_zero is AT_ZERO)
        np.testing.assert_array_equal(values, expected[0])
        np.testing.assert_array_equal(errors, expected[1])


def test_a_loss_below_zero_is_certified_by_nothing():
    data, f, h = numbers(3, -1e3, -20 * AT_ZERO)
    assert np.all(np.isinf(losses.measured(data, f, h)[1]))
