"""The limit law of U: Stieltjes transform, density, edges, atoms. Nothing uncertified is returned."""

from functools import cached_property

import mpmath
import numpy as np

from . import continuation, edges, polynomial
from .errors import ConvergenceError
from .quadrature import quadrature
from .saddle import UNSOLVED, SaddleSystem, refine
from .validation import finite_array, one_of, positive_integer, to_mpf

METHODS = ("auto", "polynomial", "continuation")


class Spectrum:
    r"""The limiting spectral law of U for a `theory.RandomFeatureModel`.

    q(z) = (1/p) Tr (U − z)^{-1}, so that q ≃ −1/z at infinity, Im q·Im z > 0, and the density is Im q(λ + i0)/π.
    """

    def __init__(self, model):
        self.model = model
        c = model.coefficients()
        parameters = (float(model.psi_p), float(model.psi_n), c.a * model.decay, c.b, c.v, c.s)
        self.system = SaddleSystem(parameters, model.data.eigenvalues, model.data.weights)
        # the same in y = z − s_t²: a bulk may lie so close to s_t² that λ itself does not resolve it
        self.shifted = SaddleSystem((*parameters[:5], 0.0), model.data.eigenvalues, model.data.weights)

    def __repr__(self):
        return f"Spectrum({self.model})"

    # --- the resolvent -------------------------------------------------------------------------------------------

    def stieltjes(self, z, method="auto", dps=None):
        r"""q(z) = (1/p) Tr (U − z)^{-1} in the limit.

        Parameters
        ----------
        z : complex scalar or array
            Anywhere off the atoms. On the real axis the boundary value from above is returned (real outside the bulk).
        method : {"auto", "polynomial", "continuation"}
            "polynomial" takes the certified root of the resolvent polynomial (default up to 4 eigenvalues of the
            covariance), "continuation" follows the branch from infinity. They agree to rounding.
        dps : int, optional
            Decimal digits; the result is then ``mpmath.mpc``, or an object array of them shaped like ``z``.

        Returns
        -------
        complex, or array shaped like ``z``

        Raises
        ------
        ValueError
            ``z`` not finite, or equal to an atom; unknown ``method``.
        ConvergenceError
            A point could not be certified (exactly on an edge, to rounding).

        Notes
        -----
        Cost in double precision: about 20 µs a point for one eigenvalue, growing as (3m + 2)³ for m eigenvalues
        (polynomial), or as m × 100 µs/40 (continuation). At 50 digits about 5 ms a point.
        """
        one_of("method", method, METHODS)
        array = finite_array("z", z, complex)
        for location, _ in self.atoms():
            if np.any(array == location):
                raise ValueError(f"z = {location} is an atom of the spectrum, where q is infinite; allowed: any other z")
        if dps is not None:
            dps, exact = positive_integer("dps", dps), np.asarray(z, dtype=object)
            result = np.empty(exact.shape, dtype=object)
            result.ravel()[:] = [self._stieltjes_mpmath(item, method, dps) for item in exact.ravel()]
            return result.item() if array.ndim == 0 else result
        q, _ = self._solve(array.ravel(), method)
        return complex(q[0]) if array.ndim == 0 else q.reshape(array.shape)

    def _solve(self, z, method="auto"):
        """(q, δ) at a flat complex array; the lower half-plane by conjugation, q(z̄) = conj q(z)."""
        below = z.imag < 0
        z = np.where(below, z.conj(), z)
        q, delta, residual = self.solve_or_nan(z, method)
        if np.isnan(q).any():
            worst = np.flatnonzero(np.isnan(q))[0]
            raise ConvergenceError(
                f"no certified solution at z = {z[worst]:.12g} ({np.isnan(q).sum()} of {z.size} points failed); "
                "move z off the edge of the bulk",
                residual[worst],
            )
        return np.where(below, q.conj(), q), np.where(below, delta.conj(), delta)

    def solve_or_nan(self, z, method="auto"):
        """(q, δ, residual), q and δ NaN within rounding of an edge; ``z`` flat, in the closed upper half-plane."""
        return self.solve_shifted(z - self.model.coefficients().s2, method)

    def solve_shifted(self, y, method="auto"):
        """`solve_or_nan` at z = s_t² + y."""
        residual = np.zeros(y.size)
        if y.size == 0:
            return *np.zeros((2, 0), complex), residual
        polynomial_exists = self.shifted.nodes.size <= polynomial.MAX_ATOMS
        if method == "polynomial" or (method == "auto" and polynomial_exists):
            q, delta = polynomial.solve(self.shifted, y)
            missed = np.isnan(q)  # degenerate roots: the path from infinity decides
        else:
            q, delta, missed = *np.full((2, y.size), UNSOLVED), np.ones(y.size, bool)
        if missed.any():
            q[missed], delta[missed], residual[missed] = continuation.solve(self.shifted, y[missed], self.upper_bound)
        return q, delta, residual

    def density_or_nan(self, lam, method="auto"):
        """Im q/π on a flat real array, NaN within rounding of an edge."""
        return self.solve_or_nan(lam.astype(complex), method)[0].imag / np.pi

    def _stieltjes_mpmath(self, z, method, dps):
        with mpmath.workdps(dps + 15):
            z = mpmath.mpc(z) if isinstance(z, (complex, mpmath.mpc, np.complexfloating)) else mpmath.mpc(to_mpf(z))
            start_q, start_delta = (x[0] for x in self._solve(np.array([complex(z)]), "auto"))
            system = self.system_mpmath(dps)
            if method == "polynomial":
                q = polynomial.solve_mpmath(system, z, start_q)
                polynomial.certify_mpmath(system, q, start_delta, z, dps)
            else:
                q, _ = refine(system, start_q, start_delta, z, dps)
            distance = abs(q - start_q) / abs(start_q)
            if not distance < 1e-6:  # another branch: only the start is certified
                raise ConvergenceError(
                    f"no root to {dps} digits near q = {start_q:.6g} at z = {mpmath.nstr(z, 8)}", distance
                )
        with mpmath.workdps(dps):
            return mpmath.mpc(q)

    def system_mpmath(self, dps, shifted=False):
        """The saddle-point equations with parameters to ``dps`` + 15 digits; in y = z − s_t² if ``shifted``."""
        with mpmath.workdps(dps + 15):
            c = self.model.coefficients(dps + 15)
            alpha = c.a * mpmath.exp(-to_mpf(self.model.t))
            parameters = (to_mpf(self.model.psi_p), to_mpf(self.model.psi_n), alpha, c.b, c.v, 0 * c.s if shifted else c.s)
            return SaddleSystem(parameters, *self.model.data.mpmath_spectrum(), module="mpmath")

    # --- the law -------------------------------------------------------------------------------------------------

    @cached_property
    def upper_bound(self):
        """A bound of the largest eigenvalue, from the norms of the Gaussian matrices in the equivalence."""
        psi_p, psi_n, alpha, b, v, s = self.system.parameters
        w = 1 + np.sqrt(psi_p)
        x = np.sqrt(self.system.nodes.max()) * (1 + 1 / np.sqrt(psi_n))
        g = alpha * w * x + v * (1 + np.sqrt(psi_p / psi_n))
        return g**2 + b**2 * w**2 + s**2

    def density(self, lam, method="auto"):
        """The continuous part of the density, Im q(λ + i0)/π, shaped like ``lam``; zero outside the bulk.

        ``lam`` is real and finite (``ValueError`` else). Cost as `stieltjes`.
        """
        lam = finite_array("lam", lam, float)
        one_of("method", method, METHODS)
        flat = lam.ravel()
        result = np.zeros(flat.shape)
        s2 = self.model.coefficients().s2
        inside = (flat > s2) & (flat < self.upper_bound)  # U − s² is a sum of positive matrices
        if inside.any():
            values = self.density_or_nan(flat[inside], method)
            unknown = np.isnan(values)
            if unknown.any():  # within rounding of an edge, where the density vanishes
                points, bulks = flat[inside][unknown], np.array(self.edges()).reshape(-1, 2)
                within = (points[:, None] > bulks[:, 0] * (1 + 1e-9)) & (points[:, None] < bulks[:, 1] * (1 - 1e-9))
                if within.any():
                    raise ConvergenceError(f"no certified density at lam = {points[within.any(axis=1)][0]:.12g}")
                values[unknown] = 0
            result[inside] = values
        return float(result[0]) if lam.ndim == 0 else result.reshape(lam.shape)

    def atoms(self):
        """((location, weight),) of the point mass at s_t², or () where there is none.

        U − s_t² is G G^T/n + b² W W^T/d, whose rank is at most the number of linearly independent columns: n from G if v > 0
        (n out of the d of W otherwise), and d from W if b > 0.
        """
        psi_p, psi_n, _, b, v, s = self.system.parameters
        rank = (1.0 if b > 0 else 0.0) + (psi_n if v > 0 else 0.0)
        return ((s**2, 1 - rank / psi_p),) if rank < psi_p else ()

    def edges(self, dps=None):
        """The edges of the bulk, sorted: an even number of them, two for each interval of the support.

        With ``dps`` a tuple of ``mpmath.mpf`` to that many digits, else of floats to about 1e-13 relative. Certified by the
        total mass: atoms and the integral of the density between these edges sum to 1 within 1e-8, else `ConvergenceError`.
        Cost: about 0.1 s, then cached.
        """
        if dps is None:
            return self._edges
        return edges.refine_all(self, positive_integer("dps", dps))

    @cached_property
    def edge_table(self):
        """Rows (y, q, δ), one for each edge λ = s_t² + y."""
        return edges.locate(self)

    @cached_property
    def _quadrature(self):
        return quadrature(self)

    @cached_property
    def _edges(self):
        found = tuple(float(y) for y in self.model.coefficients().s2 + self.edge_table[:, 0])
        _, weights = self._quadrature
        mass = weights.sum() + sum(weight for _, weight in self.atoms())
        if not abs(mass - 1) < 1e-8:
            raise ConvergenceError(
                f"the total mass between the edges {found} is {mass:.10f}, not 1: an interval of the support was missed",
                abs(mass - 1),
            )
        return found

    def integrate(self, function):
        """∫ f(λ) dμ(λ) over the whole law, atoms included; ``function`` is vectorised and smooth on each bulk."""
        self.edges()  # certifies the total mass of the rule
        nodes, weights = self._quadrature
        return float(weights @ function(nodes)) + sum(
            weight * float(function(np.array([location]))[0]) for location, weight in self.atoms()
        )
