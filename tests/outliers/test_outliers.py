"""Outliers: closed form against zeros of D between the edges, sum rules, spiked Wishart matrices, and finite networks."""

import mpmath
import numpy as np
import outlier_models
import pytest
from scipy.integrate import quad
from scipy.sparse.linalg import eigsh
from tolerances import STANDARD_ERRORS, digits, double

from theory import ConvergenceError, Gaussian, RandomFeatureModel
from theory import activations as A
from theory.digits import mp, to_mpc, to_mpf
from theory.equations import ScalarSystem, scalar_system_mpmath, solve
from theory.outliers import Outlier, outliers
from theory.outliers.closed_form import has_linear_part, outliers_of
from theory.outliers.gaps import zeros_in_gaps
from theory.outliers.means import fluctuation_outliers, mean_outlier
from theory.simulation import gradient_flow, relaxation_times
from theory.spectrum import Spectrum
from theory.symbolic import eliminate
from theory.symbolic import symbols as S
from theory.symbolic.evaluate import evaluator
from theory.training.signal import signal_curve

MODELS = {
    **outlier_models.MODELS,
    "power law": RandomFeatureModel(A.erf, 6, 3, 0.05, Gaussian.power_law(1.5, 20.0, nodes=12)),
}
SPIKES = (1e-3, 0.02, 0.2, 0.9, 1.7, 2.5, 6.0, 40.0, 1e4)


def strengths(model, variance):
    """What `zeros_in_gaps` takes for a data direction."""
    c, psi_p = model.coefficients(), float(model.psi_p)
    return psi_p * (c.a * model.decay) ** 2 * variance, psi_p * c.b2


@pytest.mark.parametrize("name", MODELS)
def test_closed_form_against_the_gaps(name):
    """The quadratic equation and its certificate, against signs of D at the edges and bisection between them."""
    model = MODELS[name]
    spectrum = model.spectrum()
    offset, count = model.coefficients().s2, 0
    for variance in SPIKES:
        found = sorted(o.eigenvalue - offset for o in outliers_of(spectrum, variance))
        expected = [z - offset for z in zeros_in_gaps(spectrum, *strengths(model, variance))]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-14)
        count += len(found)
    assert count >= 2


def test_all_kinds_of_gaps_are_seen():
    """One direction with an outlier above all and one below all; others in the gaps between."""
    model = RandomFeatureModel(A.erf, 8, 4, 0.01, Gaussian(spikes=(20.0, 0.3, 0.01)))
    spectrum = model.spectrum()
    found = outliers(spectrum)
    assert [o.spike for o in found] == [20.0, 0.3, 0.01, 0.3, 20.0]
    edges = np.array(spectrum.edges())
    assert [int(np.searchsorted(edges, o.eigenvalue)) for o in found] == [0, 2, 4, 4, 6]
    for outlier in found:
        assert not outlier.eigenvalue <= model.coefficients().s2
        assert outlier.training_time == pytest.approx(
            8 / (2 * model.noise_variance * outlier.eigenvalue), rel=double("identity")
        )


@pytest.mark.parametrize("name", ["three gaps", "few samples", "two eigenvalues", "linear"])
def test_condition_falls_along_every_gap(name):
    """At most one zero a gap."""
    model = MODELS[name]
    spectrum = model.spectrum()
    edges = spectrum.edges()
    ends = [(model.coefficients().s2 * (1 - 1e-3) - 1.0, edges[0]), *zip(edges[1:-1:2], edges[2::2], strict=True)]
    ends.append((edges[-1], 10 * edges[-1]))
    for low, high in ends:
        z = low + (high - low) * (np.arange(200) + 0.5) / 200
        z = z[np.abs(z - model.coefficients().s2) > 1e-9].astype(complex)
        (q, delta), _ = solve(spectrum.system, z - spectrum.offset)
        assert not np.isnan(q).any() and not q.imag.any()
        for variance in (0.1, 2.0, 30.0):
            samples, noise = strengths(model, variance)
            assert np.all(np.diff((1 / q + noise + samples / (1 + delta)).real) < 0)


