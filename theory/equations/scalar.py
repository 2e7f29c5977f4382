r"""The two saddle-point equations of one feature type, one kind of samples and one time, as numbers."""

from functools import cache, cached_property

import numpy as np
import sympy as sp

from ..digits import mp, newton
from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.saddle_equations import saddle_point


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
        self.parameters, self.nodes, self.weights, self.module = parameters, nodes, weights, module

    @cached_property
    def _residual(self):
        return evaluator(_equations_and_derivatives()[:2], (S.q, S.delta, S.z), self.module)

    @cached_property
    def _all(self):
        return evaluator(_equations_and_derivatives(), (S.q, S.delta, S.z), self.module)

    def __getstate__(self):
        # compiled functions do not travel between processes; they are made again where they are needed
        return {name: value for name, value in self.__dict__.items() if name not in ("_residual", "_all")}

    #: the unknowns (q, δ), of which the first is a Stieltjes transform
    unknowns, resolvents = 2, 1
    #: none is an atom and no more (`theory.equations.general`)
    decoupled = np.zeros(2, bool)

    def residual(self, q, delta, z):
        """(F_q, F_δ), dimensionless."""
        return self._residual((q, delta, z), self.parameters, self.nodes, self.weights)

    def residual_size(self, x, z):
        """max(|F_q|, |F_δ|/(1+|δ|)), shape (N,); infinite where the equations overflow."""
        with np.errstate(all="ignore"):
            f_q, f_delta = self.residual(*x, z)
            size = np.maximum(np.abs(f_q), np.abs(f_delta) / (1 + np.abs(x[1])))
        return np.where(np.isfinite(size), size, np.inf)

    def start(self, z):
        """The fixed point far from the spectrum, where the map contracts: q' = q/(1 − F_q), δ' = δ − F_δ."""
        q, delta = -0.25 / (0.25 * z), np.zeros_like(z)  # NumPy's 1/z overflows within a factor of two of the largest float
        for _ in range(60):
            f_q, f_delta = self.residual(q, delta, z)
            q, delta = q / (1 - f_q), delta - f_delta
            if max(np.max(np.abs(f_q)), np.max(np.abs(f_delta))) < 1e-13:
                break
        return np.stack([q, delta])

    @staticmethod
    def stieltjes(x):
        """(1/p) Tr (U − z)^{-1}."""
        return x[0]

    @staticmethod
    def norms(x):
        """The size of each unknown, (2, N)."""
        return np.abs(x)

    @staticmethod
    def positive(x):
        """Whether real (q, δ) lie in the positive cone, (N,)."""
        return (x > 0).all(axis=0)

    def derivatives(self, q, delta, z):
        """F_q, F_δ, the four entries of the Jacobian in (q, δ), and ∂F_q/∂z."""
        return self._all((q, delta, z), self.parameters, self.nodes, self.weights)

    def newton_step(self, x, z):
        """The Newton update (dq, dδ) of x = (q, δ) at fixed z."""
        f1, f2, j11, j12, j21, j22, _ = self.derivatives(*x, z)
        determinant = j11 * j22 - j12 * j21
        return (j12 * f2 - j22 * f1) / determinant, (j21 * f1 - j11 * f2) / determinant

    def tangent(self, x, z):
        """(dq/dz, dδ/dz) along the solution, by implicit differentiation."""
        _, _, j11, j12, j21, j22, f1_z = self.derivatives(*x, z)
        determinant = j11 * j22 - j12 * j21
        return -j22 * f1_z / determinant, j21 * f1_z / determinant


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
    goal, start = mp.mpf(10) ** (-dps), (mp.mpmathify(q), mp.mpmathify(delta))
    (q, delta), _, _ = newton(lambda x: system.newton_step(x, z), start, goal, 12 + dps.bit_length() * 3, (0, 1))
    size = max(abs(f) for f in system.residual(q, delta, z))
    if not size <= goal:
        raise ConvergenceError(
            f"Newton at {dps} digits did not converge at z = {mp.nstr(z, 8)}; "
            "move z away from the edge of the bulk or ask for fewer digits",
            size,
        )
    return q, delta
