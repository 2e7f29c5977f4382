r"""The action of every random-feature model: feature types j, kinds of samples c, time nodes k, for explicit small numbers of each.

Three determinants again, as for one type, kind and time (`theory.symbolic.action`), now over matrices:

* the features: the fields φ meet W through the channels u_j ∈ R^{2CK} (data seen by kind c at node k, then noise), of covariance
  T = ψ_p Σ_j p_j q_j u_j u_j^T between replicas of one field, weighted by Ĥ_λ = diag(λĤ_1, …, λĤ_C, 1);
* the samples: a sample of kind c meets φ at all K times at once, with the covariance δ_c = (R_c + ψ_p Σ_j p_j q_j C̃_jc)/ψ_n;
* the volume of the φ's of each type, with s̄_j² and z as its source.

Derived here; the numbers of `theory.equations.general` solve these equations (``tests/equations/test_general.py``), and one type, kind and
node give back `theory.symbolic.action` (``tests/symbolic/test_general_action.py``).
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from ..validation import positive_integer
from . import symbols as S


class GeneralAction(NamedTuple):
    """The action per dimension, as plain + average(integrand) over ρ_Σ, and its letters."""

    plain: sp.Expr
    integrand: sp.Expr
    #: order parameters: q_j, and the symmetric matrices R_c and Ĥ_c
    q: tuple
    R: tuple
    H: tuple
    #: probabilities p_j and π_c
    p: tuple
    pi: tuple
    #: channels u_j (2CK × 1), C̃_jc (K × K, symmetric; indexed [j][c]), s̄_j²
    u: tuple
    C: tuple
    s2: tuple

    @property
    def unknowns(self):
        """The order parameters as a flat list: q_j, then the upper triangles of the R_c and of the Ĥ_c."""
        triangles = [m[k, n] for m in (*self.R, *self.H) for k in range(m.rows) for n in range(k, m.rows)]
        return [*self.q, *triangles]


def _symmetric(name, size):
    return sp.Matrix(size, size, lambda k, n: sp.Symbol(f"{name}_{{{min(k, n) + 1}{max(k, n) + 1}}}"))


#: the determinant of a matrix of that size takes minutes
LARGEST_SIZE = 6


def general_action(types: int, kinds: int, times: int) -> GeneralAction:
    """The action S of J = ``types``, C = ``kinds``, K = ``times``.

    Returns
    -------
    GeneralAction

    Notes
    -----
    log det(1 + Ĥ_λT) is a determinant of size 2CK; T has rank J, so that it is also one of size J (Sylvester). The smaller is
    taken. Cost: seconds at (2, 2, 2), growing as the factorial of the smaller size.
    """
    return _general_action(*_checked(types, kinds, times))


def _checked(types, kinds, times):
    sizes = [positive_integer(name, value) for name, value in (("types", types), ("kinds", kinds), ("times", times))]
    if min(sizes[0], 2 * sizes[1] * sizes[2]) > LARGEST_SIZE or max(sizes) > 10 * LARGEST_SIZE:
        raise ValueError(
            f"types = {sizes[0]}, kinds = {sizes[1]}, times = {sizes[2]} are too many; "
            f"allowed: types or 2 x kinds x times up to {LARGEST_SIZE}, none above {10 * LARGEST_SIZE}"
        )
    return sizes


@cache
def _general_action(J, C, K):
    q, p, s2 = (tuple(sp.Symbol(f"{name}_{j + 1}") for j in range(J)) for name in ("q", "p", "s2"))
    pi = tuple(sp.Symbol(f"pi_{c + 1}") for c in range(C))
    u = tuple(sp.Matrix([sp.Symbol(f"u_{{{j + 1},{m + 1}}}") for m in range(2 * C * K)]) for j in range(J))
    R, H = (tuple(_symmetric(f"{name}{c + 1}", K) for c in range(C)) for name in ("R", "H"))
    couplings = tuple(tuple(_symmetric(f"C{j + 1}{c + 1}", K) for c in range(C)) for j in range(J))

    channels = sp.diag(*(S.lam * h for h in H), sp.eye(C * K))
    share = [S.psi_p * p[j] * q[j] for j in range(J)]
    if J <= 2 * C * K:
        matrix = sp.eye(J) + sp.Matrix(J, J, lambda i, j: share[i] * (u[i].T * channels * u[j])[0])
    else:
        T = sum((share[j] * u[j] * u[j].T for j in range(J)), sp.zeros(2 * C * K))
        matrix = sp.eye(2 * C * K) + channels * T
    features = -sp.log(matrix.det(method="berkowitz")) / 2

    volume = S.psi_p / 2 * sp.Add(*(p[j] * (sp.log(q[j]) - (s2[j] - S.z) * q[j]) for j in range(J)))
    conjugate = sp.Add(*((h * r).trace() for h, r in zip(H, R, strict=True))) / 2
    samples = 0
    for c in range(C):
        delta = R[c] + sum((share[j] * couplings[j][c] for j in range(J)), sp.zeros(K))
        samples -= S.psi_n / 2 * pi[c] * sp.log((sp.eye(K) + delta / S.psi_n).det(method="berkowitz"))
    return GeneralAction(volume + conjugate + samples, features, q, R, H, p, pi, u, couplings, s2)


def stationarity(types: int, kinds: int, times: int) -> tuple:
    """∂S/∂x for every order parameter x, as a dictionary x → (derivative of plain, derivative of the integrand)."""
    return _stationarity(*_checked(types, kinds, times))


@cache
def _stationarity(J, C, K):
    a = _general_action(J, C, K)
    return {x: (sp.diff(a.plain, x), sp.diff(a.integrand, x)) for x in a.unknowns}
