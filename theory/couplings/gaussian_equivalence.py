r"""The four numbers of the Gaussian equivalence: a, b, v, s (and the mean κ).

With A(u, v) = e^{-t}σ_x u + √Δ_t v the pre-activation of a feature, split into data and noise,

* κ = E σ,  a = E σ',  b = √Δ_t a,
* h(u) = E_v σ(A) is what the sample fixes,  v² = E (h − κ − a e^{-t}σ_x u)²,
* s² = E (σ − h − b v)².

As expectations of squares v² and s² lose no digits by cancellation, however small t is. Where SymPy has a closed form
(`theory.symbolic.hermite`) that is used, evaluated with guard digits; else quadrature, certified by refining it.
Source: 2505.17638, with σ_x² = Tr Σ/d; the Hermite form is checked by ``tests/couplings/test_coefficients.py``.

Called by ``RandomFeatureModel.coefficients``, for one feature type, one kind of samples and one diffusion time. For several of any of them
`theory.couplings.ensemble` holds what takes the place of these numbers.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..activations import Activation
from ..digits import lambdify, mp, rounded, square, to_mpf
from ..errors import ConvergenceError
from ..process import decay, noise_variance
from ..symbolic import hermite
from .gaussian_averages import (
    check_second_moment,
    data_rule,
    is_late,
    no_second_moment,
    settled,
    split_average,
    split_average_mpmath,
    trapezoid,
)

#: a v² that is smaller by so many digits is zero in double precision, even its square root
INVISIBLE = 660


@dataclass(frozen=True)
class Coefficients:
    """a_t, b_t, v_t, s_t, the mean κ_t and the standard deviation Γ_t of the pre-activation (floats, or mpf)."""

    a: float
    b: float
    v: float
    s: float
    kappa: float
    gamma: float

    @property
    def v2(self) -> float:
        """v_t²"""
        return square(self.v)

    @property
    def s2(self) -> float:
        """s_t²"""
        return square(self.s)

    @property
    def b2(self) -> float:
        """b_t²"""
        return square(self.b)


def diffusion_scales(t: Any, variance: Any, ctx: Any = np) -> tuple[Any, Any, Any]:
    """(e^{-t}σ_x, √Δ_t, Γ_t) for data of mean variance σ_x² = ``variance``, with NumPy or mpmath as ``ctx``."""
    signal, noise2 = decay(t, ctx), noise_variance(t, ctx)
    return signal * ctx.sqrt(variance), ctx.sqrt(noise2), ctx.sqrt(signal**2 * variance + noise2)


@lru_cache(maxsize=512)
def coefficients(activation: Activation, t: float, variance: float, dps: int | None = None) -> Coefficients:
    """Compute `Coefficients`.

    Parameters
    ----------
    activation : `theory.activations.Activation`
    t : real number > 0
    variance : real number > 0
        σ_x² = Tr Σ/d.
    dps : int, optional
        Decimal digits; the result then holds ``mp.mpf``. Default: double precision.

    Raises
    ------
    ValueError
        If σ has no Gaussian second moment, is constant on the Gaussian's support, or (with ``dps``) is a kinked function
        without closed form, or a callable that computes fewer digits.
    ConvergenceError
        If the quadrature does not settle: a callable with undeclared ``kinks``.

    Notes
    -----
    Cost in double precision: a millisecond in closed form, about 20 ms by quadrature. At 50 digits the quadrature
    evaluates σ about 10⁵ times (seconds), growing as dps². Results are cached.
    """
    form = hermite.closed_form(activation.expression) if activation.expression is not None else None
    if form is not None:
        return _from_closed_form(form, activation, t, variance, dps)
    gamma = diffusion_scales(float(t), float(variance))[2]
    check_second_moment(activation, 0.0, gamma)
    if dps is None:
        return _by_quadrature(activation, float(t), float(variance))
    if activation.kinks:
        raise ValueError(
            f"dps = {dps} is not available for activation = {activation.name}, which has kinks and no closed form; "
            "allowed: dps=None"
        )
    activation.check_digits(dps)
    return _by_trapezoid(activation, t, variance, dps)


def _from_closed_form(form, activation, t, variance, dps):
    digits = dps or 17
    nonlinear = form.nonlinear
    at_one = nonlinear.subs(hermite.rho, 1)
    for guard in (30, 60, 120, 240, 480, 960):
        with mp.workdps(digits + guard):
            data, noise, gamma = diffusion_scales(to_mpf(t), to_mpf(variance), mp)
            values = {hermite.Gamma: gamma, hermite.rho: (data / gamma) ** 2}
            kappa, a, v2, total = (mp.mpf(_evaluate(e, values)) for e in (form.kappa, form.a, nonlinear, at_one))
            s2 = total - v2
            lost = mp.mpf(10) ** (5 - guard) * (1 + total)
            if nonlinear == 0 or (v2 > lost and s2 > lost):
                break
            if s2 > lost and guard > max(INVISIBLE, 2 * digits):
                v2 = mp.mpf(0)
                break
    else:
        raise ConvergenceError(
            f"the closed form of {activation.name} lost all digits at t = {t}; try a t nearer to 1", lost, reason="precision"
        )
    if nonlinear == 0 and form.a == 0:
        raise ValueError(f"activation = {activation.name} is constant; allowed: a function that varies")
    with mp.workdps(digits):
        results = [+a, noise * a, mp.sqrt(v2), mp.sqrt(s2), +kappa, +gamma]
    return Coefficients(*(rounded(x, dps) if dps else float(x) for x in results))


def _evaluate(expression, values):
    return lambdify(tuple(values), expression)(*values.values())


def _by_quadrature(activation, t, variance):
    previous, moments = None, []
    for width in (2.0, 1.0, 0.5, 0.25, 0.125):
        current = _quadrature(activation, t, variance, width)
        a, _, v, s, kappa, gamma = current
        moments.append(kappa**2 + (a * gamma) ** 2 + v**2 + s**2)
        if previous is not None:
            error = max(abs(x - y) for x, y in zip(current, previous, strict=True))
            if error < 1e-12 * (1 + max(map(abs, current))):
                data, noise, _ = diffusion_scales(t, variance)
                return Coefficients(*map(float, _exact_zeros(activation, current, 1e-14, is_late(data, noise))))
        previous = current
    if all(new > 1.2 * old for old, new in itertools.pairwise(moments)):  # a pole, which ever finer panels see better
        raise no_second_moment(activation, gamma)
    raise ConvergenceError(
        f"the Gaussian quadrature of activation = {activation.name} does not settle; "
        "if the function jumps or has a corner, name the points in Activation(…, kinks=…)",
        error,
        reason="quadrature",
    )


def _exact_zeros(activation, values, rounding, v_is_exact=False):
    """Set a, v and s to zero where they are rounding errors: whether they vanish decides the rank of U and so the atom.

    A v that was summed term by term (`theory.couplings.gaussian_averages`) has its digits however small it is.
    """
    a, b, v, s, kappa, gamma = values
    scale = abs(kappa) + abs(a) * gamma + v + s
    if abs(a) * gamma + v + s <= 10 * rounding * scale:
        raise ValueError(f"activation = {activation.name} is constant; allowed: a function that varies")
    if activation.is_even or abs(a) * gamma <= rounding * scale:
        a, b = abs(0 * a), abs(0 * b)
    v, s = (0 * x if x <= rounding * scale and not exact else x for x, exact in ((v, v_is_exact), (s, False)))
    return a, b, v, s, kappa, gamma


def _quadrature(activation, t, variance, width):
    """(a, b, v, s, κ, Γ) with panels of the given width, split at the kinks."""
    data, noise, gamma = diffusion_scales(t, variance)
    u, weight_u = data_rule(activation, ((0.0, data, noise),), width)
    kappa, a, nonlinear, s2 = split_average(activation, 0.0, data, noise, u, weight_u, width)
    return a, noise * a, np.sqrt(weight_u @ nonlinear**2), np.sqrt(s2), kappa, gamma


def _by_trapezoid(activation, t, variance, dps):
    with mp.workdps(dps + 10):
        data, noise, gamma = diffusion_scales(to_mpf(t), to_mpf(variance), mp)

        def at_step(step):
            rule = trapezoid(dps, step)
            kappa, a, nonlinear, s2 = split_average_mpmath(activation, mp.mpf(0), data, noise, rule)
            v2 = mp.fdot(rule[1], [x**2 for x in nonlinear])
            return a, noise * a, mp.sqrt(v2), mp.sqrt(s2), kappa, gamma

        values = settled(activation, dps, at_step)
        values = _exact_zeros(activation, values, mp.mpf(10) ** (-dps - 2))
    return Coefficients(*(rounded(x, dps) for x in values))
