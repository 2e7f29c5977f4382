r"""The four numbers of the Gaussian equivalence: a, b, v, s (and the mean κ).

With A(u, v) = e^{-t}σ_x u + √Δ_t v the pre-activation of a feature, split into data and noise,

* κ = E σ,  a = E σ',  b = √Δ_t a,
* h(u) = E_v σ(A) is what the sample fixes,  v² = E (h − κ − a e^{-t}σ_x u)²,
* s² = E (σ − h − b v)².

As expectations of squares v² and s² lose no digits by cancellation, however small t is. Where SymPy has a closed form
(`theory.symbolic.hermite`) that is used, evaluated with guard digits; else quadrature, certified by refining it.
Source: 2505.17638, with σ_x² = Tr Σ/d; the Hermite form is checked by ``tests/test_coefficients.py``.
"""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import mpmath
import numpy as np
import sympy as sp

from .errors import ConvergenceError
from .symbolic import hermite
from .validation import to_mpf

#: Gaussian variables are integrated over (−REACH, REACH)
REACH = 10.0


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
    def v2(self):
        """v_t²"""
        return self.v**2

    @property
    def s2(self):
        """s_t²"""
        return self.s**2

    @property
    def b2(self):
        """b_t²"""
        return self.b**2


def diffusion_scales(t, variance, ctx=np):
    """(e^{-t}σ_x, √Δ_t, Γ_t) for data of mean variance σ_x² = ``variance``, with NumPy or mpmath as ``ctx``."""
    decay = ctx.exp(-t)
    noise_variance = -ctx.expm1(-2 * t)
    return decay * ctx.sqrt(variance), ctx.sqrt(noise_variance), ctx.sqrt(decay**2 * variance + noise_variance)


