r"""Which gaps of the general equations are gaps of the continuum that types and nodes of ρ_Σ stand for.

The label ω of a feature (its bias, its projections on far centroids: a Gaussian vector) is continuous, and so may ρ_Σ be. A few types and
nodes have them to rounding in averages, but each of small weight has a bulk of its own. Called by `theory.spectrum.support`: `locate` takes
the edges of the types and nodes, found by `theory.spectrum.edge_search`, and returns those of the continuum. It adds and joins, and finds no
new bulk.

What belongs to the continuum is decided by the solution in the gap, as for two equations (`theory.spectrum.artefacts`): 1/q_ω = K_ω(z) is a
continuous function of the label, that of a *single* feature with it, whatever its share, and does not vanish outside the support of the
continuum; nor does det(1 + Ĥ_λT) for a λ in an interval of ρ_Σ. A real z is *covered* if K_ω(z) has both signs over the labels, or the
determinant a zero in λ there.

* A gap in which two types have q_j of opposite signs, or that has such a λ between two nodes, is an artefact all over, since no 1/q_j
  vanishes in it: the bulks on both sides are one. Atoms of single types are absorbed in the same way.
* The others are gaps of the continuum. What labels beyond the nodes cover of them is added to the bulk beside it: there the edge is the
  eigenvalue that a single feature of the outermost label has, and depends on no share.

A Gaussian label has no outermost value. Labels up to `REACH` standard deviations are taken, which leaves out a share of 1e-9 of the features,
about what `theory.couplings.feature_types` leaves out. For b → ±∞ the couplings of tanh, erf and all else that becomes constant vanish, as do
those of ReLU on one side: the lower edge goes to 0 with the reach, with hardly a feature there. Polynomials have no upper edge in the
same sense.

What the number of types still does: with 4, 8, 16 types against 24 (ψ = 2/1.5, t = 0.3, bias 1.5) the edges made by the reach move by less
than 2e-4 (tanh, erf) or 1e-7 (ReLU), the upper edge by 1e-3, 2e-5, 1e-8 (ReLU 4e-5, 3e-7, 1e-9), the edges of the gap by 1e-2, 3e-3, 4e-4
(erf) or 1e-2, 1e-3, 3e-5 (tanh). The number of intervals is the same throughout.
Labels that are wide for the activation need more: six types for far projections of standard deviation 2 (tanh, ψ = 2/3, t = 0.1) put the
upper edge a fifth too low. It is not refused; the edges of twice the types tell.
Derived here, checked by ``tests/spectrum/test_label_continuum.py``.
"""

from dataclasses import replace
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eig

from ..couplings.feature_types import labels
from ..couplings.type_couplings import label_couplings
from ..data.mixture import as_mixture
from ..equations import continuation
from ..equations.general import GeneralSystem
from ..equations.response import fields
from ..equations.solution import solve
from ..errors import ConvergenceError

if TYPE_CHECKING:
    from .law import Spectrum

#: standard deviations up to which labels count, and the number of radii and of angles (two directions) at which they are looked at
REACH, RADII, ANGLES = 6.11, 24, 16
#: how close to the ends of a gap, relative to its width, it is looked at, and to what an edge is bisected
MARGIN, CLOSE = 1e-6, 1e-13
#: an eigenvalue λ with an imaginary part below this, relatively, is real
REAL = 1e-9


