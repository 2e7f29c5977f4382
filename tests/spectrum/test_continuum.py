"""A continuous ρ_Σ: edges of U are those of the continuum, not of its quadrature nodes."""

import pickle
from functools import cache

import mpmath
import numpy as np
import pytest
from tolerances import double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.data import continuum
from theory.outliers.bbp import critical_spike
from theory.outliers.closed_form import outliers_of
from theory.outliers.gaps import zeros_in_gaps
from theory.spectrum import Spectrum
from theory.spectrum.artefacts import is_artefact


def two_intervals(nodes):
    """Uniform on (0.1, 0.2) and on (4, 5)."""
    return Gaussian.from_density(lambda x: 1.0 * (x < 0.2) + (x > 4) / 3, (0.1, 5), nodes=nodes)


CASES = {
    "as many samples as features": (A.tanh, 2, 1.5, 0.1, lambda n: Gaussian.power_law(0.5, nodes=n), 2),
    "three bulks": (A.erf, 32, 6, 0.1, lambda n: Gaussian.power_law(0.5, nodes=n), 3),
    "a kink": (A.relu, 20, 1000, 0.1, lambda n: Gaussian.power_law(1.0, nodes=n), 2),
    "an atom": (A.tanh, 200, 20, 0.1, lambda n: Gaussian.power_law(2.0, nodes=n), 2),
    "semicircle": (
        A.tanh,
        30,
        40,
        0.1,
        lambda n: Gaussian.from_density(lambda x: np.sqrt((x - 1) * (3 - x)), (1, 3), nodes=n),
        2,
    ),
    "two intervals": (A.tanh, 40, 10, 0.3, two_intervals, 4),
}


@cache  # with the spectrum that it keeps
def model(name, nodes):
    activation, psi_p, psi_n, t, data, _ = CASES[name]
    return RandomFeatureModel(activation, psi_p, psi_n, t, data(nodes))


@pytest.mark.parametrize("name", CASES)
def test_no_interval_and_no_edge_depends_on_the_number_of_nodes(name):
    first, second = (np.array(model(name, nodes).spectrum().edges()) for nodes in (12, 30))
    assert first.size == second.size == 2 * CASES[name][-1]
    assert first == pytest.approx(second, rel=1e-6)


def test_the_nodes_alone_have_many_more():
    """What the edges were before: those of atoms, whose number grows."""
    for nodes in (12, 30):
        data = model("three bulks", nodes).data
        atomic = RandomFeatureModel(A.erf, 32, 6, 0.1, Gaussian(data.spectrum))
        assert len(atomic.spectrum().edges()) > nodes


def test_where_the_nodes_suffice_they_have_the_same_edges():
    """ψ small, nodes many: the law of the nodes has no artefact, and its edges, found without the graded rule, are the continuum's."""
    resolved = RandomFeatureModel(A.tanh, 2, 1.5, 0.3, Gaussian.power_law(1.0, nodes=200)).spectrum()
    atomic = RandomFeatureModel(A.tanh, 2, 1.5, 0.3, Gaussian(resolved.model.data.spectrum)).spectrum()
    assert resolved.edges() == pytest.approx(atomic.edges(), rel=1e-8)
    # ten nodes have them too
    assert RandomFeatureModel(A.tanh, 2, 1.5, 0.3, Gaussian.power_law(1.0, nodes=10)).spectrum().edges() == pytest.approx(
        atomic.edges(), rel=1e-6
    )


@pytest.mark.parametrize(("name", "d"), [("as many samples as features", 200), ("two intervals", 20)])
def test_gaps_of_a_finite_network_are_those_of_the_continuum(name, d):
    """Every eigenvalue of a draw lies in an interval, up to what finite size blurs, and every interval holds some."""
    spectrum = model(name, 30).spectrum()
    values = model(name, 400).simulate(d, features="equivalent").eigenvalues
    values = values[values > spectrum.offset * (1 + 1e-9)]  # those that are no atom
    bulks = np.array(spectrum.edges()).reshape(-1, 2)
    inside = (values[:, None] > bulks[:, 0] * 0.8) & (values[:, None] < bulks[:, 1] * 1.2)
    assert inside.any(axis=1).all() and inside.any(axis=0).all()
    assert np.all(bulks[1:, 0] > 1.1 * bulks[:-1, 1])


