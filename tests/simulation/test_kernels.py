"""Features, U, V, eigenvalues and the flow on every library, device and precision, against float64 within bounds of rounding.

No tolerance is chosen: each is what the standard model of floating-point numbers allows (`rounding`, `kernel_bounds`), and a docstring says
what is added to it. A term that is wrong by a part in 10,000 is beyond it in float32, a number of the wrong precision in float64.
"""

import math

import numpy as np
import pytest
from kernel_bounds import exact_average, population
from places import SINGLE, backend_at, lives_there, places, single
from rounding import UNIT, Rounded, gamma, given
from scipy.special import erf

from theory import RandomFeatureModel, TimeGrid, activations
from theory.simulation import equivalent, gradient_flow, mehler, noise_average, simulate
from theory.simulation import population as fresh_average
from theory.simulation.features import features_of
from theory.simulation.hermite_interpolation import HermiteInterpolation

RNG = np.random.default_rng(0)
W, X = (single(RNG.standard_normal(shape)) for shape in ((14, 10), (10, 9)))
BIASES, TIME = single(0.5 * RNG.standard_normal((14, 1))), 0.5
#: σ, the same in NumPy, the largest |σ'|, whether it has a kink at 0
SIGMAS = {
    "tanh": (activations.tanh, np.tanh, 1.0, False),
    "erf": (activations.erf, erf, 2 / math.sqrt(math.pi), False),
    "relu": (activations.relu, lambda x: np.maximum(x, 0), 1.0, True),
}
MODEL = RandomFeatureModel(activations.tanh, 2.4, 1.8, TIME)
#: fewer features than dimensions: no mode is slow, so that the last one is learned within the digits of float32
QUICK = RandomFeatureModel(activations.tanh, 0.3, 1.0, TIME)

everywhere = pytest.mark.parametrize("place", places())
every_sigma = pytest.mark.parametrize("name", SIGMAS)


def numbers(where, *arrays):
    """Host copies of arrays that live where they should."""
    assert lives_there(where, *arrays)
    return [where.to_numpy(array) for array in arrays]


@everywhere
@every_sigma
def test_features(place, name):
    """An inner product of length d, a division, a sum, and σ: |σ'| times the error of its argument."""
    where, (sigma, function, slope, _) = backend_at(place), SIGMAS[name]
    (found,) = numbers(where, features_of(sigma, *map(where.asarray, (W, X, BIASES)), where.xp))
    W_, X_, shift = (given(array, where.dtype) for array in (W, X, BIASES))
    (W_ @ X_ / math.sqrt(10) + shift).of(function, slope).holds(found)


@everywhere
@every_sigma
def test_exact_noise_average(place, name):
    """The quadrature of every coefficient, Mehler's sum over products of length n, and what the norms of W pass on."""
    where, (sigma, function, slope, kink) = backend_at(place), SIGMAS[name]
    variance, shift, target = -math.expm1(-2 * TIME), TIME * BIASES, (0.75, 0.5)
    arrays = map(where.asarray, (W, X))
    options = {"shift": where.asarray(shift), "target": target}
    found = numbers(where, *noise_average.exact(where, sigma, *arrays, math.exp(-TIME), variance, **options))
    W_, X_, shift_ = (given(array, where.dtype, rounded=array is shift) for array in (W, X, shift))
    expected = exact_average(function, slope, W_, X_, TIME, shift_, target, kink=kink)
    for bound, array in zip(expected, found, strict=True):
        bound.holds(array)


@everywhere
def test_exact_noise_average_by_tables(place):
    """Where there are many entries they are interpolated, which has a bound of its own (`kernel_bounds.interpolated`)."""
    where, rng = backend_at(place), np.random.default_rng(1)
    many, samples = (single(rng.standard_normal(shape)) for shape in ((90, 20), (20, 75)))
    decay, variance = math.exp(-TIME), -math.expm1(-2 * TIME)
    given_ = (where, activations.tanh, where.asarray(many), where.asarray(samples), decay, variance)
    mean = given_[2] @ given_[3]
    assert isinstance(mehler.tables_at(where, activations.tanh, mean, mean[:, :1] * 0 + 1, 4), HermiteInterpolation)
    found = numbers(where, *noise_average.exact(*given_))
    W_, X_ = (given(array, where.dtype) for array in (many, samples))
    for bound, array in zip(exact_average(np.tanh, 1.0, W_, X_, TIME, by_table=True), found, strict=True):
        bound.holds(array)


@everywhere
@every_sigma
def test_sampled_noise_average(place, name):
    """The noise is drawn in float64 and rounded; a feature's argument is an inner product, and so are U and V."""
    where, (sigma, function, slope, _) = backend_at(place), SIGMAS[name]
    decay, variance, draws = math.exp(-TIME), -math.expm1(-2 * TIME), 2
    rng = np.random.default_rng(3)
    arrays = (where, sigma, where.asarray(W), where.asarray(X), decay, variance)
    found = numbers(where, *noise_average.sampled(*arrays, draws, rng, target=(1.0, 0.5)))
    W_, X_ = (given(array, where.dtype) for array in (W, X))
    rng, U, V = np.random.default_rng(3), 0.0, 0.0
    for _ in range(draws):
        noise = given(rng.standard_normal(X.shape), where.dtype, rounded=True)
        features = (W_ @ (decay * X_ + math.sqrt(variance) * noise) / math.sqrt(10)).of(function, slope)
        U, V = U + features @ features.T / 18.0, V + features @ (noise + 0.5 * X_).T / 18.0
    U.holds(found[0]), V.holds(found[1])


