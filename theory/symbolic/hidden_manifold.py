r"""The averages of `theory.symbolic.empirical_score` for data on a hidden manifold, in closed form.

x = Fz/√D with F of shape (d, D), iid N(0, 1), z ~ N(0, I_D) and D = α_D d: data that fill a linear subspace of dimension D. Their
covariance FF^T/D follows the law of Marchenko and Pastur, with an atom 1 − α_D at 0 for α_D < 1. With κ = 1/h,

.. math:: L=\alpha_D\log(1+\kappa w/\alpha_D)-\log w-(1-w),\qquad A=1-w,\qquad w=\langle\frac1{1+\kappa\lambda}\rangle,
          \qquad \frac1w = 1+\frac{\kappa}{1+\kappa w/\alpha_D},

and B = A + κ dw/dκ. The quadratic equation is the resolvent of `theory.symbolic.marchenko_pastur` at z = −1/κ, and L, whose derivative in
κ is (1 − w)/κ, is stationary in w. `averages` has them with w as the root of the quadratic equation that is 1 at κ = 0.

Derived here, checked by ``tests/symbolic/test_hidden_manifold.py`` against matrices, the density and the limits α_D → 0, 1 and ∞.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from . import marchenko_pastur
from . import symbols as S

#: dimension of the manifold per dimension of the data; 1/h; ⟨1/(1 + κλ)⟩
alpha_D, kappa, w = sp.symbols("alpha_D kappa w", positive=True)


class ManifoldAverages(NamedTuple):
    """⟨log(1+κλ)⟩, ⟨κλ/(1+κλ)⟩ and ⟨κ²λ²/(1+κλ)²⟩ in κ, α_D and w, and what w solves."""

    L: sp.Expr
    A: sp.Expr
    B: sp.Expr
    #: a difference that vanishes
    equation: sp.Expr
    #: w, with no difference of nearly equal numbers where 1 + κ − κ/α_D is positive, and where it is negative
    root: sp.Expr
    root_of_few: sp.Expr
    #: ⟨log λ⟩ over λ > 0 (α_D < 1): the atom at 0 left out, not divided by its weight
    log_mean: sp.Expr


@cache
def averages() -> ManifoldAverages:
    """Derive the `ManifoldAverages`."""
    # the law of FF^T/D has d/D = 1/α_D rows per column; 1/(1 + κλ) = (1/κ)/(λ + 1/κ)
    quadratic = marchenko_pastur.resolvent_polynomial().as_expr()
    inserted = quadratic.subs({marchenko_pastur.c: 1 / alpha_D, S.z: -1 / kappa, S.q: kappa * w})
    equation = sp.collect(sp.expand(sp.numer(sp.together(inserted))), w)
    equation = sp.expand(equation / sp.Poly(equation, w).nth(0) * -1)
    second, first, _ = sp.Poly(equation, w).all_coeffs()
    root = sp.sqrt(sp.factor(first) ** 2 + 4 * second)
    L = alpha_D * sp.log(1 + kappa * w / alpha_D) - sp.log(w) - (1 - w)
    slope = -sp.diff(equation, kappa) / sp.diff(equation, w)
    B = 1 - w + kappa * sp.simplify(slope)
    # L = α_D log κ + ⟨log λ⟩ for κ → ∞, where w → 1 − α_D
    log_mean = alpha_D * sp.log((1 - alpha_D) / alpha_D) - sp.log(1 - alpha_D) - alpha_D
    return ManifoldAverages(L, 1 - w, B, equation, 2 / (first + root), (root - first) / (2 * second), log_mean)
