"""Edges of the bulk: against the discriminant, closed forms, more digits, and at parameters where a scan would miss them."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from tolerances import digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations import scalar_system_mpmath
from theory.equations.certificate import certify
from theory.equations.scalar import ScalarSystem
from theory.spectrum import scalar_edges
from theory.spectrum.integration import quadrature
from theory.symbolic import edge_polynomial, resolvent_polynomial
from theory.symbolic import symbols as S
from theory.symbolic.evaluate import PARAMETERS
from theory.symbolic.saddle_equations import saddle_point

TWO = Gaussian(((0.5, 0.5), (1.5, 0.5)))
THREE = Gaussian(((0.1, 0.3), (1, 0.3), (10, 0.4)))
WITH_ZERO = Gaussian(((0, 0.5), (2, 0.5)))

MODELS = {
    "one bulk": RandomFeatureModel(A.tanh, 0.5, 8, 0.5),
    "two bulks": RandomFeatureModel(A.erf, 4, 2, 0.1),
    "three bulks": RandomFeatureModel(A.tanh, 8, 4, 0.01),
    "mean": RandomFeatureModel(A.relu, 6, 2, 0.3),
    "even": RandomFeatureModel(A.cos, 4, 3, 0.1),
    "linear": RandomFeatureModel(A.linear, 4, 3, 0.1),
}


@pytest.mark.parametrize("name", MODELS)
def test_edges_are_roots_of_the_discriminant(name):
    """The parameters as exact rationals (a float is one), the discriminant over the integers, its roots to 40 digits."""
    spectrum = MODELS[name].spectrum()
    numbers = {symbol: sp.Rational(value) for symbol, value in zip(PARAMETERS, spectrum.system.parameters, strict=True)}
    expression = resolvent_polynomial().as_expr().subs(numbers)
    polynomial = sp.Poly(expression, S.q, S.z)
    discriminant = edge_polynomial(polynomial)
    roots = [sp.re(r) for r in discriminant.nroots(n=40, maxsteps=500) if abs(sp.im(r)) < 1e-12 * abs(r)]
    for edge in spectrum.edges():
        assert min(abs(float(root / edge) - 1) for root in roots if root > 0) < double("edge")


def test_edges_for_two_eigenvalues_are_roots_of_the_discriminant():
    spectrum = RandomFeatureModel(A.erf, 4, 2, 0.1, TWO).spectrum()
    parameters = [sp.Float(value, 75) for value in scalar_system_mpmath(spectrum.model, 60).parameters]
    numbers = dict(zip(PARAMETERS, parameters, strict=True))
    half = sp.Rational(1, 2)
    polynomial = resolvent_polynomial(((half, half), (3 * half, half)))
    expression = sp.Poly(polynomial.as_expr().subs(numbers), S.q, S.z).as_expr()
    for edge in spectrum.edges(dps=60):
        with mpmath.workdps(60):
            coefficients = sp.Poly(expression.subs(S.z, sp.Float(edge, 60)), S.q).all_coeffs()
            roots = mpmath.polyroots([mpmath.mpf(c) for c in coefficients], maxsteps=500, extraprec=400)
            # a double root, to half the digits
            assert min(abs(a / b - 1) for i, a in enumerate(roots) for b in roots[:i]) < digits(30)


@pytest.mark.parametrize("name", ["two bulks", "three bulks", "mean", "even"])
def test_more_digits(name):
    if MODELS[name].activation == A.tanh:
        model = RandomFeatureModel(A.erf, 8, 4, 0.01)
    else:
        model = MODELS[name]
    spectrum = model.spectrum()
    ladder = {dps: spectrum.edges(dps=dps) for dps in (30, 50, 70)}
    assert spectrum.edges() == pytest.approx([float(edge) for edge in ladder[30]], rel=double("edge"))
    with mpmath.workdps(90):
        for coarse, fine in ((30, 50), (50, 70)):
            for one, other in zip(ladder[coarse], ladder[fine], strict=True):
                assert abs(one / other - 1) < digits(coarse)


@pytest.mark.parametrize("ratio", [0.3, 1.7])
def test_marchenko_pastur_for_an_even_activation(ratio):
    """He_2 has no linear part: U = s² + v² ΩΩ^T/n."""
    model = RandomFeatureModel(A.hermite(2), 3 * ratio, 3, 0.2)
    c = model.coefficients()
    expected = [c.s2 + c.v2 * (1 + sign * np.sqrt(ratio)) ** 2 for sign in (-1, 1)]
    assert model.spectrum().edges() == pytest.approx(expected, rel=double("edge"))


def test_marchenko_pastur_for_many_samples():
    """ψ_n → ∞ with Σ = I: U = s² + v² + (α² + b²) WW^T/d."""
    model = RandomFeatureModel(A.erf, 4, 1e12, 0.2)
    c = model.coefficients()
    scale = (c.a * np.exp(-0.2)) ** 2 + c.b2
    expected = [c.s2 + c.v2 + scale * (1 + sign * 2) ** 2 for sign in (-1, 1)]
    assert model.spectrum().edges()[-2:] == pytest.approx(expected, rel=1e-5)
    # what W does not reach stays at s² + v²
    assert model.spectrum().edges()[:2] == pytest.approx([c.s2 + c.v2] * 2, rel=1e-5)


@pytest.mark.parametrize(
    "model", [RandomFeatureModel(A.erf, 3, 2, 0.22), RandomFeatureModel(A.sign, 5, 4, 0.005, WITH_ZERO)]
)
def test_hard_edge(model):
    """ψ_p = 1 + ψ_n: no atom, and the bulk reaches s² with a density that diverges like an inverse square root."""
    spectrum, s2 = model.spectrum(), model.coefficients().s2
    assert spectrum.atoms() == () and spectrum.edges()[0] == s2
    near = s2 + np.array([1e-10, 4e-10])
    one, two = spectrum.density(near)
    assert one / two == pytest.approx(2, rel=1e-4)
    assert abs(spectrum.edges(dps=20)[0] - model.coefficients(dps=30).s2) < digits(20)


@pytest.mark.parametrize("offset", [1e-3, -1e-3, 1e-6, -1e-6])
def test_almost_hard_edge(offset):
    spectrum = RandomFeatureModel(A.erf, 3 * (1 + offset), 2, 0.22).spectrum()
    assert len(spectrum.edges()) % 2 == 0
    distance = spectrum.support.table[0, 0]
    assert 0 < distance < offset**2 * 10
    assert (len(spectrum.atoms()) == 1) == (offset > 0)


#: parameters at which one bulk is many orders narrower or smaller than another, found by random search
EXTREMES = {
    "tiny v": RandomFeatureModel(A.erf, 2.07, 21.8, 0.002, Gaussian(((1e-4, 1),))),
    "late": RandomFeatureModel(A.tanh, 1.5, 0.5, 4.66, THREE),
    "very late": RandomFeatureModel(A.erf, 4, 2, 20),
    "very late, hard": RandomFeatureModel(A.sign, 5, 4, 18.9, Gaussian(((100, 1),))),
    "very early": RandomFeatureModel(A.tanh, 4, 2, 1e-8),
    "sign, very early": RandomFeatureModel(A.sign, 4, 2, 1e-8),
    "large variance": RandomFeatureModel(A.leaky_relu(0.99), 16.3, 3.56, 0.0266, Gaussian(((100, 1),))),
    "zero eigenvalue": RandomFeatureModel(A.sign, 4809.87, 3.157, 9e-5, WITH_ZERO),
    "noise bulk": RandomFeatureModel(A.linear, 244.27, 0.00515, 2.6e-8, WITH_ZERO),
    "noise bulk, nonlinear": RandomFeatureModel(A.leaky_relu(0.99), 543.39, 0.0199, 1.78e-6),
    "wide": RandomFeatureModel(A.relu, 1e4, 1e-3, 0.1),
    "narrow": RandomFeatureModel(A.tanh, 1e-3, 1e4, 0.1),
    "few of both": RandomFeatureModel(A.erf, 1e-3, 1e-3, 0.1),
    "many of both": RandomFeatureModel(A.erf, 1e4, 1e4, 0.1, TWO),
    "almost linear": RandomFeatureModel(A.erf, 4, 3, 0.1, Gaussian(((1e-3, 1),))),
    "almost two equal": RandomFeatureModel(A.tanh, 4, 3, 0.1, Gaussian(((1, 0.5), (1 + 1e-9, 0.5)))),
    "tiny weight": RandomFeatureModel(A.tanh, 8, 3, 0.1, Gaussian(((1, 1 - 1e-6), (30, 1e-6)))),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_parameters(name):
    """`edges` returns only what the total mass certifies: that it returns is the assertion; what, is checked as a law."""
    spectrum = EXTREMES[name].spectrum()
    found = spectrum.edges()
    assert len(found) % 2 == 0 and list(found) == sorted(found)
    assert np.all(np.diff(spectrum.support.table[:, 0]) > 0) and spectrum.support.table[0, 0] >= 0
    mean = spectrum.integrate(lambda lam: lam)
    c, model = spectrum.model.coefficients(), spectrum.model
    expected = c.a**2 * model.decay**2 * model.data.variance + c.b2 + c.v2 + c.s2
    assert mean == pytest.approx(expected, rel=1e-6)


def test_share_of_a_bulk():
    """Of p = 8 d eigenvalues d belong to the population: the integral of an indicator."""
    spectrum = RandomFeatureModel(A.tanh, 8, 16, 0.02).spectrum()
    assert spectrum.integrate(lambda lam: lam > 0.5) == pytest.approx(1 / 8, abs=1e-10)


def test_number_of_bulks():
    """Samples and population separate, and at small t the noise from both."""
    assert len(MODELS["two bulks"].spectrum().edges()) == 4
    assert len(MODELS["three bulks"].spectrum().edges()) == 6
    assert len(MODELS["one bulk"].spectrum().edges()) == 2


def test_equal_eigenvalues_count_once():
    one, split = (RandomFeatureModel(A.erf, 4, 3, 0.1, Gaussian(s)) for s in (((2, 1),), ((2, 0.25), (2, 0.75))))
    assert one.spectrum().edges() == pytest.approx(split.spectrum().edges(), rel=double("edge"))


@pytest.mark.parametrize("name", MODELS)
def test_density_beside_the_edges(name):
    spectrum = MODELS[name].spectrum()
    found = np.array(spectrum.edges())
    middles = found[::2] + (found[1::2] - found[::2]) * 0.37
    assert np.all(spectrum.density(middles) > 0)
    gaps = (found[1:-1:2] + found[2::2]) / 2
    assert np.all(spectrum.density(np.concatenate([gaps, [found[0] * 0.5, found[-1] * 1.01, -1.0]])) == 0)
    assert np.all(spectrum.density(found) < 1e-5)
    # a square root: four times the distance, twice the density
    width = found[1] - found[0]
    near, far = spectrum.density(np.array([found[0] + 1e-7 * width, found[0] + 4e-7 * width]))
    if spectrum.model.coefficients().s2 < found[0]:
        assert far / near == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize("data", [Gaussian(), THREE, WITH_ZERO, Gaussian.power_law(1.0, nodes=12)])
def test_stability_is_the_certificate(data):
    """R < 1 on the curve of real solutions if and only if dq/dy > 0 and dδ/dy > 0 there, by the solver's own tangent."""
    spectrum = RandomFeatureModel(A.tanh, 4, 3, 0.1, data).spectrum()
    system = spectrum.system
    curve = scalar_edges.RealCurve(system.parameters, system.nodes, system.weights)
    rng = np.random.default_rng(0)
    delta = np.concatenate([rng.uniform(-4, 4, 300), 10 ** rng.uniform(-2, 2, 100)])
    branch = rng.integers(0, curve.branches, delta.size)
    x, y, perron = curve.evaluate(delta, 1 + delta, branch)
    z, q, d = y + 0j, 1 / x + 0j, delta + 0j
    residual = np.abs(system.residual(q, d, z)).max(axis=0)
    assert np.median(residual) < 1e-13
    good = (residual < 1e-9) & (np.abs(perron - 1) > 1e-6)
    slopes = [s.real for s in system.tangent((q, d), z)]
    assert good.sum() > 150 and np.array_equal((perron < 1)[good], ((slopes[0] > 0) & (slopes[1] > 0))[good])
    # and no branch is skipped on which something lies outside the support
    allowed = curve.open_branches(delta, 1 + delta)[np.arange(delta.size), branch]
    assert np.all(allowed[perron < 1])


