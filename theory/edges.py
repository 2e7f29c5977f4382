r"""Edges of the bulk, from all real solutions of the saddle point at once.

In y = z − s_t², with x = 1/q, c_i = ψ_p h_i and h_i = b² + α²λ_i/(1+δ), the two equations read

    δ = (ψ_p/ψ_n) (v²/x + α² Σ w_i λ_i/(x + c_i)),        y = v²/(1+δ) + Σ w_i x h_i/(x + c_i) − x.

For real δ ≠ 0 the right side of the first falls from +∞ to −∞ between any two of its poles in x: all its solutions x are
real, one in each interval, and form curves over δ, on which the second equation gives y explicitly. By the third certificate
of `theory.saddle` a point of them lies outside the support if and only if dq/dy > 0 and dδ/dy > 0, and every y outside the
support is reached once. Differentiated, that is the stability of a fixed point: with

    Y = ψ_p Σ w_i h_i²/(x+c_i)²,   A = (ψ_p²/ψ_n) α⁴/(1+δ)² Σ w_i λ_i²/(x+c_i)²,   M = v²/x² + α² Σ w_i λ_i/(x+c_i)²,

it says R < 1 for the Perron eigenvalue R of a 2 × 2 matrix with diagonal (Y, A) and product (ψ_p/ψ_n) x²M²/(1+δ)² off it.
Edges are the points with R = 1: no gap is looked for in the density, however narrow the bulks beside it.

**No bulk hides between two points of one curve.** The phases of the logarithms in `theory.symbolic.action` say which share of the
eigenvalues lies below a point outside the support, ([·] is 1 or 0),

    N = [x<0] (1 − 1/ψ_p) + Σ w_i [x+c_i<0]/ψ_p − [1+δ<0] ψ_n/ψ_p,

so that across a bulk, which has mass, one of these signs changes. At fixed signs of δ and 1 + δ a curve stays between two poles, at each of
which one of them changes; what is left is λ_i = 0, which makes no pole (`RealCurve.null_direction`), and for δ < −1 the place where a pole
−c_i passes the one at 0. There x > 0 follows, and then A >= 1: with m_i = α²λ_i|g|/(x+c_i), the first equation gives
Σ w_i m_i <= −|δg| ψ_n/ψ_p, where |δg| > 1; m_i < −1/ψ_p where it is negative, say with total weight w; so A = (ψ_p²/ψ_n) Σ w_i m_i²
exceeds both w/ψ_n and ψ_n/w. Gaps may be as narrow as they like: R is followed to its minima.

This is the construction of Silverstein and Choi (1995) for two coupled equations; derived here, checked against the discriminant
(`theory.symbolic.elimination`) and the determinant of the Jacobian by ``tests/test_edges.py``, the counts by ``tests/test_edge_counts.py``.
"""

from functools import cache

import numpy as np
import sympy as sp

from . import continuum
from .digits import mp, rounded, to_mpf
from .errors import ConvergenceError
from .late_times import limit_rows
from .symbolic import symbols as S
from .symbolic.evaluate import evaluator
from .symbolic.saddle_point import saddle_point

#: points of the scan per factor of ten in δ, 1 + δ or −1 − δ
PER_DECADE = 12
#: R below this counts as below 1: at a hard edge R tends to 1, with rounding errors around it
STABLE = 1 - 1e-12


