r"""Gaussian averages of σ(mean + data u + noise v), u and v ~ N(0, 1), split into what is linear and what is not.

κ = E σ and a = E σ' are the mean and the linear part; what the sample fixes beyond it, as a function of u, and what the noise leaves, are
the rest. As expectations of squares they lose no digits by cancellation. In double precision by composite Gauss–Legendre rules that split
at the kinks of σ, at any precision by the trapezoidal rule. One rule certifies nothing: the callers refine it until nothing changes
(`theory.couplings.gaussian_equivalence` and `theory.couplings.type_couplings` the width of the panels, `settled` the step of the trapezoids,
here and for `theory.equations.general_digits`).

Late in the diffusion data/Γ = r is small, and what the sample fixes beyond its linear part is small against what it is the remainder of.
There it is summed instead: with c_m = E σ(mean + Γz) h_m(z) in orthonormal Hermite polynomials,

    E_v σ(mean + data u + noise v) = Σ_m c_m r^m h_m(u)        (Mehler),

whose terms m ≥ 2 keep their relative precision however small r is (checked by ``tests/equations/test_late_times.py``).
"""

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation
from ..digits import mp
from ..errors import ConvergenceError
from ..progress import progress_bar

#: Gaussian variables are integrated over (−REACH, REACH)
REACH = 10.0
#: below this ratio data/Γ the nonlinear part is summed in Hermite polynomials, up to this order: what is left out is 10^{-24} of σ
LATE, ORDER = 0.1, 24
#: coefficients c_m below this, relative to the largest, are rounding errors
ROUNDING = 1e-14


def check_second_moment(activation: Activation, mean: float, gamma: float) -> None:
    """σ(mean + Γz)² e^{-z²/2} must fall off. Evaluated with mpmath, where nothing overflows, if σ is an expression."""
    # a callable may know floats only, so that it is asked no further out than the quadrature goes
    reach = (10, 20, 40) if activation.expression is not None else (5, 7, 10)
    for side in (-1, 1):
        weights = [_tail(activation, mean + side * gamma * z) * mp.exp(-(mp.mpf(z) ** 2) / 2) for z in reach]
        if not all(map(mp.isfinite, weights)) or weights[2] > weights[1] * mp.mpf("1e-3") > 0:
            raise no_second_moment(activation, gamma)


def _tail(activation, point):
    """σ² at a point, as mpf."""
    if activation.expression is not None:
        return mp.re(activation.evaluate(mp.mpf(point))) ** 2
    with np.errstate(all="ignore"):
        return mp.mpf(float(np.asarray(activation(np.array([float(point)])))[0])) ** 2


def no_second_moment(activation: Activation, gamma: float) -> ValueError:
    """The error that says so."""
    return ValueError(
        f"activation = {activation.name} has no Gaussian second moment at the pre-activation's standard deviation "
        f"Γ = {float(gamma):.3g}; allowed: E σ(Γz)² finite"
    )


_legendre = lru_cache(np.polynomial.legendre.leggauss)


def _composite_gauss(breaks, width, order=16):
    """Gauss–Legendre nodes and weights on each interval between ``breaks``, cut into panels no wider than ``width``."""
    unit, unit_weights = _legendre(order)
    edges = [breaks[0]]
    for low, high in itertools.pairwise(breaks):
        edges.extend(np.linspace(low, high, max(1, int(np.ceil((high - low) / width))) + 1)[1:])
    edges = np.array(edges)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (unit + 1)).ravel(), (half * unit_weights).ravel()


def data_rule(activation: Activation, scales: tuple, width: float) -> tuple[NDArray, NDArray]:
    """Nodes u and weights for N(0, 1), fit for E_v σ(mean + data u + noise v) at all ``scales``, tuples (mean, data, noise)."""
    splits = {-REACH, REACH}
    for mean, data, noise in scales:
        # that function is smooth, but near a kink it varies on the scale noise/data: graded panels around there
        for kink in activation.kinks:
            splits.add((kink - mean) / data)
            splits |= {(kink - mean) / data + sign * noise / data * 2.0**j for j in range(-2, 6) for sign in (-1, 1)}
    u, weight = _composite_gauss(sorted(x for x in splits if abs(x) <= REACH), width)
    return u, weight * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)


