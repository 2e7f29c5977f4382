r"""Outliers of far centroids at any diffusion time: the mean activations and the directions of the centroids, together.

A feature's mean over kind c, κ_jc, is a function of its projections ω_j on the centroids, and so is the weight with which it reads the data and
the noise along them. All these vectors have rank one in U each: for kind c and time k

* κ_jck for the constant 1, of order √p: early in the diffusion this is all that matters, and the outliers are of order p;
* α_jck ω_j^e and β_jck ω_j^e, of order 1, for the sample and for the noise along each direction e of the centroids.

With g_j = (√p κ_j; √ψ_p α_j ω_j; √ψ_p β_j ω_j) and the argument of `theory.outliers.counted` the outliers are the zeros of

.. math:: \mathsf S(z) = \operatorname{diag}\big(1+\delta_c;\ (1+\delta_c)/(\pi_c\lambda_\Sigma);\ 1\big) + \sum_jp_jq_j\,g_jg_j^T ,

and the eigenvector v of 𝖲n = 0 has (v·w)² = [Σ_j p_jq_jω_j g_j·n]²/(n^T𝖲'n) with w = Wm/|Wm|, ω_j normalised. At t = ½ log d + O(1), where
all three are of one order, this becomes `theory.outliers.class_separation`. The sums over j are taken over the labels themselves, not over the
types that the equations merge: κ and ω change sign together.

Derived here, checked by ``tests/outliers/test_class_separation.py`` against finite networks, the late limit and `theory.outliers.counted`.
"""

from typing import TYPE_CHECKING

import numpy as np

from ..couplings.feature_types import at_labels, label_rule, labels
from ..couplings.type_couplings import type_couplings
from ..data.mixture import Mixture
from ..equations.continuation import beside
from ..equations.general import GeneralSystem
from ..equations.response import fields
from ..errors import ConvergenceError
from ..results import Outlier
from ..validation import a_spectrum, integer, positive_integer
from .counted import outside

if TYPE_CHECKING:
    from ..spectrum.law import Spectrum

#: nodes of the rule for each direction of the labels, in the sums over them
LABELS = 20
#: relative precision to which the upper end of the bulk is found: an outlier that is closer is not reported
RESOLUTION = 1e-4
#: step of a derivative along the imaginary axis, which leaves no rounding
STEP = 1e-30


def centroid_outliers(spectrum: "Spectrum", d: int, most: int = 3) -> tuple[Outlier, ...]:
    """The outliers above the bulk that far centroids make at dimension d, at any diffusion time or grid of times.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
        Of a model on a ``Mixture(means=…)`` of one eigenvalue of the covariance.
    d : int >= 1
        The mean activations put eigenvalues of order p = ψ_p d off the bulk.
    most : int >= 1
        How many to find, from the largest down.

    Returns
    -------
    tuple of `theory.outliers.Outlier`, decreasing; () where there is none
        ``overlap`` is the part of the eigenvector in the span of the We, ``class_overlaps`` those with each Wm_c/|Wm_c|.

    Raises
    ------
    ValueError
        Another kind of data.
    ConvergenceError
        No certified solution above the bulk.

    Notes
    -----
    About 60 solutions of the saddle point: under a second for ±m and 16 types, ten for two directions (100 types). The bulk is that of the
    model's types, whose upper end is bisected.
    """
    data, d, most = _checked(spectrum), positive_integer("d", d), integer("most", most)
    block = _Blocks(spectrum, data, spectrum.system.ensemble.psi_p * d)
    top, (edge, start) = 4 * spectrum.upper_bound, (0.0, None)
    while np.linalg.eigvalsh(block(outside(spectrum, top), top).real)[0] < 0:
        top *= 2
    edge, start = _upper_end(spectrum, top)
    below = int(np.count_nonzero(np.linalg.eigvalsh(block(start, edge).real) < 0))
    found, high = [], (top, outside(spectrum, top))
    for index in range(min(most, below)):
        low = (edge, start)
        for _ in range(60):
            z = np.sqrt(low[0] * high[0])
            x = outside(spectrum, z, np.hstack([low[1], high[1]]))
            # from above, eigenvalue after eigenvalue turns negative
            if np.linalg.eigvalsh(block(x, z).real)[index] < 0:
                low = z, x
            else:
                high = z, x
            if high[0] - low[0] <= 1e-12 * high[0]:
                break
        found.append(_outlier(spectrum, block, *low, index))
        high = low
    return tuple(found)


