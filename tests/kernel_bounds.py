"""The formulas of the simulations once more, in float64 with bounds of rounding (`rounding.Rounded`): what every kernel is held to.

Written from the docstrings of `theory.simulation.noise_average`, `mehler` and `fresh_data`, by the direct quadrature that they name. Sums
may be taken in any order and blocks.
"""

import math

import numpy as np
from rounding import Rounded, gamma, given

#: nodes of the trapezoidal rule for a smooth σ, between which z = ±10
NODES = 96
#: nodes of Legendre's rule on either side of a kink
KINK_NODES = 64


def smooth_rule(dtype):
    """z and weights of N(0, 1)."""
    z = np.linspace(-10, 10, NODES)
    weight = np.exp(-(z**2) / 2)
    return given(z, dtype, rounded=True), given(weight / weight.sum(), dtype, rounded=True)


def kinked_rule(mean, deviation, dtype):
    """The same for a σ with a kink at 0, (…, nodes): Legendre's rule on both sides of it, as far as |z| = 10."""
    unit, unit_weight = (given(array, dtype, rounded=True) for array in np.polynomial.legendre.leggauss(KINK_NODES))
    # a clip moves no two numbers apart
    middle = (0.0 - mean) / deviation
    middle = Rounded(np.clip(middle.value, -10, 10), middle.u, middle.error)
    z, weight = [], []
    for low, high in ((0.0 * middle - 10.0, middle), (middle, 0.0 * middle + 10.0)):
        half = (high - low)[..., None] / 2.0
        nodes = low[..., None] + half * (unit + 1.0)
        square = nodes * nodes / 2.0
        z.append(nodes)
        weight.append(
            half
            * unit_weight
            * square.of(lambda y: np.exp(-y), np.exp(square.error - square.value))
            / math.sqrt(2 * math.pi)
        )
    return tuple(
        Rounded(np.concatenate([a.value, b.value], -1), a.u, np.concatenate([a.error, b.error], -1)) for a, b in (z, weight)
    )


def tables(function, slope, mean, deviation, order, kink=False):
    """[c_0, …, c_order] and E σ², at means (p, n) with deviations (p, 1); |σ'| <= ``slope``."""
    dtype = "float32" if mean.u > 1e-10 else "float64"
    z, weight = kinked_rule(mean, deviation, dtype) if kink else smooth_rule(dtype)
    values = (mean[..., None] + deviation[..., None] * z).of(function, slope)
    weighted, before, now = values * weight, None, z
    found = [weighted.sum(-1)]
    for k in range(1, order + 1):
        found.append((weighted * now).sum(-1))
        # He_{k+1} = z He_k − k He_{k−1}
        before, now = now, z * now - (1.0 if before is None else float(k) * before)
    return found, (weighted * values).sum(-1)


def interpolated(tables_, mean, deviation):
    r"""The same tables of tanh, with the bound of Taylor's series around a grid in the place of the quadrature's.

    c_j(μ, s) = Σ_k C_{j+k} δ^k/k! with |C_m| <= √m! (Bessel, |σ| <= 1), |δ| <= 0.16 and C interpolated from at most 64 Chebyshev nodes in
    s, whose Lebesgue constant is below 4. A table's entry has u of rounding and a product of length 64, Horner's rule at most 2·20
    operations, so that

        |Δc_j| <= 4 γ_112 Σ_k √(j+k)! 0.16^k/k!  +  √(j+1)! Δδ  +  (√(j+2)! + j √j!) Δs/s:

    s ∂c_j/∂μ = c_{j+1}, and by Stein's lemma s ∂c_j/∂s = c_{j+2} + j c_j. The place within a cell is what is left of
    (μ − low)/spacing, a number of the size of the whole grid, so that s Δδ = Δμ + 4 u (max μ − min μ). The same holds for σ², which is c_0
    of a function that is at most 1.
    """
    u, spread = mean.u, np.ptp(mean.value)
    step = (mean.error + 4 * u * spread) / deviation.value
    stretch = deviation.error / deviation.value

    def error(j):
        root = [math.sqrt(math.factorial(j + k)) for k in range(25)]
        series = math.fsum(root[k] * 0.16**k / math.factorial(k) for k in range(25))
        # what the float64 tables are certified to is far below
        return 4 * gamma(112, u) * series + root[1] * step + (root[2] + j * root[0]) * stretch + 1e-12

    found, square = tables_
    bounded = [Rounded(c.value, u, error(j)) for j, c in enumerate(found)]
    return bounded, Rounded(square.value, u, error(0))


def mehler(found, square, correlation):
    """Σ_k c_k c_k^T ϱ^k/k! by Horner's rule, with E σ² on the diagonal, averaged over the samples."""
    n = float(square.value.shape[1])
    total = found[-1] @ found[-1].T
    for k in range(len(found) - 1, 0, -1):
        total = total * correlation / float(k) + found[k - 1] @ found[k - 1].T
    total, diagonal = total / n, square.sum(1) / n
    value, error = total.value.copy(), total.error.copy()
    np.fill_diagonal(value, diagonal.value), np.fill_diagonal(error, diagonal.error)
    return Rounded(value, total.u, error)


def exact_average(function, slope, W, X, t, shift=0.0, target=(1.0, 0.0), order=4, kink=False, by_table=False):
    """(U, V) of `theory.simulation.noise_average.exact`."""
    d, n = X.value.shape
    decay, variance = math.exp(-t), -math.expm1(-2 * t)
    norm = (W * W).sum(1).sqrt()[:, None]
    mean = decay * (W @ X) / math.sqrt(d) + shift
    deviation = math.sqrt(variance / d) * norm
    found, square = tables(function, slope, mean, deviation, max(order, 1), kink)
    if by_table:
        found, square = interpolated((found, square), mean, deviation)
    direction = W / norm
    U = mehler(found[: order + 1], square, direction @ direction.T)
    slopes = found[1].sum(1)[:, None] / (float(n) * norm)
    return U, target[0] * slopes * W + target[1] / n * (found[0] @ X.T)


def population(function, slope, W, t, order=6):
    """(Ũ, Ṽ) over fresh x ~ N(0, I), of `theory.simulation.fresh_data.population`."""
    d, decay, variance = W.value.shape[1], math.exp(-t), -math.expm1(-2 * t)
    covariance = (W * (decay**2 + variance)) @ W.T / float(d)
    deviation = Rounded(np.diag(covariance.value), W.u, np.diag(covariance.error)).sqrt()[:, None]
    mean = Rounded(np.zeros_like(deviation.value), W.u)
    found, square = tables(function, slope, mean, deviation, order)
    U = mehler(found, square, covariance / (deviation * deviation.T))
    return U, math.sqrt(variance / d) * (found[1] / deviation) * W
