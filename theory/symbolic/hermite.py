r"""Hermite coefficients in closed form, derived with Price's theorem.

For x, y centred Gaussians of variance Γ² and correlation ρ, everything follows from the kernel

.. math:: K(\rho) = E[\sigma(x)\sigma(y)] = \sum_k \mu_k^2\,\rho^k/k!,\qquad \mu_k = E[\sigma(\Gamma z)\,\mathrm{He}_k(z)],

since v² = K(ρ) − κ² − μ₁²ρ and s² = K(1) − K(ρ) − μ₁²(1 − ρ), with a = μ₁/Γ. Price's theorem
K'(ρ) = Γ² E[σ'(x)σ'(y)] (R. Price, 1958) turns a kernel with kinks into a smooth one: the derivative of sign is a delta
function, that of erf a Gaussian. SymPy then integrates back from K(0) = κ².

Families with a closed form: polynomials (Hermite polynomials and the linear activation among them), and a constant plus
βx plus one of: γ sign(x) + ε|x| (sign, ReLU, leaky ReLU, |x|), c·erf(kx), c·sin(kx) + e·cos(kx).

Called by `theory.couplings.gaussian_equivalence`, which evaluates them, and by the chapter on Hermite coefficients, which shows them.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import sympy as sp

from ..validation import expression as check_expression
from ..validation import integer, one_of, sequence
from .symbols import x

Gamma, rho = sp.symbols("Gamma rho", positive=True)


class ClosedForm(NamedTuple):
    """Expressions in Γ (standard deviation of the pre-activation) and ρ (the correlation)."""

    #: E σ(Γz)
    kappa: sp.Expr
    #: E σ'(Γz) = μ₁/Γ
    a: sp.Expr
    #: E[σ(x)σ(y)]
    kernel: sp.Expr

    @property
    def nonlinear(self) -> sp.Expr:
        """Σ_{k≥2} μ_k² ρ^k/k!, which is v² at the model's ρ; and s² is its value at 1 minus that at ρ."""
        return sp.expand(self.kernel - self.kappa**2 - (self.a * Gamma) ** 2 * rho)

    @property
    def v2(self) -> sp.Expr:
        """v² = Σ_{k≥2} μ_k² ρ^k/k!, simplified for reading."""
        return _shortest(self.nonlinear)

    @property
    def s2(self) -> sp.Expr:
        """s² = Σ_{k≥2} μ_k² (1 − ρ^k)/k!, simplified for reading."""
        return _shortest(self.nonlinear.subs(rho, 1) - self.nonlinear)

    def mu_squared(self, k: int) -> sp.Expr:
        """μ_k², the k-th derivative of the kernel at ρ = 0, for an integer k >= 0 (``ValueError`` else)."""
        k = integer("k", k, 0, 1000)
        return sp.simplify(sp.diff(self.kernel, rho, k).subs(rho, 0))

    def slope_variance(self) -> sp.Expr:
        """E σ'² − (E σ')², to which s²/Δ_t tends for t → 0: infinite where σ jumps.

        Price's theorem gives Γ² E σ'² as the kernel's slope at ρ = 1.
        """
        # the limit is taken in 1 − ρ: SymPy gives the divergence at ρ = 1 the wrong sign when asked in ρ
        distance = sp.Symbol("epsilon", positive=True)
        slope = sp.limit(sp.diff(self.kernel, rho).subs(rho, 1 - distance), distance, 0)
        return _shortest(sp.factor(slope / Gamma**2 - self.a**2, deep=True))


def _shortest(expression):
    simplified = sp.simplify(expression)
    return min((simplified, sp.factor(simplified), sp.expand(simplified)), key=sp.count_ops)


COLUMNS = {
    "kappa": r"\kappa=\mathbb E\,\sigma",
    "a": r"a=\mathbb E\,\sigma'",
    "v2": r"v^2=\sum_{k\ge 2}\mu_k^2\,\rho^k/k!",
    "s2": r"s^2=\sum_{k\ge 2}\mu_k^2\,(1-\rho^k)/k!",
}


def latex_table(expressions: Iterable[sp.Expr], columns: Iterable[str] = ("kappa", "a", "v2")) -> str:
    """The closed forms as a LaTeX ``array``: one row for each expression in `theory.activations.x`, σ(x) first.

    ``columns`` are keys of `COLUMNS`. ``ValueError`` names an unknown column, or the expression that has no closed form.
    """
    for column in sequence("columns", columns, f"some of {', '.join(map(repr, COLUMNS))}"):
        one_of("columns", column, tuple(COLUMNS))
    expressions = [check_expression("expressions", e) for e in sequence("expressions", expressions, "expressions in x")]
    rows = [" & ".join([r"\sigma(x)", *(COLUMNS[column] for column in columns)])]
    for expression in expressions:
        form = closed_form(expression)
        if form is None:
            raise ValueError(
                f"expressions holds {expression}, which has no closed form; allowed: the families of this module"
            )
        entries = (expression, *(_shortest(getattr(form, column)) for column in columns))
        rows.append(" & ".join(r"\displaystyle " + sp.latex(entry, inv_trig_style="full") for entry in entries))
    return (
        rf"\begin{{array}}{{{'l' * (1 + len(columns))}}}"
        + rows[0]
        + r"\\ \hline "
        + r"\\[12pt] ".join(rows[1:])
        + r"\end{array}"
    )


def closed_form(expression: sp.Expr) -> ClosedForm | None:
    """The `ClosedForm` of an activation given as an expression in `theory.activations.x`, or None where there is none."""
    return _closed_form(check_expression("expression", expression))


