r"""Feature types, kinds of samples, time nodes: the couplings from which the general action is made.

A feature's *type* j is what its law depends on besides W: its bias b_j and its projections ω_j^c = W_i·m_c/√d on far centroids. A
sample's *kind* c has its variance and its centroid. For type j, kind c and time t_k the pre-activation is

    e^{-t_k} ω_j^c + t_k b_j + data·u + noise·v,      data = e^{-t_k} σ_c σ_x,  noise = √Δ_k,  u, v ~ N(0, 1),

and σ of it has the mean κ, the linear parts α = a e^{-t_k} σ_c (in Σ^{1/2} ζ) and β = a √Δ_k (in ξ), a = E σ', the nonlinear part
that the sample fixes, with the covariance C_kl between times k and l (one sample seen at two times), and the part s² that the noise
leaves. One time's Gaussian equivalence has a number v² where there is a matrix C here.

The target that the network learns is linear in x and ξ: it is one more type, with C = s² = 0 and no share of the features. All losses
follow from it (`theory.training.general_kernel`). Derived here (the action of theory notes, checked by ``tests/equations/test_engine.py``).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

import numpy as np

from ..data.mixture import Mixture
from ..errors import ConvergenceError
from .gaussian_averages import check_second_moment, data_rule, hermite_parts

#: types of smaller probability are left out
NEGLIGIBLE = 1e-9
#: eigenvalues of C smaller than this, relative to all the type's couplings, are none
FLAT = 1e-11
#: two types whose couplings differ by no more than this, relatively, are one
SAME = 1e-13
#: types with one s̄_j² of which all subsets are looked at for the null space
SUBSETS = 10
#: squares of Hermite coefficients that are rounding only, relative to all couplings: s̄_j², or a type's u_j and C_j together
ROUNDING = SAME**2


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Couplings as arrays: J types, C kinds, K nodes, and M = 2CK channels (C·K of the data, then C·K of the noise)."""

    psi_p: float
    psi_n: float
    #: probabilities of the types (J,) and of the kinds (C,)
    p: np.ndarray
    pi: np.ndarray
    #: linear couplings u_j (J, M): √ω_k α, then √(ω_k π_c) β
    u: np.ndarray
    #: covariances of the nonlinear parts, √(ω_k ω_l) C_jc,kl: (J, C, K, K)
    C: np.ndarray
    #: s̄_j² (J,), averaged over kinds and nodes
    s2: np.ndarray
    #: √(π_c ω_k π_c' ω_l) E κκ^T within a type: (J, C·K, C·K)
    kappa: np.ndarray
    #: couplings of the target (M,)
    target: np.ndarray
    #: ρ_Σ: eigenvalues and weights (L,)
    nodes: np.ndarray
    weights: np.ndarray

    @property
    def sizes(self):
        """(J, C, K)"""
        return self.C.shape[:3]

    def channels(self, inside, lam):
        """diag over channels: blocks λ·``inside`` (…, C, K, K) for the data, the same without λ for the noise: (…, L, M, M).

        ``lam`` (L,); the block of the noise is the identity, since noise is averaged exactly.
        """
        _, kinds, times = self.sizes
        half = kinds * times
        result = np.zeros((*inside.shape[:-3], lam.size, 2 * half, 2 * half), inside.dtype)
        for c in range(kinds):
            rows = slice(c * times, (c + 1) * times)
            result[..., rows, rows] = lam[:, None, None] * inside[..., None, c, :, :]
        noise = np.arange(half, 2 * half)
        result[..., noise, noise] = 1
        return result

    @cached_property
    def population(self):
        """`channels` of fresh samples, (L, M, M), and the mean square of the nonlinear parts over them (J,)."""
        _, kinds, times = self.sizes
        identity = np.broadcast_to(np.eye(times), (kinds, times, times)) * self.pi[:, None, None]
        return self.channels(identity, self.nodes), self.s2 + np.einsum("c,jckk->j", self.pi, self.C)

    @cached_property
    def upper_bound(self):
        """A bound of the largest eigenvalue of U, from the norms of the Gaussian matrices that it is made of."""
        times = self.sizes[2]
        psi_p, psi_n = self.psi_p, self.psi_n
        alpha, beta = np.split(np.abs(self.u).max(axis=0), 2)
        v = np.sqrt(np.einsum("jckk->jck", self.C).max(axis=0)).ravel()
        samples, w = np.sqrt(np.repeat(self.pi, times)), 1 + np.sqrt(psi_p)
        x = np.sqrt(self.nodes.max()) * (samples + 1 / np.sqrt(psi_n))
        g = alpha * w * x + v * (samples + np.sqrt(psi_p / psi_n))
        return float(np.sum(g**2) + np.sum(beta**2) * w**2 + self.s2.max())

    @cached_property
    def atoms(self):
        """((location, weight), …): point masses of the law of U.

        Features of types with a common s̄² see, besides it, d columns of W for each independent u_j, and for a sample of kind c
        as many columns as Σ_j C_jc has rank; what is left of them is a null space. So it is for any of these types alone, and the
        largest null space is that of all. Eigenvalues below `FLAT` of the couplings count as zero, since those of U that they lead to
        cannot be told from s̄².
        """
        found = []
        for group, *_, flat in self._levels:
            sizes = range(1, group.size) if group.size <= SUBSETS else ()
            some = [list(types) for size in sizes for types in combinations(group.tolist(), size)]
            found.append((float(self.s2[group[0]]), max(self._null_space(types, flat) for types in [group.tolist(), *some])))
        return tuple(atom for atom in found if atom[1] > 0)

    def _null_space(self, types, flat):
        """The share of the features that these types' columns leave, negative where they leave none."""
        linear, nonlinear = self._eigenvalues(types)
        rank = np.count_nonzero(linear > flat) + self.psi_n * (self.pi @ (nonlinear > flat).sum(axis=-1))
        return float(self.p[types].sum() - rank / self.psi_p)

    def _eigenvalues(self, types):
        """Of Σ_j u_j u_j^T (M,) and Σ_j C_jc (C, K) over these types."""
        return np.linalg.svd(self.u[types], compute_uv=False) ** 2, np.linalg.eigvalsh(self.C[types].sum(axis=0))

    @cached_property
    def span(self):
        """An orthonormal basis of the channels that the u_j span, (M, rank); all channels as they are, if all."""
        values, basis = np.linalg.svd(self.u, full_matrices=False)[1:]
        rank = max(1, np.count_nonzero(values > SAME * values.max()))
        return np.eye(self.u.shape[1]) if rank == self.u.shape[1] else basis[:rank].T

    @cached_property
    def smallest_coupling(self):
        """The smallest eigenvalue of the couplings that counts in `atoms`: bulks lie about as far from their s̄_j²."""
        return float(
            min(c[c > flat].min(initial=np.inf) for *_, linear, nonlinear, flat in self._levels for c in (linear, nonlinear))
        )

    @cached_property
    def _levels(self):
        """For each s̄² its types, the eigenvalues of their u u^T (M,) and Σ_j C_jc (C, K), and which count as zero."""
        found = []
        for s2 in np.unique(self.s2):
            if found and s2 <= self.s2[found[-1][0][0]] * (1 + SAME):
                continue
            group = np.flatnonzero(np.abs(self.s2 - s2) <= SAME * s2)
            flat = FLAT * self.second_moments[group].max()
            found.append((group, *self._eigenvalues(group), flat))
        return found

    @property
    def second_moments(self):
        """What a feature of each type adds to Tr U, its mean aside (J,)."""
        fresh, nonlinear = self.population
        return nonlinear + np.einsum("jm,l,lmn,jn->j", self.u, self.weights, fresh, self.u)

    @cached_property
    def initial_loss(self):
        """The loss at A = 0, which is the mean square of the target."""
        return float(self.weights @ np.einsum("m,lmn,n->l", self.target, self.population[0], self.target))