@pytest.mark.parametrize("name", ["mean", "three gaps", "few features", "few samples", "two eigenvalues"])
@pytest.mark.parametrize("variance", [0.3, 1.0, 6.0])
def test_overlaps_are_what_the_bulk_leaves(name, variance):
    """μ_*, whose Stieltjes transform is 1/D, has mass 1 and the mean of D's expansion at infinity: bulk and outliers together."""
    model = MODELS[name]
    spectrum = model.spectrum()
    (samples, noise), c = strengths(model, variance), model.coefficients()

    def weight(lam):
        (q, delta), _ = solve(spectrum.system, lam.astype(complex) - spectrum.offset)
        return (1 / (1 / q + noise + samples / (1 + delta))).imag / q.imag

    found, s2 = outliers_of(spectrum, variance), c.s2

    def over_bulk(function):
        """Without the atom, on which w has no weight."""
        return spectrum.integrate(lambda lam: np.zeros(1) if np.all(lam == s2) else function(lam))

    mass = over_bulk(weight) + sum(o.overlap for o in found)
    mean = over_bulk(lambda lam: lam * weight(lam)) + sum(o.overlap * o.eigenvalue for o in found)
    assert mass == pytest.approx(1, rel=double("moment"))
    # D = −z + …: the mean is what remains of −D − z at infinity
    alpha2, variance_of_data = (c.a * model.decay) ** 2, model.data.variance
    expected = c.s2 + c.v2 + c.b2 + alpha2 * variance_of_data + samples + noise
    assert mean == pytest.approx(expected, rel=double("moment"))


@pytest.mark.parametrize("variance", [3.0, 0.3])
def test_more_digits(variance):
    model = RandomFeatureModel(A.erf, 8, 4, 0.01, Gaussian(spikes=(variance, 20)))
    spectrum = model.spectrum()
    fields = ("eigenvalue", "overlap", "data_overlap", "training_time")
    plain, ladder = outliers(spectrum), {dps: outliers(spectrum, dps) for dps in (30, 50)}
    assert len(plain) == len(ladder[30]) == len(ladder[50]) == 4
    for low, middle, high in zip(plain, ladder[30], ladder[50], strict=True):
        for name in fields:
            exact = getattr(high, name)
            assert isinstance(exact, mpmath.mpf)
            assert getattr(low, name) == pytest.approx(float(exact), rel=double("resolvent"))
            with mpmath.workdps(60):
                assert abs(getattr(middle, name) / exact - 1) < digits(30)


def test_fifty_digits_on_the_polynomial():
    """At the outlier the root of the resolvent polynomial makes D vanish, with 1/(1+δ) from the elimination."""
    model = RandomFeatureModel(A.erf, 8, 4, 0.01, Gaussian(spikes=(5,)))
    spectrum = model.spectrum()
    g_of, system = evaluator((eliminate()[S.g],), (S.q, S.z), "mpmath"), scalar_system_mpmath(spectrum.model, 50)
    for outlier in outliers(spectrum, 50):
        with mp.workdps(60):
            z = to_mpf(outlier.eigenvalue)
            q = to_mpc(spectrum.stieltjes(z, method="polynomial", dps=50)).real
            (g,) = g_of((q, z), system.parameters, system.nodes, system.weights)
            psi_p, _, alpha, b, *_ = system.parameters
            terms = 1 / q, psi_p * b**2, psi_p * 5 * alpha**2 * g
            assert abs(sum(terms)) < digits(47) * max(map(abs, terms))


def test_hellmann_feynman():
    """The overlap in data space through ∂z/∂b², here as a finite difference of the zero of D."""
    model = MODELS["three gaps"]
    spectrum, h = model.spectrum(), 1e-5
    for variance in (5.0, 0.3):
        for outlier in outliers_of(spectrum, variance):
            zs = []
            for sign in (-1, 1):
                system, b = spectrum.system, spectrum.system.parameters.b * np.sqrt(1 + sign * h)
                shifted = Spectrum(model, ScalarSystem(system.parameters._replace(b=b), system.nodes, system.weights))
                zs.append(
                    min(outliers_of(shifted, variance), key=lambda o: abs(o.eigenvalue - outlier.eigenvalue)).eigenvalue
                )
            slope = (zs[1] - zs[0]) / (2 * h * model.coefficients().b2)
            assert 8 * outlier.overlap / slope == pytest.approx(outlier.data_overlap, rel=1e-6)


