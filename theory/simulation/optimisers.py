r"""The network trained as one trains networks: steps of gradient descent or Adam on freshly drawn noise.

Nothing is averaged over the noise and U is never formed for the training itself: each step draws ξ for a batch of N samples,
computes the loss of that batch and its gradient ∂L/∂A = (2√Δ_t/(N d√p)) Σ (√Δ_t s_A + ξ) φ^T. The curves along the way are
evaluated on the exact averages of `theory.simulation.noise_average` and
`theory.simulation.fresh_data`.

As in `theory.simulation.loss`, Δ̄ is ``model.noise_variance``: Δ_t where there is one diffusion time, and the average of the Δ_k that takes
its place where there are several. Then each step takes all of the times, each with noise of its own, weighed as in U and V.

**Learning rate and time.** With loss L(A) per dimension and entries of A of order one, the gradient is of order d^{-2}: plain gradient descent
moves at a rate that does not depend on d if its learning rate is η = h d², and k steps are then the training time τ = k h. It is stable
for h < ψ_p/(Δ̄ λ_max). Adam divides by a running root mean square of the gradient, so that its learning rate is the size of a step in each
entry of A, whatever the scale of the loss: no single τ corresponds to its step count.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..progress import progress_bar
from ..results import TrainingCurve
from ..validation import a_draw, one_of, positive, positive_integer, random_generator, truth
from .features import features_of
from .fresh_data import initial_losses_of, population, score_error_of
from .loss import quadratic_loss
from .time_nodes import nodes

if TYPE_CHECKING:
    from .finite import FiniteModel

OPTIMISERS = ("gradient descent", "adam")


@dataclass(frozen=True)
class OptimiserCurve(TrainingCurve):
    """A `TrainingCurve` recorded at ``steps``; ``tau`` is steps × h for gradient descent, NaN for Adam."""

    steps: NDArray[np.int_]


def stable_step(finite: "FiniteModel") -> float:
    """The largest stable h of gradient descent on the averaged loss, ψ_p/(Δ̄ λ_max)."""
    p, d = a_draw(finite).W.shape
    return p / d / (finite.model.noise_variance * float(finite.eigenvalues[-1]))


def optimise(
    finite: "FiniteModel",
    steps: int,
    optimiser: str = "gradient descent",
    learning_rate: float | None = None,
    batch: int | None = None,
    seed: int = 0,
    records: int = 60,
    progress: bool = True,
) -> OptimiserCurve:
    """Train A from 0 and record the losses along the way.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
        A draw with ``features="network"``.
    steps : int
    optimiser : {"gradient descent", "adam"}
    learning_rate : float, optional
        The step h in units of τ for gradient descent (η = h d²; default a fifth of `stable_step`), the step per entry of A for Adam
        (default 1e-2; β₁ = 0.9, β₂ = 0.999, ε = 1e-8, with bias correction).
    batch : int, optional
        Samples per step, each with one fresh noise vector; default all n.
    seed : int
        Of the noise and of the batches.
    records : int
        Number of recorded steps, logarithmically spaced; the first and the last step are among them.
    progress : bool
        A bar, shown once two seconds have passed.

    Returns
    -------
    OptimiserCurve

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    Cost O(K p N d) per step, for K diffusion times, and O(p² d) per record: at d = 100, p = 400, n = 300 and K = 1 about 3 ms a
    step on two cores.
    """
    one_of("optimiser", optimiser, OPTIMISERS)
    steps, records = positive_integer("steps", steps), positive_integer("records", records)
    truth("progress", progress)
    if a_draw(finite).features != "network":
        raise ValueError(f"finite was drawn with features = {finite.features!r}; allowed: 'network'")
    where, model, W, X = finite.backend, finite.model, finite.W, finite.X
    xp, (p, d), n = where.xp, W.shape, X.shape[1]
    batch = n if batch is None else positive_integer("batch", batch)
    if batch > n:
        raise ValueError(f"batch = {batch} is out of range; allowed: 1 <= batch <= n = {n}")
    if learning_rate is None:
        learning_rate = stable_step(finite) / 5 if optimiser == "gradient descent" else 1e-2
    learning_rate = float(positive("learning_rate", learning_rate))

    rng = random_generator("seed", seed)
    root = math.sqrt(model.noise_variance)
    averages = ((finite.U, finite.V, finite.initial_loss), (*population(finite), initial_losses_of(finite)[0]))
    A, mean, square = (xp.zeros((d, p), dtype=where.real_type, device=where.device) for _ in range(3))
    record_at = np.unique(np.append(np.round(np.geomspace(1, steps, records)).astype(int), steps))
    curve = []
    for step in progress_bar(range(1, steps + 1), desc=optimiser, shown=progress):
        samples = X if batch == n else xp.take(X, xp.asarray(rng.permutation(n)[:batch], device=where.device), axis=1)
        gradient = 0.0
        for node in nodes(model.times):
            noise = where.asarray(rng.standard_normal((d, batch)))
            x_t = node.decay * samples + math.sqrt(node.noise_variance) * noise
            features = features_of(model.activation, W, x_t, (node.t * finite.biases)[:, None], xp)
            target = node.target[0] * noise + node.target[1] * samples
            # ω_k and ω_k r_k weigh Aφφ^T and yφ^T as in U and V
            error = node.quadratic * root / math.sqrt(p) * (A @ features) + node.linear * target
            gradient = gradient + 2 * root / (batch * d * math.sqrt(p)) * (error @ features.T)
        if optimiser == "gradient descent":
            A = A - learning_rate * d**2 * gradient
        else:
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient**2
            unbiased = xp.sqrt(square / (1 - 0.999**step)) + 1e-8 / d**2
            A = A - learning_rate * (mean / (1 - 0.9**step)) / unbiased
        if step in record_at:
            curve.append([float(quadratic_loss(A, U, V, model.noise_variance, xp, start)) for U, V, start in averages])
    train, test = np.array(curve).T
    tau = record_at * learning_rate if optimiser == "gradient descent" else np.full(record_at.size, np.nan)
    return OptimiserCurve(tau, train, test, score_error_of(finite, test), record_at)
