"""The limit law of U: Stieltjes transform, density, edges, atoms. Nothing uncertified is returned."""

from functools import cached_property

import numpy as np

from ..digits import mp, rounded, to_mpc, to_mpf
from ..equations import continuation, late_times, polynomial
from ..equations import general_digits as engine_mpmath
from ..equations.certificate import TOLERANCE, UNSOLVED, certify, polish
from ..equations.general import EngineSystem
from ..equations.scalar import SaddleSystem, refine
from ..errors import ConvergenceError
from ..outliers import closed_form as outliers
from ..outliers import counted as general_outliers
from ..process import decay
from ..progress import progress_bar
from ..validation import a_model, decimal_digits, finite_array, one_of, values_of
from ..validation import exact as exact_number
from ..validation import function as a_function
from . import artefacts, edge_digits, edge_search, edges, label_continuum
from .integration import quadrature
from .survey import Survey

METHODS = ("auto", "polynomial", "continuation")
#: v² below this fraction of s², and α² of b², count as zero, lest squares of what they lead to underflow (tanh: v at t > 38, α at t > 115)
ROUNDED_AWAY = 1e-100
#: an interval of this relative width holds a few numbers of double precision at most, and counts as a point
RESOLUTION = 1e-15
#: beyond this many upper bounds of the spectrum the equations are solved by their fixed point, whose map contracts by its inverse there
FAR = 1e8


