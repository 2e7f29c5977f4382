"""Types that are eliminated against the system of all of them, and what they cost."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings.ensemble import Ensemble
from theory.equations import channels, solve
from theory.equations.general import GeneralSystem
from theory.training.general_kernel import class_residuals, loss_kernels

TWO = ((0.5, 0.5), (1.5, 0.5))
FAR = {"means": ((1.44, -0.7), (-0.7, 0.9)), "variances": (0.6, 0.2)}
MODELS = {
    "two clusters and biases": RandomFeatureModel(A.tanh, 3.5, 2, 0.15, Mixture((0.65, 0.35), **FAR, spectrum=TWO), 0.7, 8),
    "two clusters at two times": RandomFeatureModel(
        A.gelu, 3, 2.5, TimeGrid((0.1, 0.6), (0.4, 0.6)), Mixture((0.6, 0.4), **FAR), types=5
    ),
    "biases at three times": RandomFeatureModel(
        A.relu, 2, 3, TimeGrid((0.1, 0.4, 1), (0.2, 0.3, 0.5)), Gaussian(TWO), 1.0, 50
    ),
}
Z = np.array([-0.1, -1e-3, 0.3 + 0.05j, 1 + 0.2j, 0.8, 3 + 1e-3j, 40])


@pytest.fixture(params=MODELS)
def both(request, monkeypatch):
    """The same equations, with the q_j eliminated and as they are."""
    e, systems = MODELS[request.param].ensemble, []
    for many in (True, False):
        monkeypatch.setattr(channels, "many", lambda e, many=many: many)
        systems.append(GeneralSystem(e))
    assert systems[0].many and not systems[1].many
    return *systems, monkeypatch


def switched(many, monkeypatch):
    monkeypatch.setattr(channels, "many", lambda e: many)


def test_the_solution_is_the_same(both):
    eliminated, whole, _ = both
    y = Z - whole.offset
    (x, _), (expected, _) = solve(eliminated, y), solve(whole, y)
    assert np.isfinite(expected).all()
    assert np.allclose(eliminated.stieltjes(x), whole.stieltjes(expected), rtol=double("identity"), atol=0)
    assert eliminated.residual_size(expected, y).max() < 1e-12


def test_newton_step_and_tangent_are_those_of_the_whole_system(both):
    eliminated, whole, _ = both
    y = Z[2:4] - whole.offset
    x = solve(whole, y)[0] * (1 + 1e-2 * np.cos(np.arange(whole.unknowns))[:, None])
    for name in ("newton_step", "tangent"):
        value, expected = (getattr(system, name)(x, y) for system in (eliminated, whole))
        assert np.abs(value - expected).max() < 1e-9 * np.abs(expected).max()


def test_the_kernel_of_losses_is_the_same(both):
    eliminated, whole, monkeypatch = both
    x, _ = solve(whole, Z[:4] - whole.offset)
    i, j = np.indices((4, 4)).reshape(2, -1)
    values = []
    for many in (True, False):
        switched(many, monkeypatch)
        system = eliminated if many else whole
        pairs = loss_kernels(system, np.hstack([x, x.conj()]), i, j + 4 * (i > j))
        values.append(np.concatenate([pairs.ravel(), class_residuals(system, x).ravel()]))
    assert np.abs(values[0] / values[1] - 1).max() < 1e-10


def test_types_that_are_divided_change_nothing():
    """Ten thousand types that are two hundred, each divided into fifty, against these: the sums are the same, the sizes are not."""
    e = replace(MODELS["two clusters and biases"], types=15).ensemble
    assert channels.many(e)
    parts = np.random.default_rng(0).dirichlet(np.ones(10_000 // e.p.size), e.p.size)
    repeated = {name: np.repeat(getattr(e, name), parts.shape[1], axis=0) for name in ("u", "C", "kind_s2", "kappa")}
    large = Ensemble(
        e.psi_p, e.psi_n, (e.p[:, None] * parts).ravel(), e.pi, target=e.target, nodes=e.nodes, weights=e.weights, **repeated
    )
    assert large.p.size > 9_000
    systems = GeneralSystem(e), GeneralSystem(large)
    q = [system.stieltjes(solve(system, Z[:5] - system.offset)[0]) for system in systems]
    assert np.allclose(*q, rtol=double("identity"), atol=0)


def test_types_alone_on_their_levels_have_the_atoms_of_each():
    """A type with a share above (1 + ψ_n)/ψ_p has a null space of its own."""
    shifted = sp.tanh(sp.Symbol("x") + sp.Rational(1, 2))
    e = RandomFeatureModel(shifted, 60, 0.5, 0.3, bias=1.5, types=120).ensemble
    assert channels.many(e)
    expected = [(s2, p - 1.5 / 60) for s2, p in sorted(zip(e.s2, e.p, strict=True)) if p > 1.5 / 60]
    assert len(expected) > 5 and np.allclose(e.atoms, expected, rtol=1e-12)
