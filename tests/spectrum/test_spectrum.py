"""The law of U: oracles that need no matrix, two methods against each other, limits, digits, and random parameters."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations import continuation, polynomial, solve
from theory.equations.certificate import UNSOLVED, certify, polish

TWO = Gaussian(((0.5, 0.5), (1.5, 0.5)))
THREE = Gaussian(((0.1, 0.3), (1, 0.3), (10, 0.4)))
WITH_ZERO = Gaussian(((0, 0.25), (2, 0.75)))
POWER_LAW = Gaussian.power_law(1.0, nodes=24)

MODELS = {
    "tanh": RandomFeatureModel(A.tanh, 4, 3, 0.1),
    "erf, two eigenvalues": RandomFeatureModel(A.erf, 6, 2, 0.05, TWO),
    "ReLU, three eigenvalues": RandomFeatureModel(A.relu, 3, 4, 0.3, THREE),
    "zero eigenvalue": RandomFeatureModel(A.tanh, 5, 2, 0.2, WITH_ZERO),
    "even": RandomFeatureModel(A.cos, 4, 3, 0.1, TWO),
    "linear": RandomFeatureModel(A.linear, 0.7, 3, 0.1),
    "p < d": RandomFeatureModel(A.sign, 0.5, 0.8, 0.5),
    "power law": RandomFeatureModel(A.tanh, 2, 1.5, 0.3, POWER_LAW),
}
RNG = np.random.default_rng(0)
POINTS = np.concatenate(
    [RNG.uniform(-2, 8, 12) + 1j * 10 ** RNG.uniform(-3, 1, 12), [0.5 + 0.1j, -0.1 + 1e-6j, 2.0 + 1e-9j]]
)


@pytest.fixture(params=MODELS, scope="module")
def model(request):
    return MODELS[request.param]


@pytest.fixture(scope="module")
def spectrum(model):
    return model.spectrum()


def scalar_loops(spectrum, z):
    """The equations of the book solved by a damped fixed point, written out in plain loops: (q, δ) at one z, Im z > 0."""
    psi_p, psi_n, alpha, b, v, s = spectrum.system.parameters
    q, delta = -1 / z, 0j
    for _ in range(200_000):
        s_hat, r_hat = psi_p * b**2 + 1 / q, psi_p * alpha**2 / (1 + delta)
        r, s_average = 0j, 0j
        for eigenvalue, weight in spectrum.model.data.spectrum:
            r += weight * eigenvalue / (s_hat + eigenvalue * r_hat)
            s_average += weight / (s_hat + eigenvalue * r_hat)
        # 1/q from ψ_p(s² − z) + ψ_p v²/(1+δ) + (1−ψ_p)/q − s/q² = 0, with 1/q − s/q² for the part that W adds
        inverse = s**2 - z + v**2 / (1 + delta) + (1 / q - s_average / q**2) / psi_p
        new_q, new_delta = 1 / inverse, psi_p / psi_n * (alpha**2 * r + v**2 * q)
        change = abs(new_q - q) / abs(q) + abs(new_delta - delta) / (1 + abs(delta))
        q, delta = (q + new_q) / 2, (delta + new_delta) / 2
        if change < 1e-14:
            return q, delta
    raise AssertionError("the fixed point did not settle")


def moments(model):
    """First two moments of the law, by Wick's theorem on U = s² + C^{1/2}(ZZ^T/n)C^{1/2} + b²WW^T/d, C = α²WΣW^T/d + v²."""
    c, psi_p, psi_n = model.coefficients(), model.psi_p, model.psi_n
    alpha2 = (c.a * model.decay) ** 2
    m1 = sum(w * x for x, w in model.data.spectrum)
    m2 = sum(w * x**2 for x, w in model.data.spectrum)
    mean_c = alpha2 * m1 + c.v2
    mean_c2 = alpha2**2 * (m1**2 + psi_p * m2) + 2 * alpha2 * c.v2 * m1 + c.v2**2
    mean_cw = c.b2 * (alpha2 * m1 * (1 + psi_p) + c.v2)
    b_mean = mean_c + c.b2
    b_square = mean_c2 + psi_p / psi_n * mean_c**2 + 2 * mean_cw + c.b2**2 * (1 + psi_p)
    return c.s2 + b_mean, c.s2**2 + 2 * c.s2 * b_mean + b_square