def stability_terms(q, delta, psi_p, psi_n, alpha, b, v, spectrum):
    """y on the curve, and (1 − Y)(1 − A) − product there, as the docstring of `theory.spectrum.scalar_edges` has them."""
    x, g = 1 / q, 1 / (1 + delta)
    rows = [(weight, lam, b**2 + alpha**2 * lam * g) for lam, weight in spectrum]
    rows = [(weight, lam, h, 1 / (x + psi_p * h)) for weight, lam, h in rows]
    y = v**2 * g + sum(w * x * h * inverse for w, lam, h, inverse in rows) - x
    y_term = psi_p * sum(w * (h * inverse) ** 2 for w, lam, h, inverse in rows)
    a_term = psi_p**2 / psi_n * alpha**4 * g**2 * sum(w * (lam * inverse) ** 2 for w, lam, h, inverse in rows)
    big_m = v**2 / x**2 + alpha**2 * sum(w * lam * inverse**2 for w, lam, h, inverse in rows)
    return y, (1 - y_term) * (1 - a_term) - psi_p / psi_n * (g * x * big_m) ** 2


def test_stability_is_singular_where_the_jacobian_is():
    """det J = −x((1−Y)(1−A) − product) on the curve, in exact rationals: both vanish at an edge."""
    spectrum = ((sp.Integer(2), sp.Rational(1, 3)), (sp.Integer(5), sp.Rational(2, 3)))
    f = [S.discretise(e, spectrum).subs(S.s_t, 0) for e in saddle_point().reduced]
    jacobian = [sp.diff(e, variable) for e in f for variable in (S.q, S.delta)]
    rng = np.random.default_rng(1)
    for _ in range(5):
        numbers = [sp.Rational(int(k), 7) for k in rng.integers(1, 30, 7)]
        y, stable = stability_terms(*numbers, spectrum)
        at = dict(zip((S.q, S.delta, S.psi_p, S.psi_n, S.alpha, S.b, S.v), numbers, strict=True)) | {S.z: y}
        assert f[0].subs(at) == 0
        j11, j12, j21, j22 = (entry.subs(at) for entry in jacobian)
        assert j11 * j22 - j12 * j21 == -stable / numbers[0]


