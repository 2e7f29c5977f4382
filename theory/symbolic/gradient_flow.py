r"""From the loss of the random-feature network to its linear gradient flow, in SymPy.

Two routes to the quadratic form, which a test compares:

* `loss_in_components` expands (1/d)|√Δ_t Aφ/√p + ξ|² entry by entry for matrices of given small size and then averages
  monomial by monomial, with E[φ_i φ_j] = U_ij, E[φ_i ξ_k] = V_ik, E[ξ_k ξ_l] = δ_kl;
* `loss` is the same in matrix symbols, for any d and p, which SymPy differentiates.

In an eigenvector u of U, of eigenvalue λ, the flow is one scalar equation, which `mode` solves. Derived here; the loss is
that of 2505.17638. Checked by ``tests/simulation/test_loss.py``, also against finite differences of the simulated loss.
"""

from functools import lru_cache

import sympy as sp

from ..validation import positive_integer
from .symbols import lam, psi_p

#: dimension and number of features
d, p = sp.symbols("d p", integer=True, positive=True)
#: variance of the noise at the diffusion time that is learned, training time
Delta, tau = sp.symbols("Delta_t tau", positive=True)
A = sp.MatrixSymbol("A", d, p)
U = sp.MatrixSymbol("U", p, p)
V = sp.MatrixSymbol("V", p, d)
#: A u and V^T u, for u the eigenvector of U to the eigenvalue λ, along one direction of data space
A_lam = sp.Function("A_lambda")
V_lam = sp.Symbol("V_lambda", real=True)


def loss_in_components(dimension: int, features: int) -> tuple:
    r"""The loss for explicit matrices of ``dimension`` × ``features``, averaged monomial by monomial.

    Returns
    -------
    (sympy.Expr, Matrix, Matrix, Matrix)
        L and the matrices A, U (symmetric), V whose entries it is written in.
    """
    dimension, features = positive_integer("dimension", dimension, 20), positive_integer("features", features, 20)
    weights = sp.Matrix(dimension, features, lambda i, j: sp.Symbol(f"A_{i + 1}{j + 1}"))
    phi = sp.symbols(f"phi_1:{features + 1}")
    xi = sp.symbols(f"xi_1:{dimension + 1}")
    second = sp.Matrix(features, features, lambda i, j: sp.Symbol(f"U_{min(i, j) + 1}{max(i, j) + 1}"))
    cross = sp.Matrix(features, dimension, lambda i, j: sp.Symbol(f"V_{i + 1}{j + 1}"))
    score = weights * sp.Matrix(phi) / sp.sqrt(features)
    square = sum((sp.sqrt(Delta) * score[k] + xi[k]) ** 2 for k in range(dimension)) / dimension
    variables = phi + xi
    moments = sp.Matrix(sp.BlockMatrix([[second, cross], [cross.T, sp.eye(dimension)]]))
    average = sp.S.Zero
    for powers, coefficient in sp.Poly(sp.expand(square), *variables).terms():
        factors = [index for index, power in enumerate(powers) for _ in range(power)]
        average += coefficient * moments[tuple(factors)]
    return average, weights, second, cross


def loss() -> sp.Expr:
    r"""L(A) = (Δ_t/(pd)) Tr A U A^T + (2√Δ_t/(d√p)) Tr A V + 1, in matrix symbols."""
    return Delta / (p * d) * sp.Trace(A * U * A.T) + 2 * sp.sqrt(Delta) / (d * sp.sqrt(p)) * sp.Trace(A * V) + 1


def gradient() -> sp.MatrixExpr:
    r"""∂L/∂A as a matrix expression, U being symmetric."""
    # SymPy differentiates a trace, but not a sum of traces and numbers, nor a root times a trace: one trace at a time
    terms = (term.as_independent(A) for term in sp.Add.make_args(loss()) if term.has(A))
    return sp.MatAdd(*(factor * sp.diff(trace, A).subs(U.T, U) for factor, trace in terms)).doit()


def flow() -> sp.MatrixExpr:
    r"""dA/dτ = −d² ∂L/∂A, as a matrix expression."""
    return sp.MatMul(-1, sp.MatAdd(*((d**2 * term).doit() for term in gradient().args)))


def mode_equation() -> sp.Eq:
    r"""The flow applied to an eigenvector of U, where AU is λ A_λ and V^T is V_λ: one scalar equation."""
    values = {A * U: lam * A_lam(tau), V.T: V_lam}
    terms = (term.as_coeff_mmul() for term in sp.expand(flow()).args)
    right = sum(factor * values[matrix.doit()] for factor, matrix in terms)
    return sp.Eq(A_lam(tau).diff(tau), right.subs(p, psi_p * d))


@lru_cache(maxsize=1)
def mode() -> sp.Expr:
    r"""A_λ(τ) for A(0) = 0, the equation solved by SymPy."""
    solution = sp.dsolve(mode_equation(), A_lam(tau), ics={A_lam(0): 0}).rhs
    return _collected(solution)


def _collected(expression):
    """A sum of exponentials with its common factor in front."""
    return sp.factor_terms(sp.powsimp(sp.expand(expression)))


def mode_loss() -> sp.Expr:
    r"""What one mode contributes to L(A(τ)) − 1, per direction of data space."""
    amplitude = mode()
    quadratic = Delta / (p * d) * lam * amplitude**2 + 2 * sp.sqrt(Delta) / (d * sp.sqrt(p)) * amplitude * V_lam
    return _collected(quadratic.subs(p, psi_p * d))


def relaxation_time() -> sp.Expr:
    r"""The time in which the distance of a mode from its limit falls by e, read off the solution: ψ_p/(2Δ_t λ)."""
    distance = sp.simplify(sp.limit(mode(), tau, sp.oo) - mode())
    return sp.simplify(-distance / sp.diff(distance, tau))
