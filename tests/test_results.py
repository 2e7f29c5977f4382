"""Objects that travel between processes, what is computed once, and the one type of outliers."""

import copy
import pickle

import mpmath
import numpy as np
import pytest
from joblib import Parallel, delayed

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.outliers import closed_form as outliers
from theory.outliers import counted as general_outliers
from theory.outliers.closed_form import outliers_of
from theory.outliers.counted import direction_outliers, mean_outliers
from theory.results import Outlier
from theory.simulation import backend, modes, relaxation_times, train_loss_along_flow

GRID = TimeGrid((0.2, 0.8), (0.5, 0.5))
MODELS = {
    "scalar": RandomFeatureModel(activations.erf, 4, 3, 0.3, Gaussian(spikes=(5.0, 3.0))),
    "several eigenvalues": RandomFeatureModel(activations.relu, 4, 3, 0.3, Gaussian(((0.5, 0.5), (1.5, 0.5)))),
    "general": RandomFeatureModel(activations.tanh, 4, 3, GRID, Gaussian(spikes=(5.0,))),
    "mixture": RandomFeatureModel(activations.tanh, 4, 3, 0.3, Mixture((0.5, 0.5), spikes=((9, -9), (-9, 9)))),
}
ROUND_TRIPS = {"pickle": lambda x: pickle.loads(pickle.dumps(x)), "deepcopy": copy.deepcopy, "copy": copy.copy}
Z = np.array([-0.3, 0.5 + 0.2j, 3.0, 50.0])


@pytest.mark.parametrize("trip", ROUND_TRIPS)
@pytest.mark.parametrize("name", MODELS)
def test_a_spectrum_travels(name, trip):
    model = copy.deepcopy(MODELS[name])
    spectrum = model.spectrum()
    for _ in ("new", "used"):
        other = ROUND_TRIPS[trip](spectrum)
        assert other is not spectrum and other.model == model and hash(other.model) == hash(model)
        assert np.array_equal(other.stieltjes(Z), spectrum.stieltjes(Z))
        assert other.atoms() == spectrum.atoms()
        if name == "scalar":
            assert other.edges() == spectrum.edges() and other.outliers() == spectrum.outliers()
            assert other.stieltjes(-0.3, dps=30) == spectrum.stieltjes(-0.3, dps=30)


@pytest.mark.parametrize("name", MODELS)
def test_what_was_computed_travels(name):
    spectrum = MODELS[name].spectrum()
    edges = spectrum.edges()
    other = pickle.loads(pickle.dumps(spectrum))
    assert "_law" in other.__dict__ and other.edges() == edges
    assert other.outliers() == spectrum.outliers()


@pytest.mark.parametrize("trip", ROUND_TRIPS)
@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_a_draw_travels(library, trip):
    pytest.importorskip(library)
    finite = MODELS["general"].simulate(d=10, seed=3, library=library)
    loss = train_loss_along_flow(finite, [0.1, 1.0])
    other = ROUND_TRIPS[trip](finite)
    assert other.backend == finite.backend and other.model == finite.model
    assert np.array_equal(other.eigenvalues, finite.eigenvalues)
    assert np.array_equal(train_loss_along_flow(other, [0.1, 1.0]), loss)
    assert np.array_equal(other.training([1.0]).test, finite.training([1.0]).test)


def test_a_draw_is_diagonalised_once():
    finite = MODELS["scalar"].simulate(d=10)
    assert modes(finite) is modes(finite)
    assert "modes" in finite.__dict__


def test_processes_return_what_was_computed_there():
    spectra = Parallel(n_jobs=2)(delayed(RandomFeatureModel.spectrum)(MODELS[name]) for name in ("scalar", "general"))
    for name, spectrum in zip(("scalar", "general"), spectra, strict=True):
        assert np.array_equal(spectrum.stieltjes(Z), MODELS[name].spectrum().stieltjes(Z))


def test_a_spectrum_is_made_once():
    model = copy.deepcopy(MODELS["scalar"])
    before = repr(model), hash(model)
    spectrum = model.spectrum()
    assert model.spectrum() is spectrum
    assert (repr(model), hash(model)) == before and model == MODELS["scalar"]
    # what is computed stays with the model, and does not travel with its description
    assert "_spectrum" not in pickle.loads(pickle.dumps(model)).__dict__


@pytest.mark.parametrize("name", MODELS)
def test_outliers_are_of_one_type(name):
    model = MODELS[name]
    for outlier in model.spectrum().outliers():
        assert type(outlier) is Outlier
        assert outlier.overlap == pytest.approx(sum(outlier.overlaps))
        finite = model.simulate(20)
        # the model's ratio of p and d is that of the draw
        assert outlier.training_time == pytest.approx(relaxation_times(finite, outlier.eigenvalue), rel=1e-12)
        assert (outlier.data_overlap is None) != model.is_scalar
        assert (outlier.spike is None) == isinstance(model.data, Mixture)


def test_the_same_model_written_twice_has_the_same_outliers():
    scalar = MODELS["scalar"]
    general = RandomFeatureModel(scalar.activation, 4, 3, TimeGrid((0.3,), (1,)), scalar.data)
    found = [law.outliers() for law in (scalar.spectrum(), general.spectrum())]
    assert len(found[0]) == len(found[1]) == 2
    for one, other in zip(*found, strict=True):
        for field in ("eigenvalue", "overlap", "spike", "training_time", "overlaps"):
            assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-8, abs=1e-12)


def test_fields_that_do_not_apply():
    (one, *_) = outliers_of(MODELS["scalar"].spectrum(), 7.0)
    assert one.overlaps is None and one.spike == 7.0
    (digits, *_) = MODELS["scalar"].spectrum().outliers(dps=30)
    assert all(isinstance(x, mpmath.mpf) for x in digits.overlaps)
    model = RandomFeatureModel(activations.relu, 4, 3, 0.3, bias=0.5, types=4)
    (mean,) = mean_outliers(model.spectrum(), 100)[-1:]
    assert type(mean) is Outlier and mean.overlap is mean.overlaps is mean.data_overlap is mean.spike is None
    assert mean.training_time == pytest.approx(4 / (2 * model.noise_variance * mean.eigenvalue))


def test_earlier_names_remain():
    assert outliers.Outlier is general_outliers.DirectionOutlier is general_outliers.MeanOutlier is Outlier
    assert direction_outliers is general_outliers.direction_outliers


def test_a_device_travels():
    assert pickle.loads(pickle.dumps(backend())) == backend()
