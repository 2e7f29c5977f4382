"""Late and extreme times: the limit in which samples and data are rounded away from U, reached without a jump, and what lies far off."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from tolerances import digits, double

from theory import Gaussian, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings.gaussian_equivalence import coefficients
from theory.equations.late_times import is_limit
from theory.outliers.bbp import critical_spike, critical_time, windows
from theory.outliers.closed_form import outliers_of
from theory.symbolic import symbols as S
from theory.symbolic.late_times import late_limit
from theory.training.signal import signal_curve

ODD = {"tanh": A.tanh, "erf": A.erf, "linear": A.linear}
ACTIVATIONS = ODD | {
    "ReLU": A.relu,
    "GELU": A.gelu,
    "softplus": A.softplus,
    "callable": A.Activation(np.tanh, name="callable"),
}
CONTINUUM = Gaussian.power_law(1.2, nodes=10)
SEVERAL = Gaussian(((0.1, 0.3), (1, 0.3), (10, 0.4)), (5.0,))


def late_law(model):
    """(edges, atoms) of b² WW^T/d + s², b and s those of data of variance 0: what is left at t = ∞."""
    c = coefficients(model.activation, 400, 1.0)
    edges = [c.s2 + c.b2 * (1 + sign * np.sqrt(model.psi_p)) ** 2 for sign in (-1, 1)]
    return edges, [(c.s2, 1 - 1 / model.psi_p)] if model.psi_p > 1 else []


def test_the_published_limit():
    """tanh, ψ_p = 2, ψ_n = 3."""
    for t in (21, 37, 100, 800):
        spectrum = RandomFeatureModel(A.tanh, 2, 3, t).spectrum()
        assert spectrum.edges() == pytest.approx((0.0903618, 2.1657438), abs=1e-7)
        ((location, weight),) = spectrum.atoms()
        assert (location, weight) == (pytest.approx(0.0274153, abs=1e-7), pytest.approx(0.5, rel=1e-12))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_has_its_limit(name):
    for psi_p, t, data in ((0.3, 30, SEVERAL), (1, 130, Gaussian()), (300.0, 30, CONTINUUM), (2, 150, SEVERAL)):
        spectrum = RandomFeatureModel(ACTIVATIONS[name], psi_p, 3, t, data).spectrum()
        edges, atoms = late_law(spectrum.model)
        assert spectrum.edges() == pytest.approx(edges, rel=double("edge"), abs=1e-15)
        assert np.array(spectrum.atoms()) == pytest.approx(np.array(atoms), rel=1e-10)
        assert spectrum.integrate(np.ones_like) == pytest.approx(1, abs=1e-9)
        point = np.mean(edges)
        inside = np.sqrt((point - edges[0]) * (edges[1] - point)) / (2 * np.pi * psi_p * (point - spectrum.offset))
        assert spectrum.density(point) * spectrum.model.coefficients().b2 == pytest.approx(inside, rel=double("resolvent"))
        assert spectrum.outliers() == ()


@pytest.mark.parametrize("psi_p", [0.5, 2])
def test_the_limit_is_reached_without_a_jump(psi_p):
    """Against 60 digits, where nothing underflows, and to first order in α²: b² + α²σ_x² in place of b², relative error α⁴."""
    for t in (5, 8, 12, 21, 36, 60):
        model = RandomFeatureModel(A.erf, psi_p, 3, t, Gaussian(((0.5, 0.5), (1.5, 0.5))))
        spectrum, c = model.spectrum(), model.coefficients()
        scale = c.b2 + (c.a * model.decay) ** 2
        expected = [c.s2 + scale * (1 + sign * np.sqrt(psi_p)) ** 2 for sign in (-1, 1)]
        assert spectrum.edges()[-2:] == pytest.approx(expected, rel=10 * np.exp(-4 * t) + double("edge"))
        exact = spectrum.edges(dps=60)
        assert spectrum.edges()[-2:] == pytest.approx([float(edge) for edge in exact[-2:]], rel=double("edge"))
        # the samples' interval, of width v² next to s²: there while so many digits resolve it
        assert len(exact) == (4 if psi_p > 1 and c.v2 > 1e-58 * c.s2 else 2)


def test_more_digits_agree_in_the_limit():
    spectrum = RandomFeatureModel(A.erf, 2, 3, 50).spectrum()
    thirty, fifty = spectrum.edges(dps=30), spectrum.edges(dps=50)
    c = spectrum.model.coefficients(60)
    with mpmath.workdps(60):
        expected = [c.s**2 + c.b**2 * (1 + sign * mpmath.sqrt(2)) ** 2 for sign in (-1, 1)]
        for one, other, third in zip(thirty, fifty, expected, strict=True):
            assert abs(one / other - 1) < digits(30) and abs(third / other - 1) < mpmath.mpf(10) ** -40


@pytest.mark.parametrize("activation", [A.hermite(2), A.cos])
def test_without_a_linear_part_an_atom_is_left(activation):
    """a = b = 0: U = s² + v² ΩΩ^T/n, whose interval is narrower than rounding from some time on; then v² underflows."""
    resolved = RandomFeatureModel(activation, 2, 3, 4).spectrum()
    assert len(resolved.edges()) == 2 and resolved.atoms() == ()
    for t in (15, 40, 100, 800):
        spectrum = RandomFeatureModel(activation, 2, 3, t, Gaussian(spikes=(5.0,))).spectrum()
        assert spectrum.edges() == () and spectrum.outliers() == ()
        ((location, weight),) = spectrum.atoms()
        assert location == pytest.approx(spectrum.model.coefficients().s2, rel=1e-14) and weight == pytest.approx(
            1, rel=1e-10
        )
        assert spectrum.stieltjes(-1.0) == pytest.approx(1 / (location + 1), rel=double("resolvent"))
        assert spectrum.density([0.1, location * 1.01]).tolist() == [0, 0]
        assert critical_spike(spectrum.model) == np.inf and windows(spectrum) == ()


@pytest.mark.parametrize("name", ["tanh", "ReLU", "callable"])
def test_the_nonlinear_part_keeps_its_digits(name):
    """v² = Σ_{k≥2} μ_k² ρ^k/k! against 50 digits of the first two terms; below t = 2 no longer by that sum."""
    previous = None
    for t in (2.2, 2.4, 5, 20, 50):
        v, model = coefficients(ACTIVATIONS[name], t, 1.0).v, ODD["tanh"] if name == "callable" else ACTIVATIONS[name]
        first = 3 if model is A.tanh else 2
        if previous:
            power = np.log(v / previous[1]) / (previous[0] - t)
            assert power == pytest.approx(first, rel=2e-2 if t == 2.4 else 1e-3)
        previous = t, v
    # μ_2 of ReLU is 1/√(2π); of tanh μ_3 = E tanh(z) He_3(z)
    with mpmath.workdps(25):
        moment = mpmath.quad(lambda z: mpmath.tanh(z) * (z**3 - 3 * z) * mpmath.npdf(z), [-12, -4, 0, 4, 12])
        leading = abs(moment) / mpmath.sqrt(6) if first == 3 else 1 / mpmath.sqrt(4 * mpmath.pi)
        assert v == pytest.approx(float(leading * mpmath.exp(-50 * first)), rel=1e-12)


def test_thresholds_grow_without_bound():
    """λ*_c = b²/(√ψ_p α²) late; the outlier of a spike that grows with it is where a spiked Wishart matrix has it."""
    for t in (18, 60, 130, 300):
        model = RandomFeatureModel(A.erf, 4, 3, t)
        expected = mpmath.exp(2 * t) / 2
        assert critical_spike(model) == pytest.approx(float(expected), rel=1e-10)
        assert abs(critical_spike(model, dps=25) / expected - 1) < 1e-12
        c, spectrum = model.coefficients(), model.spectrum()
        strength = float(mpmath.exp(2 * t)) * 2.0
        (above,) = outliers_of(spectrum, strength)
        # 1 + ℓ times noise along the spike, with ℓ = α²λ*/b² = 2 at p/d = 4: (1 + ℓ)(ψ_p + 1/ℓ)
        assert above.eigenvalue == pytest.approx(c.s2 + c.b2 * 3 * 4.5, rel=1e-11)
        assert above.overlap == pytest.approx(1 - 1 / (4 * 2**2), rel=1e-10)
    assert critical_spike(RandomFeatureModel(A.erf, 4, 3, 500)) == np.inf


def test_the_time_at_which_a_strong_direction_drowns():
    model = RandomFeatureModel(A.erf, 4, 3, 1)
    assert critical_time(model, 1e30) == pytest.approx((np.log(1e30) + np.log(2)) / 2, rel=1e-10)


def test_the_signal_of_a_direction_late():
    curve = signal_curve(RandomFeatureModel(A.tanh, 2, 3, 40), [0.0, 1.0, np.inf], 2.0)
    assert curve.gain[0] == 0 and curve.gain[1] < 0 and curve.exact == pytest.approx(-1)


def test_a_late_node_of_a_grid():
    """One type, one kind, one node in the general equations: the same limit."""
    for t in (25, 200):
        scalar, general = (RandomFeatureModel(A.tanh, 2, 3, at).spectrum() for at in (t, TimeGrid((t,), (1,))))
        assert general.edges() == pytest.approx(scalar.edges(), rel=double("edge"))
        assert np.array(general.atoms()) == pytest.approx(np.array(scalar.atoms()), rel=1e-10)


def test_a_late_node_without_a_linear_part():
    for t in (60, 200):
        spectrum = RandomFeatureModel(A.cos, 2, 3, TimeGrid((t,), (1,))).spectrum()
        assert spectrum.edges() == () and np.array(spectrum.atoms()) == pytest.approx(
            np.array(RandomFeatureModel(A.cos, 2, 3, t).spectrum().atoms()), rel=1e-10
        )
        assert spectrum.integrate(lambda lam: lam) == pytest.approx(spectrum.atoms()[0][0]) and spectrum.outliers() == ()


def test_derivation():
    """The limit's quadratic equation is solved by the Marchenko–Pastur transform, its edges are (1 ± √ψ_p)²b², its q the double roots."""
    limit = late_limit()
    root = sp.sqrt(S.psi_p)
    for sign, edge, q in zip((-1, 1), limit.edges, limit.q, strict=True):
        assert sp.simplify(edge - S.b**2 * (1 + sign * root) ** 2) == 0
        at_edge = limit.quadratic.as_expr().subs(S.z, edge)
        assert sp.simplify(at_edge.subs(S.q, q)) == 0 and sp.simplify(sp.diff(at_edge, S.q).subs(S.q, q)) == 0
    assert limit.quadratic.degree() == 2


