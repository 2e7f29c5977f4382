r"""Wick pairings: the moments of U, and those along a direction of the data, from Feynman diagrams, without the action.

The Gaussian equivalent of U is built from three Gaussian matrices,

.. math:: U - s_t^2 = \tfrac1n G G^T + \tfrac{b^2}{d} W W^T,\qquad G = \tfrac{\alpha}{\sqrt d} W X + v\,\Omega,

with W of p × d, Ω of p × n independent standard normal entries, and the n columns of X drawn from N(0, Σ). Its moments
M_k = (1/p) E Tr (U − s_t²)^k, and those of the direction e of variance λ*, (1/p) E w^T(U − s_t²)^k w with w = We, are sums
over words in five letters: WXXᵀWᵀ, WXΩᵀ, ΩXᵀWᵀ, ΩΩᵀ (the sample term) and WWᵀ (the noise term). Wick's theorem makes each
word a sum over pairings of equal matrices. A pairing glues the word, a polygon whose corners are indices, to a surface:
every closed index loop is a corner of it and gives a factor p, n or d, so that a pairing is worth d^(χ−2), χ its Euler
characteristic.

Two ways of summing them: `brute_force` visits all pairings and is exact at every d, p and n; `leading` visits those without
crossings, which (the tests count) are those of order d⁰. Their sum to all orders is `theory.symbolic.rainbows`.

Derived here; checked by ``tests/symbolic/test_wick.py`` against `theory.symbolic.expansion` of the action, coefficient by coefficient.
"""

from collections import Counter
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import sympy as sp

from ..validation import integer, positive_integer, truth
from . import symbols as S
from .symbols import lam_star

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: the letters, each as the sequence of its matrices; O stands for Ω, and transposes follow from the order
LETTERS = ("WXXW", "WXO", "OXW", "OO", "WW")
#: most letters that pairings are counted for: with each the cost grows tenfold
MOST_LETTERS = 10
#: the kinds of index that each matrix connects
ENDS = {"W": "pd", "X": "dn", "O": "pn"}
#: dimension of the data, which drops out of planar diagrams
d = sp.Symbol("d", positive=True)


def moment(k: int) -> sp.Expr:
    """m_k = ∫ρ_Σ λ^k as a symbol; m_0 = 1, k >= 0."""
    k = integer("k", k, 0)
    return sp.Symbol(f"m_{k}", positive=True) if k else sp.S.One


def legs(word: "Sequence[str]", spike: bool) -> str:
    """The matrices of the word as one string."""
    return "W" * spike + "".join(word) + "W" * spike


@cache
def corners(matrices, spike):
    """Follow the indices through the product; it starts with p under a trace and with d between w^T and w."""
    kinds = ["d" if spike else "p"]
    for matrix in matrices:
        kinds.append(ENDS[matrix].replace(kinds[-1], ""))
    return "".join(kinds)


def loops(matrices: "Sequence[str]", kinds: "Sequence[str]", pairs: "Sequence[tuple[int, int]]") -> "tuple[list[int], int]":
    """Identify the corners that the propagators δ_pp'·δ_dd' (W), Σ_dd'·δ_nn' (X) and δ_pp'·δ_nn' (Ω) identify.

    Returns
    -------
    (list, dict)
        The loop of each corner, and for each loop the number of X propagators on its data side. A loop is named by its first
        corner: 0 is that of w, or that which the trace begins on.
    """
    parent = list(range(len(kinds)))
    parent[-1] = 0  # the trace closes, w stands on both sides (and by symmetry any pairing would identify the two)
    for i, j in pairs:
        twist = kinds[i] == kinds[j]  # both matrices are read in the same direction
        for x, y in ((i, j), (i + 1, j + 1)) if twist else ((i, j + 1), (i + 1, j)):
            while parent[x] != x:
                x = parent[x]
            while parent[y] != y:
                y = parent[y]
            parent[max(x, y)] = min(x, y)
    # a corner points to an earlier one, whose loop is known by then
    for corner, earlier in enumerate(parent):
        parent[corner] = parent[earlier]
    count = dict.fromkeys(parent, 0)
    for i, _ in pairs:
        if matrices[i] == "X":
            count[parent[i if kinds[i] == "d" else i + 1]] += 1
    return parent, count