# --- closed forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("psi_p", [0.5, 4.0])
@pytest.mark.parametrize("variance", [8.0, 0.01])
def test_many_samples_make_a_spiked_wishart_matrix(psi_p, variance):
    """ψ_n → ∞: U = s² + v² + W S W^T/d with S = α²Σ + b², and the classical formulas with γ = 1/ψ_p (Baik and Silverstein)."""
    model = RandomFeatureModel(A.erf, psi_p, 1e13, 0.05)
    c, gamma = model.coefficients(), 1 / psi_p
    alpha2 = (c.a * model.decay) ** 2
    unit, size = alpha2 + c.b2, alpha2 * variance + c.b2
    ell = size / unit
    wishart = unit * psi_p * ell * (1 + gamma / (ell - 1))
    cosine2 = (1 - gamma / (ell - 1) ** 2) / (1 + gamma / (ell - 1))
    found = [o for o in outliers_of(model.spectrum(), variance) if o.eigenvalue > 1.5 * (c.s2 + c.v2) or psi_p < 1]
    if abs(ell - 1) <= np.sqrt(gamma) or (ell < 1 and gamma > 1):
        assert not found
        return
    (outlier,) = found
    assert outlier.eigenvalue == pytest.approx(c.s2 + c.v2 + wishart, rel=1e-9)
    assert outlier.overlap == pytest.approx(wishart * cosine2 / (size * psi_p), rel=1e-8)
    assert outlier.data_overlap == pytest.approx(cosine2 / ell / (cosine2 / ell + 1 - cosine2), rel=1e-8)


@pytest.mark.parametrize("psi_p, psi_n", [(3.0, 2.0), (0.7, 5.0)])
def test_linear_network_is_a_product_of_spiked_wishart_matrices(psi_p, psi_n):
    """U = W S W^T/d with S = α²XX^T/n + b²: the spike makes an outlier of S, and that one an outlier of U."""
    variance, gamma = 9.0, 1 / psi_n
    model = RandomFeatureModel(A.linear, psi_p, psi_n, 0.1)
    c = model.coefficients()
    alpha2 = (c.a * model.decay) ** 2
    top = alpha2 * variance * (1 + gamma / (variance - 1)) + c.b2
    low, high = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2

    def density(x):
        return np.sqrt((high - x) * (x - low)) / (2 * np.pi * gamma * x)

    average, _ = quad(lambda x: density(x) * (alpha2 * x + c.b2) / (top - alpha2 * x - c.b2), low, high, epsabs=1e-13)
    found = max(o.eigenvalue for o in outliers_of(model.spectrum(), variance))
    assert found == pytest.approx(top * (psi_p + average), rel=double("quadrature"))


def test_a_strong_spike_memorizes_slowly():
    """λ* → ∞, ψ_p > 1 + ψ_n: the second outlier comes down to the atom, its distance falling as 1/λ*."""
    model = MODELS["three gaps"]
    c, spectrum = model.coefficients(), model.spectrum()
    alpha2 = (c.a * model.decay) ** 2
    low, high = sorted(outliers_of(spectrum, 1e6), key=lambda o: o.eigenvalue)
    assert low.eigenvalue - c.s2 == pytest.approx(c.v2 * c.b2 / (4e6 * alpha2) * (8 - 1 - 4), rel=1e-4)
    assert high.eigenvalue == pytest.approx(8 * alpha2 * 1e6, rel=1e-4)
    assert high.overlap == pytest.approx(1, abs=1e-5)


# --- where there is none ----------------------------------------------------------------------------------------


def test_none_below_the_threshold():
    for variance in (1.0, 1.5, 2.0):
        model = RandomFeatureModel(A.tanh, 4, 3, 0.3, Gaussian(spikes=(variance,)))
        assert outliers(model.spectrum()) == ()


def test_none_without_spikes():
    assert outliers(MODELS["three gaps"].spectrum()) == ()


@pytest.mark.parametrize("value", [0.5, 3])
def test_a_spike_on_the_spectrum_of_the_covariance_makes_none(value):
    model = RandomFeatureModel(A.erf, 30, 10, 0.02, Gaussian(MODELS["two eigenvalues"].data.spectrum, spikes=(value,)))
    assert outliers(model.spectrum()) == () and outliers(model.spectrum(), 30) == ()
    # nor does one next to it, however close
    for offset in (1e-3, 1e-6, *10.0 ** -np.arange(9, 16)):
        for variance in (value * (1 + offset), value * (1 - offset)):
            assert outliers_of(model.spectrum(), variance) == ()


def test_a_spike_that_differs_from_the_spectrum_by_rounding():
    model = RandomFeatureModel(A.erf, 4, 3, 0.3, Gaussian(((0.1 + 0.2, 1),), spikes=(0.3,)))
    assert outliers(model.spectrum()) == () and outliers(model.spectrum(), 40) == ()


