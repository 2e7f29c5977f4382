"""Numbers to any digits: in at the thread's precision, out as the caller's, constants held, callables that compute too few refused."""

import threading
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from tolerances import digits

from theory import RandomFeatureModel
from theory import activations as A
from theory.activations import Activation
from theory.couplings.gaussian_equivalence import coefficients
from theory.digits import lambdify, mp, newton, rounded, square, to_mpc, to_mpf
from theory.validation import MOST_DIGITS, decimal_digits


def strange_context():
    context = mpmath.MPContext()
    context.dps = 50
    return context


@pytest.mark.parametrize(
    "third",
    [Fraction(1, 3), sp.Rational(1, 3), strange_context().mpf(1) / 3, sp.Float(sp.Rational(1, 3), 50), Decimal(1) / 3],
    ids=["Fraction", "Rational", "mpf", "Float", "Decimal"],
)
def test_numbers_come_in_with_their_digits(third):
    with mp.workdps(25):
        known = 25 if not isinstance(third, Decimal) else 27
        assert abs(to_mpf(third) * 3 - 1) < mp.mpf(10) ** (2 - known)
        assert type(to_mpf(third)) is mp.mpf and to_mpc(third) == to_mpf(third)


@pytest.mark.parametrize("pi", [mpmath.pi, sp.pi], ids=["mpmath", "SymPy"])
def test_constants_have_all_digits_whatever_the_caller_works_with(pi):
    with mpmath.workdps(5), mp.workdps(60):
        assert abs(mp.sin(to_mpf(pi))) < mp.mpf(10) ** -59


def test_complex_numbers():
    with mp.workdps(30):
        for value in (1 + 2j, np.complex128(1 + 2j), mpmath.mpc(1, 2), 1 + 2 * sp.I):
            assert to_mpc(value) == mp.mpc(1, 2)
        assert to_mpc(sp.sqrt(2) + sp.I / 3).imag * 3 == pytest.approx(1, abs=1e-29)


def test_numbers_go_out_rounded_and_are_the_callers():
    with mp.workdps(50):
        third = mp.mpf(1) / 3
    for value, kind in ((third, mpmath.mpf), (mp.mpc(third, 1), mpmath.mpc), (mp.pi, mpmath.mpf)):
        assert type(rounded(value, 30)) is kind
    with mpmath.workdps(60):
        assert mpmath.mpf(10) ** -32 < abs(3 * rounded(third, 30) - 1) < mpmath.mpf(10) ** -29
    squares = square(rounded(third, 50)), square(1.5)  # at the 15 digits of the caller
    with mpmath.workdps(120):
        assert squares == (rounded(third, 50) ** 2, 2.25)


def test_squares_of_coefficients_keep_their_digits():
    c = RandomFeatureModel(A.erf, 4, 3, 0.1).coefficients(40)
    squares = c.b2, c.v2, c.s2
    with mpmath.workdps(50):
        for root, value in zip((c.b, c.v, c.s), squares, strict=True):
            assert abs(mpmath.sqrt(value) / root - 1) < digits(40)


@pytest.mark.parametrize("dps", [0, -3, 1.5, MOST_DIGITS + 1, 10**9, "many", None])
def test_digits_that_cannot_be(dps):
    with pytest.raises(ValueError, match=r"dps = .*allowed: an integer"):
        decimal_digits("dps", dps)


def test_one_compiled_function_serves_every_precision_and_thread():
    function = lambdify(A.x, sp.exp(A.x) + sp.pi + sp.Rational(1, 3))
    results = {}

    def work(dps):
        with mp.workdps(dps):
            results[dps] = function(mp.mpf(1))
            results[dps] = rounded(results[dps], dps)

    threads = [threading.Thread(target=work, args=(dps,)) for dps in (15, 40, 80)]
    for thread in threads:
        thread.start()
        thread.join()
    with mpmath.workdps(90):
        exact = mpmath.e + mpmath.pi + mpmath.mpf(1) / 3
        for dps, value in results.items():
            assert abs(value / exact - 1) < mpmath.mpf(10) ** (1 - dps)


