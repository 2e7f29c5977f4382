"""What is refused, in words that name the argument, its value and the allowed range; and what importing costs."""

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory import ConvergenceError, Gaussian, RandomFeatureModel, TimeGrid, activations
from theory.digits import mp, to_mpf
from theory.validation import finite_array, integer


def make(**changes):
    arguments = {"activation": activations.tanh, "psi_p": 4, "psi_n": 3, "t": 0.1} | changes
    return RandomFeatureModel(**arguments)


@pytest.mark.parametrize("name", ["psi_p", "psi_n", "t"])
@pytest.mark.parametrize("value", [0, -1.5, np.nan, np.inf, "four", "4", None, 1j, True, [4], np.array([4.0, 5.0])])
def test_ratios_and_time(name, value):
    with pytest.raises(ValueError) as error:
        make(**{name: value})
    message = str(error.value)
    assert f"{name} = {value!r}" in message and "allowed" in message and "> 0" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"spectrum": ((1.0, 0.5), (2.0, 0.4))}, ("weights sum to 0.9", "sum to 1")),
        ({"spectrum": ((-1.0, 1.0),)}, ("spectrum eigenvalue = -1.0", ">= 0")),
        ({"spectrum": ((1.0, 0.0), (2.0, 1.0))}, ("spectrum weight = 0.0", "> 0")),
        ({"spectrum": ((np.nan, 1.0),)}, ("spectrum eigenvalue = nan", "allowed")),
        ({"spectrum": ()}, ("empty", "allowed")),
        ({"spectrum": (1.0, 2.0)}, ("spectrum = (1.0, 2.0)", "pairs")),
        ({"spectrum": ((0.0, 1.0),)}, ("no eigenvalue > 0", "allowed")),
        ({"spikes": (-2.0,)}, ("spikes = -2.0", "> 0")),
        ({"spikes": 5.0}, ("spikes = 5.0", "allowed")),
    ],
)
def test_data(arguments, words):
    with pytest.raises(ValueError) as error:
        Gaussian(**arguments)
    for word in words:
        assert word in str(error.value)


def test_constructors_of_continuous_laws():
    with pytest.raises(ValueError, match=r"exponent = 0 "):
        Gaussian.power_law(0)
    with pytest.raises(ValueError, match=r"condition = 1 is out of range"):
        Gaussian.power_law(1.0, condition=1)
    with pytest.raises(ValueError, match=r"density"):
        Gaussian.from_density(lambda x: -x, (0.5, 1.0))
    with pytest.raises(ValueError, match=r"support = \(2.0, 1.0\) is empty"):
        Gaussian.from_density(np.ones_like, (2.0, 1.0))
    data = Gaussian.power_law(1.5)
    assert np.isclose(data.variance, 1) and np.isclose(data.weights.sum(), 1)
    # λ ∝ u^{-γ} at uniform rank u: the median rank has the median eigenvalue
    uniform = Gaussian.from_density(np.ones_like, (0.0, 2.0), nodes=30)
    assert np.isclose(uniform.variance, 1) and np.isclose(uniform.weights @ uniform.eigenvalues**2, 4 / 3)


def test_what_is_not_a_model():
    with pytest.raises(ValueError, match=r"data = 'cats'.*allowed"):
        make(data="cats")
    with pytest.raises(ValueError, match="constant"):
        make(activation=sp.Integer(2))


def test_expressions_and_callables_are_accepted():
    x = sp.Symbol("x")
    assert make(activation=sp.tanh(x)).coefficients() == make().coefficients()
    assert np.isclose(make(activation=np.tanh).coefficients().v, make().coefficients().v, rtol=1e-10)


def hidden_jump(a):
    return np.sign(a - 0.123)


def test_kinks_that_were_not_named_are_found_out_at_once():
    """By the constructor for one type, kind and time; where the couplings are needed else, since they cost more."""
    with pytest.raises(ConvergenceError, match=r"does not settle.*kinks="):
        make(activation=hidden_jump)
    general = make(activation=hidden_jump, t=TimeGrid((0.1, 0.3), (0.5, 0.5)))
    with pytest.raises(ConvergenceError, match=r"does not settle.*kinks="):
        general.spectrum()
    named = activations.Activation(hidden_jump, kinks=(0.123,))
    assert make(activation=named).coefficients().a > 0


