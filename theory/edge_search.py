r"""Edges of the bulk for the general equations, where the support is known only point by point.

Every real point is certified to lie inside the support (complex solution) or outside (real solution). A scan brackets the edges; each
is then the fold of the real solutions in its bracket, where the Jacobian has a null vector v:

    F(x, z) = 0,      J(x) v = 0,      ℓ·v = 1,

solved by Newton from the outside. The derivative of J v along x is the symmetric second derivative D²F[v, ·] = ∂_ε J(x + εv), one
evaluation of the Jacobian with a complex step: F is analytic and the fold is real.

What the scan steps over is looked for. A bulk between two points of a gap shows, however narrow: every q_j is the transform of a
probability measure and grows with z outside its support, so that it lies between any two points where some q_j is smaller at the
larger z. A rare type has a bulk of its own of that kind, of relative width √p_j, around the zero of 1/q_j. A gap inside a bulk is looked for
at the minima of the density. Mass that is still missing is reported (`theory.spectrum.Spectrum.edges`). Two equations have a sharper
construction, `theory.edges`.
"""

import numpy as np

from .continuation import beside
from .errors import ConvergenceError
from .progress import progress_bar

#: points of the scan per factor of ten of the distance to a type's s̄_j², and the smallest such distance, relative to the whole
PER_DECADE, CLOSEST = 16, 1e-9
#: a bulk that reaches below this fraction of the closest point has a hard edge
HARD = 1e-12
#: rounds in which gaps are looked for at the minima of the density
ROUNDS = 6


def locate(spectrum):
    """The edges in y = λ − offset, sorted, array of even length.

    Raises
    ------
    ConvergenceError
        The ends of bulks do not alternate, or a fold was not found in its bracket.
    """
    y = scan_points(spectrum.model.ensemble, spectrum.upper_bound, spectrum.offset)
    y, x = _classified(spectrum, y)
    for _ in range(ROUNDS):
        density = spectrum.shifted.stieltjes(x).imag
        dip = np.flatnonzero((density[1:-1] > 0) & (density[1:-1] < density[:-2]) & (density[1:-1] <= density[2:])) + 1
        # a gap shows as a dip that deepens as the grid is refined
        dip = dip[density[dip] < 0.5 * np.minimum(density[dip - 1], density[dip + 1])]
        if dip.size == 0:
            break
        between = [(y[dip] + y[dip + side]) / 2 for side in (-1, 1)]
        y, x = _join(y, x, *_classified(spectrum, np.unique(np.concatenate(between))))
    y, x = _hidden_bulks(spectrum, y, x)
    if spectrum.shifted.stieltjes(x)[0].imag > 0:  # a bulk that begins below the scan, or at a hard edge y = 0
        y, x = _join(y, x, *_classified(spectrum, y[0] * np.geomspace(HARD, 0.5, 60)))
    inside = spectrum.shifted.stieltjes(x).imag > 0
    left = np.flatnonzero(inside[1:] != inside[:-1])
    hard = [0.0] if inside[0] else []
    if left.size == 0 or (left.size + len(hard)) % 2:
        raise ConvergenceError(
            f"the ends of bulks between {spectrum.offset + y[0]:.6g} and {spectrum.offset + y[-1]:.6g} do not pair up"
        )
    edges = hard
    for k in progress_bar(left, desc="edges"):
        out, within = (k + 1, k) if inside[k] else (k, k + 1)
        edges.append(_edge(spectrum, (y[out], x[:, out]), (y[within], x[:, within])))
    return np.array(edges)


def scan_points(ensemble, upper_bound, offset):
    """Points y in (0, upper bound), dense towards every s̄_j² on both sides."""
    size = upper_bound - offset
    count = int(-np.log10(CLOSEST) * PER_DECADE)
    distance = size * np.geomspace(CLOSEST, 1, count)
    levels = np.unique(ensemble.s2 - offset)
    points = [distance]
    for level in levels[levels > CLOSEST * size]:
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


def _hidden_bulks(spectrum, y, x, halvings=60):
    """Add points until every q_j grows along every run of points outside the support."""
    for _ in range(halvings):
        q = x[: spectrum.shifted.resolvents]
        outside = spectrum.shifted.stieltjes(x).imag == 0
        falls = (np.diff(q.real, axis=1) < 0).any(axis=0) & outside[1:] & outside[:-1] & (np.diff(y) > 1e-13 * y[1:])
        k = np.flatnonzero(falls)
        if k.size == 0:
            break
        # not the middle, which may be an edge again and again
        y, x = _join(y, x, *_classified(spectrum, y[k] + 0.47 * (y[k + 1] - y[k])))
    return y, x


def _classified(spectrum, y):
    """The points that could be certified, with their solutions."""
    x, _ = spectrum.solve_shifted(y.astype(complex))
    known = ~np.isnan(x[0])
    return y[known], x[:, known]


def _join(y, x, more_y, more_x):
    y, x = np.append(y, more_y), np.hstack([x, more_x])
    order = np.argsort(y)
    return y[order], x[:, order]


def _edge(spectrum, outside, inside, halvings=60):
    """The fold between a point outside the support and one inside, each given as (y, solution)."""
    system = spectrum.shifted
    for _ in range(halvings):
        found = _fold(system, outside[1], outside[0], inside[0])
        if found is not None:
            return found
        middle = np.array([(outside[0] + inside[0]) / 2 + 0j])
        here = beside(system, np.stack([outside[1], inside[1]], axis=1), middle)
        here = spectrum.solve_shifted(middle)[0] if here is None else here
        if np.isnan(here[0, 0]):
            break
        point = middle[0].real, here[:, 0]
        if system.stieltjes(here)[0].imag > 0:
            inside = point
        else:
            outside = point
    low, high = sorted((outside[0], inside[0]))
    if high - low <= 1e-9 * high:
        return (low + high) / 2
    raise ConvergenceError(f"no fold was found between {spectrum.offset + low:.10g} and {spectrum.offset + high:.10g}")


def _fold(system, x, outside, inside, steps=30):
    """Newton on the fold equations from a solution x at y = ``outside``; None unless it converges between the two points."""
    m, y = system.unknowns, outside
    low, high = sorted((outside, inside))
    slope = system.tangent(x[:, None], np.array([y + 0j]))[:, 0].real
    normal = slope / np.linalg.norm(slope)
    x, v = x.real.copy(), normal.copy()
    source = np.zeros(m)
    source[: system.resolvents] = -1  # ∂F/∂z
    h = 1e-30
    for _ in range(steps):
        f, jacobian, second = system.second_order(x, y, v, h)
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
            return y if low <= y <= high else None
    return None
