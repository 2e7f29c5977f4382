r"""Exact scores ∇ log P_t of data whose law is known, Gaussian or in two clusters: what a learned score is compared with.

Noise turns a direction of variance λ into one of variance e^{−2t}λ + Δ_t (`diffused`), and the score of a Gaussian is linear. A batch of m
states is an array (d, m), samples as columns, of any library that `theory.simulation.backends` knows; what is computed stays where the
array that is passed in lives. Samplers take these functions (`theory.simulation.diffusion`, where they have their names too). Checked
against derivatives of the density by ``tests/simulation/test_diffusion.py``.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import process
from ..validation import finite_array, non_negative, positive, shown
from .backends import Array, place_of


def diffused(variance: ArrayLike, t: float) -> np.float64 | NDArray[np.float64]:
    """e^{−2t}λ + Δ_t, the variance at time t >= 0 of a direction that had λ (number or host array, in and out)."""
    t, variance = float(non_negative("t", t)), finite_array("variance", variance, float)[()]
    if np.any(variance < 0):
        raise ValueError(f"variance = {shown(variance)} is out of range; allowed: numbers >= 0")
    return process.decay(2 * t, math) * variance + process.noise_variance(t, math)


def gaussian_score(x: Array, t: float, eigenvalues: ArrayLike) -> Array:
    r"""The score of N(0, Σ) after a time t >= 0: −x_i/(e^{−2t} λ_i + Δ_t), in the eigenbasis of Σ.

    Parameters
    ----------
    x : array (d, m)
    t : float
    eigenvalues : sequence of d real numbers >= 0
        Of Σ. All of them > 0 where t = 0.
    """
    where, variances = place_of(x), diffused(variances_of("eigenvalues", eigenvalues), t)
    if not np.all(variances > 0):
        raise ValueError(f"t = {t!r} leaves a direction without variance; allowed: t > 0, or eigenvalues > 0")
    if len(variances) != x.shape[0]:
        raise ValueError(f"eigenvalues has {len(variances)} entries for states of dimension {x.shape[0]}; allowed: one each")
    return -x / where.asarray(variances)[:, None]


def two_cluster_score(x: Array, t: float, mean: ArrayLike, variance: float = 1.0) -> Array:
    r"""The score of ½N(m, σ²) + ½N(−m, σ²) after a time t >= 0.

    With Γ² = e^{−2t}σ² + Δ_t it is −x/Γ² + (e^{-t}m/Γ²) tanh(e^{-t} m·x/Γ²).

    Parameters
    ----------
    x : array (d, m)
    t : float
    mean : sequence of d real numbers
    variance : real number > 0
        σ² of each cluster, the same in all directions.
    """
    where, t = place_of(x), float(non_negative("t", t))
    gamma2 = float(diffused(float(positive("variance", variance)), t))
    if not gamma2 > 0:
        raise ValueError(f"variance = {variance!r} underflows at t = {t!r}; allowed: e^(-2t) variance + 1 - e^(-2t) > 0")
    mean = finite_array("mean", mean, float)
    if mean.shape != (x.shape[0],):
        raise ValueError(f"mean has shape {mean.shape} for states of dimension {x.shape[0]}; allowed: ({x.shape[0]},)")
    m = where.asarray(process.decay(t, math) / gamma2 * mean)[:, None]
    return -x / gamma2 + m * where.xp.tanh(where.xp.sum(m * x, axis=0))


def variances_of(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """``value`` if it is a non-empty sequence of numbers >= 0, one for each direction; else raise ``ValueError``."""
    array = finite_array(name, value, float)
    if array.ndim != 1 or len(array) == 0 or np.any(array < 0):
        raise ValueError(f"{name} = {array} is out of range; allowed: a non-empty sequence of numbers >= 0")
    return array
