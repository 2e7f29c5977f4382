"""The certificate of the losses measures the error it claims, and every loss that is returned has it."""

import numpy as np
import pytest
import sympy as sp

from theory import ConvergenceError, Gaussian, RandomFeatureModel, activations
from theory.digits import mp, to_mpf
from theory.equations import scalar_system_mpmath, solve
from theory.equations.scalar import refine
from theory.filters import filter_function, remainder
from theory.symbolic import symbols as S
from theory.symbolic import two_resolvents as symbolic
from theory.training import contour, losses
from theory.training.curves import flow_rate
from theory.training.digits import training_mpmath
from theory.training.scalar_kernel import (
    field_mpmath,
    fresh_residual,
    fresh_residual_mpmath,
    train_residual,
    train_residual_mpmath,
)
from theory.training.two_resolvents import population_kernel

THREE = Gaussian(((0.4, 0.3), (1.0, 0.2), (3.0, 0.5)))
CATALOGUE = ("tanh", "erf", "relu", "sin", "sign", "gelu", "softplus", "silu")
#: two numbers that each have the stated accuracy
AGREE = 2 * losses.TOLERANCE


def random_model(rng, psi_p=(0, 3), psi_n=(-3, 2.7), t=(-3, 0.3)):
    """Over the ranges (powers of ten) at which the losses were once wrong."""
    ratios = (10 ** rng.uniform(*powers) for powers in (psi_p, psi_n, t))
    return RandomFeatureModel(
        getattr(activations, rng.choice(CATALOGUE)), *ratios, data=THREE if rng.random() < 0.3 else Gaussian()
    )


def whole_course(model, points=12):
    """Training times from before the fastest mode moves to after the slowest has relaxed, and infinity."""
    low, high = losses.support_bounds(model.spectrum())
    return np.append(np.geomspace(1e-2 / high, 1e2 / low, points) / flow_rate(model), np.inf)


# --- the functions that are integrated -------------------------------------------------------------------------------


def test_fresh_residual_is_its_definition_as_a_rational_function():
    """1 − ψ_p b²(s₁ + s₂) + ψ_p b² F, F from the Hessian of the doubled action, at random rationals: exactly."""
    x1, x2, g1, g2 = symbolic.x1, symbolic.x2, symbolic.g1, symbolic.g2
    fields = {symbolic.q1: 1 / x1, symbolic.q2: 1 / x2, symbolic.delta1: 1 / g1 - 1, symbolic.delta2: 1 / g2 - 1}
    h1, h2 = (S.alpha**2 * S.lam * g + S.b**2 for g in (g1, g2))

    def in_moments(expression):
        for integral in expression.atoms(sp.Integral):
            integrand = S.integrand(integral).subs(fields)
            numerator = sp.Poly(sp.cancel(integrand * (x1 + S.psi_p * h1) * (x2 + S.psi_p * h2)), S.lam)
            replaced = sum(c * symbolic.MOMENTS[power] for (power,), c in numerator.terms())
            expression = expression.xreplace({integral: replaced})
        return expression.subs(fields)

    hessian, left, right, direct = symbolic.population_response()
    hessian, left, right = (matrix.applyfunc(in_moments) for matrix in (hessian, left, right))
    # ⟨1/(x₁ + ψ_p h₁)⟩ in the moments of two fields
    m0, m1, m2 = symbolic.MOMENTS
    s1, s2 = (x * m0 + S.psi_p * (S.b**2 * m0 + S.alpha**2 * g * m1) for x, g in ((x2, g2), (x1, g1)))
    # and that of 1, which fixes one moment
    both = sp.Poly(sp.expand((x1 + S.psi_p * h1) * (x2 + S.psi_p * h2)), S.lam)
    one = sum(c * symbolic.MOMENTS[power] for (power,), c in both.terms())
    rng = np.random.default_rng(0)
    symbols = (x1, x2, g1, g2, m0, m2, S.psi_p, S.psi_n, S.alpha, S.b, S.v, S.s_t)
    for _ in range(2):
        values = {symbol: sp.Rational(*map(int, rng.integers(1, 50, 2))) for symbol in symbols}
        (values[m1],) = sp.solve(one.subs(values) - 1, m1)
        response = (left.subs(values).T * hessian.subs(values).LUsolve(right.subs(values)))[0]
        F = (in_moments(direct).subs(values) - response) / S.psi_p
        expected = (1 - S.psi_p * S.b**2 * (s1 + s2) + S.psi_p * S.b**2 * F).subs(values)
        assert sp.nsimplify(expected) == sp.nsimplify(symbolic.fresh_residual().subs(values)) != 0


def test_residuals_against_the_two_resolvents():
    model = RandomFeatureModel(activations.tanh, 4, 3, 0.1, THREE)
    spectrum = model.spectrum()
    x = spectrum.solve(np.array([-0.2, 0.3 + 0.2j, 1 - 0.1j]))
    scale = 4 * model.coefficients().b2
    H, G = train_residual(spectrum.system, x), fresh_residual(spectrum.system, x, x)
    for i in range(3):
        for j in range(3):
            F = population_kernel(spectrum.system, *x[:, [i]], *x[:, [j]])[0]
            assert G[i, j] == pytest.approx(H[i] + H[j] - 1 + scale * F, rel=1e-11)