@pytest.mark.parametrize("case", [(4, 3, 0.1), (2, 6, 0.3)])
def test_finite_matrices_fill_the_bulk(case):
    model = RandomFeatureModel(A.tanh, *case)
    found = np.array(model.spectrum().edges())
    eigenvalues = model.simulate(300, seed=0, features="equivalent").eigenvalues[None, :]
    assert abs(eigenvalues.max() / found[-1] - 1) < 0.05
    inside = ((eigenvalues > found[::2, None] * 0.97) & (eigenvalues < found[1::2, None] * 1.03)).any(axis=0)
    assert inside.mean() > 0.99


def test_gap_that_has_just_opened():
    """Two eigenvalues drawn apart until their bulks separate: the gap is found at a width far below the scan's step."""
    closed, opened = 3.0, 4.0
    for _ in range(40):
        ratio = (closed + opened) / 2
        spectrum = RandomFeatureModel(A.linear, 60, 3, 0.1, Gaussian(((1, 0.5), (ratio, 0.5)))).spectrum()
        rows = scalar_edges.locate(spectrum)
        closed, opened = (closed, ratio) if len(rows) == 4 else (ratio, opened)
    spectrum = RandomFeatureModel(A.linear, 60, 3, 0.1, Gaussian(((1, 0.5), (opened, 0.5)))).spectrum()
    low, high = spectrum.edges()[1:3]
    assert 0 <= high / low - 1 < 1e-12
    assert spectrum.stieltjes((low + high) / 2 + 1e-3j).imag > 0
    wider = RandomFeatureModel(A.linear, 60, 3, 0.1, Gaussian(((1, 0.5), (opened * 1.01, 0.5)))).spectrum()
    low, high = wider.edges()[1:3]
    assert 1e-6 < high / low - 1 < 1e-2 and wider.density((low + high) / 2) == 0