def test_conjugation_and_half_plane(spectrum):
    q = spectrum.stieltjes(POINTS)
    assert np.all(q.imag > 0)
    assert np.array_equal(spectrum.stieltjes(POINTS.conj()), q.conj())


def test_behaviour_at_infinity(spectrum):
    z = 1j * 10.0 ** np.array([4, 6, 8]) * spectrum.upper_bound
    error = np.abs(-z * spectrum.stieltjes(z) - 1)
    assert np.all(error < [1e-4, 1e-6, 1e-8])


def test_total_mass_and_moments(spectrum, model):
    first, second = moments(model)
    assert spectrum.integrate(np.ones_like) == pytest.approx(1, abs=double("quadrature"))
    assert spectrum.integrate(lambda lam: lam) == pytest.approx(first, rel=double("moment"))
    assert spectrum.integrate(lambda lam: lam**2) == pytest.approx(second, rel=double("moment"))
    # and the same two from the expansion of q at infinity, without any quadrature
    z = 1e3 * spectrum.upper_bound * 1j
    assert (z * (-z * spectrum.stieltjes(z) - 1)).real == pytest.approx(first, rel=1e-5)


def test_first_moment_is_the_second_moment_of_the_activation():
    """(1/p) Tr U = E σ² minus κ², which sits in one eigenvalue: for ReLU E σ² = Γ²/2 and κ² = Γ²/2π."""
    spectrum = RandomFeatureModel(A.relu, 3, 2, 0.4, TWO).spectrum()
    assert spectrum.integrate(lambda lam: lam) == pytest.approx(0.5 - 1 / (2 * np.pi), rel=double("moment"))


def test_resolvent_is_the_transform_of_the_density(spectrum):
    for z in (-0.3, 0.7 + 0.4j):
        nodes = [lambda lam, part=part, z=z: part(1 / (lam - z)) for part in (np.real, np.imag)]
        value = spectrum.integrate(nodes[0]) + 1j * spectrum.integrate(nodes[1])
        assert spectrum.stieltjes(z) == pytest.approx(value, rel=double("quadrature"))


def test_against_scalar_loops(spectrum):
    z = POINTS[POINTS.imag > 0.05][:4]
    for point, q in zip(z, spectrum.stieltjes(z), strict=True):
        assert q == pytest.approx(scalar_loops(spectrum, complex(point))[0], rel=double("resolvent"))


def test_polynomial_is_continuation(spectrum):
    found = np.array(spectrum.edges())
    inside = (found[:-1:2, None] + np.diff(found)[::2, None] * np.array([0.1, 0.5, 0.9])).ravel()
    z = np.concatenate([POINTS, inside, (found[1:-1:2] + found[2::2]) / 2, [found[-1] * 1.5, -1.0, -1e4]])
    q, delta = spectrum.solve(z, "continuation")
    assert spectrum.system.residual_size(np.stack([q, delta]), z - spectrum.offset).max() < double("resolvent")
    if spectrum.system.nodes.size <= polynomial.MAX_ATOMS:
        other, _ = polynomial.solve(spectrum.system, z - spectrum.model.coefficients().s2)
        assert np.abs(q / other - 1).max() < double("resolvent")


@pytest.mark.parametrize(
    "model",
    [
        RandomFeatureModel(A.erf, 4, 3, sp.Rational(1, 10)),
        RandomFeatureModel(A.relu, 6, 2, sp.Rational(1, 20), TWO),
        RandomFeatureModel(A.hermite(2), 4, 3, sp.Rational(1, 10)),
        RandomFeatureModel(A.linear, sp.Rational(1, 2), 3, sp.Rational(1, 10), WITH_ZERO),
    ],
    ids=["erf", "ReLU", "He_2", "linear"],
)
def test_both_methods_to_fifty_digits(model):
    spectrum = model.spectrum()
    inside = sum(spectrum.edges()[-2:]) / 2
    for z in (mpmath.mpc("0.5", "0.1"), mpmath.mpf(-1), sp.Rational(1, 3) * sp.Integer(int(9 * inside)) / 3, 2 - 1j):
        one, other = (spectrum.stieltjes(z, method=method, dps=50) for method in ("polynomial", "continuation"))
        with mpmath.workdps(60):
            assert abs(one / other - 1) < digits(50)
            assert complex(one) == pytest.approx(spectrum.stieltjes(complex(z)), rel=double("resolvent"))


