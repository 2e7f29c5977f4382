"""Many digits with several kinds and times: the ladder, the scalar equations, moments, the branch, and what a second z costs."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from tolerances import digits, double

from theory import ConvergenceError, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.activations import Activation
from theory.equations import general_digits, polynomial
from theory.spectrum import Spectrum

#: frequencies, amplitudes and weights all differ, so that none can stand for another
GRID = TimeGrid((Fraction(1, 10), Fraction(1, 2)), (Fraction(2, 5), Fraction(3, 5)), amplitude=(1, 2))
MIXTURE = Mixture((Fraction(1, 4), Fraction(3, 4)), (Fraction(1, 2), 2))
CUBIC = A.polynomial((0, 1, 0, Fraction(1, 3)))
T = Fraction(1, 10)
MODELS = {
    "times": RandomFeatureModel(A.tanh, 4, 3, TimeGrid(GRID.nodes, GRID.weights)),
    "amplitudes": RandomFeatureModel(CUBIC, 4, 3, GRID),
    "kinds": RandomFeatureModel(A.sin, 3, 2, T, MIXTURE),
    "kinds and times": RandomFeatureModel(CUBIC, 2, 3, GRID, MIXTURE),
    "two eigenvalues": RandomFeatureModel(CUBIC, 2, 3, GRID, Mixture((1,), spectrum=((Fraction(1, 2), 0.5), (2, 0.5)))),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


def test_fifteen_digits_are_those_of_double_precision(model):
    """`theory.couplings.ensemble` and `theory.equations.general` make the same numbers in another way."""
    z = np.array([0.5 + 0.125j, -1, 3 - 0.5j])
    found = np.array([complex(q) for q in model.spectrum().stieltjes(z, dps=15)])
    assert np.abs(found / model.spectrum().stieltjes(z) - 1).max() < double("identity")


@pytest.mark.slow
def test_ladder():
    spectrum, z = MODELS["amplitudes"].spectrum(), mpmath.mpc("0.5", "0.125")
    ladder = {dps: spectrum.stieltjes(z, dps=dps) for dps in (15, 20, 30)}
    with mpmath.workdps(50):
        for coarse, fine in ((15, 20), (20, 30)):
            assert abs(ladder[coarse] / ladder[fine] - 1) < mpmath.mpf(10) ** (1 - coarse)


@pytest.mark.parametrize("z", [-1, mpmath.mpc("0.5", "0.125"), mpmath.mpc("2", "-0.25")])
def test_one_of_each_is_the_scalar_model(z):
    scalar, general = (RandomFeatureModel(A.sin, 4, 3, t).spectrum() for t in (T, TimeGrid((T,), (1,))))
    assert not general.model.is_scalar
    with mpmath.workdps(60):
        assert abs(scalar.stieltjes(z, dps=25) / general.stieltjes(z, dps=25) - 1) < digits(25)


def test_first_moment():
    """−z(1 + zq) → (1/p) Tr U, which for σ(x) = x + x³/3 is Σ_k ω_k Σ_c π_c (Γ² + 2Γ⁴ + 5Γ⁶/3), Γ = Γ_ck and ω_k ∝ w_k c_out,k² Δ_k."""
    z = -(mpmath.mpf(10) ** 9)
    q = MODELS["kinds and times"].spectrum().stieltjes(z, dps=15)
    moment, total = 0, 0
    for t, weight, amplitude in ((0.1, 0.4, 1), (0.5, 0.6, 2)):
        delta = 1 - np.exp(-2 * t)
        total += weight * amplitude**2 * delta
        for share, variance in ((0.25, 0.5), (0.75, 2)):
            gamma2 = np.exp(-2 * t) * variance + delta
            moment += weight * amplitude**2 * delta * share * (gamma2 + 2 * gamma2**2 + 5 * gamma2**3 / 3)
    with mpmath.workdps(30):
        assert abs(-z * (1 + z * q) * total / moment - 1) < 1e-5


# --- the branch ------------------------------------------------------------------------------------------------------


def another_root(spectrum, z):
    """(q, δ) of a solution of the scalar equations at z that is not the physical one."""
    system, y = spectrum.system, z - spectrum.offset
    for q in polynomial.roots(system, np.array([y]))[0]:
        delta = 1 / polynomial._g_function("numpy")(q, y, *system.in_y) - 1
        if (
            system.residual_size(np.array([[q], [delta]]), np.array([y]))[0] < 1e-9
            and abs(q / spectrum.stieltjes(z) - 1) > 0.1
        ):
            return np.array([q, delta])
    raise AssertionError("no second solution")


@pytest.mark.parametrize("t", [T, TimeGrid((T,), (1,))], ids=["scalar", "general"])
def test_another_branch_is_refused(t, monkeypatch):
    """Newton's method, led astray to a solution of the same equations, converges to it; that it is exact is no excuse."""
    from theory.spectrum import resolvent_digits as module

    z = 0.5 + 0.125j
    other = another_root(RandomFeatureModel(A.sin, 4, 3, T).spectrum(), z)
    spectrum = RandomFeatureModel(A.sin, 4, 3, t).spectrum()
    scalar, general = module.refine, general_digits.refine
    monkeypatch.setattr(module, "refine", lambda system, q, delta, z, dps: scalar(system, *other, z, dps))
    monkeypatch.setattr(general_digits, "refine", lambda system, numbers, x, z, dps: general(system, numbers, other, z, dps))
    with pytest.raises(ConvergenceError, match="no root to 15 digits near"):
        spectrum.stieltjes(z, dps=15)