@pytest.mark.parametrize("variance", [1e-300, 1e-60, 1e-20, 1e300])
def test_spikes_of_any_size(variance):
    """The weakest make none in this network; the strongest has z ≃ ψ_p α² λ*."""
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3)
    found = outliers_of(model.spectrum(), variance)
    c = model.coefficients()
    expected = [4 * (c.a * model.decay) ** 2 * variance] if variance > 1 else []
    assert [o.eigenvalue for o in found] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("activation", [A.cos, A.hermite(2), A.hermite(3)])
def test_none_without_a_linear_part(activation):
    model = RandomFeatureModel(activation, 4, 3, 0.2, Gaussian(spikes=(100.0,)))
    assert not has_linear_part(model.spectrum())
    assert outliers(model.spectrum()) == () and not signal_curve(model, [1.0, np.inf], 100.0).gain.any()


# --- finite matrices --------------------------------------------------------------------------------------------


def top_mode(finite):
    """(eigenvalue, overlap, data overlap) of the largest eigenvalue, for the spike along the first coordinate."""
    w = finite.W[:, 0]
    value, vector = eigsh(finite.U, 1, v0=w)
    v = vector[:, 0]
    return value[0], (v @ w) ** 2 / (w @ w), (v @ w) ** 2 / np.sum((finite.W.T @ v) ** 2)


def of_this_draw(spectrum, finite):
    """The outlier's limit for the sample variances that this draw happens to have along We and e: less noise to average over."""
    w, x = finite.W[:, 0], finite.X[0]
    samples, noise = strengths(finite.model, x @ x / x.size)
    return zeros_in_gaps(spectrum, samples * (w @ w) / w.size, noise * (w @ w) / w.size)[-1]


@pytest.mark.slow
@pytest.mark.parametrize("separation", [4, 9])
def test_against_the_network(separation):
    """Two clusters at ±m: within 3% at d = 400, coming closer as 1/d; overlaps within 0.05."""
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3, Gaussian(spikes=(1 + separation,)))
    spectrum = model.spectrum()
    (outlier,) = outliers(spectrum)
    errors = {}
    for d, draws in ((50, 16), (400, 2)):
        rows = []
        for seed in range(draws):
            finite = model.simulate(d, seed)
            value, *overlaps = top_mode(finite)
            rows.append((value / of_this_draw(spectrum, finite) - 1, *overlaps))
        errors[d], overlap, data_overlap = np.mean(rows, axis=0)
    assert abs(errors[400]) < 0.03 and abs(errors[400]) < 0.4 * abs(errors[50])
    assert abs(overlap - outlier.overlap) < 0.05 and abs(data_overlap - outlier.data_overlap) < 0.05


@pytest.mark.parametrize("features", ["equivalent", "network"])
def test_none_below_the_threshold_in_finite_matrices(features):
    model = RandomFeatureModel(A.tanh, 4, 3, 0.3, Gaussian(spikes=(1.5,)))
    found = [top_mode(model.simulate(150, seed, features=features)) for seed in range(3)]
    value, overlap, _ = np.mean(found, axis=0)
    assert value < 1.03 * model.spectrum().edges()[-1] and overlap < 0.2


def test_above_and_between_the_bulks_of_equivalents():
    model = RandomFeatureModel(A.erf, 8, 4, 0.01, Gaussian(spikes=(20.0, 0.3)))
    limits = [o for o in outliers(model.spectrum()) if o.eigenvalue > 0.5]
    rows = []
    for seed in range(5):
        finite = model.simulate(100, seed, features="equivalent")
        values, vectors = np.linalg.eigh(finite.U)
        row = []
        for limit, k in zip(limits, (1, 0), strict=True):
            w, near = finite.W[:, k], np.abs(np.log(values / limit.eigenvalue)) < 0.7
            overlap = (vectors.T @ w) ** 2 / (w @ w)
            i = int(np.argmax(np.where(near, overlap, 0)))
            row.append((values[i], overlap[i], overlap[i] * (w @ w) / np.sum((finite.W.T @ vectors[:, i]) ** 2)))
        rows.append(row)
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0) / 2
    expected = np.array([(o.eigenvalue, o.overlap, o.data_overlap) for o in limits])
    assert np.all(np.abs(mean - expected) < STANDARD_ERRORS * error + 0.03 * expected)


