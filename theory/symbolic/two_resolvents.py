r"""Products of two resolvents, by linear response of the doubled action.

The test loss needs F(z₁, z₂) = (1/p) Tr[Q(z₁) Ũ Q(z₂) WW^T/d], Q(z) = (U − z)^{-1}, with the population matrix
Ũ = α² WΣW^T/d + b² WW^T/d + (v² + s_t²) 1. Take two fields φ₁, φ₂ with their own z, so that every order parameter becomes a
symmetric 2 × 2 matrix, and couple them by sources:  κ_I φ₁·φ₂ + κ_s φ₁·WW^Tφ₂/d + κ_r φ₁·WΣW^Tφ₂/d.  For Gaussian fields

.. math:: \frac{\partial^2 \log Z}{\partial\kappa_M\,\partial\kappa_N}\Big|_{\kappa=0} = \mathrm{Tr}[Q(z_1) M Q(z_2) N],

so F is a second derivative of the doubled action at its saddle point. At κ = 0 the off-diagonal entries x = (q₁₂, r₁₂, ρ̂₁₂)
vanish, and to second order they respond linearly:  d²S/dκ² = S_κκ − S_κx S_xx^{-1} S_xκ.

Derived here, checked by ``tests/test_training.py`` against finite matrices and against the derivative of q.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from . import symbols as S
from .saddle_point import saddle_point

#: spectral parameters, diagonal order parameters of the two fields, and their self-energies
z1, z2, q1, q2, delta1, delta2 = sp.symbols("z_1 z_2 q_1 q_2 delta_1 delta_2")
r1, r2, rho1, rho2 = sp.symbols(r"r_1 r_2 \hat\rho_1 \hat\rho_2")
#: the off-diagonal entries that the sources excite
q12, r12, rho12 = sp.symbols(r"q_{12} r_{12} \hat\rho_{12}")
#: sources coupled to 1, to WΣW^T/d and to WW^T/d
kappa_I, kappa_r, kappa_s = sp.symbols("kappa_I kappa_r kappa_s")
SOURCES = (kappa_I, kappa_r, kappa_s)


def doubled_action():
    """The action of two fields with 2 × 2 order parameters and sources, per dimension."""

    def symmetric(first, second, off):
        return sp.Matrix([[first, off], [off, second]])

    one = sp.eye(2)
    Q, R, H = symmetric(q1, q2, q12), symmetric(r1, r2, r12), symmetric(rho1, rho2, rho12)
    self_energy = S.psi_p / S.psi_n * (S.alpha**2 * R + S.v**2 * Q)
    quadratic_in_features = symmetric(S.b**2, S.b**2, kappa_s + S.lam * kappa_r) + S.lam * H
    diagonal_part = symmetric(S.s_t**2 - z1, S.s_t**2 - z2, kappa_I)
    return (
        S.psi_p / 2 * sp.log(Q.det())
        - S.average(sp.log((one + S.psi_p * Q * quadratic_in_features).det())) / 2
        + S.psi_p / 2 * (R * H).trace()
        - S.psi_n / 2 * sp.log((one + self_energy).det())
        - S.psi_p / 2 * (diagonal_part * Q).trace()
    )


class LinearResponse(NamedTuple):
    """Second derivatives of the doubled action at κ = 0 and vanishing off-diagonal entries."""

    #: S_xx in x = (q₁₂, r₁₂, ρ̂₁₂), S_κx (rows: `SOURCES`), S_κκ
    hessian: sp.Matrix
    mixed: sp.Matrix
    sources: sp.Matrix


@cache
def linear_response():
    """Differentiate `doubled_action` twice; r and ρ̂ are eliminated in favour of δ by the saddle point.

    Returns
    -------
    LinearResponse
        Entries in q₁, δ₁, q₂, δ₂, averages over λ, and the parameters: z₁ and z₂ have dropped out.
    """
    action = doubled_action()
    off = (q12, r12, rho12)
    zero = dict.fromkeys((*off, *SOURCES), 0)
    rho_hat = saddle_point().rho_hat
    on_saddle = {rho1: rho_hat.subs(S.delta, delta1), rho2: rho_hat.subs(S.delta, delta2)}
    for r, delta, q in ((r1, delta1, q1), (r2, delta2, q2)):
        # the definition of δ, solved for r
        on_saddle[r] = (S.psi_n * delta / S.psi_p - S.v**2 * q) / S.alpha**2

    def second(x, y):
        derivative = sp.diff(action, x, y).subs(zero).subs(on_saddle)
        return _tidy(derivative)

    hessian = sp.Matrix(3, 3, lambda i, j: second(off[i], off[j]))
    mixed = sp.Matrix(3, 3, lambda i, j: second(SOURCES[i], off[j]))
    sources = sp.Matrix(3, 3, lambda i, j: second(SOURCES[i], SOURCES[j]))
    return LinearResponse(hessian, mixed, sources)


def _tidy(expression):
    """Factor each integrand and the rest separately (SymPy's simplify would take minutes)."""
    averages = {i: S.average(sp.factor(i.function / S.rho_Sigma(S.lam))) for i in expression.atoms(sp.Integral)}
    averages = {i: (sp.S.Zero if i.function == 0 else average) for i, average in averages.items()}
    plain, averaged = sp.expand(expression, deep=False).as_independent(sp.Integral, as_Add=True)
    return sp.factor(plain) + averaged.xreplace(averages)


@cache
def population_response():
    """The ingredients of F for M = Ũ and N = WW^T/d.

    Returns
    -------
    (hessian, left, right, direct)
        F = (direct − left · hessian^{-1} · right)/ψ_p, with ``hessian`` 3 × 3 and symmetric, ``left`` and ``right`` of length 3.
    """
    response = linear_response()
    population = sp.Matrix([S.v**2 + S.s_t**2, S.alpha**2, S.b**2])  # Ũ in the order of `SOURCES`
    features = sp.Matrix([0, 0, 1])
    left, right = response.mixed.T * population, response.mixed.T * features
    direct = (population.T * response.sources * features)[0]
    return response.hessian, left, right, direct