@everywhere
def test_gaussian_equivalent(place):
    """Products of length n and d, and sums; Ω is drawn in float64 and rounded."""
    where, c = backend_at(place), MODEL.coefficients()
    found = numbers(
        where, *equivalent.of_samples(where, MODEL, where.asarray(W), where.asarray(X), np.random.default_rng(3))
    )
    W_, X_ = (given(array, where.dtype) for array in (W, X))
    omega = given(np.random.default_rng(3).standard_normal((14, 9)), where.dtype, rounded=True)
    G = float(c.kappa) + math.exp(-TIME) * float(c.a) / math.sqrt(10) * (W_ @ X_) + float(c.v) * omega
    U = G @ G.T / 9.0 + float(c.b2) / 10 * (W_ @ W_.T) + float(c.s2) * Rounded(np.eye(14), W_.u)
    U.holds(found[0]), (float(c.b) / math.sqrt(10) * W_).holds(found[1])


@everywhere
def test_fresh_data(place):
    """As for U and V, with one mean for each feature and terms up to k = 6."""
    where = backend_at(place)
    finite = simulate(MODEL, 10, 5, device=where.device, library=where.library, dtype=where.dtype)
    found = numbers(where, *fresh_average(finite))
    # drawn in float64 and rounded
    W_ = given(simulate(MODEL, 10, 5).W, where.dtype, rounded=True)
    for bound, array in zip(population(np.tanh, 1.0, W_, TIME), found, strict=True):
        bound.holds(array)


def drawn(where, model, d):
    """(finite there, finite in NumPy and float64, U, V with bounds) of one seed."""
    finite = simulate(model, d, 5, device=where.device, library=where.library, dtype=where.dtype)
    reference = simulate(model, d, 5)
    inputs = (given(array, where.dtype, rounded=True) for array in (reference.W, reference.X))
    return finite, reference, *exact_average(np.tanh, 1.0, *inputs, TIME)


def distance(U, norm):
    """What U may be off, in a norm that only grows with |ΔU|; its diagonalisation adds a reflection of relative error u for each column."""
    size = np.linalg.norm(U.value, norm)
    return np.linalg.norm(U.tolerance(), norm) + U.value.shape[0] * (U.u + UNIT["float64"]) * size


@everywhere
def test_eigenvalues(place):
    """Weyl: no eigenvalue moves by more than ‖ΔU‖₂, which is at most the norm of the bound of |ΔU|; p u ‖U‖₂ are the solver's."""
    where = backend_at(place)
    finite, _, U, _ = drawn(where, MODEL, 10)
    numbers(where, finite.W, finite.X, finite.U, finite.V, finite.biases)
    U.holds(where.to_numpy(finite.U))
    expected = np.linalg.eigvalsh(U.value)
    assert finite.eigenvalues.dtype == np.float64
    assert np.max(np.abs(finite.eigenvalues - expected)) <= distance(U, 2)
    z = -0.1  # |(λ − z)^{-1} − (λ' − z)^{-1}| <= |λ − λ'|/z² for λ, λ' >= 0
    assert abs(finite.stieltjes(z) - np.mean(1 / (expected - z))) <= distance(U, 2) / z**2