class RealCurve:
    """The real solutions (x, δ, y) for the parameters (ψ_p, ψ_n, α, b, v) and the nodes of ρ_Σ.

    ``continuous`` are the intervals (`theory.continuum.Continuum`) of which the nodes are a rule: branches inside them are none.
    """

    def __init__(self, parameters, nodes, weights, continuous=()):
        self.continuous = continuous
        self.psi_p, self.psi_n, self.alpha2, self.b2, self.v2 = (*parameters[:2], *(c**2 for c in parameters[2:5]))
        self.ratio = self.psi_p / self.psi_n
        # an eigenvalue that is rounded away wherever it is added counts as zero, which it is to all these digits
        # (few samples multiply what is left of it by up to n^{-1})
        nodes = np.where(self.alpha2 * nodes * max(1, 1 / self.psi_n) < 1e-18 * self.b2, 0, nodes)
        self.nodes, index = np.unique(nodes, return_inverse=True)
        self.weights = np.bincount(index, weights)
        # the poles in x: 0 (where v ≠ 0), and −c_i (where λ_i ≠ 0)
        poles = [(False, 0.0, 0.0, self.ratio * self.v2)] if self.v2 > 0 else []
        residues = self.ratio * self.alpha2 * self.weights * self.nodes
        self.node_has_pole = residues > 0
        poles += [(True, *row) for row in zip(self.nodes, self.weights, residues, strict=True) if row[-1] > 0]
        self.branches = len(poles)
        columns = zip(*poles, strict=True) if poles else ((),) * 4
        self.is_data, self.pole_nodes, self.pole_weights, self.residues = map(np.array, columns)

    def _poles(self, g):
        """Poles in increasing order, their residues, and the permutation; each of shape (N, poles)."""
        data = -self.psi_p * (self.b2 + self.alpha2 * self.pole_nodes * g[:, None])
        poles = np.where(self.is_data, data, 0.0)
        order = np.argsort(poles, axis=1)
        return np.take_along_axis(poles, order, 1), self.residues[order], order

    def solve(self, delta, one_plus_delta, branch):
        """x, shape (N,), and x − poles, shape (N, poles), at (δ, 1 + δ) on the branches counted from the smallest x."""
        poles, residues, order = self._poles(1 / one_plus_delta)
        total = 2 * self.residues.sum() / np.abs(delta)  # twice the distance at which the outermost solution can lie
        first, last = poles[:, :1] - total[:, None], poles[:, -1:] + total[:, None]
        # the outermost solution lies below the first pole for δ < 0, beyond the last for δ > 0
        up = (delta > 0)[:, None]
        walls = np.where(up, np.hstack([poles, last]), np.hstack([first, poles]))
        none = np.zeros_like(first)
        residues = np.where(up, np.hstack([residues, none]), np.hstack([none, residues]))
        rows, k = np.arange(delta.size), branch
        left, right = walls[rows, k], walls[rows, k + 1]
        width = right - left
        below = np.arange(walls.shape[1]) <= k[:, None]
        distance = np.where(below, left[:, None] - walls, walls - right[:, None])
        left_residues, right_residues = np.where(below, residues, 0.0), np.where(below, 0.0, residues)
        t = u = width / 2  # the distances of x to its two walls
        # Each side's poles are replaced by a constant and one pole at the wall, with equal value and slope, and the
        # resulting quadratic is solved: as for the eigenvalues of a rank-one update (Bunch, Nielsen, Sorensen, 1978).
        for _ in range(100):
            inverse = 1 / (distance + np.where(below, t[:, None], u[:, None]))
            b = t**2 * np.sum(left_residues * inverse**2, axis=1)
            d = u**2 * np.sum(right_residues * inverse**2, axis=1)
            rest = np.sum((left_residues - right_residues) * inverse, axis=1) - b / t + d / u - delta
            old, (t, u) = t, _between_walls(rest, b, d, width)
            if np.all(np.abs(t - old) <= 1e-15 * np.maximum(t, u)):
                break
        gaps = np.where(below, distance + t[:, None], -distance - u[:, None])
        gaps = np.where(up, gaps[:, :-1], gaps[:, 1:])
        return np.where(t < u, left + t, right - u), np.take_along_axis(gaps, np.argsort(order, axis=1), 1)

    def open_branches(self, delta, one_plus_delta):
        """False where R > 1 on a whole branch is known without solving, shape (N, branches).

        Between two data poles that are close for their weights, as in the quadrature of a continuous law, the two terms of A
        or of Y that belong to them exceed 1 by themselves: the least value of a/s² + b/(l − s)² is (∛a + ∛b)³/l².
        """
        g = 1 / one_plus_delta
        poles, _, order = self._poles(g)
        weights = self.pole_weights[order]
        terms_a = np.cbrt(self.psi_p * self.ratio * weights * (self.alpha2 * g[:, None] * self.pole_nodes[order]) ** 2)
        terms_y = np.cbrt(weights * poles**2 / self.psi_p)
        with np.errstate(divide="ignore"):
            least = [(t[:, 1:] + t[:, :-1]) ** 3 / np.diff(poles, axis=1) ** 2 for t in (terms_a, terms_y)]
        both_data = self.is_data[order][:, 1:] & self.is_data[order][:, :-1]
        inner = ~(both_data & (np.maximum(*least) > 1))
        if self.continuous:
            inner &= ~continuum.enclosed(np.where(self.is_data, self.pole_nodes, np.nan)[order], self.continuous)
        always = np.ones((delta.size, 1), bool)
        return np.where((delta > 0)[:, None], np.hstack([inner, always]), np.hstack([always, inner]))

    def evaluate(self, delta, one_plus_delta, branch):
        """(x, y, R), shapes (N,)."""
        with np.errstate(all="ignore"):
            (x, gaps), g = self.solve(delta, one_plus_delta, branch), 1 / one_plus_delta
            h = self.b2 + self.alpha2 * self.nodes * g[:, None]
            inverse = 1 / (x[:, None] + self.psi_p * h)
            inverse[:, self.node_has_pole] = 1 / gaps[:, self.is_data]  # without cancellation
            y = self.v2 * g + x * ((h * inverse) @ self.weights - 1)
            diagonal_q = self.psi_p * (h * inverse) ** 2 @ self.weights
            diagonal_delta = self.psi_p * self.ratio * (self.alpha2 * g) ** 2 * ((self.nodes * inverse) ** 2 @ self.weights)
            product = self.ratio * (g * (self.v2 / x + self.alpha2 * x * ((self.nodes * inverse**2) @ self.weights))) ** 2
            half_sum, half_difference = (diagonal_q + diagonal_delta) / 2, (diagonal_q - diagonal_delta) / 2
            perron = half_sum + np.sqrt(half_difference**2 + product)
        return x, y, np.where(np.isfinite(perron + y), perron, np.inf)

    def null_direction(self):
        """τ of `_segment` at x = −ψ_p b², inside the bulk, however narrow, of the directions in which there is only noise.

        There A is the share of nonzero eigenvalues of Σ over ψ_n, and Y is infinite if an eigenvalue is zero. () without b.
        """
        share = self.weights[self.nodes > 0].sum()
        if self.b2 == 0 or share == self.psi_n:
            return ()
        delta = (share - self.v2 / self.b2) / (self.psi_n - share)
        if delta in (0, -1):
            return ()
        return (np.log(delta if delta > 0 else -1 - delta if delta < -1 else -delta / (1 + delta)),)

    def between_crossings(self, step):
        """τ of `_segment` between the places where poles −c_i pass x = 0, at 1 + δ = −α²λ_i/b²; those closer than the scan's ``step``.

        Between two of them x lies between the pole 0 and one beside it. The noise bulks of λ_i that differ little part there, on a
        stretch of the curve as short as that.
        """
        positive = self.nodes[self.nodes > 0]
        if self.b2 == 0 or positive.size < 2:
            return ()
        at = np.log(self.alpha2 / self.b2) + np.log(positive)
        widths = np.diff(at)
        close = widths < 5 * step
        return (at[:-1][close, None] + widths[close, None] * np.array([0.05, 0.25, 0.5, 0.75, 0.95])).ravel()

    def decades(self):
        """Half the logarithmic range to scan: all the ratios at which a term of the equations may take over."""
        positive = self.nodes[self.nodes > 0]
        b2, v2 = max(self.b2, 1e-300), max(self.v2, 1e-300)
        top = self.psi_p * (b2 + self.alpha2 * self.nodes[-1]) + v2
        scales = [self.ratio, self.psi_p, self.psi_n, self.residues.sum() / top]
        if self.alpha2 > 0 and positive.size:
            scales.append(positive[-1] / positive[0])
            several = max(1, 1 / self.psi_n) * np.sqrt(max(1, self.psi_p))
            scales += [
                *(self.alpha2 * positive / b2),
                self.alpha2 * positive[-1] / b2 * several,
                *(self.alpha2 * positive * self.psi_n / v2) * (self.v2 > 0),
            ]
        if self.v2 > 0 and self.b2 > 0:
            scales.append(v2 / (self.psi_n * b2))
        off_hard_edge = abs(1 - (float(self.b2 > 0) + self.psi_n * (self.v2 > 0)) / self.psi_p)
        scales = np.array([s for s in [*scales, off_hard_edge] if s > 0])
        return 3 + np.max(np.abs(np.log10(scales)))


