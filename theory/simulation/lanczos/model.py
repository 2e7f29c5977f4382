r"""A draw that is larger than a dense eigensolver takes: what `theory.simulation.finite.FiniteModel` gives, by Lanczos' recurrences.

``model.simulate(d, method="lanczos")`` returns a `LanczosModel`. Its traces, (1/p) Tr f(U), are means over random probes, with a standard error,
of Gauss' rules of so many steps, with a certificate (stochastic Lanczos quadrature: Golub and Meurant 1994; Ubaru, Chen and Saad, SIAM J. Matrix
Anal. Appl. 38, 1075 (2017)). Nothing is diagonalised but tridiagonal matrices of that size, so what needs all eigenvalues or
eigenvectors is an error that says what there is in its place.

Checked by ``tests/simulation/test_lanczos.py``, against the dense draw of the same seed.
"""

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from ...data.gaussian import Gaussian
from ...errors import ConvergenceError
from ...filters import check_tau, filter_function
from ...progress import progress_bar
from ...validation import finite_array, integer, one_of, positive, positive_integer
from ..drawing import kinds_of_samples
from ..fresh_data import class_initial_test_loss, class_score_error, score_error
from ..time_nodes import mean_square_target
from .curves import LanczosCurve, fresh_values, train_values
from .draw import Matrices
from .extremes import GUARD, WHICH, Extremes, extreme_eigenvalues
from .fresh import fresh_forms
from .probes import Estimate, mean_over_probes, orthogonal_probes, random_bound
from .quadrature import cumulative, gauss, resolvent, resolvent_bound, smoothed
from .recurrence import Tridiagonal, tridiagonalise

if TYPE_CHECKING:
    from ...model import RandomFeatureModel

#: largest certificate, relative to what it certifies, that is returned without an error
CERTIFIED = 1e-3
#: attributes of a dense draw that need all eigenvalues, and what gives what they are for
ELSEWHERE = {
    "eigenvalues": "cdf(lam), histogram(walls) and density(lam) give their law, extreme_eigenvalues(count) the outermost",
    "modes": "extreme_eigenvalues(count) gives the outermost, with eigenvectors",
    "flow_matrices": "training(tau) gives the losses",
    "class_matrices": "training(tau) gives the losses",
    "fresh_class_matrices": "training(tau) gives the losses",
}


