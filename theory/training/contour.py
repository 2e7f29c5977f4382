r"""A contour for ∮ f_τ(z) …dz that serves every training time at once.

f_τ(z) = (1 − e^{−cτz})/z grows like e^{−cτ Re z} to the left of 0 and, once split, has a pole at 0; so the contour encloses the
spectrum [λ_-, λ_+] of U and stays in Re z > 0. In w = log z the spectrum is a segment, 0 is infinitely far away, and
f_τ(e^w) e^w is one bounded function shifted by log τ: no τ is harder than another. The contour is the image under z = e^w of an
ellipse confocal with that segment, on which the trapezoidal rule converges geometrically. The ellipse keeps |Im w| < π/2.

Functions that are real on the real axis are integrated over the closed upper half alone. Every second node is a rule of the same kind,
with its own two nodes on the axis: the two rules differ in all their terms, truncation and rounding alike. (Without nodes on the
axis every second node and the conjugates of the others are all nodes: the real parts of two such rules agree whatever their error.)

Here arguments are not checked: for whoever looks inside, or extends the package.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..digits import mp

if TYPE_CHECKING:
    from mpmath import mpc, mpf

#: half-height in log z of the confocal ellipse beyond which functions may grow
GROWTH = np.pi / 2
#: where between the spectrum (0) and that ellipse (1) the contour runs: the integrand is analytic as far on both sides
MIDDLE = 0.5


@dataclass(frozen=True)
class Contour:
    """Nodes and weights in the closed upper half-plane, counter-clockwise, for functions with g(z̄) the conjugate of g(z)."""

    nodes: NDArray[np.complex128]
    weights: NDArray[np.complex128]

    def integrate(self, values: NDArray[np.complex128]) -> NDArray[np.float64]:
        """(1/2πi)∮ g dz = 2 Re Σ weight·g(node) from ``values`` of g at the nodes, (…, nodes)."""
        return 2 * (values @ self.weights).real

    def halved(self) -> "Contour":
        """The rule of every second node, with twice the weights."""
        return Contour(self.nodes[::2], 2 * self.weights[::2])


def radius(low: float, high: float) -> float:
    """The parameter ρ of the ellipse around [low, high]: the rule's error falls as e^{−count·ρ}."""
    return MIDDLE * np.arcsinh(GROWTH / (np.log(high / low) / 2))


def count_for(low: float, high: float, digits: float) -> int:
    """Nodes of the closed contour, a multiple of 4, with which every second one reaches an error of 10^{−digits}."""
    return 4 * int(np.ceil(digits * np.log(10) / (2 * radius(low, high))))


def ellipse(low: float, high: float, count: int) -> Contour:
    """The contour around [low, high], 0 < low < high: the upper half, count/2 + 1 nodes, of ``count`` (a multiple of 4)."""
    centre, half = (np.log(low) + np.log(high)) / 2, np.log(high / low) / 2
    angle = radius(low, high) + 2j * np.pi * np.arange(count // 2 + 1) / count
    nodes = np.exp(centre + half * np.cosh(angle))
    weights = nodes * half * np.sinh(angle) / count
    nodes[[0, -1]], weights[[0, -1]] = nodes[[0, -1]].real, weights[[0, -1]].real / 2
    return Contour(nodes, weights)


def ellipse_mpmath(low: "mpf", high: "mpf", count: int) -> "tuple[list[mpc], list[mpc]]":
    """The same at the working precision, as two lists."""
    centre, half = (mp.log(low) + mp.log(high)) / 2, mp.log(high / low) / 2
    rho = MIDDLE * mp.asinh(mp.mpf(GROWTH) / half)
    angles = [rho + mp.mpc(0, 2 * mp.pi * mp.mpf(k) / count) for k in range(count // 2 + 1)]
    nodes = [mp.exp(centre + half * mp.cosh(angle)) for angle in angles]
    weights = [node * half * mp.sinh(angle) / count for node, angle in zip(nodes, angles, strict=True)]
    for end in (0, -1):  # on the real axis, where a node is its own conjugate
        nodes[end], weights[end] = mp.mpc(nodes[end].real), mp.mpc(weights[end].real) / 2
    return nodes, weights
