r"""q(z) as a root of the resolvent polynomial, for a covariance with a few eigenvalues.

The equations are linear in g = 1/(1+δ) and in the one average s = ⟨1/(ŝ + λ r̂)⟩ that all others can be written with. Solved for these two
they leave three polynomials in q and y, which SymPy derived (`theory.symbolic.elimination`; in the code they have these letters):

* **D**, the denominator of g(q, y), and of s;
* **E**, the numerator of s: s = q E/D;
* **F(λ)**, linear in λ: a direction of that variance has 1/(ŝ + λ r̂) = q D/F(λ).

That s is the average of the last over ρ_Σ = Σ w_i δ(λ − λ_i), times all denominators, is P(q, y) = 0:

    P = E ∏_i F(λ_i) − D² Σ_i w_i ∏_{j≠i} F(λ_j),      of degree 3m + 2 in q for m eigenvalues.

All its roots are computed at once as eigenvalues of companion matrices, each is completed by δ = 1/g(q, y) − 1, and the one that
`theory.equations.certify` accepts is returned: no root is ever chosen for the size of its imaginary part. Where g = 0/0, for D = 0, a root is
left to the continuation.

`solve` is called by `theory.equations.solve` for up to `MAX_ATOMS` eigenvalues, the functions for digits by
`theory.spectrum.resolvent_digits` where a user names the method. Checked by ``tests/equations/test_polynomial_roots.py`` and
``tests/spectrum/test_spectrum.py``, against the continuation.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..digits import mp
from ..errors import ConvergenceError
from ..symbolic import symbols as S
from ..symbolic.elimination import eliminate, polynomial_factors
from ..symbolic.evaluate import PARAMETERS, compiled
from .certificate import UNSOLVED, certify, polish
from .scalar import ScalarSystem, refine

if TYPE_CHECKING:
    from mpmath import mpc, mpf

#: most eigenvalues of the covariance for which the polynomial (of degree 3m + 2) is used by default
MAX_ATOMS = 4


@cache
def _coefficient_functions(module):
    """For each of E, D, F: a function of (y, λ, parameters) that returns its coefficients in q, lowest first."""
    return [compiled((S.z, S.lam, *PARAMETERS), sp.Poly(f, S.q).all_coeffs()[::-1], module) for f in polynomial_factors()]


@cache
def _g_function(module):
    """g = 1/(1+δ) as a function of (q, y, parameters)."""
    return compiled((S.q, S.z, *PARAMETERS), eliminate()[S.g], module)


def _multiply(a, b):
    """The product of two polynomials given as lists of coefficients, lowest first."""
    product = [0 * a[0]] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            product[i + j] = product[i + j] + x * y
    return product


def coefficients(system: ScalarSystem, y: Any, module: str = "numpy") -> list[Any]:
    """The coefficients of P in q, lowest first, each a scalar or an array shaped like ``y``."""
    E, D, F = _coefficient_functions(module)
    parameters = system.in_y
    left = E(y, 0, *parameters)
    factors = [F(y, node, *parameters) for node in system.nodes]
    d_squared = _multiply(*[D(y, 0, *parameters)] * 2)
    right = 0
    for i, weight in enumerate(system.weights):
        term = [weight * c for c in d_squared]
        for other in factors[:i] + factors[i + 1 :]:
            term = _multiply(term, other)
        right = term if i == 0 else [x + y for x, y in zip(right, term, strict=True)]
    for factor in factors:
        left = _multiply(left, factor)
    right = right + [0] * (len(left) - len(right))
    left = left + [0] * (len(right) - len(left))
    return [x - y for x, y in zip(left, right, strict=True)]


def roots(system: ScalarSystem, y: NDArray) -> NDArray[np.complex128]:
    """All roots of P(·, y) at points y (N,). Shape (N, degree); rows are padded with NaN where the degree drops."""
    with np.errstate(over="ignore", invalid="ignore"):  # a row that overflows is left to the continuation
        table = np.stack(np.broadcast_arrays(*coefficients(system, y), y)[:-1], axis=-1)
    # vanishing leading coefficients (a linear activation, say) lower the degree for every y alike
    finite = np.isfinite(table).all(axis=1)
    size = np.max(np.abs(table), axis=0, where=finite[:, None], initial=0)
    degree = np.max(np.nonzero(size > 0)[0], initial=1)
    table = table[:, : degree + 1]
    singular = (table[:, -1] == 0) | ~finite
    with np.errstate(over="ignore", invalid="ignore"):
        monic = table[:, :-1] / np.where(singular, np.nan, table[:, -1])[:, None]
    companion = np.zeros((y.size, degree, degree), dtype=monic.dtype)
    companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1
    companion[:, :, -1] = -np.where(np.isfinite(monic), monic, 0)
    result = np.linalg.eigvals(companion).astype(complex)
    result[singular] = np.nan
    return result


def solve(system: ScalarSystem, y: NDArray) -> NDArray[np.complex128]:
    """The certified (q, δ) at every y, array (2, N), NaN where no root is certified (exact edges, vanishing degree).

    Parameters
    ----------
    system : `theory.equations.ScalarSystem`
    y : complex array of shape (N,), Im y >= 0

    Notes
    -----
    Cost O(N (3m+2)³): companion matrices in one batched call.
    """
    real = not y.imag.any()
    candidates = roots(system, y.real if real else y)
    degree = candidates.shape[1]
    at = np.repeat(y, degree)
    with np.errstate(all="ignore"):
        q = candidates.ravel()
        delta = 1 / _g_function("numpy")(q, at, *system.in_y) - 1
    plausible = np.isfinite(q) & np.isfinite(delta) & ~((q.imag < -1e-6 * np.abs(q)) | (delta.imag < -1e-6 * np.abs(delta)))
    index = np.flatnonzero(plausible)
    x = polish(system, np.stack([q[index], delta[index]]), at[index])
    certified, x = certify(system, x, at[index])
    result = np.full((2, y.size), UNSOLVED)
    point = index // degree
    # where rounding made one root twice, either copy will do: assign in order of falling residual
    order = np.argsort(-system.residual_size(x, at[index]))
    order = order[certified[order]]
    result[:, point[order]] = x[:, order]
    return result


def solve_mpmath(system: ScalarSystem, y: "mpf | mpc", start: complex) -> "mpc":
    """The root at the thread's precision, among all roots of P, that continues the double-precision ``start``."""
    table = coefficients(system, y, "mpmath")
    while table[-1] == 0:
        table.pop()
    found = mp.polyroots(table[::-1], maxsteps=500, extraprec=4 * mp.prec)
    return min(found, key=lambda root: abs(root - start))


def certify_mpmath(system: ScalarSystem, q: "mpc", start_delta: complex, y: "mpf | mpc", dps: int) -> "mpc":
    """The δ that belongs to ``q``; `ConvergenceError` unless they are a solution of the saddle point to ``dps`` digits.

    δ is found by Newton, not as 1/g(q, y) − 1, which is 0/0 where two solutions share q (see `theory.symbolic.edge_polynomial`).
    """
    solution, delta = refine(system, q, start_delta, y, dps)
    distance = abs(solution / q - 1)
    if not distance <= mp.mpf(10) ** (-dps):
        raise ConvergenceError(
            f"the root of the polynomial at y = {mp.nstr(y, 8)} is not exact to {dps} digits", distance, reason="digits"
        )
    return delta