def _between_walls(s, b, d, width):
    """Solve s + b/t − d/u = 0 with t + u = width, both positive, each without cancellation."""
    root = np.hypot(s * width + b - d, 2 * np.sqrt(b * d))
    t_linear, u_linear = s * width - b - d, -s * width - b - d
    t = np.where(t_linear <= 0, 2 * b * width / (root - t_linear), (root + t_linear) / (2 * s))
    u = np.where(u_linear <= 0, 2 * d * width / (root - u_linear), (root + u_linear) / (-2 * s))
    return t, u


def _segment(kind, tau):
    """(δ, 1 + δ) for δ < −1, −1 < δ < 0 and δ > 0 (``kind`` 0, 1, 2), logarithmic towards every end; arrays."""
    power = np.exp(tau)
    delta = np.choose(kind, [-1 - power, -1 / (1 + 1 / power), power])
    return delta, np.choose(kind, [-power, 1 / (1 + power), 1 + power])


@np.errstate(all="ignore")
def locate(spectrum, system=None, continuous=()):
    """Edges in y = λ − s_t², sorted, and (q, δ) there: array of shape (edges, 3) with rows (y, q, δ).

    Of the law of the nodes; of a continuous ρ_Σ with the ``system`` of its graded rule and the intervals (`theory.continuum`).
    Raises `ConvergenceError` if ends of bulks do not alternate, which means that one was missed.
    """
    system = system or spectrum.shifted
    curve = RealCurve(system.parameters, system.nodes, system.weights, continuous)
    if curve.branches == 0:
        return limit_rows(spectrum.resolved)
    reach = curve.decades() * np.log(10)
    tau = np.linspace(-reach, reach, int(2 * reach / np.log(10) * PER_DECADE))
    # gaps between the nodes of a continuum are none
    between = () if spectrum.model.data.continuous else curve.between_crossings(tau[1] - tau[0])
    tau = np.unique([*tau, *curve.null_direction(), *between])
    kind, tau = (a.ravel() for a in np.meshgrid(range(3), tau, indexing="ij"))

    def stability(tau, kind, branch):
        return curve.evaluate(*_segment(kind, tau), branch)

    scan = np.nonzero(curve.open_branches(*_segment(kind, tau)))
    perron = np.full((kind.size, curve.branches), np.inf)
    perron[scan] = stability(tau[scan[0]], kind[scan[0]], scan[1])[2]
    # (kind, branch, τ)
    perron = np.moveaxis(perron.reshape(3, -1, curve.branches), 2, 1)
    tau = tau.reshape(3, -1)[0]
    outside = perron < STABLE
    kinds, branches, left = np.nonzero(outside[..., 1:] != outside[..., :-1])
    left_is_outside = outside[kinds, branches, left]
    inner, outer = tau[np.where(left_is_outside, left, left + 1)], tau[np.where(left_is_outside, left + 1, left)]
    # gaps between two points of the scan: follow R to each of its local minima above 1 (bulks have ends on different curves)
    middle, inside = perron[..., 1:-1], ~outside[..., 1:-1]
    kind, branch, left = np.nonzero(inside & (middle < perron[..., :-2]) & (middle <= perron[..., 2:]))
    low, best, high = tau[left], tau[left + 1], tau[left + 2]
    best, found = _descend(lambda t: stability(t, kind, branch)[2], low, best, high, STABLE)
    inner, outer = np.concatenate([inner, best[found], best[found]]), np.concatenate([outer, low[found], high[found]])
    kinds, branches = (np.concatenate([x, y[found], y[found]]) for x, y in ((kinds, kind), (branches, branch)))
    if kinds.size == 0:
        raise ConvergenceError(f"no edge was found for {spectrum}")

    # δ grows with y outside the support: a bulk opens where the outside part ends towards larger δ (before the bisection
    # below, in which both ends may become one number)
    opens = (outer > inner) == (kinds == 2)
    for _ in range(52):
        middle = (inner + outer) / 2
        is_outside = stability(middle, kinds, branches)[2] < STABLE
        inner, outer = np.where(is_outside, middle, inner), np.where(is_outside, outer, middle)
    delta, one_plus_delta = _segment(kinds, inner)
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
        raise ConvergenceError(f"the edges at s_t² + {rows[:, 0]} do not pair up into bulks", np.nan)
    return rows