def test_below_the_bulk_of_equivalents():
    """The memorizing mode of a strong direction lies beneath all others, and W^T v points along it."""
    model = RandomFeatureModel(A.erf, 8, 4, 0.01, Gaussian(spikes=(20.0,)))
    low, _ = outliers(model.spectrum())
    finite = model.simulate(100, 0, features="equivalent")
    values, vectors = np.linalg.eigh(finite.U)
    null = (8 - 1 - 4) * 100
    v, w = vectors[:, null], finite.W[:, 0]
    assert values[null - 1] == pytest.approx(model.coefficients().s2, rel=1e-9)  # the atom ends here
    assert values[null] == pytest.approx(low.eigenvalue, rel=3e-3)
    assert (v @ w) ** 2 / np.sum((finite.W.T @ v) ** 2) == pytest.approx(low.data_overlap, abs=0.05)


# --- directions that are not of the data ------------------------------------------------------------------------


def test_mean_outlier():
    model = RandomFeatureModel(A.relu, 3, 2, 0.3)
    spectrum, c = model.spectrum(), model.coefficients()
    alpha2 = (c.a * model.decay) ** 2
    shift = c.s2 + c.b2 + alpha2 + c.v2 + 1.5 * (alpha2 + c.v2)
    assert mean_outlier(spectrum, 10**6) - 3e6 * c.kappa**2 == pytest.approx(shift, rel=1e-4)
    assert mean_outlier(spectrum, 10**9) / 3e9 == pytest.approx(c.kappa**2, rel=1e-8)
    for features, tolerance in (("equivalent", 0.01), ("network", 0.02)):
        values = [model.simulate(100, seed, features=features).eigenvalues[-1] for seed in range(6)]
        assert np.mean(values) == pytest.approx(mean_outlier(spectrum, 100), rel=tolerance)
    assert mean_outlier(MODELS["three gaps"].spectrum(), 100) is None  # odd
    assert mean_outlier(RandomFeatureModel(lambda x: np.tanh(x) + 0.01, 3, 2, 0.3).spectrum(), 1) is None


@pytest.mark.parametrize("t", [0.2, 0.9])
def test_fluctuation_outliers(t):
    """He_2: the two lie close together and repel each other at finite d, so that their sum is compared."""
    model = RandomFeatureModel(A.hermite(2), 4, 3, t)
    spectrum = model.spectrum()
    found = fluctuation_outliers(spectrum)
    assert len(found) == 2 and found[0] > spectrum.edges()[-1]
    draws = 6
    sums = [eigsh(model.simulate(120, seed).U, 2)[0].sum() for seed in range(draws)]
    assert np.mean(sums) == pytest.approx(
        sum(found), abs=STANDARD_ERRORS * np.std(sums) / np.sqrt(draws) + 0.03 * sum(found)
    )


def test_fluctuation_outliers_need_an_even_part_of_mean_zero():
    for name in ("three gaps", "mean", "linear"):
        assert fluctuation_outliers(MODELS[name].spectrum()) == ()
    assert len(fluctuation_outliers(RandomFeatureModel(A.polynomial([-1, 1, 1]), 4, 3, 0.2).spectrum())) == 1


# --- what the score learns --------------------------------------------------------------------------------------

TAU = np.array([0.0, 0.1, 1.0, 10.0, 1e3, np.inf])


@pytest.mark.parametrize("features", ["equivalent", "network"])
@pytest.mark.parametrize("name", ["hard edge", "few samples"])
def test_gain_against_finite_networks(name, features):
    base = MODELS[name]
    model = RandomFeatureModel(base.activation, base.psi_p, base.psi_n, base.t, Gaussian(spikes=(5.0,)))
    a, rows, ordinary = model.coefficients().a, [], []
    for seed in range(8):
        finite = model.simulate(80, seed, features=features)
        readout, (p, d) = gradient_flow(finite, TAU), finite.W.shape
        gains = a * np.einsum("tdp,pd->td", readout, finite.W) / np.sqrt(p * d)
        rows.append(gains[:, 0]), ordinary.append(gains[:, 1:].mean(axis=1))
    for simulated, variance in ((rows, 5.0), (ordinary, 1.0)):
        curve = signal_curve(model, TAU, variance)
        error = np.std(simulated, axis=0) / np.sqrt(8)
        assert np.all(np.abs(np.mean(simulated, axis=0) - curve.gain) <= STANDARD_ERRORS * error + 0.03 * np.abs(curve.gain))


def test_gain_of_a_well_trained_network_is_exact():
    """ψ_n ≫ ψ_p ≫ 1 and τ = ∞: the linear part of the score, whatever the direction."""
    model = RandomFeatureModel(A.linear, 1e4, 1e9, 0.3)
    for variance in (0.2, 1.0, 30.0):
        assert signal_curve(model, np.inf, variance).learned == pytest.approx(1, rel=1e-3)


