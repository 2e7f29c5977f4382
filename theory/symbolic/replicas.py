r"""The replica action of the resolvent, from the Gaussian integrals to the function of three numbers.

The resolvent trace is the logarithmic derivative of a Gaussian integral over p real fields,

.. math:: Z(z) = \int d\varphi\; e^{-\frac12 \varphi^T (U - z)\varphi},\qquad q(z) = \frac{2}{p}\,\partial_z \log Z .

With n replicas the disorder average gives three factors, each a determinant in replica space:

* the samples: given W, the n fields φ·G_ν/√n are independent Gaussians, of covariance
  (ψ_p/ψ_n)(α² R + v² Q) between replicas, with Q_ab = φ^a·φ^b/p and R_ab = φ^a·WΣW^T φ^b/(pd);
* the features: given the φ's, the d rows of W^Tφ/√d are independent Gaussians of covariance ψ_p Q,
  weighted by b² and by the conjugate ρ̂ of R;
* the volume of the φ's at fixed Q: ½ ψ_p log det Q.

Source: 2505.17638 (supplement) for isotropic data; derived here for any covariance spectrum and
checked by ``tests/symbolic/test_symbolic.py``.
"""

from typing import TYPE_CHECKING

import sympy as sp

from ..validation import expression, expressions
from . import symbols as S

if TYPE_CHECKING:
    from .symbols import Scalar


def single_replica_action(q: "Scalar" = S.q, r: "Scalar" = S.r, rho_hat: "Scalar" = S.rho_hat) -> sp.Expr:
    r"""The action per dimension of one replica, as a SymPy expression.

    Each line is one of the three factors of the module's docstring; the last is the source (s_t² − z).
    """
    q, r, rho_hat = (expression(name, x) for name, x in (("q", q), ("r", r), ("rho_hat", rho_hat)))
    samples = -S.psi_n / 2 * sp.log(1 + S.psi_p / S.psi_n * (S.alpha**2 * r + S.v**2 * q))
    features = -S.average(sp.log(1 + S.psi_p * q * (S.b**2 + S.lam * rho_hat))) / 2
    volume = S.psi_p / 2 * sp.log(q)
    conjugate = S.psi_p / 2 * r * rho_hat
    source = -S.psi_p / 2 * (S.s_t**2 - S.z) * q
    return samples + features + volume + conjugate + source


def replicated_action(n: "Scalar", off_diagonal: "Scalar") -> sp.Expr:
    r"""The action of ``n`` replicas in the replica-symmetric ansatz, for symbolic ``n``.

    A replica-symmetric matrix with diagonal x and off-diagonal x₀ has the eigenvalue x + (n−1)x₀
    once and x − x₀ with multiplicity n − 1. Q, R and ρ̂ are diagonal in the same basis, so every
    log det and every trace is the one-replica action evaluated on eigenvalues.

    Parameters
    ----------
    n : sympy.Symbol
    off_diagonal : tuple of three sympy.Symbol
        The off-diagonal entries (q₀, r₀, ρ̂₀); the diagonal entries are q, r, ρ̂.
    """
    n, off_diagonal = expression("n", n), expressions("off_diagonal", off_diagonal, 3)
    diagonal = (S.q, S.r, S.rho_hat)
    symmetric = [x + (n - 1) * x0 for x, x0 in zip(diagonal, off_diagonal, strict=True)]
    transverse = [x - x0 for x, x0 in zip(diagonal, off_diagonal, strict=True)]
    return single_replica_action(*symmetric) + (n - 1) * single_replica_action(*transverse)


def replica_limit(off_diagonal: "Scalar") -> sp.Expr:
    """lim_{n→0} (1/n) of `replicated_action`: the derivative at n = 0, since the action vanishes there."""
    n = sp.Symbol("n")
    return S.without_empty_averages(sp.diff(replicated_action(n, off_diagonal), n).subs(n, 0))


def action() -> sp.Expr:
    r"""The replica-symmetric action S(q, r, ρ̂) per dimension.

    The off-diagonal overlaps vanish at the saddle point (``tests/symbolic/test_symbolic.py`` shows the action to be
    stationary there), which leaves the one-replica action. It is normalised so that
    ∂S/∂z = ψ_p q/2 at the saddle point.

    Returns
    -------
    sympy.Expr
        In the symbols of `theory.symbolic.symbols`; the spectrum of the covariance enters through an
        unevaluated integral over ``rho_Sigma``.
    """
    zero = sp.symbols("q_0 r_0 rho_0")
    return S.without_empty_averages(replica_limit(zero).subs(dict.fromkeys(zero, 0)))