@pytest.mark.parametrize("seed", range(4))
def test_ridge_is_the_overlap_of_one_residual_with_itself(seed):
    """test(ζ) = G(−ζ, −ζ) needs no integral."""
    model = random_model(np.random.default_rng(seed))
    low, high = losses.support_bounds(model.spectrum())
    zeta = np.geomspace(0.1 * low, 10 * high, 7)
    x = model.spectrum().solve(-zeta + 0j)
    expected = np.diag(fresh_residual(model.spectrum().system, x, x)).real
    np.testing.assert_allclose(model.ridge(zeta).test, expected, rtol=AGREE)


@pytest.mark.parametrize("seed", range(6))
def test_train_loss_on_the_real_axis(seed):
    """L_train(τ) = L_train(∞) + ∫dμ e^{−2cτλ}/λ with the density of μ, by the quadrature of the bulks."""
    model = random_model(np.random.default_rng(seed), psi_p=(0, 2), psi_n=(-1, 2))
    spectrum, tau = model.spectrum(), whole_course(model)
    nodes, weights = spectrum._quadrature
    x, _ = solve(spectrum.system, nodes - spectrum.offset + 0j)
    # dμ/dρ = −Im H/Im q, ρ the law of U
    mass = weights * -train_residual(spectrum.system, x).imag / x[0].imag
    left = np.exp(-2 * flow_rate(model) * tau[:-1, None] * nodes) @ (mass / nodes)
    curve = model.training(tau)
    np.testing.assert_allclose(curve.train[:-1], curve.train[-1] + left, rtol=1e-8)


# --- the certificate ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_measured_error_is_no_less_than_the_error(seed):
    """With too few nodes as with enough: for the train loss, the test loss, and at every training time.

    From 64 nodes on, fewer than the solver ever starts with, the two rules are in the regime of geometric convergence.
    """
    model = random_model(np.random.default_rng(seed))
    rate = flow_rate(model) * whole_course(model)[:-1, None]
    exact = np.array(
        losses.losses(model, lambda z, rows: (filter_function(z, rate[rows]), remainder(z, rate[rows])), rate.size)
    )
    seen = []
    for count in (64, 96, 128, 192, 256):
        data = losses.residual_data(model, count)
        z = data.points.nodes
        values, claimed = losses.measured(data, filter_function(z, rate), remainder(z, rate))
        error = np.abs(values / exact - 1)
        assert np.all(error <= claimed + 1e-14)
        seen.append((error > losses.TOLERANCE).sum(axis=1))
    assert np.all(seen[0] > 5), "these nodes were not too few: nothing was tested"


def test_an_uncertified_loss_is_not_returned(monkeypatch):
    model = RandomFeatureModel(activations.tanh, 4, 3, 0.1)
    monkeypatch.setattr(losses, "MOST_NODES", 24)
    with pytest.raises(ConvergenceError, match=r"1 of 2 losses are not certified with 24 nodes"):
        model.training([1.0, np.inf])  # the second needs no contour


def test_the_example_that_was_wrong():
    model = RandomFeatureModel(activations.erf, 89.50099599627126, 0.39798483680439445, 0.004369439682241823)
    curve = model.training([177827.94100389228])
    assert curve.test[0] == pytest.approx(89.64937073479834, rel=1e-12)
    assert curve.train[0] == pytest.approx(0.0708580063826581, rel=1e-12)


@pytest.mark.parametrize(
    "model", [RandomFeatureModel(activations.erf, 0.5, 3, 1), RandomFeatureModel(activations.relu, 3, 2, 1, THREE)]
)
def test_against_high_precision(model):
    tau = whole_course(model, 6)[:-1]
    curve = model.training(tau)
    for k, (train, test) in enumerate(training_mpmath(model, tau.tolist(), 15)):
        assert curve.train[k] == pytest.approx(float(train), rel=AGREE)
        assert curve.test[k] == pytest.approx(float(test), rel=AGREE)


@pytest.mark.parametrize("seed", range(30))
def test_random_models_on_another_contour(seed, monkeypatch):
    """Another ellipse with other nodes and another base point: 30 models over the ranges that once failed."""
    model = random_model(np.random.default_rng(100 + seed))
    tau = whole_course(model)
    curve = model.training(tau)
    low, high = losses.support_bounds(model.spectrum())
    monkeypatch.setattr(contour, "MIDDLE", 0.4)
    data = losses.residual_data.__wrapped__(model, contour.count_for(low, high, 14))
    rate = flow_rate(model) * tau[:, None]
    single = -data.points.weights * filter_function(data.points.nodes, rate)
    test = 1 + data.points.integrate(-2 * filter_function(data.points.nodes, rate) * data.far)
    test = test + 2 * np.sum((single @ data.kernel + single.conj() @ data.mirror.T) * single, axis=1).real
    np.testing.assert_allclose(curve.test, test, rtol=1e-9)


