"""The general saddle point to any number of digits, for small sizes: couplings by quadrature in mpmath, then Newton.

The residual is evaluated at the precision asked for; the Jacobian is that of `theory.equations.GeneralSystem` in double precision, so that every
step gains about twelve digits. The quadratures are kept, so that a second z costs milliseconds. Called by
`theory.spectrum.resolvent_digits`. The residual is a second, plain spelling of the equations, in z itself, since digits are to spare.
Checked by ``tests/equations/test_general_digits.py``: 15 digits against 30 against 60, the scalar equations, moments.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import process
from ..couplings.feature_types import feature_types
from ..couplings.gaussian_averages import settled, split_average_mpmath, trapezoid
from ..data.gaussian import Gaussian
from ..data.mixture import as_mixture
from ..digits import mp, newton, rounded, to_mpf
from ..errors import ConvergenceError

if TYPE_CHECKING:
    from mpmath import mpc, mpf

    from ..model import RandomFeatureModel
    from .general import GeneralSystem

#: digits of the quadratures beyond those of q, which may depend on them more than in proportion
GUARD = 5


@dataclass
class Couplings:
    """The numbers of `theory.couplings.ensemble.Ensemble` that the equations need, as lists of mpf and mpmath matrices."""

    psi_p: "mpf"
    psi_n: "mpf"
    #: (J,), (C,)
    p: list["mpf"]
    pi: list["mpf"]
    #: J columns (2CK, 1), and J × C matrices (K, K)
    u: list[Any]
    C: list[list[Any]]
    #: (J,), and (L,) twice
    s2: list["mpf"]
    nodes: list["mpf"]
    weights: list["mpf"]


def couplings(model: "RandomFeatureModel", dps: int) -> Couplings:
    """`Couplings` of a model to ``dps`` digits, for the types that `theory.couplings.ensemble.ensemble` keeps.

    Raises `ValueError` for an activation with kinks, and for biases or far centroids: the Gauss–Hermite nodes that stand for them are an
    approximation of their own, for which digits beyond double precision mean nothing; also for a callable that computes fewer digits.
    Cost: a quadrature for each kind and time, of about a second at 30 digits and growing as dps², which is kept for other ψ_p and ψ_n.
    """
    data = as_mixture(model.data)
    if model.activation.kinks:
        raise ValueError(
            f"dps = {dps} is not available for activation = {model.activation.name}, which has kinks; allowed: dps=None"
        )
    if feature_types(float(model.bias), model.types, data)[0].size > 1:
        raise ValueError(f"dps = {dps} is not available with a continuum of feature types; allowed: bias = 0 and no means")
    model.activation.check_digits(dps)
    averages = _averages(model.activation, model.times.nodes, data.variances, data.spectrum, dps + GUARD)
    with mp.workdps(dps + 10):
        times = model.times
        decay, noise2 = _scales(times.nodes)
        law, pi = (_normalised(x) for x in (times.weights, data.weights))
        variances = [to_mpf(x) for x in data.variances]
        omega = _feature_weights(times, law, noise2)
        nodes, weights = data.covariance.mpmath_spectrum()
        K = len(omega)
        u_data, u_noise, C, s2 = [], [], [], mp.mpf(0)
        for share, variance, average in zip(pi, variances, averages, strict=True):
            average = [to_mpf(x) for x in average]
            slope, covariance, left = average[:K], average[K : K + K * K], average[K + K * K :]
            u_data += [mp.sqrt(omega[k] * variance) * slope[k] * decay[k] for k in range(K)]
            u_noise += [mp.sqrt(omega[k] * share * noise2[k]) * slope[k] for k in range(K)]
            C.append(mp.matrix(K, K))
            for k in range(K):
                for m in range(K):
                    C[-1][k, m] = mp.sqrt(omega[k] * omega[m]) * covariance[k * K + m]
            s2 += share * mp.fdot(omega, left)
        vector = mp.matrix(u_data + u_noise)
        return Couplings(to_mpf(model.psi_p), to_mpf(model.psi_n), [mp.mpf(1)], pi, [vector], [C], [s2], nodes, weights)


def _scales(times):
    """e^{-t_k} and Δ_k"""
    times = [to_mpf(t) for t in times]
    return [process.decay(t, mp) for t in times], [process.noise_variance(t, mp) for t in times]


def _normalised(values):
    values = [to_mpf(x) for x in values]
    return [x / mp.fsum(values) for x in values]


def _feature_weights(times, law, noise2):
    """ω_k; with the default amplitudes these are the w_k."""
    if times.amplitude is None:
        return law
    return _normalised([w * to_mpf(a) ** 2 * x for w, a, x in zip(law, times.amplitude, noise2, strict=True)])


@lru_cache(maxsize=64)
def _averages(activation, times, variances, spectrum, dps):
    """For each kind: a (K), C (K × K) and s² (K) at all times, which share the variable u, as one tuple."""
    with mp.workdps(dps + 10):
        decay, noise2 = _scales(times)
        shape = mp.fdot(*Gaussian(spectrum).mpmath_spectrum())
        found = [_kind(activation, decay, noise2, to_mpf(variance) * shape, dps) for variance in variances]
        return tuple(tuple(rounded(x) for x in values) for values in found)


def _kind(activation, decay, noise2, variance, dps):
    def at_step(step):
        rule = trapezoid(dps, step)
        scales = [(x * mp.sqrt(variance), mp.sqrt(y)) for x, y in zip(decay, noise2, strict=True)]
        parts = [split_average_mpmath(activation, mp.mpf(0), *scale, rule) for scale in scales]
        weighted = [[w * x for w, x in zip(rule[1], part[2], strict=True)] for part in parts]
        gram = [mp.fdot(one, other[2]) for one in weighted for other in parts]
        return (*(part[1] for part in parts), *gram, *(part[3] for part in parts))

    return settled(activation, dps, at_step)


def refine(system: "GeneralSystem", numbers: Couplings, x: NDArray, z: "mpf | mpc", dps: int) -> "tuple[mpc, list[mpc]]":
    """(q, unknowns) at z to ``dps`` digits, by Newton from the double-precision solution x (unknowns,) of a `theory.equations.GeneralSystem`.

    The Jacobian is that of the start, so that the steps fall geometrically, and a step that is less than half of the one before bounds
    the error that it leaves. Raises `ConvergenceError` if no such step is below 10^{−dps} of every q_j and of 1 + |δ|.
    """
    if mp.im(z) < 0:  # the solver works in the upper half-plane
        q, unknowns = refine(system, numbers, x.conj(), mp.conj(z), dps)
        return mp.conj(q), [mp.conj(value) for value in unknowns]
    with mp.workdps(dps + 15):
        inverse = system.inverse_jacobian(x)

        def step(unknowns):
            f = _residual(system, numbers, unknowns, z)
            # scaled, so that residuals below the range of double precision keep their digits
            scale = max(map(abs, f)) or mp.one
            return [
                -scale * mp.mpmathify(complex(value))
                for value in inverse @ np.array([complex(entry / scale) for entry in f])
            ]

        start, floors = [mp.mpmathify(complex(value)) for value in x], [int(k >= system.resolvents) for k in range(len(x))]
        unknowns, last, settled = newton(step, start, mp.mpf(10) ** (-dps - 2), 10 + dps, floors, halving=True)
        if settled:
            return mp.fdot(numbers.p, unknowns[: system.resolvents]), unknowns
        change = max(abs(d) / (floor + abs(value)) for d, floor, value in zip(last, floors, unknowns, strict=True))
    raise ConvergenceError(
        f"Newton at {dps} digits did not converge at z = {mp.nstr(z, 8)}; move z away from the edge of the bulk or ask for fewer digits",
        change,
        reason="digits",
    )


def _residual(system, numbers, unknowns, z):
    """(K_j − 1/q_j, upper triangles of δ_c − its map), as a list."""
    J, C, K = system.ensemble.sizes
    size = 2 * C * K
    q, triangle = unknowns[:J], iter(unknowns[J:])
    delta = [mp.matrix(K, K) for _ in range(C)]
    pairs = [(k, m) for k in range(K) for m in range(k, K)]
    for matrix in delta:
        for k, m in pairs:
            matrix[k, m] = matrix[m, k] = next(triangle)
    E = [mp.inverse(mp.eye(K) + matrix) for matrix in delta]
    share = [numbers.psi_p * p * value for p, value in zip(numbers.p, q, strict=True)]
    T = mp.matrix(size, size)
    for j in range(J):
        T += share[j] * numbers.u[j] * numbers.u[j].T
    energy = [numbers.s2[j] - z - 1 / q[j] for j in range(J)]
    mapped = [mp.matrix(K, K) for _ in range(C)]
    for c in range(C):
        for j in range(J):
            energy[j] += numbers.pi[c] * mp.fsum(E[c][k, m] * numbers.C[j][c][m, k] for k in range(K) for m in range(K))
            mapped[c] += share[j] * numbers.C[j][c]
    for lam, weight in zip(numbers.nodes, numbers.weights, strict=True):
        H = mp.eye(size)
        for c in range(C):
            for k in range(K):
                for m in range(K):
                    H[c * K + k, c * K + m] = lam * numbers.pi[c] * E[c][k, m]
        inverse = mp.inverse(mp.eye(size) + T * H)
        N = inverse * T
        for j in range(J):
            energy[j] += weight * (numbers.u[j].T * (H * (inverse * numbers.u[j])))[0]
        for c in range(C):
            for k, m in pairs:
                mapped[c][k, m] += weight * lam * N[c * K + k, c * K + m]
    return energy + [delta[c][k, m] - mapped[c][k, m] / numbers.psi_n for c in range(C) for k, m in pairs]