def test_the_polynomial_belongs_to_one_type_kind_and_time():
    law = make(t=TimeGrid((0.1, 0.3), (0.5, 0.5))).spectrum()
    for call in (law.stieltjes, law.density):
        with pytest.raises(
            ValueError, match=r"^method = 'polynomial' belongs to one type.*allowed here: 'auto', 'continuation'"
        ):
            call(1.0, method="polynomial")


TYPES = (Fraction, Decimal, mpmath.mpf, sp.Rational, sp.Float, np.float32, np.longdouble, np.array)


@pytest.mark.parametrize("convert", TYPES, ids=lambda convert: convert.__name__)
def test_a_number_is_the_same_in_every_type(convert):
    """0.25, 2 and 5 are exact in all of them, so that every digit of what follows is."""
    model = make(psi_p=convert(5), t=convert(0.25), data=Gaussian(spikes=(convert(5),)))
    same = make(psi_p=5, t=0.25, data=Gaussian(spikes=(5,)))
    assert model.coefficients() == same.coefficients()
    assert model.spectrum().stieltjes(-1.0) == same.spectrum().stieltjes(-1.0)
    assert model.spectrum().stieltjes(convert(-1), dps=30) == same.spectrum().stieltjes(-1, dps=30)
    found, expected = (law.spectrum().outliers(dps=30) for law in (model, same))
    assert [o.eigenvalue for o in found] == [o.eigenvalue for o in expected]


def test_numbers_in_arrays_may_be_of_any_type():
    values = [Fraction(1, 4), Decimal("0.25"), mpmath.mpf(1) / 4, sp.Rational(1, 4), np.float32(0.25), 0.25]
    assert np.array_equal(finite_array("x", values, float), np.full(6, 0.25))
    assert finite_array("x", [*values, mpmath.mpc(1, 2)], complex)[-1] == 1 + 2j
    for bad in (sp.I, "0.25", True, None, 1j, [1.0]):
        with pytest.raises(ValueError, match=r"^x .*allowed: finite real numbers"):
            finite_array("x", [*values, bad], float)


def test_integers_keep_all_their_digits():
    big = 2**53 - 1
    assert all(integer("k", convert(big)) == big for convert in (int, Fraction, Decimal, sp.Integer, np.int64, mpmath.mpf))
    for bad in (2**53 + 1, 2.5, Fraction(1, 2), sp.sqrt(2), 1e300, sp.Float("2.5")):
        with pytest.raises(ValueError, match=r"^k = .*allowed: an integer >= 1"):
            integer("k", bad)


def test_numpy_scalars_are_plain_numbers():
    for value in (np.float32(4), np.int64(4), np.array(4), np.array(4.0)):
        assert make(psi_p=value) == make() and hash(make(psi_p=value)) == hash(make())
    data = Gaussian(np.array([[0.5, 0.5], [1.5, 0.5]]))
    assert data == Gaussian(((0.5, 0.5), (1.5, 0.5))) and hash(data)
    assert make(t=np.array(0.1)).coefficients() is make().coefficients()


@pytest.mark.parametrize("value", [0, -5, 2.5, "a"])
def test_digits_are_a_positive_integer(value):
    with pytest.raises(ValueError, match=r"^dps = .*allowed: an integer >= 1"):
        make().coefficients(dps=value)


def test_models_are_frozen_and_comparable():
    model = make()
    with pytest.raises(AttributeError):
        model.psi_p = 3
    assert model == make() and hash(model) == hash(make()) and model != make(t=0.2)


def test_exact_numbers_keep_their_digits():
    with mp.workdps(40):
        third = mp.mpf(1) / 3
        assert to_mpf(Fraction(1, 3)) == to_mpf(sp.Rational(1, 3)) == third
        assert to_mpf(0.1) == mp.mpf(0.1) != to_mpf(Fraction(1, 10))
        assert to_mpf(np.float64(0.5)) == 0.5 and to_mpf(3) == 3


def test_convergence_error_carries_its_residual():
    error = ConvergenceError("no root", 1e-3)
    assert error.residual == 1e-3 and "residual 0.001" in str(error)
    assert isinstance(error, ArithmeticError)


def test_import_derives_nothing():
    """Derivations take seconds: none is made before it is asked for."""
    code = """if True:
        import sys, theory
        modules = [module for name, module in sys.modules.items() if name.startswith("theory")]
        cached = {f for module in modules for f in vars(module).values() if hasattr(f, "cache_info")}
        print(len(cached), *[f"{f.__module__}.{f.__name__}" for f in cached if f.cache_info().currsize])"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, *derived = result.stdout.split()
    assert int(count) > 10 and derived == []
