"""Edges of the general equations: against the scalar construction, points of the density, and the forms that a gap can have."""

from types import SimpleNamespace

import numpy as np
import pytest
from tolerances import double

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.equations import solve
from theory.spectrum import Spectrum, hidden_gaps, survey
from theory.spectrum.hidden_bulks import suspects

#: σ, ψ_p, ψ_n, t, covariance: what the scan alone misses in each, with the scalar path's number of edges
MODELS = {
    "a gap of 3%": (A.sin, 863.742, 0.392242, 0.339179, ((5.49279, 1.0),), 6),
    "a gap next to the lowest edge": (
        A.sign,
        4.13712,
        0.0213086,
        0.00266825,
        ((5.20997, 0.74), (0.147611, 0.18), (9.34825, 0.08)),
        6,
    ),
    "three gaps": (A.tanh, 5.19865, 1.98054, 0.00884391, ((2.1199, 0.56), (0.12987, 0.25), (8.7916, 0.19)), 10),
    "bulks of a rare variance": (A.tanh, 306.245, 75.5838, 0.00101925, ((0.398412, 0.00346), (5.58608, 0.99654)), 10),
    "bulks between bulks": (A.silu, 316.97, 55.7757, 0.906748, ((0.285, 0.1526), (2.952, 0.2681), (1.984, 0.5793)), 8),
    "a bulk within 1e-9 of its level": (A.erf, 1.961, 473.189, 1.73402, ((0.15616, 0.11), (0.100412, 0.89)), 4),
    "noise in directions without samples": (
        A.linear,
        970.0995,
        0.01021491,
        6.472369e-4,
        ((1.2, 0.34), (1.5875, 0.44), (0.5866, 0.22)),
        4,
    ),
    "a variance of no weight to speak of": (A.tanh, 40, 3, 0.1, ((1.0, 1 - 1e-12), (300.0, 1e-12)), 10),
}


@pytest.mark.parametrize("name", MODELS)
def test_edges_are_those_of_the_scalar_path(name):
    activation, psi_p, psi_n, t, covariance, number = MODELS[name]
    scalar, general = (
        RandomFeatureModel(activation, psi_p, psi_n, time, Gaussian(covariance)).spectrum()
        for time in (t, TimeGrid((t,), (1,)))
    )
    assert len(scalar.edges()) == len(general.edges()) == number
    assert np.allclose(general.edges(), scalar.edges(), rtol=double("edge"), atol=0)
    assert np.allclose(general.support.edges, scalar.support.edges, rtol=double("quadrature"), atol=0)


def cubic(s, p):
    """The solution u of u³ + pu = s with the largest imaginary part, and du/ds: what a narrow gap looks like, for p < 0, or almost one."""
    u = np.array([max(np.roots([1, 0, p, -at]), key=lambda root: root.imag) for at in s])
    return u, 1 / (3 * u**2 + p)


def is_resolved(theta, log, slope):
    """The criterion at three points of one function."""
    points = hidden_gaps._Points(SimpleNamespace(decoupled=np.zeros(1, bool), resolvents=1, unknowns=1))
    points._append(theta, theta, np.zeros(3, int), log[None], slope[None], np.zeros((1, 3), complex))
    return points.resolved(*np.arange(3)[:, None])[0]


@pytest.mark.parametrize("middle", [-0.4, 0.0, 0.4])
def test_no_gap_that_has_just_opened_passes_for_resolved(middle, monkeypatch):
    """Wherever it lies and however narrow it is; with tolerances twice as large, hence also if the form is perturbed."""
    monkeypatch.setattr(hidden_gaps, "VALUE", 2 * hidden_gaps.VALUE)
    monkeypatch.setattr(hidden_gaps, "SLOPE", 2 * hidden_gaps.SLOPE)
    theta, scale = np.array([-1, middle, 1]), 1e-3  # q = q_0 (1 + scale·u), small against q_0 next to a gap
    looked_at = 0
    for half_width in (0, 1e-9, 1e-6, 1e-3, 0.03, 0.3):
        for centre in np.append(np.linspace(-0.995, 0.995, 80), [-1 + 1e-6, 1 - 1e-6]):
            u, slope = cubic(theta - centre, -3 * (half_width / 2) ** (2 / 3))
            if np.all(u.imag > 1e-7):  # else one of the points lies in the gap, and finds it
                looked_at += 1
                assert not is_resolved(theta, scale * u, scale * slope)
    assert looked_at > 400


def test_what_has_no_gap_is_resolved():
    theta = np.array([-1, 0.1, 1])
    for p in (
        30.0,
        100.0,
    ):  # the density at its least, at s = 0, is that of a gap which a width of p^{3/2} keeps from opening
        assert is_resolved(theta, *(1e-3 * value for value in cubic(theta, p)))
    assert is_resolved(theta, 1j + 0.2 * np.sin(theta), 0.2 * np.cos(theta) + 0j)


def test_the_search_is_bounded(monkeypatch):
    """A budget that does not last is an error, which says where it ended; nothing is returned."""
    activation, psi_p, psi_n, t, covariance, _ = MODELS["three gaps"]
    model = RandomFeatureModel(activation, psi_p, psi_n, TimeGrid((t,), (1,)), Gaussian(covariance))
    for name, words in (("BUDGET", "3 points"), ("EVALUATIONS", "3 evaluations of the equations")):
        monkeypatch.undo()
        monkeypatch.setattr(survey, name, 3)
        with pytest.raises(ConvergenceError, match=rf"given up after {words}: whe.* near 0.* was not decided"):
            Spectrum(model).edges()


#: two times, three kinds, two types; without the search for gaps the first two bulks are one
GENERAL = RandomFeatureModel(
    A.erf,
    13,
    4.45,
    TimeGrid((0.0049, 0.0628), (0.28, 0.72)),
    Mixture((0.27, 0.15, 0.58), (1.6, 0.545, 0.44), spectrum=((1.52, 1.0),)),
    bias=2.0,
    types=3,
)


@pytest.fixture(scope="module")
def general_spectrum():
    spectrum = GENERAL.spectrum()
    spectrum.edges()
    return spectrum


def test_a_gap_of_a_general_model_is_where_the_density_vanishes(general_spectrum):
    edges = np.array(general_spectrum.edges())
    assert GENERAL.ensemble.sizes == (2, 3, 2) and edges.size == 6
    assert 1e-3 < edges[2] / edges[1] - 1 < 0.05
    lam = np.geomspace(edges[1] / 1.05, edges[2] * 1.05, 400)
    x, _ = solve(
        general_spectrum.system, lam - general_spectrum.offset + 0j
    )  # by continuation from infinity, which knows no edges
    density = general_spectrum.system.stieltjes(x).imag / np.pi
    in_gap = (lam > edges[1]) & (lam < edges[2])
    assert in_gap.sum() > 50 and np.all(density[in_gap] == 0) and np.all(density[~in_gap] > 0)


def test_counting_finds_the_bulks_between_two_points(general_spectrum):
    """Two points on either side of a bulk raise suspicion, two within one gap do not."""
    offsets = general_spectrum.support.edges
    gaps = np.append(offsets[1:], 2 * offsets[-1]).reshape(-1, 2)
    y = (gaps @ [[0.9, 0.1], [0.1, 0.9]]).ravel()
    x, _ = solve(general_spectrum.system, y.astype(complex))
    assert np.all(general_spectrum.system.stieltjes(x).imag == 0)
    for k in range(y.size - 1):
        points = suspects(general_spectrum.system, y, x, np.array([k]))
        assert (points.size == 0) == (k % 2 == 0)
        assert np.all((points > y[k]) & (points < y[k + 1]))