@dataclass(eq=False, repr=False)
class LanczosModel:
    """One draw, made by ``model.simulate(d, method="lanczos")``. Attributes that `theory.simulation.FiniteModel` has too mean the same."""

    model: "RandomFeatureModel"
    #: what was drawn; ``W``, ``X``, ``U``, ``V``, ``kinds`` and ``biases`` are its parts
    matrices: Matrices
    #: "network" or "equivalent"
    features: str
    noise_draws: int | None
    #: of the recurrences for traces, and of those for losses
    probes: int
    steps: int
    rng: np.random.Generator = field(default_factory=np.random.default_rng)

    def __post_init__(self):
        self._of_traces, self._of_losses = self.rng.spawn(2)

    def __repr__(self):
        (p, d), n = self.W.shape, self.X.shape[1]
        return f"LanczosModel(d={d}, p={p}, n={n}, probes={self.probes}, steps={self.steps}, {self.model})"

    def __getattr__(self, name: str) -> Any:
        # only for what is not there
        if name in ELSEWHERE:
            raise AttributeError(f"{name}: needs all eigenvalues of U, which method = 'dense' has; {ELSEWHERE[name]}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def W(self) -> NDArray:
        """(p, d), the features' weights, of float32 or float64."""
        return self.matrices.W

    @property
    def X(self) -> NDArray:
        """(d, n), samples as columns."""
        return self.matrices.X

    @property
    def U(self) -> LinearOperator:
        """(p, p), as an operator: ``U @ x`` for vectors x (p,) or (p, m)."""
        return self.matrices.U

    @property
    def V(self) -> LinearOperator:
        """(p, d), as an operator."""
        return self.matrices.V

    @property
    def dtype(self) -> str:
        """What the matrices are stored in, "float64" or "float32"; numbers that are returned are float64."""
        return self.matrices.U.storage.name

    @property
    def device(self) -> str:
        """Where it was made: "cpu", the one place of Lanczos' recurrences."""
        return "cpu"

    @property
    def kinds(self) -> NDArray[np.int_]:
        """(n,), the samples' kinds."""
        return self.matrices.kinds

    @property
    def biases(self) -> NDArray[np.float64]:
        """(p,)"""
        return self.matrices.biases

    @property
    def initial_loss(self) -> float:
        """L_0, the train loss at A = 0."""
        return mean_square_target(self.model.times, self.matrices.energy)

    @cached_property
    def rules(self) -> list[Tridiagonal]:
        """The recurrences of the probes of traces, made once: ``steps`` products of U with ``probes`` vectors."""
        p = self.W.shape[0]
        starts = orthogonal_probes(self._of_traces, p, min(self.probes, p))
        return tridiagonalise(self.matrices.U, starts, self.steps)[0]

    @cached_property
    def _loss_parts(self):
        """(recurrences from V g, `FreshForms`), made once."""
        d = self.W.shape[1]
        g = np.sqrt(d) * orthogonal_probes(self._of_losses, d, min(self.probes, d))
        rules, basis = tridiagonalise(self.matrices.U, self.V @ g, self.steps)
        return rules, fresh_forms(self.model, self.features, self.W, self.biases, self.V, g, basis)

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest node of the quadrature: eigenvalues of U lie at and beyond both."""
        return min(float(rule.nodes[0]) for rule in self.rules), max(float(rule.nodes[-1]) for rule in self.rules)

    def moments(self, order: int) -> Estimate:
        """(1/p) Tr U^j, j = 0, …, ``order`` <= 2 steps − 1: Gauss' rules have no other error for these than the probes'."""
        order = integer("order", order, 0, 2 * self.steps - 1)
        powers = np.arange(order + 1)[:, None]
        values = np.array([gauss(rule, lambda lam: lam**powers) for rule in self.rules])
        return mean_over_probes(values, np.zeros_like(values), self.W.shape[0])

    def stieltjes_estimate(self, z: ArrayLike) -> Estimate:
        """`stieltjes` with its standard error and the bound of its quadrature."""
        array = finite_array("z", z, complex)
        distance = self._distance(array)
        if not np.all(distance > 0):
            raise ValueError(
                f"z = {array[distance <= 0].flat[0]} is not off the spectrum for certain; allowed: Im z ≠ 0, or real z below "
                f"{self.U.lower:.6g} or above {self._above:.6g}"
            )
        values = np.array([resolvent(rule, array) for rule in self.rules])
        bounds = np.array([resolvent_bound(rule, array, distance) for rule in self.rules])
        found = mean_over_probes(values, bounds, self.W.shape[0])
        _certified("(1/p) Tr (U − z)^{-1}", found.quadrature_error, np.abs(found.value))
        return found

    def stieltjes(self, z: ArrayLike) -> complex | NDArray[np.complex128]:
        """(1/p) Tr (U − z)^{-1} at complex ``z`` (scalar or array), off the real axis or at real z certainly off the spectrum, else
        ``ValueError``.

        `stieltjes_estimate` has the errors. ``ConvergenceError`` where the certificate is not within `CERTIFIED`: z too near the spectrum.
        """
        value = self.stieltjes_estimate(z).value
        return complex(value) if np.ndim(value) == 0 else value

    def cdf(self, lam: ArrayLike) -> Estimate:
        """The share of eigenvalues up to ``lam`` (scalar or array), at one of them the middle of the jump.

        ``quadrature_error`` is half the Christoffel function, between the bounds of Chebyshev, Markov and Stieltjes: of the order of the
        distance of two nodes. Where the density is smooth the middle is far closer. Cost O(steps²) for each probe and each lam.
        """
        array = finite_array("lam", lam, float)
        values, bounds = self._cumulative(array)
        return mean_over_probes(values, bounds, self.W.shape[0])

    def histogram(self, walls: ArrayLike) -> Estimate:
        """The shares of eigenvalues between neighbouring ``walls``, increasing numbers; the errors as of `cdf`."""
        walls = finite_array("walls", walls, float)
        if walls.ndim != 1 or walls.size < 2 or np.any(np.diff(walls) <= 0):
            raise ValueError(f"walls has shape {walls.shape}; allowed: two or more increasing numbers")
        values, bounds = self._cumulative(walls)
        return mean_over_probes(np.diff(values, axis=1), bounds[:, 1:] + bounds[:, :-1], self.W.shape[0])

    @property
    def resolution(self) -> float:
        """The mean distance of two nodes in ln λ, weighted with the measure: what a smooth density is resolved to."""
        return float(np.mean([_spacing(rule) for rule in self.rules]))

    def density(self, lam: ArrayLike, width: float | None = None) -> Estimate:
        """The density of eigenvalues at ``lam`` > 0, with ln λ smoothed by a normal law of standard deviation ``width``, by default
        `resolution`.

        One width in ln λ serves bulks of any scale. Nodes that lie a width apart integrate such a kernel almost exactly, where the bins of a
        histogram, which have corners, are off by the weight of a node: to compare with a law, smooth it by the same kernel. The
        ``quadrature_error`` is a rigorous bound and says far less than what holds for smooth densities.
        """
        lam = finite_array("lam", lam, float)
        if np.any(lam <= 0):
            raise ValueError(f"lam holds {lam[lam <= 0].flat[0]}; allowed: numbers > 0")
        width = self.resolution if width is None else float(positive("width", width))
        pairs = [smoothed(rule, np.log(lam.ravel()), width) for rule in self.rules]
        values, bounds = (np.array(each).reshape(len(pairs), *lam.shape) / lam for each in zip(*pairs, strict=True))
        return mean_over_probes(values, bounds, self.W.shape[0])

    def extreme_eigenvalues(self, count: int = 1, which: str = "largest", tolerance: float | None = None) -> Extremes:
        """The ``count`` "largest" or "smallest" eigenvalues of U, with eigenvectors and residuals: `theory.simulation.lanczos.extremes`.

        ``tolerance``, relative to the largest eigenvalue, is what residuals may be, by default 1e-6, or 1e-5 for matrices in float32.
        ``ConvergenceError`` where it is not reached.
        """
        p = self.W.shape[0]
        count = positive_integer("count", count, p)
        one_of("which", which, WHICH)
        tolerance = None if tolerance is None else float(positive("tolerance", tolerance))
        size = self.range[1]
        start = np.random.default_rng(0).standard_normal((p, min(p, count + GUARD)))
        return extreme_eigenvalues(self.matrices.U, count, which, size, start, tolerance)

    def training(self, tau: ArrayLike) -> LanczosCurve:
        """Train and test loss under exact gradient flow, with their errors: `theory.simulation.lanczos.curves`.

        ``tau`` >= 0; inf only for the Gaussian equivalent, where s² > 0 is known to lie below the spectrum. ``ConvergenceError`` where a
        certificate is not within `CERTIFIED` of max(1, loss). For a mixture, ``train_by_class`` is None.
        """
        tau = check_tau(tau)
        model, (p, d), lower = self.model, self.W.shape, self.U.lower
        if lower == 0 and np.isinf(tau).any():
            raise ValueError(
                "tau = inf asks for 1/λ at every eigenvalue, and no bound > 0 below those of this U is known; allowed: finite tau"
            )
        rules, forms = self._loss_parts
        rate = 2 * model.noise_variance * d / p * tau.ravel()
        values, widths = train_values(rules, partial(_filters, 2 * rate), lower)
        train = mean_over_probes(self.initial_loss - values / d, widths / d, d)
        values, bounds = fresh_values(rules, forms, rate, lower)
        by_class = mean_over_probes(class_initial_test_loss(model, d)[:, None] + values / d, bounds / d, d)
        shares = kinds_of_samples(model.data, d)[0]
        whole = np.einsum("c,mct->mt", shares, class_initial_test_loss(model, d)[:, None] + values / d)
        test = mean_over_probes(whole, np.einsum("c,mct->mt", shares, bounds / d), d)
        for name, loss in (("train", train), ("test", test)):
            _certified(f"the {name} loss", loss.quadrature_error, np.maximum(1.0, np.abs(loss.value)))
        shape = tau.shape
        one_kind = isinstance(model.data, Gaussian)
        return LanczosCurve(
            tau,
            train.value.reshape(shape),
            test.value.reshape(shape),
            np.asarray(score_error(model, d, test.value)).reshape(shape),
            *(error.reshape(shape) for loss in (train, test) for error in loss[1:]),
            train_by_class=train.value.reshape(1, *shape) if one_kind else None,
            test_by_class=by_class.value.reshape(-1, *shape),
            score_error_by_class=class_score_error(model, d, by_class.value).reshape(-1, *shape),
        )

    @property
    def _above(self):
        """A number that no eigenvalue exceeds, but with probability 1e-10."""
        return min(random_bound(rule.nodes[-1], self.W.shape[0], len(rule.nodes)) for rule in self.rules)

    def _distance(self, z):
        """Of each z from where eigenvalues may be; <= 0 where that is not known to be positive."""
        outside = np.maximum(self.U.lower - z.real, 0.0)
        if np.any((z.imag == 0) & (z.real >= self.U.lower)):
            outside = np.maximum(outside, z.real - self._above)
        return np.hypot(np.maximum(outside, 0.0), z.imag)

    def _cumulative(self, lam):
        """Values and bounds for each probe, (m, *lam.shape)."""
        rows = [[cumulative(rule, x) for x in lam.ravel()] for rule in progress_bar(self.rules, desc="quadrature")]
        both = np.array(rows).reshape(len(rows), *lam.shape, 2)
        return both[..., 0], both[..., 1]


def _spacing(rule):
    """Σ_j w_j (ln θ_{j+1} − ln θ_{j−1})/2, over the inner nodes."""
    nodes = np.log(np.maximum(rule.nodes, np.finfo(float).tiny))
    if len(nodes) < 3:
        return 1.0
    return (nodes[2:] - nodes[:-2]) / 2 @ rule.weights[1:-1] / rule.weights[1:-1].sum()


def _filters(rate, lam):
    """f(λ) for each rate, (T, …)."""
    return filter_function(lam, rate[:, None])


def _certified(what, bound, size):
    """Raise `ConvergenceError` where a bound is not below `CERTIFIED` times a size."""
    share = np.max(bound / size, initial=0.0)
    if not share <= CERTIFIED:
        raise ConvergenceError(f"{what} is certified to no more than a share of it", share, reason="steps")
