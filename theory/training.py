r"""Training curves in the limit d → ∞: losses as functions of the training time, or of a ridge.

Every linear method on these features is a spectral filter: A_f = −√(p/Δ_t) V^T f(U). Gradient flow from A = 0 stopped at τ is
f(x) = (1 − e^{−cτx})/x with c = 2Δ_t/ψ_p; an explicit ridge ζ is f(x) = 1/(x + ζ). For any of them

* train = L₀ − ∫dμ (2f − x f²),   μ the measure with Stieltjes transform (1/d) Tr V^TQV;
* test  = L₀ − 2∫dμ̃ f + ∮∮ f(z₁) f(z₂) G(z₁, z₂) dz₁dz₂/(2πi)²,   μ̃ that of (1/d) Tr V^TQṼ, G = (1/d) Tr V^TQ₁ŨQ₂V;
* score_error = (1/d) E|S − ∇log P_t|² = (test − ε)/Δ_t, where ε is the loss of the exact score (averaged over t: Σ w_k Δ_k in
  place of Δ_t). For Gaussian data ε = ∫ρ_Σ e^{−2t}λ/(e^{−2t}λ + Δ_t).

For the scalar equations L₀ = 1, both measures are ψ_p b² μ_s and G = ψ_p b² F (`theory.two_resolvents`); for the general ones see
`theory.general_training`. All integrals run over one contour (`theory.contour`) and are matrix products of what does not depend on f,
computed once per model. The losses refer to infinitely many noise draws per sample.

Source: 2505.17638 for the flow; F, G and the ridge derived here. Checked by ``tests/test_training.py`` and
``tests/test_general_training.py``.
"""

from functools import cache, lru_cache

import numpy as np

from . import contour, general_training
from .curve import RidgeCurve, TrainingCurve, check_tau, filter_function
from .digits import mp, rounded, to_mpf
from .ensemble import as_mixture
from .errors import ConvergenceError
from .saddle import refine
from .symbolic import symbols as S
from .symbolic.evaluate import evaluator
from .symbolic.saddle_point import saddle_point
from .two_resolvents import population_kernel, population_kernel_mpmath
from .validation import finite_array

#: absolute error of the losses, in units of the initial loss 1, that halving the nodes must certify
TOLERANCE = 1e-11
#: most nodes of the contour, and the number to begin with
MOST_NODES, FIRST_NODES = 1024, 128


def training_curve(model, tau):
    """`TrainingCurve` at the training times ``tau``; see `theory.RandomFeatureModel.training`."""
    tau = check_tau(tau)
    rate = flow_rate(model) * tau.ravel()[:, None]
    train, test = losses(model, lambda z: filter_function(z, rate))
    return TrainingCurve(tau, *_shaped(model, train, test, tau.shape))


def ridge_curve(model, zeta):
    """`RidgeCurve` at the ridges ``zeta``; see `theory.RandomFeatureModel.ridge`."""
    zeta = finite_array("zeta", zeta, float)
    if (zeta < 0).any():
        raise ValueError(f"zeta holds {zeta[zeta < 0].flat[0]}; allowed: zeta >= 0")
    column = zeta.ravel()[:, None]
    train, test = losses(model, lambda z: 1 / (z + column))
    return RidgeCurve(zeta, *_shaped(model, train, test, zeta.shape))


def _shaped(model, train, test, shape):
    train, test = train.reshape(shape), test.reshape(shape)
    return train, test, (test - exact_score_loss(model)) / (model.times.law @ model.times.noise_variances)


def flow_rate(model):
    """c = 2Δ_t/ψ_p: the mode of eigenvalue λ relaxes as e^{−cτλ}."""
    return 2 * model.noise_variance / float(model.psi_p)


def losses(model, spectral_filter):
    """(train, test) of A_f for a family of filters, certified by halving the nodes of the contour.

    Parameters
    ----------
    spectral_filter : callable
        f(z) for complex z of shape (N,), returning shape (K, N) for a family of K filters; analytic for Re z > 0 and real on the
        real axis there.

    Returns
    -------
    (train, test) : float arrays of shape (K,)
    """
    initial, count = initial_loss(model), FIRST_NODES
    while True:
        points, train, test, kernel = contour_data(model, count)
        f = spectral_filter(points.nodes)
        fine = contour_losses(initial, points.nodes, points.weights, f, train, test, kernel)
        # Every other node is the same rule with half the nodes. Convergence is geometric, so that the error of the full rule
        # is about the square of the error of the half.
        half = slice(0, None, 2)
        coarse = contour_losses(
            initial, points.nodes[half], 2 * points.weights[half], f[:, half], train[half], test[half], kernel[half, half]
        )
        error = max((np.max(np.abs(x - y), initial=0.0) for x, y in zip(fine, coarse, strict=True))) ** 2
        if error <= TOLERANCE:
            return fine
        if count >= MOST_NODES:
            raise ConvergenceError(f"the contour integrals did not settle with {count} nodes", error)
        count *= 2