def test_exactly_one_root_is_certified():
    """Of all roots of the polynomial, each polished to a solution of both equations, one lies in both upper half-planes."""
    spectrum = MODELS["erf, two eigenvalues"].spectrum()
    system, s2 = spectrum.system, spectrum.model.coefficients().s2
    for y in (0.5 + 0.1j - s2, 3 + 0.01j, -0.2 + 1j):
        candidates = polynomial.roots(system, np.array([y])).ravel()
        at = np.full(candidates.size, y)
        delta = 1 / polynomial._g_function("numpy")(candidates, at, *system.in_y) - 1
        x = polish(system, np.stack([candidates, delta]), at, steps=20)
        certified, (q, _) = certify(system, x, at)
        assert (system.residual_size(x, at) < double("resolvent")).sum() > 1
        assert np.unique(np.round(q[certified], 9)).size == 1
        assert q[certified][0] == pytest.approx(spectrum.stieltjes(y + s2), rel=double("resolvent"))


@pytest.mark.slow
def test_tanh_to_thirty_digits():
    spectrum = RandomFeatureModel(A.tanh, 4, 3, sp.Rational(1, 2)).spectrum()
    one, other = (spectrum.stieltjes(mpmath.mpc("0.5", "0.1"), method=m, dps=30) for m in ("polynomial", "continuation"))
    with mpmath.workdps(40):
        assert abs(one / other - 1) < digits(30)
    assert complex(one) == pytest.approx(spectrum.stieltjes(0.5 + 0.1j), rel=double("resolvent"))


@pytest.mark.parametrize("data", [Gaussian(), THREE, Gaussian.power_law(1.0, nodes=8)])
def test_precision_ladder(data):
    spectrum = RandomFeatureModel(A.erf, 4, 3, 0.1, data).spectrum()
    ladder = {dps: spectrum.stieltjes(mpmath.mpc("1", "0.25"), dps=dps) for dps in (15, 30, 60)}
    assert complex(ladder[15]) == pytest.approx(spectrum.stieltjes(1 + 0.25j), rel=double("resolvent"))
    with mpmath.workdps(80):
        assert abs(ladder[15] / ladder[30] - 1) < digits(15) and abs(ladder[30] / ladder[60] - 1) < digits(30)


def marchenko_pastur(z, ratio):
    """q of WW^T/d with p/d = ``ratio``, product form of the root: (1 − c − z + √(z−λ₊)√(z−λ₋))/(2cz)."""
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    return (1 - ratio - z + np.sqrt(z - high) * np.sqrt(z - low)) / (2 * ratio * z)


@pytest.mark.parametrize("psi_p", [0.4, 3.0])
def test_many_samples_give_the_population(psi_p):
    """ψ_n → ∞, Σ = I: Ũ = s² + v² + (α² + b²) WW^T/d, Marchenko–Pastur."""
    model = RandomFeatureModel(A.tanh, psi_p, 1e12, 0.3)
    c = model.coefficients()
    scale = (c.a * model.decay) ** 2 + c.b2
    expected = marchenko_pastur((POINTS[:12] - c.s2 - c.v2) / scale, psi_p) / scale
    assert model.spectrum().stieltjes(POINTS[:12]) == pytest.approx(expected, rel=1e-7)


def test_many_samples_give_the_population_of_any_covariance():
    model = RandomFeatureModel(A.erf, 2, 1e12, 0.3, THREE)
    c = model.coefficients()
    z = POINTS[:12]
    q = model.spectrum().stieltjes(z)
    h = (c.a * model.decay) ** 2 * THREE.eigenvalues + c.b2
    rhs = c.v2 + c.s2 - z + (THREE.weights * h / (1 + model.psi_p * q[:, None] * h)).sum(axis=1)
    assert 1 / q == pytest.approx(rhs, rel=1e-7)


