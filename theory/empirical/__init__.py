"""The exact empirical score, the minimiser of the training loss, with no network: when it memorizes, and when it generalizes best.

The training set has n = e^{αd} points. A file imports only those before it: ``averages`` of the data's covariance; ``times`` of onset,
collapse and condensation, and the basin of a trap; ``generalization``, how near P_t^e comes to the law of the data; ``random_energy``,
the model behind it all; ``speciation``, when a cluster is decided. Formulas come from `theory.symbolic` (random_energy, empirical_score,
hidden_manifold, speciation), and `theory.simulation` has the finite-size side (empirical_score, collapse). All times are diffusion times
t of the variance-preserving process.
"""

from ..data.hidden_manifold import HiddenManifold
from .generalization import cross_entropy, generalization_time, kl_divergence
from .random_energy import critical_beta, free_energy, participation_ratio
from .speciation import class_speciation_times, cloning_probability, speciation_time
from .times import basin_radius, collapse_time, condensation_time, onset_time

__all__ = [
    "HiddenManifold",
    "basin_radius",
    "class_speciation_times",
    "cloning_probability",
    "collapse_time",
    "condensation_time",
    "critical_beta",
    "cross_entropy",
    "free_energy",
    "generalization_time",
    "kl_divergence",
    "onset_time",
    "participation_ratio",
    "speciation_time",
]
