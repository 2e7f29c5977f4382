"""The letters of the book, once. Every symbolic module and every chapter takes them from here.

Order parameters may be complex (they are evaluated at complex z), so they carry no assumptions;
the parameters of the model are positive (squares of coefficients are non-negative, but SymPy only
needs them to commute with roots).
"""

from collections.abc import Iterable, Sequence

import sympy as sp

from .. import activations
from ..validation import expression as check_expression
from ..validation import shown, symbolic_spectrum

#: what stands for a number in a derivation, and ρ_Σ as ((eigenvalue, weight), …)
Scalar = sp.Expr | float
Pairs = Sequence[tuple[Scalar, Scalar]]


#: argument of an activation function, with whose description it comes
x = activations.x
#: spectral parameter, and q(z) = (1/p) Tr (U - z)^{-1}
z, q = sp.symbols("z q")
#: (1/p) Tr Q W Sigma W^T/d and (1/p) Tr Q W W^T/d
r, s = sp.symbols("r s")
#: conjugate of r, and the self-energy of the samples
rho_hat, delta = sp.symbols(r"\hat\rho delta")
#: g = 1/(1 + delta), which turns the elimination into linear algebra
g = sp.Symbol("g")
#: features and samples per dimension
psi_p, psi_n = sp.symbols("psi_p psi_n", positive=True)
#: alpha = a_t e^{-t}, and the coefficients b_t, v_t, s_t of the Gaussian equivalence
alpha, b, v, s_t = sp.symbols("alpha b v s_t", positive=True)
#: an eigenvalue of the data covariance and its density
lam = sp.Symbol("lambda", positive=True)
#: variance of the data along a direction that is singled out, a spike
lam_star = sp.Symbol(r"\lambda_*", positive=True)
rho_Sigma = sp.Function(r"rho_\Sigma")


def average(expression: sp.Expr) -> sp.Integral:
    r"""The average of ``expression`` over the covariance spectrum, :math:`\int d\lambda\,\rho_\Sigma(\lambda)\,f(\lambda)`.

    Kept as an unevaluated integral: SymPy differentiates under it, and `discretise` turns it into a sum.
    """
    return sp.Integral(rho_Sigma(lam) * check_expression("expression", expression), (lam, 0, sp.oo))


def integrand(integral: sp.Integral) -> sp.Expr:
    """The f of ``average(f)``."""
    if not (isinstance(integral, sp.Integral) and integral.has(rho_Sigma)):
        raise ValueError(f"integral = {shown(integral)} is no average; allowed: average(f)")
    return sp.cancel(integral.function / rho_Sigma(lam))


def without_empty_averages(expression: sp.Expr) -> sp.Expr:
    """Drop the averages of zero that differentiation leaves behind."""
    expression = check_expression("expression", expression)
    return expression.xreplace({i: sp.S.Zero for i in expression.atoms(sp.Integral) if i.function == 0})


def discretise(expression: sp.Expr, spectrum: Iterable) -> sp.Expr:
    """Replace every average in ``expression`` by the sum over ``spectrum = ((eigenvalue, weight), …)``."""
    averages = check_expression("expression", expression).atoms(sp.Integral)
    spectrum = symbolic_spectrum("spectrum", spectrum)
    return expression.xreplace(
        {i: sp.Add(*(weight * integrand(i).subs(lam, value) for value, weight in spectrum)) for i in averages}
    )