def split_average(
    activation: Activation, mean: float, data: float, noise: float, u: NDArray, weight_u: NDArray, width: float
) -> tuple[float, float, NDArray, float]:
    """The parts of σ(mean + data u + noise v) with u, v ~ N(0, 1).

    Returns
    -------
    (kappa, a, nonlinear, s2)
        κ = E σ, a = E σ', what the sample fixes beyond its linear part, E_v σ − κ − a·data·u, at the nodes ``u``, and
        s² = E (σ − E_v σ − a·noise·v)².
    """
    within_reach = [kink for kink in activation.kinks if abs(kink - mean) < REACH * (data + noise)]
    if within_reach:
        # for each u, integrate v piecewise between the kinks' positions
        kinks = np.clip((np.array(within_reach)[None, :] - mean - data * u[:, None]) / noise, -REACH, REACH)
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
    nonlinear = (
        _late_nonlinear(activation, mean, data, noise, u, width) if is_late(data, noise) else h - kappa - a * data * u
    )
    return kappa, a, nonlinear, s2


def is_late(data: float, noise: float) -> bool:
    """Whether the nonlinear part is summed in Hermite polynomials."""
    return data < LATE * np.hypot(data, noise)


def _late_nonlinear(activation, mean, data, noise, u, width):
    """Σ_{m≥2} c_m r^m h_m(u), r = data/Γ."""
    gamma = np.hypot(data, noise)
    kinks = (np.array(activation.kinks) - mean) / gamma
    z, weight = _composite_gauss([-REACH, *sorted(k for k in kinks if abs(k) < REACH), REACH], width)
    weight = weight * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    c = _orthonormal_hermite(z) @ (weight * activation(mean + gamma * z))
    c = np.where(np.abs(c) > ROUNDING * np.abs(c).max(), c, 0.0)
    order = np.arange(2, ORDER + 1)
    return (c[2:] * (data / gamma) ** order) @ _orthonormal_hermite(u)[2:]


def _orthonormal_hermite(x):
    """h_m(x), m = 0..ORDER, orthonormal for N(0, 1): array (ORDER + 1, N)."""
    rows = [np.ones_like(x), x]
    for m in range(1, ORDER):
        rows.append((x * rows[m] - np.sqrt(m) * rows[m - 1]) / np.sqrt(m + 1))
    return np.array(rows)


def settled(activation: Activation, dps: int, at_step: Callable[[Any], tuple]) -> tuple:
    """``at_step(step)``, a tuple of numbers by a trapezoidal rule, at a step where it has ``dps`` digits.

    For an analytic σ with Gaussian weight the rule converges geometrically in 1/step: the error is the coarser rule's to the
    power √2.
    """
    root2 = mp.sqrt(2)
    step = mp.mpf("4.2") / (dps + 8)  # poles at distance π/2: error exp(−π²/step)
    previous = at_step(step * root2)
    for _ in range(3):
        current = at_step(step)
        error = max(abs(x - y) for x, y in zip(current, previous, strict=True))
        if error**root2 < mp.mpf(10) ** (-dps):
            return current
        previous, step = current, step / root2
    raise ConvergenceError(
        f"the quadrature of activation = {activation.name} does not settle at {dps} digits", error, reason="quadrature"
    )


def trapezoid(dps: int, step: Any) -> tuple[list, list]:
    """(nodes, weights) of the trapezoidal rule for N(0, 1), two lists of mpf."""
    reach = mp.sqrt(2 * (dps + 8) * mp.log(10)) * mp.mpf("1.03")
    count = int(reach / step)
    grid = [step * k for k in range(-count, count + 1)]
    return grid, [step * mp.exp(-(x**2) / 2) / mp.sqrt(2 * mp.pi) for x in grid]


def split_average_mpmath(
    activation: Activation, mean: Any, data: Any, noise: Any, rule: tuple[list, list]
) -> tuple[Any, Any, list, Any]:
    """`split_average` at the thread's precision, with ``rule`` = (nodes, weights) for u and for v."""
    grid, weight = rule
    weighted_v = [w * x for w, x in zip(weight, grid, strict=True)]
    bar = progress_bar(grid, desc=f"averages of {activation.name}", unit="row")
    rows = [[activation.evaluate(mean + data * u + noise * v) for v in grid] for u in bar]
    h = [mp.fdot(weight, row) for row in rows]
    kappa = mp.fdot(weight, h)
    second = mp.fdot(weight, [mp.fdot(weighted_v, row) for row in rows])
    a = (data * mp.fdot(weighted_v, h) + noise * second) / (data**2 + noise**2)
    nonlinear = [y - kappa - a * data * u for y, u in zip(h, grid, strict=True)]
    s2 = mp.fdot(
        weight,
        [
            mp.fdot(weight, [(value - y - noise * a * v) ** 2 for value, v in zip(row, grid, strict=True)])
            for row, y in zip(rows, h, strict=True)
        ],
    )
    return kappa, a, nonlinear, s2
