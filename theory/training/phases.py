r"""The (n, p) plane at a given training time: memorization, dynamical and architectural regularization.

A point (ψ_n, ψ_p) is called, with the generalization gap test − train and a threshold ``gap`` on it,

* **architectural** regularization if the gap stays below the threshold however long one trains (too few features to memorize);
* **dynamical** regularization if it is below at the training time τ, but not at τ = ∞ (there was no time to memorize);
* **memorization** if it is above at τ.

One `theory.training.curves.training_curve` for each point, over processes; nothing else depends on it. Source: the three phases are those
of 2505.17638; here each is computed from the asymptotic curves. Checked by ``tests/training/test_timescales.py``.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from .._former_names import renamed
from ..progress import progress_bar
from ..validation import a_model, finite_array, integer, positive, positive_integer, shown, truth
from .curves import training_curve

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

ARCHITECTURAL, DYNAMICAL, MEMORIZATION = 0, 1, 2
PHASES = ("architectural regularization", "dynamical regularization", "memorization")


@dataclass(frozen=True)
class PhaseDiagram:
    """Arrays of shape (len(psi_p), len(psi_n)): the gap at τ and at ∞, the score errors there, and the phase (an index of `PHASES`)."""

    psi_n: np.ndarray
    psi_p: np.ndarray
    tau: float
    gap_threshold: float
    gap: np.ndarray
    final_gap: np.ndarray
    score_error: np.ndarray
    final_score_error: np.ndarray

    @property
    def phase(self) -> NDArray[np.int64]:
        """0, 1 or 2 at every point, an index of `PHASES`."""
        return np.where(
            self.final_gap <= self.gap_threshold,
            ARCHITECTURAL,
            np.where(self.gap <= self.gap_threshold, DYNAMICAL, MEMORIZATION),
        )


def _row(model, psi_p, psi_n, tau):
    values = []
    for ratio in psi_n:
        curve = training_curve(replace(model, psi_p=float(psi_p), psi_n=float(ratio)), np.array([tau, np.inf]))
        values.append((*curve.generalization_gap, *curve.score_error))
    return values


def _ratios(name, values):
    array = finite_array(name, values, float).ravel()
    if array.size == 0 or np.any(array <= 0):
        raise ValueError(f"{name} = {shown(values)} is no grid of ratios; allowed: one or more numbers > 0")
    return array


def phase_diagram(
    model: "RandomFeatureModel",
    psi_n: ArrayLike,
    psi_p: ArrayLike,
    tau: float,
    gap: float = 0.1,
    jobs: int = 2,
    progress: bool = True,
) -> PhaseDiagram:
    """Compute a `PhaseDiagram`.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        Its activation, time and data; its own ψ_p and ψ_n are replaced.
    psi_n, psi_p : arrays of positive numbers
    tau : float > 0
        The training time at which memorization is asked for.
    gap : float > 0
        Threshold on test − train, in units of the initial loss.
    jobs : int
        Processes (joblib); -1 for one on each processor.
    progress : bool
        Whether to show a bar, one step per value of ψ_p.

    Notes
    -----
    About 20 ms a point and process: 60 × 60 points take about 40 s on two cores.
    """
    a_model(model)
    psi_n, psi_p = _ratios("psi_n", psi_n), _ratios("psi_p", psi_p)
    positive("tau", tau), positive("gap", gap), truth("progress", progress)
    jobs = integer("jobs", jobs, -1, 1024) or positive_integer("jobs", jobs)
    tasks = (delayed(_row)(model, ratio, psi_n, float(tau)) for ratio in psi_p)
    rows = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    rows = list(progress_bar(rows, total=psi_p.size, desc="phase diagram", shown=progress))
    columns = np.moveaxis(np.array(rows), -1, 0)
    return PhaseDiagram(psi_n, psi_p, float(tau), float(gap), *columns)


__getattr__ = renamed(__name__, NAMES="PHASES")
