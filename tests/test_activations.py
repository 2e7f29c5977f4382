"""Every activation: its values on every array library, and what is refused."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import special

from theory import activations
from theory.activations import Activation

x = activations.x
GRID = np.linspace(-4, 4, 41)
#: name → (activation, the same function typed independently)
TABLE = {
    "tanh": (activations.tanh, np.tanh),
    "erf": (activations.erf, special.erf),
    "ReLU": (activations.relu, lambda y: np.maximum(y, 0)),
    "leaky ReLU": (activations.leaky_relu(0.2), lambda y: np.where(y > 0, y, 0.2 * y)),
    "sin": (activations.sin, np.sin),
    "cos": (activations.cos, np.cos),
    "sign": (activations.sign, np.sign),
    "linear": (activations.linear, lambda y: y),
    "GELU": (activations.gelu, lambda y: y * special.ndtr(y)),
    "softplus": (activations.softplus, lambda y: np.logaddexp(0, y)),
    "SiLU": (activations.silu, lambda y: y * special.expit(y)),
    "polynomial": (activations.polynomial([1, 0, -2, 0.5]), lambda y: 1 - 2 * y**2 + 0.5 * y**3),
    "He_3": (activations.hermite(3), lambda y: y**3 - 3 * y),
    "He_4": (activations.hermite(4), lambda y: y**4 - 6 * y**2 + 3),
    "Max": (Activation(sp.Max(x, 0)), lambda y: np.maximum(y, 0)),
    "Min": (Activation(sp.Min(x, 1)), lambda y: np.minimum(y, 1)),
    "Heaviside": (Activation(x * sp.Heaviside(x - 1)), lambda y: y * (y > 1) + 0.5 * y * (y == 1)),
    "ELU": (Activation(sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True))), lambda y: np.where(y > 0, y, np.expm1(y))),
    "callable": (Activation(lambda y: y / (1 + y**2), name="odd"), lambda y: y / (1 + y**2)),
}


@pytest.fixture(params=TABLE)
def pair(request):
    return TABLE[request.param]


def test_values(pair):
    activation, reference = pair
    assert np.allclose(activation(GRID), reference(GRID), rtol=1e-13, atol=1e-15)


def test_mpmath_values(pair):
    activation, reference = pair
    for value in (-1.25, 0.5, 2.0):
        assert abs(float(activation.mpmath(mpmath.mpf(value))) - reference(np.array([value]))[0]) < 1e-13


@pytest.mark.parametrize("device", ["CPU_DEVICE", "device1"])
def test_array_api_strict(pair, device):
    xp = pytest.importorskip("array_api_strict")
    activation, reference = pair
    array = xp.asarray(GRID, device=xp.Device(device))
    result = activation(array, xp)
    assert result.device == array.device
    host = np.asarray(xp.asarray(result, device=xp.Device("CPU_DEVICE"), copy=True))
    assert np.allclose(host, reference(GRID), rtol=1e-13, atol=1e-15)


def test_torch(pair):
    torch = pytest.importorskip("torch")
    import array_api_compat.torch as xp

    activation, reference = pair
    result = activation(torch.asarray(GRID), xp)
    assert np.allclose(result.numpy(), reference(GRID), rtol=1e-13, atol=1e-15)


def test_kinks_are_found():
    assert TABLE["ReLU"][0].kinks == (0.0,)
    assert TABLE["Heaviside"][0].kinks == (1.0,)
    assert TABLE["ELU"][0].kinks == (0.0,)
    assert TABLE["tanh"][0].kinks == ()


def test_equal_functions_are_equal_and_survive_pickling():
    import pickle

    activations.tanh(GRID)
    copy = pickle.loads(pickle.dumps(activations.tanh))
    assert copy == activations.tanh == Activation(sp.tanh(sp.Symbol("u")))
    assert hash(copy) == hash(activations.tanh)
    assert np.array_equal(copy(GRID), np.tanh(GRID))
    assert activations.tanh != activations.erf


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Activation(3), ("function = 3", "constant", "allowed")),
        (lambda: Activation(sp.Symbol("x") * sp.Symbol("y")), ("2 symbols", "allowed")),
        (lambda: Activation("no such (function"), ("function", "allowed")),
        (lambda: Activation(lambda y: 0 * y + 1, name="one"), ("one", "constant", "allowed")),
        (lambda: Activation(lambda y: np.sum(y), name="sum"), ("sum", "elementwise")),
        (lambda: activations.leaky_relu(1.5), ("slope = ", "0 <= slope < 1")),
        (lambda: activations.hermite(0), ("k = 0", ">= 1")),
        (lambda: activations.polynomial([2]), ("constant", "allowed")),
    ],
)
def test_bad_activations(make, words):
    with pytest.raises(ValueError) as error:
        make()
    for word in words:
        assert word in str(error.value)
