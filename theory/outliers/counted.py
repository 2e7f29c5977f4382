r"""Outliers of the general action: directions of the data that stand out, by kinds, and the directions of the mean activations.

**Directions.** Let the kinds have second moments G_c (r × r, in units of σ_c²) in r directions of data space. They add
−(1/2d) log det(1 + Ĥ_*T) to the action, Ĥ_* = diag(π_c(1+δ_c)^{-1} ⊗ G_c; 1) over channels ⊗ directions, and outliers are its zeros outside
the bulk: those of

.. math:: \mathsf S(z) = \hat H_*^{-1} + T .

−𝖲^{-1} is, up to a constant, the transform of a positive matrix measure (it is u^TMu of `theory.training.general_kernel` for these directions),
so that 𝖲 has a positive imaginary part above the axis: outside the support it is real and grows with z. The number of its negative
eigenvalues falls by one at each outlier, and by nothing else on an interval without a pole: outliers are *counted* by two
evaluations, and found by bisection. The overlap of the eigenvector v with We is |v·We|²/p = (τ·n)²/(ψ_p n^T𝖲'n), 𝖲n = 0,
τ = ψ_p Σ_j p_j q_j u_j.

**Means.** With the mean activations κ_jck, U has C·K more directions, in which its eigenvalues are of order p. A sample's features
fluctuate about their mean, which adds δ_c: outliers are the zeros of det(diag(1+δ_c) + p Σ_j p_j q_j κ_jκ_j^T), counted the same way.

**Both.** Where the data have a mean in the r directions, the two share it: the constant 1 is one direction more, with the moments
(1, E x; E x, G_c) in kind c, and T grows by p Σ_j p_j q_j κ_jκ_j^T in its channels. For p → ∞ that part confines 𝖲 to the channels in
which there is no κ. With one κ for all samples, what is left of G is the covariance about the common mean.

Derived here, checked by ``tests/outliers/test_general_outliers.py`` against finite networks and, for one type, kind and node,
`theory.outliers.closed_form`."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.gaussian import Gaussian
from ..equations.continuation import beside
from ..equations.general import GeneralSystem
from ..errors import ConvergenceError
from ..results import Outlier
from ..validation import a_spectrum, positive_integer

if TYPE_CHECKING:
    from ..spectrum.law import Spectrum

#: how close to an edge or atom, relative to the distance of the next one, outliers are looked for
MARGIN = 1e-9
#: mean squares of the activations below this, relative to all of them, are rounding
NO_MEAN = 1e-12


#: the names of `theory.outliers.Outlier` from before there was one for all models
DirectionOutlier = MeanOutlier = Outlier


def direction_outliers(spectrum: "Spectrum", d: int | None = None) -> tuple[Outlier, ...]:
    """`theory.outliers.Outlier` for ``Gaussian(spikes=…)`` and ``Mixture(spikes=…)``, sorted by eigenvalue; () where there is none.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
        Of a model with several types, kinds or times.
    d : int >= 1, optional
        Only where the activations have a mean and the data have one along the directions. Default: the limit d → ∞, in which every mean
        activation, however weak, is infinitely strong and no outlier. At a given d it has its strength, of order p = ψ_p d, and what
        it makes together with the directions is returned: a weak mean may be far from the limit at any d of practice.

    Raises
    ------
    ValueError
        A model of one type, kind and time, which `theory.outliers.closed_form` is for; ``Mixture(spikes=…)`` with a covariance of several
        eigenvalues: where the centroids lie in its eigenbasis would matter.
    ConvergenceError
        Overlaps that are not between 0 and 1: means of a strength above about 1e3 standard deviations lose too many digits.

    Notes
    -----
    Cost: the edges of the spectrum, then about 50 solutions for each outlier, each by a few Newton steps from its neighbours.
    """
    _check_general(a_spectrum(spectrum))
    data, system = spectrum.model.data, spectrum.system
    p = None if d is None else system.ensemble.psi_p * positive_integer("d", d)
    if isinstance(data, Gaussian):
        # centred, so that 1 and the spikes do not know of each other
        blocks = [_CountingMatrix(system, np.array([[[float(value)]]])) for value in data.spikes]
        spikes = [float(value) for value in data.spikes]
    else:
        moments = _mixture_moments(data)
        if not (has_mean := _has_mean(system.ensemble)):
            moments = moments[:, 1:, 1:]
        blocks = [_CountingMatrix(system, moments, has_mean, p)] if moments.shape[-1] > has_mean else []
        spikes = [None] * len(blocks)
    found = []
    for k, block in enumerate(blocks):
        for z in _zeros(spectrum, block):
            overlaps = _overlaps(spectrum, z, block)
            padded = tuple(float(overlaps[0]) if i == k else 0.0 for i in range(len(blocks))) if len(blocks) > 1 else None
            own = {"spike": spikes[k], "overlaps": padded or tuple(map(float, overlaps))}
            found.append(Outlier(z, float(overlaps.sum()), training_time=_training_time(spectrum.model, z), **own))
    return tuple(sorted(found, key=lambda outlier: outlier.eigenvalue))


def mean_outliers(spectrum: "Spectrum", d: int) -> tuple[Outlier, ...]:
    """`theory.outliers.Outlier` in the span of the mean activations at dimension d, sorted; () if all means vanish.

    They are of order p = ψ_p d, and reported where they lie outside the bulk, above it. Directions of the data move them by O(1).
    """
    _check_general(a_spectrum(spectrum))
    system, e = spectrum.system, spectrum.system.ensemble
    p = e.psi_p * positive_integer("d", d)
    if not _has_mean(e):
        return ()
    block = _CountingMatrix(system, 1 / e.pi[:, None, None], True, p)
    found = _zeros(spectrum, block, above=True)
    return tuple(Outlier(z, training_time=_training_time(spectrum.model, z)) for z in found)


def _training_time(model, eigenvalue):
    return float(model.psi_p) / (2 * model.noise_variance * eigenvalue)


def _check_general(spectrum):
    if not isinstance(spectrum.system, GeneralSystem):
        raise ValueError(
            f"spectrum = {spectrum.model!r} has one type, one kind and one time; allowed: more of them (else spectrum.outliers(), mean_outlier)"
        )


def _mixture_moments(data):
    """Second moments of (1/√π_c, x) in the directions of the centroids, in units of σ_c for x: array (C, 1+r, 1+r)."""
    if data.spikes is None:
        return 1 / data.frequencies[:, None, None]
    if len(data.spectrum) > 1:
        raise ValueError(
            f"spectrum = {data.spectrum} with spikes: outliers would depend on where the centroids lie in its eigenbasis; "
            "allowed: one eigenvalue"
        )
    m = data.centroids()
    first = np.hstack([1 / np.sqrt(data.frequencies)[:, None], m / np.sqrt(data.scales)[:, None]])
    spread = np.diag([0.0] + [data.covariance.eigenvalues[0]] * m.shape[1])
    return first[:, :, None] * first[:, None, :] + spread


def _without_mean(e):
    """Orthonormal combinations of the channels that have no mean activation: (CK, m), the null space of E κκ^T."""
    values, vectors = np.linalg.eigh(np.tensordot(e.p, e.kappa, 1))
    return vectors[:, values <= NO_MEAN * e.second_moments.max()]


def _has_mean(e):
    """False if σ is odd and there are no biases."""
    rows, columns = _without_mean(e).shape
    return columns < rows


class _CountingMatrix:
    """𝖲(z) as a function of the solution at z: the matrix whose negative eigenvalues count the outliers still above z.

    It is made for coordinates that know of each other, which share one matrix; coordinates that do not, as uncorrelated spikes, have one
    each. An index is a channel (kind × time of the data, then the same of the noise, 2CK in all) times a coordinate (r in all): the
    directions of data space, and before them the constant 1 if ``constant``, which carries the mean activations. ``basis`` leaves out
    what no weight reads (the constant in the noise) and, for p = None, the limit p → ∞, what an infinitely strong mean confines.

    ``moments``, (C, r, r) or with C = 1: E of products of the coordinates in each kind.
    """

    def __init__(self, system, moments, constant=False, p=None):
        e, r = system.ensemble, moments.shape[-1]
        _, C, K = e.sizes
        self.system, self.p = system, p
        self.inverse = np.broadcast_to(np.linalg.inv(moments), (C, r, r))
        self.has_weights = np.arange(r) >= constant
        self.constants = np.arange(constant * C * K) * r
        self.basis = np.eye(2 * C * K * r)[:, np.tile(self.has_weights, 2 * C * K)]
        if constant:
            # the noise has no constant; nor, for p → ∞, has a channel with a mean activation
            free = _without_mean(e) if p is None else np.eye(C * K)
            first = np.zeros((len(self.basis), free.shape[1]))
            first[self.constants] = free
            self.basis = np.hstack([first, self.basis])

    def __call__(self, x):
        """𝖲 at N solutions in the coordinates of ``basis``, array (N, m, m); its inverse blocks avoid the poles of Ĥ."""
        e, r = self.system.ensemble, self.has_weights.size
        J, C, K = e.sizes
        full = self.system.full(x)
        q, delta = full[:J].T.real, full[J:].T.real.reshape(-1, C, K, K)
        T = e.psi_p * (e.u.T * (e.p * q)[:, None, :]) @ e.u
        result = np.einsum("nab,ij->naibj", T, np.diag(self.has_weights * 1.0)).reshape(len(q), T.shape[1] * r, -1)
        if self.constants.size and self.p is not None:
            result[:, self.constants[:, None], self.constants] += self.p * np.einsum("nj,jab->nab", e.p * q, e.kappa)
        for c in range(C):
            rows = slice(c * K * r, (c + 1) * K * r)
            block = (np.eye(K) + delta[:, c]) / e.pi[c]
            result[:, rows, rows] += np.einsum("nab,ij->naibj", block, self.inverse[c]).reshape(-1, K * r, K * r)
        noise = np.arange(C * K * r, 2 * C * K * r)
        result[:, noise, noise] += 1
        return self.basis.T @ result @ self.basis

    def along(self, n: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of a vector in the coordinates of ``basis`` that lies in channels × directions, (2CK, directions)."""
        return (self.basis @ n).reshape(-1, self.has_weights.size)[:, self.has_weights]