def test_constants_are_computed_once():
    """Raising them while another thread reads lets it see a value that belongs to another number of digits."""
    fixed = [mpmath.libmp.libelefun.pi_fixed, mpmath.libmp.libelefun.ln2_fixed, mpmath.libmp.libelefun.e_fixed]
    memos = [function.__closure__[0].cell_contents for function in fixed]
    before = [memo.memo_prec for memo in memos]
    assert min(before) > 1.2 * mpmath.libmp.dps_to_prec(MOST_DIGITS)
    coefficients.cache_clear()
    model = RandomFeatureModel(A.erf, 4, 3, Fraction(1, 10))
    q = model.spectrum().stieltjes(mpmath.mpc(1, 1), dps=MOST_DIGITS)
    assert rounded(q, 20) == model.spectrum().stieltjes(mpmath.mpc(1, 1), dps=20)
    Activation(sp.exp(sp.cos(A.x))).mpmath(3)
    assert [memo.memo_prec for memo in memos] == before


# --- functions of the caller -----------------------------------------------------------------------------------------


def algebraic(value):
    return value / (1 + value**2)


def with_the_numbers_own_functions(value):
    return value.context.tanh(value) if hasattr(value, "context") else np.tanh(value)


def with_the_functions_of_mpmath(value):
    return value * (mpmath.tanh(value) if hasattr(value, "context") else np.tanh(value))


def through_double_precision(value):
    return np.tanh(float(value)) if hasattr(value, "context") else np.tanh(value)


@pytest.mark.parametrize(
    ("function", "expression"),
    [(algebraic, A.x / (1 + A.x**2)), (with_the_numbers_own_functions, sp.tanh(A.x))],
)
def test_a_callable_to_many_digits(function, expression):
    own, same = (coefficients(Activation(f), 0.3, 1, 20) for f in (function, expression))
    for name in ("a", "v", "s"):
        assert abs(getattr(own, name) - getattr(same, name)) < 1e-19


def test_a_callable_that_follows_the_callers_precision():
    activation = Activation(with_the_functions_of_mpmath)
    with pytest.raises(ValueError, match=r"does not compute 20 digits \(mpmath.mp.dps = 15\); allowed.*value.context.tanh"):
        coefficients(activation, 0.3, 1, 20)
    with mpmath.workdps(60):
        found, same = (coefficients(f, 0.3, 1, 20) for f in (activation, Activation(A.x * sp.tanh(A.x))))
        assert abs(found.s - same.s) < 1e-19 and mpmath.mp.dps == 60


def test_callables_of_double_precision():
    with pytest.raises(ValueError, match="does not compute 20 digits"):
        coefficients(Activation(through_double_precision), 0.3, 1, 20)
    with pytest.raises(ValueError, match="tanh cannot be evaluated at mpmath's numbers"):
        coefficients(Activation(np.tanh), 0.3, 1, 20)


# --- Newton ----------------------------------------------------------------------------------------------------------


def test_newton_solves_two_equations_to_many_digits():
    """x² + y² = 1 and x = y, by the exact Jacobian; the last step is small, the steps before are not."""

    def step(unknowns):
        x, y = unknowns
        return mp.lu_solve(mp.matrix([[2 * x, 2 * y], [1, -1]]), -mp.matrix([x**2 + y**2 - 1, x - y]))

    with mp.workdps(120):
        start, goal = (mp.mpf("0.7"), mp.mpf("0.71")), mp.mpf(10) ** -100
        found, last, settled = newton(step, start, goal, 20)
        assert settled and max(map(abs, last)) < goal
        assert max(abs(value - mp.sqrt(2) / 2) for value in found) < mp.mpf(10) ** -115
        assert not newton(step, start, goal, 3)[2]


def test_newton_with_a_fixed_slope_waits_for_two_steps_that_fall():
    """A slope of 4/3 in place of 1: each step leaves a quarter of the error. With 1e9 every step is small, wherever the root is."""
    with mp.workdps(30):
        goal = mp.mpf(10) ** -6
        (x,), _, settled = newton(lambda x: (-3 * x[0] / 4,), (mp.one,), goal, 60, (1,), halving=True)
        assert settled and 0 < x < 1e-6
        for halving in (False, True):
            (x,), _, settled = newton(lambda x: (-x[0] / 1e9,), (mp.one,), goal, 60, halving=halving)
            assert settled is not halving and x > 0.9


def test_newton_that_meets_a_singular_jacobian_stops_where_it_is():
    def step(x):
        return (-(x[0] ** 2 + 1) / (2 * x[0]),)

    assert newton(step, (mp.zero,), mp.mpf("1e-9"), 20) == ([0], [mp.inf], False)
    found, last, settled = newton(step, (mp.one,), mp.mpf("1e-9"), 20)
    assert (found, last, settled) == ([0], [-1], False)  # from 1 to 0, where the slope vanishes