@lru_cache(maxsize=512)
def coefficients(activation, t, variance, dps=None):
    """Compute `Coefficients`.

    Parameters
    ----------
    activation : `theory.activations.Activation`
    t : real number > 0
    variance : real number > 0
        σ_x² = Tr Σ/d.
    dps : int, optional
        Decimal digits; the result then holds ``mpmath.mpf``. Default: double precision.

    Raises
    ------
    ValueError
        If σ has no Gaussian second moment, is constant on the Gaussian's support, or (with ``dps``) is a kinked function
        without closed form.
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
    return _by_trapezoid(activation, t, variance, dps)


def _from_closed_form(form, activation, t, variance, dps):
    digits = dps or 17
    nonlinear = form.nonlinear
    at_one = nonlinear.subs(hermite.rho, 1)
    for guard in (30, 60, 120, 240):
        with mpmath.workdps(digits + guard):
            data, noise, gamma = diffusion_scales(to_mpf(t), to_mpf(variance), mpmath)
            values = {hermite.Gamma: gamma, hermite.rho: (data / gamma) ** 2}
            kappa, a, v2, total = (mpmath.mpf(_evaluate(e, values)) for e in (form.kappa, form.a, nonlinear, at_one))
            s2 = total - v2
            lost = mpmath.mpf(10) ** (5 - guard) * (1 + total)
            if nonlinear == 0 or (v2 > lost and s2 > lost):
                break
    else:
        raise ConvergenceError(f"the closed form of {activation.name} lost all digits at t = {t}; try a t nearer to 1", lost)
    if nonlinear == 0 and form.a == 0:
        raise ValueError(f"activation = {activation.name} is constant; allowed: a function that varies")
    with mpmath.workdps(digits):
        results = [+a, noise * a, mpmath.sqrt(v2), mpmath.sqrt(s2), +kappa, +gamma]
    return Coefficients(*(results if dps else map(float, results)))


def _evaluate(expression, values):
    return sp.lambdify(tuple(values), expression, modules="mpmath")(*values.values())


def check_second_moment(activation, mean, gamma):
    """σ(mean + Γz)² e^{-z²/2} must fall off. Evaluated with mpmath, where nothing overflows, if σ is an expression."""
    # a callable may know floats only, so that it is asked no further out than the quadrature goes
    reach = (10, 20, 40) if activation.expression is not None else (5, 7, 10)
    for side in (-1, 1):
        weights = [_tail(activation, mean + side * gamma * z) * mpmath.exp(-(mpmath.mpf(z) ** 2) / 2) for z in reach]
        if not all(map(mpmath.isfinite, weights)) or weights[2] > weights[1] * mpmath.mpf("1e-3") > 0:
            raise _no_second_moment(activation, gamma)


def _tail(activation, point):
    """σ² at a point, as mpf."""
    if activation.expression is not None:
        return mpmath.re(activation.mpmath(mpmath.mpf(point))) ** 2
    with np.errstate(all="ignore"):
        return mpmath.mpf(float(np.asarray(activation(np.array([float(point)])))[0])) ** 2


def _no_second_moment(activation, gamma):
    return ValueError(
        f"activation = {activation.name} has no Gaussian second moment at the pre-activation's standard deviation "
        f"Γ = {float(gamma):.3g}; allowed: E σ(Γz)² finite"
    )


def _composite_gauss(breaks, width, order=16):
    """Gauss–Legendre nodes and weights on each interval between ``breaks``, cut into panels no wider than ``width``."""
    unit, unit_weights = np.polynomial.legendre.leggauss(order)
    edges = [breaks[0]]
    for low, high in itertools.pairwise(breaks):
        edges.extend(np.linspace(low, high, max(1, int(np.ceil((high - low) / width))) + 1)[1:])
    edges = np.array(edges)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (unit + 1)).ravel(), (half * unit_weights).ravel()


def _by_quadrature(activation, t, variance):
    previous, moments = None, []
    for width in (1.0, 0.5, 0.25, 0.125):
        current = _quadrature(activation, t, variance, width)
        a, _, v, s, kappa, gamma = current
        moments.append(kappa**2 + (a * gamma) ** 2 + v**2 + s**2)
        if previous is not None:
            error = max(abs(x - y) for x, y in zip(current, previous, strict=True))
            if error < 1e-12 * (1 + max(map(abs, current))):
                return Coefficients(*map(float, _exact_zeros(activation, current, 1e-14)))
        previous = current
    if all(new > 1.2 * old for old, new in itertools.pairwise(moments)):  # a pole, which ever finer panels see better
        raise _no_second_moment(activation, gamma)
    raise ConvergenceError(
        f"the Gaussian quadrature of activation = {activation.name} does not settle; "
        "if the function jumps or has a corner, name the points in Activation(…, kinks=…)",
        error,
    )


def _exact_zeros(activation, values, rounding):
    """Set a, v and s to zero where they are rounding errors: whether they vanish decides the rank of U and so the atom."""
    a, b, v, s, kappa, gamma = values
    scale = abs(kappa) + abs(a) * gamma + v + s
    if abs(a) * gamma + v + s <= 10 * rounding * scale:
        raise ValueError(f"activation = {activation.name} is constant; allowed: a function that varies")
    if activation.is_even or abs(a) * gamma <= rounding * scale:
        a, b = abs(0 * a), abs(0 * b)
    return a, b, *(0 * x if x <= rounding * scale else x for x in (v, s)), kappa, gamma


def _quadrature(activation, t, variance, width):
    """(a, b, v, s, κ, Γ) with panels of the given width, split at the kinks."""
    data, noise, gamma = diffusion_scales(t, variance)
    u, weight_u = data_rule(activation, ((0.0, data, noise),), width)
    kappa, a, nonlinear, s2 = hermite_parts(activation, 0.0, data, noise, u, weight_u, width)
    return a, noise * a, np.sqrt(weight_u @ nonlinear**2), np.sqrt(s2), kappa, gamma


def data_rule(activation, scales, width):
    """Nodes u and weights for N(0, 1), fit for E_v σ(mean + data u + noise v) at all ``scales``, tuples (mean, data, noise)."""
    splits = {-REACH, REACH}
    for mean, data, noise in scales:
        # that function is smooth, but near a kink it varies on the scale noise/data: graded panels around there
        for kink in activation.kinks:
            splits.add((kink - mean) / data)
            splits |= {(kink - mean) / data + sign * noise / data * 2.0**j for j in range(-2, 6) for sign in (-1, 1)}
    u, weight = _composite_gauss(sorted(x for x in splits if abs(x) <= REACH), width)
    return u, weight * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)


def hermite_parts(activation, mean, data, noise, u, weight_u, width):
    """The parts of σ(mean + data u + noise v) with u, v ~ N(0, 1).

    Returns
    -------
    (kappa, a, nonlinear, s2)
        κ = E σ, a = E σ', what the sample fixes beyond its linear part, E_v σ − κ − a·data·u, at the nodes ``u``, and
        s² = E (σ − E_v σ − a·noise·v)².
    """
    if activation.kinks:
        # for each u, integrate v piecewise between the kinks' positions
        kinks = np.clip((np.array(activation.kinks)[None, :] - mean - data * u[:, None]) / noise, -REACH, REACH)
        bounds = np.hstack([np.full((u.size, 1), -REACH), kinks, np.full((u.size, 1), REACH)])
        unit, unit_weight = _composite_gauss([0.0, 1.0], width / 10)
        lengths = np.diff(bounds, axis=1)[:, :, None]
        v = (bounds[:, :-1, None] + lengths * unit).reshape(u.size, -1)
        weight_v = (lengths * unit_weight).reshape(u.size, -1)
    else:
        v, weight_v = (row[None, :] for row in _composite_gauss([-REACH, REACH], width))
    weight_v = weight_v * np.exp(-(v**2) / 2) / np.sqrt(2 * np.pi)

    values = activation(mean + data * u[:, None] + noise * v)
    h = np.sum(values * weight_v, axis=1)
    kappa = weight_u @ h
    # E[z σ(Γz)] with Γz = data·u + noise·v, so E[σ'] = E[v σ]/noise = (data E[uσ] + noise E[vσ])/Γ²
    a = (data * (weight_u @ (u * h)) + noise * (weight_u @ np.sum(values * v * weight_v, axis=1))) / (data**2 + noise**2)
    s2 = weight_u @ np.sum((values - h[:, None] - noise * a * v) ** 2 * weight_v, axis=1)
    return kappa, a, h - kappa - a * data * u, s2


def _by_trapezoid(activation, t, variance, dps):
    with mpmath.workdps(dps + 10):
        data, noise, gamma = diffusion_scales(to_mpf(t), to_mpf(variance), mpmath)

        def at_step(step):
            rule = trapezoid(dps, step)
            kappa, a, nonlinear, s2 = hermite_parts_mpmath(activation, mpmath.mpf(0), data, noise, rule)
            v2 = mpmath.fdot(rule[1], [x**2 for x in nonlinear])
            return a, noise * a, mpmath.sqrt(v2), mpmath.sqrt(s2), kappa, gamma

        values = settled(activation, dps, at_step)
        return Coefficients(*_exact_zeros(activation, values, mpmath.mpf(10) ** (-dps - 2)))


def settled(activation, dps, at_step):
    """``at_step(step)``, a tuple of numbers by a trapezoidal rule, at a step where it has ``dps`` digits.

    For an analytic σ with Gaussian weight the rule converges geometrically in 1/step: the error is the coarser rule's to the
    power √2.
    """
    root2 = mpmath.sqrt(2)
    step = mpmath.mpf("4.2") / (dps + 8)  # poles at distance π/2: error exp(−π²/step)
    previous = at_step(step * root2)
    for _ in range(3):
        current = at_step(step)
        error = max(abs(x - y) for x, y in zip(current, previous, strict=True))
        if error**root2 < mpmath.mpf(10) ** (-dps):
            return current
        previous, step = current, step / root2
    raise ConvergenceError(f"the quadrature of activation = {activation.name} does not settle at {dps} digits", error)


def trapezoid(dps, step):
    """(nodes, weights) of the trapezoidal rule for N(0, 1), two lists of mpf."""
    reach = mpmath.sqrt(2 * (dps + 8) * mpmath.log(10)) * mpmath.mpf("1.03")
    count = int(reach / step)
    grid = [step * k for k in range(-count, count + 1)]
    return grid, [step * mpmath.exp(-(x**2) / 2) / mpmath.sqrt(2 * mpmath.pi) for x in grid]


def hermite_parts_mpmath(activation, mean, data, noise, rule):
    """`hermite_parts` at the current mpmath precision, with ``rule`` = (nodes, weights) for u and for v."""
    grid, weight = rule
    weighted_v = [w * x for w, x in zip(weight, grid, strict=True)]
    rows = [[activation.mpmath(mean + data * u + noise * v) for v in grid] for u in grid]
    h = [mpmath.fdot(weight, row) for row in rows]
    kappa = mpmath.fdot(weight, h)
    second = mpmath.fdot(weight, [mpmath.fdot(weighted_v, row) for row in rows])
    a = (data * mpmath.fdot(weighted_v, h) + noise * second) / (data**2 + noise**2)
    nonlinear = [y - kappa - a * data * u for y, u in zip(h, grid, strict=True)]
    s2 = mpmath.fdot(
        weight,
        [
            mpmath.fdot(weight, [(value - y - noise * a * v) ** 2 for value, v in zip(row, grid, strict=True)])
            for row, y in zip(rows, h, strict=True)
        ],
    )
    return kappa, a, nonlinear, s2