@everywhere
@pytest.mark.parametrize("tau", [0.3, 3.0, 100.0, np.inf])
def test_flow(place, tau):
    r"""A = −√(p/Δ) V^T f(U) with f(λ) = (1 − e^{−cλ})/λ, c = 2Δτd/p, and the losses.

    On the matrices' common interval of eigenvalues, λ >= λ₋, f <= f(λ₋) and |f'| <= |f'(λ₋)| =: L, as f is convex and falls. For symmetric
    matrices ‖f(U') − f(U)‖_F <= L ‖U' − U‖_F, so that

        ‖ΔA‖_F <= √(p/Δ) [f ‖ΔV‖_F + L ‖V‖₂ ‖ΔU‖_F + r f ‖V‖_F],      r = 2 √p γ_p + 2 p u + 4 u,

    where r is two products with the eigenvectors (‖|O|‖₂ <= √p), their loss of orthogonality (p u), f and the scale. With f' and L' at twice
    the time

        d |Δtrain| <= f' ‖ΔV‖_F (2‖V‖_F + ‖ΔV‖_F) + ‖V‖_F ‖V‖₂ L' ‖ΔU‖_F + (r + γ_d) f' ‖V‖_F²,
        |Δtest| <= (Δ/pd) [(2‖A‖_F + ‖ΔA‖_F) ‖ΔA‖_F ‖Ũ‖₂ + ‖A + ΔA‖_F² ‖ΔŨ‖₂ + r' ‖A‖_F² ‖Ũ‖_F]
                   + (2/d)√(Δ/p) [‖ΔA‖_F ‖Ṽ‖_F + ‖A + ΔA‖_F ‖ΔṼ‖_F + r' ‖A‖_F ‖Ṽ‖_F],          r' = 2 p γ_p + γ_d + 4 u.
    """
    where = backend_at(place)
    finite, reference, U, V = drawn(where, QUICK, 40)
    (p, d), noise, u = reference.W.shape, -math.expm1(-2 * TIME), U.u + UNIT["float64"]
    norm, off, off_V = np.linalg.norm, distance(U, "fro"), np.linalg.norm(V.tolerance())
    eigenvalues, basis = np.linalg.eigh(U.value)
    low = eigenvalues[0] - off
    assert low > 0

    def filtered(tau):
        """f and |f'| at λ₋."""
        decayed = math.exp(-2 * noise * tau * d / p * low)
        rate = 0.0 if decayed == 0 else 2 * noise * tau * d / p * decayed
        return (1 - decayed) / low, ((1 - decayed) / low - rate) / low

    (f, slope), (f2, slope2) = filtered(tau), filtered(2 * tau)
    r = 2 * math.sqrt(p) * gamma(p, u) + 2 * p * u + 4 * u
    r_test = 2 * p * gamma(p, u) + gamma(d, u) + 4 * u
    size, largest = norm(V.value), norm(V.value, 2)
    bound_A = math.sqrt(p / noise) * (f * off_V + slope * largest * off + r * f * size)
    (A,) = numbers(where, gradient_flow(finite, tau))
    expected = (
        -math.sqrt(p / noise)
        * (V.value.T @ basis * -np.expm1(-2 * noise * tau * d / p * eigenvalues) / eigenvalues)
        @ basis.T
    )
    assert norm(A - expected) <= bound_A

    def loss(A, U, V):
        return 1 + 2 / d * math.sqrt(noise / p) * np.sum(A * V.T) + noise / (p * d) * np.sum(A @ U * A)

    curve = finite.training(tau)
    train = f2 * off_V * (2 * size + off_V) + size * largest * slope2 * off + (r + gamma(d, u)) * f2 * size**2
    assert abs(curve.train - loss(expected, U.value, V.value)) <= train / d
    U_fresh, V_fresh = population(np.tanh, 1.0, given(reference.W, where.dtype, rounded=True), TIME)
    a, a_off = norm(expected), bound_A
    quadratic = (2 * a + a_off) * a_off * norm(U_fresh.value, 2) + (a + a_off) ** 2 * norm(U_fresh.tolerance(), 2)
    linear = a_off * norm(V_fresh.value) + (a + a_off) * norm(V_fresh.tolerance()) + r_test * a * norm(V_fresh.value)
    test = noise / (p * d) * (quadratic + r_test * a**2 * norm(U_fresh.value)) + 2 / d * math.sqrt(noise / p) * linear
    assert abs(curve.test - loss(expected, U_fresh.value, V_fresh.value)) <= test
    print(
        "RATIO",
        where.dtype,
        tau,
        distance(U, 2) / eigenvalues[-1],
        bound_A / norm(expected),
        train / d / curve.train,
        test / curve.test,
    )


@everywhere
def test_the_bounds_in_float32_would_notice_a_part_in_ten_thousand(place):
    """They are of use only if they are narrow: below 1e-4 of the largest entry or eigenvalue, and 1e-12 in float64."""
    where = backend_at(place)
    _, _, U, V = drawn(where, MODEL, 10)
    narrow = 1e-4 if where.dtype == SINGLE else 1e-12
    for bound in (U, V):
        assert np.max(bound.tolerance()) < narrow * np.max(np.abs(bound.value))
    assert distance(U, 2) < narrow * np.linalg.norm(U.value, 2)


@pytest.mark.parametrize("place", places())
def test_every_time_and_bias_keeps_the_precision(place):
    """A float64 number of NumPy among float32 arrays makes float64 of them, without a word."""
    where = backend_at(place)
    model = RandomFeatureModel(activations.relu, 2, 1.5, TimeGrid((0.2, 0.7), (0.5, 0.5)), bias=0.5)
    finite = simulate(model, 8, 1, device=where.device, library=where.library, dtype=where.dtype)
    assert lives_there(where, finite.U, finite.V, *fresh_average(finite), gradient_flow(finite, 2.0))
    assert lives_there(where, *equivalent.of_fresh_data(where, MODEL, finite.W))


def test_modes_that_float32_cannot_tell_from_zero_are_refused():
    """Features of few directions: most of U's eigenvalues are rounding, and in float64 they are 0."""
    model = RandomFeatureModel(
        activations.linear if hasattr(activations, "linear") else activations.Activation("x"), 2, 1, 0.5
    )
    assert np.count_nonzero(simulate(model, 8, 0).modes.eigenvalues) == 8
    with pytest.raises(
        ValueError, match=r"dtype = 'float32' does not resolve the \d+ eigenvalues of U below .* allowed: 'float64'"
    ):
        simulate(model, 8, 0, dtype=SINGLE).training(1.0)
