r"""The real solutions of the two scalar equations, as curves on which y is explicit; `theory.spectrum.scalar_edges` has the equations.

For each δ on one of three segments of the real axis (`segment`, kinds 0, 1, 2, drawn there) the first equation has as many real solutions
x = 1/q as it has poles in x. They are the *branches*, counted from the smallest x: one between any two neighbouring poles, and one more below
all of them (δ < 0) or above (δ > 0). A point of a curve is therefore (kind, τ, branch), and `RealCurve.evaluate` says what x, y and the
stability R are there. A branch is *open* at a δ unless it is known without solving that it lies inside the support there: only open ones are
evaluated.

Used by `theory.spectrum.scalar_edges`, which looks for R = 1; where it looks is decided by `decades`, `null_direction` and
`between_crossings`. Checked by ``tests/spectrum/test_edge_scan.py`` and ``tests/spectrum/test_edges.py``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import artefacts

if TYPE_CHECKING:
    from ..data.continuum import Continuum


class RealCurve:
    """The real solutions (x, δ, y) for the parameters (ψ_p, ψ_n, α, b, v) and the nodes of ρ_Σ.

    ``continuous`` are the intervals (`theory.data.continuum.Continuum`) of which the nodes are a rule: branches inside them are none.
    """

    def __init__(
        self, parameters: Sequence[float], nodes: NDArray, weights: NDArray, continuous: "Sequence[Continuum]" = ()
    ) -> None:
        self.continuous = continuous
        self.psi_p, self.psi_n, alpha, b, v, *_ = parameters
        self.alpha2, self.b2, self.v2 = alpha**2, b**2, v**2
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

    def solve(self, delta: NDArray, one_plus_delta: NDArray, branch: NDArray[np.intp]) -> tuple[NDArray, NDArray]:
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

    def open_branches(self, delta: NDArray, one_plus_delta: NDArray) -> NDArray[np.bool_]:
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
            inner &= ~artefacts.enclosed(np.where(self.is_data, self.pole_nodes, np.nan)[order], self.continuous)
        always = np.ones((delta.size, 1), bool)
        return np.where((delta > 0)[:, None], np.hstack([inner, always]), np.hstack([always, inner]))

    def evaluate(
        self, delta: NDArray, one_plus_delta: NDArray, branch: NDArray[np.intp]
    ) -> tuple[NDArray, NDArray, NDArray]:
        """(x, y, R) at (δ, 1 + δ) on the branches, shapes (N,)."""
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

    def null_direction(self) -> tuple[float, ...]:
        """τ of `segment` at x = −ψ_p b², inside the bulk, however narrow, of the directions in which there is only noise.

        There A is the share of nonzero eigenvalues of Σ over ψ_n, and Y is infinite if an eigenvalue is zero. () without b.
        """
        share = self.weights[self.nodes > 0].sum()
        if self.b2 == 0 or share == self.psi_n:
            return ()
        delta = (share - self.v2 / self.b2) / (self.psi_n - share)
        if delta in (0, -1):
            return ()
        return (np.log(delta if delta > 0 else -1 - delta if delta < -1 else -delta / (1 + delta)),)

    def between_crossings(self, step: float) -> NDArray[np.float64] | tuple[()]:
        """τ of `segment` between the places where poles −c_i pass x = 0, at 1 + δ = −α²λ_i/b²; those closer than the scan's ``step``.

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

    def decades(self) -> float:
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


def segment(kind: NDArray[np.intp], tau: NDArray) -> tuple[NDArray, NDArray]:
    """(δ, 1 + δ) for δ < −1, −1 < δ < 0 and δ > 0 (``kind`` 0, 1, 2), logarithmic towards every end; arrays."""
    power = np.exp(tau)
    delta = np.choose(kind, [-1 - power, -1 / (1 + 1 / power), power])
    return delta, np.choose(kind, [-power, 1 / (1 + power), 1 + power])
