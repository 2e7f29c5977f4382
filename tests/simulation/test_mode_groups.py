"""The test loss by groups of modes: sums, integrals along the flow, and what is left when a group is removed."""

import numpy as np
import pytest
from scipy.integrate import quad_vec
from tolerances import double

from theory import RandomFeatureModel, activations
from theory.simulation import loss_by_groups
from theory.simulation.loss import flow_filter
from theory.training import linear_plateau

MODEL = RandomFeatureModel(activations.tanh, 8, 4, 0.1)
DRAW = MODEL.simulate(20, seed=2)
WALLS = (0.065, 1.0)
TAU = np.array([[0.3, 20.0], [2e3, np.inf]])


def test_both_ways_add_up_to_the_loss():
    found = loss_by_groups(DRAW, TAU, WALLS)
    change = DRAW.training(TAU).test - 1
    assert found.sizes.sum() == 160 and np.all(found.sizes > 0)
    assert found.path.sum(axis=-1) == pytest.approx(change, rel=double("moment"))
    pairs = sum(found.pairs[..., g, h] for g, h in ((0, 1), (0, 2), (1, 2)))
    assert found.alone.sum(axis=-1) + pairs == pytest.approx(change, rel=double("moment"))
    assert np.all(np.diagonal(found.pairs, axis1=-2, axis2=-1) == 0)


def test_path_is_the_integral_along_the_flow():
    """Σ_{i∈g} (∂test/∂f_i)(df_i/dτ), by quadrature in τ with differences for df_i/dτ."""
    eigenvalues, overlap, quadratic = DRAW.flow_matrices

    def speed(tau):
        step = 1e-5 * tau
        before, f, after = flow_filter(DRAW, eigenvalues, np.array([tau - step, tau, tau + step]))
        each = 2 * (quadratic @ f - overlap) * (after - before) / (2 * step) / 20
        return np.array([each[np.searchsorted(WALLS, eigenvalues) == g].sum() for g in range(3)])

    integral, _ = quad_vec(lambda u: np.exp(u) * speed(np.exp(u)), np.log(1e-9), np.log(50.0), epsrel=1e-8)
    assert loss_by_groups(DRAW, 50.0, WALLS).path == pytest.approx(integral, rel=1e-5)


def test_a_group_alone_is_the_loss_with_the_others_removed():
    """The readout restricted to the modes of one group, put into the definition of the loss."""
    from theory.simulation import population

    modes = DRAW.modes
    U, V = population(DRAW)
    f = flow_filter(DRAW, modes.eigenvalues, np.array([30.0]))[0]
    for g in range(3):
        kept = f * (np.searchsorted(WALLS, modes.eigenvalues) == g)
        readout = (modes.eigenvectors * kept) @ modes.projections  # −A^T √(Δ/p), (p, d)
        change = (np.sum(readout * (U @ readout)) - 2 * np.sum(readout * V)) / 20
        assert loss_by_groups(DRAW, 30.0, WALLS).alone[g] == pytest.approx(change, rel=double("moment"))


def test_population_modes_end_on_the_linear_plateau():
    """They double the score error by themselves, before the memorizing modes add anything."""
    model = RandomFeatureModel(activations.tanh, 24, 8, 0.05)
    edges = model.spectrum().edges()
    draw = model.simulate(40, seed=0, features="equivalent")
    tau = np.array([34.0, 100.0, np.inf])
    found = loss_by_groups(draw, tau, (np.sqrt(edges[-3] * edges[-2]),))
    assert found.sizes[1] == 40
    exact = draw.training(tau).test - model.noise_variance * draw.training(tau).score_error
    alone = (1 + found.alone[:, 1] - exact) / model.noise_variance
    assert alone[-1] == pytest.approx(linear_plateau(model), rel=0.05)
    assert alone[1] > 1.8 * alone[0]
    rise = np.diff(found.path[:2], axis=0)[0]
    assert rise[1] > 8 * abs(rise[0])  # of the score error's rise between 34 and 100


@pytest.mark.parametrize("walls", [(1.0, 1.0), (2.0, 1.0), (-1.0,), (), 1.0])
def test_walls_that_divide_nothing(walls):
    with pytest.raises(ValueError, match="walls"):
        loss_by_groups(DRAW, 1.0, walls)
