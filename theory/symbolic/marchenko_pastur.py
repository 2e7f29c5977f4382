r"""The Marchenko–Pastur law by the method that the book applies to U: action, saddle point, polynomial, edges, density.

The matrix is :math:`M = \Sigma^{1/2} X X^T \Sigma^{1/2}/n` with X of shape (p, n), iid N(0, 1), at the aspect ratio c = p/n,
and :math:`q(z) = (1/p)\,\mathrm{Tr}\,(M - z)^{-1}`. This is `action`, `saddle_point` and `elimination` in miniature:
a model whose activation has a = b = 0 is the case Σ = 1 scaled by v² and shifted by s_t², with c = ψ_p/ψ_n.

With n replicas of the Gaussian integral of det(M − z)^{-1/2} the samples are independent Gaussians on the fields, of
covariance R_ab = φ^a·Σφ^b/p (Q_ab = φ^a·φ^b/p for Σ = 1), and leave −(1/2c) log det(1 + cR) per dimension p.

Sources: V. A. Marchenko and L. A. Pastur (1967) for the law, J. W. Silverstein and S.-I. Choi (1995) for general Σ; derived
here by replicas, checked by ``tests/symbolic/test_marchenko_pastur.py`` against matrices, moments and the model's own solver.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression, symbolic_spectrum
from . import symbols as S

if TYPE_CHECKING:
    from .symbols import Pairs, Scalar

#: aspect ratio p/n: the matrix is p by p and there are n samples
c = sp.Symbol("c", positive=True)


def single_replica_action(q: "Scalar" = S.q) -> sp.Expr:
    """One replica, Σ = 1: the volume of the fields at fixed q, the samples, and the source z."""
    q = expression("q", q)
    volume = sp.log(q) / 2
    samples = -sp.log(1 + c * q) / (2 * c)
    source = S.z * q / 2
    return volume + samples + source


def replicated_action(n: "Scalar", off_diagonal: "Scalar") -> sp.Expr:
    """``n`` replicas in the replica-symmetric ansatz, for symbolic ``n``.

    A matrix with diagonal q and off-diagonal q₀ has the eigenvalue q + (n−1)q₀ once and q − q₀ with multiplicity n − 1;
    each log det and each trace is a sum over eigenvalues.
    """
    n, off_diagonal = expression("n", n), expression("off_diagonal", off_diagonal)
    symmetric, transverse = S.q + (n - 1) * off_diagonal, S.q - off_diagonal
    return single_replica_action(symmetric) + (n - 1) * single_replica_action(transverse)


def replica_limit(off_diagonal: "Scalar") -> sp.Expr:
    """lim_{n→0} (1/n) of `replicated_action`, which is its derivative at n = 0: the action vanishes there."""
    n = sp.Symbol("n")
    return sp.diff(replicated_action(n, off_diagonal), n).subs(n, 0)


def action() -> sp.Expr:
    """The action S(q) per dimension p for Σ = 1: the replica limit at zero overlap between replicas.

    Normalised so that ∂S/∂z = q/2; `theory.symbolic.action` is normalised per data dimension, so ψ_p times this.
    """
    off_diagonal = sp.Symbol("q_0")
    return replica_limit(off_diagonal).subs(off_diagonal, 0)


def population_action() -> sp.Expr:
    r"""The action S(r, ρ̂) per dimension p for any covariance spectrum: r = (1/p) Tr ΣQ and its conjugate ρ̂.

    The field's quadratic form, Σρ̂ − z, is integrated over; the average is over ρ_Σ. For Σ = 1 it takes the value of
    `action` up to the constant ½ that separates the volume at fixed q from the integral.
    """
    fields = -S.average(sp.log(S.lam * S.rho_hat - S.z)) / 2
    samples = -sp.log(1 + c * S.r) / (2 * c)
    conjugate = S.r * S.rho_hat / 2
    return fields + samples + conjugate


class PopulationSaddlePoint(NamedTuple):
    """Stationarity of `population_action`."""

    #: ∂S/∂r and ∂S/∂ρ̂ as they come out of the differentiation (each equals zero)
    stationarity: dict
    #: ρ̂ in terms of r
    rho_hat: sp.Expr
    #: the fixed-point map r ↦ ⟨λ/(λρ̂ − z)⟩ with ρ̂ in terms of r
    r: sp.Expr
    #: q = 2 ∂S/∂z = ⟨1/(λρ̂ − z)⟩
    q: sp.Expr


@cache
def saddle_point() -> PopulationSaddlePoint:
    """Derive the saddle point of `population_action`, as a `PopulationSaddlePoint`."""
    S_rs = population_action()
    stationarity = {x: _tidy(sp.diff(S_rs, x)) for x in (S.r, S.rho_hat)}
    (rho_hat,) = sp.solve(stationarity[S.r], S.rho_hat)
    (r,) = sp.solve(stationarity[S.rho_hat], S.r)
    q = _tidy(2 * sp.diff(S_rs, S.z))
    return PopulationSaddlePoint(stationarity, rho_hat, r.subs(S.rho_hat, rho_hat), q)


def _tidy(expression):
    """Each average with the denominator λρ̂ − z and the factors without λ in front."""
    denominator = S.lam * S.rho_hat - S.z
    replacements = {}
    for integral in expression.atoms(sp.Integral):
        constant, numerator = sp.cancel(S.integrand(integral) * denominator).as_independent(S.lam, as_Add=False)
        replacements[integral] = constant * S.average(numerator / denominator)
    return expression.xreplace(replacements)


@cache
def eliminate() -> sp.Expr:
    """ρ̂ in terms of q and z: partial fractions in λ make ⟨λ/(λρ̂ − z)⟩ a multiple of q, and the equation linear in ρ̂."""
    point = saddle_point()
    (q_average,) = point.q.atoms(sp.Integral)
    fraction = point.q.coeff(q_average) * S.integrand(q_average)
    constant, rest = sp.apart(S.lam * fraction, S.lam).as_independent(S.lam, as_Add=True)
    r_of_q = constant + sp.cancel(rest / fraction) * S.q
    (r_of_rho_hat,) = sp.solve(sp.Eq(S.rho_hat, point.rho_hat), S.r)
    (rho_hat,) = sp.solve(sp.numer(sp.together(r_of_rho_hat - r_of_q)), S.rho_hat)
    return sp.collect(sp.expand(rho_hat), c)


def resolvent_polynomial(spectrum: "Pairs" = ((1, 1),)) -> sp.Poly:
    """The polynomial P(q, z) that q solves for a covariance with finitely many eigenvalues.

    Parameters
    ----------
    spectrum : tuple of (eigenvalue, weight)
        Numbers or SymPy symbols, weights with sum 1; the default is the identity covariance.

    Returns
    -------
    sympy.Poly
        In the generators (q, z), of degree m + 1 in q for m positive eigenvalues, with c as a symbol.
    """
    spectrum = symbolic_spectrum("spectrum", spectrum)
    factors = [sp.expand(eigenvalue * eliminate() - S.z) for eigenvalue, _ in spectrum]
    average = sp.Add(*(w * sp.Mul(*factors[:i], *factors[i + 1 :]) for i, (_, w) in enumerate(spectrum)))
    return sp.Poly(sp.expand(average - S.q * sp.Mul(*factors)), S.q, S.z)


@cache
def edges() -> tuple[sp.Expr, ...]:
    """(λ₋, λ₊) for Σ = 1, where two roots of the polynomial merge: the roots of its discriminant in q."""
    discriminant = sp.discriminant(resolvent_polynomial().as_expr(), S.q)
    root_c = sp.Symbol("k", positive=True)
    roots = [sp.factor(root.subs(c, root_c**2)).subs(root_c, sp.sqrt(c)) for root in sp.solve(discriminant, S.z)]
    return tuple(sorted(roots, key=lambda root: root.subs(c, 4)))


@cache
def resolvent() -> sp.Expr:
    """q(z) for Σ = 1 in closed form, valid for every z outside the support; from above on the support.

    The square root of the discriminant is written √(z−λ₋)√(z−λ₊): analytic off the support, and like z at infinity. Of the
    two roots the one that decays is kept; the other tends to the constant that z q → −1 forbids.
    """
    polynomial = sp.Poly(resolvent_polynomial().as_expr(), S.q)
    quadratic, linear, _ = polynomial.all_coeffs()
    low, high = edges()
    root = sp.sqrt(S.z - low) * sp.sqrt(S.z - high)
    assert sp.expand(root**2 - polynomial.discriminant()) == 0
    candidates = [(-linear + sign * root) / (2 * quadratic) for sign in (1, -1)]
    (physical,) = (q for q in candidates if sp.limit(sp.expand(S.z * q.subs(c, 4)), S.z, sp.oo) == -1)
    return physical


@cache
def density() -> sp.Expr:
    """The continuous density Im q(λ + i0)/π for Σ = 1 on λ₋ < λ < λ₊, of mass min(1, 1/c)."""
    low, high = edges()
    # the principal root of a negative number is its boundary value from above, so a plain substitution is the limit
    left, right = sp.symbols("x y", positive=True)
    at_real = resolvent().subs(sp.sqrt(S.z - low), sp.sqrt(left)).subs(sp.sqrt(S.z - high), sp.sqrt(-right)).subs(S.z, S.lam)
    imaginary = sp.simplify(sp.im(at_real) / sp.pi)
    return imaginary.subs({left: S.lam - low, right: high - S.lam})


@cache
def atom() -> sp.Expr:
    """The weight max(0, 1 − 1/c) of the eigenvalue 0 for Σ = 1: minus the residue of q at z = 0."""
    low, high = edges()
    # both factors of √(z−λ₋)√(z−λ₊) are i times a positive number at z = 0 + i0
    root_at_zero = -sp.sqrt(sp.factor(sp.expand(low * high)))
    root = sp.sqrt(S.z - low) * sp.sqrt(S.z - high)
    return (-S.z * resolvent()).subs(root, root_at_zero).subs(S.z, 0)


def log_determinant() -> sp.Expr:
    """lim (1/p) log det(M − z) for Σ = 1 in terms of q and z, at z left of the support: −2S − 1 at the saddle point.

    The Gaussian integral is (2π)^{p/2} det^{-1/2}, the fields at fixed q fill a volume (2πe q)^{p/2}, and 2π cancels.
    """
    return -2 * action() - 1
