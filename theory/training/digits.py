r"""Training curves of the scalar equations to any number of digits: the reference for `theory.training.curves`.

The contour, the residuals H and G, and the two sums are those of `theory.training.losses`, from z₀ = ∞, in mpmath; the solutions on the
contour are those of double precision after Newton's steps. Checked by ``tests/training/test_training.py`` and
``tests/training/test_training_accuracy.py``, which hold the double-precision losses to it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..digits import mp, rounded, to_mpf
from ..equations.factory import scalar_system_mpmath
from ..equations.scalar import refine
from ..errors import ConvergenceError
from ..process import noise_variance
from ..validation import a_scalar_model, decimal_digits, non_negative, sequence_of
from . import contour
from .losses import support_bounds
from .scalar_kernel import field_mpmath, fresh_residual_mpmath, train_residual_mpmath

if TYPE_CHECKING:
    from mpmath import mpf

    from ..model import RandomFeatureModel


def training_mpmath(model: "RandomFeatureModel", tau: Sequence[float], dps: int = 30) -> "list[tuple[mpf, mpf]]":
    """(train, test) at each τ in high precision: the reference for the double-precision path.

    Parameters
    ----------
    tau : sequence of finite real numbers >= 0
    dps : int
        Decimal digits.

    Returns
    -------
    list of (mpf, mpf), certified by the difference to the rule of half the nodes

    Notes
    -----
    Cost O((dps log(λ_+/λ_-))²) evaluations of G at about 0.5 ms: 10 to 30 s at 30 digits for Σ = 1, whatever the number of τ.
    """
    spectrum, dps = a_scalar_model(model).spectrum(), decimal_digits("dps", dps)
    tau = sequence_of("tau", tau, non_negative, "a sequence of finite real numbers >= 0")
    low, high = support_bounds(spectrum)
    with mp.workdps(dps + 10):
        system = scalar_system_mpmath(model, dps)
        count = contour.count_for(low, high, dps + 6)
        nodes, weights = contour.ellipse_mpmath(mp.mpf(low), mp.mpf(high), count)
        tables = _residuals_mpmath(spectrum, system, nodes, dps)
        rate = 2 * noise_variance(to_mpf(model.t), mp) / to_mpf(model.psi_p)
        results = []
        for time in tau:
            f = [-mp.expm1(-rate * to_mpf(time) * z) / z for z in nodes]
            fine, coarse = (_losses_mpmath(nodes, weights, f, *tables, step) for step in (1, 2))
            error = max(abs(x - y) / abs(x) for x, y in zip(fine, coarse, strict=True))
            if error > mp.mpf(10) ** (-dps):
                raise ConvergenceError(
                    f"the contour integrals did not settle to {dps} digits with {count} nodes", error, reason="digits"
                )
            results.append(tuple(rounded(loss, dps) for loss in fine))
        return results


def _residuals_mpmath(spectrum, system, nodes, dps):
    """H(z_i), and the rows of G(z_i, z_j) and of G(z_i, z̄_j)."""
    starts = spectrum.solve(np.array([complex(z) for z in nodes]))
    solutions = [refine(system, *start, z - system.offset, dps) for start, z in zip(starts.T, nodes, strict=True)]
    fields = [field_mpmath(system, *pair) for pair in solutions]
    conjugates = [field_mpmath(system, *map(mp.conj, pair)) for pair in solutions]
    count = len(nodes)
    kernel, mirror = ([[None] * count for _ in range(count)] for _ in range(2))
    for i in range(count):
        for j in range(i, count):
            kernel[i][j] = kernel[j][i] = fresh_residual_mpmath(system, fields[i], fields[j])
            mirror[i][j] = fresh_residual_mpmath(system, fields[i], conjugates[j])
            mirror[j][i] = mp.conj(mirror[i][j])
    return [train_residual_mpmath(system, field) for field in fields], kernel, mirror


def _losses_mpmath(nodes, weights, f, residual, kernel, mirror, step):
    """(train, test) with every ``step``-th node, from z₀ = ∞ (`theory.training.losses`)."""
    chosen = range(0, len(nodes), step)
    p = [-step * weights[k] * f[k] for k in chosen]
    conjugate = [mp.conj(value) for value in p]
    train = mp.fsum(p[i] * (2 - nodes[k] * f[k]) * residual[k] for i, k in enumerate(chosen))
    test = 2 * mp.fdot(p, [residual[k] for k in chosen])
    rows = [mp.fdot(p, [kernel[k][m] for m in chosen]) + mp.fdot(conjugate, [mirror[k][m] for m in chosen]) for k in chosen]
    test += mp.fdot(p, rows)
    return 1 + 2 * mp.re(train), 1 + 2 * mp.re(test)