def test_the_limit_is_solved_in_closed_form_only_where_it_is_one():
    assert not is_limit(RandomFeatureModel(A.tanh, 2, 3, 100).spectrum().system)
    late, limit = (RandomFeatureModel(A.tanh, 2, 3, t).spectrum() for t in (100, 130))
    assert is_limit(limit.system)
    z = np.array([-1.0, 0.05, 0.5, 3.0, 0.5 + 0.1j, 2.2 - 1e-6j, -1e-3 + 1e-9j])
    assert limit.stieltjes(z) == pytest.approx(late.stieltjes(z), rel=double("resolvent"))


# --- hard edges, far and near points -----------------------------------------------------------------------------------------


def test_hard_edge_of_a_linear_network():
    """ψ_p = 1: U reaches 0 with a density that diverges."""
    spectrum = RandomFeatureModel(A.linear, 1, 2, 0.3).spectrum()
    assert spectrum.edges()[0] == 0 and spectrum.density(0.0) == np.inf
    assert spectrum.density([-1.0, 0.0, 1e3]).tolist() == [0, np.inf, 0]
    with pytest.raises(ValueError, match=r"z = 0.0 is a hard edge of the bulk, where q is infinite; allowed"):
        spectrum.stieltjes(0.0)
    assert spectrum.density(1e-12) > 1e5


