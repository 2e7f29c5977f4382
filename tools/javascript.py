"""SymPy expressions as functions in JavaScript, of real or of complex arguments.

Real expressions are SymPy's own printer's, with common subexpressions taken out and small powers written as products. JavaScript has no complex
numbers: a complex function takes real and imaginary part of each complex argument, and every sum, product and quotient of its subexpressions
becomes two real lines. What depends on real arguments alone stays real.

Used by `explorer_formulas`; ``tests/repository/test_explorer.py`` runs what is printed here in Node.
"""

from collections.abc import Sequence

import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter


class Printer(JavascriptCodePrinter):
    """SymPy's printer; a small power is a product, which is faster and rounds once for each factor."""

    def _print_Pow(self, expr):
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and 2 <= abs(exponent) <= 6:
            factor = self._print(base) if base.is_Symbol else f"({self._print(base)})"
            product = "*".join([factor] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(1/({product}))"
        return super()._print_Pow(expr)


def printed(expression: sp.Expr) -> str:
    """A real expression, in brackets unless it is a name or a number."""
    code = Printer().doprint(expression)
    return code if expression.is_Symbol or (expression.is_nonnegative and expression.is_Integer) else f"({code})"


def function(
    name: str, expressions: Sequence[sp.Expr], arguments: Sequence[sp.Symbol], complex_arguments: Sequence = ()
) -> str:
    """The source of ``name(arguments…, out)``, which writes the values of the expressions to the array ``out``.

    Parameters
    ----------
    name : str
    expressions : sequence of sympy.Expr
        Rational in the complex arguments.
    arguments : sequence of sympy.Symbol
        Of which those in ``complex_arguments`` are passed as two numbers, for z the arguments z_re and z_im. With any, ``out`` takes real and
        imaginary part of each value, one after the other.

    Raises
    ------
    ValueError
        A function of a complex argument that is not rational, or a symbol that is no argument.
    """
    names = {symbol: sp.Symbol(_plain(symbol.name)) for symbol in arguments}
    expressions = [sp.sympify(expression).xreplace(names) for expression in expressions]
    free = set().union(*(expression.free_symbols for expression in expressions)) - set(names.values())
    if free:
        raise ValueError(f"expressions of {name} hold {free}, which are no arguments")
    complex_names = [names[symbol] for symbol in complex_arguments]
    replacements, results = sp.cse(expressions, symbols=sp.numbered_symbols("c"), optimizations="basic")
    parameters = [
        part for symbol in names.values() for part in (_parts(symbol) if symbol in complex_names else (symbol.name,))
    ]
    body = _Body(complex_names)
    for symbol, expression in replacements:
        body.define(symbol, expression)
    for k, expression in enumerate(results):
        body.put(k, expression)
    return "\n".join([f"function {name}({', '.join([*parameters, 'out'])}) {{", *body.lines, "}"])


def _plain(name):
    return "".join(sign if sign.isalnum() else "_" for sign in name).strip("_")


def _parts(symbol):
    return f"{symbol.name}_re", f"{symbol.name}_im"


class _Body:
    """The lines of a function. A value is a pair of strings, real and imaginary part, the latter None for a real value."""

    def __init__(self, complex_names):
        self.known = {symbol: _parts(symbol) for symbol in complex_names}
        self.any_complex, self.lines, self.count = bool(complex_names), [], 0

    def define(self, symbol, expression):
        self.known[symbol] = self.named(*self.value(expression))

    def put(self, k, expression):
        real, imaginary = self.value(expression)
        if not self.any_complex:
            self.lines.append(f"  out[{k}] = {real};")
        else:
            self.lines.append(f"  out[{2 * k}] = {real}; out[{2 * k + 1}] = {imaginary or 0};")

    def named(self, real, imaginary=None):
        """Names for the parts of a value, which is computed once."""
        self.count += 1
        self.lines.append(f"  const r{self.count} = {real};" + (f" const i{self.count} = {imaginary};" if imaginary else ""))
        return f"r{self.count}", f"i{self.count}" if imaginary else None

    def is_real(self, expression):
        return not any(self.known.get(symbol, ("", None))[1] for symbol in expression.free_symbols)

    def value(self, expression):
        if expression in self.known:
            return self.known[expression]
        if self.is_real(expression):
            names = {symbol: sp.Symbol(self.known[symbol][0]) for symbol in expression.free_symbols if symbol in self.known}
            return printed(expression.xreplace(names)), None
        if expression.is_Add:
            return self.sum(expression)
        if expression.is_Mul or expression.is_Pow:
            return self.product(expression)
        raise ValueError(f"{expression} is no rational function of its complex arguments")

    def sum(self, expression):
        real = [term for term in expression.args if self.is_real(term)]
        parts = [self.value(term) for term in expression.args if not self.is_real(term)]
        constant = [self.value(sp.Add(*real))[0]] if real else []
        return self.named(" + ".join([*constant, *(p[0] for p in parts)]), " + ".join(p[1] for p in parts))

    def product(self, expression):
        real = [factor for factor in sp.Mul.make_args(expression) if self.is_real(factor)]
        above, below = [], []
        for factor in sp.Mul.make_args(expression):
            if not self.is_real(factor):
                base, exponent = factor.as_base_exp()
                if not exponent.is_Integer:
                    raise ValueError(f"{expression} is no rational function of its complex arguments")
                (above if exponent > 0 else below).extend([self.value(base)] * abs(int(exponent)))
        scale = self.value(sp.Mul(*real))[0] if real else None
        result = self.multiplied(above) if above else ("1", None)
        if below:
            result = self.divided(result, self.multiplied(below))
        return result if scale is None else self.named(*(f"{scale}*{part}" for part in result))

    def multiplied(self, factors):
        (real, imaginary), *rest = factors
        for other_real, other_imaginary in rest:
            real, imaginary = self.named(
                f"{real}*{other_real} - {imaginary}*{other_imaginary}",
                f"{real}*{other_imaginary} + {imaginary}*{other_real}",
            )
        return real, imaginary

    def divided(self, above, below):
        (a, b), (c, d) = above, below
        norm, _ = self.named(f"1/({c}*{c} + {d}*{d})")
        if b is None:
            return self.named(f"{a}*{c}*{norm}", f"-{a}*{d}*{norm}")
        return self.named(f"({a}*{c} + {b}*{d})*{norm}", f"({b}*{c} - {a}*{d})*{norm}")
