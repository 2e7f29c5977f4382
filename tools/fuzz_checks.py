"""What must hold for every model, whatever its parameters: each check calls one observable and returns a list of complaints.

Expectations are exact (moments, symmetries, inequalities) or come from another path of the package (more digits, the quadrature of the
density). A complaint is a wrong number; an exception is classified by `tools/fuzz.py`.
"""

import mpmath
import numpy as np

from theory.outliers import critical_spike, outliers_of
from theory.training import best_regularization, exact_score_loss, flow_rate, signal_curve, training_mpmath

#: relative errors above these are wrong numbers: what the docstrings promise, with the condition of the problem
MOMENT, EDGE, TRANSFORM, OUTLIER, LOSS = 1e-7, 1e-11, 1e-8, 1e-11, 1e-9


def _expect(condition, words):
    return [] if condition else [words]


def _differs(name, value, expected, tolerance, scale=None):
    error = abs(value - expected) / (abs(expected) if scale is None else scale)
    return _expect(
        error <= tolerance, f"{name} {complex(value):.17g}, expected {complex(expected):.17g}: {float(error):.1e}"
    )


# --- exact moments, from Wick's theorem ----------------------------------------------------------------------------------


def first_moment(model):
    """(1/p) E Tr U, means of the activations aside."""
    if not model.is_scalar:
        e = model.ensemble
        return float(e.p @ e.second_moments)
    c, data = model.coefficients(), model.data
    return c.s2 + c.b2 + c.v2 + (c.a * model.decay) ** 2 * data.variance


def second_moment(model):
    """(1/p) E Tr (U − s²)² of a scalar model, for U − s² = GG^T/n + b² WW^T/d, pairing by pairing."""
    c, data = model.coefficients(), model.data
    psi_p, psi_n, alpha2 = float(model.psi_p), float(model.psi_n), (c.a * model.decay) ** 2
    one, two = data.weights @ data.eigenvalues, data.weights @ data.eigenvalues**2
    # M = b² + α² XX^T/n between the two W
    m1 = c.b2 + alpha2 * one
    m2 = c.b2**2 + 2 * c.b2 * alpha2 * one + alpha2**2 * (two + one**2 / psi_n)
    nonlinear = c.v2**2 * (1 + psi_p / psi_n) + 2 * c.v2 * m1 + 2 * alpha2 * c.v2 * psi_p / psi_n * one
    return psi_p * m2 + m1**2 + nonlinear


# --- the law ---------------------------------------------------------------------------------------------------------------


def edges(model, spectrum, rng):
    """Sorted, above the least eigenvalue that noise leaves, below the bound of the norm."""
    found = np.array(spectrum.edges())
    inside = found.size == 0 or (
        found[0] >= spectrum.offset * (1 - 1e-13) and found[-1] <= spectrum.upper_bound * (1 + 1e-9)
    )
    return _expect(found.size % 2 == 0 and np.all(np.diff(found) > 0) and inside, f"edges {found.tolist()}")


def atoms(model, spectrum, rng):
    """Positive weights that do not exceed 1, ascending."""
    found = spectrum.atoms()
    weights = [weight for _, weight in found]
    return _expect(
        min(weights, default=1) > 0 and sum(weights) <= 1 + 1e-12 and sorted(found) == list(found), f"atoms {found}"
    )


def moments(model, spectrum, rng):
    """Mass and moments of the whole law."""
    complaints = _differs("mass", spectrum.integrate(np.ones_like), 1.0, MOMENT)
    offset = spectrum.offset
    first, lost = first_moment(model) - offset, 1e-8 * offset  # rounding of λ is 1e-15 of s²: `MOMENT` times that
    complaints += _differs("mean of U − s²", spectrum.integrate(lambda lam: lam - offset), first, MOMENT, first + lost)
    if model.is_scalar:
        second = second_moment(model)
        value = spectrum.integrate(lambda lam: (lam - offset) ** 2)
        complaints += _differs("mean of (U − s²)²", value, second, MOMENT, second + lost * first + 1e-8 * lost**2)
    return complaints