def test_a_training_time_has_one_answer_whatever_stands_beside_it():
    rng = np.random.default_rng(7)
    for _ in range(3):
        model = random_model(rng)
        tau = whole_course(model)
        together = model.training(tau)
        for k, alone in enumerate(model.training(np.array([x])) for x in tau):
            assert alone.train[0] == pytest.approx(together.train[k], rel=1e-13)
            assert alone.test[0] == pytest.approx(together.test[k], rel=1e-13)


def test_a_small_train_loss_keeps_its_digits():
    """ψ_n ≪ 1 and many features: nearly all of the target is fitted, and 1 − ψ_p b² s(0) would lose six digits."""
    model = RandomFeatureModel(activations.erf, 1e5, 1e-3, 0.3)
    final = model.training(np.inf).train.item()
    assert 0 < final < 1e-5
    with mp.workdps(40):
        psi_p = to_mpf(model.psi_p)
        c = model.coefficients_mpmath(40)
        b2, alpha2 = (to_mpf(x) ** 2 for x in (c.b, to_mpf(c.a) * mp.exp(-to_mpf(model.t))))
        system = scalar_system_mpmath(model, 40)
        q, delta = refine(system, *model.spectrum().solve(np.array([0j]))[:, 0], -system.offset, 30)
        exact = 1 - psi_p * b2 / (1 / q + psi_p * (b2 + alpha2 / (1 + delta)))
        assert final == pytest.approx(float(exact.real), rel=losses.TOLERANCE)


def test_a_small_loss_above_an_atom_at_zero_keeps_its_digits():
    """Linear features, p > d, late: both losses are 1e-5, and U is singular at 0, where V vanishes."""
    model = RandomFeatureModel(activations.linear, 3e4, 1.1, 5.6)
    assert model.spectrum().atoms()[0][0] == 0
    curve, ridge = model.training(np.inf), model.ridge(1e-25)
    assert curve.train < curve.test < 2e-5
    np.testing.assert_allclose([curve.train, curve.test], [ridge.train, ridge.test], rtol=AGREE)
    # W W^T spans all of data space: what is fitted is x itself, and the loss of A = −V^T U^{-1} is that of the sample covariance
    low = np.exp(-2 * 5.6) / -np.expm1(-2 * 5.6)
    assert curve.test == pytest.approx(low, rel=0.01)


@pytest.mark.parametrize(
    "model",
    [
        RandomFeatureModel(activations.linear, 1 - 1e-5, 3, 0.2),  # next to a hard edge
        RandomFeatureModel(activations.erf, 1.5, 0.5, 1e-5),  # next to p = d + n, with hardly any s_t²
        RandomFeatureModel(activations.erf, 1e4, 1e-2, 1e-3),
        RandomFeatureModel(activations.relu, 30, 2, 3, THREE),
    ],
)
def test_training_forever_against_high_precision(model):
    """Without an integral, but the solution at z = 0 has an error of its own, which is claimed too."""
    spectrum = model.spectrum()
    curve, data = model.training(np.inf), losses.residual_data(model, 64)
    values, claimed = losses.measured(data, 1 / data.points.nodes[None], np.zeros((1, data.points.nodes.size)))
    assert (curve.train, curve.test) == (values[0, 0], values[1, 0])
    with mp.workdps(50):
        system = scalar_system_mpmath(spectrum.model, 40)
        field = field_mpmath(system, *refine(system, *spectrum.solve(np.array([0j]))[:, 0], -system.offset, 35))
        exact = [train_residual_mpmath(system, field), fresh_residual_mpmath(system, field, field)]
        for value, claim, number in zip(values[:, 0], claimed[:, 0], exact, strict=True):
            assert abs(value / float(number.real) - 1) < claim + 1e-14
            assert claim < losses.TOLERANCE


@pytest.mark.parametrize(
    "model",
    [
        RandomFeatureModel(activations.leaky_relu(0.99), 1e5, 0.03, 4e-5, THREE),  # hardly any nonlinear part
        RandomFeatureModel(activations.linear, 1 - 1e-9, 3, 0.2),  # a hard edge, but for a billionth of the features
    ],
)
def test_spectra_over_many_powers_of_ten(model, monkeypatch):
    low, high = losses.support_bounds(model.spectrum())
    assert low < 1e-15 * high
    tau = whole_course(model)
    curve, rate = model.training(tau), flow_rate(model) * tau[:, None]
    monkeypatch.setattr(contour, "MIDDLE", 0.45)
    data = losses.residual_data.__wrapped__(model, losses.MOST_NODES)
    values, _ = losses.measured(data, filter_function(data.points.nodes, rate), remainder(data.points.nodes, rate))
    np.testing.assert_allclose([curve.train, curve.test], values, rtol=AGREE)
