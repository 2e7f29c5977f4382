r"""The three averages over the covariance of the data that all times of the empirical score are made of.

L = ⟨log(1 + λ/h)⟩, A = ⟨λ/(λ+h)⟩ and B = ⟨λ²/(λ+h)²⟩ (`theory.symbolic.empirical_score`), for the laws ρ_Σ that the package describes:
atoms or nodes of a quadrature, and hidden manifolds in closed form (`theory.symbolic.hidden_manifold`). A manifold x = g(u) enters by the
covariance of its Gaussian equivalent, a² FF^T/D + μ² with a = E g′ and μ² = E g² − (E g)² − a², which is known to hold for linear
statistics of the covariance alone.

All functions compute with mpf at the thread's precision (`theory.digits`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from ..couplings.gaussian_equivalence import coefficients
from ..data.gaussian import Gaussian
from ..data.hidden_manifold import HiddenManifold
from ..data.mixture import Mixture
from ..digits import lambdify, mp, to_mpf
from ..symbolic import hidden_manifold as symbolic
from ..validation import positive, shown


class Averages(NamedTuple):
    """At one h, mpf."""

    L: Any
    A: Any
    B: Any


@dataclass(frozen=True)
class Kind:
    """One kind of samples: its frequency, and what is averaged over its covariance."""

    frequency: Any
    #: h → `Averages`
    at: Callable[[Any], Averages]
    #: weight of λ > 0, and ⟨log λ⟩ over it
    support: Any
    log_mean: Any
    #: mean variance, which gives the h at which a search starts its scale
    variance: Any


def kinds_of(data: Any, dps: int | None) -> tuple[Kind, ...]:
    """The kinds of `theory.Gaussian`, `theory.Mixture` or `HiddenManifold`, one unless it is a mixture; to ``dps`` digits,
    or double precision."""
    if isinstance(data, HiddenManifold):
        return (_manifold(data, dps),)
    if isinstance(data, Mixture):
        values, weights = data.covariance.mpmath_spectrum()
        total = sum(map(to_mpf, data.weights))
        return tuple(
            _nodes(to_mpf(frequency) / total, [to_mpf(scale) * value for value in values], weights)
            for frequency, scale in zip(data.weights, data.variances, strict=True)
        )
    values, weights = data.mpmath_spectrum()
    return (_nodes(mp.mpf(1), values, weights),)


def described(alpha_D: Any, variance: Any, data: Any) -> Any:
    """What ``alpha_D``, ``variance`` and ``data`` of the public functions describe."""
    variance = positive("variance", variance)
    if data is not None:
        if alpha_D is not None or float(variance) != 1:
            raise ValueError(
                f"data is given together with alpha_D = {shown(alpha_D)} or variance = {shown(variance)}; allowed: data alone"
            )
        if not isinstance(data, (Gaussian, Mixture, HiddenManifold)):
            raise ValueError(
                f"data = {shown(data)} is of type {type(data).__name__}; allowed: theory.Gaussian, theory.Mixture or "
                "theory.empirical.HiddenManifold"
            )
        return data
    return Gaussian(((variance, 1),)) if alpha_D is None else HiddenManifold(alpha_D, variance)


def _nodes(frequency, values, weights):
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value > 0]

    def at(h):
        u = [value / (value + h) for value, _ in pairs]
        w = [weight for _, weight in pairs]
        return Averages(
            mp.fsum(weight * mp.log1p(value / h) for value, weight in pairs),
            mp.fdot(w, u),
            mp.fdot(w, [x * x for x in u]),
        )

    support = mp.fsum(weight for _, weight in pairs)
    log_mean = mp.fsum(weight * mp.log(value) for value, weight in pairs)
    return Kind(frequency, at, support, log_mean, mp.fsum(value * weight for value, weight in pairs))


@cache
def _closed_form():
    form = symbolic.averages()
    letters = (symbolic.kappa, symbolic.alpha_D)
    first = form.equation.expand().coeff(symbolic.w, 1)
    roots = {True: lambdify(letters, form.root), False: lambdify(letters, form.root_of_few)}
    return lambdify(letters, first), roots, lambdify((*letters, symbolic.w), [form.L, form.A, form.B])


def _manifold(data, dps):
    alpha_D, scale, floor = to_mpf(data.alpha_D), to_mpf(data.variance), mp.mpf(0)
    if data.activation is not None:
        # at any diffusion time: data and noise make up one pre-activation of this variance
        found = coefficients(data.activation, 1, data.variance, None if dps is None else dps + 10)
        scale, floor = to_mpf(found.a) ** 2 * scale, to_mpf(found.v) ** 2 + to_mpf(found.s) ** 2
    first, roots, averages = _closed_form()

    def linear(kappa):
        return averages(kappa, alpha_D, roots[first(kappa, alpha_D) > 0](kappa, alpha_D))

    def at(h):
        if scale == 0:
            share = floor / (floor + h)
            return Averages(mp.log1p(floor / h), share, share**2)
        L, A, B = linear(scale / (h + floor))
        if floor == 0:
            return Averages(L, A, B)
        # 1 − u = h/(λ + h) of the shifted law, from that of the linear one
        share = h / (h + floor)
        return Averages(mp.log1p(floor / h) + L, 1 - share * (1 - A), 1 - 2 * share * (1 - A) + share**2 * (1 - 2 * A + B))

    if floor > 0:
        log_mean = mp.log(floor) + (linear(scale / floor)[0] if scale > 0 else 0)
        return Kind(mp.mpf(1), at, mp.mpf(1), log_mean, scale + floor)
    log_mean = mp.mpf(-1) if alpha_D == 1 else _log_mean()(alpha_D)
    return Kind(mp.mpf(1), at, alpha_D, log_mean + alpha_D * mp.log(scale), scale)


@cache
def _log_mean():
    return lambdify((symbolic.alpha_D,), symbolic.averages().log_mean)
