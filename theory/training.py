r"""Training curves in the limit d → ∞: train loss, test loss and score error as functions of the training time τ.

With c = 2Δ_t/ψ_p and f_τ(x) = (1 − e^{−cτx})/x the flow started at A = 0 is A(τ) = −√(p/Δ_t) V^T f_τ(U), hence

* train(τ) = 1 − ψ_p b² ∫dμ_s f_{2τ},   μ_s the measure with Stieltjes transform s(z);
* test(τ)  = 1 − 2ψ_p b² ∫dμ_s f_τ + ψ_p b² ∮∮ f_τ(z₁) f_τ(z₂) F(z₁, z₂) dz₁dz₂/(2πi)²;
* score_error(τ) = (1/d) E|s_A(x_t) − ∇log P_t(x_t)|² = (test(τ) − ε)/Δ_t, where ε = ∫ρ_Σ e^{−2t}λ/(e^{−2t}λ + Δ_t) is the
  loss of the exact score of the Gaussian law.

All integrals run over one contour (`theory.contour`) and are matrix products of what does not depend on τ: the s(z_i) and the
F(z_i, z_j) are computed once. The losses refer to infinitely many noise draws per sample.

Source: 2505.17638 for the flow; F derived here (`theory.symbolic.two_resolvents`). Checked by ``tests/test_training.py``.
"""

from functools import cache

import mpmath
import numpy as np

from . import contour
from .curve import TrainingCurve, check_tau, filter_function
from .errors import ConvergenceError
from .saddle import refine
from .symbolic import symbols as S
from .symbolic.evaluate import evaluator
from .symbolic.saddle_point import saddle_point
from .two_resolvents import population_kernel, population_kernel_mpmath
from .validation import to_mpf

#: absolute error of the losses, in units of the initial loss 1, that doubling the nodes must certify
TOLERANCE = 1e-11


def training_curve(model, tau):
    """`TrainingCurve` at the training times ``tau``; see `theory.RandomFeatureModel.training`."""
    tau = check_tau(tau)
    spectrum = model.spectrum()
    low, high = support_bounds(spectrum)
    rate = 2 * model.noise_variance / float(model.psi_p) * tau.ravel()
    b2, psi_p = model.coefficients().b2, float(model.psi_p)
    error, count = np.inf, 64
    while error > TOLERANCE:
        count *= 2
        if count > 1024:
            raise ConvergenceError("the contour integrals did not settle with 1024 nodes", error)
        points = contour.ellipse(low, high, count)
        s, kernel = contour_data(spectrum, points)
        fine = _losses(points.nodes, points.weights, s, kernel, rate, psi_p * b2)
        # every other node is the same rule with half the nodes, rotated: its error bounds the difference
        half = slice(0, None, 2)
        coarse = _losses(points.nodes[half], 2 * points.weights[half], s[half], kernel[half, half], rate, psi_p * b2)
        # geometric convergence: the error of the fine rule is the square of the coarse one's
        error = max(np.max(np.abs(x - y)) for x, y in zip(fine, coarse, strict=True)) ** 2 if rate.size else 0.0
    train, test = (x.reshape(tau.shape) for x in fine)
    return TrainingCurve(tau, train, test, (test - exact_score_loss(model)) / model.noise_variance)


def _losses(nodes, weights, s, kernel, rate, amplitude):
    """(train, test) for each rate; a Stieltjes transform picks up a minus sign: ∫dμ f = −(1/2πi)∮ f s dz."""
    f = filter_function(nodes[None, :], rate[:, None])
    f_twice = filter_function(nodes[None, :], 2 * rate[:, None])
    train = 1 + amplitude * (f_twice @ (weights * s)).real
    weighted = f * weights
    quadratic = np.sum((weighted @ kernel) * weighted, axis=1).real
    test = 1 + 2 * amplitude * (weighted @ s).real + amplitude * quadratic
    return train, test


def support_bounds(spectrum):
    """An interval in (0, ∞) that holds the part of the spectrum on which V acts, with a margin on both sides."""
    s2 = spectrum.model.coefficients().s2
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


