"""Descriptions of the data: nothing is computed here but the moments that the coefficients need."""

from dataclasses import dataclass

import numpy as np

from .digits import to_mpf
from .validation import (
    MOST_NODES,
    function,
    interval,
    non_negative,
    positive,
    positive_integer,
    sequence,
    shown,
    values_of,
)


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
    total = float(sum(float(weight) for _, weight in pairs))
    if abs(total - 1) > 1e-12:
        raise ValueError(f"spectrum weights sum to {total!r}; allowed: weights that sum to 1 (within 1e-12)")
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

    Raises
    ------
    ValueError
        Naming ``spectrum`` or ``spikes``, the value, and what is allowed.
    """

    spectrum: tuple = ((1, 1),)
    spikes: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "spectrum", _pairs(self.spectrum))
        spikes = sequence("spikes", self.spikes, "(variance, …)")
        object.__setattr__(self, "spikes", tuple(positive("spikes", value) for value in spikes))

    @property
    def eigenvalues(self):
        """The eigenvalues of ρ_Σ, float array of shape (m,)."""
        return np.array([float(value) for value, _ in self.spectrum])

    @property
    def weights(self):
        """Their weights, float array of shape (m,), normalised to the last digit."""
        weights = np.array([float(weight) for _, weight in self.spectrum])
        return weights / weights.sum()

    @property
    def variance(self):
        """σ_x² = Tr Σ/d (the mean eigenvalue, not its square)."""
        return float(self.weights @ self.eigenvalues)

    def mpmath_spectrum(self):
        """(eigenvalues, weights) as lists of mpf at the thread's precision, weights normalised."""
        weights = [to_mpf(weight) for _, weight in self.spectrum]
        total = sum(weights)
        return [to_mpf(value) for value, _ in self.spectrum], [weight / total for weight in weights]

    @classmethod
    def from_density(cls, density, support, nodes=80):
        """Gauss–Legendre nodes of a continuous ρ_Σ.

        Parameters
        ----------
        density : callable
            Vectorised; need not be normalised.
        support : (float, float)
            0 <= low < high.
        nodes : int
            The error of every average decreases geometrically with it for an analytic density. The nodes are a law of
            their own, though: where there are fewer than about five for each unit of the smaller of ψ_p and ψ_n, single
            nodes show in the spectrum of U as ripples or bulks. Double them until nothing changes.
        """
        low, high = interval("support", support)
        function("density", density, "a vectorised function")
        points, weights = np.polynomial.legendre.leggauss(positive_integer("nodes", nodes, MOST_NODES))
        points = low + (high - low) * (points + 1) / 2
        weights = weights * values_of("density", density, points)
        if not (np.all(np.isfinite(weights)) and np.all(weights >= 0) and weights.sum() > 0):
            raise ValueError("density is negative, zero throughout or not finite on its support; allowed: a density")
        keep = weights > 0
        weights = weights[keep] / weights.sum()
        return cls(tuple(zip(points[keep].tolist(), weights.tolist(), strict=True)))

    @classmethod
    def power_law(cls, exponent, condition=100.0, nodes=80):
        r"""Eigenvalues λ_i ∝ i^{−exponent}, i = 1..d, cut at ``condition`` = λ_max/λ_min and scaled to mean 1.

        The law of λ at uniform rank is continuous: with u ∈ (u₀, 1) uniform, λ ∝ u^{−exponent} and
        u₀ = condition^{−1/exponent}.  ``exponent`` > 0, ``condition`` > 1; ``nodes`` as in `from_density`.
        """
        exponent = float(positive("exponent", exponent))
        if not positive("condition", condition) > 1:
            raise ValueError(f"condition = {condition!r} is out of range; allowed: a finite real number > 1")
        condition = float(condition)
        # Gauss–Legendre in log λ: the density of λ^{-1/exponent} is smooth there
        points, weights = np.polynomial.legendre.leggauss(positive_integer("nodes", nodes, MOST_NODES))
        log_value = np.log(condition) * (points + 1) / 2
        weights = weights * np.exp(-log_value / exponent)
        weights /= weights.sum()
        values = np.exp(log_value)
        values /= weights @ values
        return cls(tuple(zip(values.tolist(), weights.tolist(), strict=True)))
