r"""Single Wick pairings as Feynman diagrams: an object with a value, and its picture.

`theory.symbolic.wick` sums the pairings; here they are looked at one by one. The word lies along the bottom, every matrix in
it has two indices, and a propagator is a double line between two equal matrices. So each index is a closed curve, a loop of
the diagram: it runs along the bottom between neighbouring matrices and along one of the two lines of a propagator. Without
crossings, a diagram of k letters has as many loops as the sphere allows.

Source: the double-line notation is 't Hooft's (1974); the values are checked by ``tests/symbolic/test_wick.py``.
"""

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from ..validation import integer, of_class, positive, positive_integer, sequence, shown, truth
from . import wick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: kind → (name, colour of the book's cycle, line style)
STYLES = {"W": ("W", "C0", "-"), "X": ("X", "C1", (0, (5, 1.5))), "O": (r"\Omega", "C2", (0, (1, 1)))}
#: half the distance of the two lines of a propagator, where a matrix is one long
HALF_WIDTH = 0.17
SPIKE_LABEL = r"$e$, $\lambda_*$"


class Diagram:
    """One Wick pairing of one word.

    Parameters
    ----------
    word : sequence of str
        Letters out of `theory.symbolic.wick.LETTERS`.
    pairs : sequence of (int, int)
        Positions in ``legs``, the matrices of the word one after the other.
    spike : bool
        If true the word stands between w^T and w, which adds one W at either end; else under a trace.

    Raises
    ------
    ValueError
        For an unknown letter, and for ``pairs`` that do not pair equal matrices, each once.
    """

    def __init__(self, word: "Sequence[str]", pairs: "Sequence[tuple[int, int]]", spike: bool = False):
        allowed = f"a sequence of letters: {', '.join(map(repr, wick.LETTERS))}"
        for letter in sequence("word", word, allowed):
            if not isinstance(letter, str) or letter not in wick.LETTERS:
                raise ValueError(f"word holds {shown(letter)}; allowed: {', '.join(map(repr, wick.LETTERS))}")
        self.word, self.spike = tuple(word), truth("spike", spike)
        pairs = [sequence("pairs", pair, "pairs of positions") for pair in sequence("pairs", pairs, "pairs of positions")]
        pairs = [[integer("pairs", position, 0) for position in pair] for pair in pairs]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"pairs = {pairs!r} holds more or less than two positions; allowed: pairs of positions")
        self.pairs = tuple(sorted(tuple(sorted(pair)) for pair in pairs))
        self.legs = wick.legs(self.word, self.spike)
        paired = sorted(leg for pair in self.pairs for leg in pair)
        if paired != list(range(len(self.legs))) or any(self.legs[i] != self.legs[j] for i, j in self.pairs):
            raise ValueError(f"pairs = {pairs!r} is no pairing of {self.legs!r}; allowed: equal matrices, each once")

    def __repr__(self):
        return f"Diagram({self.word}, {self.pairs}, spike={self.spike})"

    @property
    def corners(self):
        """The kind of index, "p", "n" or "d", before each leg and after the last one."""
        return wick.corners(self.legs, self.spike)

    @cached_property
    def loops(self):
        """As `theory.symbolic.wick.loops`."""
        return wick.loops(self.legs, self.corners, self.pairs)

    @property
    def crossings(self):
        """Number of pairs of propagators that cross."""
        return sum(i < k < j < m for i, j in self.pairs for k, m in self.pairs)

    @property
    def euler_characteristic(self):
        """χ = corners − propagators + 1 of the glued surface: 2 for the sphere, less for all others."""
        return len(self.loops[1]) - len(self.pairs) + 1

    @property
    def value(self):
        """SymPy expression in the model's parameters, the moments m_k, λ* and, beyond leading order, d."""
        return wick.expression({wick.monomial(self.word, self.spike, self.corners, self.loops): 1})

    def equivalents(self) -> "set[tuple]":
        """The (word, pairs) of the same value: the transpose, and under a trace the rotations, as a set."""
        n, found = len(self.legs), set()
        shifts = [0] if self.spike else [len("".join(self.word[:i])) for i in range(len(self.word))]
        for i, shift in enumerate(shifts):
            word = self.word[i:] + self.word[:i]
            pairs = [tuple((leg - shift) % n for leg in pair) for pair in self.pairs]
            transposed = [tuple(n - 1 - leg for leg in pair) for pair in pairs]
            for w, ps in ((word, pairs), (tuple(letter[::-1] for letter in word[::-1]), transposed)):
                found.add((w, tuple(sorted(tuple(sorted(pair)) for pair in ps))))
        return found


def diagrams(k: int, spike: bool = False, planar: bool = True) -> "list[Diagram]":
    """The pairings of all words of ``k`` letters, as a generator of `Diagram`.

    Without crossings there are 3, 17, 127, 1089 for k = 1…4 (5, 35, 289, 2623 with a spike), ten times more for each letter
    more; with crossings (``planar=False``) 3, 29, 687, 32409. ``ValueError`` if k is no positive integer.
    """
    truth("spike", spike)
    k, pairings = (
        positive_integer("k", k, wick.MOST_LETTERS),
        wick.planar_pairings if truth("planar", planar) else wick.all_pairings,
    )
    return (Diagram(word, pairs, spike) for word in wick.words(k) for pairs in pairings(wick.legs(word, spike)))


def up_to_symmetry(k: int, spike: bool = False) -> "list[tuple[Diagram, int]]":
    """The planar diagrams of ``k`` letters, one of each class of equivalents: a list of (`Diagram`, size of the class)."""
    classes = Counter(min(diagram.equivalents()) for diagram in diagrams(k, spike))
    return [(Diagram(*key, spike), size) for key, size in sorted(classes.items())]


