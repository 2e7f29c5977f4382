r"""Outliers: the eigenvalue that one data direction of variance λ* sends out of the bulk, from the action's subleading term.

The spectrum ρ_Σ enters the action S through an average over d directions. One direction more, of variance λ*, is an atom of
weight 1/d, and changes log Z = d·S by the response of S to that atom,

.. math:: \frac{\delta S}{\delta\rho_\Sigma(\lambda_*)} = -\tfrac12\log\bigl(1+\psi_p q\,(b^2+\lambda_*\hat\rho)\bigr),

evaluated at the saddle point of the bulk. (That the other weights shrink by 1 − 1/d moves the bulk by as little and adds no
singularity.) log Z is singular at every eigenvalue: outside the bulk only where the argument of this logarithm vanishes.
Since b² is the coupling of WW^T/d, the derivative in the b² of that one direction gives its matrix element w^TQw, w = We.

Source: 2505.17638 has the bulk; this is derived here and checked by ``tests/symbolic/test_outlier_condition.py``, which obtains the
same expressions from `theory.symbolic.rainbows` without the action.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import sympy as sp

from ..validation import expression as check_expression
from ..validation import shown, symbolic_spectrum
from . import symbols as S
from .replicas import action
from .saddle_equations import saddle_point
from .symbols import lam_star

if TYPE_CHECKING:
    from .symbols import Pairs, Scalar


class OutlierCondition(NamedTuple):
    """What one direction of variance λ* adds to the bulk, in q, δ, λ* and the parameters of the model."""

    #: its term in log Z, in q and ρ̂: −½ log(1 + ψ_p q (b² + λ*ρ̂))
    subleading: sp.Expr
    #: ŝ + λ* r̂, which vanishes at the outlier
    condition: sp.Expr
    #: g_*(z) = (1/p) w^T (U − z)^{-1} w with w = We, which has its pole there
    transform: sp.Expr
    #: the λ* whose outlier lies where the bulk's resolvent takes the values q and δ
    threshold: sp.Expr


@cache
def outlier_condition() -> OutlierCondition:
    r"""Perturb `action` by an atom of weight 1/d at λ*.

    Returns
    -------
    OutlierCondition
        The outlier of a given λ* is at the z outside the bulk where ``condition`` vanishes; the transition is at the λ* that
        ``threshold`` takes at an edge of the bulk. Takes about a second, most of it `saddle_point`.
    """
    subleading = response_to_atom(action(), lam_star)
    (argument,) = (log.args[0] for log in subleading.atoms(sp.log))
    argument = argument.subs(S.rho_hat, saddle_point().rho_hat)
    # b² of this direction couples to w w^T/d, so ∂ log Z/∂b² = −w^TQw/2d with p = ψ_p d; q is finite and not 0 off the bulk
    transform = -2 / S.psi_p * sp.diff(subleading, S.b) / sp.diff(S.b**2, S.b)
    transform = sp.factor(transform.subs(S.rho_hat, saddle_point().rho_hat))
    condition = sp.expand(argument / S.q)
    (threshold,) = sp.solve(condition, lam_star)
    return OutlierCondition(subleading, condition, transform, sp.factor(threshold))


def response_to_atom(expression: "Scalar", eigenvalue: "Scalar") -> sp.Expr:
    r"""δ(expression)/δρ_Σ(eigenvalue), for an expression with averages: the change per unit weight of an added atom."""
    expression, eigenvalue = check_expression("expression", expression), check_expression("eigenvalue", eigenvalue)
    weight = sp.Dummy("weight")
    perturbed = {i: i + weight * S.integrand(i).subs(S.lam, eigenvalue) for i in expression.atoms(sp.Integral)}
    return sp.diff(expression.xreplace(perturbed), weight).subs(weight, 0)


class OutlierPosition(NamedTuple):
    """The outlier as an explicit function of λ*: a quadratic equation for g = 1/(1+δ), then z and q."""

    #: vanishes at the outlier; quadratic in g, with the average ⟨λ/(λ* − λ)⟩
    quadratic: sp.Expr
    #: z in terms of g and λ*, with the same average
    z: sp.Expr
    #: q in terms of g and λ*
    q: sp.Expr


@cache
def outlier_position() -> OutlierPosition:
    r"""Put the condition into the saddle point: for given λ* the position of the outlier is explicit, for every covariance.

    On ŝ = −λ*r̂ every average of the saddle point becomes a multiple of B = ⟨λ/(λ* − λ)⟩, in which there is no z. With
    h(λ) = b² + λα²g what remains is

    .. math:: \psi_n(1-g)\,h(\lambda_*) + B\,h(\lambda_*) + v^2 g = 0,\qquad
              z = s_t^2 + v^2 g
              + h(\lambda_*)\Bigl(\psi_p + \Big\langle\frac{h(\lambda)}{h(\lambda_*)-h(\lambda)}\Big\rangle\Bigr).

    Outside the bulk λ* = −ŝ/r̂ is an analytic function of z, and at an edge dz/dq = 0: the transition is where dz/dλ* = 0
    along a root g(λ*) that the bulk's resolvent takes. For λ* above all eigenvalues of the bulk exactly one root exceeds 0,
    and also 1, as g must to the right of the spectrum. Whether a root is an outlier or lies on an unphysical branch is not
    decided here but in `theory.outliers.closed_form`.

    Returns
    -------
    OutlierPosition
        Takes a second after `outlier_condition`.
    """
    (q,) = sp.solve(outlier_condition().condition.subs(S.delta, 1 / S.g - 1), S.q)
    f_q, f_delta = (_on_outlier(f, sp.factor(q)) for f in saddle_point().reduced)
    (z,) = sp.solve(f_q, S.z)
    # q's denominator and g divide out; a vanishing q or h would be no outlier
    quadratic = sp.numer(sp.together(f_delta))
    return OutlierPosition(sp.collect(sp.expand(quadratic), S.g, sp.factor), sp.factor(z), sp.factor(q))


#: the one average that is left
POLE = S.average(S.lam / (lam_star - S.lam))


def _on_outlier(expression, q):
    """Insert q(g, λ*) and write each average as constant + multiple × ⟨λ/(λ* − λ)⟩, by partial fractions in λ."""
    expression = expression.subs(S.delta, 1 / S.g - 1)
    replacements = {}
    for integral in expression.atoms(sp.Integral):
        inside = sp.cancel(S.integrand(integral).subs(S.q, q))
        constant = inside.subs(S.lam, 0)
        multiple = sp.cancel((inside - constant) / S.integrand(POLE))
        assert not multiple.has(S.lam)  # the one average is enough
        replacements[integral] = constant + multiple * POLE
    return expression.xreplace(replacements).subs(S.q, q)


def outlier_polynomial(spectrum: "Pairs" = ((1, 1),), parameters: "dict[sp.Symbol, Scalar] | None" = None) -> sp.Poly:
    r"""The polynomial in (z, λ*) that vanishes at the outlier, by the resultant of `outlier_position` in g.

    Parameters
    ----------
    spectrum : tuple of (eigenvalue, weight)
        Of the bulk of the data's covariance, numbers or SymPy symbols; the default is the identity.
    parameters : dict, optional
        Rational values for some of the model's symbols, inserted beforehand.

    Returns
    -------
    sympy.Poly
        In (z, λ*), of degree 2 in z, since it vanishes for both roots g, on the physical branch or not. Well below a second
        with all parameters given; else two seconds for the identity and five for two eigenvalues.

    Raises
    ------
    ValueError
        If ``spectrum`` is empty or not made of pairs.
    """
    spectrum = symbolic_spectrum("spectrum", spectrum)
    if not (parameters is None or isinstance(parameters, dict)):
        raise ValueError(f"parameters = {shown(parameters)} is no dictionary; allowed: {{symbol: number}}, or None")
    parameters = {
        check_expression("parameters", x): check_expression("parameters", y) for x, y in (parameters or {}).items()
    }
    position = outlier_position()
    quadratic, on_z = (
        sp.Poly(sp.numer(sp.together(S.discretise(f.subs(parameters), spectrum))), S.g)
        for f in (position.quadratic, S.z - position.z)
    )
    _, factors = sp.factor_list(sp.resultant(quadratic, on_z))
    # the factors without z stem from the denominators λ* − λ_i, g and α
    return sp.Poly(sp.Mul(*(factor**power for factor, power in factors if factor.has(S.z))), S.z, lam_star)
