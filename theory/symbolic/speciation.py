r"""When noise hides to which of two clusters a state belongs: the experiment of a Gaussian shift.

Two clusters N(m_c, σ_c²) in d dimensions have at time t the centroids e^{-t}m_c and the variances Γ_c² = e^{-2t}σ_c² + Δ_t. Where neither
can be told with certainty, the logarithm ℓ of their likelihood ratio is Gaussian, with mean ±D/2 and variance D, and D is twice their
relative entropy (`separation`):

.. math:: D = \frac{e^{-2t}|m_1-m_2|^2}{\Gamma^2} + \frac d2\Big(\frac{e^{-2t}(\sigma_1^2-\sigma_2^2)}{\Gamma^2}\Big)^2 .

The first part, with |m_1 − m_2|² = O(d), is of order one at t = ½ log d, the second at t = ¼ log d. Derived here, checked by
``tests/empirical/test_speciation.py`` against samples.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

#: dimension, squared distance of the centroids at time t, variance Γ² of one cluster and what it is more than that of the other
d, distance2, Gamma2, excess = sp.symbols("d Delta_m Gamma_2 epsilon", positive=True)


class Separation(NamedTuple):
    """The two parts of D, from the centroids and from the variances."""

    centroids: sp.Expr
    variances: sp.Expr


@cache
def separation() -> Separation:
    """Twice the relative entropy of two isotropic Gaussians, to the first order in which their variances differ."""
    x = sp.Symbol("x", real=True)
    shift, first = sp.sqrt(distance2), Gamma2 + excess

    def law(mean, variance):
        return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)

    def entropy(mean, variance):
        """∫ P log(P/P′) over one direction, P of the first cluster, P′ = N(0, Γ²) of the second."""
        ratio = -((x - mean) ** 2) / (2 * variance) + x**2 / (2 * Gamma2) + sp.log(Gamma2 / variance) / 2
        moments = sp.Poly(sp.expand(ratio), x)
        return sum(c * sp.integrate(x**k * law(mean, variance), (x, -sp.oo, sp.oo)) for (k,), c in moments.terms())

    along = sp.simplify(2 * entropy(shift, Gamma2))
    across = sp.series(sp.expand_log(sp.simplify(2 * d * entropy(0, first)), force=True), excess, 0, 3).removeO()
    return Separation(along, sp.factor(sp.simplify(across)))