@cache
def _closed_form(expression):
    # floats at their exact binary values: rounding would decide whether two terms cancel, and end the digits at sixteen
    expression = sp.expand(expression.xreplace({number: sp.Rational(number) for number in expression.atoms(sp.Float)}))
    if expression.is_polynomial(x):
        return _polynomial(expression)
    constant, rest = expression.as_independent(x, as_Add=True)
    beta = sp.Add(*(term for term in sp.Add.make_args(rest) if term.as_independent(x)[1] == x)).coeff(x)
    core = sp.expand(rest - beta * x)
    for family in (_sign_and_abs, _erf, _trigonometric):
        found = family(core)
        if found is not None:
            mean, slope, integrated = found
            kappa = constant + mean
            # Price: K' = Γ² E[σ'σ'] with σ' = β + core', integrated from K(0) = κ²
            kernel = kappa**2 + Gamma**2 * ((beta**2 + 2 * beta * slope) * rho + integrated)
            return ClosedForm(sp.expand(kappa), sp.expand(beta + slope), sp.expand(kernel))
    return None


def moment(n: int) -> sp.Expr:
    """E z^n for z ~ N(0, 1), n >= 0."""
    n = integer("n", n, 0, 1000)
    return sp.S.Zero if n % 2 else sp.factorial2(n - 1)


def _polynomial(expression):
    """Exact Hermite coefficients from Gaussian moments: E z^n He_k(z) = n!/(n − k)! E z^{n−k}, by Stein's lemma k times."""
    coefficients = sp.Poly(expression, x).all_coeffs()[::-1]
    mu = []
    for k in range(len(coefficients)):
        terms = {n: c * sp.ff(n, k) * moment(n - k) for n, c in enumerate(coefficients) if n >= k and c != 0}
        mu.append(sp.Poly({(n,): value for n, value in terms.items() if value != 0} or 0, Gamma))
    kernel = sp.Add(*(sp.expand((m**2).as_expr() * rho**k / sp.factorial(k)) for k, m in enumerate(mu)))
    slope = sp.expand(mu[1].as_expr() / Gamma) if len(mu) > 1 else sp.S.Zero
    return ClosedForm(sp.expand(mu[0].as_expr()), slope, kernel)


# Each family returns E core, E core' and ∫₀^ρ E[core'(x)core'(y)] dρ, the right side of Price's theorem.


def _sign_and_abs(core):
    """γ sign(x) + ε|x|: the derivative is 2γ δ(x) + ε sign(x), and Price again gives E[sign sign]."""
    gamma, epsilon = core.coeff(sp.sign(x)), core.coeff(sp.Abs(x))
    if core == 0 or gamma.has(x) or epsilon.has(x) or sp.expand(core - gamma * sp.sign(x) - epsilon * sp.Abs(x)) != 0:
        return None
    # E[δ(x)δ(y)] is the bivariate density at the origin
    delta_delta = sp.integrate(1 / (2 * sp.pi * sp.sqrt(1 - rho**2)), rho) / Gamma**2
    sign_sign = Gamma**2 * 4 * delta_delta
    mean_abs = Gamma * sp.sqrt(2 / sp.pi)
    mean_delta = 1 / (sp.sqrt(2 * sp.pi) * Gamma)
    integrated = 4 * gamma**2 * delta_delta + epsilon**2 * _integral_from_zero(sign_sign)
    return epsilon * mean_abs, 2 * gamma * mean_delta, integrated


def _erf(core):
    """c·erf(kx): the derivative is a Gaussian, whose average is a determinant."""
    c, k = sp.Wild("c", exclude=[x]), sp.Wild("k", exclude=[x])
    match = core.match(c * sp.erf(k * x))
    if core == 0 or not match:
        return None
    c, k = match[c], match[k]
    height = 2 * c * k / sp.sqrt(sp.pi)
    # det(1 + 2k² covariance) = (1 + 2k²Γ²)² (1 − y²) with y = 2k²Γ²ρ/(1 + 2k²Γ²), for covariance Γ² (1, ρ; ρ, 1)
    spread = 1 + 2 * k**2 * Gamma**2
    per_rho = 2 * k**2 * Gamma**2 / spread
    y = sp.Symbol("y", positive=True)
    primitive = sp.integrate(1 / sp.sqrt(1 - y**2), y).subs(y, per_rho * rho)
    return sp.S.Zero, height / sp.sqrt(spread), height**2 / spread / per_rho * primitive


def _integral_from_zero(expression):
    primitive = sp.integrate(expression, rho)
    return primitive - primitive.subs(rho, 0)


def _trigonometric(core):
    """c·sin(kx) + e·cos(kx): characteristic functions."""
    functions = core.atoms(sp.sin, sp.cos)
    if not functions or core.has(sp.exp, sp.Abs, sp.sign, sp.erf):
        return None
    wave_numbers = {sp.Abs(sp.cancel(f.args[0] / x)) for f in functions}
    if len(wave_numbers) != 1 or (k := wave_numbers.pop()).has(x):
        return None
    c, e = core.coeff(sp.sin(k * x)), core.coeff(sp.cos(k * x))
    if sp.expand(core - c * sp.sin(k * x) - e * sp.cos(k * x)) != 0 or c.has(x) or e.has(x):
        return None
    damping = sp.exp(-(k**2) * Gamma**2 / 2)
    # E[cos kx cos ky] and E[sin kx sin ky] from E exp(ik(x ± y))
    cos_cos = damping**2 * sp.cosh(k**2 * Gamma**2 * rho)
    sin_sin = damping**2 * sp.sinh(k**2 * Gamma**2 * rho)
    derivative_kernel = k**2 * (c**2 * cos_cos + e**2 * sin_sin)
    return e * damping, c * k * damping, _integral_from_zero(derivative_kernel)
