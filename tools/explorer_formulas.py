"""The formulas of the explorer: the book's derivations, printed as JavaScript when the book is built. Nothing of them is typed.

    python tools/explorer_formulas.py FILE       writes the module, unless it is there and current

Each is the expression that the package lambdifies into NumPy and mpmath, at Σ = 1, whose averages over ρ_Σ are single terms. The
coefficients of an activation function are closed forms where SymPy has them; else what is printed is σ itself, which
``book/_static/explorer/couplings.js`` averages.

What solves with them, searches and draws is written by hand in ``book/_static/explorer``; ``tests/repository/test_explorer.py``
compares both with `theory`, in Node.
"""

import hashlib
import sys
from pathlib import Path

import javascript
import sympy as sp

from theory import activations
from theory.symbolic import (
    atom,
    eliminate,
    empirical_score,
    hermite,
    hidden_manifold,
    outlier_condition,
    outlier_position,
    resolvent_polynomial,
    saddle_point,
    two_resolvents,
)
from theory.symbolic import symbols as S
from theory.symbolic.evaluate import PARAMETERS
from theory.symbolic.outlier import lam_star

#: activation functions of the explorer, and how they are called there
ACTIVATIONS = {
    "tanh": "tanh",
    "relu": "ReLU",
    "erf": "erf",
    "sin": "sin",
    "sign": "sign",
    "silu": "SiLU (swish)",
    "softplus": "softplus",
}
IDENTITY = ((1, 1),)
#: in the formulas y = z − s_t² is the spectral parameter
MODEL = PARAMETERS[:-1]
ROOT = Path(__file__).resolve().parent.parent
HEAD = """// Written by tools/explorer_formulas.py from theory.symbolic when the book is built, from sources with the sum {digest}.
"use strict";
(() => {{
const formulas = {{}};
"""
TAIL = """
globalThis.explorerFormulas = formulas;
})();
"""


def module() -> str:
    """The source of the module; takes some ten seconds, most of them derivations."""
    functions = [*spectrum(), *losses(), *outlier(), *empirical(), *couplings()]
    return HEAD.format(digest=digest()) + "\n".join(functions) + TAIL


def digest() -> str:
    """A hash of what the module is made from."""
    sources = [*(ROOT / "theory" / "symbolic").glob("*.py"), *(ROOT / "theory" / "activations").glob("*.py")]
    sources += [Path(__file__), Path(javascript.__file__)]
    found = hashlib.sha256(sp.__version__.encode())
    for path in sorted(sources):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def write(path: Path) -> None:
    """Write the module; a build does not derive again what has not changed."""
    if path.is_file() and digest() in path.read_text(encoding="utf-8")[:300]:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text, part = module(), path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def printed(name, expressions, arguments, complex_arguments=()):
    return f"formulas.{name} = " + javascript.function(name, expressions, arguments, complex_arguments) + ";"


def at_identity(expression):
    """At Σ = 1, with z measured from s_t²."""
    return S.discretise(sp.sympify(expression), IDENTITY).subs(S.s_t, 0)


def equations():
    """F_q, F_δ, the four entries of the Jacobian, row by row, and ∂F_q/∂y."""
    reduced = [at_identity(f) for f in saddle_point().reduced]
    return [*reduced, *(sp.diff(f, x) for f in reduced for x in (S.q, S.delta)), sp.diff(reduced[0], S.z)]


