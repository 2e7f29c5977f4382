r"""q(z) for any covariance spectrum: the branch followed from |z| = ∞ down to the target.

At fixed Re z the imaginary part is lowered from the size of the spectrum, where q ≈ −1/z, in factors of
ten; Newton corrects at every level. After each level the target itself is tried, and a point that
`theory.equations.certify` accepts is done: inside a bulk that takes a few levels, next to an edge about fifteen.
A level that fails is repeated with a smaller factor. All points move together in one array.

**Why the start is free.** In most continuations the path is the argument that the branch is right, and a jump between branches is an error that
nobody sees. Here what is returned passed the certificate, which at a given z holds for one solution only and does not ask where it came
from. So Newton may start anywhere: from the level above, from points beside (`beside`, and of a longer array every second point is solved
first, the others from their neighbours), from a polynomial's roots. A bad start costs the path from infinity, never the answer. What may be
changed here are the factors and numbers of steps, for speed.

`solve` is called by `theory.equations.solve`, `beside` by whoever has solutions near by: `theory.spectrum.edge_search`,
`theory.spectrum.label_continuum`, `theory.outliers.counted`. Checked by ``tests/equations/test_continuation.py``.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..progress import progress_bar
from .certificate import UNSOLVED, certify, polish

if TYPE_CHECKING:
    from .system import System

#: smallest imaginary part, relative to |Re z|, that a path descends to
FLOOR = 1e-18
#: arrays up to this size go all the way from infinity
ALONE = 8
#: steps from points beside, and those that follow where none of them has converged
STEPS = (4, 16)


def solve(system: "System", y: NDArray) -> tuple[NDArray, NDArray[np.float64]]:
    """The physical solution at every y.

    Parameters
    ----------
    system : `theory.equations.System`
    y : complex array of shape (N,), Im y >= 0

    Returns
    -------
    (x, residual) : arrays of shape (unknowns, N) and (N,)
        x is NaN where no solution was certified, as happens within rounding of an edge; ``residual`` then holds
        the residual that was reached at the target.

    Notes
    -----
    Cost about 8 Newton steps for neighbouring points, 10 to 20 levels of 5 steps for isolated ones; a step is O(N m) for the
    two scalar equations with m nodes of ρ_Σ (for the general ones see `theory.equations.GeneralSystem`).
    """
    with progress_bar(total=y.size, desc="saddle point", unit="point") as bar:
        return _solve(system, y, bar)


def _solve(system, y, bar):
    if y.size <= ALONE:
        bar.update(y.size)
        return _from_infinity(system, y)
    every_second, other_residual = _solve(system, y[::2], bar)
    x = np.full((len(every_second), y.size), UNSOLVED)
    residual = np.zeros(y.size)
    x[:, ::2], residual[::2] = every_second, other_residual
    odd = np.arange(1, y.size, 2)
    right = np.minimum(odd + 1, 2 * ((y.size - 1) // 2))
    start = (x[:, odd - 1] + x[:, right]) / 2
    usable = np.flatnonzero(~np.isnan(start[0]))
    near = polish(system, start[:, usable], y[odd[usable]], steps=12)
    done, near = certify(system, near, y[odd[usable]])
    x[:, odd[usable[done]]] = near[:, done]
    rest = odd[np.isnan(x[0, odd])]
    if rest.size:
        x[:, rest], residual[rest] = _from_infinity(system, y[rest])
    bar.update(odd.size)
    return x, residual


def beside(system: "System", starts: NDArray, y: NDArray) -> NDArray | None:
    """The solution (unknowns, 1) at the single point ``y`` of shape (1,), by Newton from one of ``starts`` (unknowns, k); or None.

    What is saved is the path from infinity.
    """
    at, x = y.repeat(starts.shape[1]), starts
    for steps in STEPS:  # a good start is done soon, and the others need not be followed
        done, x = certify(system, polish(system, x, at, steps), at)
        if done.any():
            return x[:, done][:, :1]
    return None


def _from_infinity(system, y):
    residual = np.zeros(y.size)
    todo = np.arange(y.size)
    height = np.maximum(y.imag, 10 * system.upper_bound)
    factor = np.full(y.size, 0.1)
    path = system.start(y.real + 1j * height)
    x = np.full((len(path), y.size), UNSOLVED)

    for _ in range(400):
        # try the target from where the path stands
        target = _try(system, path, y[todo])
        done, target = certify(system, target, y[todo])
        x[:, todo[done]] = target[:, done]
        keep = ~done
        residual[todo] = np.where(done, 0, system.residual_size(target, y[todo]))
        if not keep.any():
            break
        todo, height, factor, path = todo[keep], height[keep], factor[keep], path[:, keep]

        # one level further down
        floor = FLOOR * np.abs(y[todo].real)
        lower = np.maximum(height * factor, np.maximum(y[todo].imag, floor))
        on_path = y[todo].real + 1j * lower
        new = polish(system, _predict(system, path, y[todo].real + 1j * height, on_path), on_path, steps=6)
        good, new = certify(system, new, on_path)
        path = np.where(good, new, path)
        height = np.where(good, lower, height)
        factor = np.where(good, np.maximum(factor**2, 0.1), np.sqrt(factor))
        alive = (factor < 1 - 1e-6) & (height > floor)
        if not alive.all():  # a path that cannot descend any further has failed
            todo, height, factor, path = todo[alive], height[alive], factor[alive], path[:, alive]
        if todo.size == 0:
            break

    return x, residual


def _try(system, x, y):
    """Newton from a start that may be far off: given up after a few steps where nothing comes of it."""
    x = polish(system, x, y, steps=4)
    promising = np.flatnonzero(system.residual_size(x, y) < 0.1)
    x[:, promising] = polish(system, x[:, promising], y[promising], steps=10)
    return x


def _predict(system, x, y, y_new):
    """Every unknown as the power of the height Im y that it locally is, at ``y_new``; as it stands where that is no power law."""
    with np.errstate(all="ignore"):
        exponent = 1j * y.imag * system.tangent(x, y) / x
        powers = (y_new.imag / y.imag) ** exponent
    return np.where(np.abs(exponent) < 2, x * powers, x)
