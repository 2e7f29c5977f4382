"""Biases, far centroids and a continuous ρ_Σ in the general equations: edges are those of the continuum."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings.feature_types import NEGLIGIBLE
from theory.spectrum.label_continuum import REACH, ContinuousSupport

BIASED = RandomFeatureModel(A.relu, 2, 1.5, 0.3, bias=1.5, types=4)


def offsets(model):
    """The edges of the continuum, without the total mass, which takes longer."""
    spectrum = model.spectrum()
    return spectrum.offset + spectrum.support.edges


@pytest.mark.parametrize(("activation", "intervals"), [(A.relu, 2), (A.tanh, 2), (A.erf, 2)])
def test_no_interval_is_made_by_a_type(activation, intervals):
    models = [replace(BIASED, activation=activation, types=count) for count in (4, 8)]
    few, more = map(offsets, models)
    assert few.size == more.size == 2 * intervals
    assert few == pytest.approx(more, rel=0.02)
    assert few[[0, -1]] == pytest.approx(more[[0, -1]], rel=2e-3)  # the ends of the support
    if activation is A.relu:
        assert few[1:3] == pytest.approx((0.1092, 0.1092), rel=6e-3)  # a gap of 3e-4 of λ, which every number of types has
        own = [model.spectrum().support.node_edges.size for model in models]
        assert few.size < own[0] < own[1]  # those of the types alone


def test_a_rare_type_lies_where_a_single_feature_of_its_label_would():
    """The bulk of the outermost of 16 types, of share 1e-8, against the zero of 1/q at its label in the gap of 4 types."""
    fine, spectrum = replace(BIASED, types=16).spectrum(), BIASED.spectrum()
    points, weights = np.polynomial.hermite_e.hermegauss(16)
    label = points[weights / weights.sum() > NEGLIGIBLE][0]
    support = ContinuousSupport(spectrum)
    couplings = support.couplings([(label,)])
    bottom, edge = -spectrum.offset, spectrum.support.node_edges[0]
    zero = brentq(
        lambda y: support.inverse_q(support.solution(y), y, *couplings)[0], 0.999 * bottom, edge - 1e-3 * (edge - bottom)
    )
    low, high = fine.offset + fine.support.node_edges[:2]
    assert low < zero + spectrum.offset < high and high < 1.001 * low
    assert abs(label) < REACH and offsets(BIASED)[0] < low


def test_gaps_are_empty_in_a_finite_network():
    """And every interval holds eigenvalues; odd σ and odd labels have no mean activation of order p but one, far above."""
    model = replace(BIASED, activation=A.tanh, types=8)
    values = model.simulate(150, seed=3).eigenvalues
    bulks = offsets(model).reshape(-1, 2)
    inside = (values[:, None] > 0.93 * bulks[:, 0]) & (values[:, None] < 1.07 * bulks[:, 1])
    assert inside.any(axis=0).all()
    outside = values[~inside.any(axis=1)]
    assert np.all(outside > 4 * bulks[-1, 1]) and outside.size <= 1
    assert bulks[1, 0] > 1.5 * bulks[0, 1]


def test_atoms_of_types_are_absorbed():
    """A type of share p_j > (1 + ψ_n)/ψ_p has an atom of its own, the continuum none."""
    model = RandomFeatureModel(A.gelu, 20, 0.5, 0.3, bias=0.5, types=3)
    atoms, edges = [location for location, _ in model.spectrum().atoms()], offsets(model).reshape(-1, 2)
    assert len(atoms) > 1
    assert all(((edges[:, 0] <= atom) & (atom <= edges[:, 1])).any() for atom in atoms)


def test_one_type_is_no_continuum():
    for model in (
        replace(BIASED, types=1),
        replace(BIASED, activation=A.linear),
        RandomFeatureModel(A.tanh, 3, 2, TimeGrid((0.1,), (1,))),
    ):
        assert not ContinuousSupport(model.spectrum()).has_continuum
        assert model.spectrum().support.edges is model.spectrum().support.node_edges


@pytest.mark.slow
def test_continuous_covariance_in_the_general_equations():
    """One time as a grid, against the two equations."""
    data = Gaussian.power_law(1.0, 30.0, nodes=4)
    scalar = RandomFeatureModel(A.tanh, 12, 8, 0.1, data).spectrum()
    general = RandomFeatureModel(A.tanh, 12, 8, TimeGrid((0.1,), (1,)), data)
    assert general.spectrum().support.node_edges.size > scalar.support.edges.size
    assert offsets(general) == pytest.approx(scalar.offset + scalar.support.edges, rel=1e-6)


def test_a_mixture_takes_the_continuum_over():
    data = Gaussian.power_law(1.0, nodes=8)
    mixture = Mixture((0.5, 0.5), (1, 2), spectrum=data)
    assert mixture.continuous == data.continuous and mixture.covariance == data
    assert mixture != Mixture((0.5, 0.5), (1, 2), spectrum=data.spectrum)
    with pytest.raises(ValueError, match=r"^spectrum is a Gaussian with spikes"):
        Mixture((1,), spectrum=Gaussian(spikes=(3,)))
