r"""A contour for ∮ f_τ(z) …dz that serves every training time at once.

f_τ(z) = (1 − e^{−cτz})/z grows like e^{−cτ Re z} to the left of 0 and, once split, has a pole at 0; so the contour encloses the
spectrum [λ_-, λ_+] of U and stays in Re z > 0. In w = log z the spectrum is a segment, 0 is infinitely far away, and
f_τ(e^w) e^w is one bounded function shifted by log τ: no τ is harder than another. The contour is the image under z = e^w of an
ellipse confocal with that segment, on which the trapezoidal rule converges geometrically. The ellipse keeps |Im w| < π/2.
"""

from dataclasses import dataclass

import numpy as np

from .digits import mp

#: half-height of the ellipse in log z; the integrand is analytic between 0 (the spectrum) and about π/2 (growth)
HEIGHT = 0.9


@dataclass(frozen=True)
class Contour:
    """Nodes and weights with (1/2πi)∮ g dz = Σ weight·g(node), counter-clockwise; node k and node −1−k are conjugate."""

    nodes: np.ndarray
    weights: np.ndarray


def ellipse(low, high, count):
    """The contour around [low, high], 0 < low < high, with ``count`` nodes (even, so that none is real)."""
    centre, half = (np.log(low) + np.log(high)) / 2, np.log(high / low) / 2
    rho = np.arcsinh(HEIGHT / half)
    theta = 2 * np.pi * (np.arange(count) + 0.5) / count
    nodes = np.exp(centre + half * np.cosh(rho + 1j * theta))
    weights = nodes * half * np.sinh(rho + 1j * theta) / count
    return Contour(nodes, weights)


def ellipse_mpmath(low, high, count):
    """The same at the thread's precision (`theory.digits`), as two lists."""
    centre, half = (mp.log(low) + mp.log(high)) / 2, mp.log(high / low) / 2
    rho = mp.asinh(mp.mpf(HEIGHT) / half)
    angles = [rho + mp.mpc(0, 2 * mp.pi * (k + mp.mpf(1) / 2) / count) for k in range(count)]
    nodes = [mp.exp(centre + half * mp.cosh(angle)) for angle in angles]
    return nodes, [node * half * mp.sinh(angle) / count for node, angle in zip(nodes, angles, strict=True)]
