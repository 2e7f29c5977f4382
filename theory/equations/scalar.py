r"""The two saddle-point equations of one feature type, one kind of samples and one time, as numbers.

They come from `theory.symbolic.saddle_point`, with their derivatives: a change of the equations is made there. Made by
`theory.equations.factory`; asked by the solvers of this folder, by `theory.spectrum.scalar_edges`, `theory.outliers.closed_form` and
`theory.training.scalar_kernel`. Why a solution is the one: `theory.equations.certificate`.
"""

from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from .._former_names import renamed
from ..digits import mp, newton, square
from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.evaluate import evaluator
from ..symbolic.saddle_equations import saddle_point
from .system import Parameters, System

if TYPE_CHECKING:
    from mpmath import mpc, mpf


@cache
def _equations_and_derivatives():
    """(F_q, F_δ, ∂_q F_q, ∂_δ F_q, ∂_q F_δ, ∂_δ F_δ, ∂_z F_q), derived once."""
    equations = saddle_point().reduced
    jacobian = [sp.diff(f, x) for f in equations for x in (S.q, S.delta)]
    return (*equations, *jacobian, sp.diff(equations[0], S.z))


class ScalarSystem(System):
    """The two equations for given numbers; unknowns are arrays (2, N) of q and δ.

    Parameters
    ----------
    parameters : `theory.equations.Parameters`, or a tuple like it
        Floats or mpf.
    nodes, weights : sequences of length m
        Eigenvalues of the covariance and their weights (atoms, or quadrature nodes of a continuous law).
    module : {"numpy", "mpmath"}
    offset : mpf, optional
        s_t² where it is known to more digits than the square of s_t.
    resolved : `ScalarSystem`, optional
        The same with nodes that resolve what happens next to the ends of a continuous ρ_Σ, off the support; by default this one.

    Notes
    -----
    Cost O(N m) for a residual or a Newton step.
    """

    methods = ("auto", "polynomial", "continuation")
    #: the unknowns (q, δ), of which the first is a Stieltjes transform
    unknowns, resolvents = 2, 1
    decoupled = np.zeros(2, bool)
    #: float arrays, or lists of mpf
    nodes: Any
    weights: Any

    def __init__(
        self,
        parameters: Parameters | Sequence[Any],
        nodes: NDArray | Sequence[Any],
        weights: NDArray | Sequence[Any],
        module: str = "numpy",
        offset: Any = None,
        resolved: "ScalarSystem | None" = None,
    ) -> None:
        self.parameters, self.nodes, self.weights, self.module = Parameters(*parameters), nodes, weights, module
        self.offset = square(self.parameters.s) if offset is None else offset
        #: the parameters of the equations in y
        self.in_y = self.parameters._replace(s=0 * self.parameters.s)
        self._resolved = resolved

    @property
    def resolved(self) -> "ScalarSystem":
        """The system to be asked off the support, next to the ends of a continuous ρ_Σ."""
        return self._resolved or self

    @cached_property
    def _compiled_residual(self):
        return evaluator(_equations_and_derivatives()[:2], (S.q, S.delta, S.z), self.module)

    @cached_property
    def _compiled_derivatives(self):
        return evaluator(_equations_and_derivatives(), (S.q, S.delta, S.z), self.module)

    def __getstate__(self):
        # compiled functions do not travel between processes; they are made again where they are needed
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_compiled")}

    def residual(self, q: Any, delta: Any, y: Any) -> list[Any]:
        """(F_q, F_δ), dimensionless."""
        return self._compiled_residual((q, delta, y), self.in_y, self.nodes, self.weights)

    def residual_size(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """max(|F_q|, |F_δ|/(1+|δ|)), shape (N,); infinite where the equations overflow."""
        with np.errstate(all="ignore"):
            f_q, f_delta = self.residual(*x, y)
            size = np.maximum(np.abs(f_q), np.abs(f_delta) / (1 + np.abs(x[1])))
        return np.where(np.isfinite(size), size, np.inf)

    def start(self, y: NDArray) -> NDArray:
        """The fixed point far from the spectrum, where the map contracts: q' = q/(1 − F_q), δ' = δ − F_δ."""
        q, delta = -0.25 / (0.25 * y), np.zeros_like(y)  # NumPy's 1/y overflows within a factor of two of the largest float
        for _ in range(60):
            f_q, f_delta = self.residual(q, delta, y)
            q, delta = q / (1 - f_q), delta - f_delta
            if max(np.max(np.abs(f_q)), np.max(np.abs(f_delta))) < 1e-13:
                break
        return np.stack([q, delta])

    @staticmethod
    def stieltjes(x: NDArray) -> NDArray:
        """q = (1/p) Tr (U − z)^{-1}: the first unknown."""
        return x[0]

    @staticmethod
    def norms(x: NDArray) -> NDArray[np.float64]:
        """The size of each unknown, (2, N)."""
        return np.abs(x)

    @staticmethod
    def in_cone(x: NDArray) -> NDArray[np.bool_]:
        """Whether real (q, δ) lie in the positive cone, (N,)."""
        return (x > 0).all(axis=0)

    @cached_property
    def upper_bound(self) -> float:
        """A bound of the largest eigenvalue, from the norms of the Gaussian matrices in the equivalence."""
        psi_p, psi_n, alpha, b, v, s = self.parameters
        w = 1 + np.sqrt(psi_p)
        x = np.sqrt(self.resolved.nodes.max()) * (1 + 1 / np.sqrt(psi_n))
        g = alpha * w * x + v * (1 + np.sqrt(psi_p / psi_n))
        return g**2 + b**2 * w**2 + s**2

    @property
    def atoms(self) -> tuple[tuple[float, float], ...]:
        """At s_t², if U − s_t² has a null space: its rank is n if v > 0 (n out of the d of W otherwise), and d from W if b > 0."""
        psi_p, psi_n, _, b, v, _ = self.parameters
        rank = (1.0 if b > 0 else 0.0) + (psi_n if v > 0 else 0.0)
        return ((self.offset, 1 - rank / psi_p),) if rank < psi_p else ()

    def derivatives(self, q: Any, delta: Any, y: Any) -> list[Any]:
        """F_q, F_δ, the four entries of the Jacobian in (q, δ), and ∂F_q/∂y."""
        return self._compiled_derivatives((q, delta, y), self.in_y, self.nodes, self.weights)

    def newton_step(self, x: Any, y: Any) -> Any:
        """The Newton update (dq, dδ) of x = (q, δ) at fixed y: an array (2, N), of mpmath's numbers a tuple."""
        f1, f2, j11, j12, j21, j22, _ = self.derivatives(*x, y)
        determinant = j11 * j22 - j12 * j21
        return self._as_unknowns((j12 * f2 - j22 * f1) / determinant, (j21 * f1 - j11 * f2) / determinant)

    def tangent(self, x: Any, y: Any) -> Any:
        """(dq/dy, dδ/dy) along the solution, by implicit differentiation, as `newton_step` returns them."""
        _, _, j11, j12, j21, j22, f1_y = self.derivatives(*x, y)
        determinant = j11 * j22 - j12 * j21
        return self._as_unknowns(-j22 * f1_y / determinant, j21 * f1_y / determinant)

    def _as_unknowns(self, q, delta):
        return np.stack([q, delta]) if self.module == "numpy" else (q, delta)


def refine(system: ScalarSystem, q: complex, delta: complex, y: "mpf | mpc", dps: int) -> "tuple[mpc, mpc]":
    """Newton at ``dps`` digits from a double-precision solution, certified by the residual.

    Parameters
    ----------
    system : `ScalarSystem`
        Built with ``module="mpmath"`` at the working precision.
    q, delta : complex
        Starting values.
    y : mpf or mpc
        z − offset.

    Raises
    ------
    ConvergenceError
        If the residual does not fall below 10^{-dps}: the start was not close enough, as happens within
        about 1e-15 of an edge.
    """
    goal, start = mp.mpf(10) ** (-dps), (mp.mpmathify(q), mp.mpmathify(delta))
    (q, delta), _, _ = newton(lambda x: system.newton_step(x, y), start, goal, 12 + dps.bit_length() * 3, (0, 1))
    size = max(abs(f) for f in system.residual(q, delta, y))
    if not size <= goal:
        raise ConvergenceError(
            f"Newton at {dps} digits did not converge at z = {mp.nstr(system.offset + y, 8)}; "
            "move z away from the edge of the bulk or ask for fewer digits",
            size,
            reason="digits",
        )
    return q, delta


__getattr__ = renamed(__name__, SaddleSystem="ScalarSystem")