def contour_losses(initial, nodes, weights, f, train_overlap, test_overlap, kernel):
    """(train, test) for each row of f. A Stieltjes transform picks up a minus sign: ∫dμ f = −(1/2πi)∮ f s dz."""
    weighted = f * weights
    train = initial + (2 * weighted @ train_overlap - (weighted * f) @ (nodes * train_overlap)).real
    test = initial + (2 * weighted @ test_overlap + np.sum((weighted @ kernel) * weighted, axis=1)).real
    return train, test


def initial_loss(model):
    """L₀, the loss at A = 0: 1 unless the target has a part in x (`theory.TimeGrid`, ``skip``)."""
    return 1.0 if model.is_scalar else model.ensemble.initial_loss


def support_bounds(spectrum):
    """An interval in (0, ∞) that holds the part of the spectrum on which V acts, with a margin on both sides."""
    s2 = spectrum.offset
    high = 1.01 * spectrum.upper_bound
    if s2 > 1e-12 * high:
        return 0.99 * s2, high  # no eigenvalue lies below s_t²
    # s_t = 0 (linear activation): the null space of U is that of W^T, on which V vanishes
    low = spectrum.edges()[0]
    if not low > 1e-12 * high:
        raise ConvergenceError(
            f"the spectrum of U reaches down to {low:.3g}, so that training never ends; move psi_p away from 1", low
        )
    return 0.99 * low, high


@cache
def _s_function(module):
    return evaluator((saddle_point().s,), (S.q, S.delta), module)


