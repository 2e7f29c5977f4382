"""Eigenvalues of U off the bulk, and the directions of the data that make them."""

from ..results import Outlier
from .bbp import Window, critical_psi_n, critical_separation, critical_spike, critical_time, windows
from .closed_form import outliers_of
from .counted import direction_outliers, mean_outliers
from .gaps import zeros_in_gaps
from .means import fluctuation_outliers, mean_outlier
from .spikes import outliers

__all__ = [
    "Outlier",
    "Window",
    "critical_psi_n",
    "critical_separation",
    "critical_spike",
    "critical_time",
    "direction_outliers",
    "fluctuation_outliers",
    "mean_outlier",
    "mean_outliers",
    "outliers",
    "outliers_of",
    "windows",
    "zeros_in_gaps",
]
