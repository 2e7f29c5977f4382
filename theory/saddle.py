r"""The saddle-point equations as numbers: residual, Newton step, and what makes a solution the physical one.

The two equations of `theory.symbolic.saddle_point` are a fixed point of a map (q, δ) ↦ (q', δ') that sends the
product of two upper half-planes into itself when Im z > 0, and strictly contracts the larger of the two
hyperbolic distances between a pair of points. So it has at most one fixed point there (the chapter on the
action has the proof). Hence the certificates used here, each of which is a proof and not a heuristic (the last
two where the Jacobian is invertible, that is, off the edges):

* Im z > 0: a solution with Im q > 0 and Im δ > 0 is *the* solution;
* z real, complex solution with Im q > 0 and Im δ > 0: it continues to Im z > 0 by the implicit function
  theorem, so it is the boundary value from above, and z lies inside the bulk;
* z real, real solution with dq/dz > 0 and dδ/dz > 0: z + iη gives both a positive imaginary part, so it
  is again the boundary value, and z lies outside the support.

Checked by ``tests/test_spectrum.py`` against the polynomial's roots and against simulated matrices.
"""

from functools import cache

import mpmath
import numpy as np
import sympy as sp

from .errors import ConvergenceError
from .symbolic import symbols as S
from .symbolic.evaluate import evaluator
from .symbolic.saddle_point import saddle_point

#: largest dimensionless residual of a solution that is returned in double precision
TOLERANCE = 1e-11
#: what stands where nothing was certified: with both parts NaN, lest the imaginary part pass for a density of zero
UNSOLVED = complex("nan+nanj")


@cache
def _equations_and_derivatives():
    """(F_q, F_δ, ∂_q F_q, ∂_δ F_q, ∂_q F_δ, ∂_δ F_δ, ∂_z F_q), derived once."""
    equations = saddle_point().reduced
    jacobian = [sp.diff(f, x) for f in equations for x in (S.q, S.delta)]
    return (*equations, *jacobian, sp.diff(equations[0], S.z))


class SaddleSystem:
    """The two equations for given numbers.

    Parameters
    ----------
    parameters : tuple
        (ψ_p, ψ_n, α, b, v, s_t), floats or mpf.
    nodes, weights : sequences of length m
        Eigenvalues of the covariance and their weights (atoms, or quadrature nodes of a continuous law).
    module : {"numpy", "mpmath"}
    """

    def __init__(self, parameters, nodes, weights, module="numpy"):
        self.parameters, self.nodes, self.weights = parameters, nodes, weights
        variables = (S.q, S.delta, S.z)
        self._residual = evaluator(_equations_and_derivatives()[:2], variables, module)
        self._all = evaluator(_equations_and_derivatives(), variables, module)

    def residual(self, q, delta, z):
        """(F_q, F_δ), dimensionless."""
        return self._residual((q, delta, z), self.parameters, self.nodes, self.weights)

    def derivatives(self, q, delta, z):
        """F_q, F_δ, the four entries of the Jacobian in (q, δ), and ∂F_q/∂z."""
        return self._all((q, delta, z), self.parameters, self.nodes, self.weights)

    def newton_step(self, q, delta, z):
        """The Newton update (dq, dδ) at fixed z."""
        f1, f2, j11, j12, j21, j22, _ = self.derivatives(q, delta, z)
        determinant = j11 * j22 - j12 * j21
        return (j12 * f2 - j22 * f1) / determinant, (j21 * f1 - j11 * f2) / determinant

    def tangent(self, q, delta, z):
        """(dq/dz, dδ/dz) along the solution, by implicit differentiation."""
        _, _, j11, j12, j21, j22, f1_z = self.derivatives(q, delta, z)
        determinant = j11 * j22 - j12 * j21
        return -j22 * f1_z / determinant, j21 * f1_z / determinant


def residual_size(system, q, delta, z):
    """max(|F_q|, |F_δ|/(1+|δ|)), shape (N,); infinite where the equations overflow."""
    with np.errstate(all="ignore"):
        f1, f2 = system.residual(q, delta, z)
        size = np.maximum(np.abs(f1), np.abs(f2) / (1 + np.abs(delta)))
    return np.where(np.isfinite(size), size, np.inf)


