r"""The first overfitting: between the population and the samples, the linear score of the *sample* covariance, in closed form.

**Many features.** For ψ_p → ∞ at fixed ψ_n and τ the columns of W and of Ω are orthogonal, and U splits into 2 × 2 blocks, one for each
eigenvalue λ of the sample covariance Σ_n (`pair`). On fresh data the network is then linear, exactly and at every training time,

.. math:: s(x_t) = -a_t^2\,[f_\tau(M(\Sigma_n))]_{11}\,x_t,\qquad f_\tau(x) = (1-e^{-2\Delta_t\tau x})/x,

and its score error is (1/d) E tr (a²[f]₁₁ − C^{-1})² C with C = e^{-2t}Σ + Δ_t, the covariance of x_t (`response`).

**The plateau.** Each block has a fast eigenvalue, about a²(e^{-2t}λ + Δ_t), and a slow one, which memorizes. Between them, for
v²/ψ_n ≪ b² = a²Δ_t, the network is −(e^{-2t}Σ_n + Δ_t)^{-1}x_t, whatever the activation, and the score error is

.. math:: E_{\rm lin} = \tfrac1d\,{\rm E\,tr}\,[(e^{-2t}\Sigma_n+\Delta_t)^{-1}-C^{-1}]^2\,C .

`plateau` has it from the saddle point of the sample covariance, `network_plateau` from the two-resolvent function of the network,
`isotropic_plateau` in closed form for Σ = 1, and `plateau_series` as a series in 1/ψ_n, which starts with
(e^{-4t}/ψ_n) ⟨λ/c⟩⟨λ/c²⟩, c = e^{-2t}λ + Δ_t. Finitely many features add `feature_noise` to it.

**The minimum before it and the departure from it**, Σ = 1, in k = 2Δ_ta² τ: `relaxation_series` and `departure_series`; `departure` for any Σ.
The score error leaves the plateau at k of order √ψ_n a²/v², not when the slow modes relax: there τ is of order √ψ_n/(2Δ_t v²), a factor
√ψ_n/Δ_t earlier.

Derived here, checked by ``tests/symbolic/test_first_overfitting.py``: against matrices, against the curves of the theory at large ψ_p and of
linear features, and each route against the other.
"""

from functools import cache
from typing import NamedTuple

import sympy as sp

from ..validation import integer
from . import marchenko_pastur
from . import symbols as S
from .saddle_equations import saddle_point
from .two_resolvents import MOMENTS, fresh_residual, g1, g2, train_residual, x1, x2

#: e^{-2t} and Δ_t, which is 1 − e^{-2t}; written as two letters, in which the formulas are shorter
decay2, Delta = sp.symbols("y Delta_t", positive=True)
#: eigenvalue c of the covariance of x_t, and what the samples make of it, with g = 1/(1 + δ)
field, weakened = decay2 * S.lam + Delta, decay2 * S.g * S.lam + Delta
#: 1/ψ_n where a series is in it; k = 2Δ_t a² τ; ν = v²/a², which sets the pace of the memorizing modes
few, k, nu = sp.symbols("epsilon k nu", positive=True)
#: a ridge ζ = −z/ψ_p; θ = 2Δ_t τ; an ηΣ added to the sample covariance, to differentiate in; the strength a of the linear part
zeta, theta, eta, strength = sp.symbols("zeta theta eta a", positive=True)
#: the coefficients of the linear part in terms of the process
LINEAR = {S.alpha: strength * sp.sqrt(decay2), S.b: strength * sp.sqrt(Delta)}


class Plateau(NamedTuple):
    """E_lin in g = 1/(1 + δ), and what g solves."""

    #: in g, ψ_n, y = e^{-2t}, Δ_t and averages of 1/c and of powers of 1/(ygλ + Δ_t)
    height: sp.Expr
    #: a difference that vanishes
    equation: sp.Expr