def density(model, spectrum, rng):
    """Finite and positive inside the bulk, zero outside."""
    found = np.array(spectrum.edges()).reshape(-1, 2)
    complaints = []
    for low, high in found:
        values = spectrum.density(low + (high - low) * rng.uniform(0.01, 0.99, 40))
        complaints += _expect(np.all(np.isfinite(values) & (values > 0)), f"density {values.min():.3g} inside {low, high}")
    if found.size:
        outside = np.array([found[0, 0] / 2, found[-1, 1] * 1.5, *(found[:-1, 1] + found[1:, 0]) / 2])
        outside = outside[[np.all((x < found[:, 0]) | (x > found[:, 1])) for x in outside]]
        complaints += _expect(np.all(spectrum.density(outside) == 0), "density outside the bulk")
    return complaints


def stieltjes(model, spectrum, rng):
    """Conjugation, half-plane, and the transform of the density."""
    top = spectrum.upper_bound
    z = spectrum.offset + np.exp(rng.uniform(np.log(1e-6 * top), np.log(top), 6)) * (
        rng.choice([-1, 1], 6) + 1j * rng.uniform(1, 3, 6)
    )
    q = spectrum.stieltjes(z)
    complaints = _expect(np.all(q.imag > 0), "Im q > 0 fails above the axis")
    complaints += _expect(np.array_equal(spectrum.stieltjes(z.conj()), q.conj()), "q(z*) ≠ q(z)*")
    for point, value in zip(z, q, strict=True):
        parts = [spectrum.integrate(lambda lam, f=f, p=point: getattr(1 / (lam - p), f)) for f in ("real", "imag")]
        complaints += _differs(f"q({point:.6g})", value, complex(*parts), 1e-6)
    below = spectrum.stieltjes(-top)
    return complaints + _expect(below.imag == 0 and below.real > 0, f"q = {below} below the spectrum")


def infinity(model, spectrum, rng):
    """−z q → 1, with the mean of U as the next order."""
    top, complaints = spectrum.upper_bound, []
    for far in (1e3 * top, -1e30 * top, 1e200, -1e250j, 1e300 + 1e280j):
        rest = -far * spectrum.stieltjes(far) - 1
        bound = 1.01 * first_moment(model) / abs(far) + 1e-14
        complaints += _expect(abs(rest) <= bound * (1 + top / abs(far)), f"−zq − 1 = {rest:.3g} at z = {far:.3g}")
    return complaints


def outliers(model, spectrum, rng):
    """Off the bulk, with overlaps in (0, 1]."""
    found, bulks = spectrum.outliers(), np.array(spectrum.edges()).reshape(-1, 2)
    complaints = []
    for outlier in found:
        z = outlier.eigenvalue
        off = np.all((z <= bulks[:, 0] * (1 + 1e-12)) | (z >= bulks[:, 1] * (1 - 1e-12)))
        complaints += _expect(off and z >= spectrum.offset, f"outlier {z!r} in the bulk {bulks.tolist()}")
        complaints += _expect(0 < outlier.overlap <= 1 + 1e-6, f"overlap {outlier.overlap!r}")
    return complaints


def transition(model, spectrum, rng):
    """An outlier above the bulk for a spike above the threshold, none below."""
    threshold = critical_spike(model)
    complaints = _expect(threshold >= 0, f"critical spike {threshold!r}")
    bulks = spectrum.edges()
    if 0 < threshold < 1e300 and bulks:
        for factor, expected in ((1.01, True), (0.99, False)):
            above = any(outlier.eigenvalue > bulks[-1] for outlier in outliers_of(spectrum, threshold * factor))
            complaints += _expect(above == expected, f"outlier above the bulk at {factor} λ*_c = {threshold:.6g}: {above}")
    return complaints


# --- training --------------------------------------------------------------------------------------------------------------


def _times(model, spectrum):
    rate = flow_rate(model)
    return np.array(
        [0.0, *np.geomspace(1e-3 / (rate * spectrum.upper_bound), 1e3 / (rate * spectrum.upper_bound), 9), np.inf]
    )


