"""Types and times that are refined: the error that is claimed against much finer levels, and what is refused."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, qmc

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings.feature_types import LabelLattice, at_labels
from theory.couplings.type_couplings import type_couplings
from theory.equations.general import GeneralSystem
from theory.spectrum import Spectrum
from theory.spectrum.discretisation import probes, resolvent
from theory.spectrum.levels import Levels
from theory.spectrum.moved_edges import Moving
from theory.spectrum.refined import RefinedSpectrum

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import refined_types

FAR = Mixture((0.65, 0.35), variances=(0.6, 0.2), means=((1.44, -1.44), (-1.44, 1.44)))
WRONG = RandomFeatureModel(A.tanh, 3.5, 2, 0.15, FAR)
#: a model, and how many levels beyond that of the answer are the reference
MODELS = {
    "clusters": (WRONG, 3),
    "erf, biases": (RandomFeatureModel(A.erf, 2, 1.5, 0.3, bias=1.5), 3),
    "ReLU, biases, many features": (RandomFeatureModel(A.relu, 20, 4, 0.1, bias=3.0), 3),
    "two directions": (RandomFeatureModel(A.tanh, 3, 2, 0.2, replace(FAR, means=((1.0, 0.3), (0.3, 0.6)))), 2),
    "biases at two times": (RandomFeatureModel(A.gelu, 2, 3, TimeGrid((0.1, 0.8), (0.5, 0.5)), bias=1.0), 2),
    "times": (RandomFeatureModel(A.tanh, 3, 2.5, TimeGrid.from_density(lambda t: np.exp(-t), (0.05, 2.0))), 2),
}
Z = np.array([-0.1, -0.01, 0.5 + 0.1j, 1 + 0.01j, 8.0])


@pytest.mark.parametrize("name", MODELS)
def test_the_error_claimed_is_a_bound(name):
    model, further = MODELS[name]
    spectrum = model.spectrum()
    assert isinstance(spectrum, RefinedSpectrum)
    for z in Z:
        spectrum.levels.errors.pop("stieltjes", None)
        q = spectrum.stieltjes(z)
        claimed = spectrum.discretisation.errors["stieltjes"]
        expected = spectrum.levels.spectrum(max(spectrum.levels.spectra) + further).stieltjes(z)
        assert abs(q / expected - 1) <= claimed + 1e-10 <= 1e-6 + 1e-10
        for level in [level for level in spectrum.levels.spectra if level > spectrum.level]:
            del spectrum.levels.spectra[level]


def test_a_number_of_types_has_its_error_reported():
    """Sixteen types are wrong by 4e-5 of q(−0.1), more nearer to 0: the report says so, and the refined ones are not."""
    sixteen = replace(WRONG, types=16).spectrum()
    error = abs(sixteen.stieltjes(-0.1) / WRONG.spectrum().stieltjes(-0.1) - 1)
    assert 3e-5 < error < sixteen.discretisation.error
    fine = replace(WRONG, types=LabelLattice(6)).spectrum()
    assert fine.discretisation.error < 2e-6
    assert WRONG.spectrum().stieltjes(-0.1) == pytest.approx(fine.stieltjes(-0.1), rel=1e-8)


def test_losses_are_refined():
    model = RandomFeatureModel(A.relu, 2, 3, 0.5, bias=1.0)
    tau = np.array([1.0, 30.0, np.inf])
    curve, fine = model.training(tau), replace(model, types=LabelLattice(5)).training(tau)
    claimed = model.spectrum().discretisation.errors["losses"]
    assert np.abs(curve.test / fine.test - 1).max() < claimed + 2e-10 < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clusters", "erf, biases"])
def test_edges_are_refined(name):
    """Of much finer types each edge has the continuum on one side and none on the other, two claimed errors away, and so have all middles."""
    spectrum = replace(MODELS[name][0]).spectrum()
    edges, claimed = np.array(spectrum.edges()), spectrum.discretisation.errors["edges"]
    assert claimed < 1e-6
    fine = Moving(spectrum.levels.spectrum(5))
    for k, edge in enumerate(edges):
        beside = edge * (1 + 2 * (claimed + 1e-9) * np.array([1, -1]))
        assert [fine.inside(lam) for lam in beside] == [k % 2 == 0, k % 2 == 1]
    middles = (edges[1:] + edges[:-1]) / 2
    assert [fine.inside(lam) for lam in middles] == [k % 2 == 0 for k in range(middles.size)]


def test_the_density_is_compared_point_by_point():
    """What is reported is the difference of the two levels, solved here one by one; of a finer one the density differs by less."""
    model = replace(MODELS["erf, biases"][0])
    spectrum, lam = model.spectrum(), np.linspace(0.12, 2.5, 6)
    density, (coarse, same, fine) = (
        spectrum.density(lam),
        (Spectrum(replace(model, types=LabelLattice(spectrum.level + further))).density(lam) for further in (-1, 0, 2)),
    )
    e = spectrum.system.ensemble
    mean, claimed = float(e.p @ e.second_moments), spectrum.discretisation.errors["density"]
    assert np.abs(density - same).max() < 1e-9
    assert claimed == pytest.approx(mean * np.abs(same - coarse).max(), abs=2e-10)
    assert mean * np.abs(density - fine).max() < claimed + 1e-9
    # a rare type's bulk and the gap beside it: no level has the continuum's density there, and the report says so
    low = spectrum.base.support.node_edges[:2] + spectrum.offset
    spectrum.density(low.mean())
    assert spectrum.discretisation.errors["density"] > 1e-6


def test_atoms_of_single_types_are_none():
    """Of types whose share is above (1 + ψ_n)/ψ_p there is one each, of the continuum none; what does not depend on the label keeps its own."""
    spectrum = RandomFeatureModel(A.gelu, 20, 0.5, 0.3, bias=0.5).spectrum()
    assert len(spectrum.base.atoms()) > 2 and spectrum.atoms() == ()
    linear = RandomFeatureModel(A.linear, 20, 0.5, 0.3, bias=0.5).spectrum()
    assert linear.atoms() == ((0.0, pytest.approx(1 - 1 / 20)),) and linear.discretisation.errors["atoms"] == 0


@pytest.mark.slow
def test_outliers_are_refined():
    """Eigenvalue and overlap of a spike, against finer types; what is reported is the difference of two levels."""
    model = RandomFeatureModel(A.tanh, 2, 1.5, 0.3, Gaussian(spikes=(30.0,)), bias=1.0)
    spectrum = model.spectrum()
    (outlier,) = spectrum.outliers()
    claimed, levels = spectrum.discretisation.errors["outliers"], spectrum.levels
    taken = levels.reached["outliers"]
    (coarse,), (fine,) = (levels.spectrum(level).outliers() for level in (taken - 1, taken + 2))
    differences = [
        max(abs(outlier.eigenvalue / other.eigenvalue - 1), abs(outlier.overlap / other.overlap - 1))
        for other in (coarse, fine)
    ]
    assert differences[1] < claimed + 1e-10 < 1e-6 and claimed == pytest.approx(differences[0], rel=1e-2)


@pytest.mark.parametrize("index", [2, 4, 6])
def test_a_slice_of_the_campaign(index):
    """Random mixtures: no error is larger than what is claimed of it."""
    rows = refined_types.compared(refined_types.expression(0, index), np.random.default_rng((0, index, 1)))
    assert np.isfinite([claimed for _, claimed, _ in rows]).all()
    assert all(actual <= claimed + refined_types.ROUNDING for _, claimed, actual in rows)


@pytest.mark.slow
def test_four_classes_in_general_position():
    """Four directions are certified to 1e-6, and agree with a Sobol sequence of as many types to what that leaves."""
    rows = np.random.default_rng(5).normal(size=(4, 4))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    data = Mixture((0.4, 0.3, 0.2, 0.1), variances=(0.6, 0.2, 0.5, 0.3), means=tuple(map(tuple, rows @ rows.T)))
    spectrum = RandomFeatureModel(A.tanh, 3, 2, 0.15, data).spectrum()
    q = spectrum.stieltjes(-0.1)
    assert spectrum.discretisation.error < 1e-6
    points = norm.ppf(qmc.Sobol(4, seed=0).random_base2(14))
    u, C, kind_s2, _ = type_couplings(A.tanh, spectrum.model.times, data, *at_labels(0.0, data, points))
    e = replace(
        spectrum.system.ensemble,
        p=np.full(len(points), 1 / len(points)),
        u=u,
        C=C,
        kind_s2=kind_s2,
        kappa=np.zeros((len(points), 4, 4)),
    )
    drawn = Spectrum(replace(spectrum.model, types=1), GeneralSystem(e)).stieltjes(-0.1)
    assert 1e-7 < abs(drawn / q - 1) < 3e-5


def test_what_is_not_resolved_is_refused():
    """Next to 0 labels beyond the types may decide; six directions take more types than are allowed."""
    with pytest.raises(ConvergenceError, match="labels beyond the reach") as caught:
        WRONG.spectrum().stieltjes(-1e-6)
    assert caught.value.reason == "types" and caught.value.residual > 1e-6
    many = RandomFeatureModel(A.tanh, 3, 2, 0.2, Mixture((0.2, 0.2, 0.2, 0.2, 0.1, 0.1), means=tuple(map(tuple, np.eye(6)))))
    with pytest.raises(ConvergenceError, match="6 directions") as caught:
        many.spectrum()
    assert caught.value.advice


def test_levels_double_and_know_their_spectra():
    levels = Levels(WRONG)
    sizes = [levels.spectrum(level).system.ensemble.p.size for level in range(3)]
    assert sizes == [7, 13, 25]  # ±ω are one type
    q, beyond = resolvent(levels.spectrum(1), probes(levels.spectrum(0)))
    assert q.shape == beyond.shape and 0 < beyond.max() < 1e-7
    for directions in (1, 2, 3):
        p, points = LabelLattice(1).rule(directions)
        assert p.size == pytest.approx(LabelLattice(1).nodes(directions), rel=0.1)
        assert (p @ points**2 == pytest.approx(1, abs=1e-6)) and np.abs(p @ points).max() < 1e-12


def test_no_continuum_has_no_error():
    plain = RandomFeatureModel(A.tanh, 3, 2, 0.2).spectrum()
    assert plain.discretisation.types == 1 and plain.discretisation.error == 0
    assert plain.base is plain
