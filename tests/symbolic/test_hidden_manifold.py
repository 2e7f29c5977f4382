"""The closed forms for a linear hidden manifold against the density, matrices, and the limits in α_D."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.symbolic import hidden_manifold as manifold
from theory.symbolic import marchenko_pastur


def at(alpha_D, kappa):
    form = manifold.averages()
    values = {manifold.alpha_D: sp.Rational(alpha_D), manifold.kappa: sp.Rational(kappa)}
    first = form.equation.coeff(manifold.w, 1).subs(values)
    w = (form.root if first > 0 else form.root_of_few).subs(values)
    return [sp.N(e.subs(values).subs(manifold.w, w), 30) for e in (form.L, form.A, form.B)]


@pytest.mark.parametrize("alpha_D, kappa", [("1/4", "3"), ("1", "10"), ("3/5", "1/50"), ("1/10", "500")])
def test_averages_are_those_of_the_density(alpha_D, kappa):
    ratio = mpmath.mpf(1) / mpmath.mpf(sp.Rational(alpha_D))
    k = mpmath.mpf(sp.Rational(kappa))
    low, high = (1 - mpmath.sqrt(ratio)) ** 2, (1 + mpmath.sqrt(ratio)) ** 2

    def average(f):
        # λ = low + (high − low) sin²θ removes the root singularities
        def integrand(theta):
            lam = low + (high - low) * mpmath.sin(theta) ** 2
            root = (high - low) * mpmath.sin(theta) * mpmath.cos(theta)
            return f(lam) * root / (2 * mpmath.pi * ratio * lam) * (high - low) * 2 * mpmath.sin(theta) * mpmath.cos(theta)

        return mpmath.quad(integrand, mpmath.linspace(0, mpmath.pi / 2, 9))

    with mpmath.workdps(25):
        expected = [
            average(lambda x: mpmath.log1p(k * x)),
            average(lambda x: k * x / (1 + k * x)),
            average(lambda x: (k * x / (1 + k * x)) ** 2),
        ]
        assert all(abs(mpmath.mpf(a) - b) < 1e-15 for a, b in zip(at(alpha_D, kappa), expected, strict=True))


def test_averages_are_those_of_a_matrix():
    rng, d, D = np.random.default_rng(0), 1000, 400
    F = rng.standard_normal((d, D))
    lam = np.linalg.eigvalsh(F.T @ F / D)
    expected = [np.sum(f) / d for f in (np.log1p(2 * lam), 2 * lam / (1 + 2 * lam), (2 * lam / (1 + 2 * lam)) ** 2)]
    assert np.allclose(list(map(float, at("2/5", "2"))), expected, rtol=2e-3)
    log_mean = float(manifold.averages().log_mean.subs(manifold.alpha_D, sp.Rational(2, 5)))
    assert abs(np.log(lam).sum() / d - log_mean) < 2e-3


def test_the_logarithm_is_stationary_in_w_and_equals_the_action():
    form = manifold.averages()
    w, kappa, alpha_D = manifold.w, manifold.kappa, manifold.alpha_D
    slope = sp.numer(sp.together(sp.diff(form.L, w)))
    assert sp.rem(sp.Poly(sp.expand(slope), w), sp.Poly(sp.expand(sp.numer(sp.together(form.equation))), w)).is_zero
    # (1/d) log det(1 + κ FF^T/D) from the replica action of the Marchenko–Pastur chapter, at its saddle point z = −1/κ
    action = marchenko_pastur.log_determinant().subs(
        {marchenko_pastur.c: 1 / alpha_D, marchenko_pastur.S.z: -1 / kappa, marchenko_pastur.S.q: kappa * w}
    )
    values = {alpha_D: sp.Rational(2, 5), kappa: sp.Rational(7, 3)}
    root = form.root.subs(values)
    assert abs(sp.N((action + sp.log(kappa) - form.L).subs(values).subs(w, root), 30)) < 1e-25


def test_limits():
    form = manifold.averages()
    w, kappa, alpha_D = manifold.w, manifold.kappa, manifold.alpha_D
    # as many directions as dimensions: the quadratic of the square matrix
    assert sp.expand(form.equation.subs(alpha_D, 1) - (kappa * w**2 + w - 1)) == 0
    # few directions, each of variance 1/α_D: at κ = α_D k they are D isotropic ones, L/α_D → log(1 + k)
    k = sp.Symbol("k", positive=True)
    scaled = (form.L / alpha_D).subs(w, form.root).subs(kappa, alpha_D * k)
    assert sp.simplify(sp.limit(scaled.subs(k, sp.Rational(1, 3)), alpha_D, 0) - sp.log(sp.Rational(4, 3))) == 0
    # many: F is a rotation in law, Σ → I
    assert sp.limit(form.root.subs(kappa, 2), alpha_D, sp.oo) == sp.Rational(1, 3)
    # ⟨log λ⟩ is what L leaves for κ → ∞ where w → 1 − α_D
    rest = sp.expand_log(form.L - alpha_D * sp.log(kappa), force=True).subs(w, 1 - alpha_D)
    difference = sp.limit((rest - form.log_mean).subs(alpha_D, sp.Rational(1, 3)), kappa, sp.oo)
    assert abs(sp.N(difference, 30)) < 1e-25 and sp.limit(form.log_mean, alpha_D, 1, "-") == -1