def _zeros(spectrum, block, above=False):
    """The z outside the support, with ``above`` only above all bulks, at which an eigenvalue of the growing matrix passes zero."""
    edges = np.array(spectrum.base.edges())
    bulks = [*map(tuple, edges.reshape(-1, 2))]
    alone = [(a, a) for a, _ in spectrum.atoms() if not any(low <= a <= high for low, high in bulks)]
    barriers = sorted([*alone, *bulks])
    top = 4 * spectrum.upper_bound
    while np.linalg.eigvalsh(block(outside(spectrum, top))[0])[0] < 0:  # it is positive definite at infinity
        top *= 2
    ends = [low for low, _ in barriers[1:]] + [top]
    gaps = [(start, stop) for (_, start), stop in zip(barriers, ends, strict=True) if stop > start]
    found = []
    for start, stop in gaps[-1:] if above else gaps:
        margin = MARGIN * min(stop - start, spectrum.upper_bound)  # the last gap is as long as its outliers are large
        low, high = start + margin, stop - margin
        x = [outside(spectrum, z) for z in (low, high)]
        first, last = (int(np.count_nonzero(np.linalg.eigvalsh(block(at)[0]) < 0)) for at in x)
        # in increasing order, the eigenvalues that are negative at one end and positive at the other
        found += [_bisect(spectrum, block, (low, x[0]), (high, x[1]), index) for index in range(last, first)]
    return found


