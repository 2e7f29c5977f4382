"""The Marchenko–Pastur law against matrices, moments, quadrature, and the model's own theory where the two overlap."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory import RandomFeatureModel, activations
from theory.equations.scalar import ScalarSystem
from theory.symbolic import action as model_action
from theory.symbolic import eliminate as eliminate_model
from theory.symbolic import marchenko_pastur as law
from theory.symbolic import resolvent_polynomial as model_polynomial
from theory.symbolic import symbols as S

RATIOS = (0.1, 0.5, 1.0, 3.0)


def resolvent(c, z):
    return sp.lambdify((law.c, S.z), law.resolvent(), "numpy")(c, np.asarray(z, complex))


def density_nodes(c, count=400):
    """Nodes and weights of the continuous part, by the cosine map that removes the square roots at both edges."""
    low, high = (float(edge.subs(law.c, c)) for edge in law.edges())
    theta = (np.arange(count) + 0.5) * np.pi / count
    lam = low + (high - low) * (1 - np.cos(theta)) / 2
    density = sp.lambdify((law.c, S.lam), law.density(), "numpy")(c, lam)
    return lam, density * (high - low) / 2 * np.sin(theta) * np.pi / count


# --- the derivation ---------------------------------------------------------------------------------------------------


def test_replicated_action_is_the_determinants_of_explicit_replica_matrices():
    q, q_0, z, c = sp.Rational(7, 5), sp.Rational(1, 3), sp.Rational(-1, 2), sp.Rational(3, 4)
    for n in (2, 3, 4):
        Q = (q - q_0) * sp.eye(n) + q_0 * sp.ones(n)
        expected = sp.log(Q.det()) / 2 - sp.log((sp.eye(n) + c * Q).det()) / (2 * c) + z * Q.trace() / 2
        derived = law.replicated_action(n, q_0).subs({S.q: q, S.z: z, law.c: c})
        assert abs(sp.N(derived - expected, 30)) < 1e-28


def test_overlaps_vanish_except_where_the_action_has_no_curvature():
    q_0 = sp.Symbol("q_0")
    limit = law.replica_limit(q_0)
    curvature = sp.diff(law.single_replica_action(), S.q, 2).subs(S.q, S.q - q_0)
    assert sp.simplify(sp.diff(limit, q_0) + q_0 * curvature) == 0
    # and no curvature means an edge: q and z where S' = S'' = 0
    slope, curvature = (sp.numer(sp.together(sp.diff(law.action(), S.q, k))) for k in (1, 2))
    for edge in law.edges():
        assert sp.simplify(sp.resultant(slope.subs(S.z, edge), curvature, S.q)) == 0


def test_the_action_and_its_population_form_have_the_same_value():
    z = -0.7
    for c in RATIOS:
        q = resolvent(c, z).real
        rho_hat = 1 / (1 + c * q)
        population = S.discretise(law.population_action(), ((1, 1),))
        population = population.subs({S.r: q, S.rho_hat: rho_hat, S.z: z, law.c: c})
        assert float(population - law.action().subs({S.q: q, S.z: z, law.c: c})) == pytest.approx(0.5, abs=1e-13)


def test_the_polynomial_is_the_saddle_point_of_the_action():
    stationarity = sp.numer(sp.together(sp.diff(law.action(), S.q)))
    ratio = sp.cancel(stationarity / law.resolvent_polynomial().as_expr())
    assert ratio == 1


@pytest.mark.parametrize("spectrum", [((1, 1),), ((1, 0.5), (4, 0.5)), ((0, 0.2), (0.5, 0.3), (2.0, 0.5))])
def test_polynomial_vanishes_at_the_fixed_point(spectrum):
    z, c, r = 0.8 + 0.3j, 0.6, 1j
    step = sp.lambdify((S.r, S.z, law.c), S.discretise(law.saddle_point().r, spectrum))
    for _ in range(2000):
        r = step(r, z, c)
    q = sp.lambdify((S.rho_hat, S.z), S.discretise(law.saddle_point().q, spectrum))(1 / (1 + c * r), z)
    assert q.imag > 0 and r.imag > 0
    polynomial = law.resolvent_polynomial(spectrum)
    assert polynomial.degree(S.q) == 1 + sum(eigenvalue > 0 for eigenvalue, _ in spectrum)
    arguments = (S.q, S.z, law.c)
    assert abs(sp.lambdify(arguments, polynomial.as_expr())(q, z, c)) < 1e-12
    assert abs(sp.lambdify(arguments, law.eliminate())(q, z, c) - 1 / (1 + c * r)) < 1e-12


# --- the law ----------------------------------------------------------------------------------------------------------


def test_published_density_and_edges():
    """Marchenko and Pastur (1967), in the notation of this book."""
    low, high = law.edges()
    assert sp.expand(low - (1 - sp.sqrt(law.c)) ** 2) == 0 and sp.expand(high - (1 + sp.sqrt(law.c)) ** 2) == 0
    published = sp.sqrt((S.lam - low) * (high - S.lam)) / (2 * sp.pi * law.c * S.lam)
    for c in RATIOS:
        lam = float((low + 2 * high).subs(law.c, c)) / 3
        values = {law.c: c, S.lam: lam}
        assert float(law.density().subs(values)) == pytest.approx(float(published.subs(values)), rel=1e-13)


@pytest.mark.parametrize("c", RATIOS)
def test_mass_atom_and_moments(c):
    lam, weight = density_nodes(c, 20_000 if c == 1 else 400)
    tolerance = 1e-7 if c == 1 else 1e-12  # the hard edge of c = 1 leaves an inverse square root
    atom = float(law.atom().subs(law.c, c))
    assert atom == pytest.approx(max(0, 1 - 1 / c), abs=1e-15)
    assert weight.sum() + atom == pytest.approx(1, abs=tolerance)
    # Narayana numbers: E Tr M^k/p → Σ_j N(k, j) c^{j−1}
    for k, narayana in {1: [1], 2: [1, 1], 3: [1, 3, 1], 4: [1, 6, 6, 1]}.items():
        expected = sum(number * c**j for j, number in enumerate(narayana))
        assert weight @ lam**k == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("c", RATIOS)
def test_branch_half_plane_infinity_and_both_sides_of_the_support(c):
    rng = np.random.default_rng(3)
    z = rng.uniform(-4, 12, 300) + 1j * rng.uniform(0.01, 8, 300)
    q = resolvent(c, z)
    assert np.all(q.imag > 0)
    np.testing.assert_allclose(resolvent(c, z.conj()), q.conj(), rtol=1e-12)
    polynomial = sp.lambdify((law.c, S.q, S.z), law.resolvent_polynomial().as_expr())
    assert np.abs(polynomial(c, q, z)).max() < 1e-11
    assert resolvent(c, 1e4j) * -1e4j == pytest.approx(1, abs=2e-4)
    # left of the support q is positive and increasing, which the single square root gets wrong
    left = resolvent(c, np.array([-2.0, -1.0, -0.5]))
    assert np.all(left.imag == 0) and np.all(left.real > 0) and np.all(np.diff(left.real) > 0)
    lam, weight = density_nodes(c)
    if c != 1:
        integral = weight @ (1 / (lam[:, None] - z)) - float(law.atom().subs(law.c, c)) / z
        far = z.imag > 0.5
        np.testing.assert_allclose(integral[far], q[far], rtol=1e-10)


@pytest.mark.parametrize("c", RATIOS)
def test_log_determinant(c):
    z = -0.6
    q = resolvent(c, z).real
    value = float(law.log_determinant().subs({S.q: q, S.z: z, law.c: c}))
    lam, weight = density_nodes(c, 20_000 if c == 1 else 400)
    expected = weight @ np.log(lam - z) + float(law.atom().subs(law.c, c)) * np.log(-z)
    assert value == pytest.approx(expected, abs=1e-7 if c == 1 else 1e-12)


def test_finite_matrices_approach_the_law_like_one_over_p():
    """The mean of (1/p) log det(M + 1) and of q(−1), with the seed fixed, at two sizes."""
    c, errors = 0.5, []
    for p, draws in ((10, 8000), (40, 8000)):
        rng = np.random.default_rng(11)
        n = int(p / c)
        X = rng.standard_normal((draws, p, n))
        values = np.linalg.eigvalsh(X @ X.transpose(0, 2, 1) / n)
        q = resolvent(c, -1).real
        log_det = float(law.log_determinant().subs({S.q: q, S.z: -1, law.c: c}))
        errors.append([np.mean(1 / (values + 1)) - q, np.mean(np.log(values + 1)) - log_det])
    errors = np.abs(errors)
    assert errors[0].max() < 0.03
    np.testing.assert_allclose(errors[0] / errors[1], 4, rtol=0.3)


# --- where it overlaps with the model ---------------------------------------------------------------------------------


def test_the_models_action_is_this_one_without_linear_parts():
    """α = b = 0: ∂S/∂r = 0 gives ρ̂ = 0, and what is left is ψ_p times the action here, scaled by v² and shifted by s²."""
    reduced = model_action().subs({S.alpha: 0, S.b: 0, S.rho_hat: 0}).doit()
    substitution = {S.q: S.v**2 * S.q, S.z: (S.z - S.s_t**2) / S.v**2, law.c: S.psi_p / S.psi_n}
    shifted = law.action().subs(substitution, simultaneous=True)
    assert sp.simplify(sp.expand_log(sp.expand(reduced - S.psi_p * shifted + S.psi_p * sp.log(S.v)))) == 0


def test_the_models_polynomial_contains_this_one():
    reduced = model_polynomial().as_expr().subs({S.alpha: 0, S.b: 0, S.s_t: 0, S.v: 1})
    ours = law.resolvent_polynomial().as_expr().subs(law.c, S.psi_p / S.psi_n)
    assert sp.rem(sp.numer(sp.together(reduced)), sp.numer(sp.together(ours)), S.q) == 0
    # and so does the elimination of the other unknown: g = 1/(1+δ) is ρ̂ = 1/(1+cr) here
    g = eliminate_model()[S.g].subs({S.b: 0, S.s_t: 0, S.v: 1})
    assert sp.cancel(g - law.eliminate().subs(law.c, S.psi_p / S.psi_n)) == 0


@pytest.mark.parametrize(("psi_p", "psi_n", "t"), [(2, 4, 0.5), (6, 3, 0.1), (3, 1, 1.0)])
def test_an_even_activation_gives_a_shifted_and_scaled_law(psi_p, psi_n, t):
    model = RandomFeatureModel(activations.cos, psi_p=psi_p, psi_n=psi_n, t=t)
    spectrum, c, ratio = model.spectrum(), model.coefficients(), psi_p / psi_n
    assert c.a == c.b == 0
    z = np.array([-0.3, 0.2 + 0.1j, 1 + 1j, 5 + 0.01j, 40, -3 - 2j])
    expected = resolvent(ratio, (z - c.s2) / c.v2) / c.v2
    for method in ("polynomial", "continuation"):
        np.testing.assert_allclose(spectrum.stieltjes(z, method), expected, rtol=1e-10, atol=1e-10)
    edges = [c.s2 + c.v2 * float(edge.subs(law.c, ratio)) for edge in law.edges()]
    np.testing.assert_allclose(spectrum.edges(), edges, rtol=1e-10)
    lam = np.linspace(*edges, 12)[1:-1]
    density = sp.lambdify((law.c, S.lam), law.density())(ratio, (lam - c.s2) / c.v2) / c.v2
    np.testing.assert_allclose(spectrum.density(lam), density, rtol=1e-10)
    atoms = [(float(location), float(weight)) for location, weight in spectrum.atoms()]
    assert atoms == ([(c.s2, pytest.approx(1 - 1 / ratio))] if ratio > 1 else [])


def test_an_even_activation_to_forty_digits():
    model = RandomFeatureModel(activations.cos, psi_p=2, psi_n=5, t=1)
    found = model.spectrum().stieltjes(-1, dps=40)
    with mpmath.workdps(50):
        c = model.coefficients(dps=50)
        closed = sp.lambdify((law.c, S.z), law.resolvent(), "mpmath")
        expected = closed(mpmath.mpf(2) / 5, (-1 - c.s2) / c.v2) / c.v2
        assert abs(found - expected) < mpmath.mpf(10) ** -38


def test_without_b_the_model_is_the_law_with_a_marchenko_pastur_covariance():
    """Given W, the columns of G have covariance α² WW^T/d + v², whose law is the case n = d: two nested laws make U."""
    psi_p, psi_n, alpha, v = 0.6, 1.5, 0.8, 0.5
    nodes, weights = density_nodes(psi_p, 60)
    spectrum = tuple((alpha**2 * lam + v**2, weight) for lam, weight in zip(nodes, weights, strict=True))
    step = sp.lambdify((S.r, S.z, law.c), S.discretise(law.saddle_point().r, spectrum))
    z, r = 0.7 + 0.4j, 1j
    for _ in range(3000):
        r = step(r, z, psi_p / psi_n)
    values = np.array([value for value, _ in spectrum])
    q = weights @ (1 / (values / (1 + psi_p / psi_n * r) - z))
    # the model's δ is c r here: both are what the samples add to the argument of the logarithm
    system = ScalarSystem((psi_p, psi_n, alpha, 0.0, v, 0.0), np.ones(1), np.ones(1))
    residual = system.residual(np.array([q]), np.array([psi_p / psi_n * r]), np.array([z]))
    assert np.abs(residual).max() < 1e-12
    assert np.abs(system.residual(np.array([q + 1e-3]), np.array([psi_p / psi_n * r]), np.array([z]))).max() > 1e-4
