r"""Products of two resolvents, by linear response of the doubled action.

The test loss needs F(z₁, z₂) = (1/p) Tr[Q(z₁) Ũ Q(z₂) WW^T/d], Q(z) = (U − z)^{-1}, with the population matrix
Ũ = α² WΣW^T/d + b² WW^T/d + (v² + s_t²) 1. Take two fields φ₁, φ₂ with their own z, so that every order parameter becomes a
symmetric 2 × 2 matrix, and couple them by sources:  j_I φ₁·φ₂ + j_s φ₁·WW^Tφ₂/d + j_r φ₁·WΣW^Tφ₂/d.  For Gaussian fields

.. math:: \frac{\partial^2 \log Z}{\partial j_M\,\partial j_N}\Big|_{j=0} = \mathrm{Tr}[Q(z_1) M Q(z_2) N],

so F is a second derivative of the doubled action at its saddle point. At j = 0 the off-diagonal entries x = (q₁₂, r₁₂, ρ̂₁₂)
vanish, and to second order they respond linearly:  d²S/dj² = S_jj − S_jx S_xx^{-1} S_xj.

Derived here, checked by ``tests/training/test_training.py`` against finite matrices and against the derivative of q.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from . import symbols as S
from .saddle_equations import saddle_point

#: diagonal order parameters of the two fields, and their self-energies
q1, q2, delta1, delta2 = sp.symbols("q_1 q_2 delta_1 delta_2")
#: the off-diagonal entries that the sources excite
q12, r12, rho12 = sp.symbols(r"q_{12} r_{12} \hat\rho_{12}")
RESPONSES = (q12, r12, rho12)
#: sources coupled to 1, to WΣW^T/d and to WW^T/d
j_I, j_r, j_s = sp.symbols("j_I j_r j_s")
SOURCES = (j_I, j_r, j_s)
#: diagonal entries of b² + λρ̂, which are b² + λα²/(1+δ) at the saddle point
h1, h2 = sp.symbols("h_1 h_2")
#: the same fields in x = 1/q and g = 1/(1+δ); moments ⟨λ^k/(x + ψ_p h)⟩ of one field and ⟨λ^k/((x₁ + ψ_p h₁)(x₂ + ψ_p h₂))⟩ of two
x1, x2, g1, g2 = sp.symbols("x_1 x_2 g_1 g_2")
moment0, moment1, moment2 = MOMENTS = sp.symbols("m:3")


def doubled_action() -> tuple:
    """The part of the action of two fields that depends on the off-diagonal entries and the sources, per dimension.

    Returns
    -------
    (plain, integrand)
        The action is plain + average(integrand). Diagonal entries stand as q₁, q₂, δ₁, δ₂ and h₁, h₂; terms without an
        off-diagonal entry are left out, since they have no second derivative in them.
    """
    one = sp.eye(2)
    Q = sp.Matrix([[q1, q12], [q12, q2]])
    off_energy = S.psi_p / S.psi_n * (S.alpha**2 * r12 + S.v**2 * q12)
    self_energy = sp.Matrix([[delta1, off_energy], [off_energy, delta2]])
    off_features = j_s + S.lam * (j_r + rho12)
    features = sp.Matrix([[h1, off_features], [off_features, h2]])
    plain = (
        S.psi_p / 2 * sp.log(Q.det()) - S.psi_n / 2 * sp.log((one + self_energy).det()) + S.psi_p * (r12 * rho12 - j_I * q12)
    )
    return plain, -sp.log((one + S.psi_p * Q * features).det()) / 2


class LinearResponse(NamedTuple):
    """Second derivatives of the doubled action at j = 0 and vanishing off-diagonal entries."""

    #: S_xx in x = (q₁₂, r₁₂, ρ̂₁₂), S_jx (rows: `SOURCES`), S_jj
    hessian: sp.Matrix
    mixed: sp.Matrix
    sources: sp.Matrix


@cache
def linear_response() -> LinearResponse:
    """Differentiate `doubled_action` twice and set the diagonal to its saddle point.

    Returns
    -------
    LinearResponse
        Entries in q₁, δ₁, q₂, δ₂, averages over λ, and the parameters: z₁ and z₂ have dropped out.
    """
    plain, integrand = doubled_action()
    variables = (*RESPONSES, *SOURCES)
    zero = dict.fromkeys(variables, 0)
    on_saddle = {
        h: S.b**2 + S.lam * saddle_point().rho_hat.subs(S.delta, delta) for h, delta in ((h1, delta1), (h2, delta2))
    }

    def second(x, y):
        outside = sp.factor(sp.diff(plain, x, y).subs(zero))
        inside = sp.factor(sp.diff(integrand, x, y).subs(zero)).subs(on_saddle)
        return outside + (S.average(inside) if inside != 0 else 0)

    full = sp.Matrix(6, 6, lambda i, j: second(variables[i], variables[j]) if i <= j else 0)
    full = full + full.T - sp.diag(*full.diagonal())
    return LinearResponse(full[:3, :3], full[3:, :3], full[3:, 3:])


@cache
def population_response() -> tuple:
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


def train_residual() -> sp.Expr:
    r"""H(z) = 1 − ψ_p b² s = ⟨(x + ψ_p α²λ g)/(x + ψ_p h)⟩, in x₁, g₁ and the `MOMENTS` of one field.

    It is (1/d) E_train[y·r_z], r_z = y − V^TQ(z)φ the residual of the ridge predictor, and the loss of the fully trained network at z = 0.
    Every term is positive where z lies below the spectrum, so that a small loss keeps its digits.
    """
    return x1 * moment0 + S.psi_p * S.alpha**2 * g1 * moment1


def fresh_residual() -> sp.Expr:
    r"""G(z₁, z₂) = (1/d) E_fresh[r_{z₁}·r_{z₂}] = 1 − ψ_p b² (s₁ + s₂) + ψ_p b² F, in x, g of both fields and their `MOMENTS`.

    The off-diagonal entries X = −q₁₂/j and Y = −δ₁₂/j excited by a source j of fresh samples solve

        (1 − A) X − B Y = c_X,     −C X + (1 − E) Y = c_Y,

    A…E the products of `theory.spectrum.scalar_edges` at two arguments. Then G = direct + ψ_p b² x₁x₂⟨·⟩X + ψ_p² α²b² g₁g₂⟨λ·⟩Y. Unlike
    the three terms of its definition these are all positive where z₁ = z₂ lies below the spectrum.
    ``tests/training/test_training_accuracy.py`` shows that the two
    are the same rational function.
    """
    psi_p, alpha2, b2, g = S.psi_p, S.alpha**2, S.b**2, g1 * g2
    h_h = alpha2**2 * g * moment2 + alpha2 * b2 * (g1 + g2) * moment1 + b2**2 * moment0
    own = S.v**2 + x1 * x2 * alpha2 * moment1
    A, B = psi_p * h_h, g * own / (x1 * x2)
    C, E = psi_p / S.psi_n * own, psi_p**2 / S.psi_n * alpha2**2 * g * moment2
    c_x = (S.v**2 + S.s_t**2) / (x1 * x2) + alpha2 * moment1 + b2 * moment0
    c_y = psi_p**2 / S.psi_n * alpha2 * (alpha2 * moment2 + b2 * moment1)
    determinant = (1 - A) * (1 - E) - B * C
    X, Y = ((1 - E) * c_x + B * c_y) / determinant, ((1 - A) * c_y + C * c_x) / determinant
    data = x1 * x2 * moment0 + psi_p * alpha2 * (x1 * g2 + x2 * g1) * moment1 + psi_p**2 * alpha2**2 * g * moment2
    noise = psi_p**2 * alpha2 * b2 * moment1
    return data + noise + psi_p * b2 * x1 * x2 * moment0 * X + psi_p**2 * alpha2 * b2 * g * moment1 * Y
