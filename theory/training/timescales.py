r"""The times of training: when the network generates well, when it has overfitted linearly, and when it memorizes.

Definitions, with f = ``within`` and g = ``gap_fraction``:

* **τ_gen** (from the test loss): the first τ at which test(τ) <= min + f (L₀ − min), min the smallest test loss along the flow;
* **τ_mem** (from the gap): the first τ at which test − train passes g times its final value;
* **τ_gen from the edges**: relaxation time ψ_p/(2Δ_tλ) of the slowest mode of the population bulk, λ its lower edge;
* **τ_mem from the edges**: the same for the fastest mode of the lowest interval, λ its upper edge.

The score error goes through three stages, each with its time:

* **learned**: it is smallest, at ``tau_best``, as the test loss is;
* **overfitted linearly**: it has risen to the error of the linear score of the *sample* covariance, but for f of that rise (``tau_linear``), and
  stays below twice of it until ``tau_departure``; `None` where that is no plateau, and for models with several types, kinds or times, in
  which it is not looked for (`theory.training.stages`);
* **memorized**: τ_mem.

Of the n modes that exist because the samples are finitely many, only d overlap with what the loss asks for, and they are the slowest:
for ψ_p ≫ ψ_n ≫ 1 they lie at λ ≃ s² + (ψ_p/ψ_n) v² b²/(α²λ_Σ + b²), an interval of their own (`theory.training.memorization`).
Hence τ_mem ≃ ψ_n (α²λ_Σ + b²)/(2Δ_t v² b²), which is ψ_n/(2Δ_t² v²) for Σ = I: proportional to the number of samples, with τ_gen
constant (2505.17638; the factor b²/(α²λ_Σ + b²) is derived here, chapter "Three stages", checked by ``tests/training/test_training.py``). The
exponents are local: d log τ/d log ψ_n at the model's ψ_n.

**Class by class** the same definitions are put to the losses on the samples of one kind (`theory.results.LossCurve`): within the fraction f of
the descent of *its own* test loss, and g times the final value of its own gap. Which kind is first is a matter of these definitions.

A crossing is bracketed on the grid of `training_times` and then solved for (`theory.search`). `theory.RandomFeatureModel.timescales` comes
here, `theory.training.early_stopping` takes the best time from here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._former_names import renamed
from ..equations.scalar import ScalarSystem
from ..errors import ConvergenceError
from ..results import TrainingCurve
from ..search import first_crossing, minimum_beside
from ..validation import a_model, fraction, integer
from .curves import flow_rate, training_curve
from .losses import TOLERANCE, initial_loss, support_bounds
from .stages import NO_STAGE, has_linear_plateau, linear_plateau, linear_stage

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: most training times of a grid
MOST_POINTS = 10**6

#: step of the symmetric difference in log ψ_n
LOG_STEP = 0.05
#: losses that differ by less than this, relatively, are taken as equal: a few times their accuracy
RESOLVED = 5 * TOLERANCE


class CurveTimes(NamedTuple):
    """The times of one pair of losses, over all samples or those of one kind; None where the definition does not apply.

    ``tau_gen`` is None where the test loss never falls below its start.
    """

    tau_gen: float | None
    tau_mem: float | None
    #: the training time of the smallest test loss, inf where training longer never hurts, and that loss
    tau_best: float
    best_test: float


@dataclass(frozen=True)
class Timescales:
    """Times in units of τ (``None`` where the definition does not apply); see the module's docstring.

    Where nothing can be learned, as for an even activation, τ_gen is 0: the loss stays at its minimum L₀ from the start.
    """

    tau_gen: float
    tau_mem: float | None
    #: from the bulk edges; None where the support is one interval
    tau_gen_edge: float | None
    tau_mem_edge: float | None
    #: d log τ/d log ψ_n
    gen_exponent: float | None
    mem_exponent: float | None
    #: the training time of the smallest test loss (inf where training longer never hurts), and that loss
    tau_best: float
    best_test: float
    #: score error of the linear score of the sample covariance; None for a `theory.Mixture` and for a `theory.TimeGrid`
    linear_plateau: float | None = None
    #: the training times at which the score error comes to it and leaves it (inf where it never does); None where it is no plateau, and
    #: where it is not looked for: for a mixture, a grid of times, or features with biases, of which only the height is known
    tau_linear: float | None = None
    tau_departure: float | None = None
    #: the times of each kind of samples, by the same definitions from its own losses
    by_class: tuple[CurveTimes, ...] = ()

    @property
    def generalization_order(self) -> tuple[int, ...] | None:
        """The kinds 0 <= c < C from the first that generalizes to the last, by τ_gen; None if one never does."""
        return _order([times.tau_gen for times in self.by_class])

    @property
    def memorization_order(self) -> tuple[int, ...] | None:
        """The same by τ_mem."""
        return _order([times.tau_mem for times in self.by_class])


def _order(times):
    return None if None in times else tuple(int(c) for c in np.argsort(times, kind="stable"))


def curve_times(
    model: "RandomFeatureModel", within: float = 0.05, gap_fraction: float = 0.5, points: int = 240
) -> tuple[float, float | None, float, float]:
    """(τ_gen, τ_mem, τ_best, best test loss) from the training curves.

    Parameters
    ----------
    within, gap_fraction : float in (0, 1)
    points : int
        Of the logarithmic grid on which a crossing is bracketed before it is solved for.
    """
    grid, initial = training_times(model, points), initial_loss(model)
    within, gap_fraction = float(fraction("within", within)), float(fraction("gap_fraction", gap_fraction))
    curve = training_curve(model, np.append(grid, np.inf))
    found = times_of(model, grid, curve, lambda c: (c.train, c.test), initial, within, gap_fraction)
    if found.tau_gen is None:
        if curve.train[-1] >= initial * (1 - RESOLVED):  # the target has no part in the span of the features
            return 0.0, None, np.inf, initial
        raise ConvergenceError(
            "the test loss falls by less than the accuracy to which it is known; try a larger psi_n",
            initial - found.best_test,
            reason="precision",
        )
    return found


def times_of(
    model: "RandomFeatureModel",
    grid: NDArray[np.float64],
    curve: TrainingCurve,
    pick: Callable[[TrainingCurve], tuple[NDArray, NDArray]],
    initial: float,
    within: float,
    gap_fraction: float,
) -> CurveTimes:
    """`CurveTimes` of the two losses that ``pick`` takes from a curve, ``curve`` being the one at ``grid`` and inf."""
    train, test = pick(curve)
    k, final_gap = int(np.argmin(test)), float(test[-1] - train[-1])

    def at(tau):
        return tuple(loss.item() for loss in pick(training_curve(model, tau)))

    if test[k] >= test[-1] * (1 - RESOLVED):  # falling all the way, but for rounding
        tau_best, best = np.inf, float(test[-1])
    else:
        tau_best, best = minimum_beside(grid, k, lambda tau: at(tau)[1])
    if best >= initial * (1 - RESOLVED):
        return CurveTimes(None, None, tau_best, best)
    threshold = best + within * (initial - best)
    tau_gen = _first_crossing(grid, test - threshold, lambda tau: at(tau)[1] - threshold)
    if final_gap <= RESOLVED * test[-1]:
        return CurveTimes(tau_gen, None, tau_best, best)
    level = gap_fraction * final_gap
    tau_mem = _first_crossing(grid, level - (test - train), lambda tau: level + np.subtract(*at(tau)))
    return CurveTimes(tau_gen, tau_mem, tau_best, best)


def training_times(model: "RandomFeatureModel", points: int = 240) -> NDArray[np.float64]:
    """Training times from before the fastest mode moves to after the slowest has relaxed, logarithmically spaced."""
    low, high = support_bounds(a_model(model).spectrum())
    points, rate = integer("points", points, 2, MOST_POINTS), flow_rate(model)
    return np.geomspace(1e-4 / (rate * high), 1e3 / (rate * low), points)


def _first_crossing(grid, values, function):
    """The first τ at which ``function`` turns from positive to non-positive."""
    found = first_crossing(grid, values[: grid.size], function, xtol=1e-10)
    if found is None:
        raise ConvergenceError(
            "no crossing was bracketed on the grid of training times; choose another fraction", reason="bracket"
        )
    return found


def edge_times(model: "RandomFeatureModel") -> tuple[float | None, float | None]:
    """(τ_gen, τ_mem) from the edges of the uppermost and of the lowest interval, (None, None) if there is only one."""
    edges = a_model(model).spectrum().edges()
    if len(edges) < 4:
        return None, None
    rate = flow_rate(model)
    return 1 / (rate * edges[-2]), 1 / (rate * edges[1])


def timescales(model: "RandomFeatureModel", within: float = 0.05, gap_fraction: float = 0.5) -> Timescales:
    """All times of one model; see `theory.RandomFeatureModel.timescales`."""
    a_model(model)
    within, gap_fraction = float(fraction("within", within)), float(fraction("gap_fraction", gap_fraction))
    tau_gen, tau_mem, tau_best, best = curve_times(model, within, gap_fraction)
    shifted = [
        curve_times(replace(model, psi_n=float(model.psi_n) * np.exp(sign * LOG_STEP)), within, gap_fraction)
        for sign in (-1, 1)
    ]
    exponents = [_log_slope(before, after) for before, after in zip(shifted[0][:2], shifted[1][:2], strict=True)]
    height = linear_plateau(model) if has_linear_plateau(model) else None
    covered = isinstance(model.spectrum().system, ScalarSystem) and tau_best < np.inf
    _, *linear = linear_stage(model, tau_best, within) if covered else NO_STAGE
    by_class = class_times(model, within, gap_fraction)
    return Timescales(tau_gen, tau_mem, *edge_times(model), *exponents, tau_best, best, height, *linear, by_class)


def class_times(
    model: "RandomFeatureModel", within: float = 0.05, gap_fraction: float = 0.5, points: int = 240
) -> tuple[CurveTimes, ...]:
    """`CurveTimes` of each kind of samples, from the losses on its own samples: ``model.timescales().by_class``.

    Arguments as of `curve_times`. Cost: that of the kernels of one training curve, and 0.1 s a kind.
    """
    grid = training_times(a_model(model), points)
    within, gap_fraction = float(fraction("within", within)), float(fraction("gap_fraction", gap_fraction))
    curve, start = training_curve(model, np.append(grid, np.inf)), training_curve(model, 0.0)
    kinds = range(len(curve.test_by_class))
    own = [lambda each, c=c: (each.train_by_class[c], each.test_by_class[c]) for c in kinds]
    return tuple(
        times_of(model, grid, curve, pick, float(start.test_by_class[c]), within, gap_fraction) for c, pick in enumerate(own)
    )


def _log_slope(before, after):
    """d log τ/d log ψ_n from τ on both sides; None where there is none to differentiate."""
    return float(np.log(after / before) / (2 * LOG_STEP)) if before and after else None


#: not to be taken for `theory.TimeGrid`, which holds diffusion times, or the grid of a sampler
__getattr__ = renamed(__name__, time_grid="training_times")
