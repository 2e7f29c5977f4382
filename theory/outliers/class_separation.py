r"""When the spectrum tells classes apart, in closed form: what centroids do in U late in the diffusion, and when they are first seen.

At t = ½ log d + O(1) the centroids of a mixture, |m_c| = O(√d), are the only thing of the data that is left in U: a spiked Wishart matrix
(`theory.symbolic.class_separation`, where all formulas are derived). Its spikes are the eigenvectors e_k of the second moment
Σ_c π_c m_c m_c^T, with eigenvalues μ_k; for orthogonal centroids e_k = m_c/|m_c| and μ_k = π_c |m_c|². Where the activation has a mean
κ = E σ(Γz) ≠ 0 the common mean m̄ = Σ_c π_c m_c is absorbed by the outlier that the mean activation makes (`theory.outliers.means`), and m_c − m̄
stands in the place of m_c.

**What is told apart.** An odd network sees second moments. One class whose centroid is not 0 has its outlier too, and the two classes ±m have
one together whatever their weights: the spectrum shows centroids, not classes. Speciation of the exact score (2402.18491) is about the
covariance, in which m̄ is subtracted: `speciation_times`.

For any time, not only late ones, see `theory.outliers.centroids`. Checked by ``tests/outliers/test_class_separation.py`` against finite networks
and, with many samples, against `theory.outliers.closed_form`.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..couplings.gaussian_equivalence import coefficients
from ..data.mixture import Mixture
from ..data.time_grid import TimeGrid
from ..results import Outlier
from ..symbolic import class_separation as late
from ..symbolic import symbols as S
from ..validation import a_model, of_class, positive_integer
from .closed_form import NEGLIGIBLE

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: eigenvalues of the second moment of the centroids below this, relative to the largest, are rounding
NO_DIRECTION = 1e-12


def late_centroid_outliers(model: "RandomFeatureModel", d: int) -> tuple[Outlier, ...]:
    """The outliers that the centroids make late in the diffusion, by the formulas of the spiked Wishart matrix.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
        On a `theory.Mixture`, at one time and without biases (`ValueError` else). ψ_n plays no part.
    d : int >= 1
        Dimension: far centroids, ``Mixture(means=…)``, have |m_c|² = d times what is given there.

    Returns
    -------
    tuple of `theory.outliers.Outlier`, that of the strongest direction first; () where none is seen
        ``overlap`` is that of the eigenvector with We_k/|We_k|, ``class_overlaps`` those with each Wm_c/|Wm_c|, 0 for m_c = 0.

    Notes
    -----
    The error is O(e^{−2t}): at fixed t and d → ∞ the activation is not linear in the data, nor is ψ_n absent. With t = ½ log d + u it
    vanishes as 1/d, while finite matrices fluctuate by d^{-1/2}, and more next to the threshold. A millisecond.
    """
    c, within, strengths, alignments = _directions(model, positive_integer("d", d))
    functions, rate = _functions(), 2 * model.noise_variance / float(model.psi_p)
    eta = functions["strength"](float(model.t), strengths, within)
    unit = c.b2 + (c.a * model.decay) ** 2 * within
    found = []
    for x, row in zip(eta, alignments, strict=True):
        if x > functions["threshold"](float(model.psi_p)):
            overlap = float(functions["overlap"](x, float(model.psi_p)))
            z = c.s2 + c.v2 + unit * float(functions["eigenvalue"](x, float(model.psi_p)))
            classes = tuple(float(overlap * cosine) for cosine in row)
            found.append(Outlier(z, overlap, training_time=1 / (rate * z), class_overlaps=classes))
    return tuple(found)


def separation_times(model: "RandomFeatureModel", d: int) -> NDArray[np.float64]:
    r"""t_c = ½ log(1 − σ̄² + μ√ψ_p) of every direction of the centroids: the diffusion time until which U shows it as an outlier.

    Arguments as of `late_centroid_outliers`; the model's own time matters only where it decides whether σ has a mean. Returns an array (r,),
    decreasing, with 0 for a direction that is never seen. To leading order ½ log μ + ¼ log ψ_p, whose second part is the network's own.
    """
    _, within, strengths, _ = _directions(model, positive_integer("d", d))
    functions, times = _functions(), np.zeros(strengths.size)
    # seen at t = 0, where η is largest
    seen = functions["strength"](0.0, strengths, within) > functions["threshold"](float(model.psi_p))
    times[seen] = functions["time"](strengths[seen], within, float(model.psi_p))
    return times


def speciation_times(data: Mixture, d: int) -> NDArray[np.float64]:
    r"""½ log Λ_k of the exact score, Λ_k > 1 the eigenvalues of the covariance of the data along the m_c − m̄ (2402.18491, eq. 5).

    An array, decreasing; () where no Λ_k exceeds 1. C classes have C − 1 at most. The variance of the noise is 1 at late times.
    """
    of_class("data", data, "Mixture", "a theory.Mixture")
    d = positive_integer("d", d)
    strengths, _ = _principal(data, d, centred=True)
    values = _within(data) + strengths
    return np.log(values[values > 1]) / 2


def _directions(model, d):
    """(coefficients, σ̄², μ_k (r,), squared cosines of the e_k with the m_c (r, C)) of a model on a mixture."""
    data = a_model(model).data
    if not isinstance(data, Mixture) or isinstance(model.t, TimeGrid) or float(model.bias):
        raise ValueError(f"model = {model!r} is not for this formula; allowed: a Mixture, a number t and bias = 0")
    within = _within(data)
    c = coefficients(model.activation, float(model.t), within)
    has_mean = c.kappa**2 > NEGLIGIBLE * (c.a**2 + c.v2 + c.s2)
    return c, within, *_principal(data, d, has_mean)


def _within(data):
    """σ̄² = Σ_c π_c σ_c² Tr Σ/d"""
    return float(data.frequencies @ data.scales) * data.covariance.variance


def _principal(data, d, centred):
    """μ_k (r,), decreasing, and the squared cosines of the e_k with the m_c (r, C).

    By the Gram matrix Γ = (√(π_a π_b) n_a·n_b), n_c = m_c or m_c − m̄, which has the same eigenvalues: e_k = Σ_a f_a √π_a n_a/√μ_k.
    """
    pi = data.frequencies
    m = data.centroids() * (np.sqrt(d) if data.means is not None else 1.0)
    n = m - pi @ m if centred else m
    if not m.size:
        return np.zeros(0), np.zeros((0, pi.size))
    values, vectors = np.linalg.eigh(np.sqrt(np.outer(pi, pi)) * (n @ n.T))
    keep = np.flatnonzero(values > NO_DIRECTION * np.trace(m @ m.T))[::-1]
    e = (vectors[:, keep].T * np.sqrt(pi)) @ n / np.sqrt(values[keep])[:, None]
    squares = np.sum(m**2, axis=1)
    cosines = (e @ m.T) ** 2 / np.where(squares > 0, squares, 1.0)
    return values[keep], np.minimum(cosines, 1.0)


@cache
def _functions():
    derived = late.class_separation()
    return {
        name: sp.lambdify(variables, getattr(derived, name), "numpy")
        for name, variables in (
            ("strength", (late.t, late.mu, late.within)),
            ("threshold", (S.psi_p,)),
            ("overlap", (late.eta, S.psi_p)),
            ("eigenvalue", (late.eta, S.psi_p)),
            ("time", (late.mu, late.within, S.psi_p)),
        )
    }