def outside(spectrum, z, starts=None):
    """The real solution at z, by Newton from ``starts`` if that will do."""
    at = np.array([z - spectrum.offset + 0j])
    x = None if starts is None else beside(spectrum.system, starts, at)
    x = spectrum.solve(np.array([z + 0j])) if x is None else x
    if np.abs(x.imag).max() > 0:
        raise ConvergenceError(f"z = {z:.12g} lies inside the bulk, where no outlier can be counted", np.nan, reason="point")
    return x


def _bisect(spectrum, block, low, high, index, rounds=60):
    """Where the eigenvalue number ``index`` of the growing matrix passes zero between two points, each given as (z, solution)."""
    for _ in range(rounds):
        z = (low[0] + high[0]) / 2
        x = outside(spectrum, z, np.hstack([low[1], high[1]]))
        if np.linalg.eigvalsh(block(x)[0])[index] < 0:
            low = z, x
        else:
            high = z, x
        if high[0] - low[0] <= 1e-13 * abs(high[0]):
            break
    return float((low[0] + high[0]) / 2)


def _overlaps(spectrum, z, block):
    """|v·We|²/p for the basis vectors e of the directions, (r,)."""
    system, at = spectrum.system, np.array([z - spectrum.offset + 0j])
    e = system.ensemble
    x = spectrum.solve(np.array([z + 0j]))
    slope = system.tangent(x, at).real
    values, vectors = np.linalg.eigh(block(x)[0])
    n = vectors[:, np.argmin(np.abs(values))]
    # 𝖲 is affine in (q, δ), so that its derivative is its value at the slopes less its constant part
    step = block(slope + 0j)[0] - block(np.zeros_like(x))[0]
    tau = e.psi_p * (e.p * x[: system.resolvents, 0].real) @ e.u
    overlaps = (tau @ block.along(n)) ** 2 / (e.psi_p * n @ step @ n)
    if not (np.all(overlaps >= 0) and 0 < overlaps.sum() <= 1 + 1e-6):
        raise ConvergenceError(
            f"overlaps {overlaps} of the outlier {z:.12g} are not between 0 and 1: its direction may be too strong",
            reason="precision",
        )
    return overlaps
