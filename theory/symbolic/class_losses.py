r"""Losses on the samples of one kind, as linear responses of the doubled action of several kinds.

Two fields φ₁, φ₂ with their own z, as in `theory.symbolic.two_resolvents`, for one type of features and C kinds of samples at one time.
A source κ_c couples the two fields through the matrix of kind c, π_cU_c of its training samples or π_cŨ_c of fresh ones:

* **fresh**: the data of the kind enter at once, as if δ = 0, and so does all that is nonlinear, v² and s²;
* **train**: κ_c is a weight of the kind's training samples between the fields, so that it multiplies δ_c in their determinant,
  log det(1 + (1 + κ_cσ)δ_c) with σ the exchange of the fields. Noise and s² are averages over fresh noise in both.

The target, linear in data and noise, is one more type without a share (`theory.training.general_kernel`): its entry of the inverse
resolvent between the fields is κ_c times π_cG_c(z₁, z₂), G_c = (1/d) E_c[r_{z₁}·r_{z₂}] with r_z the residual of the ridge predictor.

Derived here, checked by ``tests/symbolic/test_class_losses.py`` against the numbers of `theory.training.general_kernel` and against the
resolvent identity Σ_c π_cG_c(z₁, z₂) = (z₁H(z₂) − z₂H(z₁))/(z₁ − z₂) of all training samples.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from ..validation import one_of, positive_integer
from . import symbols as S

SOURCES = ("train", "fresh")
#: the derivation is the same for any number of kinds; its cost grows with the square
MOST_KINDS = 6
#: diagonal entries of the features' order parameter, and the off-diagonal one
q1, q2, q12 = sp.symbols("q_1 q_2 q_{12}")
#: the weight of the source
kappa = sp.Symbol("kappa")


class Kind(NamedTuple):
    """The letters of one kind of samples."""

    #: frequency, and the couplings of the features: data, noise (with √π_c in it), v_c² and s_c²
    pi: sp.Symbol
    alpha: sp.Symbol
    beta: sp.Symbol
    v2: sp.Symbol
    s2: sp.Symbol
    #: couplings of the target: data, noise (with √π_c in it)
    target_data: sp.Symbol
    target_noise: sp.Symbol
    #: δ_c of each field, and what the source excites between them
    delta1: sp.Symbol
    delta2: sp.Symbol
    R12: sp.Symbol
    H12: sp.Symbol


def kind(c: int) -> Kind:
    """The letters of kind c = 1, 2, …"""
    c = positive_integer("c", c)
    names = ("pi", "alpha", "beta", "v2", "s2", "y", "eta", "delta1", "delta2", "R12", "H12")
    return Kind(*(sp.Symbol(f"{name}_{c}") for name in names))


class ClassResponse(NamedTuple):
    """The linear response to a source of one kind, at κ = 0 and vanishing entries between the fields.

    Each is a pair (plain, integrand) of matrices, to be read as plain + average(integrand) over ρ_Σ.
    """

    #: x = (q₁₂, R_c,12 …, Ĥ_c,12 …)
    unknowns: tuple
    #: S_xx and S_xκ
    hessian: tuple
    mixed: tuple
    #: derivatives of the target's entry by x, and by κ; π_cG_c = direct − row · S_xx^{-1} S_xκ
    row: tuple
    direct: tuple


def doubled_action(kinds: int, source: str, of: int) -> tuple:
    """(plain, integrand, target): the action of two fields is plain + average(integrand), the target's entry average(target).

    ``source`` is one of `SOURCES`, of the samples of kind ``of`` <= ``kinds``. Terms without an entry between the fields are left out.
    """
    return _doubled_action(*_checked(kinds, source, of))


def _checked(kinds, source, of):
    kinds, of = positive_integer("kinds", kinds, MOST_KINDS), positive_integer("of", of)
    source = one_of("source", source, SOURCES)
    if of > kinds:
        raise ValueError(f"of = {of} is no kind; allowed: 1, …, kinds = {kinds}")
    return kinds, source, of


def _doubled_action(kinds, source, of):
    one, exchange = sp.eye(2), sp.Matrix([[0, 1], [1, 0]])
    Q = sp.Matrix([[q1, q12], [q12, q2]])
    plain = S.psi_p / 2 * sp.log(_determinant(Q))
    # u^TĤu, y^TĤu and y^TĤy between the fields
    features = mixed = target = sp.zeros(2)
    for c in range(1, kinds + 1):
        k, weight = kind(c), kappa if c == of else 0
        own, fresh = one + weight * exchange, weight * exchange if source == "fresh" else sp.zeros(2)
        between = (k.R12 + S.psi_p * k.v2 * q12) / S.psi_n
        delta = sp.Matrix([[k.delta1, between], [between, k.delta2]])
        H = sp.Matrix([[k.pi / (1 + k.delta1), k.H12], [k.H12, k.pi / (1 + k.delta2)]])
        data = S.lam * (H + k.pi * fresh)
        features += k.alpha**2 * data + k.beta**2 * own
        mixed += k.alpha * k.target_data * data + k.beta * k.target_noise * own
        target += k.target_data**2 * data + k.target_noise**2 * own
        nonlinear = k.s2 + k.v2 if source == "fresh" else k.s2
        plain += k.H12 * k.R12 - S.psi_p * weight * k.pi * nonlinear * q12
        samples = one + (own if source == "train" else one) * delta
        plain -= S.psi_n / 2 * k.pi * sp.log(_determinant(samples))
    # det(1 + ψ_pQh) of 2 × 2 matrices, and target − mixed·ψ_pQ(1 + h ψ_pQ)^{-1}·mixed
    determinant = 1 + S.psi_p * (Q * features).trace() + S.psi_p**2 * _determinant(Q) * _determinant(features)
    inverse = Q + S.psi_p * _determinant(Q) * features.adjugate()
    seen = target - S.psi_p * mixed * inverse * mixed / determinant
    return plain, -sp.log(determinant) / 2, seen[0, 1]


def _determinant(m):
    return m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]


def class_response(kinds: int, source: str, of: int = 1) -> ClassResponse:
    """Differentiate `doubled_action` twice. Cost: a second for two kinds.

    Raises
    ------
    ValueError
        ``kinds`` not in 1, …, `MOST_KINDS`; ``source`` none of `SOURCES`; ``of`` above ``kinds``.
    """
    return _class_response(*_checked(kinds, source, of))


@cache
def _class_response(kinds, source, of):
    plain, integrand, target = _doubled_action(kinds, source, of)
    each = [kind(c + 1) for c in range(kinds)]
    x = (q12, *(k.R12 for k in each), *(k.H12 for k in each))
    zero = dict.fromkeys((*x, kappa), 0)

    parts = (plain, integrand)
    hessian = tuple(sp.Matrix(len(x), len(x), lambda m, n, p=p: sp.diff(p, x[m], x[n]).subs(zero)) for p in parts)
    mixed = tuple(sp.Matrix([sp.diff(p, y, kappa).subs(zero) for y in x]) for p in parts)
    row = sp.zeros(1, len(x)), sp.Matrix([[sp.diff(target, y).subs(zero) for y in x]])
    direct = sp.zeros(1), sp.Matrix([sp.diff(target, kappa).subs(zero)])
    return ClassResponse(x, hessian, mixed, row, direct)


def moved_weight(source: str) -> sp.Expr:
    """What a source of a kind's samples makes of their data between the fields, to first order: Ĥ_c,12 and the source's own part.

    π_c(κ − δ_c,12)/((1+δ_c(z₁))(1+δ_c(z₂))) for training samples; for fresh ones κ stands apart, as δ = 0 for them.
    """
    plain, _, _ = doubled_action(1, one_of("source", source, SOURCES), 1)
    k = kind(1)
    between = sp.Symbol("delta_12")
    stationary = sp.diff(plain, k.R12).subs(k.R12, S.psi_n * between - S.psi_p * k.v2 * q12)
    H = sp.solve(stationary, k.H12)[0]
    linear = sum(sp.diff(H, y).subs({between: 0, kappa: 0}) * y for y in (between, kappa))
    return sp.factor(sp.simplify(linear)) + (k.pi * kappa if source == "fresh" else 0)