def pair() -> sp.Matrix:
    r"""The block M of U/ψ_p for ψ_p → ∞, of the direction of an eigenvalue λ of Σ_n in W and of its image among the samples.

    Exact at fixed ψ_n: XX^T/n is Σ_n and not Σ. Its determinant does not depend on λ.
    """
    direction = sp.Matrix([S.alpha * sp.sqrt(S.lam), S.v / sp.sqrt(S.psi_n)])
    return direction * direction.T + sp.diag(S.b**2, 0)


def ridge_response() -> sp.Expr:
    r"""[(M + ζ)^{-1}]₁₁ = 1/(b² + ζ + α²λ ζ/(ζ + v²/ψ_n)): the samples' nonlinear part weakens Σ_n by a factor, and does nothing else."""
    return sp.factor((pair() + zeta * sp.eye(2)).inv()[0, 0])


@cache
def response() -> sp.Expr:
    r"""[f_τ(M)]₁₁ in closed form, in θ = 2Δ_tτ: a function of the two eigenvalues of `pair`, weighted with the first entries of the modes."""
    fast, slow, share = _modes()
    return share * (1 - sp.exp(-theta * fast)) / fast + (1 - share) * (1 - sp.exp(-theta * slow)) / slow


def _modes():
    """Fast and slow eigenvalue of `pair`, and the squared first entry of the fast eigenvector."""
    matrix = pair()
    half = matrix.trace() / 2
    gap = sp.sqrt(((matrix[0, 0] - matrix[1, 1]) / 2) ** 2 + matrix[0, 1] ** 2)
    fast = half + gap
    return fast, sp.expand(matrix.det()) / fast, (fast - matrix[1, 1]) / (2 * gap)


@cache
def plateau() -> Plateau:
    r"""E_lin for any ρ_Σ, from the saddle point of Σ_n + ηΣ (`theory.symbolic.marchenko_pastur`), by derivatives in z and η.

    With Q = (Σ_n − z)^{-1} at z = −Δ_te^{2t} the three terms of E_lin are (1/d) tr Q(Σ − z)Q, −2(1/d) tr Q and ⟨1/c⟩, up to e^{-2t}; and
    (1/d) tr QΣQ = −dq/dη, (1/d) tr Q² = dq/dz.
    """
    point = marchenko_pastur.saddle_point()
    rho_hat = point.rho_hat.subs(marchenko_pastur.c, 1 / S.psi_n)
    denominator = S.lam * (rho_hat + eta) - S.z
    r_map, q = S.average(S.lam / denominator), S.average(1 / denominator)
    assert point.q == S.average(1 / (S.lam * S.rho_hat - S.z))

    def total(x):
        """dq/dx, with r on its saddle point."""
        return sp.diff(q, x) + sp.diff(q, S.r) * sp.diff(r_map, x) / (1 - sp.diff(r_map, S.r))

    height = (-total(eta) - S.z * total(S.z) - 2 * q) / decay2 + S.average(1 / field)
    (r_of_g,) = sp.solve(sp.Eq(S.g, rho_hat), S.r)
    at = {eta: 0, S.z: -Delta / decay2, S.r: r_of_g}
    return Plateau(_in_powers(height.subs(at)), _in_powers((S.g * (r_of_g - r_map) / S.psi_n).subs(at)))