class Spectrum:
    r"""The limiting spectral law of U for a `theory.RandomFeatureModel`.

    q(z) = (1/p) Tr (U − z)^{-1}, so that q ≃ −1/z at infinity, Im q·Im z > 0, and the density is Im q(λ + i0)/π.
    """

    def __init__(self, model):
        self.model = a_model(model)
        # solved in y = z − s_t²: a bulk may lie so close to s_t² that λ itself does not resolve it
        if model.is_scalar:
            c, data = model.coefficients(), model.data
            v = 0.0 if c.v2 < ROUNDED_AWAY * c.s2 else c.v
            a, b = abs(c.a), abs(c.b)  # the sign of a is that of a column of W
            parameters = (float(model.psi_p), float(model.psi_n), a * model.decay, b, v, c.s)
            self.offset = c.s2
            self.system = SaddleSystem(parameters, data.eigenvalues, data.weights)
            alpha = 0.0 if parameters[2] ** 2 < ROUNDED_AWAY * c.b2 else parameters[2]
            self.shifted = SaddleSystem((*parameters[:2], alpha, b, v, 0.0), data.eigenvalues, data.weights)
            # the same where a continuous ρ_Σ is to be resolved, off the support
            same = not data.continuous and alpha == parameters[2]
            self.resolved = self.shifted if same else SaddleSystem((*parameters[:5], 0.0), *data.resolved())
        else:
            self.offset = float(model.ensemble.s2.min())
            self.system = EngineSystem(model.ensemble)
            self.shifted = EngineSystem(model.ensemble, self.offset)

    def __repr__(self):
        return f"Spectrum({self.model})"

    # --- the resolvent -------------------------------------------------------------------------------------------

    def stieltjes(self, z, method="auto", dps=None):
        r"""q(z) = (1/p) Tr (U − z)^{-1} in the limit.

        Parameters
        ----------
        z : complex scalar or array
            Anywhere off the atoms and off a hard edge. On the real axis the boundary value from above is returned (real outside the bulk).
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
            ``z`` not finite, or equal to an atom or a hard edge, where q is infinite; unknown ``method``.
        ConvergenceError
            A point could not be certified (exactly on an edge, to rounding).

        Notes
        -----
        Cost in double precision: about 20 µs a point for one eigenvalue, growing as (3m + 2)³ for m eigenvalues
        (polynomial), or as m × 100 µs/40 (continuation). At 50 digits about 5 ms a point. With several types, kinds or times digits cost seconds
        for the model's quadratures, which are kept, and then milliseconds to tens of them a point.
        """
        self._check_method(method)
        array = finite_array("z", z, complex)
        for location, _ in self._point_masses:
            if np.any(array == location):
                raise ValueError(f"z = {location} is an atom of the spectrum, where q is infinite; allowed: any other z")
        if np.any(array == self.offset) and self._has_hard_edge:
            raise ValueError(f"z = {self.offset} is a hard edge of the bulk, where q is infinite; allowed: any other z")
        if dps is not None:
            dps, exact = decimal_digits("dps", dps), np.asarray(z, dtype=object)
            result = np.empty(exact.shape, dtype=object)
            items = [exact_number(item) for item in exact.ravel()]
            result.ravel()[:] = self._stieltjes_mpmath(items, self.solve(array.ravel()), method, dps)
            return result.item() if array.ndim == 0 else result
        q = self.system.stieltjes(self.solve(array.ravel(), method))
        return complex(q[0]) if array.ndim == 0 else q.reshape(array.shape)

    def _check_method(self, method):
        if one_of("method", method, METHODS) == "polynomial" and not self.model.is_scalar:
            raise ValueError(
                "method = 'polynomial' belongs to one type, one kind and one time; allowed here: 'auto', 'continuation'"
            )

    def solve(self, z, method="auto"):
        """The unknowns at a flat complex array, (q, δ) or those of `theory.equations.general`; below the axis by conjugation."""
        below = z.imag < 0
        z = np.where(below, z.conj(), z)
        x, residual = self.solve_shifted(z - self.offset, method)
        if np.isnan(x[0]).any():
            worst = np.flatnonzero(np.isnan(x[0]))[0]
            raise ConvergenceError(
                f"no certified solution at z = {z[worst]:.12g} ({np.isnan(x[0]).sum()} of {z.size} points failed); "
                "move z off the edge of the bulk",
                residual[worst],
            )
        return np.where(below, x.conj(), x)

    def solve_or_nan(self, z, method="auto"):
        """(q, δ, residual), q and δ NaN within rounding of an edge; ``z`` flat, in the closed upper half-plane."""
        x, residual = self.solve_shifted(z - self.offset, method)
        return *x, residual

    def solve_shifted(self, y, method="auto"):
        """(x, residual), the unknowns (m, N) at z = offset + y, NaN within rounding of an edge; ``y`` as in `solve_or_nan`."""
        if self.model.is_scalar and late_times.is_limit(self.shifted):
            return late_times.solve(self.shifted, y), np.zeros(y.size)
        x, residual = np.full((self.shifted.unknowns, y.size), UNSOLVED), np.zeros(y.size)
        far = np.maximum(np.abs(y.real), np.abs(y.imag)) > FAR * self.upper_bound
        for part, solver in ((far, self._solve_far), (~far, lambda points: self._solve_near(points, method))):
            if part.any():
                x[:, part], residual[part] = solver(y[part])
        return x, residual

    def _solve_far(self, y):
        """`solve_shifted` where 1/|y| is far below rounding: polynomials and paths overflow there."""
        x = self.shifted.start(y)
        x = np.where(y.imag == 0, x.real, x)
        residual = self.shifted.residual_size(x, y)
        return np.where(residual < TOLERANCE, x, UNSOLVED), residual

    def _solve_near(self, y, method):
        if method == "polynomial" or (method == "auto" and self._has_short_polynomial):
            x, residual = polynomial.solve(self.shifted, y), np.zeros(y.size)
            missed = np.isnan(x[0])  # degenerate roots: the path from infinity decides
            if missed.any():
                x[:, missed], residual[missed] = continuation.solve(self.shifted, y[missed], self.upper_bound)
            return x, residual
        return continuation.solve(self.shifted, y, self.upper_bound)

    def off_support_or_nan(self, y):
        """(q, δ) at real y off the support of the scalar equations, with a continuous ρ_Σ resolved next to its ends; (2, N)."""
        x, _ = self.solve_shifted(y.astype(complex))
        if self.resolved is self.shifted:
            return x
        done, x = certify(self.resolved, polish(self.resolved, x, y + 0j, steps=20), y + 0j)
        if not done.all():
            x[:, ~done], _ = continuation.solve(self.resolved, y[~done] + 0j, self.upper_bound)
        return x

    @property
    def _has_short_polynomial(self):
        return self.model.is_scalar and self.shifted.nodes.size <= polynomial.MAX_ATOMS

    def solve_inside(self, y):
        """The unknowns (m, N) at real y within the bulks, NaN next to an edge: from what is known once the edges are."""
        if self.model.is_scalar:
            return self.solve_shifted(y.astype(complex))[0]
        self.node_edges  # noqa: B018  (fills the survey)
        return self.survey.solve_between(y)

    def density_or_nan(self, lam, method="auto"):
        """Im q/π on a flat real array, NaN within rounding of an edge."""
        x, _ = self.solve_shifted(lam.astype(complex) - self.offset, method)
        return self.system.stieltjes(x).imag / np.pi

    def _stieltjes_mpmath(self, points, starts, method, dps):
        """q at each of the points, a list of mpc, from the certified unknowns (m, N) in double precision."""
        with mp.workdps(dps + 15):
            refined, found = self._refinement(method, dps), []
            for z, start in zip(progress_bar(points, desc=f"{dps} digits", unit="point"), starts.T, strict=True):
                z = to_mpc(z)
                q, unknowns = refined(z, start)
                self._check_branch(start, unknowns, z, dps)
                found.append(rounded(mp.mpc(q), dps))
        return found

    def _refinement(self, method, dps):
        """A function of z and of the unknowns in double precision, with values (q, unknowns) at the thread's precision."""
        if not self.model.is_scalar:
            numbers = engine_mpmath.couplings(self.model, dps)
            return lambda z, start: engine_mpmath.refine(self.system, numbers, start, z, dps)
        system = self.system_mpmath(dps)

        def scalar(z, start):
            if method == "polynomial":
                q = polynomial.solve_mpmath(system, z, start[0])
                return q, (q, polynomial.certify_mpmath(system, q, start[1], z, dps))
            unknowns = refine(system, *start, z, dps)
            return unknowns[0], unknowns

        return scalar

    def _check_branch(self, start, unknowns, z, dps):
        """`ConvergenceError` where the unknowns are far from the start: only that was certified, and they belong to another branch."""
        end = np.array([complex(value) for value in unknowns])
        sizes = self.system.norms(start[:, None])[:, 0]
        sizes[self.system.resolvents :] += 1
        distance = np.max(self.system.norms((end - start)[:, None])[:, 0] / sizes)
        if not distance < 1e-6:
            raise ConvergenceError(f"no root to {dps} digits near q = {start[0]:.6g} at z = {mp.nstr(z, 8)}", distance)

    def system_mpmath(self, dps, shifted=False):
        """The saddle-point equations with parameters to ``dps`` + 15 digits; in y = z − s_t², with the `resolved` ρ_Σ, if ``shifted``."""
        with mp.workdps(dps + 15):
            c = self.model.coefficients_mpmath(dps + 15)
            a, b, v, s = map(to_mpf, (c.a, c.b, c.v, 0 if shifted else c.s))
            parameters = (
                to_mpf(self.model.psi_p),
                to_mpf(self.model.psi_n),
                abs(a) * decay(to_mpf(self.model.t), mp),
                abs(b),
                v,
                s,
            )
            return SaddleSystem(parameters, *self.model.data.mpmath_spectrum(resolved=shifted), module="mpmath")

    # --- the law -------------------------------------------------------------------------------------------------

    @cached_property
    def upper_bound(self):
        """A bound of the largest eigenvalue, from the norms of the Gaussian matrices in the equivalence."""
        if not self.model.is_scalar:
            return self.model.ensemble.upper_bound
        psi_p, psi_n, alpha, b, v, s = self.system.parameters
        w = 1 + np.sqrt(psi_p)
        x = np.sqrt(self.resolved.nodes.max()) * (1 + 1 / np.sqrt(psi_n))
        g = alpha * w * x + v * (1 + np.sqrt(psi_p / psi_n))
        return g**2 + b**2 * w**2 + s**2

    def density(self, lam, method="auto"):
        """The continuous part of the density, Im q(λ + i0)/π, shaped like ``lam``; zero outside the bulk, inf on a hard edge.

        ``lam`` is real and finite (``ValueError`` else). Cost as `stieltjes`. Where quadrature nodes or types stand for a continuum it is
        the density of their law: exactly 0 between bulks of single nodes, where the continuum's is not, and right on average over
        the distance of such bulks.
        """
        lam = finite_array("lam", lam, float)
        self._check_method(method)
        flat = lam.ravel()
        result = np.zeros(flat.shape)
        inside = (flat > self.offset) & (flat < self.upper_bound)  # U − s² is a sum of positive matrices
        if inside.any():
            values = self.density_or_nan(flat[inside], method)
            unknown = np.isnan(values)
            if unknown.any():  # within rounding of an edge, where the density vanishes
                points, bulks = flat[inside][unknown], self.offset + self.node_edges.reshape(-1, 2)
                within = (points[:, None] > bulks[:, 0] * (1 + 1e-9)) & (points[:, None] < bulks[:, 1] * (1 - 1e-9))
                if within.any():
                    raise ConvergenceError(f"no certified density at lam = {points[within.any(axis=1)][0]:.12g}")
                values[unknown] = 0
            result[inside] = values
        at_offset = flat == self.offset
        if at_offset.any() and self._has_hard_edge:
            result[at_offset] = np.inf
        return float(result[0]) if lam.ndim == 0 else result.reshape(lam.shape)

    def atoms(self):
        """((location, weight), …) of the point masses: at s_t², or at the s̄_j² of `theory.couplings.ensemble`; () where there is none.

        U − s_t² is G G^T/n + b² W W^T/d, whose rank is at most the number of linearly independent columns: n from G if v > 0
        (n out of the d of W otherwise), and d from W if b > 0. The scalar equations resolve y = λ − s_t² further than double precision
        resolves λ (`edge_offsets`): an interval of the support that is a single number there is a point mass too. Late in the diffusion
        that of the samples is: U then has s_t² and the Marchenko–Pastur law b² WW^T/d + s_t² (for an even activation s_t² alone).
        Such weights come with the edges, at their cost and with their errors.
        """
        return self._law[1] if self.model.is_scalar else self._point_masses

    @cached_property
    def _point_masses(self):
        """The atoms that there are in exact arithmetic."""
        if not self.model.is_scalar:
            return self.model.ensemble.atoms
        psi_p, psi_n, _, b, v, _ = self.system.parameters
        rank = (1.0 if b > 0 else 0.0) + (psi_n if v > 0 else 0.0)
        return ((self.offset, 1 - rank / psi_p),) if rank < psi_p else ()

    @cached_property
    def _has_hard_edge(self):
        """Whether the lowest bulk reaches the offset, with a density that diverges there."""
        return bool(self.node_edges.size and self.node_edges[0] == 0)

    def outliers(self, dps=None):
        """The eigenvalues off the bulk that the spikes of the data make, sorted tuple of `theory.results.Outlier`; () where there is none.

        To ``dps`` digits where asked, for one type, kind and time (`theory.outliers.closed_form`; in general `theory.outliers.counted`).
        The mean activation has its own (`theory.outliers.means`, `theory.outliers.counted.mean_outliers`); where the data have a mean too,
        `theory.outliers.counted.direction_outliers` takes the dimension at which the two are to be weighed.
        """
        if self.model.is_scalar:
            return outliers.outliers(self, dps)
        if dps is not None:
            dps = decimal_digits("dps", dps)
            raise ValueError(f"dps = {dps!r} is available for one type, one kind and one time only; allowed here: dps=None")
        return general_outliers.direction_outliers(self)

    def edges(self, dps=None):
        """The edges of the bulk, sorted: an even number of them, two for each interval of the support; () where the law has atoms only.

        With ``dps`` a tuple of ``mpmath.mpf`` to that many digits, else of floats to about 1e-13 relative. Certified by the
        total mass: atoms and the integral of the density between these edges sum to 1 within 1e-8, else `ConvergenceError`.
        An interval narrower than rounding is none, but one of the `atoms`; with more digits it may have two ends.
        Cost: about 0.1 s, then cached.

        Of a continuous ρ_Σ (`theory.Gaussian.from_density`, `theory.Gaussian.power_law`) they are the edges of the continuum, not those of its
        quadrature nodes, between which U has gaps that are none (`theory.data.continuum`). They do not depend on the number of nodes
        beyond the averages; 10 and 160 nodes give the same within 1e-7, ψ_p from 2 to 1000. The nodes must show as many gaps, else
        `ConvergenceError`; that costs up to a minute where hundreds of nodes make a bulk each, and ``dps`` some seconds an edge. Biases and
        far centroids have the edges of their continuum too, up to a reach of six standard deviations; `theory.spectrum.label_continuum` says
        with what error. Atoms of single types (`atoms`) are in the intervals.
        """
        if dps is None:
            return self._law[0]
        dps = decimal_digits("dps", dps)
        if not self.model.is_scalar:
            raise ValueError(f"dps = {dps} is available for one type, one kind and one time only; allowed here: dps=None")
        return edge_digits.refine_all(self, dps)

    @cached_property
    def edge_table(self):
        """Rows (y, q, δ), one for each edge λ = s_t² + y, of the scalar equations."""
        continuous = self.model.data.continuous
        if not continuous or not len(self._node_table):
            return self._node_table
        table = edges.locate(self, self.resolved, continuous)
        gaps = self._node_table[1:-1].reshape(-1, 2, 3)
        real = sum(not artefacts.is_artefact(self, low) for low, _ in gaps)
        if len(table) != 2 * real + 2:
            raise ConvergenceError(
                f"the quadrature of ρ_Σ shows {real} gaps of the spectrum, the continuum {len(table) // 2 - 1}; "
                f"double nodes = {len(self.shifted.nodes)}"
            )
        return table

    @cached_property
    def _node_table(self):
        return edges.locate(self)

    @cached_property
    def survey(self):
        """Certified points of the real axis from which the edges of the general equations are found, as `theory.spectrum.survey.Survey`."""
        return Survey(self, edge_search.scan_points(self.model.ensemble, self.upper_bound, self.offset))

    @cached_property
    def edge_offsets(self):
        """The y of the edges λ = offset + y, sorted, to full relative precision."""
        if self.model.is_scalar:
            return self.edge_table[:, 0]
        return label_continuum.locate(self, self.node_edges) if self.node_edges.size else self.node_edges

    @cached_property
    def node_edges(self):
        """The same for the law of the nodes, which the density and all averages are of."""
        if self.model.is_scalar:
            return self._node_table[:, 0]
        if (
            sum(weight for _, weight in self._point_masses) > 1 - 1e-12
        ):  # late, without a linear part: nothing is left but noise
            return np.zeros(0)
        return edge_search.locate(self)

    @cached_property
    def _quadrature(self):
        return quadrature(self)

    @cached_property
    def _law(self):
        """(edges, atoms) as double precision tells them apart, certified by the total mass."""
        self._certify_mass()
        intervals = (self.offset + self.edge_offsets).reshape(-1, 2)
        nodes, weights = self._quadrature
        point = intervals[:, 1] - intervals[:, 0] <= RESOLUTION * intervals[:, 1]
        atoms = dict(self._point_masses)
        for low, high in np.unique(intervals[point], axis=0).tolist():
            atoms[low] = atoms.get(low, 0.0) + float(weights[(nodes >= low) & (nodes <= high)].sum())
        return tuple(intervals[~point].ravel().tolist()), tuple(sorted(atoms.items()))

    def _certify_mass(self):
        _, weights = self._quadrature
        mass = weights.sum() + sum(weight for _, weight in self._point_masses)
        if not abs(mass - 1) < 1e-8:
            found = tuple((self.offset + self.node_edges).tolist())
            raise ConvergenceError(
                f"the total mass between the edges {found} is {mass:.10f}, not 1: an interval of the support was missed",
                abs(mass - 1),
            )

    def integrate(self, function):
        """∫ f(λ) dμ(λ) over the whole law, atoms included; ``function`` is vectorised and smooth on each bulk."""
        a_function("function", function, "a vectorised function of λ")
        self._certify_mass()
        nodes, weights = self._quadrature
        return float(weights @ values_of("function", function, nodes)) + sum(
            weight * float(values_of("function", function, np.array([location]))[0])
            for location, weight in self._point_masses
        )
