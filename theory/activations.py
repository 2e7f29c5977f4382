"""Activation functions σ, as SymPy expressions where possible, and their evaluation on any array.

The catalogue: `tanh`, `erf`, `relu`, `leaky_relu(slope)`, `sin`, `cos`, `sign`, `linear`, `gelu`, `softplus`,
`silu`, `polynomial(coefficients)`, `hermite(k)`. Your own: ``Activation(expression)`` with a SymPy expression in one
symbol, or ``Activation(function, name=…)`` with any callable.
"""

import itertools
import math
from functools import cached_property, reduce

import mpmath
import numpy as np
import sympy as sp
from sympy.printing.lambdarepr import LambdaPrinter

from .digits import lambdify, mp, rounded, to_mpc, to_mpf
from .validation import non_negative, positive_integer, real, sequence, shown

x = sp.Symbol("x", real=True)

#: largest degree of a polynomial: moments of order twice that stay inside double precision, and closed forms take a second
MOST_DEGREE = 50
#: corners and jumps are looked for in |x| <= KINK_RANGE, and no more than MOST_KINKS of them: each is a panel of every quadrature
KINK_RANGE, MOST_KINKS = 40.0, 64


class _ArrayPrinter(LambdaPrinter):
    """Prints an expression as calls of the names in `_functions`, elementwise on arrays."""

    def _print_Piecewise(self, expr):
        result = "nan"
        for value, condition in reversed(expr.args):
            if condition == True:  # noqa: E712  (SymPy's true)
                result = self._print(value)
            else:
                result = f"where({self._print(condition)}, {self._print(value)}, {result})"
        return result

    def _print_Abs(self, expr):
        return f"absolute({self._print(expr.args[0])})"

    def _print_sign(self, expr):
        return f"sign({self._print(expr.args[0])})"


def _erf(array, xp):
    """erf is not in the array API standard: ask the library at hand, else go through NumPy."""
    if hasattr(xp, "special") and hasattr(xp.special, "erf"):  # PyTorch
        return xp.special.erf(array)
    from scipy.special import erf as scipy_erf

    if xp.__name__.endswith("numpy"):
        return scipy_erf(array)
    if xp.__name__.endswith("cupy"):
        from cupyx.scipy.special import erf as cupy_erf

        return cupy_erf(array)
    # reached by array-api-strict, whose non-default devices refuse an implicit copy to the host
    from array_api_compat import device, to_device

    host = scipy_erf(np.asarray(to_device(array, "cpu") if isinstance(device(array), str) else _to_host(array)))
    return xp.asarray(host, device=device(array))


def _to_host(array):
    from array_api_compat import to_device

    namespace = array.__array_namespace__()
    return to_device(array, namespace.Device("CPU_DEVICE"))


def _functions(xp):
    """The names that `_ArrayPrinter` may print, taken from the array namespace ``xp``."""
    elementwise = ("tanh", "sinh", "cosh", "sin", "cos", "tan", "atan", "asinh", "exp", "log", "sqrt", "sign", "where")
    table = {name: getattr(xp, name) for name in elementwise}
    return table | {
        "absolute": xp.abs,
        "erf": lambda a: _erf(a, xp),
        "nan": math.nan,
    }


