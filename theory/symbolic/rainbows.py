r"""The planar pairings of `theory.symbolic.wick` summed to all orders: self-energies as geometric sums, without the action.

A pairing without crossings is a sequence of blocks between the corners of each index loop, so that every propagator is a
geometric sum: the self-energy of the features, the line of samples, and, along the spike, the line of its insertions, whose
pole is the outlier.

Derived here; checked by ``tests/symbolic/test_wick.py`` against the enumerated pairings and against the action.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression
from . import symbols as S
from .symbols import lam_star
from .wick import d

if TYPE_CHECKING:
    from .symbols import Scalar


class Rainbows(NamedTuple):
    """What the geometric sums give, in q, δ and the letters of the action's derivation."""

    #: (F_q, F_δ), which vanish for the sums of all planar diagrams
    equations: tuple
    #: g_*(z) = (1/p) w^T Q w
    transform: sp.Expr
    #: its denominator: the outlier is where it vanishes
    condition: sp.Expr


def geometric_sum(first: "Scalar", rest: "Scalar") -> sp.Expr:
    """The sum of first, first·rest, first·rest², …: a line is its first block, or that and a line again.

    Examples
    --------
    >>> import sympy as sp
    >>> from theory.symbolic.rainbows import geometric_sum
    >>> geometric_sum(1, -sp.Symbol("delta"))
    1/(delta + 1)
    """
    first, rest = expression("first", first), expression("rest", rest)
    line = sp.Dummy("line")
    (total,) = sp.solve(sp.Eq(line, first + rest * line), line)
    return total


@cache
def rainbows() -> Rainbows:
    r"""Sum the planar pairings of all words, by the blocks that a loop of each kind consists of.

    Q = (U − z)^{-1} = Q₀ − Q₀(U − s_t²)Q₀ + …, Q₀ = 1/(s_t² − z): every letter brings a factor −1. Of a pairing without
    crossings, what lies between the two ends of a propagator is a pairing of its own. So each index loop meets a sequence of
    blocks, from a matrix to its partner, of which it sees only the value. Going round a loop of

    * samples: a block reaches the next letter by ΩᵀQΩ or by XᵀWᵀ…WX. Each letter is one sign, so the line is 1 − δ + δ² − …;
    * data of variance λ: crossings WᵀQW from one letter to the next, of value c, alternate with passages h through a letter:
      WWᵀ at once, or X…Xᵀ around a line of samples. Signs again alternate: h − hch + … from W to Wᵀ, c − chc + … back to W;
    * features: the self-energy, ΩΩᵀ around a line of samples or W…Wᵀ around a line of data.

    The spike is the line of data that the word begins and ends on. Its passages h at λ* are its insertions.

    Returns
    -------
    Rainbows
    """
    p, n = S.psi_p * d, S.psi_n * d
    samples = geometric_sum(1, -S.delta)
    crossing, passage = p * S.q / d, sp.Dummy("h")  # WᵀQW/d is a loop of p features, each with Q_ii = q
    from_features, from_samples = (geometric_sum(first, -passage * crossing) for first in (passage, crossing))

    def at(lam, line):
        return line.subs(passage, S.b**2 + S.alpha**2 * lam / n * (n * samples))

    def loop_of_data(line):
        return d * S.average(sp.cancel(at(S.lam, line)))

    self_energy = S.v**2 / n * (n * samples) + loop_of_data(from_features) / d
    f_q = 1 - S.q * (S.s_t**2 - S.z) - S.q * self_energy  # q = Q₀ − Q₀·(self-energy)·q, times s_t² − z
    f_delta = S.delta - S.v**2 / n * (p * S.q) - S.alpha**2 / n * loop_of_data(S.lam * from_samples)
    transform = d / p * from_samples  # w^TQw has no 1/d of its own, but 1/p
    condition = sp.expand(at(lam_star, sp.expand(1 / transform)))
    return Rainbows((f_q, f_delta), sp.factor(at(lam_star, transform)), condition)
