"""Edges of the bulk, against the discriminant, closed forms, finite matrices and more digits."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel, activations
from theory.symbolic import edge_polynomial, resolvent_polynomial
from theory.symbolic import symbols as S

CASES = [(4, 3, 0.1), (64, 8, 0.01), (0.5, 3, 0.3), (3, 8, 1.0), (2, 1, 0.05), (6, 1.5, 0.2)]


@pytest.mark.parametrize("case", CASES)
def test_every_edge_is_a_root_of_the_discriminant(case):
    m = RandomFeatureModel(activations.erf, *case)
    parameters = m.spectrum().system.parameters
    values = dict(zip((S.psi_p, S.psi_n, S.alpha, S.b, S.v, S.s_t), (sp.Rational(x) for x in parameters), strict=True))
    polynomial = sp.Poly(resolvent_polynomial().as_expr().subs(values), S.q, S.z)
    discriminant = edge_polynomial(polynomial)
    roots = np.array([float(sp.re(r)) for r in discriminant.nroots(n=30, maxsteps=300) if abs(sp.im(r)) < 1e-12])
    edges = m.spectrum().edges()
    for edge in edges:
        assert np.min(np.abs(roots / edge - 1)) < 1e-9
    # and no root strictly between two bulks, or inside one, is an edge: the density changes sign of life only at the edges
    for low, high in itertools.pairwise(edges):
        inside = m.spectrum().density(np.linspace(low, high, 23)[1:-1]) > 0
        assert inside.all() or not inside.any()


def test_edges_at_more_digits():
    spectrum = RandomFeatureModel(activations.erf, 64, 8, Fraction(1, 100)).spectrum()
    double, ladder = spectrum.edges(), {dps: spectrum.edges(dps=dps) for dps in (30, 50, 70)}
    assert len(double) == 6
    for k, edge in enumerate(double):
        assert abs(float(ladder[50][k]) / edge - 1) < 1e-12
        with mpmath.workdps(80):
            assert abs(ladder[30][k] / ladder[50][k] - 1) < mpmath.mpf(10) ** -28
            assert abs(ladder[50][k] / ladder[70][k] - 1) < mpmath.mpf(10) ** -48


def test_edges_of_a_covariance_with_a_gap():
    """Populations far apart: the population bulk splits into one interval for each eigenvalue."""
    data = Gaussian(((0.1, 0.5), (4.0, 0.5)))
    assert len(RandomFeatureModel(activations.tanh, 256, 64, 0.3, data).spectrum().edges()) >= 6


def test_continuous_covariance():
    spectrum = RandomFeatureModel(activations.tanh, 4, 3, 0.1, Gaussian.power_law(1.5, condition=30, nodes=20)).spectrum()
    edges = spectrum.edges()
    assert len(edges) % 2 == 0
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        just_inside, just_outside = [a * (1 + 1e-6), b * (1 - 1e-6)], [a * (1 - 1e-6), b * (1 + 1e-6)]
        assert np.all(spectrum.density(just_inside) > 0)
        assert np.all(spectrum.density(just_outside) == 0)


def test_hard_edge():
    """ψ_p = 1 + ψ_n: the bulk reaches down to s_t², where the density diverges."""
    m = RandomFeatureModel(activations.tanh, 4, 3, 0.1)
    s2 = m.coefficients().s2
    assert m.spectrum().edges()[0] == s2
    near = m.spectrum().density(s2 + np.array([1e-8, 4e-8]) * s2)
    assert np.isclose(near[0] / near[1], 2, rtol=1e-2)  # an inverse square root
    # a hair to either side, the atom is not yet or just born and the edge has left s_t²
    for psi_p, atoms in ((3.9, 0), (4.1, 1)):
        spectrum = RandomFeatureModel(activations.tanh, psi_p, 3, 0.1).spectrum()
        assert len(spectrum.atoms()) == atoms
        assert spectrum.edges()[0] > s2


@pytest.mark.parametrize("case", [(4, 3, 0.1), (2, 6, 0.3)])
def test_finite_matrices_fill_the_bulk(case):
    m = RandomFeatureModel(activations.tanh, *case)
    edges = m.spectrum().edges()
    eigenvalues = m.simulate(300, seed=0, features="equivalent").eigenvalues
    assert abs(eigenvalues[-1] / edges[-1] - 1) < 0.05
    between = eigenvalues[None, :]
    low, high = np.array(edges[::2])[:, None], np.array(edges[1::2])[:, None]
    inside = ((between > low * 0.97) & (between < high * 1.03)).any(axis=0)
    assert inside.mean() > 0.99


def test_edges_are_cached():
    spectrum = RandomFeatureModel(activations.tanh, 4, 3, 0.1).spectrum()
    assert spectrum.edges() is spectrum.edges()
