r"""Edges of the bulk for the general equations, where the support is known only point by point.

Every real point is certified to lie inside the support (complex solution) or outside (real solution). A scan brackets the edges; each
is then the fold of the real solutions in its bracket, where the Jacobian has a null vector v:

    F(x, y) = 0,      J(x) v = 0,      ℓ·v = 1,

solved by Newton from the outside. The derivative of J v along x is the symmetric second derivative D²F[v, ·] = ∂_ε J(x + εv), one
evaluation of the Jacobian with a complex step: F is analytic and the fold is real.

What the scan steps over is looked for: bulks between two points outside the support by counting (`theory.spectrum.hidden_bulks`), gaps inside
a bulk by resolving the solution from edge to edge (`theory.spectrum.hidden_gaps`), in turn until neither finds any more.

What is guaranteed:

* every point that decides is certified, inside or outside; between neighbours of which one is inside lies one edge at least;
* an edge that is returned is a fold with certified points on either side (but for those within rounding of it), or, where Newton finds none,
  the middle of a bracket of relative width 1e-9 between certified points;
* edges pair up into bulks, and the number of evaluations is bounded (`theory.spectrum.survey`): else `ConvergenceError`, which says what was
  not decided.

What is found, by arguments of the two modules named and by experience, not by proof:

* every gap inside a bulk that is wider than 1e-11 of y = λ − offset;
* every bulk between two points outside the support that shows in the counts, if it is wider than 1e-13 of y, whatever its mass.

What is not:

* bulks between an atom and the points of the scan next to it, at a hundredth of the smallest coupling: not looked for. Their mass would be
  missing, and `theory.spectrum.Spectrum.edges` refuses where more than 1e-8 is;
* narrower gaps and bulks, which the support is reported without.

Two equations have a construction that sees all edges at once, `theory.spectrum.scalar_edges`; ``tests/spectrum/test_edge_search.py`` compares.
`locate` and `scan_points` are called by `theory.spectrum.support` and by nobody else.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.continuation import beside
from ..equations.solution import solve
from ..errors import ConvergenceError
from .hidden_bulks import suspects
from .hidden_gaps import outside_points

if TYPE_CHECKING:
    from ..equations.general import GeneralSystem
    from .law import Spectrum
    from .survey import Survey

#: points of the scan per factor of ten of the distance to a type's s̄_j², and the smallest such distance, relative to the whole
PER_DECADE, CLOSEST = 16, 1e-9
#: the smallest distance is at most this fraction of the smallest coupling that makes a bulk
BELOW = 1e-2
#: a bulk that reaches below this fraction of the closest point has a hard edge
HARD = 1e-12
#: how near to a fold, relative to its bracket, it is shown to end a bulk
NEAR = 1e-2
#: a bracket of this length, relative to y, is the edge itself
SHORT = 1e-13


def locate(spectrum: "Spectrum", survey: "Survey") -> NDArray[np.float64]:
    """The edges in y = λ − offset, sorted, array of even length, with a `theory.spectrum.survey.Survey` to add to.

    Raises
    ------
    ConvergenceError
        The ends of bulks do not alternate, a fold was not found in its bracket, or `theory.spectrum.survey.BUDGET` points were not enough; it
        says what was not decided.

    Notes
    -----
    Cost: the scan, some 150 points on each side of a level s̄_j² (fewer where levels are close), and in most models 2 to 50 more.
    """
    with survey:
        if survey.inside[0]:  # a bulk that begins below the scan, or at a hard edge y = 0
            survey.add(survey.y[0] * np.geomspace(HARD, 0.5, 60), "a bulk below the scan")
        # nothing lies below y = 0
        below = -survey.y[0], survey.solve(-survey.y[:1], survey.x[:, :1])
        resolved, folds = set(), []
        while True:
            _divide_gaps(survey, below, [])
            folds = _folds(survey, folds)
            if _divide_gaps(survey, below, folds):
                continue
            edges = np.array(([0.0] if survey.inside[0] else []) + [y for y, _ in folds])
            if edges.size == 0 or edges.size % 2:
                raise ConvergenceError(
                    f"the ends of bulks between {spectrum.offset + survey.y[0]:.6g} and {spectrum.offset + survey.y[-1]:.6g} "
                    "do not pair up",
                    reason="support",
                )
            bulks = [bulk for bulk in map(tuple, edges.reshape(-1, 2).tolist()) if bulk not in resolved]
            gaps = outside_points(survey, np.array(bulks).reshape(-1, 2))
            if not gaps.any():
                survey.folds = tuple(folds)
                return edges
            resolved |= {bulk for bulk, has_gap in zip(bulks, gaps, strict=True) if not has_gap}


def _divide_gaps(survey, below, folds, rounds=60):
    """Add points between neighbours outside the support, ends of bulks among them, until no bulk is left that is known to lie there.

    ``below`` (y, unknowns) is a point below all bulks. Returns whether any point lies inside the support. Between an atom and
    its neighbours nothing is known.
    """
    spectrum, found = survey.spectrum, False
    atoms = np.array([location - spectrum.offset for location, _ in spectrum.system.atoms])
    for _ in range(rounds):
        inside = survey.inside
        y = np.concatenate([[below[0]], survey.y, [y for y, _ in folds]])
        x = np.hstack([below[1], survey.x, *(x[:, None] for _, x in folds)])
        within = np.concatenate([[False], inside, np.zeros(len(folds), bool)])
        order = np.argsort(y, kind="stable")
        y, x, within = y[order], x[:, order], within[order]
        left = np.flatnonzero(~within[1:] & ~within[:-1])
        left = left[~((atoms >= y[left, None]) & (atoms <= y[left + 1, None])).any(axis=1)]
        points = suspects(survey.system, y, x, left)
        if points.size == 0:
            return found
        words = f"a bulk near {spectrum.offset + points[0]:.10g}"
        found |= bool((survey.system.stieltjes(survey.add(points, words)).imag > 0).any())
    return found


def _folds(survey, known):
    """(y, unknowns) of the end of a bulk between each two neighbours of which one is outside; those ``known`` are not looked for again."""
    folds = []
    for k in survey.closing():
        old = [fold for fold in known if survey.y[k] < fold[0] < survey.y[k + 1]]
        out, within = (k + 1, k) if survey.inside[k] else (k, k + 1)
        folds.append(old[0] if len(old) == 1 else _edge(survey, *((survey.y[n], survey.x[:, n]) for n in (out, within))))
    return folds


def scan_points(system: "GeneralSystem") -> NDArray[np.float64]:
    """Sorted points y in (0, upper bound), (N,), dense towards every s̄_j² on both sides."""
    ensemble, offset = system.ensemble, system.offset
    size = system.upper_bound - offset
    closest = min(CLOSEST, BELOW * ensemble.smallest_coupling / size)
    distance = size * np.geomspace(closest, 1, int(-np.log10(closest) * PER_DECADE))
    levels = np.unique(ensemble.s2 - offset)
    points = [distance]
    for level in levels[levels > closest * size]:
        # between two levels the distance to the nearer one decides
        points += [level + distance, level - distance[distance < level]]
    y = np.unique(np.concatenate(points))
    y = y[(y > 0) & (y < size)]
    # where levels are many their grids overlap: no need for points closer than the grid of the nearest level would have them
    nearest = np.min(np.abs(y[:, None] - levels), axis=1)
    keep, last = [], -np.inf
    for point, near in zip(y, nearest, strict=True):
        if point - last > 0.5 * near * np.log(10) / PER_DECADE:
            keep.append(point)
            last = point
    return np.append(keep, size)


def _edge(survey, outside, inside, halvings=60):
    """The fold between a point outside the support and one inside, each given as (y, solution)."""
    spectrum, system = survey.spectrum, survey.system
    for _ in range(halvings):
        found = _fold(system, outside[1], outside[0], inside[0])
        if found is not None and _ends_a_bulk(system, found, outside, inside):
            return found
        if abs(outside[0] - inside[0]) <= SHORT * abs(outside[0]):
            break
        middle = np.array([(outside[0] + inside[0]) / 2 + 0j])
        survey.check(f"where the edge near {spectrum.offset + middle[0].real:.10g} is")
        here = beside(system, np.stack([outside[1], inside[1]], axis=1), middle)
        here = solve(system, middle)[0] if here is None else here
        if np.isnan(here[0, 0]):
            break
        point = middle[0].real, here[:, 0]
        if system.stieltjes(here)[0].imag > 0:
            inside = point
        else:
            outside = point
    low, high = sorted((outside[0], inside[0]))
    if high - low <= 1e-9 * high:
        return (low + high) / 2, outside[1]
    raise ConvergenceError(
        f"no fold was found between {spectrum.offset + low:.10g} and {spectrum.offset + high:.10g}", reason="support"
    )


def _ends_a_bulk(system, fold, outside, inside):
    """Whether points a hundredth of the way from the fold to the ends of its bracket are certified on either side."""
    y = fold[0] + NEAR * (np.array([outside[0], inside[0]]) - fold[0])
    for at, start, sign in ((y[0], outside, 0), (y[1], inside, 1)):
        at = np.array([at + 0j])
        x = beside(system, np.stack([fold[1] + 1j * sign * NEAR * np.abs(fold[1]), start[1]], axis=1), at)
        x = solve(system, at)[0] if x is None else x
        # what is within rounding of the fold is not certified, and as good
        if not np.isnan(x[0, 0]) and np.sign(system.stieltjes(x)[0].imag) != sign:
            return False
    return True


def _fold(system, x, outside, inside, steps=30):
    """Newton on the fold equations from a solution x at y = ``outside``; None unless it converges between the two points."""
    m, y = system.unknowns, outside
    low, high = sorted((outside, inside))
    # x and v are measured in units of ``sizes``
    rows, sizes = (scale[:, 0] for scale in system.scales(x[:, None]))
    slope = system.tangent(x[:, None], np.array([y + 0j]))[:, 0].real / sizes
    normal = slope / np.linalg.norm(slope)
    x, v = x.real / sizes, normal.copy()
    source = np.zeros(m)
    source[: system.resolvents] = -1  # ∂F/∂y
    source *= rows
    h = 1e-30
    for _ in range(steps):
        f, jacobian, second = system.second_order(sizes * x, y, sizes * v, h)
        f, jacobian, second = rows * f, rows[:, None] * jacobian * sizes, rows[:, None] * second * sizes
        matrix = np.zeros((2 * m + 1, 2 * m + 1))
        matrix[:m, :m], matrix[:m, -1] = jacobian, source
        matrix[m:-1, :m], matrix[m:-1, m:-1] = second, jacobian
        matrix[-1, m:-1] = normal
        right = np.concatenate([f, jacobian @ v, [normal @ v - 1]])
        if not np.isfinite(matrix).all():
            return None
        try:
            step = np.linalg.solve(matrix, -right)
        except np.linalg.LinAlgError:
            return None
        x, v, y = x + step[:m], v + step[m:-1], y + step[-1]
        if not low - (high - low) < y < high + (high - low):
            return None
        if abs(step[-1]) <= 1e-13 * abs(y) and np.linalg.norm(step[:m]) <= 1e-9 * np.linalg.norm(x):
            return (y, sizes * x + 0j) if low <= y <= high else None
    return None
