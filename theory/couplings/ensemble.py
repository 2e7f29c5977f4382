r"""Feature types, kinds of samples, time nodes: the couplings from which the general action is made.

A feature's *type* j is what its law depends on besides W: its bias b_j and its projections ω_j^c = W_i·m_c/√d on far centroids. A
sample's *kind* c has its variance and its centroid. For type j, kind c and time t_k the pre-activation is

    e^{-t_k} ω_j^c + t_k b_j + data·u + noise·v,      data = e^{-t_k} σ_c σ_x,  noise = √Δ_k,  u, v ~ N(0, 1),

and σ of it has the mean κ, the linear parts α = a e^{-t_k} σ_c (in Σ^{1/2} ζ) and β = a √Δ_k (in ξ), a = E σ', the nonlinear part
that the sample fixes, with the covariance C_kl between times k and l (one sample seen at two times), and the part s² that the noise
leaves. One time's Gaussian equivalence has a number v² where there is a matrix C here.

What a feature of type j reads linearly are *channels*: Σ^{1/2}ζ of each kind at each time, then ξ of each kind at each time, 2CK in all. The
noises are channels apart, since they are drawn anew; the data of one kind are the same at all times, so that these channels are coupled.

An example by hand, σ(x) = x² at two times with e^{-t} = √½ and ½, so Δ = ½ and ¾; two kinds of variance 1 and 4; two biases ±1:

>>> from math import log
>>> from theory import Mixture, RandomFeatureModel, TimeGrid, activations
>>> square, times = activations.polynomial((0, 0, 1)), TimeGrid((log(2) / 2, log(2)), (0.5, 0.5))
>>> e = RandomFeatureModel(square, 3, 2, times, Mixture((0.5, 0.5), (1, 4)), bias=1, types=2).ensemble
>>> e.sizes                                              # types × kinds × times
(2, 2, 2)
>>> e.p, e.pi                                            # shares of the types and of the kinds
(array([0.5, 0.5]), array([0.5, 0.5]))

With the mean m = t_k b_j, a = E σ' = 2m. The default amplitudes make ω_k = w_k = ½, so √ω α = √½·2tb·e^{-t}σ_c and √(ωπ) β = ½·2tb·√Δ:

>>> e.u[1].round(3)[:4], e.u[1].round(3)[4:]             # (kind 1: both times, kind 2: both times), twice: data, noise
(array([0.347, 0.49 , 0.693, 0.98 ]), array([0.245, 0.6  , 0.245, 0.6  ]))
>>> bool(abs(e.u[0] + e.u[1]).max() < 1e-12)             # the bias −1
True

E_v (m + data u + noise v)² is (m + data u)² + Δ, whose part beyond the linear one is data² (u² − 1): C_kl = 2 data_k² data_l²,

>>> e.C[0].round(6).tolist()                             # times √(ω_k ω_l) = ½, for the variances 1 and 4
[[[0.25, 0.125], [0.125, 0.0625]], [[4.0, 2.0], [2.0, 1.0]]]

and what the noise leaves, 2 data·noise·uv + noise² (v² − 1), has s² = 4 data² Δ + 2Δ² = 1.5, 1.875 (variance 1) and 4.5, 4.125 (4):

>>> e.s2.round(12)                                       # their average, for each type
array([3., 3.])

The target that the network learns is linear in x and ξ: it is one more type, with C = s² = 0 and no share of the features. All losses
follow from it (`theory.training.general_kernel`). Derived here (the action of theory notes, checked by ``tests/equations/test_general.py``).

Called by ``RandomFeatureModel.ensemble``; `theory.equations.general` reads the arrays. The labels behind the types are in
`theory.couplings.feature_types`, the averages of one type in `theory.couplings.type_couplings`.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.mixture import as_mixture
from .feature_types import feature_types
from .gaussian_averages import check_second_moment
from .merging import SAME, merged
from .type_couplings import type_couplings

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: eigenvalues of C smaller than this, relative to all the type's couplings, are none
FLAT = 1e-11
#: types with one s̄_j² of which all subsets are looked at for the null space
SUBSETS = 10


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Couplings as arrays: J types, C kinds, K nodes, and M = 2CK channels (C·K of the data, then C·K of the noise)."""

    psi_p: float
    psi_n: float
    #: probabilities of the types (J,) and of the kinds (C,)
    p: NDArray
    pi: NDArray
    #: linear couplings u_j (J, M): √ω_k α, then √(ω_k π_c) β
    u: NDArray
    #: covariances of the nonlinear parts, √(ω_k ω_l) C_jc,kl: (J, C, K, K)
    C: NDArray
    #: s̄_jc², each kind's part of s̄_j²: π_c Σ_k ω_k s²_jck, (J, C)
    kind_s2: NDArray
    #: √(π_c ω_k π_c' ω_l) E κκ^T within a type: (J, C·K, C·K)
    kappa: NDArray
    #: couplings of the target (M,)
    target: NDArray
    #: ρ_Σ: eigenvalues and weights (L,)
    nodes: NDArray
    weights: NDArray

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(J, C, K)"""
        return self.C.shape[:3]

    @cached_property
    def s2(self) -> NDArray:
        """s̄_j² (J,), averaged over kinds and nodes."""
        return self.kind_s2.sum(axis=1)

    def channels(self, inside: NDArray, lam: NDArray) -> NDArray:
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
    def population(self) -> tuple[NDArray, NDArray]:
        """`channels` of fresh samples, (L, M, M), and the mean square of the nonlinear parts over them (J,)."""
        _, kinds, times = self.sizes
        identity = np.broadcast_to(np.eye(times), (kinds, times, times)) * self.pi[:, None, None]
        return self.channels(identity, self.nodes), self.s2 + np.einsum("c,jckk->j", self.pi, self.C)

    @cached_property
    def upper_bound(self) -> float:
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
    def atoms(self) -> tuple[tuple[float, float], ...]:
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
        alone, linear, nonlinear, flat = self._alone
        rank = (linear > flat) + self.psi_n * ((nonlinear > flat[:, None, None]).sum(axis=-1) @ self.pi)
        found += zip(self.s2[alone].tolist(), (self.p[alone] - rank / self.psi_p).tolist(), strict=True)
        return tuple(sorted(atom for atom in found if atom[1] > 0))

    def _null_space(self, types, flat):
        """The share of the features that these types' columns leave, negative where they leave none."""
        linear, nonlinear = self._eigenvalues(types)
        rank = np.count_nonzero(linear > flat) + self.psi_n * (self.pi @ (nonlinear > flat).sum(axis=-1))
        return float(self.p[types].sum() - rank / self.psi_p)

    def _eigenvalues(self, types):
        """Of Σ_j u_j u_j^T (M,) and Σ_j C_jc (C, K) over these types."""
        return np.linalg.svd(self.u[types], compute_uv=False) ** 2, np.linalg.eigvalsh(self.C[types].sum(axis=0))

    @cached_property
    def span(self) -> NDArray:
        """An orthonormal basis of the channels that the u_j span, (M, rank); all channels as they are, if all."""
        values, basis = np.linalg.svd(self.u, full_matrices=False)[1:]
        rank = max(1, np.count_nonzero(values > SAME * values.max()))
        return np.eye(self.u.shape[1]) if rank == self.u.shape[1] else basis[:rank].T

    @cached_property
    def readings(self) -> NDArray:
        """The coordinates of the u_j in `span`, (rank, J)."""
        return np.ascontiguousarray(self.span.T @ self.u.T)

    @cached_property
    def forms(self) -> NDArray:
        """What T and Σ_j p_j q_j C̃_j are made of, and what 1/q_j reads them by: R_jR_j^T for R = `readings`, C̃_jc; (F, J).

        Of R_jR_j^T the upper triangle, r(r+1)/2 numbers, then all C·K·K of the C̃_jc.
        """
        a, b = np.triu_indices(len(self.readings))
        return np.concatenate([self.readings[a] * self.readings[b], self.C.reshape(self.p.size, -1).T])

    @cached_property
    def smallest_coupling(self) -> float:
        """The smallest eigenvalue of the couplings that counts in `atoms`: bulks lie about as far from their s̄_j²."""
        _, linear, nonlinear, flat = self._alone
        large = (linear[linear > flat], nonlinear[nonlinear > flat[:, None, None]])
        large += tuple(c[c > flat] for *_, linear, nonlinear, flat in self._levels for c in (linear, nonlinear))
        return float(min(c.min(initial=np.inf) for c in large))

    @cached_property
    def _chains(self):
        """Types in the order of s̄_j², cut where one differs from the next."""
        order = np.argsort(self.s2, kind="stable")
        s2 = self.s2[order]
        return np.split(order, np.flatnonzero(np.diff(s2) > SAME * s2[1:]) + 1)

    @cached_property
    def _alone(self):
        """Types that have their s̄_j² for themselves (J',): the eigenvalue of u u^T (J',), those of C_jc (J', C, K), and what counts as zero."""
        alone = np.array([chain[0] for chain in self._chains if chain.size == 1], int)
        return (
            alone,
            np.sum(self.u[alone] ** 2, axis=1),
            np.linalg.eigvalsh(self.C[alone]),
            FLAT * self.second_moments[alone],
        )

    @cached_property
    def _levels(self):
        """For each s̄² of several types these, the eigenvalues of their u u^T (M,) and Σ_j C_jc (C, K), and which count as zero."""
        found = []
        for chain in self._chains:
            last = -1.0
            for s2 in np.unique(self.s2[chain]) if chain.size > 1 else ():
                if s2 <= last * (1 + SAME):
                    continue
                last, group = s2, np.sort(chain[np.abs(self.s2[chain] - s2) <= SAME * s2])
                flat = FLAT * self.second_moments[group].max()
                found.append((group, *self._eigenvalues(group), flat))
        return found

    @property
    def second_moments(self) -> NDArray:
        """What a feature of each type adds to Tr U, its mean aside (J,)."""
        fresh, nonlinear = self.population
        return nonlinear + np.einsum("jm,l,lmn,jn->j", self.u, self.weights, fresh, self.u)

    @cached_property
    def initial_loss(self) -> float:
        """The loss at A = 0, which is the mean square of the target."""
        return float(self.weights @ np.einsum("m,lmn,n->l", self.target, self.population[0], self.target))

    @cached_property
    def class_initial_loss(self) -> NDArray:
        """The same for the samples of each kind (C,)."""
        _, kinds, times = self.sizes
        data, noise = np.split(self.target**2, 2)
        by_kind = data * (self.weights @ self.nodes) + noise / np.repeat(self.pi, times)
        return by_kind.reshape(kinds, times).sum(axis=1)