def contour_data(spectrum, points):
    """s(z_i) of shape (N,), and F(z_i, z_j) of shape (N, N), which is symmetric and conjugates with its arguments."""
    count = points.nodes.size
    half = count // 2
    q, delta, residual = spectrum.solve_or_nan(points.nodes[:half])
    if np.isnan(q).any():
        raise ConvergenceError("a point of the contour could not be certified", np.max(residual))
    q, delta = np.append(q, q[::-1].conj()), np.append(delta, delta[::-1].conj())
    system = spectrum.system
    (s,) = _s_function("numpy")((q, delta), system.parameters, system.nodes, system.weights)
    # pairs (i, j) with i <= j and i in the upper half, up to reflection; the rest by the two symmetries
    i, j = np.triu_indices(count)
    keep = i + j <= count - 1
    i, j = i[keep], j[keep]
    kernel = np.empty((count, count), complex)
    kernel[i, j] = kernel[j, i] = population_kernel(system, q[i], delta[i], q[j], delta[j])
    kernel[count - 1 - i, count - 1 - j] = kernel[count - 1 - j, count - 1 - i] = kernel[i, j].conj()
    return s, kernel


def exact_score_loss(model):
    """ε: the loss (1/d)E|√Δ_t ∇log P_t + ξ|² of the exact score, which no network goes below on fresh data."""
    signal = model.decay**2 * model.data.eigenvalues
    return float(model.data.weights @ (signal / (signal + model.noise_variance)))


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
    with mpmath.workdps(dps + 10):
        system = spectrum.system_mpmath(dps)
        rho = np.arcsinh(contour.HEIGHT / (np.log(high / low) / 2))
        count = 4 * int(1 + 0.3 * (dps + 3) * np.log(10) / rho)
        nodes, weights = contour.ellipse_mpmath(mpmath.mpf(low), mpmath.mpf(high), count)
        s, kernel = _contour_data_mpmath(spectrum, system, nodes, dps)
        psi_p, noise_variance = to_mpf(model.psi_p), -mpmath.expm1(-2 * to_mpf(model.t))
        amplitude = psi_p * model.coefficients(dps + 10).b2
        results = []
        for time in tau:
            rate = 2 * noise_variance / psi_p * to_mpf(time)
            fine, coarse = (_losses_mpmath(nodes, weights, s, kernel, rate, amplitude, step) for step in (1, 2))
            error = max(abs(x - y) for x, y in zip(fine, coarse, strict=True)) ** 2
            if error > mpmath.mpf(10) ** (-dps):
                raise ConvergenceError(f"the contour integrals did not settle to {dps} digits with {count} nodes", error)
            results.append(fine)
        return results


def _contour_data_mpmath(spectrum, system, nodes, dps):
    """s(z_i) and the rows F(z_i, z_j), j = 0..count−1, by the same symmetries as `contour_data`."""
    count = len(nodes)
    half = count // 2
    start_q, start_delta, _ = spectrum.solve_or_nan(np.array([complex(z) for z in nodes[:half]]))
    solutions = [refine(system, a, b, z, dps) for a, b, z in zip(start_q, start_delta, nodes, strict=False)]
    solutions += [(mpmath.conj(q), mpmath.conj(delta)) for q, delta in reversed(solutions)]
    s_of = _s_function("mpmath")
    s = [s_of(pair, system.parameters, system.nodes, system.weights)[0] for pair in solutions]
    kernel = [[None] * count for _ in range(count)]
    for i in range(count):
        for j in range(i, count - i):
            value = population_kernel_mpmath(system, *solutions[i], *solutions[j])
            kernel[i][j] = kernel[j][i] = value
            mirror_i, mirror_j = count - 1 - i, count - 1 - j
            kernel[mirror_i][mirror_j] = kernel[mirror_j][mirror_i] = mpmath.conj(value)
    return s, kernel


def _losses_mpmath(nodes, weights, s, kernel, rate, amplitude, step):
    """(train, test) with every ``step``-th node."""
    chosen = range(0, len(nodes), step)
    f = [-step * weights[k] * mpmath.expm1(-rate * nodes[k]) / nodes[k] for k in chosen]
    f_twice = [-step * weights[k] * mpmath.expm1(-2 * rate * nodes[k]) / nodes[k] for k in chosen]
    s = [s[k] for k in chosen]
    quadratic = mpmath.fdot(f, [mpmath.fdot(f, [kernel[i][j] for j in chosen]) for i in chosen])
    train = 1 + amplitude * mpmath.fdot(f_twice, s)
    return mpmath.re(train), mpmath.re(1 + amplitude * (2 * mpmath.fdot(f, s) + quadratic))
