r"""Samples shown one at a time, in an order: stochastic gradient descent without the noise of ξ, which is averaged out exactly for each sample.

The loss of the training set is a mean of losses of its samples, L = (1/n) Σ_ν L_ν, and so are U and V. A step h on sample ν is

    A ← A (1 − h H_ν) − h F_ν,        H_ν = (2Δ̄ d/p) U_ν,   F_ν = 2d √(Δ̄/p) V_ν^T,

the gradient flow of `theory.simulation.loss` with the matrices of one sample, for a time h: k steps are the training time τ = kh, and a
pass over all samples takes nh. The learning rate is h d². An order, one of `ORDERS`, says how a pass shows the samples; with fresh samples,
never shown again, a single pass over many is online learning.

To second order in h the steps of two samples do not commute: `order_effect` is what a pass and the same pass backward differ in. Derived in
`theory.symbolic.sample_order`, checked by ``tests/simulation/test_sample_order.py``.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..progress import progress_bar
from ..validation import a_draw, finite_array, of_class, one_of, positive, positive_integer, random_generator, truth
from . import noise_average

if TYPE_CHECKING:
    from .finite import FiniteModel

#: forward and backward in every pass; by turns; a new permutation for each pass; each sample drawn by chance
ORDERS = ("forward", "backward", "palindrome", "reshuffled", "drawn")


class SampleRates(NamedTuple):
    """What a step on one sample does: NumPy arrays, for the samples in the order of the columns of X."""

    #: H_ν, (n, p, p)
    quadratic: NDArray[np.float64]
    #: F_ν, (n, d, p)
    linear: NDArray[np.float64]


def sample_rates(finite: "FiniteModel") -> SampleRates:
    """H_ν and F_ν of each sample, averaged over its noise exactly.

    Parameters
    ----------
    finite : `theory.simulation.FiniteModel`
        A draw with ``features="network"``, whose noise is averaged exactly.

    Raises
    ------
    ValueError
        ``finite`` is no such draw.

    Notes
    -----
    Cost O(n p²) time and memory: 8 n p (p + d) bytes, 40 MB at p = 200, n = 100, d = 50.
    """
    if a_draw(finite).features != "network" or finite.noise_draws is not None:
        how = f"features = {finite.features!r}, noise_draws = {finite.noise_draws!r}"
        raise ValueError(f"finite was drawn with {how}; allowed: 'network' and None")
    where, model, (p, d), mean_noise = finite.backend, finite.model, finite.W.shape, finite.model.noise_variance
    quadratic, linear = [], []
    for sample in range(finite.X.shape[1]):
        shown = finite.X[:, sample : sample + 1]
        U, V = noise_average.over_times(
            noise_average.exact, where, model.activation, finite.W, shown, finite.biases, model.times
        )
        quadratic.append(2 * mean_noise * d / p * where.to_numpy(U))
        linear.append(2 * d * np.sqrt(mean_noise / p) * where.to_numpy(V).T)
    return SampleRates(np.stack(quadratic), np.stack(linear))


def presentation(order: str, n: int, passes: int, seed: int = 0) -> NDArray[np.int_]:
    """The samples of ``passes`` passes over n of them, (passes · n,): one of `ORDERS`; ``seed`` is of the random ones.

    Examples
    --------
    >>> from theory.simulation import presentation
    >>> presentation("palindrome", 3, 2).tolist()
    [0, 1, 2, 2, 1, 0]
    """
    one_of("order", order, ORDERS)
    n, passes, rng = positive_integer("n", n), positive_integer("passes", passes), random_generator("seed", seed)
    forward = np.arange(n)
    of_pass = {
        "forward": lambda k: forward,
        "backward": lambda k: forward[::-1],
        "palindrome": lambda k: forward[:: -1 if k % 2 else 1],
        "reshuffled": lambda k: rng.permutation(n),
        "drawn": lambda k: rng.integers(n, size=n),
    }[order]
    return np.concatenate([of_pass(k) for k in range(passes)])


def present(
    rates: SampleRates,
    order: str,
    passes: int,
    step: float,
    seed: int = 0,
    *,
    initial: ArrayLike | None = None,
    every: int | None = None,
    progress: bool = True,
) -> NDArray[np.float64]:
    """The readouts along a presentation, one step a sample.

    Parameters
    ----------
    rates : `SampleRates`
        Of `sample_rates`.
    order : str
        One of `ORDERS`.
    passes : int
    step : float
        h, in units of τ. Stable for every order if h times the largest eigenvalue of each H_ν is below 2.
    seed : int
        Of the random orders.
    initial : array (d, p), optional
        A(0); zero by default.
    every : int, optional
        Steps between two records; a pass by default.
    progress : bool
        A bar, shown once two seconds have passed.

    Returns
    -------
    array (records, d, p)
        The start, and A after each ``every`` steps, at τ = 0, ``every`` h, 2 ``every`` h, …

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.

    Notes
    -----
    Cost O(d p²) a step: 30 µs at d = 30, p = 90.
    """
    n, A = _size_and_start(rates, initial, "initial")
    sequence, step = presentation(order, n, passes, seed), float(positive("step", step))
    every = n if every is None else positive_integer("every", every)
    truth("progress", progress)
    records = [A]
    for k, sample in enumerate(progress_bar(sequence, desc=order, shown=progress), 1):
        A = A - step * (A @ rates.quadratic[sample] + rates.linear[sample])
        if k % every == 0:
            records.append(A)
    return np.stack(records)


def order_effect(rates: SampleRates, readout: ArrayLike) -> NDArray[np.float64]:
    r"""The coefficient of h² in a pass forward minus the same pass backward, both from A = ``readout``; array (d, p).

    Σ_{μ<ν} {A [H_μ, H_ν] + F_μ H_ν − F_ν H_μ}: the commutators of the two affine maps. Cost O(n d p²).
    """
    A = _size_and_start(rates, readout, "readout")[1]
    # the first step on each sample, from the same A
    steps = A @ rates.quadratic + rates.linear
    before = np.cumsum(steps, axis=0) - steps
    after = np.sum(steps, axis=0) - before - steps
    return np.sum((before - after) @ rates.quadratic, axis=0)


def _size_and_start(rates, readout, name):
    """n, and the readout as an array (d, p)."""
    n, d, p = of_class("rates", rates, "SampleRates", "what theory.simulation.sample_rates returns").linear.shape
    A = np.zeros((d, p)) if readout is None and name == "initial" else finite_array(name, readout, float)
    if A.shape != (d, p):
        raise ValueError(f"{name} has shape {A.shape}; allowed: ({d}, {p})")
    return n, A
