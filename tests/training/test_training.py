"""Training curves: the two-resolvent function, the contour, the losses, and what is read off them."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel, activations
from theory.filters import check_tau, filter_function
from theory.symbolic import symbols as S
from theory.symbolic import two_resolvents as symbolic
from theory.symbolic.evaluate import evaluator
from theory.symbolic.saddle_equations import saddle_point
from theory.training import contour
from theory.training.digits import training_mpmath
from theory.training.early_stopping import best_regularization
from theory.training.memorization import memorization_eigenvalue
from theory.training.phases import ARCHITECTURAL, DYNAMICAL, MEMORIZATION, phase_diagram
from theory.training.two_resolvents import population_kernel

TWO_ATOMS = Gaussian(((0.5, 0.5), (1.5, 0.5)))
TIMES = np.append(np.geomspace(1e-3, 1e8, 60), np.inf)
MODELS = {
    "square": RandomFeatureModel(activations.tanh, 4, 3, 0.1),
    "atom": RandomFeatureModel(activations.erf, 6, 1.5, 0.2),
    "p < n": RandomFeatureModel(activations.tanh, 2, 6, 0.3),
    "two eigenvalues": RandomFeatureModel(activations.relu, 4, 3, 0.1, data=TWO_ATOMS),
}


@pytest.fixture(params=MODELS, scope="module")
def model(request):
    return MODELS[request.param]


def _response(model, left, right, z1, z2):
    """(1/p) Tr[Q(z1) M Q(z2) N] for M, N given as coefficients of (1, WΣW^T/d, WW^T/d)."""
    r = symbolic.linear_response()
    left, right = sp.Matrix(left), sp.Matrix(right)
    a, b = r.mixed.T * left, r.mixed.T * right
    direct = (left.T * r.sources * right)[0]
    expressions = (*r.hessian, *a, *b, direct)
    spectrum = model.spectrum()
    (q1, d1), (q2, d2) = spectrum.solve(z1), spectrum.solve(z2)
    variables = (symbolic.q1, symbolic.delta1, symbolic.q2, symbolic.delta2)
    system = spectrum.system
    values = evaluator(expressions, variables, "numpy")((q1, d1, q2, d2), system.parameters, system.nodes, system.weights)
    values = np.array([np.broadcast_to(v, z1.shape) for v in values])
    hessian = np.moveaxis(values[:9].reshape(3, 3, -1), -1, 0)
    response = np.linalg.solve(hessian, values[12:15].T[:, :, None])[:, :, 0]
    return (values[15] - np.sum(values[9:12].T * response, axis=1)) / float(model.psi_p)


Z1, Z2 = np.array([-0.2, 0.3 + 0.2j, 1.0 + 0.1j, -1.0]), np.array([-0.5, 0.1 + 0.4j, 0.2 + 0.3j, -0.01 + 0.1j])


def test_resolvent_identity_is_an_exact_oracle_for_the_linear_response(model):
    # (1/p) Tr Q(z1) Q(z2) N = (1/p) Tr [Q(z1) − Q(z2)] N/(z1 − z2), for N = 1 (q) and N = WW^T/d (s)
    spectrum = model.spectrum()
    q1, q2 = spectrum.stieltjes(Z1), spectrum.stieltjes(Z2)
    assert np.allclose(_response(model, (1, 0, 0), (1, 0, 0), Z1, Z2), (q1 - q2) / (Z1 - Z2), rtol=1e-9)
    system = spectrum.system
    s_of = evaluator((saddle_point().s,), (S.q, S.delta), "numpy")
    s1, s2 = (s_of(spectrum.solve(z), system.parameters, system.nodes, system.weights)[0] for z in (Z1, Z2))
    assert np.allclose(_response(model, (1, 0, 0), (0, 0, 1), Z1, Z2), (s1 - s2) / (Z1 - Z2), rtol=1e-9)


def test_kernel_is_symmetric_and_conjugates(model):
    spectrum = model.spectrum()
    first, second = spectrum.solve(Z1), spectrum.solve(Z2)
    kernel = population_kernel(spectrum.system, *first, *second)
    assert np.allclose(kernel, population_kernel(spectrum.system, *second, *first), rtol=1e-11)
    conjugate = population_kernel(spectrum.system, *(x.conj() for x in (*first, *second)))
    assert np.allclose(kernel.conj(), conjugate, rtol=1e-11)


def test_kernel_equals_the_response_to_the_population_matrix(model):
    c, decay = model.coefficients(), model.decay
    population = (c.v2 + c.s2, (c.a * decay) ** 2, c.b2)
    spectrum = model.spectrum()
    kernel = population_kernel(spectrum.system, *spectrum.solve(Z1), *spectrum.solve(Z2))
    assert np.allclose(kernel, _response(model, population, (0, 0, 1), Z1, Z2), rtol=1e-10)


def test_contour_integrates_a_cauchy_kernel():
    points = contour.ellipse(0.01, 5.0, 256)
    for pole in (0.02, 0.5, 4.9):
        assert abs(points.integrate(1 / (points.nodes - pole)) - 1) < 1e-9
    assert abs(points.integrate(1 / (points.nodes + 1))) < 1e-9
    assert points.nodes.real.min() > 0
    # the other half, spelled out
    z, w = (np.concatenate([x, x.conj()]) for x in (points.nodes, points.weights))
    assert np.isclose(points.integrate(points.nodes**-2 * np.exp(points.nodes)), np.sum(w * z**-2 * np.exp(z)))


def test_filter_function_limits():
    assert filter_function(0.0, 3.0) == 3.0
    assert filter_function(2.0, np.inf) == 0.5
    assert np.isclose(filter_function(1e-12, 5.0), 5.0, rtol=1e-10)


def first_and_second_derivative(model):
    """L'(0) and L''(0), of train and test loss alike, from moments of Gaussian matrices and an integral over σ'.

    L = 1 − 2cτ m₀ + 2c²τ² m₁ + …, where m₀ = |V|²/d and m₁ = (1/d) Tr V^TUV = ψ_p b² (1/p) Tr UWW^T/d, each factor of which is
    known: (1/p) Tr (WW^T/d)² = 1 + ψ_p, and the same times σ_x² with Σ between.
    """
    t, psi_p = float(model.t), float(model.psi_p)
    decay2, delta = np.exp(-2 * t), 1 - np.exp(-2 * t)
    variance = sum(value * weight for value, weight in model.data.spectrum)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    x, weights = np.sqrt(decay2 * variance + delta) * nodes, weights / weights.sum()
    values = model.activation(x)
    if model.activation == activations.relu:
        slope, mean, square = 0.5, np.sqrt(decay2 * variance + delta) / np.sqrt(2 * np.pi), (decay2 * variance + delta) / 2
    else:
        slope = weights @ (x * values) / (decay2 * variance + delta)  # E σ' by parts
        mean, square = weights @ values, weights @ values**2
    b2, alpha2 = slope**2 * delta, slope**2 * decay2
    rest = square - mean**2 - b2 - alpha2 * variance  # v² + s²
    m0, m1 = psi_p * b2, psi_p * b2 * ((alpha2 * variance + b2) * (1 + psi_p) + rest)
    c = 2 * delta / psi_p
    return -2 * c * m0, 4 * c**2 * m1


def test_beginning_of_the_curves(model):
    """What is left after slope and curvature is of third order: an eighth of it at half the time."""
    slope, curvature = first_and_second_derivative(model)
    fastest = 2 * model.noise_variance / float(model.psi_p) * model.spectrum().edges()[-1]
    tau = np.array([0.02, 0.01]) / fastest
    for loss in ("train", "test"):
        rest = getattr(model.training(tau), loss) - (1 + slope * tau + curvature * tau**2 / 2)
        assert rest[0] / rest[1] == pytest.approx(8, rel=0.02)
        assert np.all(np.abs(rest) < 0.02 * curvature * tau**2)


def test_ends_of_the_curves(model):
    curve, ridge = model.training([0.0, np.inf]), model.ridge([0.0, 1e12])
    assert curve.train[0] == curve.test[0] == 1
    assert np.isclose(curve.train[-1], ridge.train[0], rtol=1e-9)
    assert np.isclose(curve.test[-1], ridge.test[0], rtol=1e-9)
    assert np.allclose([ridge.train[1], ridge.test[1]], 1, atol=1e-9)


def test_score_error_begins_at_the_mean_square_of_the_score_and_falls_with_the_test_loss(model):
    """At A = 0 it is (1/d) E|∇log P_t|² = ∫ρ_Σ 1/(e^{−2t}λ + Δ_t); then Δ_t times its change is that of the test loss."""
    curve, delta = model.training([0.0, 1.0, 1e3, np.inf]), 1 - np.exp(-2 * float(model.t))
    score2 = sum(weight / ((1 - delta) * value + delta) for value, weight in model.data.spectrum)
    assert curve.score_error[0] == pytest.approx(score2, rel=1e-12)
    assert delta * (curve.score_error[0] - curve.score_error[1:]) == pytest.approx(1 - curve.test[1:], rel=1e-9)


def test_train_loss_falls_and_no_test_loss_beats_the_exact_score(model):
    curve = model.training(TIMES)
    assert np.all(np.diff(curve.train) < 1e-11)
    assert np.all(curve.score_error > 0)
    assert np.all(curve.generalization_gap > -1e-10)


def test_population_limit_has_no_gap():
    model = RandomFeatureModel(activations.tanh, 2, 1e7, 0.3)
    curve = model.training([1.0, 1e2, np.inf])
    assert np.all(np.abs(curve.generalization_gap) < 1e-5)


def test_double_precision_against_twenty_digits():
    model = RandomFeatureModel(activations.erf, 0.5, 6, 0.8)
    tau = np.geomspace(1e-3, 1e8, 10)
    curve = model.training(tau)
    for k, (train, test) in enumerate(training_mpmath(model, tau.tolist(), 20)):
        assert abs(curve.train[k] / float(train) - 1) < 1e-8
        assert abs(curve.test[k] / float(test) - 1) < 1e-8


def test_ridge_against_a_direct_solve():
    model = MODELS["square"]
    d, zeta = 200, 0.05
    finite = model.simulate(d, seed=3, features="equivalent")
    A = np.linalg.solve(finite.U + zeta * np.eye(finite.U.shape[0]), finite.V).T
    train = 1 + np.sum((A @ finite.U) * A) / d - 2 * np.sum(A * finite.V.T) / d
    assert abs(model.ridge(zeta).train / train - 1) < 0.01


def _deviation(model, d, seed, features):
    finite, limit = model.simulate(d, seed, features=features).training(TIMES), model.training(TIMES)
    return {x: np.max(np.abs(getattr(finite, x) / getattr(limit, x) - 1)) for x in ("train", "test", "score_error")}


@pytest.mark.parametrize("features", ["equivalent", "network"])
@pytest.mark.parametrize("name", MODELS)
def test_finite_flow_at_d_200(name, features):
    """Over the whole range of τ. The score error is a small difference of the test loss and what no network goes below."""
    model = MODELS[name]
    if name == "two eigenvalues":
        model = replace(model, activation=activations.erf)
    deviation = _deviation(model, 200, 0, features)
    assert deviation["train"] < 0.01 and deviation["test"] < 0.01 and deviation["score_error"] < 0.04


def test_finite_flow_approaches_the_limit():
    small, large = (
        np.mean([list(_deviation(MODELS["square"], d, seed, "network").values()) for seed in range(6)], axis=0)
        for d in (30, 120)
    )
    assert np.all(large < 0.5 * small)


def test_memorization_time_is_proportional_to_n_where_features_abound():
    psi_n = np.geomspace(10, 1000, 7)
    times = [RandomFeatureModel(activations.tanh, 1e5, x, 0.1).timescales() for x in psi_n]
    exponent = np.polyfit(np.log(psi_n), np.log([t.tau_mem for t in times]), 1)[0]
    assert abs(exponent - 1) < 0.03
    # The local exponent drifts through 1: 1/ψ_n corrections at one end of the two decades, ψ_n/ψ_p at the other.
    assert abs(times[3].mem_exponent - 1) < 0.01
    assert times[0].mem_exponent > 1 > times[-1].mem_exponent
    # while the generalization time moves by less than a factor two over these two decades
    assert max(t.tau_gen for t in times) / min(t.tau_gen for t in times) < 2


def test_timescales_hold_their_definitions():
    model = RandomFeatureModel(activations.tanh, 64, 8, 0.05)
    times = model.timescales(within=0.05, gap_fraction=0.5)
    at_gen, at_mem, at_best, final = (model.training(x) for x in (times.tau_gen, times.tau_mem, times.tau_best, np.inf))
    assert np.isclose(at_gen.test - times.best_test, 0.05 * (1 - times.best_test), rtol=1e-6)
    assert np.isclose(at_mem.generalization_gap, 0.5 * final.generalization_gap, rtol=1e-6)
    assert np.isclose(at_best.test, times.best_test, rtol=1e-12)
    assert model.training(times.tau_best * 1.05).test > times.best_test < model.training(times.tau_best / 1.05).test
    edges = model.spectrum().edges()
    rate = 2 * model.noise_variance / 64
    assert np.isclose(times.tau_gen_edge, 1 / (rate * edges[-2]))
    assert np.isclose(times.tau_mem_edge, 1 / (rate * edges[1]))


def test_memorizing_modes_are_the_lowest_interval_and_carry_the_gap():
    # three intervals at small t: d memorizing modes, the n − d that V does not see, d of the population
    model = RandomFeatureModel(activations.tanh, 64, 8, 0.01)
    edges = model.spectrum().edges()
    assert len(edges) == 6
    assert edges[0] < memorization_eigenvalue(model)[0] < edges[1]
    d = 20
    eigenvalues, _, quadratic = model.simulate(d, seed=1, features="equivalent").flow_matrices
    off_atom = eigenvalues > (model.coefficients().s2 + edges[0]) / 2
    lowest = off_atom & (eigenvalues < edges[1] * 2)
    assert lowest.sum() == d
    test = quadratic / eigenvalues[:, None] / eigenvalues[None, :]
    assert test[np.ix_(lowest, lowest)].sum() > 0.9 * test[np.ix_(off_atom, off_atom)].sum()


def test_memorizing_eigenvalue_is_approached_as_both_ratios_grow():
    errors = []
    for scale in (1, 8):
        model = RandomFeatureModel(activations.tanh, 400 * scale**2, 20 * scale, 0.02)
        low, high = model.spectrum().edges()[:2]
        assert low < memorization_eigenvalue(model)[0] < high
        errors.append(high / memorization_eigenvalue(model)[0] - 1)
    assert errors[1] < errors[0] / 2


def test_timescales_without_a_second_bulk():
    assert RandomFeatureModel(activations.tanh, 0.5, 3, 0.3).timescales().tau_mem_edge is None


def test_best_regularization_against_a_grid():
    model = MODELS["square"]
    best = best_regularization(model)
    grid = np.geomspace(1e-4, 1e4, 4001)
    assert abs(best.ridge - model.ridge(grid).test.min()) < 1e-6
    assert best.early_stopping <= model.training(grid).test.min() + 1e-12
    assert np.isclose(best.unregularized, model.training(np.inf).test)


def test_phase_diagram_has_three_phases():
    model = RandomFeatureModel(activations.tanh, 1, 1, 0.05)
    diagram = phase_diagram(model, [1, 16], [1, 16], tau=1e3, jobs=1, progress=False)
    assert diagram.phase.tolist() == [[MEMORIZATION, ARCHITECTURAL], [MEMORIZATION, DYNAMICAL]]
    curve = RandomFeatureModel(activations.tanh, 16, 16, 0.05).training([1e3, np.inf])
    assert np.allclose([diagram.gap[1, 1], diagram.final_gap[1, 1]], curve.generalization_gap)


def test_singular_u_trained_forever():
    # nm < p drawn noise vectors leave U singular: nothing is learned in its null space, and no loss diverges
    finite = RandomFeatureModel(activations.tanh, 4, 1, 0.3).simulate(20, noise_draws=2)
    curve = finite.training([1e15, np.inf])
    assert np.isclose(curve.train[0], curve.train[1], rtol=1e-6) and np.isclose(curve.test[0], curve.test[1], rtol=1e-6)
    assert 0 <= curve.train[1] < curve.test[1] < np.inf


@pytest.mark.parametrize("tau", [-1.0, [1.0, -0.5], np.nan, [1.0, np.nan], "soon"])
def test_bad_training_times(tau):
    with pytest.raises(ValueError, match=r"tau.*allowed: tau >= 0"):
        check_tau(tau)
    with pytest.raises(ValueError, match="tau"):
        MODELS["square"].training(tau)


def test_other_bad_arguments():
    model = MODELS["square"]
    with pytest.raises(ValueError, match=r"zeta holds -1.0; allowed: zeta >= 0"):
        model.ridge([1.0, -1.0])
    with pytest.raises(ValueError, match=r"within = 0 is out of range; allowed: 0 < within < 1"):
        model.timescales(within=0)
    with pytest.raises(ValueError, match=r"gap = -1 .*allowed: a finite real number > 0"):
        phase_diagram(model, [1], [1], 1.0, gap=-1)


def test_shapes():
    model = MODELS["square"]
    assert model.training(1.0).test.shape == ()
    assert model.training(np.ones((2, 3))).score_error.shape == (2, 3)
    assert model.training([]).train.shape == (0,)


def test_even_activation_learns_nothing():
    # b = 0: the features carry no linear information on the noise
    curve = RandomFeatureModel(activations.cos, 4, 3, 0.1).training(TIMES)
    assert np.allclose([curve.train, curve.test], 1)


def test_derivation_is_cached():
    assert symbolic.linear_response() is symbolic.linear_response()
    assert S.q not in symbolic.linear_response().hessian.free_symbols
