r"""What makes a solution of the saddle-point equations the physical one, and Newton steps towards it.

The two equations of `theory.symbolic.saddle_point` are a fixed point of a map (q, δ) ↦ (q', δ') that sends the product of two upper
half-planes into itself when Im z > 0, and strictly contracts the larger of the two hyperbolic distances between a pair of points. So it has
at most one fixed point there (the chapter on the density has the proof). Hence the certificates used here, each of which is a proof and not a
heuristic (the last two where the Jacobian is invertible, that is, off the edges):

* Im z > 0: a solution with Im q > 0 and Im δ > 0 is *the* solution;
* z real, complex solution with Im q > 0 and Im δ > 0: it continues to Im z > 0 by the implicit function
  theorem, so it is the boundary value from above, and z lies inside the bulk;
* z real, real solution with dq/dz > 0 and dδ/dz > 0: z + iη gives both a positive imaginary part, so it
  is again the boundary value, and z lies outside the support.

**The same three hold for the general equations**, with Im q_j > 0 for each type and Im δ_c positive definite for each kind. Nothing above
asks how many unknowns there are; what has to be shown anew is that one solution lies in this cone. It does: real congruences, sums and −1/A
keep a symmetric matrix's imaginary part positive, and the map is made of no others; applied twice, it takes a bounded domain that contains
all solutions of the cone to a positive distance from the domain's boundary, and so has one fixed point in it (Earle and Hamilton; the chapter
"One action" has the proof). Where no coupling reaches a direction of sample space δ_c vanishes there, and is definite on the others: hence
"up to rounding" in `System.in_cone`. A type without couplings has q_j = 1/(s̄_j² − z), real on the axis: `System.decoupled` exempts it.

`certify` and `polish` ask a `theory.equations.System` and nothing else, and are called by every solver: `continuation`, `polynomial`,
`solution`, and `theory.spectrum.survey`. Which certificate a point passed shows in the answer: real unknowns lie outside the support.
`TOLERANCE` bounds the residual of all that is returned. Checked by ``tests/equations/test_certificates.py`` (one root of all is certified)
and ``tests/spectrum/test_spectrum.py``, against the polynomial's roots and simulated matrices.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .system import System

#: largest dimensionless residual of a solution that is returned in double precision
TOLERANCE = 1e-11
#: what stands where nothing was certified: with both parts NaN, lest the imaginary part pass for a density of zero
UNSOLVED = complex("nan+nanj")


def certify(system: "System", x: NDArray, y: NDArray) -> tuple[NDArray[np.bool_], NDArray]:
    """Which candidates are the physical solution, by the three certificates of the module's docstring.

    Parameters
    ----------
    system : `theory.equations.System`
    x : complex array (unknowns, N)
    y : complex array of shape (N,), Im y >= 0

    Returns
    -------
    (certified, x)
        A boolean array (N,), and the candidates with the imaginary part of real solutions set to zero.
    """
    small = system.residual_size(x, y) < TOLERANCE
    upper = system.in_cone(x.imag)
    if y.imag.all():
        return small & upper, x
    inside = np.flatnonzero(small & upper & (y.imag == 0))
    isolated = np.zeros(y.size, bool)
    with np.errstate(all="ignore"):
        # Next to an edge a real and a complex solution lie close together, and a small residual does not tell them apart:
        # the distance to the true solution, which the Newton step measures, must be small against the imaginary part.
        step = system.newton_step(x[:, inside], y[inside])
        close = system.norms(step) < 1e-2 * system.norms(x[:, inside].imag)
        isolated[inside] = (close | system.decoupled[:, None]).all(axis=0)
    q = x[: system.resolvents]
    index = np.flatnonzero((y.imag == 0) & ~isolated & (np.abs(q.imag) < 1e-6 * np.abs(q)).all(axis=0))
    on_axis = x[:, index].real + 0j
    with np.errstate(all="ignore"):
        step, slope = (f(on_axis, y[index]) for f in (system.newton_step, system.tangent))
        outside = (system.norms(step) < 1e-6 * system.norms(on_axis)).all(axis=0)
        outside &= system.in_cone(slope.real) & (system.residual_size(on_axis, y[index]) < TOLERANCE)
    real = np.zeros(y.size, bool)
    real[index[outside]] = True
    return real | (small & upper & ((y.imag != 0) | isolated)), np.where(real, x.real, x)


def polish(system: "System", x: NDArray, y: NDArray, steps: int = 3) -> NDArray:
    """x (m, N) after at most ``steps`` Newton steps, each kept only where it lowers the residual, and shortened where it does not."""
    x, size = x.copy(), system.residual_size(x, y)
    length = np.ones(y.size)
    active = np.flatnonzero(size >= 2e-16)
    for _ in range(steps):
        if active.size == 0:
            break
        with np.errstate(all="ignore"):
            new = x[:, active] + length[active] * system.newton_step(x[:, active], y[active])
        new_size = system.residual_size(new, y[active])
        better = new_size < size[active]
        moved = active[better]
        x[:, moved], size[moved] = new[:, better], new_size[better]
        length[active] = np.where(better, np.minimum(1, 4 * length[active]), length[active] / 4)
        # what is converged but for rounding errors gains nothing from a shorter step
        active = active[(size[active] >= 2e-16) & (better | (size[active] > TOLERANCE))]
    return x
