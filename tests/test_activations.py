"""Activations: evaluation on any array library, standard forms, kinks, and what is refused."""

import pickle

import array_api_strict
import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy.special import erf
from tolerances import double

from theory import ConvergenceError, RandomFeatureModel
from theory import activations as A
from theory.activations import Activation

x = sp.Symbol("x", real=True)
GRID = np.linspace(-4, 4, 41)

#: name → (activation, the same function typed with NumPy)
FUNCTIONS = {
    "tanh": (A.tanh, np.tanh),
    "erf": (A.erf, erf),
    "ReLU": (A.relu, lambda a: np.maximum(a, 0)),
    "leaky ReLU": (A.leaky_relu(0.1), lambda a: np.where(a > 0, a, 0.1 * a)),
    "sin": (A.sin, np.sin),
    "cos": (A.cos, np.cos),
    "sign": (A.sign, np.sign),
    "linear": (A.linear, lambda a: a),
    "GELU": (A.gelu, lambda a: a * (1 + erf(a / np.sqrt(2))) / 2),
    "softplus": (A.softplus, lambda a: np.logaddexp(0, a)),
    "SiLU": (A.silu, lambda a: a / (1 + np.exp(-a))),
    "polynomial": (A.polynomial([1, -2, 0, 0.5]), lambda a: 1 - 2 * a + 0.5 * a**3),
    "He_3": (A.hermite(3), lambda a: a**3 - 3 * a),
    "He_4": (A.hermite(4), lambda a: a**4 - 6 * a**2 + 3),
    "ELU": (Activation(sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True))), lambda a: np.where(a > 0, a, np.expm1(a))),
    "shifted Heaviside": (Activation(x * sp.Heaviside(x - 1)), lambda a: a * np.heaviside(a - 1, 0.5)),
    "Max": (Activation(sp.Max(-1, sp.Min(1, x))), lambda a: np.clip(a, -1, 1)),
    "Max of three": (Activation(sp.Max(0, x, 2 * x)), lambda a: np.maximum(0, 2 * a)),
    "Heaviside": (Activation(sp.Heaviside(x)), lambda a: np.heaviside(a, 0.5)),
    "Piecewise": (Activation(sp.Piecewise((x, sp.Abs(x) < 1), (0, True))), lambda a: np.where(np.abs(a) < 1, a, 0)),
    "atan": (Activation(sp.atan(x)), np.arctan),
    "callable": (Activation(lambda a: a**3 / (1 + a**2), name="rational"), lambda a: a**3 / (1 + a**2)),
    "string": (Activation("x*exp(-x**2)"), lambda a: a * np.exp(-(a**2))),
}


@pytest.fixture(params=FUNCTIONS, scope="module")
def case(request):
    return FUNCTIONS[request.param]


def test_values_on_numpy(case):
    activation, function = case
    assert np.allclose(activation(GRID), function(GRID), rtol=double("identity"), atol=double("identity"))
    assert activation(GRID.reshape(1, 41, 1)).shape == (1, 41, 1)


@pytest.mark.parametrize("device", ["CPU_DEVICE", "device1"])
def test_values_on_array_api_strict(case, device):
    activation, function = case
    where = array_api_strict.Device(device)
    result = activation(array_api_strict.asarray(GRID, device=where), array_api_strict)
    assert result.device == where
    host = np.asarray(array_api_strict.asarray(result, device=array_api_strict.Device("CPU_DEVICE")))
    assert np.allclose(host, function(GRID), rtol=double("identity"), atol=double("identity"))


def test_values_on_torch(case):
    torch = pytest.importorskip("torch")
    import array_api_compat.torch as xp

    activation, function = case
    result = activation(torch.asarray(GRID), xp)
    assert result.dtype == torch.float64
    assert np.allclose(result.numpy(), function(GRID), rtol=double("identity"), atol=double("identity"))


def test_values_to_many_digits(case):
    activation, function = case
    with mpmath.workdps(30):
        value = activation.mpmath(mpmath.mpf("0.7"))
        assert abs(float(mpmath.re(value)) - float(function(np.array([0.7]))[0])) < double("identity")


def test_kinks_are_found():
    assert A.relu.kinks == (0,) and A.tanh.kinks == ()
    assert Activation(sp.Max(-1, sp.Min(1, x))).kinks == (-1, 1)
    assert Activation(sp.Max(x, x**2)).kinks == (0, 1)
    assert {-1.0, 1.0} <= set(Activation(sp.Piecewise((x, sp.Abs(x) < 1), (0, True))).kinks)
    assert Activation(sp.Heaviside(x - 2)).kinks == (2,)
    assert Activation(sp.sign(0.5 * x - 0.1)).kinks == (0.1 / 0.5,)
    # arguments that are no polynomials: by bisection
    assert Activation(sp.Abs(sp.exp(x) - 2)).kinks == pytest.approx((np.log(2),), rel=1e-15)
    assert Activation(sp.Abs(x**5 - x - 1)).kinks == pytest.approx((1.1673039782614187,), rel=1e-15)
    assert Activation(sp.Max(0, sp.Max(0, x) - 1)).kinks == (0, 1)


