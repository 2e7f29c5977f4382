"""The certified solution at any point of the closed upper half-plane, by whichever way the equations have.

The general equations are followed from infinity (`continuation`). The two scalar ones have a polynomial besides (`polynomial`), which is
faster for a covariance with a few eigenvalues, and a closed form where nothing of the data is left (`late_times`). Whatever the way, what
is returned has passed `certificate.certify`, or is that closed form.

This `solve` is the one to call with a system: it takes y = z − offset and returns NaN where nothing is certified.
`theory.spectrum.Spectrum.solve` takes z, either half-plane, and raises. A new kind of equations registers its way here.
"""

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from . import continuation, late_times, polynomial
from .certificate import TOLERANCE, UNSOLVED, certify, polish
from .scalar import ScalarSystem
from .system import System

METHODS = ("auto", "polynomial", "continuation")
#: beyond this many upper bounds of the spectrum the equations are solved by their fixed point, whose map contracts by its inverse there
FAR = 1e8


@singledispatch
def solve(system: System, y: NDArray, method: str = "auto") -> tuple[NDArray, NDArray[np.float64]]:
    """The unknowns at z = offset + y.

    Parameters
    ----------
    system : `theory.equations.System`
    y : complex array (N,), Im y >= 0
    method : one of ``system.methods``

    Returns
    -------
    (x, residual) : arrays (m, N) and (N,)
        x is NaN within rounding of an edge; ``residual`` then holds what was reached.

    Notes
    -----
    Cost: see `continuation.solve` and `polynomial.solve`.
    """
    return _near_and_far(system, y, continuation.solve)


@solve.register
def _(system: ScalarSystem, y, method="auto"):
    if late_times.is_limit(system):
        return late_times.solve(system, y), np.zeros(y.size)
    short = method == "polynomial" or (method == "auto" and system.nodes.size <= polynomial.MAX_ATOMS)
    return _near_and_far(system, y, _by_polynomial if short else continuation.solve)


def off_support(system: ScalarSystem, y: NDArray) -> NDArray:
    """(q, δ) at real y off the support of the scalar equations, with a continuous ρ_Σ resolved next to its ends; (2, N), NaN on an edge."""
    x, _ = solve(system, y.astype(complex))
    resolved = system.resolved
    if resolved is system:
        return x
    done, x = certify(resolved, polish(resolved, x, y + 0j, steps=20), y + 0j)
    if not done.all():
        x[:, ~done], _ = continuation.solve(resolved, y[~done] + 0j)
    return x


def _by_polynomial(system, y):
    x, residual = polynomial.solve(system, y), np.zeros(y.size)
    missed = np.isnan(x[0])  # degenerate roots: the path from infinity decides
    if missed.any():
        x[:, missed], residual[missed] = continuation.solve(system, y[missed])
    return x, residual


def _near_and_far(system, y, near):
    x, residual = np.full((system.unknowns, y.size), UNSOLVED), np.zeros(y.size)
    far = np.maximum(np.abs(y.real), np.abs(y.imag)) > FAR * system.upper_bound
    for part, solver in ((far, _from_start), (~far, near)):
        if part.any():
            x[:, part], residual[part] = solver(system, y[part])
    return x, residual


def _from_start(system, y):
    """Where 1/|y| is far below rounding: polynomials and paths overflow there."""
    x = system.start(y)
    x = np.where(y.imag == 0, x.real, x)
    residual = system.residual_size(x, y)
    return np.where(residual < TOLERANCE, x, UNSOLVED), residual