def test_no_hard_edge_no_infinity():
    for model in (RandomFeatureModel(A.linear, 2, 3, 0.3), RandomFeatureModel(A.erf, 2, 3, 0.3)):
        assert model.spectrum().density(model.spectrum().offset) == 0


@pytest.mark.parametrize(
    "model",
    [RandomFeatureModel(A.tanh, 2, 3, 0.3, SEVERAL), RandomFeatureModel(A.tanh, 2, 3, TimeGrid((0.1, 0.5), (0.5, 0.5)))],
)
def test_far_points(model):
    """q = −1/z − (mean of U)/z² + …, to rounding, up to the largest float."""
    spectrum = model.spectrum()
    for z in (1e200, -1e200, 1e250j, 1e300 + 1e280j, -1.7e308, 1.7e308 * (1 + 1j), 1e20 + 1e-20j, 1e160 - 1e150j):
        q = spectrum.stieltjes(z)
        assert abs(0.5 * z * q * 2 + 1) < 1e-14 if abs(z.real) < 1e308 else abs(0.1 * z * (10 * q) + 1) < 1e-14
    mean = spectrum.integrate(lambda lam: lam)
    for z in spectrum.upper_bound * np.array([0.9e8, 1.1e8, -3e8, 2e8j]):
        assert (-z * spectrum.stieltjes(z) - 1) * z == pytest.approx(mean, rel=1e-5)
    with_digits = RandomFeatureModel(A.erf, 2, 3, 0.3).spectrum().stieltjes(mpmath.mpf(10) ** 200, dps=30)
    assert abs(with_digits * mpmath.mpf(10) ** 200 + 1) < digits(29)


