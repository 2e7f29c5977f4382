"""What ``method="lanczos"`` takes: its options, checked before anything is drawn."""

from typing import TYPE_CHECKING

import numpy as np

from ...validation import positive, positive_integer, shown
from ..backends import Backend
from .draw import matrices
from .model import LanczosModel
from .storage import GIB, Storage

if TYPE_CHECKING:
    from ...model import RandomFeatureModel

PROBES, STEPS = 16, 100


def options(
    where: Backend,
    shape: tuple[int, int, int],
    probes: int | None,
    steps: int | None,
    memory: float | None,
) -> tuple[int, int, Storage]:
    """(probes, steps, storage) for matrices of ``shape`` (p, d, n), or ``ValueError``."""
    if where.library != "numpy":
        raise ValueError(
            f"library = {where.library!r} is not available with method = 'lanczos'; allowed: 'numpy', on the CPU"
        )
    probes = PROBES if probes is None else positive_integer("probes", probes, 10_000)
    steps = STEPS if steps is None else positive_integer("steps", steps, 10_000)
    p = shape[0]
    vectors = 8 * min(probes, p) * p * (min(steps, p) + 3)
    if memory is None:
        return probes, steps, Storage(where.dtype)
    budget = float(positive("memory", memory)) * GIB
    if budget < vectors:
        raise ValueError(
            f"memory = {shown(memory)} GiB does not hold the vectors of {probes} probes and {steps} steps, {vectors / GIB:.3g} GiB; "
            "allowed: more, or fewer probes or steps"
        )
    return probes, steps, Storage(where.dtype, budget - vectors)


def draw(
    model: "RandomFeatureModel",
    shape: tuple[int, int, int],
    rng: np.random.Generator,
    features: str,
    noise_draws: int | None,
    biases: str,
    chosen: tuple[int, int, Storage],
) -> LanczosModel:
    """The `LanczosModel` of ``shape`` (p, d, n) with the `options` that were chosen."""
    probes, steps, storage = chosen
    drawn = matrices(model, shape, rng, storage, features, noise_draws, biases)
    return LanczosModel(model, drawn, features, noise_draws, probes, steps, rng)
