"""The large-ψ expansion: published formulas as identities, edges and their rate of convergence, masses, shares."""

import numpy as np
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel, activations
from theory.spectrum.integration import quadrature
from theory.symbolic import symbols as S
from theory.symbolic import two_bulks as expansion
from theory.symbolic.saddle_equations import saddle_point

RATIO = 8.0  # ψ_p/ψ_n
TWO = ((sp.Rational(1, 2), sp.Rational(1, 3)), (sp.Rational(5, 4), sp.Rational(2, 3)))


def model_at(psi_n, t=0.01, ratio=RATIO, data=None):
    return RandomFeatureModel(activations.tanh, ratio * psi_n, psi_n, t, data or Gaussian())


def numbers(expressions, model):
    c = model.coefficients()
    values = {S.psi_p: model.psi_p, S.psi_n: model.psi_n, S.alpha: c.a * model.decay, S.b: c.b, S.v: c.v, S.s_t: c.s}
    return np.array([float(sp.N(e.subs(values))) for e in expressions])


def masses(spectrum):
    edges = spectrum.edges()
    nodes, weights = quadrature(spectrum, edges)
    return [weights[(nodes > a) & (nodes < b)].sum() for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_atom_is_the_published_one():
    atom = expansion.atom()
    assert atom.location == S.s_t**2
    assert sp.simplify(atom.weight - (1 - (1 + S.psi_n) / S.psi_p)) == 0


@pytest.mark.parametrize("index, sign", [(0, -1), (1, 1)])
def test_leading_edges_are_the_published_ones(index, sign):
    published = S.s_t**2 + S.v**2 * (1 + sign * sp.sqrt(S.psi_p / S.psi_n)) ** 2
    assert sp.simplify(expansion.sample_bulk(0).edges[index] - published) == 0
    published = (S.alpha**2 + S.b**2) * (1 + sign * sp.sqrt(S.psi_p)) ** 2 + S.v**2 + S.s_t**2
    assert sp.simplify(expansion.population_law_edges()[index] - published) == 0


def test_weights_are_the_published_ones():
    assert expansion.sample_bulk(0).weight == S.psi_n / S.psi_p
    assert expansion.population_bulk(0).weight == 1 / S.psi_p


def test_sample_factor_is_the_marchenko_pastur_law():
    # q of v²ΩΩ^T/n + s² solves 1/q = s² − z + v²/(1 + c v² q), by the same replica computation with W = 0
    ratio = S.psi_p / S.psi_n
    equation = 1 - S.q * (S.s_t**2 - S.z) - S.q * S.v**2 / (1 + ratio * S.v**2 * S.q)
    _, factor = expansion.leading_factors("sample")
    assert sp.simplify(sp.cancel(equation * (1 + ratio * S.v**2 * S.q)) - factor) == 0


def test_first_correction_of_the_sample_bulk():
    root = sp.sqrt(S.psi_p / S.psi_n)
    for edge, leading, sign in zip(
        expansion.sample_bulk(1, None).edges, expansion.sample_bulk(0).edges, (-1, 1), strict=True
    ):
        w = 1 + sign * root
        (integral,) = edge.atoms(sp.Integral)
        assert sp.simplify(S.integrand(integral) - S.lam / (S.alpha**2 * S.lam * w + S.b**2)) == 0
        expected = -(S.v**2) / S.psi_n * (w * sign / root + w**2 * S.alpha**2 * integral)
        assert sp.simplify(edge - leading - expected) == 0


def test_width_of_the_population_bulk_adds_samples_to_features():
    field = S.alpha**2 * S.lam + S.b**2
    w = sp.Symbol("w", positive=True)
    lower, upper = expansion.population_bulk(1, ((S.lam, w), (sp.Rational(1, 7), 1 - w))).edges
    assert sp.simplify((upper + lower) / 2 - S.psi_p * field) == 0
    half_width = 2 * S.psi_p * sp.sqrt(w * (field**2 / S.psi_p + S.alpha**4 * S.lam**2 / S.psi_n))
    assert sp.simplify(((upper - lower) / 2) ** 2 - half_width**2) == 0


CASES = [
    (expansion.sample_bulk, 0, slice(2, 4), -1.0),
    (expansion.sample_bulk, 1, slice(2, 4), -2.0),
    (expansion.population_bulk, 0, slice(4, 6), -0.5),
    (expansion.population_bulk, 1, slice(4, 6), -1.0),
    (expansion.population_bulk, 2, slice(4, 6), -1.5),
    (expansion.memorizing_bulk, 0, slice(0, 2), -0.5),
    (expansion.memorizing_bulk, 1, slice(0, 2), -1.0),
    (expansion.memorizing_bulk, 2, slice(0, 2), -1.5),
]


@pytest.mark.parametrize("bulk, order, which, slope", CASES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_rate_at_which_the_edges_converge(bulk, order, which, slope):
    errors = []
    for psi_n in (200.0, 800.0):
        model = model_at(psi_n)
        exact = np.array(model.spectrum().edges())
        assert exact.size == 6
        errors.append(np.abs(numbers(bulk(order).edges, model) / exact[which] - 1))
    assert np.log(errors[1] / errors[0]) / np.log(4) == pytest.approx([slope, slope], abs=0.12)


@pytest.mark.slow
def test_rates_for_two_eigenvalues_of_the_covariance():
    data, errors = Gaussian(tuple((float(x), float(w)) for x, w in TWO)), []
    for psi_n in (400.0, 1600.0):
        model = model_at(psi_n, data=data)
        exact = np.array(model.spectrum().edges())
        assert exact.size == 10
        found = [expansion.memorizing_bulk(2, TWO, i).edges for i in (1, 0)]  # the larger variance lies lower
        found += [expansion.sample_bulk(1, TWO).edges]
        found += [expansion.population_bulk(2, TWO, i).edges for i in (0, 1)]
        errors.append([np.abs(numbers(e, model) / exact[2 * i : 2 * i + 2] - 1) for i, e in enumerate(found)])
    slopes = np.log(np.array(errors[1]) / errors[0]) / np.log(4)
    assert slopes[[0, 1, 3, 4]] == pytest.approx(-1.5, abs=0.3)
    assert slopes[2] == pytest.approx(-2, abs=0.1)


@pytest.mark.parametrize("t, counts", [(0.01, (1, 15, 1)), (0.5, (16, 1))])
def test_masses_are_exact_while_the_parts_are_disjoint(t, counts):
    spectrum = model_at(16.0, t).spectrum()
    assert np.array(masses(spectrum)) * RATIO * 16 == pytest.approx(counts, abs=1e-6)


def test_masses_of_the_parts_for_two_eigenvalues():
    data = Gaussian(tuple((float(x), float(w)) for x, w in TWO))
    spectrum = model_at(400.0, data=data).spectrum()
    counts = np.array(masses(spectrum)) * RATIO * 400
    assert counts == pytest.approx([2 / 3, 1 / 3, 399, 1 / 3, 2 / 3], abs=1e-5)


def test_memorizing_bulk_separates_at_the_threshold():
    c = model_at(1.0, 0.3).coefficients()
    alpha = c.a * model_at(1.0, 0.3).decay
    threshold = float(expansion.memorizing_threshold().subs({S.alpha: alpha, S.b: c.b}))
    assert threshold == pytest.approx((1 + c.b2 / alpha**2) ** 2)
    intervals = [len(model_at(500.0, 0.3, factor * threshold).spectrum().edges()) // 2 for factor in (0.8, 1.3)]
    assert intervals == [2, 3]


def average_overlap(spectrum, z):
    """s(z), from the certified (q, δ)."""
    f = sp.lambdify((S.q, S.delta), S.discretise(saddle_point().s, ((1, 1),)).subs(parameters(spectrum.model)))
    return f(*spectrum.solve(np.asarray(z, complex)))


def parameters(model):
    c = model.coefficients()
    return {S.psi_p: model.psi_p, S.psi_n: model.psi_n, S.alpha: c.a * model.decay, S.b: c.b, S.v: c.v, S.s_t: c.s}


def test_training_shares_against_the_certified_measure():
    errors = []
    for psi_n in (25.0, 100.0):
        model = model_at(psi_n)
        spectrum, scale = model.spectrum(), model.psi_p * model.coefficients().b2
        exact = []
        for low, high in np.array(spectrum.edges()).reshape(3, 2):
            theta = (np.arange(400) + 0.5) * np.pi / 400
            lam = low + (high - low) * (1 - np.cos(theta)) / 2
            weight = np.sin(theta) * (high - low) / 2 * np.pi / 400
            exact.append(scale * np.sum(weight * average_overlap(spectrum, lam).imag / np.pi / lam))
        assert sum(exact) == pytest.approx(scale * average_overlap(spectrum, [0.0])[0].real, abs=1e-6)
        shares = expansion.training_shares()
        found = numbers((shares.memorizing, shares.sample, shares.population), model)
        errors.append(np.abs(found - exact))
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.25)  # O(1/ψ_n)
    assert errors[1].max() < 0.01


@pytest.mark.parametrize("order", [-1, 3, 1.5, True, None])
def test_order_is_validated(order):
    for bulk in (expansion.sample_bulk, expansion.population_bulk, expansion.memorizing_bulk):
        with pytest.raises(ValueError, match=r"order = .* .*allowed: an integer >= 0"):
            bulk(order)


def test_index_and_scale_are_validated():
    with pytest.raises(ValueError, match="index = 1 is out of range"):
        expansion.population_bulk(1, index=1)
    with pytest.raises(ValueError, match="scale = 'samples' is unknown"):
        expansion.leading_factors("samples")
