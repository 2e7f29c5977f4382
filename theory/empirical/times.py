r"""The times of the exact empirical score: onset of traps, collapse, condensation at a fresh point, and how wide a trap is.

With n = e^{αd} training points. All of them are found in h = Δ_t e^{2t}, the variance of the noise in the units of the data, and returned
as diffusion times t = ½ log(1 + h) of the book's variance-preserving process; `theory.conventions` has the other names of a noise level.

* **Collapse** h_c: below it the own point of a typical trajectory carries the density, α = I(x_0; x_t)/d. The training set is a random
  code, x_t what a noisy channel makes of a code word, and collapse the time from which the word can be decoded: α is then less than the
  channel's information.
* **Onset** h_o > h_c: below it the score has a trap around each training point, which a typical trajectory does not meet above h_c.
* **Condensation** h_f < h_c: below it the density at a fresh point of the data is that of the nearest training point.

For a mixture each is a time for each kind: a trajectory of kind c meets the points of its own kind, since P_t of any other is
exponentially smaller where it is, and their number is e^{αd} whatever its frequency.

Sources: 2402.18491 (collapse); 2502.09578 asks for the others, whose formulas are derived in `theory.symbolic.empirical_score`. Checked
by ``tests/empirical/test_times.py`` and at finite size by ``tests/simulation/test_collapse.py``. Cost: a millisecond, some ten for
a quadrature of a hundred nodes.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..digits import lambdify, mp, newton, rounded, to_mpf
from ..errors import ConvergenceError
from ..symbolic import empirical_score as symbolic
from ..symbolic.random_energy import alpha as ALPHA
from ..validation import decimal_digits, positive
from .averages import Kind, described, kinds_of

if TYPE_CHECKING:
    import mpmath

    Time = float | NDArray[np.float64] | mpmath.mpf | tuple

#: digits of a result in double precision, and those that are computed beyond what is asked for
DOUBLE, GUARD = 17, 15
#: log h is looked for within these bounds; beyond, t has no value in double precision
LARGEST_LOG = 690.0
#: halvings of the bracket in log h, before Newton
HALVINGS = 20


@cache
def _compiled():
    found = symbolic.conditions()
    letters = (symbolic.h, symbolic.L, symbolic.A, symbolic.B)
    fields = {name: lambdify(letters, getattr(found, name)) for name in ("collapse", "onset", "condensation", "energy")}
    return fields | {"basin": lambdify((*letters, ALPHA), found.basin)}


def value_of(name: str, kind: Kind, h: Any) -> Any:
    """One of the `theory.symbolic.empirical_score.Conditions` that need no α, at h, mpf."""
    return _compiled()[name](h, *kind.at(h))


def crossing(function: Callable, start: Any, digits: int) -> Any:
    """The h at which ``function(h)``, decreasing in h, is 0, as mpf: bracketed in log h, halved, then by Newton."""
    log_h, step = mp.log(start), mp.mpf(1)
    rising = function(start) > 0
    while (function(mp.exp(log_h + (step if rising else -step))) > 0) == rising:
        step *= 2
        if step > 2 * LARGEST_LOG:
            raise ConvergenceError("no h was found; it lies outside the range of double precision", reason="bracket")
    low, high = sorted((log_h + (step / 2 if step > 1 else 0) * (1 if rising else -1), log_h + (step if rising else -step)))
    with mp.workdps(DOUBLE):
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if function(mp.exp(middle)) > 0 else (low, middle)
    nudge = mp.mpf(10) ** (-(digits + GUARD) // 3)

    def step_of(x):
        above, below = (function(mp.exp(x[0] + sign * nudge)) for sign in (1, -1))
        return [-function(mp.exp(x[0])) * 2 * nudge / (above - below)]

    (log_h,), (last,), settled = newton(
        step_of, [(low + high) / 2], mp.mpf(10) ** (-digits - 2), 60, floors=[1], halving=True
    )
    if not settled:
        raise ConvergenceError(f"h did not settle to {digits} digits", float(abs(last)), reason="digits")
    return mp.exp(log_h)


def critical(name: str, kind: Kind, alpha: Any, digits: int) -> Any:
    """h of "collapse", "onset" or "condensation", mpf."""
    return crossing(lambda h: value_of(name, kind, h) - 2 * alpha, kind.variance, digits)


def diffusion_time(h: Any) -> Any:
    """t = ½ log(1 + h) of an mpf."""
    return mp.log1p(h) / 2


def _time(name, alpha, alpha_D, variance, data, dps):
    alpha, data = positive("alpha", alpha), described(alpha_D, variance, data)
    digits = digits_of(dps)
    with mp.workdps(digits + GUARD):
        kinds = kinds_of(data, dps)
        found = [diffusion_time(critical(name, kind, to_mpf(alpha), digits)) for kind in kinds]
        return handed_out(found, data, dps)


def digits_of(dps: int | None) -> int:
    """The digits that are computed, but for `GUARD`, where a caller asks for ``dps``, checked here, or for double precision."""
    return DOUBLE if dps is None else decimal_digits("dps", dps)


def handed_out(values: list, data: Any, dps: int | None) -> Any:
    """Values of the kinds as numbers of the caller: one for data of one kind, an array or a tuple for a mixture."""
    numbers = [float(value) if dps is None else rounded(value, dps) for value in values]
    if type(data).__name__ != "Mixture":
        return numbers[0]
    return np.array(numbers) if dps is None else tuple(numbers)


def collapse_time(
    alpha: float, alpha_D: float | None = None, variance: float = 1, data: Any = None, dps: int | None = None
) -> "Time":
    r"""t_C: below it a typical trajectory is held by one training point. 2α = ⟨log(1 + λ/h)⟩, isotropic ½ log(1 +
    σ²/(e^{2α} − 1)).

    Parameters
    ----------
    alpha : real number > 0
        log n/d.
    alpha_D : real number in (0, 1], optional
        Data x = Fz/√D on a linear manifold of dimension D = α_D d (`HiddenManifold`); by default Σ is a multiple of the
        identity.
    variance : real number > 0
        Mean variance of a component.
    data : `theory.Gaussian`, `theory.Mixture` or `HiddenManifold`, optional
        Instead of the two. Spikes and centroids weigh nothing against d directions.
    dps : int, optional
        Decimal digits; the result then holds ``mpmath.mpf``.

    Returns
    -------
    float, or mpf; for a mixture an array (C,), or a tuple of mpf: a time for each kind

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.
    ConvergenceError
        h lies outside the range of double precision (α of several hundred).

    Examples
    --------
    >>> from theory.empirical import collapse_time
    >>> round(collapse_time(0.5), 4)
    0.2293
    """
    return _time("collapse", alpha, alpha_D, variance, data, dps)


def onset_time(
    alpha: float, alpha_D: float | None = None, variance: float = 1, data: Any = None, dps: int | None = None
) -> "Time":
    r"""t_o: below it each training point has a trap, a region where it carries the density. 2α = ⟨log(1 + λ/h) + λ/(λ+h)⟩.

    Arguments, return value and errors as of `collapse_time`.

    Examples
    --------
    >>> from theory.empirical import onset_time
    >>> round(onset_time(0.5), 4)
    0.4187
    """
    return _time("onset", alpha, alpha_D, variance, data, dps)


def condensation_time(
    alpha: float, alpha_D: float | None = None, variance: float = 1, data: Any = None, dps: int | None = None
) -> "Time":
    r"""t_f: below it the density at a fresh point is that of its nearest training point.

    2α = ⟨log(1 + λ/h) − λ/(λ+h) + λ²/(λ+h)²⟩.

    Arguments, return value and errors as of `collapse_time`.

    Examples
    --------
    >>> from theory.empirical import condensation_time
    >>> round(condensation_time(0.5), 4)
    0.1772
    """
    return _time("condensation", alpha, alpha_D, variance, data, dps)


def basin_radius(
    t: float, alpha: float, alpha_D: float | None = None, variance: float = 1, data: Any = None, dps: int | None = None
) -> "Time":
    r"""ρ: within √d ρ of a training point, in the units of the data, that point carries the density at time t.

    In a random direction ρ² = h (L + A − 2α)/A from the onset, where it is 0, down to the collapse, where it is h, the distance of a
    typical trajectory. Below, the sum over the other points is condensed, and ρ² stays h_c: on the border the nearest of them is as far.

    Parameters
    ----------
    t : real number > 0
    alpha, alpha_D, variance, data, dps
        As of `collapse_time`, and so are the return value and the errors; 0 where there is no trap.
    """
    t, alpha, data = positive("t", t), positive("alpha", alpha), described(alpha_D, variance, data)
    digits = digits_of(dps)
    with mp.workdps(digits + GUARD):
        h, alpha = mp.expm1(2 * to_mpf(t)), to_mpf(alpha)
        return handed_out([_radius(h, alpha, kind, digits) for kind in kinds_of(data, dps)], data, dps)


def _radius(h, alpha, kind, digits):
    averages = kind.at(h)
    if averages.L >= 2 * alpha:
        return mp.sqrt(critical("collapse", kind, alpha, digits))
    return mp.sqrt(max(mp.mpf(0), _compiled()["basin"](h, *averages, alpha)))