def locate(spectrum: "Spectrum", node_edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The edges of the continuum in y = λ − offset, sorted, from those of the types and nodes."""
    support = ContinuousSupport(spectrum)
    if not support.has_continuum:
        return node_edges
    atoms = [(location - spectrum.offset,) * 2 for location, _ in spectrum.system.atoms]
    barriers = sorted([*atoms, *map(tuple, node_edges.reshape(-1, 2))])
    intervals = [list(barriers[0])]
    for (_, low), (start, stop) in pairwise(barriers):
        gap = support.uncovered(low, start) if start > low else None
        if gap is None:
            intervals[-1][1] = max(intervals[-1][1], stop)
        else:
            intervals[-1][1] = gap[0]
            intervals.append([gap[1], stop])
    intervals[0][0] = support.lowest(intervals[0][0])
    intervals[-1][1] = support.highest(intervals[-1][1])
    return np.array([edge for low, high in intervals if high > low for edge in (low, high)])


class ContinuousSupport:
    """Whether real points outside the support of the types and nodes are covered by the continuum."""

    def __init__(self, spectrum: "Spectrum") -> None:
        model = spectrum.model
        self.spectrum, self.intervals = spectrum, model.data.continuous
        #: y and the real solutions there that have been found
        self.known: dict[float, NDArray] = {}
        e = spectrum.system.ensemble
        self.nodes = e.nodes
        if self.intervals:  # resolved next to its ends
            nodes, weights = as_mixture(model.data).covariance.resolved()
            e = replace(e, nodes=nodes, weights=weights)
        self.system = GeneralSystem(e, spectrum.offset)
        directions = labels(model)
        if directions:
            self.u, self.C, self.s2 = self.couplings(_label_grid(directions))
        self.has_labels = directions > 0 and e.p.size > 1
        self.has_continuum = self.has_labels or bool(self.intervals)

    def couplings(self, points: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
        """u, C and s̄² at standard normal labels (count, directions)."""
        model = self.spectrum.model
        points = tuple(map(tuple, np.asarray(points).tolist()))
        return label_couplings(model.activation, model.times, model.data, float(model.bias), points)

    def uncovered(self, low: float, high: float) -> tuple[float, float] | None:
        """The part (start, stop) of a gap of the types and nodes that is one of the continuum; None for an artefact."""
        if self.is_artefact((low + high) / 2):
            return None
        margin = MARGIN * (high - low)
        points = [low + margin, (low + high) / 2, high - margin]
        free = [not self.covered(y) for y in points]
        if not any(free):
            return None
        first, last = points[free.index(True)], points[2 - free[::-1].index(True)]
        return (low if free[0] else self.bisect(first, points[0])), (high if free[2] else self.bisect(last, points[2]))

    def lowest(self, edge: float) -> float:
        """The lower end of the support, from that of the types and nodes."""
        bottom = -self.spectrum.offset  # U >= 0
        margin = MARGIN * (edge - bottom)
        if not margin > 0 or not self.covered(edge - margin):
            return edge
        return self.bisect(bottom, edge - margin)

    def highest(self, edge: float) -> float:
        """The upper end of the support, likewise."""
        size = self.spectrum.upper_bound - self.spectrum.offset
        near, far = edge + MARGIN * size, 2 * size
        if not self.covered(near):
            return edge
        for _ in range(100):
            if not self.covered(far):
                return self.bisect(far, near)
            far *= 2
        raise ConvergenceError(f"no upper end of the support below {far:.3g}", reason="support")

    def bisect(self, free: float, covered: float) -> float:
        """The end of the covered part between two points, of which the second is covered."""
        for _ in range(100):
            middle = (free + covered) / 2
            if abs(free - covered) <= CLOSE * (abs(middle) + self.spectrum.offset):
                break
            if self.covered(middle):
                covered = middle
            else:
                free = middle
        return free

    def covered(self, y: float, x: NDArray | None = None) -> bool:
        """Whether the continuum has y in its support, for a y outside that of the types and nodes, where the solution is x (unknowns, 1)."""
        x = self.solution(y) if x is None else x
        if self.intervals:  # what is real for the nodes may be complex where their interval is resolved
            at = np.array([y + 0j])
            resolved = continuation.beside(self.system, x, at)
            x = continuation.solve(self.system, at)[0] if resolved is None else resolved
            if np.isnan(x[0, 0]) or np.abs(x.imag).max() > 0:
                return True
        if self.has_labels:
            positive = self.inverse_q(x, y, self.u, self.C, self.s2) > 0
            if positive.any() and not positive.all():
                return True
        lam = self.zeros(x)
        return any(np.any((part.low <= lam) & (lam <= part.high)) for part in self.intervals)

    def is_artefact(self, y: float) -> bool:
        """Whether types differ in the sign of q_j, or a λ lies between two nodes of an interval of ρ_Σ."""
        x = self.solution(y)
        q = x[: self.system.resolvents, 0].real
        if self.has_labels and (q > 0).any() and (q < 0).any():
            return True
        lam = self.zeros(x)
        nodes = [self.nodes[(part.low <= self.nodes) & (self.nodes <= part.high)] for part in self.intervals]
        return any(np.any((inside.min() < lam) & (lam < inside.max())) for inside in nodes)

    def solution(self, y: float) -> NDArray:
        """The real solution of the types and nodes outside their support, (unknowns, 1); from those at points beside, where there are some."""
        at, system = np.array([y + 0j]), self.spectrum.system
        near = sorted(self.known, key=lambda other: abs(other - y))[:2]
        x = continuation.beside(system, np.hstack([self.known[other] for other in near]), at) if near else None
        if x is not None and np.abs(x.imag).max() == 0:
            self.known[y] = x
            return x
        x, residual = solve(system, at)
        if np.isnan(x[0, 0]) or np.abs(x.imag).max() > 0:
            raise ConvergenceError(
                f"no real solution in the gap at z = {y + self.spectrum.offset:.12g}", residual[0], reason="point"
            )
        self.known[y] = x
        return x

    def inverse_q(self, x: NDArray, y: float, u: NDArray, C: NDArray, s2: NDArray) -> NDArray[np.float64]:
        """1/q_ω at labels with these couplings, (labels,)."""
        e = self.system.ensemble
        field = fields(e, self.system.full(x), u.T)
        linear = np.einsum("l,lmj,mj->j", e.weights, field.Mu[0, ..., e.p.size :], u.T)
        self_energy = np.einsum("ckl,jckl->j", e.pi[:, None, None] * field.E[0], C)
        return (s2 - self.spectrum.offset - y + self_energy + linear).real

    def zeros(self, x: NDArray) -> NDArray[np.float64]:
        """All real λ with det(1 + Ĥ_λT) = 0; Ĥ is affine in λ."""
        if not self.intervals:
            return np.zeros(0)
        e = self.system.ensemble
        _, C, K = e.sizes
        full = self.system.full(x)
        q, delta = full[: e.p.size, 0].real, full[e.p.size :, 0].real.reshape(C, K, K)
        T = (e.psi_p * e.u.T * (e.p * q)) @ e.u
        inside = e.pi[:, None, None] * np.linalg.inv(np.eye(K) + delta)
        without, slope = (e.channels(inside, np.array([value]))[0] for value in (0.0, 1.0))
        values = eig(np.eye(len(T)) + without @ T, -(slope - without) @ T, right=False)
        values = values[np.isfinite(values)]
        return values.real[np.abs(values.imag) <= REAL * np.abs(values)]


def _label_grid(directions):
    """Standard normal labels up to `REACH`, (count, directions)."""
    if directions == 1:
        rays = np.array([[1.0], [-1.0]])
    elif directions == 2:
        angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
        rays = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        rays = np.array([v for v in product((-1, 0, 1), repeat=directions) if any(v)], float)
        rays /= np.linalg.norm(rays, axis=1)[:, None]
    radii = REACH * np.arange(1, RADII + 1) / RADII
    return np.concatenate([np.zeros((1, directions)), (radii[:, None, None] * rays).reshape(-1, directions)])
