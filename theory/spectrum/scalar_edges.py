r"""Edges of the bulk, from all real solutions of the saddle point at once.

In y = z − s_t², with x = 1/q, c_i = ψ_p h_i and h_i = b² + α²λ_i/(1+δ), the two equations read

    δ = (ψ_p/ψ_n) (v²/x + α² Σ w_i λ_i/(x + c_i)),        y = v²/(1+δ) + Σ w_i x h_i/(x + c_i) − x.

For real δ ≠ 0 the right side of the first falls from +∞ to −∞ between any two of its poles in x: all its solutions x are
real, one in each interval, and form curves over δ, on which the second equation gives y explicitly. By the third certificate
of `theory.equations.certificate` a point of them lies outside the support if and only if dq/dy > 0 and dδ/dy > 0, and every y outside the
support is reached once. Differentiated, that is the stability of a fixed point: with

    Y = ψ_p Σ w_i h_i²/(x+c_i)²,   A = (ψ_p²/ψ_n) α⁴/(1+δ)² Σ w_i λ_i²/(x+c_i)²,   M = v²/x² + α² Σ w_i λ_i/(x+c_i)²,

it says R < 1 for the Perron eigenvalue R of a 2 × 2 matrix with diagonal (Y, A) and product (ψ_p/ψ_n) x²M²/(1+δ)² off it.
Edges are the points with R = 1: no gap is looked for in the density, however narrow the bulks beside it.

**The three segments.** At δ = 0 the outermost solution x passes infinity, at δ = −1 the poles −c_i do, so that a curve lives on one of three
segments of the δ axis, its *kind*, on which τ runs through all real numbers (`theory.spectrum.real_curve.segment`):

    δ        −∞ ─────────────── −1 ─────────────── 0 ─────────────── ∞
    kind             0                   1                  2
    δ                −                   −                  +
    1 + δ            −                   +                  +
    δ =           −1 − e^τ        −1/(1 + e^{−τ})          e^τ
    τ         ∞ ←────────── −∞   ∞ ←───────── −∞   −∞ ─────────→ ∞
    branches  one below all poles, one between    one between any two neighbouring
              any two neighbouring poles          poles, one above all of them
    poles     0, and −c_i on either side of it    −c_m < … < −c_1 < 0 for λ_m > … > λ_1 (0 only if v > 0)

Below the whole spectrum q and δ are positive, kind 2 on its last branch; above it both are negative, kind 1 on its first. Gaps lie between.

**No bulk hides between two points of one curve.** The phases of the logarithms in `theory.symbolic.action` say which share of the
eigenvalues lies below a point outside the support, ([·] is 1 or 0),

    N = [x<0] (1 − 1/ψ_p) + Σ w_i [x+c_i<0]/ψ_p − [1+δ<0] ψ_n/ψ_p,

so that across a bulk, which has mass, one of these signs changes. At fixed signs of δ and 1 + δ a curve stays between two poles, at each of
which one of them changes; what is left is λ_i = 0, which makes no pole (`RealCurve.null_direction`), and for δ < −1 the place where a pole
−c_i passes the one at 0. There x > 0 follows, and then A >= 1: with m_i = α²λ_i|g|/(x+c_i), the first equation gives
Σ w_i m_i <= −|δg| ψ_n/ψ_p, where |δg| > 1; m_i < −1/ψ_p where it is negative, say with total weight w; so A = (ψ_p²/ψ_n) Σ w_i m_i²
exceeds both w/ψ_n and ψ_n/w. Gaps may be as narrow as they like: R is followed to its minima.

This is the construction of Silverstein and Choi (1995) for two coupled equations; derived here, checked against the discriminant
(`theory.symbolic.elimination`) and the determinant of the Jacobian by ``tests/spectrum/test_edges.py``, the counts by
``tests/spectrum/test_edge_counts.py``. `locate` is called by `theory.spectrum.support`, once for the nodes and once for a continuous ρ_Σ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.late_times import limit_rows
from ..errors import ConvergenceError
from .real_curve import RealCurve, segment

if TYPE_CHECKING:
    from ..data.continuum import Continuum
    from ..equations.scalar import ScalarSystem
    from .law import Spectrum

#: points of the scan per factor of ten in δ, 1 + δ or −1 − δ
PER_DECADE = 12
#: R below this counts as below 1: at a hard edge R tends to 1, with rounding errors around it
STABLE = 1 - 1e-12


@np.errstate(all="ignore")
def locate(
    spectrum: "Spectrum", system: "ScalarSystem | None" = None, continuous: "Sequence[Continuum]" = ()
) -> NDArray[np.float64]:
    """Edges in y = λ − s_t², sorted, and (q, δ) there: array of shape (edges, 3) with rows (y, q, δ).

    Of the law of the nodes; of a continuous ρ_Σ with the ``system`` of its graded rule and the intervals (`theory.data.continuum`).
    Raises `ConvergenceError` if ends of bulks do not alternate, which means that one was missed.
    """
    system = system or spectrum.system
    curve = RealCurve(system.parameters, system.nodes, system.weights, continuous)
    if curve.branches == 0:
        return limit_rows(system.resolved)
    reach = curve.decades() * np.log(10)
    tau = np.linspace(-reach, reach, int(2 * reach / np.log(10) * PER_DECADE))
    # gaps between the nodes of a continuum are none
    between = () if spectrum.model.data.continuous else curve.between_crossings(tau[1] - tau[0])
    tau = np.unique([*tau, *curve.null_direction(), *between])
    kind, tau = (a.ravel() for a in np.meshgrid(range(3), tau, indexing="ij"))

    def stability(tau, kind, branch):
        return curve.evaluate(*segment(kind, tau), branch)

    scan = np.nonzero(curve.open_branches(*segment(kind, tau)))
    perron = np.full((kind.size, curve.branches), np.inf)
    perron[scan] = stability(tau[scan[0]], kind[scan[0]], scan[1])[2]
    # (kind, branch, τ)
    perron = np.moveaxis(perron.reshape(3, -1, curve.branches), 2, 1)
    tau = tau.reshape(3, -1)[0]
    outside = perron < STABLE
    kinds, branches, left = np.nonzero(outside[..., 1:] != outside[..., :-1])
    left_is_outside = outside[kinds, branches, left]
    # τ of the end of each bracket that lies outside the support (R < 1), and of the other
    stable, unstable = tau[np.where(left_is_outside, left, left + 1)], tau[np.where(left_is_outside, left + 1, left)]
    # gaps between two points of the scan: follow R to each of its local minima above 1 (bulks have ends on different curves)
    middle, inside = perron[..., 1:-1], ~outside[..., 1:-1]
    kind, branch, left = np.nonzero(inside & (middle < perron[..., :-2]) & (middle <= perron[..., 2:]))
    low, best, high = tau[left], tau[left + 1], tau[left + 2]
    best, found = _descend(lambda t: stability(t, kind, branch)[2], low, best, high, STABLE)
    stable, unstable = (
        np.concatenate([stable, best[found], best[found]]),
        np.concatenate([unstable, low[found], high[found]]),
    )
    kinds, branches = (np.concatenate([x, y[found], y[found]]) for x, y in ((kinds, kind), (branches, branch)))
    if kinds.size == 0:
        raise ConvergenceError(f"no edge was found for {spectrum}", reason="support")

    # δ grows with y outside the support: a bulk opens where the outside part ends towards larger δ (before the bisection
    # below, in which both ends may become one number)
    opens = (unstable > stable) == (kinds == 2)
    for _ in range(52):
        middle = (stable + unstable) / 2
        is_outside = stability(middle, kinds, branches)[2] < STABLE
        stable, unstable = np.where(is_outside, middle, stable), np.where(is_outside, unstable, middle)
    delta, one_plus_delta = segment(kinds, stable)
    x, y, _ = curve.evaluate(delta, one_plus_delta, branches)
    return _alternating(y, 1 / x, delta, opens)


def _descend(function, low, best, high, target, rounds=30):
    """Golden-section search, vectorised, for the minima of ``function`` bracketed by low < best < high.

    Returns where it ended and whether ``function`` is below ``target`` there.
    """
    golden = (np.sqrt(5) - 1) / 2
    value = function(best)
    for _ in range(rounds):
        if np.all(value < target):
            break
        right = high - best > best - low
        probe = np.where(right, best + (1 - golden) * (high - best), best - (1 - golden) * (best - low))
        probe_value = function(probe)
        better = probe_value < value
        low = np.where(better & right, best, np.where(~better & ~right, probe, low))
        high = np.where(better & ~right, best, np.where(~better & right, probe, high))
        best, value = np.where(better, probe, best), np.where(better, probe_value, value)
    return best, value < target


def _alternating(y, q, delta, opens):
    """Sort the edges, and put the hard edge y = 0 in front where the lowest bulk has no lower edge."""
    order = np.lexsort((~opens, y))
    order = order[y[order] > 0]  # at a hard edge R passes below 1 by rounding only
    rows, opens = np.stack([y, q, delta], axis=1)[order], opens[order]
    if opens.size and not opens[0]:
        rows, opens = np.vstack([[0.0, np.inf, np.inf], rows]), np.concatenate([[True], opens])
    # a gap narrower than rounding: its two edges, in the wrong order, are none
    twice = np.flatnonzero(np.cumsum(np.where(opens, 1, -1))[:-1] == 2)
    twice = twice[~opens[twice + 1] & (rows[twice + 1, 0] < rows[twice, 0] * (1 + 1e-12))]
    keep = ~np.isin(np.arange(opens.size), [twice, twice + 1])
    rows, opens = rows[keep], opens[keep]
    if opens.size % 2 or not (opens[::2].all() and not opens[1::2].any()):
        raise ConvergenceError(f"the edges at s_t² + {rows[:, 0]} do not pair up into bulks", np.nan, reason="support")
    return rows