@cache
def _fold_equations():
    """(F_q, F_δ, det J) and their 3 × 3 Jacobian in (q, δ, z), row by row: all three vanish at an edge."""
    f = saddle_point().reduced
    jacobian = [[sp.diff(row, x) for x in (S.q, S.delta)] for row in f]
    determinant = jacobian[0][0] * jacobian[1][1] - jacobian[0][1] * jacobian[1][0]
    equations = (*f, determinant)
    return equations + tuple(sp.diff(e, x) for e in equations for x in (S.q, S.delta, S.z))


def refine_all(spectrum, dps):
    """The edges to ``dps`` digits, by Newton on the fold equations with mp; without intervals that are one number to these digits."""
    with mp.workdps(dps + 15):
        s2 = to_mpf(spectrum.model.coefficients_mpmath(dps + 15).s2)
        system = spectrum.system_mpmath(dps, shifted=True)
        # so close to s_t² that twelve digits of y are enough, where to more of them v may be zero
        near = mp.mpf(10) ** (10 - dps) * s2
        edges = [s2 + (to_mpf(row[0]) if row[0] <= near else _refine(system, row, dps)) for row in spectrum.edge_table]
        tiny = mp.mpf(10) ** (1 - dps)
        pairs = [pair for pair in zip(edges[::2], edges[1::2], strict=True) if pair[1] - pair[0] > tiny * pair[1]]
    return tuple(rounded(edge, dps) for pair in pairs for edge in pair)