def _checked(spectrum):
    data = a_spectrum(spectrum).model.data
    if not (isinstance(data, Mixture) and data.means is not None and isinstance(spectrum.system, GeneralSystem)):
        raise ValueError(f"spectrum = {spectrum!r} has no far centroids; allowed: a model on Mixture(means=…)")
    if len(data.spectrum) > 1:
        raise ValueError(f"spectrum = {spectrum!r} has a covariance of several eigenvalues; allowed: one")
    return data


def _upper_end(spectrum, top):
    """(z, solution) just above the bulk."""
    inside, free = spectrum.offset, (top, outside(spectrum, top))
    while free[0] - inside > RESOLUTION * free[0]:
        z = (inside + free[0]) / 2
        # Newton from above is as good as a path from infinity, and refused where there is no real solution
        x = beside(spectrum.system, free[1], np.array([z - spectrum.offset + 0j]))
        if x is None or np.abs(x.imag).max() > 0:
            try:
                x = outside(spectrum, z)
            except ConvergenceError:
                inside = z
                continue
        free = z, x
    return free


class _Blocks:
    """𝖲 as a function of the solution at z, over indices (constants CK; data CK × r; noise CK × r)."""

    def __init__(self, spectrum, data, p):
        model, self.system = spectrum.model, spectrum.system
        self.p, points = label_rule(LABELS, labels(model))
        biases, projections = at_labels(float(model.bias), data, points)
        self.u, self.C, by_kind, kappa = type_couplings(model.activation, model.times, data, biases, projections)
        self.s2 = by_kind.sum(axis=1)
        e, r = self.system.ensemble, data.centroids().shape[1]
        half = kappa.shape[1]
        omega, root = points[:, :r], np.sqrt(e.psi_p)
        read = root * (self.u[:, :, None] * omega[:, None, :])
        self.g = np.concatenate([np.sqrt(p) * kappa, read.reshape(len(read), -1)], axis=1)
        # features seen along the centroids, in a basis and by classes
        self.basis = omega
        norms = np.sqrt(self.p @ projections**2)
        self.classes = projections / np.where(norms > 0, norms, 1.0)
        self.half, self.r, self.variance = half, r, data.covariance.eigenvalues[0]

    def resolvents(self, x, z):
        """q of every label, (J',)."""
        e = self.system.ensemble
        field = fields(e, self.system.full(x), self.u.T)
        linear = np.einsum("l,lmj,mj->j", e.weights, field.Mu[0, ..., e.p.size :], self.u.T)
        energy = np.einsum("ckl,jckl->j", e.pi[:, None, None] * field.E[0], self.C)
        return 1 / (self.s2 - z + energy + linear)

    def __call__(self, x, z):
        e = self.system.ensemble
        J, C, K = e.sizes
        delta = self.system.full(x)[J:, 0].reshape(C, K, K)
        result = (self.g.T * (self.p * self.resolvents(x, z))) @ self.g
        for c in range(C):
            block = np.eye(K) + delta[c]
            rows = slice(c * K, (c + 1) * K)
            result[rows, rows] += block
            first = self.half + c * K * self.r
            rows = slice(first, first + K * self.r)
            result[rows, rows] += np.kron(block, np.eye(self.r)) / (e.pi[c] * self.variance)
        noise = np.arange(self.half * (1 + self.r), len(result))
        result[noise, noise] += 1
        return result


def _outlier(spectrum, block, z, x, index):
    system, at = spectrum.system, np.array([z - spectrum.offset + 0j])
    slope = system.tangent(x, at).real
    n = np.linalg.eigh(block(x, z).real)[1][:, index]
    rate = n @ (block(x + 1j * STEP * slope, z + 1j * STEP).imag / STEP) @ n
    weight = block.p * block.resolvents(x, z).real * (block.g @ n)
    overlaps, classes = ((weight @ vectors) ** 2 / rate for vectors in (block.basis, block.classes))
    if not (rate > 0 and overlaps.sum() <= 1 + 1e-6):
        raise ConvergenceError(
            f"overlaps {overlaps} of the outlier {z:.12g} are not between 0 and 1: centroids may be too strong",
            reason="precision",
        )
    time = float(spectrum.model.psi_p) / (2 * spectrum.model.noise_variance * z)
    return Outlier(float(z), float(overlaps.sum()), training_time=time, class_overlaps=tuple(map(float, classes)))
