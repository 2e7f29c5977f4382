r"""Feature types and times that stand for a continuum: models of more and more of them, and whether these agree.

The labels of features (a bias, projections on far centroids) and the diffusion time may be continuous. `theory.spectrum.levels` is a sequence of
models in which nodes stand for them, of twice as many types from level to level and of four more times. What two successive levels agree on
within `TOLERANCE` is taken from the finer one, with the measured difference as its error: a bound, as long as the errors fall from level to
level by a half at least. They fall faster: nodes at equal distances leave an error exp(−c/step), Gauss rules of a smooth density likewise; and
``tests/spectrum/test_refined.py`` holds the claim against much finer levels. What no level sees is the share of labels beyond the lattice
(`theory.couplings.feature_types.REACH`); for q it is bounded by that share times the largest |q_j| and added.

Called by `theory.spectrum.refined`, which asks for levels, and by `theory.spectrum.law` for models whose number of types was chosen.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..couplings.feature_types import LabelLattice, labels

if TYPE_CHECKING:
    from .law import Spectrum

#: what successive levels must agree on, relatively
TOLERANCE = 1e-6
#: where q is compared to choose a level, in units of Tr U/p
PROBES = (-0.3, -0.03, 0.3 + 0.1j, 1 + 0.1j)
#: numbers that unknowns at several points may be at a time: 64 MB
BLOCK = 4_000_000


@dataclass(frozen=True)
class Discretisation:
    """Types and times that stand for a continuum, and the relative errors that they leave, by what was asked for.

    ``errors`` has q at points around the spectrum under "probes", and what was asked of the spectrum since: "stieltjes", "density", "edges",
    "atoms", "outliers", "losses", each with the largest error so far; that of the density in units of 1/(mean eigenvalue), the others
    relatively. Empty where there is no continuum.
    """

    types: int
    times: int
    errors: dict[str, float] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """The largest of the errors."""
        return max(self.errors.values(), default=0.0)


def distance(fine: NDArray, coarse: NDArray) -> float:
    """The largest relative difference, inf where shapes differ."""
    if fine.shape != coarse.shape:
        return np.inf
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.abs(fine - coarse) / np.abs(fine)
    return float(np.max(np.where(fine == coarse, 0.0, relative), initial=0.0))


def resolvent(spectrum: "Spectrum", z: NDArray) -> tuple[NDArray, NDArray]:
    """q at a flat array z, and what labels beyond the nodes may add to it, relative to |q|."""
    model, system = spectrum.model, spectrum.system
    missing = model.types.missing(labels(model)) if isinstance(model.types, LabelLattice) else 0.0
    q, beyond = np.empty(z.size, complex), np.empty(z.size)
    step = max(1, BLOCK // system.unknowns)
    for first in range(0, z.size, step):
        part = slice(first, first + step)
        x = spectrum.solve(z[part])
        q[part] = system.stieltjes(x)
        beyond[part] = missing * np.abs(x[: system.resolvents]).max(axis=0) / np.abs(q[part])
    return q, beyond


def probes(spectrum: "Spectrum") -> NDArray:
    """Points around the spectrum, at which levels are compared before anything is asked."""
    return np.array(PROBES) * first_moment(spectrum)


def first_moment(spectrum: "Spectrum") -> float:
    """Tr U/p, means of the activations aside: the size of an eigenvalue."""
    e = spectrum.system.ensemble
    return float(e.p @ e.second_moments)


def discretisation_of(spectrum: "Spectrum") -> Discretisation:
    """The types and times of a spectrum whose numbers were chosen, compared with those that refinement takes."""
    model = spectrum.model
    if labels(model) == 0:
        return Discretisation(1, len(model.times))
    z = probes(spectrum)
    q, expected = (resolvent(s, z)[0] for s in (spectrum, replace(model, types="auto").spectrum().base))
    return Discretisation(spectrum.system.ensemble.p.size, len(model.times), {"probes": distance(expected, q) + TOLERANCE})