def ensemble(model: "RandomFeatureModel") -> Ensemble:
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


def check_activation(model: "RandomFeatureModel") -> None:
    """Raise `ValueError` if σ has no second moment under the widest pre-activation (biases and centroids aside)."""
    mixture, times = as_mixture(model.data), model.times
    gamma2 = np.multiply.outer(times.decay**2, mixture.scales * mixture.covariance.variance) + times.noise_variances[:, None]
    check_second_moment(model.activation, 0.0, np.sqrt(gamma2.max()))


@lru_cache(maxsize=64)
def _couplings(activation, times, data, bias, types):
    """The fields of `Ensemble` after ψ_p and ψ_n, as a tuple."""
    mixture = as_mixture(data)
    shape, pi, variances = mixture.covariance, mixture.frequencies, mixture.scales
    p, biases, projections = feature_types(bias, types, mixture)
    u, nonlinear, s2, weighted = type_couplings(activation, times, mixture, biases, projections)
    p, u, nonlinear, s2, kappa = merged(p, pi, u, nonlinear, s2, weighted[:, :, None] * weighted[:, None, :])
    # what the loss weighs the target with: √ω_k r_k = √w_k
    root = np.sqrt(times.probabilities)
    target_data = root * times.target_data * np.sqrt(variances)[:, None]
    target_noise = root * np.sqrt(pi)[:, None] * times.target_noise
    target = np.concatenate([target_data.ravel(), target_noise.ravel()])
    return p, pi, u, nonlinear, s2, kappa, target, shape.eigenvalues, shape.weights