def ensemble(model):
    """The `Ensemble` of a model.

    Raises
    ------
    ValueError
        If the activation has no second moment under a pre-activation's Gaussian.
    ConvergenceError
        If the quadrature does not settle (a callable with undeclared kinks).

    Notes
    -----
    Cost J·C·K times about 1 ms (10⁵ evaluations of σ), then cached for all ψ_p and ψ_n.
    """
    couplings = _couplings(model.activation, model.times, model.data, float(model.bias), model.types)
    return Ensemble(float(model.psi_p), float(model.psi_n), *couplings)


def check_activation(model):
    """Raise `ValueError` if σ has no second moment under the widest pre-activation (biases and centroids aside)."""
    mixture, times = as_mixture(model.data), model.times
    gamma2 = np.multiply.outer(times.decay**2, mixture.scales * mixture.covariance.variance) + times.noise_variances[:, None]
    check_second_moment(model.activation, 0.0, np.sqrt(gamma2.max()))


def as_mixture(data):
    """Gaussian data as a mixture of one kind; its spikes change no coupling."""
    return data if isinstance(data, Mixture) else Mixture((1,), spectrum=data.spectrum, continuous=data.continuous)


@lru_cache(maxsize=64)
def _couplings(activation, times, data, bias, types):
    """The fields of `Ensemble` after ψ_p and ψ_n, as a tuple."""
    mixture = as_mixture(data)
    shape, pi, variances = mixture.covariance, mixture.frequencies, mixture.scales
    p, biases, projections = feature_types(bias, types, mixture)
    u, nonlinear, s2, weighted = _type_couplings(activation, times, mixture, biases, projections)
    # what the loss weighs the target with: √ω_k γ_k = √w_k
    law = np.sqrt(times.law)
    target_data = law * times.target_data * np.sqrt(variances)[:, None]
    target_noise = law * np.sqrt(pi)[:, None] * times.target_noise
    return _merged(
        p,
        pi,
        u,
        nonlinear,
        s2,
        weighted[:, :, None] * weighted[:, None, :],
        np.concatenate([target_data.ravel(), target_noise.ravel()]),
        shape.eigenvalues,
        shape.weights,
    )