def test_a_start_at_another_point_is_refused(model, monkeypatch):
    right = Spectrum.solve
    monkeypatch.setattr(Spectrum, "solve", lambda self, z: right(self, z * 1.00001))
    with pytest.raises(ConvergenceError, match="no root to 15 digits near"):
        model.spectrum().stieltjes(0.5 + 0.125j, dps=15)


def test_newton_that_stands_still_is_refused(monkeypatch):
    from theory.equations.general import GeneralSystem

    monkeypatch.setattr(GeneralSystem, "inverse_jacobian", lambda self, x: 0.1 * np.eye(x.size))
    with pytest.raises(ConvergenceError, match="Newton at 15 digits did not converge"):
        MODELS["kinds"].spectrum().stieltjes(0.5 + 0.125j, dps=15)


# --- the cost --------------------------------------------------------------------------------------------------------


def test_quadratures_are_done_once(monkeypatch):
    """One round for all z, their number and shape whatever, and for all ψ_p and ψ_n."""
    calls, right = [], Activation.evaluate
    general_digits._averages.cache_clear()
    grid = TimeGrid((Fraction(1, 5),), (1,))
    first, second = (RandomFeatureModel(CUBIC, *psi, grid).spectrum() for psi in ((2, 3), (5, Fraction(1, 2))))
    assert second.model.ensemble and first.model.ensemble
    monkeypatch.setattr(Activation, "evaluate", lambda self, value: calls.append(1) or right(self, value))
    values = first.stieltjes(np.array([[-1, -2], [1j, -1j]]), dps=15)
    assert values.shape == (2, 2) and calls
    calls.clear()
    assert first.stieltjes(-2, dps=15) == values[0, 1]
    assert second.stieltjes(-2, dps=15) != values[0, 1]
    assert not calls
    first.stieltjes(-2, dps=16)
    assert calls


# --- what has no second moment ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("t", [T, TimeGrid((T,), (1,))], ids=["scalar", "general"])
@pytest.mark.parametrize("kind", ["expression", "callable"])
def test_a_second_moment_that_one_side_lacks(side, t, kind):
    """e^{±x³/20} falls off on one side and outgrows the Gaussian on the other."""
    function = sp.exp(side * A.x**3 / 20) if kind == "expression" else lambda a: np.exp(side * a**3 / 20)
    with pytest.raises(ValueError, match="has no Gaussian second moment"):
        RandomFeatureModel(Activation(function, name="cubic exponential"), 4, 3, t)