# --- pictures --------------------------------------------------------------------------------------------------------


def _feet(diagram):
    """x of the two ends of every matrix, with a gap between letters: shape (matrices, 2); and of the ends of the word."""
    sizes = [1] * diagram.spike + [len(letter) for letter in diagram.word] + [1] * diagram.spike
    letter = np.repeat(np.arange(len(sizes)), sizes)
    centre = np.arange(len(diagram.legs)) + 0.7 * letter
    return centre[:, None] + HALF_WIDTH * np.array([-1, 1]), (centre[0] - 0.8, centre[-1] + 0.8)


def _arc(start, end, points=60):
    """A half ellipse over the word."""
    angle = np.linspace(np.pi, 0, points)
    return (start + end) / 2 + (end - start) / 2 * np.cos(angle), abs(end - start) * 0.4 * np.sin(angle)


def draw(diagram: "Diagram", ax: "Axes", multiplicity: int = 1, title: bool = True) -> None:
    r"""Draw one pairing into ``ax``.

    Every propagator is a double line: W solid, X dashed, Ω dotted. The letters p, n, d below name the index that runs
    between two matrices. With a spike, stars stand at both ends of the word and on every X propagator of the same loop, its
    insertions of λ*. The title is the value, times ``multiplicity``.

    Returns
    -------
    matplotlib Axes
        The lines carry the labels of a legend, one for each kind.
    """
    of_class("diagram", diagram, "Diagram", "a theory.symbolic.diagrams.Diagram")
    if not (hasattr(ax, "plot") and hasattr(ax, "set_axis_off")):
        raise ValueError(f"ax = {shown(ax)} is no axes; allowed: matplotlib Axes")
    multiplicity, title = positive_integer("multiplicity", multiplicity), truth("title", title)
    feet, (first, last) = _feet(diagram)
    of_corner, _ = diagram.loops
    # along the bottom: the index between two matrices
    ends = [first, *feet.ravel(), last]
    for corner, kind in enumerate(diagram.corners):
        left, right = ends[2 * corner], ends[2 * corner + 1]
        ax.plot([left, right], [0, 0], color="0.45", lw=1)
        ax.text((left + right) / 2, -0.12, f"${kind}$", ha="center", va="top", size="small", color="0.35")
    labelled, insertions = set(), []
    for i, j in diagram.pairs:
        name, colour, style = STYLES[diagram.legs[i]]
        twist = diagram.corners[i] == diagram.corners[j]
        for side in (0, 1):
            x, y = _arc(feet[i, side], feet[j, side if twist else 1 - side])
            label = None if name in labelled else f"${name}$"
            labelled.add(name)
            ax.plot(x, y, color=colour, ls=style, lw=1.5, label=label)
            on_loop = diagram.corners[i + side] == "d" and of_corner[i + side] == of_corner[0]
            if diagram.spike and diagram.legs[i] == "X" and on_loop:
                insertions.append((x[len(x) // 2], y[len(y) // 2]))
    if diagram.spike:
        stars = [(first, 0), *insertions, (last, 0)]
        style = {"ls": "", "marker": "*", "ms": 7, "color": "C3", "mec": "k", "mew": 0.5, "clip_on": False}
        ax.plot(*zip(*stars, strict=True), **style, label=SPIKE_LABEL)
    if title:
        times = rf"{multiplicity}\times " if multiplicity > 1 else ""
        # a star on the highest arc is larger than the margin above it
        ax.set_title(f"${times}{sp.latex(diagram.value, fold_short_frac=True)}$", size="small", pad=11)
    ax.set_aspect("equal")
    ax.margins(0.02, 0.08)
    ax.set_axis_off()
    return ax


def draw_leading(order: int, spike: bool = False, columns: int = 4, panel: tuple[float, float] = (2.2, 1.5)) -> "Figure":
    """Lay out all diagrams that survive d → ∞, of 1 to ``order`` letters, one of each class of equivalents.

    Parameters
    ----------
    order : int
        1 to 3: 3, 15 and 58 panels in all (with a spike 5, 29 and 206).
    spike : bool
        The diagrams of g_* instead of those of the trace.
    columns : int
    panel : (float, float)
        Inches for one diagram.

    Returns
    -------
    matplotlib Figure
        With one legend for all panels.

    Raises
    ------
    ValueError
        For an order beyond 3, whose diagrams no page holds.
    """
    order, columns = positive_integer("order", order), positive_integer("columns", columns, 100)
    truth("spike", spike)
    panel = [float(positive("panel", size)) for size in sequence("panel", panel, "(width, height) in inches")]
    if len(panel) != 2:
        raise ValueError(f"panel = {panel} has {len(panel)} entries; allowed: (width, height) in inches")
    if order > 3:
        raise ValueError(f"order = {order!r} has too many diagrams for a figure; allowed: 1, 2, 3")
    # the only import of matplotlib in the package: counting and evaluating diagrams does without
    import matplotlib.pyplot as plt

    shown = [pair for k in range(1, order + 1) for pair in up_to_symmetry(k, spike)]
    rows = -(-len(shown) // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(panel[0] * columns, panel[1] * rows + 0.4))
    handles = {}
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (diagram, size) in zip(axes.flat, shown, strict=False):
        draw(diagram, ax, size)
        handles |= {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    labels = sorted(handles, key=[*(f"${name}$" for name, _, _ in STYLES.values()), SPIKE_LABEL].index)
    figure.legend([handles[label] for label in labels], labels, loc="outside lower center", ncols=len(labels))
    return figure
