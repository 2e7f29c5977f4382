r"""The spectrum of U for ψ_p, ψ_n ≫ 1, as series derived from the resolvent polynomial and the saddle point.

Every law below is obtained by one change of scale. With ψ_n = 1/ε and ψ_p = c/ε the leading coefficient of P(q, z) in ε
factorises (`leading_factors`); each factor, or point where two factors vanish together, is one part of the spectrum:

====================  ==================  =============  ===========================================================
part                  scale of λ          weight         what it consists of
====================  ==================  =============  ===========================================================
`atom`                λ = s_t², exact     1−(1+ψ_n)/ψ_p  features seen neither by the samples nor by the data
`sample_bulk`         O(1)                ψ_n/ψ_p        Marchenko–Pastur law of v²ΩΩ^T/n + s²
`population_bulk`     O(ψ_p)              1/ψ_p          α²WΣ̂W^T/d + b²WW^T/d, Σ̂ the covariance of the samples
`memorizing_bulk`     O(1)                1/ψ_p          d directions of the sample bulk, below it when they separate
====================  ==================  =============  ===========================================================

A covariance with several eigenvalues has one of the last two for each of them, of weight w_i/ψ_p. The weights are exact as
long as the parts are disjoint, except that the sample bulk loses what the memorizing bulks take.

The edges are series in κ, a power of ψ_n^{-1/2} at fixed ψ_p/ψ_n, by `theory.symbolic.edge_series`.

Sources: the atom, the two weights and the leading edges of sample and population bulk are those of 2505.17638;
the rest is derived here and checked by ``tests/symbolic/test_two_bulks.py``.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression, integer, one_of, symbolic_spectrum
from . import symbols as S
from .edge_series import D, critical_values, curve, factored, kappa, laurent, root
from .elimination import resolvent_polynomial
from .saddle_equations import saddle_point

if TYPE_CHECKING:
    from .symbols import Pairs, Scalar

IDENTITY = ((1, 1),)


class Atom(NamedTuple):
    """A point mass: expressions for its location and its weight."""

    location: sp.Expr
    weight: sp.Expr


class Bulk(NamedTuple):
    """One interval of the support for large ψ_p and ψ_n."""

    #: fraction of the eigenvalues, to leading order in 1/ψ_n
    weight: sp.Expr
    #: z along the curve: {power of κ: coefficient as a function of D}, with c_root = √(ψ_p/ψ_n)
    curve: dict
    #: (lower, upper), series truncated at the requested order
    edges: tuple


def atom() -> Atom:
    r"""The point mass at s_t², from the pole of q: with q = w/(s_t² − z), P has a non-trivial root w as z → s_t².

    Exact for every ψ_p > 1 + ψ_n, not only asymptotically.
    """
    distance, w = sp.symbols("eta w")
    polynomial = resolvent_polynomial().as_expr().subs({S.z: S.s_t**2 - distance, S.q: w / distance})
    leading = sp.Poly(sp.together(sp.expand(polynomial) * distance**5), distance).coeffs()[-1]
    (weight,) = [root for root in sp.solve(leading, w) if root != 0]
    return Atom(S.s_t**2, sp.expand(weight))


def leading_factors(scale: "Scalar") -> tuple:
    r"""The factors, in q and z, of the leading coefficient of P for Σ = I.

    Parameters
    ----------
    scale : {"sample", "population"}
        "sample": ψ_n = 1/ε, ψ_p = c/ε, ε → 0 at fixed z. "population": ψ_n → ∞ at fixed ψ_p and z.

    Returns
    -------
    tuple of sympy.Expr
        The factors that depend on z, that of lowest degree in q first.
    """
    ratio = sp.Symbol("c", positive=True)
    scaling = {"sample": {S.psi_n: 1 / kappa, S.psi_p: ratio / kappa}, "population": {S.psi_n: 1 / kappa}}
    one_of("scale", scale, tuple(scaling))
    numerator = sp.numer(sp.together(resolvent_polynomial().as_expr().subs(scaling[scale])))
    leading = sp.Poly(numerator, kappa).coeffs()[-1]
    factors = [
        sp.collect(sp.expand(f.subs(ratio, S.psi_p / S.psi_n)), S.q) for f, _ in sp.factor_list(leading)[1] if f.has(S.z)
    ]
    return tuple(sorted(factors, key=lambda f: sp.degree(f, S.q)))


def population_law_edges() -> tuple[sp.Expr, ...]:
    r"""The edges of the law for ψ_n → ∞ at fixed ψ_p, Σ = I: that of the population matrix Ũ, from its discriminant."""
    (factor,) = leading_factors("population")
    return tuple(sp.factor(edge) for edge in sorted(sp.solve(sp.discriminant(factor, S.q), S.z), key=_smaller_first))


def _smaller_first(edge):
    return edge.subs({x: sp.Rational(k + 7, 5) for k, x in enumerate(sorted(edge.free_symbols, key=str))}).evalf()


def _field(eigenvalue):
    """h(δ) = α²λ/(1+δ) + b², from the average ⟨h/(1 + ψ_p q h)⟩ of the saddle point."""
    (average,) = saddle_point().reduced[0].atoms(sp.Integral)
    numerator, denominator = sp.fraction(S.integrand(average))
    return sp.cancel(numerator / denominator.subs(S.q, 0)).subs(S.lam, eigenvalue)


def _in_ratios(expression, exponent):
    """Back to ψ_p and ψ_n."""
    return sp.sympify(expression).subs({kappa: S.psi_n ** sp.Rational(-1, exponent), root: sp.sqrt(S.psi_p / S.psi_n)})


def _checked(order, largest, spectrum, index=0):
    order = integer("order", order, 0, largest)
    if spectrum is None:
        return order, None, index
    spectrum = symbolic_spectrum("spectrum", spectrum)
    return order, spectrum, integer("index", index, 0, len(spectrum) - 1)


def _given(spectrum):
    if spectrum is None:
        raise ValueError("spectrum = None leaves no eigenvalue to choose; allowed: ((eigenvalue, weight), …)")
    return spectrum


def sample_bulk(order: int = 1, spectrum: "Pairs" = IDENTITY) -> Bulk:
    r"""The bulk that exists because there are finitely many samples, at λ = O(1).

    Parameters
    ----------
    order : {0, 1}
        Powers of 1/ψ_n kept at fixed ψ_p/ψ_n. Order 0 is s_t² + v²(1 ± √(ψ_p/ψ_n))².
    spectrum : tuple of (eigenvalue, weight), or None
        Of the covariance, numbers or symbols; it enters at order 1. None keeps averages over ρ_Σ as integrals.

    Returns
    -------
    Bulk
        Its curve has κ = 1/ψ_n and D = δ.
    """
    order, spectrum, _ = _checked(order, 1, spectrum)
    bulk = _sample_bulk(order)
    if spectrum is None:
        return bulk
    branch = {k: S.discretise(term, spectrum) for k, term in bulk.curve.items()}
    return Bulk(bulk.weight, branch, tuple(S.discretise(edge, spectrum) for edge in bulk.edges))


@cache
def _sample_bulk(order):
    branch = curve(None, D, 1, 0, order)
    edges = [_in_ratios(edge, 1) for edge in critical_values(branch)]
    return Bulk(S.psi_n / S.psi_p, branch, tuple(edges))


def population_bulk(order: int = 1, spectrum: "Pairs" = IDENTITY, index: int = 0) -> Bulk:
    r"""The bulk that remains with infinitely many samples, at λ = ψ_p(α²λ_i + b²), of relative width O(ψ^{-1/2}).

    Parameters
    ----------
    order : {0, 1, 2}
        Powers of ψ_n^{-1/2} kept after the leading one. Order 0 is the position alone, order 1 the width.
    spectrum : tuple of (eigenvalue, weight)
        Of the covariance, numbers or symbols. Its eigenvalues must be distinct: each has its own bulk, and two of them merge
        where their distance is no longer large against ψ_n^{-1/2} and ψ_p^{-1/2}.
    index : int
        Which eigenvalue of the covariance.

    Returns
    -------
    Bulk
        Its curve has κ = ψ_n^{-1/2} and D = δ/κ.
    """
    return _population_bulk(*_checked(order, 2, _given(spectrum), index))


@cache
def _population_bulk(order, spectrum, index):
    value, weight = spectrum[index]
    start = -1 / (root**2 * _field(value).subs(S.delta, 0))
    return _local_bulk(curve(spectrum, kappa * D, 2, 2, max(order, 1) - 2, start), order, weight)


def memorizing_bulk(order: int = 1, spectrum: "Pairs" = IDENTITY, index: int = 0) -> Bulk:
    r"""The d memorizing modes, which leave the sample bulk through its lower edge: λ = O(1), width O(ψ_n^{-1/2}).

    They exist where ψ_p/ψ_n exceeds `memorizing_threshold`; elsewhere the expressions are no edges. Parameters and result as
    `population_bulk`, with ``order`` in {0, 1, 2} and D = (δ − δ₀)/κ, where h(δ₀) = α²λ_i/(1+δ₀) + b² vanishes.
    """
    return _memorizing_bulk(*_checked(order, 2, _given(spectrum), index))


@cache
def _memorizing_bulk(order, spectrum, index):
    value, weight = spectrum[index]
    return _local_bulk(curve(spectrum, _memorizing_delta(value) + kappa * D, 2, 0, max(order, 1)), order, weight)


def _memorizing_delta(eigenvalue):
    (delta,) = sp.solve(_field(eigenvalue), S.delta)
    return delta


def _local_bulk(branch, order, weight):
    first = min(branch)
    if order == 0:
        edges = [kappa**first * branch[first]] * 2
    else:
        edges = critical_values(branch)
    return Bulk(weight / S.psi_p, branch, tuple(_in_ratios(edge, 2) for edge in edges))


def memorizing_threshold(eigenvalue: "Scalar" = 1) -> sp.Expr:
    r"""The ψ_p/ψ_n above which the memorizing bulk of a covariance eigenvalue is separate, at leading order in 1/ψ_n.

    There δ₀ passes the point of the curve that is the sample bulk's lower edge: a BBP transition of d directions at once.
    """
    eigenvalue = expression("eigenvalue", eigenvalue)
    slope = sp.diff(curve(IDENTITY, D, 1, 0, 0)[0], D).subs(D, _memorizing_delta(eigenvalue))
    (threshold,) = sp.solve(sp.numer(sp.together(slope)), root)
    return sp.factor(threshold**2)


class TrainingShares(NamedTuple):
    """What each part of the spectrum takes off the training loss by τ → ∞: 1 − L_train = their sum."""

    population: sp.Expr
    memorizing: sp.Expr
    sample: sp.Expr


@cache
def training_shares() -> TrainingShares:
    r"""The decrease of the training loss for Σ = I, split between the parts of the spectrum, to leading order in 1/ψ_n.

    1 − L_train(∞) = (1/d) Tr V^T U^{-1} V = ψ_p b² s(0). On the scale λ = O(1) the function ψ_p b² s(z) is constant at
    infinity (the population bulk, whose λ = O(ψ_p)), and has a simple pole at the memorizing bulk. Valid above
    `memorizing_threshold`; below it the pole is off the physical branch, and sample + memorizing is the sample bulk's share.
    """
    ratios = {S.psi_n: 1 / kappa, S.psi_p: root**2 / kappa}
    scaled = S.discretise(S.psi_p * S.b**2 * saddle_point().s, IDENTITY).subs(ratios)
    share = laurent([(scaled, False)], {S.delta: D}, 0)[0]
    z = curve(IDENTITY, D, 1, 0, 0)[0]
    pole = _memorizing_delta(1)
    residue = -sp.residue(share, D, pole) * sp.diff(z, D).subs(D, pole)
    population = sp.limit(share, D, 0)  # δ → 0 as z → ∞
    memorizing = residue / z.subs(D, pole)
    # left of the spectrum δ is an integral of positive functions, so δ(0) is the positive root
    (delta,) = (root_ for root_ in sp.solve(sp.numer(sp.together(z)), D) if _is_positive(root_))
    sample = share.subs(D, delta) - population - memorizing
    return TrainingShares(*(_in_ratios(factored(x), 1) for x in (population, memorizing)), _in_ratios(sample, 1))


def _is_positive(expression):
    return expression.subs(dict.fromkeys(expression.free_symbols, sp.S.One)) > 0
