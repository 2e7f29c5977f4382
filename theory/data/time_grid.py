r"""Diffusion times that one network is trained on at once: S(x, t) = c_out(t) A σ(Wx/√d + t b)/√p + c_skip(t) x, t ~ Q.

The loss is the average over t of (1/d) E|√Δ_t S(x_t, t) + ξ|². Its part that is quadratic in A makes U an average over the nodes t_k of Q,
and its linear part has a target y_k. What weighs what:

=======================================  =======================  ==================================================================
letter                                   attribute                what it weighs
=======================================  =======================  ==================================================================
w_k, Σ_k w_k = 1                         ``probabilities``        the loss at t_k among the losses: the law Q
c_out,k, by default ∝ 1/√Δ_k             ``amplitudes``           the network's output at t_k
Δ̄ = Σ_k w_k c_out,k² Δ_k                 ``noise_variance``       the rate of training, as Δ_t does where there is one time
ω_k = w_k c_out,k² Δ_k/Δ̄, Σ_k ω_k = 1    ``feature_weights``      the features at t_k among those of U
r_k = √(Δ̄/Δ_k)/c_out,k, ω_k r_k² = w_k   (√w_k = √ω_k r_k)        the target at t_k, in units in which the features have ω_k
c_skip,k, by default 0                   ``skip``                 the connection from x to the output: in the target
                                                                  y_k = (1 + Δ_k c_skip,k) ξ + √Δ_k c_skip,k e^{-t_k} x, whose coefficients are
                                                                  ``target_noise`` and ``target_data``
=======================================  =======================  ==================================================================

With the default amplitudes ω_k = w_k and r_k = 1. The times here are *diffusion* times at which a network is trained, neither the times τ of
training nor those at which a sampler stops by.

Description only: the couplings (`theory.couplings.type_couplings`) and the simulations read the weights.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .. import process
from ..validation import MOST_NODES, function, interval, positive, positive_integer, real, sequence_of, sum_to_one, values_of

#: what the sequences of a grid hold
EACH = "one number for each node"


@dataclass(frozen=True)
class TimeGrid:
    r"""Nodes and weights of the law Q of the diffusion time.

    Parameters
    ----------
    nodes : sequence of K real numbers > 0
        Distinct diffusion times.
    weights : sequence of K real numbers > 0
        Their weights w_k, with sum 1.
    amplitude : sequence of K real numbers > 0, optional
        c_out,k = c_out(t_k). By default ∝ 1/√Δ_k, so that the network predicts the noise and ω_k = w_k, with Σ_k w_k c_out,k² Δ_k = Σ_k w_k Δ_k.
        One node then has c_out = 1, the convention of a single time.
    skip : sequence of K real numbers, optional
        c_skip,k = c_skip(t_k), by default 0: no connection from x to the output.
    density : tuple, optional
        The continuous law that the nodes stand for, as `from_density` keeps it.

    Raises
    ------
    ValueError
        Naming the argument: a time or weight that is not positive, weights that do not sum to 1 (within 1e-12), lengths that
        differ, two equal times.

    Examples
    --------
    >>> from theory import TimeGrid
    >>> grid = TimeGrid((0.1, 0.5), (0.5, 0.5))
    >>> len(grid.times)
    2
    """

    nodes: tuple
    weights: tuple
    amplitude: tuple | None = None
    skip: tuple | None = None
    density: tuple | None = field(default=None, repr=False)

    def __post_init__(self):
        nodes = sequence_of("nodes", self.nodes, positive, EACH)
        if not nodes:
            raise ValueError("nodes = () is empty; allowed: at least one diffusion time")
        if len(set(map(float, nodes))) < len(nodes):
            raise ValueError(f"nodes = {nodes!r} holds a time twice; allowed: distinct times")
        like = "nodes", len(nodes)
        weights = sequence_of("weights", self.weights, positive, EACH, like)
        sum_to_one("weights", weights)
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "weights", weights)
        for name, check in (("amplitude", positive), ("skip", real)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, sequence_of(name, getattr(self, name), check, EACH, like))

    @classmethod
    def gauss(
        cls, nodes: int, support: tuple[float, float], density: Callable | None = None, **options: Callable | None
    ) -> "TimeGrid":
        """The Gauss rule of a density on an interval: exact for polynomials in t of degree up to 2·nodes − 1.

        Parameters
        ----------
        nodes : int
        support : (float, float)
            0 <= low < high.
        density : callable, optional
            Vectorised, >= 0, need not be normalised; by default uniform, which gives the Gauss–Legendre rule.
        **options
            ``amplitude`` and ``skip``, as functions of t.
        """
        low, high = interval("support", support)
        count = positive_integer("nodes", nodes, MOST_NODES // 4)
        for name, f in options.items():
            if name not in ("amplitude", "skip"):
                raise TypeError(f"{name} is no option; allowed: amplitude, skip")
            if f is not None:
                function(name, f, "a function of t")
        t, weights = np.polynomial.legendre.leggauss(max(200, 4 * count))
        t = low + (high - low) * (t + 1) / 2
        weights = weights * (1.0 if density is None else values_of("density", function("density", density), t))
        if not (np.all(np.isfinite(weights)) and np.all(weights >= 0) and np.count_nonzero(weights) >= count):
            raise ValueError("density is negative, not finite or zero nearly throughout its support; allowed: a density")
        t, weights = _gauss_rule(t, weights / weights.sum(), count)
        functions = {name: tuple(values_of(name, f, t).tolist()) for name, f in options.items() if f is not None}
        return cls(tuple(t.tolist()), tuple((weights / weights.sum()).tolist()), **functions)

    @classmethod
    def from_density(
        cls, density: Callable, support: tuple[float, float], nodes: int = 8, **options: Callable | None
    ) -> "TimeGrid":
        """A continuous law of the diffusion time, whose nodes are refined until spectrum and losses do not change.

        As `gauss`, whose rule of ``nodes`` nodes simulations take; limits take more of them until what is asked for changes by less than 1e-6
        (``model.spectrum().discretisation``), and raise `ConvergenceError` where 40 do not suffice. Cost: unknowns grow as nodes², time faster.
        """
        grid = cls.gauss(nodes, support, function("density", density), **options)
        return replace(grid, density=(density, interval("support", support), tuple(sorted(options.items()))))

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def times(self) -> NDArray:
        """t_k, float array of shape (K,)."""
        return np.array([float(t) for t in self.nodes])

    @property
    def probabilities(self) -> NDArray:
        """w_k, float array of shape (K,), normalised to the last digit."""
        weights = np.array([float(w) for w in self.weights])
        return weights / weights.sum()

    @property
    def law(self) -> NDArray:
        """The former name of `probabilities`."""
        return self.probabilities

    @property
    def decay(self) -> NDArray:
        """e^{-t_k}, (K,)."""
        return process.decay(self.times)

    @property
    def noise_variances(self) -> NDArray:
        """Δ_k = 1 − e^{−2t_k}, (K,)."""
        return process.noise_variance(self.times)

    @property
    def amplitudes(self) -> NDArray:
        """c_out,k, (K,)."""
        if self.amplitude is not None:
            return np.array([float(a) for a in self.amplitude])
        return np.sqrt(self.probabilities @ self.noise_variances / self.noise_variances)

    @property
    def noise_variance(self) -> float:
        """Δ̄ = Σ_k w_k c_out,k² Δ_k, which takes the place of Δ_t in the rate of training."""
        return float(self.probabilities @ (self.amplitudes**2 * self.noise_variances))

    @property
    def feature_weights(self) -> NDArray:
        """ω_k = w_k c_out,k² Δ_k/Δ̄, the weights of the nodes in U."""
        weights = self.probabilities * self.amplitudes**2 * self.noise_variances
        return weights / weights.sum()

    @property
    def target_noise(self) -> NDArray:
        """1 + Δ_k c_skip,k, the coefficient of ξ in the target."""
        return 1 + self.noise_variances * self._skips

    @property
    def target_data(self) -> NDArray:
        """√Δ_k c_skip,k e^{-t_k}, the coefficient of x in the target."""
        return np.sqrt(self.noise_variances) * self._skips * self.decay

    @property
    def _skips(self):
        return np.zeros(len(self)) if self.skip is None else np.array([float(b) for b in self.skip])


def at_level(grid: TimeGrid, level: int) -> TimeGrid:
    """The grid of 4(level + 1) nodes that stands for a continuous law, one made by ``TimeGrid.from_density``."""
    density, support, options = grid.density
    return TimeGrid.gauss(4 * (level + 1), support, density, **dict(options))


def _gauss_rule(points, weights, count):
    """The Gauss rule of a discrete measure, from its recurrence coefficients (Lanczos with full orthogonalisation)."""
    basis = [np.sqrt(weights)]
    alpha, beta = [], []
    for k in range(count):
        vector = points * basis[k]
        alpha.append(basis[k] @ vector)
        for previous in basis + basis:
            vector = vector - (previous @ vector) * previous
        beta.append(np.linalg.norm(vector))
        basis.append(vector / beta[-1])
    jacobi = np.diag(alpha) + np.diag(beta[:-1], 1) + np.diag(beta[:-1], -1)
    nodes, vectors = np.linalg.eigh(jacobi)
    return nodes, vectors[0] ** 2