def test_covariance_with_a_gap():
    """Populations far apart: the population bulk splits into one interval for each eigenvalue."""
    data = Gaussian(((0.1, 0.5), (4.0, 0.5)))
    assert len(RandomFeatureModel(A.tanh, 256, 64, 0.3, data).spectrum().edges()) >= 6


def test_continuous_covariance():
    nodes = Gaussian(Gaussian.power_law(1.5, condition=30, nodes=20).spectrum)  # of the law of the nodes: see test_continuum
    spectrum = RandomFeatureModel(A.tanh, 4, 3, 0.1, nodes).spectrum()
    low, high = np.array(spectrum.edges()).reshape(-1, 2).T
    width = 1e-6 * (high - low)
    assert np.all(spectrum.density(np.concatenate([low + width, high - width])) > 0)
    assert np.all(spectrum.density(np.concatenate([low - 1e-6 * low, high + width])) == 0)


def test_edges_are_cached():
    spectrum = MODELS["two bulks"].spectrum()
    assert spectrum.edges() is spectrum.edges()


def test_missed_interval_is_refused(monkeypatch):
    locate = scalar_edges.locate
    monkeypatch.setattr(scalar_edges, "locate", lambda spectrum: locate(spectrum)[2:])
    with pytest.raises(ConvergenceError, match="total mass") as error:
        RandomFeatureModel(A.tanh, 8, 4, 0.01).spectrum().edges()  # not MODELS', which may know its edges
    assert 1e-3 < error.value.residual < 1