def _refine(system, row, dps):
    y, q, delta = map(mp.mpf, map(float, row))
    evaluate = evaluator(_fold_equations(), (S.q, S.delta, S.z), "mpmath")
    unknowns = mp.matrix([q, delta, y])
    goal, step = mp.mpf(10) ** (-dps - 5), [mp.inf]
    for _ in range(60):
        values = evaluate(tuple(unknowns), system.parameters, system.nodes, system.weights)
        # in relative steps and with rows of order one: late in the diffusion δ is many orders smaller than the others
        rows = [[value * unknown for value, unknown in zip(values[k : k + 3], unknowns, strict=True)] for k in (3, 6, 9)]
        sizes = [max(map(abs, row)) or mp.mpf(1) for row in rows]
        jacobian = mp.matrix([[value / size for value in row] for row, size in zip(rows, sizes, strict=True)])
        right = mp.matrix([-value / size for value, size in zip(values, sizes, strict=False)])
        try:
            relative = mp.lu_solve(jacobian, right)
        except ZeroDivisionError:
            break
        step = mp.matrix([a * b for a, b in zip(relative, unknowns, strict=True)])
        unknowns += step
        if all(abs(step[i]) <= goal * abs(unknowns[i]) for i in range(3)):
            if abs(unknowns[2] - y) < 1e-6 * abs(y):
                return unknowns[2]
            break
    raise ConvergenceError(
        f"the edge at s_t² + {mp.nstr(y, 8)} could not be refined to {dps} digits; ask for fewer",
        max(abs(x) for x in step),
    )