def test_periodic_kinks_are_found_within_a_range():
    """|sin x| and the jumps of sign(tan x), those at its poles included; too many are to be named."""
    zeros = np.pi * np.arange(-12, 13)
    assert Activation(sp.Abs(sp.sin(x))).kinks == pytest.approx(zeros, abs=1e-14)
    assert Activation(sp.sign(sp.sin(x)) + x).kinks == pytest.approx(zeros, abs=1e-14)
    poles = np.pi * np.arange(-25, 26) / 2
    assert Activation(sp.sign(sp.tan(x)) + x).kinks == pytest.approx(poles, abs=1e-14)
    for argument in (sp.sin(10 * x), sp.sin(1000 * x), sp.sin(x**2), sp.sin(1 / x)):
        with pytest.raises(ValueError, match=r"^function = .*more corners or jumps.*allowed: .*kinks="):
            Activation(sp.Abs(argument) + x)
    with pytest.raises(ValueError, match=r"^function = .*cannot be located.*kinks="):
        Activation(sp.Abs(sp.zeta(x + 5)) + x)
    # named, they need not be found
    assert Activation(sp.Abs(sp.sin(10 * x)), kinks=(0.0,)).kinks == (0,)


def test_a_rectified_sine_is_that_of_its_fourier_series():
    """|sin x| = 2/π − (4/π) Σ_k cos 2kx/(4k² − 1): E cos 2kΓz = e^{−2k²Γ²}."""
    c, k = RandomFeatureModel(Activation(sp.Abs(sp.sin(x))), 4, 3, 0.1).coefficients(), np.arange(1, 40)
    amplitudes = 4 / np.pi / (4 * k**2 - 1)
    assert c.kappa == pytest.approx(2 / np.pi - amplitudes @ np.exp(-2 * k**2 * c.gamma**2), rel=1e-12)
    assert c.a == c.b == 0


def test_even_functions_are_known():
    assert A.cos.is_even and A.hermite(2).is_even and Activation(sp.sin(x) ** 2).is_even
    assert not A.relu.is_even and not A.tanh.is_even


def test_what_was_computed_with_kinks_is_not_taken_for_what_names_none():
    """Else a model would be refused or not by what had been asked before."""

    def clip(array):
        return np.clip(array, -1, 1)

    named, unnamed = Activation(clip, kinks=(-1, 1)), Activation(clip)
    assert named != unnamed and named == Activation(clip, kinks=(1, -1))
    assert RandomFeatureModel(named, 4, 3, 0.3).coefficients().a == pytest.approx(erf(1 / np.sqrt(2)), rel=1e-12)
    with pytest.raises(ConvergenceError):
        RandomFeatureModel(unnamed, 4, 3, 0.3)


def test_equality_and_hash_follow_the_function():
    assert Activation(sp.tanh(sp.Symbol("u"))) == A.tanh and hash(Activation(sp.tanh(x))) == hash(A.tanh)
    assert A.hermite(2) != A.hermite(3) and A.tanh != "tanh"
    assert Activation(sp.Max(0, x)) == A.relu


def test_activations_survive_pickling():
    A.tanh(GRID)  # compiled functions do not pickle
    copy = pickle.loads(pickle.dumps(A.tanh))
    assert copy == A.tanh and hash(copy) == hash(A.tanh) and np.array_equal(copy(GRID), np.tanh(GRID))


y = sp.Symbol("y")


@pytest.mark.parametrize(
    "function, words",
    [
        (sp.Integer(3), ("3", "constant")),
        (x - x + 1, ("1", "constant")),
        (x * y, ("x*y", "2 symbols")),
        (sp.I * x, ("I*x", "real")),
        (1 / x, ("1/x", "finite")),
        (sp.log(x), ("log", "real")),
        (sp.sqrt(x), ("sqrt", "real")),
        (sp.DiracDelta(x), ("DiracDelta", "evaluated")),
        (sp.gamma(x), ("gamma", "evaluated")),
        ("foo bar", ("foo bar", "SymPy expression")),
        (None, ("None", "SymPy expression")),
        (sp.Eq(x, 1), ("Eq", "SymPy expression")),
        (A.tanh, ("tanh", "already")),
        (lambda a: 0 * a + 2, ("lambda", "constant")),
        (lambda a: a[:3], ("lambda", "same shape")),
        (lambda a: a + 1j, ("lambda", "real")),
        (lambda a: a.nope, ("lambda", "evaluated")),
    ],
)
def test_refused_functions(function, words):
    with pytest.raises(ValueError, match="allowed: ") as error:
        Activation(function)
    assert str(error.value).startswith("function = ")
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    "make, name, value",
    [
        (lambda: A.leaky_relu(1), "slope", "1"),
        (lambda: A.leaky_relu(-0.5), "slope", "-0.5"),
        (lambda: A.leaky_relu(float("nan")), "slope", "nan"),
        (lambda: A.hermite(0), "k", "0"),
        (lambda: A.hermite(1.5), "k", "1.5"),
        (lambda: A.hermite(10**9), "k", "1000000000"),
        (lambda: A.polynomial([1] * 52), "coefficients", "52 entries"),
        (lambda: Activation(x**500), "function", "degree 500"),
        (lambda: Activation((1 + x) ** (10**9)), "function", "degree 1000000000"),
        (lambda: A.polynomial([1, float("inf")]), "coefficients", "inf"),
        (lambda: A.polynomial([3]), "coefficients", "[3]"),
        (lambda: Activation(np.tanh, kinks=3), "kinks", "3"),
        (lambda: Activation(np.tanh, kinks=("a",)), "kinks", "a"),
    ],
)
def test_refused_parameters(make, name, value):
    with pytest.raises(ValueError, match="allowed: ") as error:
        make()
    assert str(error.value).startswith(name) and value in str(error.value)