class Activation:
    """An activation function.

    Parameters
    ----------
    function : sympy.Expr or callable
        An expression in one symbol, or a function that acts elementwise on arrays (and on ``mpf``, if more than double
        precision is to be asked of it: by operators, and by the functions of the number's own context, as in
        ``value.context.tanh(value)``; ``mpmath.tanh(value)`` would have the digits of ``mpmath.mp.dps``, and is refused where those
        are too few). A string is evaluated by SymPy: take none from strangers.
    name : str, optional
        Shown in figures and messages; the default is the expression.
    kinks : sequence of float, optional
        Points where the function or its derivative jumps; quadrature is split there. For SymPy expressions in ``Abs``, ``sign``,
        ``Heaviside``, ``Max``, ``Min`` and ``Piecewise`` they are found where an argument changes its sign: all of them if it is a
        polynomial of degree up to 4, else those in |x| <= 40 (`KINK_RANGE`), at most 64 of them (`MOST_KINKS`).

    Raises
    ------
    ValueError
        If the expression has more than one symbol, is constant, is not real, is a polynomial of a degree above 50 (`MOST_DEGREE`), or
        has more kinks than are looked for: those that matter are then to be named by ``kinks``.
    """

    def __init__(self, function, name=None, kinks=None):
        if not (name is None or isinstance(name, str)):
            raise ValueError(f"name = {shown(name)} is not a name; allowed: a string")
        if isinstance(function, Activation):
            raise ValueError(f"function = {function!r} is an Activation already; allowed: a SymPy expression or a callable")
        self._callable = None
        if callable(function) and not isinstance(function, sp.Basic):
            self._callable = function
            self.expression = None
            self.name = name or getattr(function, "__name__", "activation")
            self.kinks = _kink_tuple(() if kinks is None else kinks)
            self._check_values()
            return
        refused = f"function = {shown(function)} is not an activation; allowed: a SymPy expression or a callable"
        if not isinstance(function, (str, sp.Basic)):
            raise ValueError(refused)
        try:
            expression = sp.sympify(function)
        except Exception:  # a string is evaluated, and may raise whatever it names
            raise ValueError(refused) from None
        if not isinstance(expression, sp.Expr):
            raise ValueError(refused)
        symbols = expression.free_symbols
        if len(symbols) != 1:
            raise ValueError(
                f"function = {expression} has {len(symbols)} symbols"
                + (" (it is constant)" if not symbols else "")
                + "; allowed: an expression that varies with exactly one symbol"
            )
        _check_degree(expression)
        self.expression = _standard_form(expression.xreplace({symbols.pop(): x}).doit())
        if not self.expression.has(x):
            raise ValueError(f"function = {expression} is constant; allowed: a function that varies")
        self.name = name or str(self.expression)
        self.kinks = tuple(sorted(_kinks(self.expression))) if kinks is None else _kink_tuple(kinks)
        self._compiled = {}
        self._check_values()

    def _check_values(self):
        probe = np.linspace(-3, 3, 13)
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(self(probe))
                valid = values.shape == probe.shape and np.isrealobj(values) and bool(np.all(np.isfinite(values)))
        except Exception as error:  # whatever a user's function, or SymPy on one it cannot evaluate, may raise
            raise ValueError(
                f"function = {self.name} cannot be evaluated on an array ({error}); allowed: an elementwise real function"
            ) from error
        if not valid:
            raise ValueError(
                f"function = {self.name} does not map real arrays to finite real arrays of the same shape; "
                "allowed: an elementwise real function"
            )
        if np.ptp(values) == 0:
            raise ValueError(f"function = {self.name} is constant; allowed: a function that varies")

    def __repr__(self):
        return f"Activation({self.name})"

    @property
    def is_even(self):
        """Whether σ(−x) = σ(x) is known symbolically: then a_t = 0, not merely small."""
        return self.expression is not None and sp.expand(self.expression.subs(x, -x) - self.expression) == 0

    def __eq__(self, other):
        if not isinstance(other, Activation):
            return NotImplemented
        return self._key == other._key

    def __hash__(self):
        return hash(self._key)

    def __getstate__(self):
        # compiled functions do not travel between processes; they are made again where they are needed
        return {k: v for k, v in self.__dict__.items() if k != "_mpmath"} | {"_compiled": {}}

    @property
    def _key(self):
        return (self.expression, self._callable)

    def __call__(self, array, xp=np):
        """σ elementwise on an array of the namespace ``xp`` (any array API namespace; NumPy by default)."""
        if self._callable is not None:
            return self._callable(array)
        key = xp.__name__
        if key not in self._compiled:
            self._compiled[key] = _compiled(self.expression, xp)
        return self._compiled[key](array)

    def mpmath(self, value):
        """σ at one mpmath number, at the caller's precision ``mpmath.mp.prec``."""
        with mp.workprec(mpmath.mp.prec):
            is_complex = hasattr(value, "_mpc_") or isinstance(value, complex)
            return rounded(self.evaluate(to_mpc(value) if is_complex else to_mpf(value)))

    def evaluate(self, value):
        """σ at one number of `theory.digits`, at the thread's precision."""
        if self._callable is None:
            return self._mpmath(value)
        try:
            return mp.mpf(self._callable(value))
        except Exception as error:  # whatever a user's function may raise
            raise ValueError(
                f"function = {self.name} cannot be evaluated at mpmath's numbers ({error}); allowed: a function of mpf, as well "
                "as of arrays, or dps=None"
            ) from error

    def check_digits(self, dps):
        """Raise ``ValueError`` where a callable does not compute ``dps`` digits.

        It is held to be smooth: its differences of high order over a step 2^−20 must vanish to these digits. Rounding to fewer
        digits, be it inside the function, does not vanish in them.
        """
        if self._callable is None:
            return
        order = dps // 3 + 4
        with mp.workdps(dps + order // 3 + 10):
            for centre in (mp.sqrt(2) - 1, -mp.sqrt(3) / 2):
                values = [self.evaluate(centre + mp.ldexp(k, -20)) for k in range(order + 1)]
                size = max(map(abs, values))
                for _ in range(order):
                    values = [high - low for low, high in itertools.pairwise(values)]
                if abs(values[0]) > size * mp.mpf(10) ** -dps:
                    raise ValueError(
                        f"function = {self.name} does not compute {dps} digits (mpmath.mp.dps = {mpmath.mp.dps}); allowed: operators "
                        "and functions of the number's own context, value.context.tanh(value) for mpmath.tanh(value), or dps=None"
                    )

    @cached_property
    def _mpmath(self):
        return lambdify(x, self.expression)


def _compiled(expression, xp):
    """An expression in x as a function of arrays of the namespace ``xp``."""
    return sp.lambdify(
        x,
        # constants such as √2 as numbers: array libraries take square roots of arrays only
        expression.replace(lambda e: e.is_number and not e.is_Rational, lambda e: e.evalf(17)),
        modules=[_functions(xp)],
        printer=_ArrayPrinter({"fully_qualified_modules": False, "inline": True}),
    )


def _check_degree(expression):
    """Refuse powers before SymPy multiplies them out."""
    powers = [abs(power.exp) for power in expression.atoms(sp.Pow) if power.base.free_symbols and power.exp.is_Integer]
    if max(powers, default=0) <= MOST_DEGREE and expression.is_polynomial():
        powers.append(sp.degree(expression))
    if max(powers, default=0) > MOST_DEGREE:
        raise ValueError(
            f"function = {expression} holds a power of degree {max(powers)}; allowed: powers and polynomials up to {MOST_DEGREE}"
        )


def _standard_form(expression):
    """Max, Min and Heaviside in terms of |x| and sign(x), which every array library has and `symbolic.hermite` knows."""
    expression = expression.replace(sp.Max, lambda *a: reduce(lambda f, g: (f + g + sp.Abs(f - g)) / 2, a))
    expression = expression.replace(sp.Min, lambda *a: reduce(lambda f, g: (f + g - sp.Abs(f - g)) / 2, a))
    expression = expression.replace(sp.Heaviside, lambda a, _: (1 + sp.sign(a)) / 2)
    return sp.expand(expression).replace(x * sp.sign(x), sp.Abs(x)) if expression.has(sp.sign, sp.Abs) else expression


def _kinks(expression):
    """The real points where an expression in `_standard_form`, or a Piecewise, may jump."""
    arguments = {f.args[0] for f in expression.atoms(sp.Abs, sp.sign)}
    for f in expression.atoms(sp.Piecewise):
        for _, condition in f.args:
            arguments |= {relation.lhs - relation.rhs for relation in condition.atoms(sp.core.relational.Relational)}
    points = sorted(point for argument in arguments if argument.has(x) for point in _sign_changes(argument, expression))
    if len(points) > MOST_KINKS:
        raise _unnamed(expression, f"has more than {MOST_KINKS} corners or jumps in |x| <= {KINK_RANGE:g}")
    # the same point as the zero of two arguments
    return [point for k, point in enumerate(points) if k == 0 or point - points[k - 1] > 1e-12 * (1 + abs(point))]


def _unnamed(expression, what):
    return ValueError(f"function = {expression} {what}; allowed: name those that matter, Activation(…, kinks=(…))")


def _sign_changes(argument, expression):
    """Where an argument changes its sign, by a zero or by a jump of its own: sorted floats.

    Exact for polynomials of degree up to 4. Else by bisection between the points of a grid, which counts if one twice as fine agrees.
    """
    if argument.is_polynomial(x):
        polynomial = sp.Poly(argument.xreplace({number: sp.Rational(number) for number in argument.atoms(sp.Float)}), x)
        if polynomial.degree() == 1:
            return [float(-polynomial.nth(0) / polynomial.nth(1))]
        if polynomial.degree() <= 4 and all(c.is_Rational for c in polynomial.all_coeffs()):
            # SymPy's float of a root without a formula would set mpmath's precision
            roots = (root.eval_rational(n=20) if isinstance(root, sp.CRootOf) else root for root in polynomial.real_roots())
            return sorted({float(root) for root in roots})

    def sign(points):
        with np.errstate(all="ignore"):
            return np.nan_to_num(np.sign(function(points)), nan=2.0)

    def changes(count):
        points = np.linspace(-KINK_RANGE - np.pi / 1e4, KINK_RANGE + np.e / 1e4, count)  # lest a zero lie on the grid
        values = np.broadcast_to(sign(points), points.shape)
        at = np.flatnonzero(values[1:] != values[:-1])
        return points[at], points[at + 1], values[at]

    try:
        function = _compiled(argument, np)
        (low, high, before), (finer, _, _) = changes(2**14), changes(2**15 + 1)
    except Exception as error:  # whatever SymPy or NumPy may raise on what they cannot evaluate
        what = f"may have corners or jumps that cannot be located ({type(error).__name__})"
        raise _unnamed(expression, what) from error
    if low.size != finer.size or low.size > MOST_KINKS:
        raise _unnamed(expression, f"has more corners or jumps in |x| <= {KINK_RANGE:g} than are looked for")
    for _ in range(60):
        middle = (low + high) / 2
        same = sign(middle) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    middle = np.round((low + high) / 2, 12)
    return np.where(sign(middle) == 0, middle, high).tolist()


def _kink_tuple(kinks):
    return tuple(sorted(float(real("kinks", kink)) for kink in sequence("kinks", kinks, "finite real numbers")))


def leaky_relu(slope=0.01):
    """max(x, slope·x), for 0 <= slope < 1."""
    plain = non_negative("slope", slope)
    if not plain < 1:
        raise ValueError(f"slope = {slope} is out of range; allowed: 0 <= slope < 1")
    slope = sp.nsimplify(plain, rational=True)
    return Activation((1 + slope) / 2 * x + (1 - slope) / 2 * sp.Abs(x), name=f"leaky ReLU ({slope})")


def polynomial(coefficients):
    """Σ_k coefficients[k] x^k, not constant, of degree up to 50."""
    terms = [real("coefficients", c) for c in sequence("coefficients", coefficients, "a sequence of finite real numbers")]
    if not any(terms[1:]):
        raise ValueError(
            f"coefficients = {shown(coefficients)} make a constant; allowed: one beyond the first that is not 0"
        )
    if len(terms) > MOST_DEGREE + 1:
        raise ValueError(
            f"coefficients has {len(terms)} entries; allowed: up to {MOST_DEGREE + 1}, a degree of {MOST_DEGREE}"
        )
    return Activation(sum((sp.nsimplify(c, rational=True) * x**k for k, c in enumerate(terms)), sp.S.Zero))


def hermite(k):
    """The probabilists' Hermite polynomial He_k, 1 <= k <= 50, orthogonal for N(0, 1) with norm² k!."""
    k = positive_integer("k", k, MOST_DEGREE)
    return Activation(sp.expand(2 ** sp.Rational(-k, 2) * sp.hermite(k, x / sp.sqrt(2))), name=f"He_{k}")


tanh = Activation(sp.tanh(x), name="tanh")
erf = Activation(sp.erf(x), name="erf")
relu = Activation((x + sp.Abs(x)) / 2, name="ReLU")
sin = Activation(sp.sin(x), name="sin")
cos = Activation(sp.cos(x), name="cos")
sign = Activation(sp.sign(x), name="sign")
linear = Activation(x, name="linear")
gelu = Activation(x * (1 + sp.erf(x / sp.sqrt(2))) / 2, name="GELU")
softplus = Activation(sp.log(1 + sp.exp(x)), name="softplus")
silu = Activation(x / (1 + sp.exp(-x)), name="SiLU")
