r"""Training curves in the limit d → ∞: losses as functions of the training time, or of a ridge.

Every linear method on these features is a spectral filter: A_f = −√(p/Δ_t) V^T f(U). Gradient flow from A = 0 stopped at τ is
f(x) = (1 − e^{−cτx})/x with c = 2Δ_t/ψ_p; an explicit ridge ζ is f(x) = 1/(x + ζ). For any of them

* train = L₀ − ∫dμ (2f − x f²),   μ the measure with Stieltjes transform (1/d) Tr V^TQV;
* test  = L₀ − 2∫dμ̃ f + ∮∮ f(z₁) f(z₂) F(z₁, z₂) dz₁dz₂/(2πi)²,   μ̃ that of (1/d) Tr V^TQṼ, F = (1/d) Tr V^TQ₁ŨQ₂V;
* score_error = (1/d) E|S − ∇log P_t|² = (test − ε)/Δ_t, where ε is the loss of the exact score (averaged over t: Σ w_k Δ_k in
  place of Δ_t). For Gaussian data ε = ∫ρ_Σ e^{−2t}λ/(e^{−2t}λ + Δ_t).

How they are evaluated and certified is said in `theory.training.losses`. The losses refer to infinitely many noise draws per sample.

Source: 2505.17638 for the flow; F and the ridge derived here. Checked by ``tests/training/test_training.py``,
``tests/training/test_training_accuracy.py`` and ``tests/training/test_general_training.py``.
"""

import numpy as np

from ..couplings.ensemble import as_mixture
from ..digits import mp, rounded, to_mpf
from ..equations.scalar import refine
from ..errors import ConvergenceError
from ..filters import check_tau, filter_function, remainder
from ..process import noise_variance
from ..results import RidgeCurve, TrainingCurve
from ..validation import finite_array
from . import contour
from .losses import losses, support_bounds
from .scalar_kernel import field_mpmath, fresh_residual_mpmath, train_residual_mpmath


def training_curve(model, tau):
    """`TrainingCurve` at the training times ``tau``; see `theory.RandomFeatureModel.training`."""
    tau = check_tau(tau)
    rate = flow_rate(model) * tau.ravel()[:, None]
    train, test = losses(model, lambda z, rows: (filter_function(z, rate[rows]), remainder(z, rate[rows])), tau.size)
    return TrainingCurve(tau, *_shaped(model, train, test, tau.shape))


def ridge_curve(model, zeta):
    """`RidgeCurve` at the ridges ``zeta``; see `theory.RandomFeatureModel.ridge`."""
    zeta = finite_array("zeta", zeta, float)
    if (zeta < 0).any():
        raise ValueError(f"zeta holds {zeta[zeta < 0].flat[0]}; allowed: zeta >= 0")
    column = zeta.ravel()[:, None]
    train, test = losses(model, lambda z, rows: (1 / (z + column[rows]), column[rows] / (z + column[rows])), zeta.size)
    return RidgeCurve(zeta, *_shaped(model, train, test, zeta.shape))


def _shaped(model, train, test, shape):
    train, test = train.reshape(shape), test.reshape(shape)
    return train, test, (test - exact_score_loss(model)) / (model.times.law @ model.times.noise_variances)


def flow_rate(model):
    """c = 2Δ_t/ψ_p: the mode of eigenvalue λ relaxes as e^{−cτλ}."""
    return 2 * model.noise_variance / float(model.psi_p)


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
    list of (mpf, mpf), certified by the difference to the rule of half the nodes

    Notes
    -----
    Cost O((dps log(λ_+/λ_-))²) evaluations of G at about 0.5 ms: 10 to 30 s at 30 digits for Σ = 1, whatever the number of τ.
    """
    spectrum = model.spectrum()
    low, high = support_bounds(spectrum)
    with mp.workdps(dps + 10):
        system = spectrum.system_mpmath(dps)
        count = contour.count_for(low, high, dps + 6)
        nodes, weights = contour.ellipse_mpmath(mp.mpf(low), mp.mpf(high), count)
        tables = _residuals_mpmath(spectrum, system, nodes, dps)
        rate = 2 * noise_variance(to_mpf(model.t), mp) / to_mpf(model.psi_p)
        results = []
        for time in tau:
            f = [-mp.expm1(-rate * to_mpf(time) * z) / z for z in nodes]
            fine, coarse = (_losses_mpmath(nodes, weights, f, *tables, step) for step in (1, 2))
            error = max(abs(x - y) / abs(x) for x, y in zip(fine, coarse, strict=True))
            if error > mp.mpf(10) ** (-dps):
                raise ConvergenceError(f"the contour integrals did not settle to {dps} digits with {count} nodes", error)
            results.append(tuple(rounded(loss, dps) for loss in fine))
        return results


def _residuals_mpmath(spectrum, system, nodes, dps):
    """H(z_i), and the rows of G(z_i, z_j) and of G(z_i, z̄_j)."""
    start_q, start_delta, _ = spectrum.solve_or_nan(np.array([complex(z) for z in nodes]))
    solutions = [refine(system, a, b, z, dps) for a, b, z in zip(start_q, start_delta, nodes, strict=True)]
    fields = [field_mpmath(system, *pair) for pair in solutions]
    conjugates = [field_mpmath(system, *map(mp.conj, pair)) for pair in solutions]
    count = len(nodes)
    kernel, mirror = ([[None] * count for _ in range(count)] for _ in range(2))
    for i in range(count):
        for j in range(i, count):
            kernel[i][j] = kernel[j][i] = fresh_residual_mpmath(system, fields[i], fields[j])
            mirror[i][j] = fresh_residual_mpmath(system, fields[i], conjugates[j])
            mirror[j][i] = mp.conj(mirror[i][j])
    return [train_residual_mpmath(system, field) for field in fields], kernel, mirror


def _losses_mpmath(nodes, weights, f, residual, kernel, mirror, step):
    """(train, test) with every ``step``-th node, from z₀ = ∞ (`theory.training.losses`)."""
    chosen = range(0, len(nodes), step)
    p = [-step * weights[k] * f[k] for k in chosen]
    conjugate = [mp.conj(value) for value in p]
    train = mp.fsum(p[i] * (2 - nodes[k] * f[k]) * residual[k] for i, k in enumerate(chosen))
    test = 2 * mp.fdot(p, [residual[k] for k in chosen])
    rows = [mp.fdot(p, [kernel[k][m] for m in chosen]) + mp.fdot(conjugate, [mirror[k][m] for m in chosen]) for k in chosen]
    test += mp.fdot(p, rows)
    return 1 + 2 * mp.re(train), 1 + 2 * mp.re(test)
