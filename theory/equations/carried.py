r"""The solution of some feature types as the start for others: what the types share is carried over.

Each type reads the answer by ⟨M⟩ and the E_c alone (`theory.equations.channels`), which hardly change when the types that stand for a continuum
become more. So the q_j of the new types follow from those of the old ones by one evaluation,

    1/q_j = s̄_j² − z + u_j^T⟨M⟩u_j + Σ_c π_c Tr E_c C̃_jc,

and Newton ends there in a step or two, instead of a path from infinity. It is a start and no more: what is returned is certified at the new
types.

Called by `theory.spectrum.levels` and `theory.spectrum.moved_edges`. Checked by ``tests/spectrum/test_refined.py``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import channels
from .general import GeneralSystem
from .response import fields
from .system import System


@dataclass(frozen=True)
class Shared:
    """⟨M⟩ (N, M, M), E_c (N, C, K, K) and δ_c (N, C·K·K) at N points."""

    mean: NDArray
    E: NDArray
    delta: NDArray


def shared(system: System, x: NDArray) -> Shared | None:
    """What the types of a system share at solutions x (m, N); None where the equations are not the general ones."""
    if not isinstance(system, GeneralSystem):
        return None
    e, full = system.ensemble, system.full(x)
    field = fields(e, full, np.eye(e.u.shape[1]))
    M = field.M_extra if isinstance(field, channels.ChannelFields) else field.Mu[..., e.p.size :]
    return Shared(np.einsum("l,nlab->nab", e.weights, M), field.E, full[e.p.size :].T)


def start(system: System, known: Shared | None, y: NDArray) -> NDArray | None:
    """Unknowns (m, N) of a system at y (N,) from what other types share there; None where kinds or times are others."""
    if known is None or not isinstance(system, GeneralSystem) or known.E.shape[1:] != system.ensemble.C.shape[1:]:
        return None
    e = system.ensemble
    with np.errstate(all="ignore"):
        read = channels.read(e, e.span.T @ known.mean @ e.span, known.E)
        q = 1 / (e.s2 - system.offset - y[:, None] + read)
    return system.unknowns_of(np.concatenate([q, known.delta], axis=1).T)
