"""H and G: beside an atom, in more digits, and what they are by definition in a matrix."""

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel
from theory import activations as A
from theory.digits import mp
from theory.equations import scalar_system_mpmath
from theory.simulation import population
from theory.training import scalar_kernel as residuals

THREE = Gaussian(((0.4, 0.3), (1.0, 0.2), (3.0, 0.5)))
Z = np.array([-0.2, 0.3 + 0.2j, 5 + 0.1j])


@pytest.mark.parametrize("t", [0.1, 1.0, 3.0])
def test_beside_an_atom_the_equation_of_one_eigenvalue_is_quadratic(t):
    """α²λg² + (b² − α²λ + α²λ/ψ_n) g − b² = 0."""
    psi_n, value = 1.5, 0.7
    model = RandomFeatureModel(A.linear, 6, psi_n, t, Gaussian(((value, 1),)))
    q, delta = residuals.beside_atom(model.spectrum().system)[:, 0]
    alpha2, b2 = np.exp(-2 * t) * value, -np.expm1(-2 * t)
    expected = max(np.roots([alpha2, b2 - alpha2 + alpha2 / psi_n, -b2]))
    assert 1 / (1 + delta) == pytest.approx(expected, rel=1e-13)
    assert abs(q) > 1e100


@pytest.mark.parametrize("data", [Gaussian(), THREE], ids=["one", "three"])
def test_beside_an_atom_is_the_limit_from_below(data):
    spectrum = RandomFeatureModel(A.linear, 6, 1.5, 0.3, data).spectrum()
    assert spectrum.atoms()[0][0] == 0
    limit, near = residuals.beside_atom(spectrum.system), spectrum.solve(np.array([-1e-9 + 0j]))
    assert limit[1, 0] == pytest.approx(near[1, 0], rel=1e-7)
    for of in (residuals.train_residual, lambda system, x: residuals.fresh_residual(system, x, x)):
        np.testing.assert_allclose(of(spectrum.system, limit), of(spectrum.system, near), rtol=1e-6)


def test_more_digits_are_of_the_same_functions():
    spectrum = RandomFeatureModel(A.erf, 4, 3, 0.1, THREE).spectrum()
    x = spectrum.solve(Z)
    H, G = residuals.train_residual(spectrum.system, x), residuals.fresh_residual(spectrum.system, x, x[:, :2].conj())
    with mp.workdps(30):
        system = scalar_system_mpmath(spectrum.model, 30)
        fields = [residuals.field_mpmath(system, *map(mp.mpmathify, column)) for column in x.T]
        others = [residuals.field_mpmath(system, *map(mp.mpmathify, column)) for column in x[:, :2].conj().T]
        assert [complex(residuals.train_residual_mpmath(system, field)) for field in fields] == pytest.approx(H, rel=1e-12)
        for i, left in enumerate(fields):
            for j, right in enumerate(others):
                assert complex(residuals.fresh_residual_mpmath(system, left, right)) == pytest.approx(G[i, j], rel=1e-12)


def test_what_ridges_leave_of_the_target_in_a_matrix():
    """H = 1 − (1/d) Tr V^TQV over the samples, G = 1 − (1/d) Tr Ṽ^T(Q₁ + Q₂)V + (1/d) Tr V^TQ₁ŨQ₂V over fresh ones; the bias is O(1/d)."""
    model, d = RandomFeatureModel(A.erf, 2, 1.5, 0.2, THREE), 300
    spectrum, zeta = model.spectrum(), np.array([0.05, 1.0])
    x = spectrum.solve(-zeta + 0j)
    H, G = residuals.train_residual(spectrum.system, x), residuals.fresh_residual(spectrum.system, x, x)
    finite = model.simulate(d, seed=1, features="equivalent")
    U, V = population(finite)
    fitted = [np.linalg.solve(finite.U + ridge * np.eye(2 * d), finite.V) for ridge in zeta]
    for i, one in enumerate(fitted):
        assert H[i].real == pytest.approx(1 - np.sum(finite.V * one) / d, rel=0.02)
        for j, two in enumerate(fitted):
            assert G[i, j].real == pytest.approx(1 - np.sum(V * (one + two)) / d + np.sum(one * (U @ two)) / d, rel=0.02)