def test_a_gap_of_the_nodes_is_told_from_a_real_one(monkeypatch):
    """Were an artefact taken for real, the continuum and its nodes would not agree."""
    spectrum = Spectrum(model("three bulks", 12))
    gaps = spectrum.support.node_edges[1:-1:2]
    artefacts = [is_artefact(spectrum, row) for row in spectrum.support.node_table[1:-1:2]]
    other_side = [is_artefact(spectrum, row) for row in spectrum.support.node_table[2:-1:2]]
    assert artefacts == other_side and artefacts.count(False) == 2 and len(gaps) > 10
    monkeypatch.setattr("theory.spectrum.artefacts.is_artefact", lambda *_: False)
    with pytest.raises(ConvergenceError, match=r"shows \d+ gaps of the spectrum, the continuum 2; double nodes"):
        Spectrum(model("three bulks", 12)).edges()


def test_digits_agree():
    spectrum = model("an atom", 12).spectrum()
    for edge, digits in zip(spectrum.edges(), spectrum.edges(dps=25), strict=True):
        assert abs(edge / digits - 1) < double("edge")
        assert isinstance(digits, mpmath.mpf)


def test_no_outlier_in_the_continuum():
    """Between two nodes a direction has an outlier of the nodes, and none of the continuum."""
    law = model("three bulks", 12)
    atomic = RandomFeatureModel(A.erf, 32, 6, 0.1, Gaussian(law.data.spectrum))
    nodes = law.data.eigenvalues
    between = (nodes[-4] + nodes[-3]) / 2
    assert outliers_of(atomic.spectrum(), between) and not outliers_of(law.spectrum(), between)
    end = law.data.continuous[0].high
    assert nodes[-1] < end * (1 - 1e-4)
    threshold = critical_spike(law)
    assert end < threshold < end * 1.01 and not outliers_of(law.spectrum(), (end + threshold) / 2)
    above = outliers_of(law.spectrum(), 2 * threshold - end)
    assert above and max(o.eigenvalue for o in above) > law.spectrum().edges()[-1]
    c, psi_p = law.coefficients(), float(law.psi_p)
    zeros = zeros_in_gaps(law.spectrum(), psi_p * (c.a * law.decay) ** 2 * 2 * end, psi_p * c.b2)
    assert zeros == pytest.approx(
        [o.eigenvalue for o in sorted(outliers_of(law.spectrum(), 2 * end), key=lambda o: o.eigenvalue)]
    )


def test_times_read_off_the_edges_do_not_follow_the_nodes():
    from theory.training.timescales import edge_times

    assert edge_times(model("three bulks", 12)) == pytest.approx(edge_times(model("three bulks", 30)), rel=1e-6)


@pytest.mark.parametrize("distance", [1.0, 1e-2, 1e-4, 1e-6])
def test_graded_rule_beside_its_ends(distance):
    below, above, weights = continuum.graded_rule(16)
    assert weights.sum() == pytest.approx(1, rel=double("identity"))
    for from_end in (below, above):
        assert weights @ (1 / (distance + from_end) ** 2) == pytest.approx(1 / distance - 1 / (1 + distance), rel=1e-10)
    assert weights @ np.sqrt(below * above) == pytest.approx(np.pi / 8, rel=1e-8)


def test_intervals_of_a_density():
    low, high = two_intervals(40).continuous
    assert (low.low, low.high, high.low, high.high) == pytest.approx((0.1, 0.2, 4, 5), rel=double("identity"))
    # a density that vanishes at one point, even a node, has no gap there
    touching = Gaussian.from_density(lambda x: np.abs(x - 2), (1, 3), nodes=41)
    assert [(part.low, part.high) for part in touching.continuous] == [(1, 3)]
    assert sum(weight for part in touching.continuous for _, weight in part.rule) == pytest.approx(1)


def test_a_continuum_is_another_description_than_its_nodes():
    data = Gaussian.power_law(1.0, nodes=16)
    assert data == Gaussian.power_law(1.0, nodes=16) and hash(data) == hash(Gaussian.power_law(1.0, nodes=16))
    assert data != Gaussian(data.spectrum) and pickle.loads(pickle.dumps(data)) == data
    assert repr(data) == repr(Gaussian(data.spectrum))  # the rule of hundreds of nodes is not shown
    with pytest.raises(ValueError, match=r"^continuous"):
        Gaussian(continuous=(1,))
