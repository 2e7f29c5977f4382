"""The limit law of U: certificates, two numerical routes, limits that are known in closed form, many digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations
from theory.saddle import residual_size

DATA = {
    "identity": Gaussian(),
    "two atoms": Gaussian(((0.5, 0.5), (1.5, 0.5))),
    "three atoms": Gaussian(((0.5, 0.3), (1.0, 0.4), (2.0, 0.3))),
    "singular": Gaussian(((0.0, 0.5), (2.0, 0.5))),
    "power law": Gaussian.power_law(1.5, condition=30, nodes=20),
}
RATIOS = [(4, 3, 0.1), (64, 8, 0.01), (0.5, 3, 0.3), (3, 8, 1.0), (2, 1, 0.05)]
UPPER = np.array([-0.1 + 1e-3j, 0.05 + 0.01j, 0.5 + 0.1j, 3 + 1j, -2 + 1e-6j, 20 + 5j])


def model(ratios=(4, 3, 0.1), data="identity", activation=activations.tanh):
    return RandomFeatureModel(activation, *ratios, data=DATA[data])


@pytest.fixture(params=[(r, d) for r in RATIOS for d in DATA], ids=str, scope="module")
def spectrum(request):
    return model(*request.param).spectrum()


def inside_points(spectrum, count=40):
    """Points well inside the bulks."""
    edges = spectrum.edges()
    unit = (np.arange(count) + 0.5) / count
    return np.concatenate([a + (b - a) * (0.1 + 0.8 * unit) for a, b in zip(edges[::2], edges[1::2], strict=True)])


def scalar_equations(spectrum, q, z):
    """The saddle point as a slow loop over the eigenvalues, from the published form; returns the residual of ∂S/∂q = 0 scaled by q/ψ_p."""
    psi_p, psi_n, alpha, b, v, s = spectrum.system.parameters
    delta = 0.0 + 0.0j
    for _ in range(20000):  # the definition of δ by damped iteration at fixed q
        r = sum(w * lam / (1 / q + psi_p * b**2 + lam * psi_p * alpha**2 / (1 + delta)) for lam, w in pairs(spectrum))
        new = psi_p / psi_n * (alpha**2 * r + v**2 * q)
        if abs(new - delta) < 1e-15 * (1 + abs(delta)):
            break
        delta = 0.5 * (delta + new)
    r_hat = psi_p * alpha**2 / (1 + delta)
    s_trace = sum(w / (1 / q + psi_p * b**2 + lam * r_hat) for lam, w in pairs(spectrum))
    equation = psi_p * (s**2 - z) + psi_p * v**2 / (1 + delta) + (1 - psi_p) / q - s_trace / q**2
    return equation * q / psi_p


def pairs(spectrum):
    return list(zip(spectrum.system.nodes, spectrum.system.weights, strict=True))


def test_half_plane_conjugation_and_infinity(spectrum):
    q = spectrum.stieltjes(UPPER)
    assert np.all(q.imag > 0)
    assert np.allclose(spectrum.stieltjes(UPPER.conj()), q.conj(), rtol=0, atol=0)
    far = 1e7j * spectrum.upper_bound
    assert abs(-far * spectrum.stieltjes(far) - 1) < 1e-6


def test_residual_of_what_is_returned(spectrum):
    for z in (UPPER, inside_points(spectrum).astype(complex)):
        q, delta, _ = spectrum.solve_or_nan(z)
        assert residual_size(spectrum.system, q, delta, z).max() < double("resolvent")


def test_vectorised_equations_against_scalar_loops(spectrum):
    for z in (0.5 + 0.1j, 3 + 1j):
        assert abs(scalar_equations(spectrum, spectrum.stieltjes(z), z)) < double("resolvent")


def test_polynomial_equals_continuation(spectrum):
    if spectrum.system.nodes.size > 4:
        pytest.skip("no polynomial of useful degree for this covariance")
    for z in (UPPER, inside_points(spectrum), -np.geomspace(0.01, 10, 7)):
        one, other = (spectrum.stieltjes(z, method=m) for m in ("polynomial", "continuation"))
        assert np.max(np.abs(one - other) / np.abs(one)) < double("resolvent")


def test_mass_and_first_moment(spectrum):
    mass = spectrum.integrate(np.ones_like)
    assert abs(mass - 1) < double("quadrature")
    # (1/p) Tr U = E σ² − κ²: every coefficient counts once
    c, data = spectrum.model.coefficients(), spectrum.model.data
    mean = c.a**2 * spectrum.model.decay**2 * data.variance + c.b2 + c.v2 + c.s2
    assert abs(spectrum.integrate(lambda x: x) / mean - 1) < double("quadrature")


def test_second_moment(spectrum):
    """(1/p) Tr U² of GG^T/n + b²WW^T/d + s², by Wick pairings of W, X and Ω."""
    data = spectrum.model.data
    psi_p, psi_n, alpha, b, v, s = spectrum.system.parameters
    m1, m2 = data.variance, float(data.weights @ data.eigenvalues**2)
    # H = α²Σ + b², with normalised traces h1, h2: (1/p) Tr WHW^T/d = h1 and (1/p) Tr (WHW^T/d)² = h1² + ψ_p h2
    h1, h2 = alpha**2 * m1 + b**2, alpha**4 * m2 + 2 * alpha**2 * b**2 * m1 + b**4
    population = h1**2 + psi_p * h2 + 2 * v**2 * h1 + v**4
    # the pairing within one sample, of covariance C = α²WΣW^T/d + v²: (1/n)(1/p)(Tr C)²
    own = psi_p / psi_n * (alpha**2 * m1 + v**2) ** 2
    second = population + own + 2 * s**2 * (h1 + v**2) + s**4
    assert abs(spectrum.integrate(lambda x: x**2) / second - 1) < double("quadrature")


def test_atoms():
    assert model((64, 8, 0.01)).spectrum().atoms() == ((model((64, 8, 0.01)).coefficients().s2, 1 - 9 / 64),)
    assert model((4, 3, 0.1)).spectrum().atoms() == ()
    ((location, weight),) = RandomFeatureModel(activations.linear, 4, 3, 0.1).spectrum().atoms()
    assert (location, weight) == (0, 0.75)
    ((_, weight),) = RandomFeatureModel(activations.cos, 4, 3, 0.1).spectrum().atoms()
    assert weight == 0.25


def test_atom_is_the_residue():
    spectrum = model((64, 8, 0.01)).spectrum()
    ((location, weight),) = spectrum.atoms()
    z = location + 1e-9j
    assert abs(-(z - location) * spectrum.stieltjes(z) - weight) < 1e-5


def test_density_outside_the_bulk_and_at_edges():
    spectrum = model((64, 8, 0.01)).spectrum()
    edges = spectrum.edges()
    assert np.all(spectrum.density([-1.0, 0.0, 0.5 * (edges[1] + edges[2]), 2 * edges[-1]]) == 0)
    assert np.all(spectrum.density(np.array(edges)) < 1e-3 * spectrum.density(inside_points(spectrum)).max())
    assert spectrum.density(0.2) == spectrum.density(np.array([0.2]))[0] > 0


def test_linear_activation_is_a_product_of_wisharts():
    """v = s = 0 and Σ = 1, ψ_n → ∞: U → (α² + b²) WW^T/d, a Marchenko–Pastur law of ratio ψ_p."""
    spectrum = RandomFeatureModel(activations.linear, 0.5, 1e9, 0.3).spectrum()
    low, high = spectrum.edges()[0], spectrum.edges()[-1]
    assert np.allclose([low, high], [(1 - np.sqrt(0.5)) ** 2, (1 + np.sqrt(0.5)) ** 2], rtol=1e-4)
    lam = np.linspace(0.2, 2.5, 7)
    density = np.sqrt((high - lam) * (lam - low)) / (2 * np.pi * 0.5 * lam)
    assert np.allclose(spectrum.density(lam), density, rtol=1e-4)


def test_even_activation_is_marchenko_pastur():
    m = RandomFeatureModel(activations.cos, 2, 5, 0.3)
    c, spectrum = m.coefficients(), m.spectrum()
    ratio = 2 / 5
    low, high = (c.s2 + c.v2 * (1 + sign * np.sqrt(ratio)) ** 2 for sign in (-1, 1))
    assert np.allclose(spectrum.edges(), [low, high], rtol=1e-10)
    lam = np.linspace(low, high, 9)[1:-1]
    density = np.sqrt((high - lam) * (lam - low)) / (2 * np.pi * ratio * c.v2 * (lam - c.s2))
    assert np.allclose(spectrum.density(lam), density, rtol=1e-9)


def test_population_limit():
    """ψ_n → ∞ leaves (α² + b²) WW^T/d + v² + s²."""
    m = RandomFeatureModel(activations.tanh, 0.5, 1e9, 0.3)
    c = m.coefficients()
    scale, shift = c.a**2, c.v2 + c.s2
    expected = [shift + scale * (1 + sign * np.sqrt(0.5)) ** 2 for sign in (-1, 1)]
    assert np.allclose([m.spectrum().edges()[0], m.spectrum().edges()[-1]], expected, rtol=1e-3)


def test_few_features_see_the_mean():
    """ψ_p → 0: U tends to its mean times the identity."""
    m = RandomFeatureModel(activations.tanh, 1e-6, 2, 0.3)
    c = m.coefficients()
    assert np.allclose(m.spectrum().edges(), c.a**2 + c.v2 + c.s2, rtol=5e-3)


@pytest.mark.parametrize("data", ["identity", "two atoms"])
def test_precision_ladder(data):
    spectrum = model((4, 3, 0.1), data, activations.erf).spectrum()
    for z in (-0.1, 0.5 + 0.1j, 2.0):
        results = {dps: spectrum.stieltjes(z, dps=dps) for dps in (15, 30, 60)}
        with mpmath.workdps(70):
            assert abs(results[15] / results[30] - 1) < digits(15)
            assert abs(results[30] / results[60] - 1) < digits(30)
        assert abs(complex(results[30]) / spectrum.stieltjes(z) - 1) < double("identity")


@pytest.mark.parametrize("data", ["identity", "two atoms"])
def test_both_routes_at_fifty_digits(data):
    spectrum = model((4, 3, 0.1), data, activations.erf).spectrum()
    for z in (-0.1, 0.5 + 0.1j, 2.0):
        one, other = (spectrum.stieltjes(z, dps=50, method=m) for m in ("polynomial", "continuation"))
        with mpmath.workdps(60):
            assert abs(one / other - 1) < digits(50)


def test_tanh_at_thirty_digits():
    spectrum = model().spectrum()
    q = spectrum.stieltjes(0.5 + 0.1j, dps=30)
    assert abs(complex(q) / spectrum.stieltjes(0.5 + 0.1j) - 1) < double("identity")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    psi_p=st.floats(0.2, 50),
    psi_n=st.floats(0.2, 50),
    t=st.floats(0.02, 2),
    name=st.sampled_from(["tanh", "erf", "relu", "gelu", "sign", "cos", "linear"]),
    low=st.floats(0.1, 1),
    weight=st.floats(0.1, 0.9),
)
def test_the_law_is_a_probability_measure(psi_p, psi_n, t, name, low, weight):
    data = Gaussian(((low, weight), (1.0 + low, 1 - weight)))
    spectrum = RandomFeatureModel(getattr(activations, name), psi_p, psi_n, t, data).spectrum()
    try:
        edges = spectrum.edges()
    except ConvergenceError as error:  # an honest refusal names what is wrong; a wrong number is what must not happen
        assert error.residual is not None or "edge" in str(error)
        return
    assert len(edges) % 2 == 0 and list(edges) == sorted(edges)
    lam = np.linspace(0.9 * edges[0], 1.1 * edges[-1], 60)
    assert np.all(spectrum.density(lam) >= 0)
    assert abs(spectrum.integrate(np.ones_like) - 1) < double("quadrature")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.stieltjes(np.nan), ("z holds", "finite complex")),
        (lambda s: s.stieltjes([1.0, np.inf]), ("z holds", "finite complex")),
        (lambda s: s.stieltjes(1j, method="guess"), ("method = 'guess'", "'polynomial'")),
        (lambda s: s.stieltjes(1j, dps=0), ("dps = 0", ">= 1")),
        (lambda s: s.density(1j), ("lam", "finite real")),
        (lambda s: s.density(np.nan), ("lam holds nan", "finite real")),
        (lambda s: s.stieltjes(s.atoms()[0][0]), ("is an atom", "allowed")),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises(ValueError) as error:
        call(model((64, 8, 0.01)).spectrum())
    for word in words:
        assert word in str(error.value)
