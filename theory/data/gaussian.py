"""Data without clusters: Gaussian, with the law ρ_Σ of the covariance's eigenvalues and finitely many spikes.

Description only: nothing is computed here but what the couplings (`theory.couplings`), the equations and the simulations ask of it, the
moments of ρ_Σ and a finer quadrature of it where it is continuous (`theory.data.continuum`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..digits import to_mpf
from ..validation import (
    MOST_NODES,
    finite_array,
    function,
    interval,
    non_negative,
    of_class,
    one_of,
    positive,
    positive_integer,
    sequence,
    sequence_of,
    shown,
    sum_to_one,
    truth,
    values_of,
)
from . import sample_spectrum
from .continuum import Continuum, graded_rule, positive_intervals

ESTIMATORS = ("population", "sample")


def _pairs(spectrum):
    try:
        pairs = tuple(sequence("spectrum", pair, "") for pair in sequence("spectrum", spectrum, ""))
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError
    except ValueError:
        raise ValueError(
            f"spectrum = {shown(spectrum)} is not a sequence of pairs; allowed: ((eigenvalue, weight), …)"
        ) from None
    if not pairs:
        raise ValueError("spectrum = () is empty; allowed: at least one (eigenvalue, weight)")
    pairs = tuple(
        (non_negative("spectrum eigenvalue", value), positive("spectrum weight", weight)) for value, weight in pairs
    )
    sum_to_one("spectrum weights", (weight for _, weight in pairs))
    if all(float(value) == 0 for value, _ in pairs):
        raise ValueError("spectrum has no eigenvalue > 0; allowed: at least one")
    return pairs


@dataclass(frozen=True)
class Gaussian:
    r"""Centred Gaussian data with covariance Σ.

    Parameters
    ----------
    spectrum : sequence of (eigenvalue, weight)
        ρ_Σ as atoms; for a continuous law its quadrature nodes and weights (see `from_density` and
        `power_law`). Eigenvalues >= 0, weights > 0 with sum 1. The default is the identity.
    spikes : sequence of float
        Variances (> 0) of finitely many further directions. They move no bulk and no coefficient: they weigh O(1/d).
    continuous : sequence of `theory.data.continuum.Continuum`
        Set by `from_density` and `power_law`: what ``spectrum`` is a quadrature of. Without it ρ_Σ is atomic. It decides what
        the *support* of U is (`theory.spectrum.Spectrum.edges`); averages are taken over ``spectrum``.

    Raises
    ------
    ValueError
        Naming ``spectrum``, ``spikes`` or ``continuous``, the value, and what is allowed.

    Examples
    --------
    >>> from theory import Gaussian
    >>> data = Gaussian(spectrum=((0.5, 0.5), (1.5, 0.5)), spikes=(5.0,))
    >>> float(data.variance), data.spikes
    (1.0, (5.0,))
    """

    spectrum: tuple = ((1, 1),)
    spikes: tuple = ()
    continuous: tuple = field(default=(), repr=False)

    def __post_init__(self):
        object.__setattr__(self, "spectrum", _pairs(self.spectrum))
        object.__setattr__(self, "spikes", sequence_of("spikes", self.spikes, positive, "(variance, …)"))
        continuous = sequence("continuous", self.continuous, "as set by Gaussian.from_density")
        for part in continuous:
            of_class("continuous", part, "Continuum", "as set by Gaussian.from_density")
        object.__setattr__(self, "continuous", tuple(continuous))

    @property
    def eigenvalues(self) -> NDArray:
        """The eigenvalues of ρ_Σ, float array of shape (m,)."""
        return np.array([float(value) for value, _ in self.spectrum])

    @property
    def weights(self) -> NDArray:
        """Their weights, float array of shape (m,), normalised to the last digit."""
        weights = np.array([float(weight) for _, weight in self.spectrum])
        return weights / weights.sum()

    @property
    def variance(self) -> float:
        """σ_x² = Tr Σ/d (the mean eigenvalue, not its square)."""
        return float(self.weights @ self.eigenvalues)

    def mpmath_spectrum(self, resolved: bool = False) -> tuple[list, list]:
        """(eigenvalues, weights) as lists of mpf at the thread's precision, weights normalised; if asked those of `resolved`."""
        pairs = [pair for interval in self.continuous for pair in interval.rule] if resolved else ()
        pairs = pairs or self.spectrum
        weights = [to_mpf(weight) for _, weight in pairs]
        total = sum(weights)
        return [to_mpf(value) for value, _ in pairs], [weight / total for weight in weights]

    def holds(self, variance: float) -> bool:
        """Whether a direction of this variance is one of a continuous ρ_Σ."""
        return any(interval.low <= variance <= interval.high for interval in self.continuous)

    def resolved(self) -> tuple[NDArray, NDArray]:
        """(eigenvalues, weights) that resolve what happens next to the ends of a continuous ρ_Σ; else the atoms. Float arrays."""
        pairs = [pair for interval in self.continuous for pair in interval.rule] or self.spectrum
        eigenvalues, weights = (np.array([float(x) for x in column]) for column in zip(*pairs, strict=True))
        return eigenvalues, weights / weights.sum()

    @classmethod
    def from_density(cls, density: Callable, support: tuple[float, float], nodes: int = 80) -> "Gaussian":
        """A continuous ρ_Σ, by Gauss–Legendre nodes on each interval on which its density is positive.

        Parameters
        ----------
        density : callable
            Vectorised; need not be normalised. Where it vanishes at two or more neighbours of ``nodes`` points, ρ_Σ has a gap.
        support : (float, float)
            0 <= low < high.
        nodes : int
            The error of every average decreases geometrically with them for an analytic density, and so does that of q(z) at a
            given distance from the spectrum. The edges of U do not depend on them (`theory.data.continuum`). Its density does: on the
            real axis it is that of the nodes, which show as ripples, or as bulks with nothing between, where there are fewer than
            about five for each unit of the smaller of ψ_p and ψ_n. It is to be read averaged over their distance.
        """
        low, high = interval("support", support)
        function("density", density, "a vectorised function")
        intervals = positive_intervals(
            lambda x: _checked(density, x), low, high, positive_integer("nodes", nodes, MOST_NODES)
        )
        parts, rules = [], []
        for start, stop, share in intervals:
            points, weights = np.polynomial.legendre.leggauss(share)
            parts.append((start + (stop - start) * (points + 1) / 2, (stop - start) * weights))
            from_start, from_stop, weights = graded_rule(share)
            points = np.where(from_start < 0.5, start + (stop - start) * from_start, stop - (stop - start) * from_stop)
            rules.append((points, 2 * (stop - start) * weights))
        parts, rules = ([(x, w * _checked(density, x)) for x, w in rows] for rows in (parts, rules))
        return cls(_pairs_of(parts), continuous=_continua([row[:2] for row in intervals], rules))

    @classmethod
    def power_law(cls, exponent: float, condition: float = 100.0, nodes: int = 80) -> "Gaussian":
        r"""Eigenvalues λ_i ∝ i^{−exponent}, i = 1..d, cut at ``condition`` = λ_max/λ_min and scaled to mean 1.

        The law of λ at uniform rank is continuous: with u ∈ (u₀, 1) uniform, λ ∝ u^{−exponent} and
        u₀ = condition^{−1/exponent}.  ``exponent`` > 0, ``condition`` > 1; ``nodes`` as in `from_density`.
        """
        exponent = float(positive("exponent", exponent))
        if not positive("condition", condition) > 1:
            raise ValueError(f"condition = {condition!r} is out of range; allowed: a finite real number > 1")
        condition = float(condition)
        # Gauss–Legendre in log λ: the density of λ^{-1/exponent} is smooth there
        log_condition, count = np.log(condition), positive_integer("nodes", nodes, MOST_NODES)
        points, weights = np.polynomial.legendre.leggauss(count)
        log_value = log_condition * (points + 1) / 2
        weights = weights * np.exp(-log_value / exponent)
        weights /= weights.sum()
        values = np.exp(log_value)
        mean = weights @ values
        below, above, graded = graded_rule(count)
        log_graded = log_condition * np.where(below < 0.5, below, 1 - above)
        rule = np.exp(log_graded) / mean, graded * np.exp(-log_graded / exponent)
        return cls(_pairs_of([(values / mean, weights)]), continuous=_continua([(1 / mean, condition / mean)], [rule]))

    @classmethod
    def from_samples(
        cls, X: ArrayLike, estimator: str = "population", *, atoms: int = 40, remove_mean: bool = True
    ) -> "Gaussian":
        r"""ρ_Σ of a data matrix, as at most ``atoms`` nodes, with the trace of the sample covariance.

        Parameters
        ----------
        X : array (n, d)
            n >= 2 samples as rows, of real numbers, not all the same.
        estimator : {"population", "sample"}
            "population" removes the sampling noise by the inverse of the Marchenko–Pastur equation
            (`theory.data.sample_spectrum`): the law of Σ, where samples are Σ^{1/2} times independent numbers. "sample" takes the eigenvalues
            of the sample covariance as they are, right for n ≫ d only.
        atoms : int
            Most nodes. A model's cost grows with them. Neighbours are merged into their mean, in log λ, so that the errors of
            averages fall faster than 1/atoms.
        remove_mean : bool
            Subtract the samples' mean and divide by n − 1, not n: the model's data are centred.

        Raises
        ------
        ValueError
            Naming ``X``, ``estimator``, ``atoms`` or ``remove_mean``, the value and what is allowed.
        ConvergenceError
            The inversion did not end.

        Notes
        -----
        Errors at d = 300 and n = 2d, d/2, as first Wasserstein distance to ρ_Σ over its mean, in brackets those of "sample": atoms 1 and 4
        of equal weight 0.035, 0.15 (0.42, 0.86); a Marchenko–Pastur law of ratio ½ 0.12, 0.24 (0.24, 0.66); q(z) of a model on such data
        0.4%, 5% at most (8%, 31%). A law that falls as a power has its error in its few largest eigenvalues, which no estimator can
        remove: 0.08, 0.17 (0.10, 0.29) for λ_i ∝ 1/i. 40 atoms for λ_i ∝ i^{−3/2} change q by 5e-4, 20 by 2e-3. A continuous ρ_Σ comes
        as atoms (`from_density` says what the density of U is then). Cost: O(n d min(n, d)), 1 s for n = 10,000, d = 1,000.
        """
        X = finite_array("X", X, float)
        estimator, atoms = one_of("estimator", estimator, ESTIMATORS), positive_integer("atoms", atoms, MOST_NODES)
        remove_mean = truth("remove_mean", remove_mean)
        if X.ndim != 2 or X.shape[0] < 2 or X.shape[1] < 1:
            raise ValueError(f"X has shape {X.shape}; allowed: (n, d), a row for each of n >= 2 samples")
        eigenvalues, freedom = sample_spectrum.sample_eigenvalues(X, remove_mean)
        if not eigenvalues[-1] > 0 or not np.isfinite(eigenvalues[-1]):
            raise ValueError(f"X = {shown(X)} has no variance > 0 that is finite; allowed: samples that differ")
        nodes, weights = eigenvalues, np.full(eigenvalues.size, 1 / eigenvalues.size)
        if estimator == "population":
            nodes, weights = sample_spectrum.population(eigenvalues, freedom)
        nodes, weights = sample_spectrum.merged(nodes, weights, atoms)
        return cls(tuple(zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True)))


def _checked(density, points):
    values = values_of("density", density, points)
    if not (np.isfinite(values.sum()) and np.all(values >= 0)):
        raise ValueError("density is negative or not finite on its support; allowed: a density")
    return values


def _pairs_of(rows):
    points, weights = (np.concatenate(column) for column in zip(*rows, strict=True))
    keep = weights > 0
    return tuple(zip(points[keep].tolist(), (weights[keep] / weights.sum()).tolist(), strict=True))


def _continua(intervals, rows):
    total = sum(weights.sum() for _, weights in rows)
    rules = [tuple(zip(x[w > 0].tolist(), (w[w > 0] / total).tolist(), strict=True)) for x, w in rows]
    return tuple(Continuum(*map(float, ends), rule) for ends, rule in zip(intervals, rules, strict=True))