@cache
def wide_residual() -> tuple[sp.Expr, sp.Expr]:
    r"""(G, equation of g): `theory.symbolic.two_resolvents.fresh_residual` for ψ_p → ∞ at z = −ψ_pζ, both arguments equal.

    G is the test loss of the network with the ridge ψ_pζ. It has lost s_t altogether, and v except in
    1/g = 1 + (α²⟨λ/(α²gλ + b² + ζ)⟩ + v²/ζ)/ψ_n.
    """
    denominator = S.alpha**2 * S.g * S.lam + S.b**2 + zeta
    stand_ins = sp.symbols("M:3", positive=True)
    values = {x1: S.psi_p * zeta, x2: S.psi_p * zeta, g1: S.g, g2: S.g}
    values |= {moment: value / S.psi_p**2 for moment, value in zip(MOMENTS, stand_ins, strict=True)}
    above, below = (sp.Poly(part, S.psi_p) for part in sp.fraction(sp.together(fresh_residual().subs(values))))
    assert above.degree() == below.degree()  # so that the limit is the ratio of the leading coefficients
    limit = sp.factor(above.LC() / below.LC())
    averages = {value: S.average(S.lam**j / denominator**2) for j, value in enumerate(stand_ins)}
    samples = (S.alpha**2 * S.average(S.lam / denominator) + S.v**2 / zeta) / S.psi_n
    return limit.xreplace(averages), 1 - S.g - S.g * samples


@cache
def network_plateau() -> Plateau:
    r"""E_lin from the network: (G − ε_t)/Δ_t with `wide_residual` at v²/ψ_n ≪ ζ ≪ b², ε_t the loss of the exact score."""
    loss, equation = (x.subs(S.v, 0).subs(zeta, 0).subs(LINEAR) for x in wide_residual())
    exact = S.average(decay2 * S.lam / field)
    return Plateau(_in_powers((loss - exact) / Delta), _in_powers(equation))


def _in_powers(expression):
    """Averages with λ above the line as averages of powers of 1/(ygλ + Δ) or 1/(yλ + Δ), by λ = (1/x − Δ)/y for x = 1/(yλ + Δ)."""
    x, stand_ins, replacements = sp.Symbol("x"), {}, {}
    for integral in expression.atoms(sp.Integral):
        inner = integral.function / S.rho_Sigma(S.lam)
        base, scale = (weakened, S.g) if inner.has(S.g) else (field, 1)
        powers = sp.Poly(sp.cancel(inner.subs(S.lam, (1 / x - Delta) / (decay2 * scale))), x)
        terms = []
        for (j,), coefficient in powers.terms():
            stand_in = sp.Symbol(f"m_{j}{scale}")
            stand_ins[stand_in] = S.average(base**-j)
            terms.append(coefficient * (stand_in if j else 1))
        replacements[integral] = sp.Add(*terms)
    # what remains for ψ_n → ∞ at fixed g is the bias, the rest the variance
    parts = sp.Add.make_args(sp.apart(sp.together(expression.xreplace(replacements)), S.psi_n))
    return sp.Add(*(sp.factor(part) for part in parts)).xreplace(stand_ins)


@cache
def isotropic_plateau() -> sp.Expr:
    r"""E_lin for Σ = 1 in closed form: q'(z)/y² − 2q(z)/y + 1, q the Marchenko–Pastur transform of ratio 1/ψ_n at z = −Δ_t/y, y = e^{-2t}.

    Valid for every ψ_n, below 1 with the atom that Σ_n then has at 0.
    """
    low, high = marchenko_pastur.edges()
    root, R = sp.Function("R")(S.z), sp.Symbol("R")
    square = sp.expand(sp.expand((S.z - low) * (S.z - high)))
    # left of the support both roots are imaginary and their product is −R, R = √((λ₋ − z)(λ₊ − z))
    q = marchenko_pastur.resolvent().subs(sp.sqrt(S.z - low) * sp.sqrt(S.z - high), -root)
    slope = sp.diff(q, S.z).subs(sp.diff(root, S.z), sp.diff(square, S.z) / (2 * root))
    at = {marchenko_pastur.c: 1 / S.psi_n, S.z: 1 - 1 / decay2, root: R / (decay2 * S.psi_n)}
    scaled = sp.expand(sp.simplify((square * decay2**2 * S.psi_n**2).subs(at)))  # R²
    height = sp.fraction(sp.together((slope / decay2**2 - 2 * q / decay2 + 1).subs(at)))
    assert not height[1].subs(R, 0)  # the denominator is a multiple of R
    below = sp.cancel(height[1] / R) * scaled
    above = sp.rem(sp.expand(height[0] * R), R**2 - scaled, R)
    parts = [sp.factor(sp.cancel(above.coeff(R, j) / below)) for j in (0, 1)]
    return parts[1] * sp.sqrt(scaled) + parts[0]


