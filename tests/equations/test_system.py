"""One protocol: the general equations take what the scalar ones take, and everything that dispatches on a system has both."""

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, RandomFeatureModel, TimeGrid, activations
from theory.equations import GeneralSystem, Parameters, ScalarSystem, System, general_system, system_of
from theory.outliers import outliers
from theory.spectrum import Spectrum
from theory.training import kernels

TWO = Gaussian(((0.5, 0.5), (1.5, 0.5)), spikes=(9.0,))
MODELS = {
    "two eigenvalues": RandomFeatureModel(activations.tanh, 4, 3, 0.1, TWO),
    "no linear part": RandomFeatureModel(activations.hermite(2), 4, 3, 0.3),
    "an atom": RandomFeatureModel(activations.erf, 8, 2, 0.1),
    "an atom at zero": RandomFeatureModel(activations.linear, 2, 3, 0.1),
}
Z = np.array([-0.1, 0.5 + 0.1j, 0.2 - 0.3j, 4 + 1j])


def test_the_model_decides():
    scalar, general = MODELS["an atom"], RandomFeatureModel(activations.erf, 8, 2, TimeGrid((0.1,), (1,)))
    assert isinstance(system_of(scalar), ScalarSystem) and isinstance(system_of(general), GeneralSystem)
    assert isinstance(scalar.spectrum().system.parameters, Parameters)


@pytest.mark.parametrize("name", MODELS)
def test_the_general_equations_take_one_type_one_kind_one_time(name):
    model = MODELS[name]
    one, other = model.spectrum(), Spectrum(model, general_system(model))
    assert other.system.ensemble.sizes == (1, 1, 1)
    assert other.stieltjes(Z) == pytest.approx(one.stieltjes(Z), rel=double("resolvent"))
    assert other.edges() == pytest.approx(one.edges(), rel=1e-9)
    lam = np.linspace(one.edges()[0], one.edges()[-1], 50)[1:-1]
    assert other.density(lam) == pytest.approx(one.density(lam), rel=1e-9)
    for a, b in ((one.system.atoms, other.system.atoms), (one.atoms(), other.atoms())):
        assert [x for row in a for x in row] == pytest.approx([x for row in b for x in row], abs=1e-12)
    assert other.upper_bound == pytest.approx(one.upper_bound, rel=1e-12)
    found, expected = outliers(other), outliers(one)
    assert [o.eigenvalue for o in found] == pytest.approx([o.eigenvalue for o in expected], rel=1e-9)
    assert [o.overlap for o in found] == pytest.approx([o.overlap for o in expected], rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_the_losses_are_those_of_either_system(name):
    model = MODELS[name]
    one, other = model.spectrum(), Spectrum(model, general_system(model))
    x, full = one.solve(Z), other.solve(Z)
    for a, b in zip(kernels.residuals(one.system, x), kernels.residuals(other.system, full), strict=True):
        assert a == pytest.approx(b, rel=1e-9)
    for a, b in zip(kernels.kernels(one.system, x, 2), kernels.kernels(other.system, full, 2), strict=True):
        assert a[:2, :2] == pytest.approx(b[:2, :2], rel=1e-9)
    assert kernels.initial_loss(one.system) == pytest.approx(kernels.initial_loss(other.system), rel=1e-12)


def test_a_system_answers_all_that_a_solver_may_ask():
    class Silent(System):
        """Says nothing."""

    with pytest.raises(TypeError, match="abstract"):
        Silent()
    assert set(System.__abstractmethods__) == {
        *("upper_bound", "atoms", "start", "residual_size", "newton_step", "tangent", "stieltjes", "norms", "in_cone"),
    }
