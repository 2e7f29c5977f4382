"""Eigenvalues of U off the bulk, what makes them, and from when on they are there. All come as `Outlier`, or as plain numbers.

**Where they are.** A direction of the data: `theory.outliers.closed_form` if there is one type, kind and time, else
`theory.outliers.counted`, and ``outliers`` asks the one that fits the equations (``spikes``). No direction of the data, but the mean of the
features or the fluctuations of norms: ``means``, by way of ``gaps``; the means of the general models are counted too.

The centroids of a mixture that are far apart: ``centroids``, at any time, and ``class_separation``, late in the diffusion.

**When there is one.** ``bbp`` asks for windows of variances, the critical time, number of samples and separation, and ``threshold`` answers
for one model and one edge.

A file imports only those before it: gaps, closed_form, counted; centroids, class_separation, means, threshold, spikes; bbp. The folder asks
a spectrum for its edges and stands on the equations; `theory.spectrum` calls ``outliers``, `theory.training.signal` calls ``outliers_of``.
"""

from ..results import Outlier
from .bbp import Window, critical_psi_n, critical_separation, critical_spike, critical_time, windows
from .centroids import centroid_outliers
from .class_separation import late_centroid_outliers, separation_times, speciation_times
from .closed_form import outliers_of
from .counted import direction_outliers, mean_outliers
from .gaps import zeros_in_gaps
from .means import fluctuation_outliers, mean_outlier
from .spikes import outliers

__all__ = [
    "Outlier",
    "Window",
    "centroid_outliers",
    "critical_psi_n",
    "critical_separation",
    "critical_spike",
    "critical_time",
    "direction_outliers",
    "fluctuation_outliers",
    "late_centroid_outliers",
    "mean_outlier",
    "mean_outliers",
    "outliers",
    "outliers_of",
    "separation_times",
    "speciation_times",
    "windows",
    "zeros_in_gaps",
]