def _type_couplings(activation, times, mixture, biases, projections):
    """u (J, M), √(ω_k ω_l) C (J, C, K, K), s̄² (J,) and √(π_c ω_k) κ (J, C·K) of types with these biases and projections (J, C)."""
    pi, variances = mixture.frequencies, mixture.scales
    decay, noise = times.decay, np.sqrt(times.noise_variances)
    J, C, K = biases.size, pi.size, len(times)
    kappa, slope, s2 = np.empty((3, J, C, K))
    nonlinear = np.empty((J, C, K, K))
    for c in range(C):
        scale = decay * np.sqrt(variances[c] * mixture.covariance.variance)
        for j in range(J):
            means = decay * projections[j, c] + times.times * biases[j]
            kappa[j, c], slope[j, c], nonlinear[j, c], s2[j, c] = node_couplings(activation, means, scale, noise)

    root = np.sqrt(times.feature_weights)
    # of the data something is left at any time, lest δ vanish: with a square of 1e-200 nothing that double precision could see
    alpha = root * slope * np.maximum(decay, 1e-100) * np.sqrt(variances)[:, None]
    beta = root * np.sqrt(pi)[:, None] * slope * noise
    weighted = (root * kappa * np.sqrt(pi)[:, None]).reshape(J, C * K)
    return (
        np.concatenate([alpha.reshape(J, C * K), beta.reshape(J, C * K)], axis=1),
        root[:, None] * root * nonlinear,
        np.einsum("c,k,jck->j", pi, times.feature_weights, s2),
        weighted,
    )


def labels(model):
    """The directions of the label on which a feature's type depends: one for a bias, and those that far centroids span."""
    mixture = as_mixture(model.data)
    return (0 if mixture.means is None else mixture.centroids().shape[1]) + (float(model.bias) > 0)


@lru_cache(maxsize=64)
def label_couplings(activation, times, data, bias, points):
    """u, √(ω_k ω_l) C and s̄² of the types at standard normal labels, a tuple of tuples of length `labels`."""
    mixture, z = as_mixture(data), np.array(points)
    biases, projections = _at_labels(bias, mixture, z)
    return _type_couplings(activation, times, mixture, biases, projections)[:3]