def training(model, spectrum, rng):
    """Train falls from the initial loss to >= 0, test stays above train and above the loss of the exact score."""
    curve = model.training(_times(model, spectrum))
    start = curve.train[0]
    complaints = _expect(abs(curve.test[0] - start) <= LOSS * start, f"test(0) = {curve.test[0]!r}, train(0) = {start!r}")
    complaints += _expect(np.all(np.diff(curve.train) <= LOSS * start), f"train rises: {curve.train.tolist()}")
    complaints += _expect(np.all(curve.train >= -LOSS * start), f"train {curve.train.min()!r} < 0")
    complaints += _expect(
        np.all(curve.test - curve.train >= -1e-7 * start), f"test − train = {(curve.test - curve.train).min():.3g}"
    )
    floor = exact_score_loss(model)
    return complaints + _expect(
        np.all(curve.test >= floor - 1e-7 * start), f"test {curve.test.min()!r} < exact score {floor!r}"
    )


def ridge(model, spectrum, rng):
    """A smaller ridge fits the samples better."""
    curve = model.ridge(spectrum.upper_bound * np.geomspace(1e-6, 1e3, 8))
    fits = np.all(np.diff(curve.train) >= -LOSS) and np.all(curve.test >= exact_score_loss(model) - 1e-7)
    return _expect(fits, f"ridge: train {curve.train.tolist()}, test {curve.test.tolist()}")


def signal(model, spectrum, rng):
    """The gain of a direction grows from 0, in the direction of the exact score."""
    curve = signal_curve(model, _times(model, spectrum)[:-1], 2.0)
    return _expect(curve.gain[0] == 0 and np.all(curve.gain <= 1e-12), f"gain {curve.gain.tolist()}")


def timescales(model, spectrum, rng):
    """Times are not negative; 0 where nothing is learned."""
    found = model.timescales()
    return _expect(found.tau_gen is None or found.tau_gen >= 0, f"{found}")


def regularization(model, spectrum, rng):
    """Each at its best is no worse than none."""
    best = best_regularization(model)
    return _expect(max(best.early_stopping, best.ridge) <= best.unregularized + 1e-7, f"{best}")


# --- against more digits -----------------------------------------------------------------------------------------------------


def digits_edges(model, spectrum, rng):
    """Edges to 30 digits; those that only more digits tell apart aside."""
    exact = spectrum.edges(dps=30)
    complaints = []
    for edge in spectrum.edges():
        error = min(abs(edge / other - 1) for other in exact)
        complaints += _expect(error < EDGE, f"edge {edge!r} is off by {mpmath.nstr(error, 3)}")
    return complaints


def digits_stieltjes(model, spectrum, rng):
    """q to 30 digits at four points."""
    z = spectrum.offset + spectrum.upper_bound * 10 ** rng.uniform(-4, 0, 4) * (1 + 1j * 10 ** rng.uniform(-3, 0, 4))
    q, exact = spectrum.stieltjes(z), spectrum.stieltjes(z, dps=30)
    return [word for p, x, y in zip(z, q, exact, strict=True) for word in _differs(f"q({p!r})", x, y, TRANSFORM)]


def digits_outliers(model, spectrum, rng):
    """Outliers to 30 digits."""
    found, exact = spectrum.outliers(), spectrum.outliers(dps=30)
    if len(found) != len(exact):
        return [f"{len(found)} outliers, {len(exact)} to 30 digits"]
    pairs = zip(found, exact, strict=True)
    return [word for x, y in pairs for word in _differs("outlier", x.eigenvalue, y.eigenvalue, OUTLIER)]


def digits_training(model, spectrum, rng):
    """Losses by the path of many digits at three times."""
    tau = _times(model, spectrum)[[2, 5, 8]]
    curve, exact = model.training(tau), training_mpmath(model, tau.tolist(), 15)
    complaints = []
    for k, (train, test) in enumerate(exact):
        complaints += _differs(f"train({tau[k]!r})", curve.train[k], train, LOSS, 1.0)
        complaints += _differs(f"test({tau[k]!r})", curve.test[k], test, LOSS, max(1.0, float(test)))
    return complaints


#: for every model
CHECKS = (edges, atoms, moments, density, stieltjes, infinity, outliers, training, ridge)
#: for scalar models besides
SCALAR_CHECKS = (transition, signal)
#: dear ones, for every tenth
SLOW_CHECKS = (timescales, regularization)
#: for a sample of scalar models: see `tools/fuzz.py`
DIGITS_CHECKS, DEAR_DIGITS_CHECKS = (digits_edges, digits_stieltjes, digits_outliers), (digits_training,)