def test_near_points():
    """Tiny |z| where it is legal: below the bulk of a linear network, and inside one that reaches down to 0."""
    gap = RandomFeatureModel(A.linear, 0.5, 2, 0.3).spectrum()
    value = gap.stieltjes(0.0)
    assert gap.stieltjes(np.array([1e-300, -1e-300, 1e-200 + 1e-250j])) == pytest.approx(value, rel=1e-12)
    assert value.real == pytest.approx(gap.integrate(lambda lam: 1 / lam), rel=1e-9)


def test_a_negative_slope():
    """He_3 at a variance below 1 has E σ' < 0: everything depends on a², as −σ has the same law."""
    for psi_p, psi_n in ((40.0, 3.0), (0.09, 0.35)):
        model = RandomFeatureModel(A.hermite(3), psi_p, psi_n, 0.016, Gaussian(((0.5, 1),), (40.0,)))
        other = RandomFeatureModel(
            A.Activation(-A.hermite(3).expression), psi_p, psi_n, 0.016, Gaussian(((0.5, 1),), (40.0,))
        )
        assert model.coefficients().a < 0 < other.coefficients().a
        one, two = model.spectrum(), other.spectrum()
        assert one.edges() == pytest.approx(two.edges(), rel=1e-12) and one.atoms() == two.atoms()
        assert one.upper_bound == two.upper_bound >= one.edges()[-1]
        assert one.outliers() == two.outliers() != ()
        low, high = one.edges()[-2:]
        points = np.linspace(low, high, 12)[1:-1]
        assert one.density(points) == pytest.approx(two.density(points), rel=1e-9) and (one.density(points) > 0).all()
        assert one.edges(dps=20) == two.edges(dps=20) and critical_spike(model) == pytest.approx(
            critical_spike(other), rel=1e-12
        )


def test_a_gap_between_noise_bulks_of_close_eigenvalues():
    """They part on a stretch of the real curve shorter than the steps of the scan."""
    spectrum = RandomFeatureModel(
        A.softplus,
        65053.8,
        6918.96,
        2.35971e-05,
        Gaussian(((5.69519, 0.107), (0.569758, 0.038), (0.511346, 0.826), (0.603908, 0.029))),
    ).spectrum()
    bulks = np.array(spectrum.edges()).reshape(-1, 2)
    assert len(bulks) == 9
    for low, high in bulks:
        assert (spectrum.density(np.linspace(low, high, 22)[1:-1]) > 0).all()
