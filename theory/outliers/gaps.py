"""The eigenvalue that one more direction makes in each gap of the bulk, bracketed by the edges of the gap.

A direction of the features that enters the samples with independent amplitudes, and U along itself through the noise, makes outliers as a
direction of the data does: the zeros of 1/q + noise + samples/(1+δ) in the gaps of the bulk. Slower than the closed form of
`theory.outliers.closed_form` for directions of the data, to which ``tests/outliers/test_outliers.py`` holds it, but the two strengths
are free: `theory.outliers.means` needs that.
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from ..equations.solution import off_support
from ..errors import ConvergenceError
from ..validation import a_scalar_spectrum, non_negative, truth

if TYPE_CHECKING:
    from ..spectrum.law import Spectrum


def zeros_in_gaps(spectrum: "Spectrum", samples: float, noise: float, above: bool = False) -> list[float]:
    r"""The zeros of 1/q + noise + samples/(1+δ) off the bulk, each bracketed by the edges of its gap: a sorted list of floats.

    With ``above`` only that above all bulks.

    This is the condition for any direction of the features that enters the samples with independent amplitudes of variance
    ``samples`` and adds ``noise`` to U along itself: for a data direction ψ_p α²λ* and ψ_p b².
    """
    s2, table = a_scalar_spectrum(spectrum).offset, spectrum.support.table
    samples, noise = float(non_negative("samples", samples)), float(non_negative("noise", noise))
    truth("above", above)

    def condition(y):
        q, delta = off_support(spectrum.system, np.array([y]))
        if np.isnan(q[0]):
            raise ConvergenceError(f"no certified solution at z = {s2 + y:.12g}", reason="point")
        return (1 / q[0] + noise + samples / (1 + delta[0])).real

    at_edge = 1 / table[:, 1] + noise + samples / (1 + table[:, 2])  # a hard edge has q = δ = ∞
    found = []
    for k in range(len(table) if above else 0, len(table) + 1, 2):
        low, left = (table[k - 1, 0], at_edge[k - 1]) if k else (0.0, 1.0)
        high, right = (table[k, 0], at_edge[k]) if k < len(table) else (2 * (low + samples + noise), -1.0)
        if not left > 0 > right:
            continue
        while k == len(table) and condition(high) > 0:
            high *= 2
        # an end cannot be solved for, but its sign is known
        inner = low + (high - low) * 1e-9, high - (high - low) * 1e-9
        if condition(inner[0]) > 0 > condition(inner[1]):
            found.append(float(s2 + brentq(condition, *inner, xtol=1e-15 * high, rtol=1e-13)))
    return found
