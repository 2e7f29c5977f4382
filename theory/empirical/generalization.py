r"""How near the exact empirical score comes to the data's law, and the time at which it is nearest.

P_t^e, taken in the units of the data (y = e^t x_t), is a kernel density estimate of bandwidth √h. Its cross entropy with the law of the
data, −(1/d) E log P_t^e(y) at fresh y, is

.. math:: \alpha + \tfrac12\log(2\pi h) - \tfrac1d\log\sum_\mu e^{-|y-a_\mu|^2/2h} ,

with the annealed sum above the condensation time and the nearest point below it (`theory.symbolic.empirical_score`). It falls with h
while the sum is condensed, as ½ log h + e/h with the energy e of the nearest point, and rises beyond, so that its minimum lies at h_g =
2e, inside the condensed phase: the best generalization needs memorization to have set in at fresh points.

**On a manifold** of fewer dimensions, P_0 has no density, and KL(P_0 ‖ P_t^e) is infinite at every t > 0, whereas the cross entropy is
finite: the noise that is orthogonal to the manifold costs ½ log h for each of its directions. Its minimum is the generalization time.
With ``on_support`` only the directions with variance count, as for an estimate that knows the manifold.

Source: the question is that of 2502.09578; formulas derived here, checked by ``tests/empirical/test_generalization.py`` and at finite
size by ``tests/simulation/test_collapse.py``.
"""

from typing import TYPE_CHECKING, Any

from ..digits import mp, to_mpf
from ..errors import ConvergenceError
from ..validation import positive, truth
from .averages import described, kinds_of
from .times import GUARD, critical, crossing, diffusion_time, digits_of, handed_out, value_of

if TYPE_CHECKING:
    from .times import Time


def _condensed(kinds, alpha, digits):
    """(h_f, twice the energy of the nearest point) of each kind."""
    points = [critical("condensation", kind, alpha, digits) for kind in kinds]
    return [(h, value_of("energy", kind, h)) for kind, h in zip(kinds, points, strict=True)]


def _share(kind, on_support):
    return kind.support if on_support else mp.mpf(1)


def _cross_entropy(h, alpha, kind, condensed, on_support):
    """−(1/d) E log P_t^e over fresh points of one kind."""
    condensation, twice_energy = condensed
    volume = _share(kind, on_support) * mp.log(2 * mp.pi * h) / 2
    if h <= condensation:
        return alpha + volume + twice_energy / (2 * h)
    averages = kind.at(h)
    return volume + (averages.L + averages.A) / 2


def _of_all(h, alpha, kinds, condensed, on_support):
    """The same over fresh points of all kinds."""
    return mp.fsum(
        kind.frequency * _cross_entropy(h, alpha, kind, each, on_support)
        for kind, each in zip(kinds, condensed, strict=True)
    )


def _slope(h, kind, condensed, on_support):
    """2h dC/dh of `_cross_entropy`: share − 2e/h, or share − 2A + B."""
    condensation, twice_energy = condensed
    if h <= condensation:
        return _share(kind, on_support) - twice_energy / h
    averages = kind.at(h)
    return _share(kind, on_support) - 2 * averages.A + averages.B


def generalization_time(
    alpha: float,
    alpha_D: float | None = None,
    variance: float = 1,
    data: Any = None,
    dps: int | None = None,
    on_support: bool = False,
) -> "Time":
    r"""t_g: P_t^e is nearest to the law of the data, in the cross entropy of `cross_entropy`.

    h_g = h_f (2A − B) at the condensation h_f, divided by the weight of λ > 0 for ``on_support``.

    Parameters
    ----------
    alpha, alpha_D, variance, data, dps
        As of `theory.empirical.collapse_time`; a mixture has one generalization time, where the sum over its kinds is
        smallest.
    on_support : bool
        Whether only the directions of positive variance count; it matters where there are others (α_D < 1).

    Returns
    -------
    float, or mpf

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.
    ConvergenceError
        h lies outside the range of double precision, or the kinds of a mixture have minima of their own of equal depth.
    """
    alpha, data, on_support = positive("alpha", alpha), described(alpha_D, variance, data), truth("on_support", on_support)
    digits = digits_of(dps)
    with mp.workdps(digits + GUARD):
        alpha, kinds = to_mpf(alpha), kinds_of(data, dps)
        condensed = _condensed(kinds, alpha, digits)
        own = [e / _share(kind, on_support) for kind, (_, e) in zip(kinds, condensed, strict=True)]
        h = own[0] if len(kinds) == 1 else _lowest(kinds, condensed, own, alpha, digits, on_support)
        return handed_out([diffusion_time(h)], None, dps)


