r"""Where two classes change their order: the share of the first at which both are learned, or memorized, at the same time.

Two kinds of samples with shares w and 1 − w and variances σ² and rσ². For each ratio r the order of their times changes at some w, or at
none. The line w(r) is solved for by the times of `theory.training.timescales`, as the zero of log(τ_1/τ_2) between two shares, so that its
points are known as well as these times are. Where all centroids are the same and r = 1 the kinds are one, and there is no order.

Derived here, checked by ``tests/training/test_class_times.py``.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from ..data.mixture import Mixture
from ..progress import progress_bar
from ..validation import a_model, finite_array, fraction, integer, one_of, positive_integer, shown, truth
from .timescales import class_times

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: which times are compared
TIMES = ("generalization", "memorization")
#: training times on which crossings are bracketed
POINTS = 80
#: accuracy of a share
SHARE = 1e-4


class ReversalLine(NamedTuple):
    """The ratios of the variances σ_2²/σ_1² and the shares w of the first kind at which the order reverses, NaN where it does not."""

    ratios: NDArray[np.float64]
    shares: NDArray[np.float64]
    #: (points, 2): the kind that is first, 0 or 1, below and above; -1 where neither is
    first: NDArray[np.int_]


def reversal_line(
    model: "RandomFeatureModel",
    ratios: ArrayLike,
    times: str = "memorization",
    low: float = 0.01,
    high: float = 0.99,
    within: float = 0.05,
    gap_fraction: float = 0.5,
    jobs: int = 2,
    progress: bool = True,
) -> ReversalLine:
    """The line in the plane (share, ratio of variances) on which the order of two classes reverses.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        Its data are a `theory.Mixture` of two kinds, of which the variance of the first and the centroids are kept; its shares and the
        second variance are replaced.
    ratios : array (N,) of numbers > 0
        Of the variances, σ_2²/σ_1².
    times : {"generalization", "memorization"}
        The order of τ_gen, or of τ_mem.
    low, high : float in (0, 1)
        Between these shares of the first kind one reversal is looked for, low < high.
    within, gap_fraction : float in (0, 1)
        As of `RandomFeatureModel.timescales`.
    jobs : int
        Processes (joblib); -1 for one on each processor.
    progress : bool
        Whether to show a bar, one step per ratio.

    Returns
    -------
    ReversalLine
        With shares to 1e-4; NaN where the order is the same at both ends.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed; data that are no mixture of two kinds.

    Notes
    -----
    About eight models a ratio: 40 ratios with one type of features took 122 s on one core (110 s of CPU).
    """
    data = a_model(model).data
    if not isinstance(data, Mixture) or len(data.weights) != 2:
        raise ValueError(f"model has data = {shown(data)}; allowed: a theory.Mixture of two kinds")
    ratios = finite_array("ratios", ratios, float).ravel()
    if ratios.size == 0 or np.any(ratios <= 0):
        raise ValueError(f"ratios = {shown(ratios)} are no ratios of variances; allowed: one or more numbers > 0")
    times = one_of("times", times, TIMES)
    low, high, within, gap_fraction = (
        float(fraction(name, value))
        for name, value in (("low", low), ("high", high), ("within", within), ("gap_fraction", gap_fraction))
    )
    if not low < high:
        raise ValueError(f"low = {low} is not below high = {high}; allowed: low < high")
    truth("progress", progress)
    jobs = integer("jobs", jobs, -1, 1024) or positive_integer("jobs", jobs)
    tasks = (delayed(_one_ratio)(model, ratio, times, low, high, within, gap_fraction) for ratio in ratios.tolist())
    found = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    found = list(progress_bar(found, total=ratios.size, desc="reversal", shown=progress))
    shares, first = zip(*found, strict=True)
    return ReversalLine(ratios, np.array(shares), np.array(first))


def _one_ratio(model, ratio, times, low, high, within, gap_fraction):
    """(share, (first kind at low, first kind at high))"""
    which = TIMES.index(times)
    variance = float(model.data.variances[0])

    def order(share):
        """log τ_1/τ_2"""
        data = replace(model.data, weights=(share, 1 - share), variances=(variance, ratio * variance))
        one, two = (each[which] for each in class_times(replace(model, data=data), within, gap_fraction, POINTS))
        return np.nan if one is None or two is None else float(np.log(one / two))

    ends = order(low), order(high)
    # times that agree to rounding have no order
    first = tuple(-1 if not abs(value) > 1e-9 else int(value > 0) for value in ends)
    if -1 in first or first[0] == first[1]:
        return np.nan, first
    known = dict(zip((low, high), ends, strict=True))
    return brentq(lambda share: known.get(share) or order(share), low, high, xtol=SHARE, rtol=1e-12), first