@pytest.mark.parametrize("psi_p, psi_n", [(0.5, 3), (4, 0.6)])
def test_linear_activation_is_a_product_of_wisharts(psi_p, psi_n):
    """U = W M W^T/d with M = α² XX^T/n + b², of Marchenko–Pastur law: 1/q = −z + ⟨μ/(1 + ψ_p μ q)⟩ over it."""
    model = RandomFeatureModel(A.linear, psi_p, psi_n, 0.2)
    c = model.coefficients()
    assert c.v == c.s == 0 and c.a == 1
    q, k = model.spectrum().stieltjes(POINTS[:12]), psi_p
    alpha2 = model.decay**2
    # ⟨μ/(1+kqμ)⟩ = (1 − m(−1/kq)/kq)/kq with m(z) = ⟨1/(μ−z)⟩
    kq = k * q
    m = marchenko_pastur((-1 / kq - c.b2) / alpha2, 1 / psi_n) / alpha2
    assert 1 / q == pytest.approx(-POINTS[:12] + (1 - m / kq) / kq, rel=double("resolvent"))


def test_even_activation_is_marchenko_pastur():
    model = RandomFeatureModel(A.cos, 2, 5, 0.3)
    c, ratio = model.coefficients(), 2 / 5
    low, high = (c.s2 + c.v2 * (1 + sign * np.sqrt(ratio)) ** 2 for sign in (-1, 1))
    lam = np.linspace(low, high, 9)[1:-1]
    density = np.sqrt((high - lam) * (lam - low)) / (2 * np.pi * ratio * c.v2 * (lam - c.s2))
    assert model.spectrum().density(lam) == pytest.approx(density, rel=double("resolvent"))


def test_few_features():
    """ψ_p → 0: the features are independent, and U is its mean times the identity."""
    model = RandomFeatureModel(A.tanh, 1e-9, 2, 0.3, TWO)
    assert model.spectrum().stieltjes(POINTS[:12]) == pytest.approx(1 / (moments(model)[0] - POINTS[:12]), rel=1e-6)


def test_many_features():
    """ψ_p → ∞: all but 1 + ψ_n eigenvalues per dimension sit at s², the others are O(ψ_p)."""
    model = RandomFeatureModel(A.tanh, 1e7, 2, 0.3)
    s2, z = model.coefficients().s2, POINTS[:12]
    assert model.spectrum().stieltjes(z) == pytest.approx((1 - 3e-7) / (s2 - z), rel=1e-9)


def test_atoms():
    generic = RandomFeatureModel(A.tanh, 8, 2, 0.1)
    ((location, weight),) = generic.spectrum().atoms()
    assert location == generic.coefficients().s2 and weight == pytest.approx(1 - 3 / 8, rel=double("identity"))
    ((location, weight),) = RandomFeatureModel(A.linear, 4, 2, 0.1).spectrum().atoms()
    assert location == 0 and weight == pytest.approx(1 - 1 / 4, rel=double("identity"))
    ((location, weight),) = RandomFeatureModel(A.cos, 4, 2, 0.1).spectrum().atoms()
    assert weight == pytest.approx(1 - 2 / 4, rel=double("identity"))
    even_by_quadrature = RandomFeatureModel(sp.Symbol("x") ** 2 * sp.exp(-(sp.Symbol("x") ** 2)), 4, 2, 0.1)
    assert even_by_quadrature.spectrum().atoms()[0][1] == pytest.approx(1 / 2, rel=double("identity"))
    assert even_by_quadrature.spectrum().integrate(np.ones_like) == pytest.approx(1, abs=double("quadrature"))
    for psi_p, psi_n in ((3, 2), (2, 2), (0.5, 0.1)):
        assert RandomFeatureModel(A.tanh, psi_p, psi_n, 0.1).spectrum().atoms() == ()
    # the pole of q there, by the residue: q → −(…)weight/(z − s²)
    spectrum = generic.spectrum()
    ((location, weight),) = spectrum.atoms()
    offset = 1e-7
    assert -offset * spectrum.stieltjes(location + offset) == pytest.approx(weight, rel=1e-3)