def test_unpaired_edges_are_refused():
    with pytest.raises(ConvergenceError, match="pair up"):
        scalar_edges._alternating(np.array([1.0, 2.0]), np.ones(2), np.ones(2), np.array([True, True]))


def test_quadrature_takes_given_edges():
    spectrum = MODELS["two bulks"].spectrum()
    for given in (None, spectrum.edges()):
        nodes, weights = quadrature(spectrum, given)
        assert weights.sum() == pytest.approx(1 - sum(w for _, w in spectrum.atoms()), abs=double("quadrature"))
        assert np.all(weights >= 0) and nodes.min() >= spectrum.edges()[0] and nodes.max() <= spectrum.edges()[-1]


@pytest.mark.parametrize("value", [0, -3, 2.5, "a", float("nan"), True])
def test_digits_are_a_positive_integer(value):
    with pytest.raises(ValueError, match=r"^dps = .*allowed: an integer >= 1") as error:
        MODELS["even"].spectrum().edges(dps=value)
    assert repr(value) in str(error.value)


def test_certificate_rejects_the_wrong_real_branch():
    spectrum = MODELS["two bulks"].spectrum()
    system = ScalarSystem(spectrum.system.parameters, spectrum.system.nodes, spectrum.system.weights)
    curve = scalar_edges.RealCurve(system.parameters, system.nodes, system.weights)
    delta = np.linspace(-3, 3, 50)
    x, y, perron = curve.evaluate(delta, 1 + delta, np.zeros(50, int))
    accepted, _ = certify(system, np.stack([1 / x, delta]) + 0j, y + 0j)
    assert not np.any(accepted[perron > 1.001]) and (perron > 1.001).sum() > 5