def spectrum():
    coefficients = sp.Poly(at_identity(resolvent_polynomial().as_expr()), S.q).all_coeffs()[::-1]
    yield printed("polynomial", coefficients, (S.z, *MODEL), (S.z,))
    yield printed("samplesFactor", [at_identity(eliminate()[S.g])], (S.q, S.z, *MODEL), (S.q, S.z))
    unknowns = (S.q, S.delta, S.z)
    yield printed("equations", equations(), (*unknowns, *MODEL), unknowns)
    yield printed("realEquations", equations(), (*unknowns, *MODEL))
    # x = 1/q at given δ, and y there
    f_q, f_delta = equations()[:2]
    x = sp.Symbol("x")
    quadratic = sp.Poly(sp.numer(sp.together(f_delta.subs(S.q, 1 / x))), x)
    yield printed("realCurve", quadratic.all_coeffs()[::-1], (S.delta, *MODEL))
    (y,) = sp.solve(f_q, S.z)
    yield printed("height", [y], (S.q, S.delta, *MODEL))
    point = atom()
    yield printed("atom", [point.location, point.weight], (S.psi_p, S.psi_n, S.s_t))


def losses():
    """H and G of `theory.training.losses` in x = 1/q, g and m = 1/(x + ψ_p h), the product of two for G: at Σ = 1 moments are one."""
    m, T = sp.Symbol("m"), two_resolvents
    moments = dict.fromkeys(T.MOMENTS, m)
    one, two = (T.x1, T.g1), (T.x1, T.g1, T.x2, T.g2)
    h = at_identity(S.psi_p * (S.b**2 + S.lam * saddle_point().rho_hat)).subs(S.delta, 1 / T.g1 - 1).subs(S.lam, 1)
    yield printed("propagator", [1 / (T.x1 + sp.cancel(h))], (*one, *MODEL), one)
    yield printed("trainResidual", [T.train_residual().subs(moments)], (*one, m, *MODEL), (*one, m))
    fresh = T.fresh_residual().subs(moments)
    yield printed("freshResidual", [fresh], (*two, m, *PARAMETERS), (*two, m))


def outlier():
    position, condition = outlier_position(), outlier_condition()
    quadratic = sp.Poly(at_identity(position.quadratic), S.g).all_coeffs()
    yield printed("outlierQuadratic", quadratic, (lam_star, *MODEL))
    yield printed("outlierPlace", [1 / position.q, at_identity(position.z)], (S.g, lam_star, *MODEL))
    rows = [*(at_identity(f) for f in saddle_point().reduced), condition.condition]
    derivatives = [sp.diff(row, x) for row in rows for x in (S.q, S.delta, S.z)]
    yield printed("outlierEquations", [*rows, *derivatives], (S.q, S.delta, S.z, lam_star, *MODEL))
    yield printed("outlierThreshold", [condition.threshold], (S.q, S.delta, *MODEL))


def empirical():
    found, E = empirical_score.conditions(), empirical_score
    averages = (E.h, E.L, E.A, E.B)
    yield printed("conditions", [found.collapse, found.onset, found.condensation, found.energy], averages)
    form, M = hidden_manifold.averages(), hidden_manifold
    # B modulo the equation of w: without the difference 1 − α_D − w, which vanishes for h → 0
    above, below = sp.fraction(sp.together(form.B))
    B = sp.factor(sp.rem(above, sp.numer(sp.together(form.equation)), M.w)) / sp.factor(below)
    letters = (M.kappa, M.alpha_D)
    first = form.equation.expand().coeff(M.w, 1)
    yield printed("manifoldRoots", [first, form.root, form.root_of_few], letters)
    yield printed("manifoldAverages", [form.L, form.A, B], (*letters, M.w))


def couplings():
    yield "formulas.activations = {};"
    for name, title in ACTIVATIONS.items():
        expression = getattr(activations, name).expression
        form = hermite.closed_form(expression)
        if form is None:
            code = javascript.function("value", [expression], (S.x,))
            yield f'formulas.activations.{name} = {{ title: "{title}", closed: false, value: {code} }};'
        else:
            total = form.nonlinear.subs(hermite.rho, 1) - form.nonlinear
            values = [form.kappa, form.a, form.nonlinear, total]
            code = javascript.function("moments", values, (hermite.Gamma, hermite.rho))
            yield f'formulas.activations.{name} = {{ title: "{title}", closed: true, moments: {code} }};'


if __name__ == "__main__":
    write(Path(sys.argv[1]))