def test_power_law_nodes_converge():
    """The finer quadrature of the same continuous law changes nothing that the coarser one resolves."""
    one, two = (RandomFeatureModel(A.tanh, 2, 1.5, 0.3, Gaussian.power_law(1.0, nodes=n)).spectrum() for n in (60, 90))
    z = POINTS[POINTS.imag > 0.5]  # nearer to the axis the sparse nodes at the upper end show
    assert z.size > 2 and one.stieltjes(z) == pytest.approx(two.stieltjes(z), rel=1e-7)
    assert np.allclose(one.edges(), two.edges(), rtol=1e-6)


def test_power_law_moments():
    """⟨1⟩ = ⟨λ⟩ = 1 and the quantiles λ ∝ u^{−exponent}: ⟨λ²⟩ in closed form."""
    exponent, condition = 0.7, 50.0
    data = Gaussian.power_law(exponent, condition)
    u0 = condition ** (-1 / exponent)
    power = lambda k: (1 - u0 ** (1 - k * exponent)) / (1 - k * exponent) / (1 - u0)  # noqa: E731
    assert data.variance == pytest.approx(1, rel=double("identity"))
    assert data.weights @ data.eigenvalues**2 == pytest.approx(power(2) / power(1) ** 2, rel=double("moment"))


def test_continuous_density_by_its_nodes():
    data = Gaussian.from_density(lambda x: np.sqrt((x - 1) * (3 - x)), (1, 3), nodes=60)
    assert data.variance == pytest.approx(2, rel=double("identity"))
    assert data.weights @ (data.eigenvalues - 2) ** 2 == pytest.approx(1 / 4, rel=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_density_is_vectorised_and_shaped(name):
    spectrum = MODELS[name].spectrum()
    grid = np.linspace(-1, spectrum.upper_bound * 1.2, 60).reshape(3, 20)
    density = spectrum.density(grid)
    assert density.shape == (3, 20) and np.all(density >= 0)
    assert density[1, 7] == pytest.approx(spectrum.density(float(grid[1, 7])), rel=double("identity"), abs=1e-15)
    assert np.allclose(spectrum.density(list(grid[0])), density[0], rtol=double("identity"), atol=1e-15)


def test_kinds_of_argument():
    spectrum = RandomFeatureModel(A.erf, 4, 3, 0.1).spectrum()
    value = spectrum.stieltjes(2.0)
    assert isinstance(value, complex) and value.imag > 0
    assert spectrum.stieltjes(np.array(2)) == spectrum.stieltjes(sp.Integer(2)) == spectrum.stieltjes(mpmath.mpf(2)) == value
    assert np.array_equal(spectrum.stieltjes((1, 2)), spectrum.stieltjes(np.array([1, 2])))
    assert spectrum.stieltjes([]).shape == (0,) and spectrum.stieltjes(np.zeros((2, 0))).shape == (2, 0)
    assert spectrum.density([]).shape == (0,) and isinstance(spectrum.density(1), float)
    assert isinstance(spectrum.stieltjes(1, dps=20), mpmath.mpc)
    assert spectrum.stieltjes([[1, 2j]], dps=20).shape == (1, 2)
    # the real axis from either side of zero, and from below
    assert spectrum.stieltjes(complex(2.0, -0.0)) == value and spectrum.stieltjes(2 - 1e-13j).imag < 0
    assert spectrum.stieltjes(-5).imag == 0 < spectrum.stieltjes(-5).real
    gap = sum(MODELS["erf, two eigenvalues"].spectrum().edges()[1:3]) / 2
    assert MODELS["erf, two eigenvalues"].spectrum().stieltjes(gap).imag == 0


def test_equal_eigenvalues_count_once():
    one, split = (RandomFeatureModel(A.erf, 4, 3, 0.1, Gaussian(s)).spectrum() for s in (((2, 1),), ((2, 0.25), (2, 0.75))))
    assert one.stieltjes(POINTS) == pytest.approx(split.stieltjes(POINTS), rel=double("resolvent"))


ACTIVATIONS = st.sampled_from([A.tanh, A.erf, A.relu, A.sign, A.sin, A.cos, A.linear, A.hermite(2), A.gelu])
COVARIANCES = st.one_of(
    st.just(Gaussian()),
    st.tuples(st.floats(0, 5), st.floats(0.1, 5), st.floats(0.05, 0.95)).map(
        lambda x: Gaussian(((x[0], x[2]), (x[1], 1 - x[2])))
    ),
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(0.05, 30), st.floats(0.05, 30), st.floats(1e-3, 3), ACTIVATIONS, COVARIANCES)
def test_any_law(psi_p, psi_n, t, activation, data):
    spectrum = RandomFeatureModel(activation, psi_p, psi_n, t, data).spectrum()
    found = spectrum.edges()
    assert len(found) % 2 == 0 and list(found) == sorted(found)
    assert found[0] >= spectrum.model.coefficients().s2 and found[-1] <= spectrum.upper_bound * (1 + 1e-12)
    assert spectrum.integrate(np.ones_like) == pytest.approx(1, abs=double("quadrature"))
    assert spectrum.integrate(lambda lam: lam) == pytest.approx(moments(spectrum.model)[0], rel=1e-7)
    grid = np.linspace(0, 1.1 * found[-1], 40)
    density = spectrum.density(grid)
    bulks = np.array(found).reshape(-1, 2)
    inside = ((grid[:, None] > bulks[:, 0]) & (grid[:, None] < bulks[:, 1])).any(axis=1)
    assert np.array_equal(density > 0, inside)
    z = grid + 0.01j * found[-1]
    (q, delta), _ = solve(spectrum.system, z - spectrum.offset)
    assert np.all(q.imag > 0) and np.all(delta.imag > 0)
    assert spectrum.system.residual_size(np.stack([q, delta]), z - spectrum.offset).max() < double("resolvent")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a", None, [1, float("nan")]])
def test_points_that_are_not_numbers(value):
    for options in ({}, {"dps": 20}):
        with pytest.raises(ValueError, match=r"^z .*allowed: finite complex numbers"):
            MODELS["tanh"].spectrum().stieltjes(value, **options)


def test_points_on_an_atom():
    spectrum = RandomFeatureModel(A.tanh, 8, 2, 0.1).spectrum()
    location = spectrum.atoms()[0][0]
    for options in ({}, {"dps": 20}):
        with pytest.raises(ValueError, match=rf"^z = {location} is an atom.*allowed: any other z"):
            spectrum.stieltjes([1.0, location], **options)


@pytest.mark.parametrize("value", [1j, [1 + 0j], float("nan"), "a"])
def test_density_of_what_is_not_real(value):
    with pytest.raises(ValueError, match=r"^lam .*allowed: finite real numbers"):
        MODELS["tanh"].spectrum().density(value)


@pytest.mark.parametrize("value", [0, 1.5, "many"])
def test_digits_are_a_positive_integer(value):
    with pytest.raises(ValueError, match=r"^dps = .*allowed: an integer >= 1"):
        MODELS["tanh"].spectrum().stieltjes(1j, dps=value)


def test_unknown_method():
    for call in (lambda s: s.stieltjes(1, method="newton"), lambda s: s.density(1, method="newton")):
        with pytest.raises(
            ValueError, match=r"^method = 'newton' is unknown; allowed: 'auto', 'polynomial', 'continuation'"
        ):
            call(MODELS["tanh"].spectrum())


def test_uncertified_points_are_refused_with_their_residual(monkeypatch):
    """Solvers that certify nothing: no value may come back."""
    nothing = lambda system, z, *_: np.full((2, z.size), UNSOLVED)  # noqa: E731
    monkeypatch.setattr(polynomial, "solve", nothing)
    monkeypatch.setattr(continuation, "solve", lambda system, z: (nothing(system, z), np.full(z.size, 0.3)))
    spectrum = RandomFeatureModel(A.tanh, 4, 3, 0.1).spectrum()
    with pytest.raises(ConvergenceError, match=r"1 of 1 points.*residual 0\.3") as error:
        spectrum.stieltjes(1 + 1j)
    assert error.value.residual == 0.3
    with pytest.raises(ConvergenceError):
        spectrum.density(1.0)


def test_digits_are_refused_where_newton_stops(monkeypatch):
    spectrum = RandomFeatureModel(A.erf, 4, 3, 0.1).spectrum()
    monkeypatch.setattr(spectrum, "solve", lambda z: np.array([[5.0 + 0j], [-0.9999 + 0j]]))
    with pytest.raises(ConvergenceError, match=r"fewer digits|no root") as error:
        spectrum.stieltjes(1 + 1j, dps=20, method="continuation")
    assert error.value.residual is not None
