"""Residuals H and G of ridge predictors and the loss at A = 0, by the equations that a model has.

`theory.training.losses` integrates them and knows nothing else of the model. The two scalar equations have them in closed form
(`scalar_kernel`), the general ones by linear response (`general_kernel`); a third kind of equations registers its own here.
"""

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..equations.general import GeneralSystem
from ..equations.scalar import ScalarSystem
from . import general_kernel, scalar_kernel

if TYPE_CHECKING:
    from ..equations.system import System

Values = NDArray[np.complex128]


@singledispatch
def initial_loss(system: "System") -> float:
    """L₀, the mean square of the target."""
    raise TypeError(f"no losses for {type(system).__name__}")


@singledispatch
def residuals(system: "System", x: Values) -> tuple[Values, Values]:
    """(H(z), G(∞, z)) at solutions x (m, N), two arrays (N,)."""
    raise TypeError(f"no losses for {type(system).__name__}")


@singledispatch
def kernels(system: "System", x: Values, size: int) -> tuple[Values, Values]:
    """G(z_i, z_j) and G(z_i, z̄_k) at solutions x (m, N), arrays (S, N, N) and (S, at least ``size``, ``size``), k among the first ``size``.

    The first of the S is that of the test loss; where there are C > 1 kinds, their train and their test losses follow, S = 1 + 2C.
    """
    raise TypeError(f"no losses for {type(system).__name__}")


@singledispatch
def class_residuals(system: "System", x: Values) -> tuple[Values, Values] | None:
    """(initial, far) of the losses of each of C > 1 kinds, train then test: L₀ of the kind (2C,), G(∞, z) (2C, N). None for one kind."""


@singledispatch
def beside_atom(system: "System") -> Values:
    """The unknowns (m, 1) where z → 0 from below and U has an atom at 0; NaN where they are not known."""
    raise TypeError(f"no losses for {type(system).__name__}")


@initial_loss.register
def _(system: ScalarSystem):
    return 1.0  # a single time has no connection from x to the output


@residuals.register
def _(system: ScalarSystem, x):
    # the target is the noise alone, so that V is the same over the samples and over fresh data
    both = scalar_kernel.train_residual(system, x)
    return both, both


@kernels.register
def _(system: ScalarSystem, x, size):
    return tuple(scalar_kernel.fresh_residual(system, x, right)[None] for right in (x, x[:, :size].conj()))


@beside_atom.register
def _(system: ScalarSystem):
    return scalar_kernel.beside_atom(system)


@initial_loss.register
def _(system: GeneralSystem):
    return system.ensemble.initial_loss


@residuals.register
def _(system: GeneralSystem, x):
    return general_kernel.residuals(system, x)


@kernels.register
def _(system: GeneralSystem, x, size):
    both = np.hstack([x, x.conj()])
    i, j = np.triu_indices(x.shape[1])
    first, second = np.append(i, i), np.append(j, j + x.shape[1])
    pairs = general_kernel.loss_kernels(system, both, first, second, classes=system.ensemble.pi.size > 1)
    kernel, mirror = np.empty((2, len(pairs), x.shape[1], x.shape[1]), complex)
    kernel[:, i, j], mirror[:, i, j] = pairs[:, : i.size], pairs[:, i.size :]
    kernel[:, j, i], mirror[:, j, i] = kernel[:, i, j], mirror[:, i, j].conj()
    return kernel, mirror[:, :size, :size]


@class_residuals.register
def _(system: GeneralSystem, x):
    e = system.ensemble
    if e.pi.size == 1:
        return None
    # at infinite z the residual is the target itself
    return np.tile(e.class_initial_loss, 2), general_kernel.class_residuals(system, x).reshape(2 * e.pi.size, -1)


@beside_atom.register
def _(system: GeneralSystem):
    return np.full((system.unknowns, 1), np.nan)
