r"""What a ridge predictor leaves of its target, on the samples and on fresh data: H and G, for one type, kind and time.

The predictor with the ridge ζ = −z leaves r_z = y − V^TQ(z)φ of the target y. Every loss of `theory.training.losses` is made of

* H(z) = (1/d) E_train[y·r_z] = L₀ − (1/d) Tr V^TQV, a function of one argument, the train loss at z = 0;
* G(z₁, z₂) = (1/d) E_fresh[r_{z₁}·r_{z₂}], a function of two, the test loss of the ridge ζ at z₁ = z₂ = −ζ.

Why these, and not the traces that they consist of: below the spectrum both are sums of positive terms, so that a small loss keeps its
digits, where L₀ and the traces would cancel. And r_∞ = y, so that G(∞, z) = (1/d) E_fresh[y·r_z] is what the test loss needs
of one argument; here it is H(z), as V = bW/√d is the same for all samples.

**Read next.** The formulas are derived in `theory.symbolic.two_resolvents` as rational functions of 1/q, 1/(1+δ) and the moments
⟨λ^k/(1/q + ψ_p h)⟩; here they are arrays over all pairs of contour points (products of matrices), and the same in mpmath for
`theory.training.digits`. The general models have their H and G in `theory.training.general_kernel`. Checked by
``tests/training/test_residuals.py`` and ``tests/training/test_training_accuracy.py``.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ..digits import mp
from ..symbolic import two_resolvents as symbolic
from ..symbolic.evaluate import PARAMETERS, compiled

if TYPE_CHECKING:
    from mpmath import mpc

    from ..equations.scalar import ScalarSystem

    Field = tuple[mpc, mpc, list[mpc]]

#: q beside an atom: the square is finite, and 1/q vanishes beside everything
INFINITE = 1e140


@cache
def _functions(module):
    """H and G as functions of x, g, the moments, and the parameters."""
    one, two = (symbolic.x1, symbolic.g1), (symbolic.x1, symbolic.g1, symbolic.x2, symbolic.g2)
    moments = symbolic.MOMENTS
    return (
        compiled((*one, *moments[:2], *PARAMETERS), symbolic.train_residual(), module),
        compiled((*two, *moments, *PARAMETERS), symbolic.fresh_residual(), module),
    )


def _inverses(system, x):
    """1/q, g = 1/(1+δ), and 1/(1/q + ψ_p h) at the nodes of ρ_Σ, (N, m)."""
    psi_p, _, alpha, b, _, _ = system.parameters
    inverse_q, g = 1 / x[0], 1 / (1 + x[1])
    return inverse_q, g, 1 / (inverse_q[:, None] + psi_p * (b**2 + alpha**2 * g[:, None] * system.nodes))


def train_residual(system: "ScalarSystem", x: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """H at solutions x = (q, δ), shape (2, N), of a `theory.equations.ScalarSystem`: array (N,). Cost O(N m)."""
    inverse_q, g, inverse = _inverses(system, x)
    moments = (inverse @ (system.weights * system.nodes**k) for k in range(2))
    return _functions("numpy")[0](inverse_q, g, *moments, *system.parameters)


def fresh_residual(
    system: "ScalarSystem", left: NDArray[np.complex128], right: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """G between the solutions ``left`` (2, N) and ``right`` (2, N'): array (N, N'). Cost O(N N' m), in products of matrices."""
    x1, g1, first = _inverses(system, left)
    x2, g2, second = _inverses(system, right)
    moments = ((first * (system.weights * system.nodes**k)) @ second.T for k in range(3))
    return _functions("numpy")[1](x1[:, None], g1[:, None], x2, g2, *moments, *system.parameters)


def beside_atom(system: "ScalarSystem") -> NDArray[np.complex128]:
    """(q, δ) where z → 0 from below and U has an atom at 0 (linear features, p > d), shape (2, 1): q as good as infinite.

    There 1/g − 1 = (α²/ψ_n)⟨λ/(b² + α²λg)⟩. Times g, its two sides fall and rise with g, so that one g in (0, 1) solves it.
    """
    _, psi_n, alpha, b, _, _ = system.parameters
    signal = alpha**2 * system.nodes
    g = brentq(lambda g: 1 - g - system.weights @ (signal * g / (b**2 + signal * g)) / psi_n, 0, 1, xtol=1e-300, rtol=1e-15)
    return np.array([[INFINITE], [1 / g - 1]], complex)


def field_mpmath(system: "ScalarSystem", q: "mpc", delta: "mpc") -> "Field":
    """(1/q, g, [1/(1/q + ψ_p h) at the nodes]) at the working precision."""
    psi_p, _, alpha, b, _, _ = system.parameters
    inverse_q, g = 1 / q, 1 / (1 + delta)
    return inverse_q, g, [1 / (inverse_q + psi_p * (b**2 + alpha**2 * g * node)) for node in system.nodes]


def train_residual_mpmath(system: "ScalarSystem", field: "Field") -> "mpc":
    """H at a `field_mpmath`."""
    inverse_q, g, inverse = field
    moments = _moments_mpmath(system, inverse, 2)
    return _functions("mpmath")[0](inverse_q, g, *moments, *system.parameters)


def fresh_residual_mpmath(system: "ScalarSystem", left: "Field", right: "Field") -> "mpc":
    """G between two `field_mpmath`."""
    moments = _moments_mpmath(system, [a * b for a, b in zip(left[2], right[2], strict=True)], 3)
    return _functions("mpmath")[1](*left[:2], *right[:2], *moments, *system.parameters)


def _moments_mpmath(system, values, count):
    weighted = [weight * value for weight, value in zip(system.weights, values, strict=True)]
    return [mp.fsum(w * node**k for w, node in zip(weighted, system.nodes, strict=True)) for k in range(count)]