def test_gain_at_small_times_and_parts():
    """dG/dτ = −2Δ_t a² ψ_p/ψ_p at τ = 0, for every direction; a strong direction is all outlier, and learns at its rate."""
    model = MODELS["hard edge"]
    c = model.coefficients()
    for variance in (0.3, 5.0):
        curve = signal_curve(model, [1e-6], variance)
        assert curve.gain[0] / 1e-6 == pytest.approx(-2 * model.noise_variance * c.a**2, rel=1e-4)
    (outlier,) = outliers_of(model.spectrum(), 1e5)
    tau = outlier.training_time * np.array([0.3, 1.0, 3.0])
    curve = signal_curve(model, tau, 1e5)
    assert curve.outlier_gain / signal_curve(model, np.inf, 1e5).outlier_gain == pytest.approx(
        1 - np.exp(-tau / tau[1]), rel=1e-9
    )
    assert curve.gain == pytest.approx(curve.outlier_gain, rel=1e-3)
    assert signal_curve(model, tau, 1.0).outlier_gain.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("psi_p", "psi_n", "t", "variance"), [(3, 10, 0.05, 0.01), (6, 50, 0.02, 0.001)])
def test_gain_of_an_outlier_below_the_bulk_of_a_linear_network(psi_p, psi_n, t, variance):
    """With s_t = 0 nothing bounds the spectrum from below but the outlier itself: the contour must go around it."""
    model = RandomFeatureModel(A.linear, psi_p, psi_n, t)
    (outlier,) = outliers_of(model.spectrum(), variance)
    assert outlier.eigenvalue < model.spectrum().edges()[0]
    curve = signal_curve(model, [1e-6, np.inf], variance)
    assert curve.gain[0] / 1e-6 == pytest.approx(-2 * model.noise_variance * model.coefficients().a ** 2, rel=1e-4)
    assert 1 < curve.gain[1] / curve.outlier_gain[1] < 1.3


def test_training_time_is_that_of_the_simulation():
    model = RandomFeatureModel(A.erf, 4, 3, 0.3, Gaussian(spikes=(5.0,)))
    (outlier,) = outliers(model.spectrum())
    finite = model.simulate(50, 0)
    assert outlier.training_time == pytest.approx(relaxation_times(finite, outlier.eigenvalue), rel=double("identity"))


# --- failures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spikes", [(-1.0,), (0.0,), (float("nan"),), (2.0, "a"), 3.0])
def test_invalid_spikes(spikes):
    with pytest.raises(ValueError, match=r"spikes = .*allowed"):
        Gaussian(spikes=spikes)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda s: outliers_of(s, -1.0), "variance"),
        (lambda s: outliers_of(s, np.inf), "variance"),
        (lambda s: outliers_of(s, 2.0, dps=0), "dps"),
        (lambda s: mean_outlier(s, 0), "d"),
        (lambda s: mean_outlier(s, 2.5), "d"),
        (lambda s: signal_curve(s.model, [-1.0], 2.0), "tau"),
        (lambda s: signal_curve(s.model, [1.0], -2.0), "variance"),
    ],
)
def test_invalid_input(call, name):
    with pytest.raises(ValueError, match=rf"^{name} .*allowed"):
        call(MODELS["three gaps"].spectrum())


def test_outliers_of_are_those_of_one_type_kind_and_time():
    with pytest.raises(ValueError, match="one feature type, one kind"):
        outliers_of(RandomFeatureModel(A.tanh, 4, 3, 0.3, bias=1.0).spectrum(), 2.0)


def test_an_uncertified_outlier_is_not_returned(monkeypatch):
    """A wrong point of the curve with the right slopes is caught by its residual."""
    from theory.outliers import closed_form as module

    right = module.curve_points
    monkeypatch.setattr(
        module, "curve_points", lambda *args: [(q, d, y * (1 + mpmath.mpf(10) ** -12)) for q, d, y in right(*args)]
    )
    with pytest.raises(ConvergenceError, match="not exact"):
        outliers_of(MODELS["hard edge"].spectrum(), 5.0)


def test_result_is_frozen():
    (outlier,) = outliers_of(MODELS["hard edge"].spectrum(), 5.0)
    assert isinstance(outlier, Outlier) and isinstance(outlier.eigenvalue, float)
    with pytest.raises(AttributeError):
        outlier.eigenvalue = 0.0