def certify(system, q, delta, z):
    """Which candidates are the physical solution, by the three certificates of the module's docstring.

    Parameters
    ----------
    q, delta : complex arrays of shape (N,)
    z : complex array of shape (N,), Im z >= 0

    Returns
    -------
    (certified, q, delta)
        A boolean array, and the candidates with the imaginary part of real solutions set to zero.
    """
    small = residual_size(system, q, delta, z) < TOLERANCE
    upper = (q.imag > 0) & (delta.imag > 0)
    if z.imag.all():
        return small & upper, q, delta
    with np.errstate(all="ignore"):
        dq, d_delta = system.newton_step(q, delta, z)
        # Next to an edge a real and a complex solution lie close together, and a small residual does not tell them apart:
        # the distance to the true solution, which the Newton step measures, must be small against the imaginary part.
        isolated = (np.abs(dq) < 1e-2 * q.imag) & (np.abs(d_delta) < 1e-2 * delta.imag)
    isolated &= z.imag == 0
    index = np.flatnonzero((z.imag == 0) & ~isolated & (np.abs(q.imag) < 1e-6 * np.abs(q)))
    real_q, real_delta = q[index].real + 0j, delta[index].real + 0j
    with np.errstate(all="ignore"):
        dq, d_delta = system.newton_step(real_q, real_delta, z[index])
        q_slope, delta_slope = system.tangent(real_q, real_delta, z[index])
        outside = (np.abs(dq) < 1e-6 * np.abs(real_q)) & (np.abs(d_delta) < 1e-6 * np.abs(real_delta))
    outside &= (
        (q_slope.real > 0) & (delta_slope.real > 0) & (residual_size(system, real_q, real_delta, z[index]) < TOLERANCE)
    )
    real, index = np.zeros(z.size, bool), index[outside]
    real[index] = True
    q, delta = np.where(real, q.real, q), np.where(real, delta.real, delta)
    return real | (small & upper & ((z.imag != 0) | isolated)), q, delta


def polish(system, q, delta, z, steps=3):
    """At most ``steps`` Newton steps, each kept only where it lowers the residual, and shortened where it does not."""
    q, delta, size = q.copy(), delta.copy(), residual_size(system, q, delta, z)
    length = np.ones(q.size)
    active = np.flatnonzero(size >= 2e-16)
    for _ in range(steps):
        if active.size == 0:
            break
        with np.errstate(all="ignore"):
            dq, d_delta = system.newton_step(q[active], delta[active], z[active])
            new_q, new_delta = q[active] + length[active] * dq, delta[active] + length[active] * d_delta
        new_size = residual_size(system, new_q, new_delta, z[active])
        better = new_size < size[active]
        moved = active[better]
        q[moved], delta[moved], size[moved] = new_q[better], new_delta[better], new_size[better]
        length[active] = np.where(better, np.minimum(1, 4 * length[active]), length[active] / 4)
        # what is converged but for rounding errors gains nothing from a shorter step
        active = active[(size[active] >= 2e-16) & (better | (size[active] > TOLERANCE))]
    return q, delta


def refine(system, q, delta, z, dps):
    """Newton at ``dps`` digits from a double-precision solution, certified by the residual.

    Parameters
    ----------
    system : SaddleSystem
        Built with ``module="mpmath"`` at the working precision.
    q, delta : complex
        Starting values. z : mpf or mpc.

    Raises
    ------
    ConvergenceError
        If the residual does not fall below 10^{-dps}: the start was not close enough, as happens within
        about 1e-15 of an edge.
    """
    q, delta = mpmath.mpmathify(q), mpmath.mpmathify(delta)
    goal = mpmath.mpf(10) ** (-dps)
    for _ in range(12 + dps.bit_length() * 3):
        dq, d_delta = system.newton_step(q, delta, z)
        q, delta = q + dq, delta + d_delta
        if abs(dq) <= goal * abs(q) and abs(d_delta) <= goal * (1 + abs(delta)):
            break
    size = max(abs(f) for f in system.residual(q, delta, z))
    if not size <= goal:
        raise ConvergenceError(
            f"Newton at {dps} digits did not converge at z = {mpmath.nstr(z, 8)}; "
            "move z away from the edge of the bulk or ask for fewer digits",
            size,
        )
    return q, delta