@lru_cache(maxsize=16)
def contour_data(model, count):
    """The contour with ``count`` nodes, (1/d) Tr V^TQV and (1/d) Tr V^TQṼ at them, (count,), and G at pairs, (count, count).

    G is symmetric, and is conjugated with its arguments. Cached: 16 MB at 1024 nodes. For the general equations G may differ from
    (1/d) Tr V^TQ₁ŨQ₂V by functions of one argument, which integrate to zero.
    """
    _check_target(model)
    spectrum = model.spectrum()
    points = contour.ellipse(*support_bounds(spectrum), count)
    x, residual = spectrum.solve_shifted(points.nodes[: count // 2] - spectrum.offset)
    if np.isnan(x[0]).any():
        raise ConvergenceError("a point of the contour could not be certified", np.max(residual))
    x = np.hstack([x, x[:, ::-1].conj()])
    # pairs (i, j) with i <= j and i in the upper half, up to reflection; the rest by the two symmetries
    i, j = np.triu_indices(count)
    keep = i + j <= count - 1
    i, j = i[keep], j[keep]
    kernel = np.empty((count, count), complex)
    if model.is_scalar:
        train, pairs = _scalar_data(model, spectrum.system, x, i, j)
        test = train
    else:
        train, test = general_training.overlaps(spectrum.system, x)
        pairs = general_training.fresh_loss_kernel(spectrum.system, x, i, j)
    kernel[i, j] = kernel[j, i] = pairs
    kernel[count - 1 - i, count - 1 - j] = kernel[count - 1 - j, count - 1 - i] = pairs.conj()
    return points, train, test, kernel


def _scalar_data(model, system, x, i, j):
    """ψ_p b² s(z) at the solutions x, and ψ_p b² F at their pairs: V = b W/√d."""
    amplitude = float(model.psi_p) * model.coefficients().b2
    (s,) = _s_function("numpy")(tuple(x), system.parameters, system.nodes, system.weights)
    return amplitude * s, amplitude * population_kernel(system, *x[:, i], *x[:, j])


def _check_target(model):
    if getattr(model.data, "means", None) is not None and model.times.target_data.any():
        raise ValueError(
            f"skip = {model.times.skip} with far centroids (means) is not covered: the target would follow them; "
            "allowed: skip=None, or Mixture(spikes=…)"
        )


def exact_score_loss(model):
    """ε: the loss (1/d)E|√Δ_t ∇log P_t + ξ|² of the exact score, which no network goes below on fresh data.

    The kinds of a mixture are taken to be known from x: for d → ∞ they are told apart by their centroids or by |x|².
    """
    data, times = as_mixture(model.data), model.times
    shape = data.covariance
    signal = np.multiply.outer(np.multiply.outer(times.decay**2, data.scales), shape.eigenvalues)
    ratio = signal / (signal + times.noise_variances[:, None, None])
    return float(np.einsum("k,c,l,kcl->", times.law, data.frequencies, shape.weights, ratio))


def training_mpmath(model, tau, dps=30):
    """(train, test) at each τ in high precision: the reference for the double-precision path.

    Parameters
    ----------
    tau : sequence of finite real numbers >= 0
    dps : int
        Decimal digits.

    Returns
    -------
    list of (mpf, mpf), certified by halving the nodes

    Notes
    -----
    Cost O(dps²) evaluations of F at about 0.3 ms: about 10 s at 30 digits for Σ = 1, whatever the number of τ.
    """
    spectrum = model.spectrum()
    low, high = support_bounds(spectrum)
    with mp.workdps(dps + 10):
        system = spectrum.system_mpmath(dps)
        rho = np.arcsinh(contour.HEIGHT / (np.log(high / low) / 2))
        count = 4 * int(1 + 0.3 * (dps + 3) * np.log(10) / rho)
        nodes, weights = contour.ellipse_mpmath(mp.mpf(low), mp.mpf(high), count)
        s, kernel = _contour_data_mpmath(spectrum, system, nodes, dps)
        psi_p, noise_variance = to_mpf(model.psi_p), -mp.expm1(-2 * to_mpf(model.t))
        amplitude = psi_p * to_mpf(model.coefficients_mpmath(dps + 10).b2)
        results = []
        for time in tau:
            rate = 2 * noise_variance / psi_p * to_mpf(time)
            fine, coarse = (_losses_mpmath(nodes, weights, s, kernel, rate, amplitude, step) for step in (1, 2))
            error = max(abs(x - y) for x, y in zip(fine, coarse, strict=True)) ** 2
            if error > mp.mpf(10) ** (-dps):
                raise ConvergenceError(f"the contour integrals did not settle to {dps} digits with {count} nodes", error)
            results.append(tuple(rounded(loss, dps) for loss in fine))
        return results


def _contour_data_mpmath(spectrum, system, nodes, dps):
    """s(z_i) and the rows F(z_i, z_j), j = 0..count−1, by the same symmetries as `contour_data`."""
    count = len(nodes)
    half = count // 2
    start_q, start_delta, _ = spectrum.solve_or_nan(np.array([complex(z) for z in nodes[:half]]))
    solutions = [refine(system, a, b, z, dps) for a, b, z in zip(start_q, start_delta, nodes, strict=False)]
    solutions += [(mp.conj(q), mp.conj(delta)) for q, delta in reversed(solutions)]
    s_of = _s_function("mpmath")
    s = [s_of(pair, system.parameters, system.nodes, system.weights)[0] for pair in solutions]
    kernel = [[None] * count for _ in range(count)]
    for i in range(count):
        for j in range(i, count - i):
            value = population_kernel_mpmath(system, *solutions[i], *solutions[j])
            kernel[i][j] = kernel[j][i] = value
            mirror_i, mirror_j = count - 1 - i, count - 1 - j
            kernel[mirror_i][mirror_j] = kernel[mirror_j][mirror_i] = mp.conj(value)
    return s, kernel


def _losses_mpmath(nodes, weights, s, kernel, rate, amplitude, step):
    """(train, test) with every ``step``-th node."""
    chosen = range(0, len(nodes), step)
    f = [-step * weights[k] * mp.expm1(-rate * nodes[k]) / nodes[k] for k in chosen]
    f_twice = [-step * weights[k] * mp.expm1(-2 * rate * nodes[k]) / nodes[k] for k in chosen]
    s = [s[k] for k in chosen]
    quadratic = mp.fdot(f, [mp.fdot(f, [kernel[i][j] for j in chosen]) for i in chosen])
    train = 1 + amplitude * mp.fdot(f_twice, s)
    return mp.re(train), mp.re(1 + amplitude * (2 * mp.fdot(f, s) + quadratic))
