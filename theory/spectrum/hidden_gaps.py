r"""Gaps inside a reported bulk, found by resolving the solution from edge to edge.

Inside the support some q_j has a positive imaginary part, and is analytic in y; in the variable θ of `theory.spectrum.integration`, which
removes the square roots at the ends of a bulk, also at the ends. So the bulk is divided into intervals until on each the solution is known:
for one j the cubic that takes its values and slopes at the two ends, with log q_j for its variable, predicts the value at a third point within
`VALUE` and its slope within `SLOPE`, both relative to the imaginary part. An interval that fails is divided at that point, and either
a point turns up that is certified to lie outside the support, which is a gap, or all intervals are resolved.

A gap cannot hide: at both its ends every imaginary part vanishes, and near a narrow gap as the cube root of the distance, so that the
disturbance reaches far beyond the gap. Among the solutions of u³ + pu = s, the form of every gap about to open or just opened, none
passes with `VALUE` and `SLOPE` twice as large, wherever the gap lies and however narrow it is (``tests/spectrum/test_edge_search.py``). What
is missed is a gap narrower than `RESOLUTION` relative to y: intervals as short are not divided.

`outside_points` is called by `theory.spectrum.edge_search`, which finds the edges of a gap once there is a point in it. `VALUE` and `SLOPE` have
a factor of two to spare; smaller ones cost points.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from .integration import HARD, angle, bulk_map

if TYPE_CHECKING:
    from ..equations.general import GeneralSystem
    from .survey import Survey

#: largest errors of the predicted value and slope (times the interval's length), relative to the imaginary part
VALUE, SLOPE = 0.1, 0.4
#: intervals shorter than this, relative to y, are not divided
RESOLUTION = 1e-11
#: a point that cannot be certified is an edge, or two of them, if the interval is shorter than this, relative to y
UNCERTIFIED = 1e-8
#: points closer to an edge than this, relative to y, have no reliable θ
DIGITS = 1e-10


class _Points:
    """Points of one or more bulks with θ, log q_j and d log q_j/dθ; those across an edge are mirror images."""

    def __init__(self, system: "GeneralSystem") -> None:
        self.system = system
        # a type without couplings has a real q_j everywhere
        self.coupled = np.flatnonzero(~system.decoupled[: system.resolvents])
        J = self.coupled.size
        self.theta, self.y, self.bulk = np.zeros(0), np.zeros(0), np.zeros(0, int)
        self.log, self.slope = np.zeros((J, 0), complex), np.zeros((J, 0), complex)
        self.x = np.zeros((system.unknowns, 0), complex)

    def add(self, theta: NDArray, y: NDArray, bulk: NDArray[np.intp], x: NDArray, dy: NDArray) -> NDArray[np.intp]:
        """Certified points inside the support; returns their indices."""
        first, q = self.y.size, x[self.coupled]
        slope = self.system.tangent(x, y.astype(complex))[self.coupled] / q * dy
        self._append(theta, y, bulk, np.log(q), slope, x)
        return np.arange(first, self.y.size)

    def mirror(self, k: NDArray[np.intp], about: float) -> NDArray[np.intp]:
        """The continuation around the square root at θ = ``about``: q_j becomes its conjugate."""
        first = self.y.size
        log = self.log[:, k].conj()
        log = log + 2j * np.pi * (log.imag < -np.pi / 2)  # on the side of the axis on which the end lies
        self._append(2 * about - self.theta[k], self.y[k], self.bulk[k], log, -self.slope[:, k].conj(), self.x[:, k])
        return np.arange(first, self.y.size)

    def _append(self, theta, y, bulk, log, slope, x):
        self.theta, self.y, self.bulk = np.append(self.theta, theta), np.append(self.y, y), np.append(self.bulk, bulk)
        self.log, self.slope = np.hstack([self.log, log]), np.hstack([self.slope, slope])
        self.x = np.hstack([self.x, x])

    def resolved(self, left: NDArray, middle: NDArray, right: NDArray) -> NDArray[np.bool_]:
        """Whether the middle point is where its neighbours predict it, for some q_j; arrays of indices."""
        f, g = self.log[:, left], self.log[:, right]
        length = self.theta[right] - self.theta[left]
        a = (self.theta[middle] - self.theta[left]) / length
        b = 1 - a
        first, last = length * self.slope[:, left], length * self.slope[:, right]
        value = (1 + 2 * a) * b**2 * f + a * b**2 * first + a**2 * (3 - 2 * a) * g - a**2 * b * last
        slope = 6 * a * b * (g - f) + b * (1 - 3 * a) * first + a * (3 * a - 2) * last
        scale = np.sin(self.log[:, middle].imag)
        good = np.abs(value - self.log[:, middle]) < VALUE * scale
        return (good & (np.abs(slope - length * self.slope[:, middle]) < SLOPE * scale)).any(axis=0)


def outside_points(survey: "Survey", bulks: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Add points to the survey until every bulk, a row (low, high) of ``bulks``, is resolved or has a gap.

    Returns
    -------
    bool array (len(bulks),)
        True for the bulks in which a point outside the support was found.

    Raises
    ------
    ConvergenceError
        The budget of the survey is spent, or a point inside could not be certified.
    """
    points = _Points(survey.system)
    gaps = np.zeros(len(bulks), bool)
    inside = survey.inside
    done, pending = [], []  # triples (left, middle, right) with a middle, pairs (left, right, θ) that need one
    for k, (low, high) in enumerate(bulks):
        # points next to an edge may be too close to it for their distance to have any digits
        start = max(low * (1 + DIGITS), high * HARD / DIGITS)
        within = np.flatnonzero(inside & (survey.y > start) & (survey.y < high * (1 - DIGITS)))
        theta = angle(survey.y[within], low, high)
        if within.size == 0:
            continue
        index = points.add(
            theta, survey.y[within], np.full(within.size, k), survey.x[:, within], bulk_map(theta, low, high)[1]
        )
        count = index.size
        done += [index[n : n + 3] for n in range(0, count - 2, 2)]
        if count % 2 == 0:
            pending.append((index[-2], index[-1], theta[-2:].mean()))
        if low > 0:  # at a hard edge y = 0 the solution is a power of y down to 0
            pending.append((*points.mirror(index[:1], 0.0), index[0], theta[0] / 2))
        pending.append((index[-1], *points.mirror(index[-1:], np.pi), (theta[-1] + np.pi) / 2))
    triples = np.array(done, int).reshape(-1, 3)
    pending += _halves(points, triples[~points.resolved(*triples.T)])
    while pending:
        left, right = np.array([p[:2] for p in pending]).T
        theta = np.array([p[2] for p in pending])
        bulk = points.bulk[left]
        y, dy = bulk_map(theta, *bulks[bulk].T)
        length = np.abs(points.y[right] - points.y[left])
        length = np.where(length == 0, 2 * np.abs(y - points.y[left]), length)  # an interval about an edge
        keep = (length > RESOLUTION * y) & (y > bulks[bulk, 0]) & (y < bulks[bulk, 1])
        order = np.flatnonzero(keep)[np.argsort(y[keep])]
        if order.size == 0:
            break
        left, right, theta, y, dy, bulk, length = (v[order] for v in (left, right, theta, y, dy, bulk, length))
        starts = (points.x[:, left] + points.x[:, right]) / 2
        words = f"a gap near {survey.spectrum.offset + y[0]:.10g}"
        x = survey.add(y, words, starts)
        unknown = np.isnan(x[0])
        if (unknown & (length > UNCERTIFIED * y)).any():
            k = np.flatnonzero(unknown & (length > UNCERTIFIED * y))[0]
            raise ConvergenceError(
                f"no certified solution at {survey.spectrum.offset + y[k]:.12g}, where a gap was looked for",
                reason="point",
            )
        outside = survey.system.stieltjes(x).imag == 0
        gaps[bulk[outside]] = True
        n = np.flatnonzero(~unknown & ~outside)
        middle = points.add(theta[n], y[n], bulk[n], x[:, n], dy[n])
        triples = np.stack([left[n], middle, right[n]], axis=1)
        pending = _halves(points, triples[~points.resolved(*triples.T)])
    return gaps


def _halves(points, triples):
    """The pairs (left, right, θ between them) that an unresolved triple leaves to be looked at."""
    pairs = []
    for left, middle, right in triples:
        for end in (left, right):
            about = 0.0 if points.theta[end] < 0 else np.pi if points.theta[end] > np.pi else None
            if about is not None:  # across an edge the interval ends at the mirror image of its other end
                (end,) = points.mirror(np.array([middle]), about)
            at = (points.theta[middle] + (points.theta[end] if about is None else about)) / 2
            pairs.append((*sorted((end, middle), key=lambda n: points.theta[n]), at))
    return pairs