@cache
def feature_noise() -> sp.Expr:
    r"""What finitely many features add to the score error of a linear score, to first order in 1/ψ_p: (v² + s_t²)⟨1/c²⟩/(a²ψ_p).

    From the network with infinitely many samples, trained to the end: there the residual is H(0) of `theory.symbolic.two_resolvents`, and
    1/q → s_t² + v², the nonlinear part of the features, which is noise to a linear map.
    """
    value, average = saddle_point().reduced[0].subs({S.delta: 0, S.z: 0}), {}
    for integral in value.atoms(sp.Integral):
        average[integral] = sp.limit(S.integrand(integral).subs(S.lam, 1).subs(S.q, 1), S.psi_p, sp.oo)  # vanishes as 1/ψ_p
    (inverse,) = (1 / root for root in sp.solve(value.xreplace(average), S.q))
    denominator = x1 + S.psi_p * (S.alpha**2 * S.lam + S.b**2)
    moments = {moment: S.lam**j / denominator for j, moment in enumerate(MOMENTS)}
    residual = train_residual().subs(g1, 1).subs(moments)
    first = sp.limit(S.psi_p * sp.factor(residual - sp.limit(residual, S.psi_p, sp.oo)), S.psi_p, sp.oo)
    constant, rest = sp.factor(first.subs(x1, inverse).subs(LINEAR) / Delta).as_independent(S.lam, as_Add=False)
    return constant * S.average(rest) / S.psi_p


def plateau_series(order: int = 1) -> sp.Expr:
    r"""E_lin to ``order`` in 1/ψ_n, for any ρ_Σ; the first term is (e^{-4t}/ψ_n) ⟨λ/c⟩⟨λ/c²⟩, here in averages of 1/c, 1/c², …

    ``order`` in {1, 2}. By solving the equation of g for small 1/ψ_n, and ⟨(c + y(g − 1)λ)^{-j}⟩ in powers of g − 1.
    """
    return _plateau_series(integer("order", order, 1, 2))


@cache
def _plateau_series(order):
    u, w = (1, *sp.symbols("u_1:7")), sp.symbols("w:3")  # ⟨c^{-j}⟩ and ⟨(c + y(g − 1)λ)^{-j}⟩
    stand_ins = {S.average(weakened**-j): w[j] for j in (1, 2)} | {S.average(1 / field): u[1]}
    height, equation = (x.xreplace(stand_ins).subs(S.psi_n, 1 / few) for x in plateau())

    def weakened_average(j, shift):
        terms = (
            sp.binomial(-j, i) * shift**i * sum(sp.binomial(i, m) * (-Delta) ** m * u[j + m] for m in range(i + 1))
            for i in range(order + 1)
        )
        return _truncated(sp.Add(*terms), order)

    (g_of_w,), g = sp.solve(equation, S.g), sp.S.One
    for _ in range(order):
        g = _truncated(g_of_w.subs(w[1], weakened_average(1, g - 1)), order)
    values = {S.g: g, w[1]: weakened_average(1, g - 1), w[2]: weakened_average(2, g - 1)}
    above, below = (_coefficients(x.subs(values), order) for x in sp.fraction(sp.together(height)))
    series = []
    for j in range(order + 1):
        rest = above[j] - sum(below[i] * series[j - i] for i in range(1, j + 1))
        series.append(sp.factor(rest / below[0]))
    back = {u[j]: S.average(field**-j) for j in range(1, len(u))}
    return sum(term.xreplace(back) * S.psi_n**-j for j, term in enumerate(series))


def _truncated(polynomial, order):
    return sum(c * few**j for j, c in enumerate(_coefficients(polynomial, order)))


