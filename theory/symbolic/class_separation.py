r"""When the spectrum of U tells classes apart: the spiked Wishart matrix that is left late in the diffusion.

At late times σ is linear in what is left of a sample, all features are of one type, and U − s² − v² is the Wishart matrix of p rows of W with
the covariance b² + α²(σ̄² + Σ_c π_c m_c m_c^T) in d dimensions, σ̄² the variance within the classes. With an infinite number of samples
this holds as it stands; with ψ_n of them what fluctuates is of the order α²σ̄²/b², which vanishes. An eigenvector e of Σ_c π_c m_c m_c^T, of
eigenvalue μ, then has the relative strength

.. math:: \eta = \frac{\alpha^2\mu}{b^2+\alpha^2\bar\sigma^2} = \frac{\mu}{e^{2t}-1+\bar\sigma^2},

and `class_separation` takes the rest from the action: `saddle_point` at δ = 0 and the condition of `outlier_condition` with λ* = σ̄² + μ. The
outlier is there for η > ψ_p^{-1/2}, with the squared overlap 1 − 1/(ψ_p η²) of its eigenvector with We/|We|, until

.. math:: t_c = \tfrac12\log(1-\bar\sigma^2+\mu\sqrt{\psi_p}) \simeq \tfrac12\log\mu + \tfrac14\log\psi_p .

The time of speciation of the exact score, ½ log μ (Biroli et al. 2024, 2402.18491), is the first term alone.

For orthogonal centroids the eigenvectors are the m_c and μ = π_c |m_c|²; for two that are not, `two_centroids`. Derived here, checked by
``tests/symbolic/test_spiked_wishart.py`` against the literature's spiked covariance and by ``tests/outliers/test_class_separation.py`` against
finite networks.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from . import symbols as S
from .outlier import outlier_condition
from .saddle_equations import saddle_point

#: η, the strength of a direction of the classes relative to all others
eta = sp.Symbol("eta", positive=True)
#: μ, the eigenvalue of Σ_c π_c m_c m_c^T along it, and σ̄², the variance within the classes
mu, within = sp.symbols(r"mu \bar\sigma^2", positive=True)
#: diffusion time
t = sp.Symbol("t", positive=True)
#: weights and norms of two classes, and the cosine between their centroids
pi_1, pi_2, norm_1, norm_2 = sp.symbols("pi_1 pi_2 m_1 m_2", positive=True)
cosine = sp.Symbol("c", real=True)


class ClassSeparation(NamedTuple):
    """What a direction of the classes does in U, late in the diffusion."""

    #: (z − s² − v²)/(b² + α²σ̄²) of the outlier, in η
    eigenvalue: sp.Expr
    #: squared overlap of its eigenvector with We/|We|, in η; 0 from `threshold` down
    overlap: sp.Expr
    #: the η at which the outlier meets the bulk
    threshold: sp.Expr
    #: η in terms of t, μ and σ̄²
    strength: sp.Expr
    #: t_c in terms of μ, σ̄² and ψ_p, where η is at the threshold
    time: sp.Expr
    #: t_c for μ → ∞: ½ log μ + ¼ log ψ_p
    late_time: sp.Expr


@cache
def class_separation() -> ClassSeparation:
    r"""Derive the `ClassSeparation`: solve the condition for q, insert it into the saddle point, and differentiate.

    D(z) = 0 gives q(η), F_q = 0 then z(η). The overlap is −1/D'(z) = q² dz/dq (`theory.outliers.closed_form`), as the samples, through which D
    knows z otherwise, are at δ = 0; and dz/dη = 0 at the threshold. About a second after `outlier_condition`.
    """
    f_q, _ = saddle_point().reduced
    # one variance within the classes, in units of which b² + α²σ̄² = 1; z is measured from s² + v²
    unit = {S.delta: 0, S.v: 0, S.s_t: 0, S.b: sp.sqrt(1 - S.alpha**2 * within)}
    f_q = S.discretise(f_q, ((within, 1),)).subs(unit)
    condition = outlier_condition().condition.subs(S.lam_star, within + eta / S.alpha**2).subs(unit)
    (q,) = sp.solve(condition, S.q)
    (z,) = sp.solve(sp.numer(sp.together(f_q.subs(S.q, q))), S.z)
    z = sp.factor(z)
    slope = sp.diff(z, eta)
    (threshold,) = (root for root in sp.solve(sp.numer(sp.together(slope)), eta) if root.is_positive)
    overlap = sp.expand(sp.cancel(q**2 * slope / sp.diff(q, eta)))
    a = sp.Symbol("a", positive=True)  # slope of σ: it cancels
    strength = sp.simplify(a**2 * sp.exp(-2 * t) * mu / (a**2 * (1 - sp.exp(-2 * t)) + a**2 * sp.exp(-2 * t) * within))
    growth = sp.Symbol("G", positive=True)  # e^{2t}
    (at_threshold,) = sp.solve((strength - threshold).subs(t, sp.log(growth) / 2), growth)
    time = sp.log(sp.expand(at_threshold)) / 2
    leading = sp.limit(at_threshold / mu, mu, sp.oo)
    late = sp.expand_log(sp.log(leading * mu) / 2)
    return ClassSeparation(z, overlap, threshold, strength, time, late)


class TwoCentroids(NamedTuple):
    """The eigenvectors of π_1 m_1 m_1^T + π_2 m_2 m_2^T, first that of the larger eigenvalue."""

    #: their eigenvalues μ
    strengths: tuple
    #: squared cosines with m_1 and with m_2, one pair for each
    alignments: tuple


@cache
def two_centroids() -> TwoCentroids:
    r"""Diagonalise in the basis m_1/|m_1| and what of m_2 is orthogonal to it.

    With the Gram matrix Γ = (√(π_a π_b) m_a·m_b), whose eigenvalues are the same, an eigenvector f of Γ gives e = Σ_a f_a √π_a m_a/√μ, and
    (e·m_a)² = μ f_a²/π_a: so no basis is needed.
    """
    diagonal = pi_1 * norm_1**2, pi_2 * norm_2**2
    off = sp.sqrt(pi_1 * pi_2) * norm_1 * norm_2 * cosine
    root = sp.sqrt((diagonal[0] - diagonal[1]) ** 2 + 4 * off**2)
    strengths, alignments = [], []
    for sign in (1, -1):
        value = (sum(diagonal) + sign * root) / 2
        # f_1² = (μ − Γ_22)/(2μ − Tr Γ), by the residue of the resolvent of Γ
        first = (value - diagonal[1]) / (sign * root)
        strengths.append(value)
        alignments.append((value * first / (pi_1 * norm_1**2), value * (1 - first) / (pi_2 * norm_2**2)))
    return TwoCentroids(tuple(strengths), tuple(alignments))