def _at_labels(bias, mixture, points):
    """Biases (J,) and projections (J, C) at standard normal labels (J, directions): those of the centroids, then that of the bias."""
    centroids = mixture.centroids() if mixture.means is not None else np.zeros((len(mixture.weights), 0))
    biases = bias * points[:, -1] if bias > 0 else np.zeros(len(points))
    return biases, points[:, : centroids.shape[1]] @ centroids.T


def feature_types(bias, types, mixture):
    """Probabilities (J,), biases (J,) and projections on the centroids (J, C) of the types: a product of Gauss–Hermite rules."""
    directions = (0 if mixture.means is None else mixture.centroids().shape[1]) + (1 if bias > 0 else 0)
    p, points = label_rule(types, directions)
    return p, *_at_labels(bias, mixture, points)


def label_rule(count, directions):
    """Probabilities (J,) and standard normal labels (J, directions): a product of Gauss–Hermite rules without its `NEGLIGIBLE` nodes."""
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    weight = weight / weight.sum()
    grids = np.meshgrid(*[z] * directions, indexing="ij")
    points = np.stack([g.ravel() for g in grids], axis=1) if directions else np.zeros((1, 0))
    p = np.ones(points.shape[0])
    for g in np.meshgrid(*[weight] * directions, indexing="ij"):
        p = p * g.ravel()
    keep = p > NEGLIGIBLE
    return p[keep] / p[keep].sum(), points[keep]


def node_couplings(activation, means, data, noise):
    """κ (K,), a (K,), C (K, K) and s² (K,) for pre-activations means_k + data_k u + noise_k v that share u.

    C is the Gram matrix of the nonlinear parts at the nodes of u: positive semidefinite, and free of cancellation.
    """
    scales = tuple(zip(means.tolist(), data.tolist(), noise.tolist(), strict=True))
    for mean, x, y in scales:
        check_second_moment(activation, mean, np.hypot(x, y))
    previous = None
    for width in (2.0, 1.0, 0.5, 0.25):
        u, weight = data_rule(activation, scales, width)
        parts = [hermite_parts(activation, *scale, u, weight, width) for scale in scales]
        kappa, slope, nonlinear, s2 = (np.array(column) for column in zip(*parts, strict=True))
        current = kappa, slope, (nonlinear * weight) @ nonlinear.T, s2
        if previous is not None:
            error = max(np.max(np.abs(x - y)) for x, y in zip(current, previous, strict=True))
            if error < 1e-12 * (1 + max(np.max(np.abs(x)) for x in current)):
                return current
        previous = current
    raise ConvergenceError(
        f"the Gaussian quadrature of activation = {activation.name} does not settle; "
        "if the function jumps or has a corner, name the points in Activation(…, kinks=…)",
        error,
    )


def _merged(p, pi, u, C, s2, kappa, *rest):
    """Types with the same couplings as one: the biases b and −b of an odd activation, all biases of a linear one.

    What is `ROUNDING` only is zero first.
    """
    J = p.size
    coupled = np.einsum("c,jckk->j", pi, C) + np.sum(u**2, axis=1)
    scale = (s2 + coupled).max()
    # late in the diffusion a bias may leave a type linear, or constant, but for rounding: levels that lie 1e-30 apart are one
    s2 = np.where(s2 > ROUNDING * scale, s2, 0.0)
    alive = coupled > ROUNDING * scale
    u, C = np.where(alive[:, None], u, 0.0), np.where(alive[:, None, None, None], C, 0.0)
    rows = np.concatenate([u, C.reshape(J, -1), s2[:, None]], axis=1)
    size = np.full(rows.shape[1], scale)
    size[: u.shape[1]] = np.sqrt(scale)
    label = np.full(J, -1)
    for j in range(J):
        if label[j] < 0:
            label[(label < 0) & np.all(np.abs(rows - rows[j]) <= SAME * size, axis=1)] = j
    first = np.unique(label)
    members = [label == j for j in first]
    total = np.array([p[m].sum() for m in members])
    kappa = np.array([np.tensordot(p[m], kappa[m], 1) for m in members]) / total[:, None, None]
    return total, pi, u[first], C[first], s2[first], kappa, *rest