def _coefficients(polynomial, order):
    """Of ε^0 … ε^order."""
    expanded = sp.expand(polynomial)
    return [expanded.coeff(few, j) for j in range(order + 1)]


def _central_moments(most):
    """⟨(λ − 1)^j⟩ of the Marchenko–Pastur law of ratio ε for j up to ``most``, from q = 1/(ρ̂(q) − z) iterated at z → ∞."""
    w, q = sp.Symbol("w"), sp.S.Zero  # 1/z
    for _ in range(most + 1):
        q = sp.expand(sp.series(-w / (1 - w / (1 + few * q)), w, 0, most + 2).removeO())
    raw = [-q.coeff(w, i + 1) for i in range(most + 1)]
    return [sp.expand(sum(sp.binomial(j, i) * (-1) ** (j - i) * raw[i] for i in range(j + 1))) for j in range(most + 1)]


def _averaged(error, order):
    """⟨error²⟩ over Σ_n for Σ = 1 to ``order`` in ε, in which the error may be a series too, by the Taylor series about λ = 1."""
    x = sp.Symbol("x")
    square = error.subs(Delta, 1 - decay2).subs(S.lam, 1 + x) ** 2
    # ⟨x^j⟩ is of order ε^{⌈j/2⌉}
    terms = [
        sp.diff(square, x, j).subs(x, 0) / sp.factorial(j) * moment for j, moment in enumerate(_central_moments(2 * order))
    ]
    whole = sp.expand(sp.Add(*terms))
    return sum(sp.factor(whole.coeff(few, j)) * S.psi_n**-j for j in range(order + 1))


def relaxation_series(order: int = 1) -> sp.Expr:
    r"""The score error of the population modes alone, ⟨[(1 − e^{−kc})/c − 1]²⟩ over Σ_n for Σ = 1, to ``order`` in {1, 2} of 1/ψ_n.

    In k = 2Δ_ta²τ: e^{−2k} + (e^{-4t}/ψ_n)[1 − 2(k + 2)e^{−k} + …]. At its minimum ψ_n e^{−k} = e^{-4t}(k + 1) to leading order, and it lies
    below the plateau by the fraction e^{-4t}(k + 1)(k + 3)/ψ_n of it.
    """
    return _relaxation_series(integer("order", order, 1, 2))


@cache
def _relaxation_series(order):
    return _averaged((1 - sp.exp(-k * field)) / field - 1, order)


@cache
def departure_series() -> sp.Expr:
    r"""The score error after the population modes have relaxed and before the memorizing ones have, Σ = 1, to second order in 1/ψ_n.

    In k and ν = v²/a²: (e^{-4t}/ψ_n)[1 + (ν²k² + …)/ψ_n], so that it has doubled at νk ≃ √ψ_n, that is at τ ≃ √ψ_n/(2Δ_tv²).
    """
    return _averaged(1 / field + few * _drift() - 1, 2)


@cache
def departure() -> sp.Expr:
    r"""The k = 2Δ_ta²τ at which the score error is twice the plateau, for any ρ_Σ and many samples: νk = √(ψ_n ⟨λ/c⟩⟨λ/c²⟩/⟨λ²/c³⟩)."""
    speed = S.average(sp.factor(_drift().coeff(k) ** 2 * field)) / S.psi_n**2
    return sp.sqrt(plateau_series(1) / speed)


@cache
def _drift():
    """What a small v²/ψ_n changes of the multiplier of x_t, in units of 1/ψ_n, when the fast modes have relaxed and the slow ones move."""
    fast, _, share = (x.subs(LINEAR).subs(S.v, strength * sp.sqrt(nu * few * S.psi_n)) for x in _modes())
    multiplier = strength**2 * (share / fast + (1 - share) * k / strength**2)
    return sp.expand(sp.simplify(sp.diff(multiplier, few).subs(few, 0)))