def _lowest(kinds, condensed, own, alpha, digits, on_support):
    """The minimum of the sum over kinds: below all of their own minima it falls, above all of them it rises."""

    def slope(h):
        return -mp.fsum(
            kind.frequency * _slope(h, kind, each, on_support) for kind, each in zip(kinds, condensed, strict=True)
        )

    low, high = min(own), max(own)
    if high <= low * (1 + mp.mpf(10) ** (-digits)):
        return low
    # one zero of the slope in each stretch of the grid on which it changes sign: the kinds may have minima of their own
    grid = [low * (high / low) ** (mp.mpf(k) / 200) for k in range(201)]
    signs = [slope(h) > 0 for h in grid]
    minima = [mp.sqrt(grid[k] * grid[k + 1]) for k in range(200) if signs[k] and not signs[k + 1]]
    if not minima:
        raise ConvergenceError("no minimum of the cross entropy was found between those of the kinds", reason="bracket")
    values = sorted((_of_all(h, alpha, kinds, condensed, on_support), h) for h in minima)
    if len(values) > 1 and values[1][0] - values[0][0] < mp.mpf("1e-6"):
        raise ConvergenceError("two minima of the cross entropy are equally deep", reason="bracket")
    return crossing(slope, values[0][1], digits)


def cross_entropy(
    t: float,
    alpha: float,
    alpha_D: float | None = None,
    variance: float = 1,
    data: Any = None,
    dps: int | None = None,
    on_support: bool = False,
) -> Any:
    r"""−(1/d) E log P_t^e(y) at fresh y of the data, in the units of the data; nats.

    Parameters
    ----------
    t : real number > 0
    alpha, alpha_D, variance, data, dps, on_support
        As of `generalization_time`, and so are the errors.

    Returns
    -------
    float, or mpf
    """
    return _entropies(t, alpha, alpha_D, variance, data, dps, on_support)[0]


def kl_divergence(
    t: float,
    alpha: float,
    alpha_D: float | None = None,
    variance: float = 1,
    data: Any = None,
    dps: int | None = None,
    on_support: bool = False,
) -> Any:
    r"""(1/d) KL(P_0 ‖ P_t^e) in the units of the data: `cross_entropy` less the entropy of the data.

    It is ``inf`` where the data have directions without variance (α_D < 1), in which P_0 has no density, but for ``on_support``.
    Arguments, return value and errors as of `cross_entropy`. Its minimum over t is α + ½ (log h_g − ⟨log λ⟩).
    """
    return _entropies(t, alpha, alpha_D, variance, data, dps, on_support)[1]


def _entropies(t, alpha, alpha_D, variance, data, dps, on_support):
    t, alpha, data = positive("t", t), positive("alpha", alpha), described(alpha_D, variance, data)
    on_support, digits = truth("on_support", on_support), digits_of(dps)
    with mp.workdps(digits + GUARD):
        h, alpha, kinds = mp.expm1(2 * to_mpf(t)), to_mpf(alpha), kinds_of(data, dps)
        cross = _of_all(h, alpha, kinds, _condensed(kinds, alpha, digits), on_support)
        own = mp.fsum(kind.frequency * (kind.support * mp.log(2 * mp.pi * mp.e) + kind.log_mean) / 2 for kind in kinds)
        full = on_support or all(1 - kind.support < mp.mpf("1e-12") for kind in kinds)
        return handed_out([cross], None, dps), handed_out([cross - own if full else mp.inf], None, dps)