def monomial(word: "Sequence[str]", spike: bool, kinds: "Sequence[str]", loops_: "tuple[list[int], int]") -> tuple:
    """The value of one pairing: the exponents of α, v, b, p, n, d, the powers λ^k under a trace, and the power of λ*."""
    matrices = "".join(word)
    x, o, w = (matrices.count(kind) for kind in "XOW")
    of_corner, count = loops_
    free = [loop for loop in count if not (spike and loop == of_corner[0])]  # e is summed over nothing
    features, samples = (sum(kinds[loop] == kind for loop in free) for kind in "pn")
    powers = tuple(sorted(count[loop] for loop in free if kinds[loop] == "d"))
    star = count[of_corner[0]] if spike else 0
    # (1/p) (α/√(nd))^X (v/√n)^Ω (b/√d)^W over the legs of each kind, but the W next to an X has no b of its own
    return (x, o, w - x, features - 1, samples - (x + o) // 2, len(powers) - w // 2, powers, star)


def expression(monomials: "dict[tuple, int]") -> sp.Expr:
    """The SymPy expression of {exponents: multiplicity}, with p = ψ_p d and n = ψ_n d."""
    terms = []
    for (a, o, b, features, samples, data, powers, star), multiplicity in monomials.items():
        coefficients = S.alpha**a * S.v**o * S.b**b * lam_star**star * sp.Mul(*map(moment, powers))
        sizes = S.psi_p**features * S.psi_n**samples * d ** (features + samples + data)
        terms.append(multiplicity * coefficients * sizes)
    return sp.Add(*terms)


def words(k: int) -> "Iterator[tuple[str, ...]]":
    """The words of k letters in which every matrix can find a partner."""
    k = positive_integer("k", k)
    return (word for word in product(LETTERS, repeat=k) if "".join(word).count("O") % 2 == 0)


def all_pairings(matrices: "Sequence[str]") -> "Iterator[tuple]":
    """Every pairing of equal matrices: products of the pairings of each kind."""

    def pairings(positions):
        if not positions:
            yield ()
        for i in range(1, len(positions)):
            for rest in pairings(positions[1:i] + positions[i + 1 :]):
                yield ((positions[0], positions[i]), *rest)

    by_kind = ([i for i, matrix in enumerate(matrices) if matrix == kind] for kind in ENDS)
    return (sum(parts, ()) for parts in product(*(list(pairings(positions)) for positions in by_kind)))


@cache
def _has_planar_pairing(matrices):
    """Whether the word is used up by taking out equal neighbours, in any order."""
    left = []
    for matrix in matrices:
        if left[-1:] == [matrix]:
            left.pop()
        else:
            left.append(matrix)
    return not left


def planar_pairings(matrices: "Sequence[str]", start: int = 0) -> "Iterable[tuple]":
    """Every pairing without crossings: the first matrix and its partner separate what is between them from the rest."""
    if not matrices:
        yield ()
    for j in range(1, len(matrices), 2):
        inside, outside = (matrices[1:j], start + 1), (matrices[j + 1 :], start + j + 1)
        if matrices[j] == matrices[0] and _has_planar_pairing(inside[0]) and _has_planar_pairing(outside[0]):
            for inner in _stretch(*inside):
                first = ((start, start + j), *inner)
                for rest in _stretch(*outside):
                    yield first + rest


def _stretch(matrices, start):
    """The planar pairings of a part of the word; those of short parts recur and are kept."""
    return _kept(matrices, start) if len(matrices) <= 12 else planar_pairings(matrices, start)


@cache
def _kept(matrices, start):
    return tuple(planar_pairings(matrices, start))


def images(word: "Sequence[str]", spike: bool) -> "set[tuple[str, ...]]":
    """The words of equal value: the transpose, and under a trace the rotations."""
    rotations = [word] if spike else [word[i:] + word[:i] for i in range(len(word))]
    return {image for w in rotations for image in (w, tuple(letter[::-1] for letter in w[::-1]))}


@cache
def _total(k, spike, planar):
    pairings, total = planar_pairings if planar else all_pairings, Counter()
    for word in words(k):
        if word != min(equal := images(word, spike)):
            continue
        matrices = legs(word, spike)
        kinds = corners(matrices, spike)
        for pairs in pairings(matrices):
            total[monomial(word, spike, kinds, loops(matrices, kinds, pairs))] += len(equal)
    return expression(total)


def leading(k: int, spike: bool = False) -> sp.Expr:
    """The k-th moment for d → ∞ as the sum over all pairings without crossings, each with its loops counted.

    Parameters
    ----------
    k : int
        Number of letters, up to `MOST_LETTERS`. The cost grows tenfold with k: k = 6 takes 0.5 s, with the spike 4 s.
    spike : bool
        Between w^T and w instead of under a trace.

    Returns
    -------
    sympy.Expr
        In ψ_p, ψ_n, α, b, v, the moments m_1, m_2, … of ρ_Σ (see `moment`) and λ*.
    """
    return _total(positive_integer("k", k, MOST_LETTERS), truth("spike", spike), True)


def brute_force(k: int, spike: bool = False) -> sp.Expr:
    """The k-th moment exactly, for every d, p = ψ_p d and n = ψ_n d, as the sum over all pairings; else as `leading`.

    Exact if m_k is Tr Σ^k/d of the covariance itself, its spike included. The cost grows fiftyfold with k: k = 4 takes
    half a second, with the spike 4 s, and ``ValueError`` is raised beyond.
    """
    spike = truth("spike", spike)
    if positive_integer("k", k) > 4:
        raise ValueError(f"k = {k!r} has too many pairings; allowed: an integer from 1 to 4")
    return _total(positive_integer("k", k), spike, False)
