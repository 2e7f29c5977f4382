r"""q(z) for any covariance spectrum: the branch followed from |z| = ∞ down to the target.

At fixed Re z the imaginary part is lowered from the size of the spectrum, where q ≈ −1/z, in factors of
ten; Newton corrects at every level. After each level the target itself is tried, and a point that
`theory.equations.certificate.certify` accepts is done: inside a bulk that takes a few levels, next to an edge about fifteen.
A level that fails is repeated with a smaller factor. All points move together in one array.

Of a longer array every second point is solved first and the others are tried from the solutions beside them. The
certificate is a proof of the branch whatever the start, so that this saves time and decides nothing.
"""

import numpy as np

from ..progress import progress_bar
from .certificate import UNSOLVED, certify, polish

#: smallest imaginary part, relative to |Re z|, that a path descends to
FLOOR = 1e-18
#: arrays up to this size go all the way from infinity
ALONE = 8


def solve(system, z, scale):
    """The physical solution at every z.

    Parameters
    ----------
    system : `theory.equations.scalar.SaddleSystem` or `theory.equations.general.EngineSystem`
    z : complex array of shape (N,), Im z >= 0
    scale : float
        An upper bound of the spectrum: the path starts at Im z = 10 × scale.

    Returns
    -------
    (x, residual) : arrays of shape (unknowns, N) and (N,)
        x is NaN where no solution was certified, as happens within rounding of an edge; ``residual`` then holds
        the residual that was reached at the target.

    Notes
    -----
    Cost about 8 Newton steps for neighbouring points, 10 to 20 levels of 5 steps for isolated ones; a step is O(N m) for the
    two scalar equations with m nodes of ρ_Σ (for the engine see `theory.equations.general`).
    """
    with progress_bar(total=z.size, desc="saddle point", unit="point") as bar:
        return _solve(system, z, scale, bar)


def _solve(system, z, scale, bar):
    if z.size <= ALONE:
        bar.update(z.size)
        return _from_infinity(system, z, scale)
    every_second, other_residual = _solve(system, z[::2], scale, bar)
    x = np.full((len(every_second), z.size), UNSOLVED)
    residual = np.zeros(z.size)
    x[:, ::2], residual[::2] = every_second, other_residual
    odd = np.arange(1, z.size, 2)
    right = np.minimum(odd + 1, 2 * ((z.size - 1) // 2))
    start = (x[:, odd - 1] + x[:, right]) / 2
    usable = np.flatnonzero(~np.isnan(start[0]))
    near = polish(system, start[:, usable], z[odd[usable]], steps=12)
    done, near = certify(system, near, z[odd[usable]])
    x[:, odd[usable[done]]] = near[:, done]
    rest = odd[np.isnan(x[0, odd])]
    if rest.size:
        x[:, rest], residual[rest] = _from_infinity(system, z[rest], scale)
    bar.update(odd.size)
    return x, residual


def beside(system, starts, z):
    """The solution (unknowns, 1) at the single point ``z`` of shape (1,), by Newton from one of ``starts`` (unknowns, k); or None.

    The certificate is a proof whatever the start; what is saved is the path from infinity.
    """
    at = z.repeat(starts.shape[1])
    done, x = certify(system, polish(system, starts, at, steps=20), at)
    return x[:, done][:, :1] if done.any() else None


def _from_infinity(system, z, scale):
    residual = np.zeros(z.size)
    todo = np.arange(z.size)
    height = np.maximum(z.imag, 10 * scale)
    factor = np.full(z.size, 0.1)
    path = system.start(z.real + 1j * height)
    x = np.full((len(path), z.size), UNSOLVED)

    for _ in range(400):
        # try the target from where the path stands
        target = _try(system, path, z[todo])
        done, target = certify(system, target, z[todo])
        x[:, todo[done]] = target[:, done]
        keep = ~done
        residual[todo] = np.where(done, 0, system.residual_size(target, z[todo]))
        if not keep.any():
            break
        todo, height, factor, path = todo[keep], height[keep], factor[keep], path[:, keep]

        # one level further down
        floor = FLOOR * np.abs(z[todo].real)
        lower = np.maximum(height * factor, np.maximum(z[todo].imag, floor))
        on_path = z[todo].real + 1j * lower
        new = polish(system, _predict(system, path, z[todo].real + 1j * height, on_path), on_path, steps=6)
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


def _try(system, x, z):
    """Newton from a start that may be far off: given up after a few steps where nothing comes of it."""
    x = polish(system, x, z, steps=4)
    promising = np.flatnonzero(system.residual_size(x, z) < 0.1)
    x[:, promising] = polish(system, x[:, promising], z[promising], steps=10)
    return x


def _predict(system, x, z, z_new):
    """Every unknown as the power of the height Im z that it locally is; as it stands where that is no power law."""
    with np.errstate(all="ignore"):
        exponent = 1j * z.imag * np.stack(system.tangent(x, z)) / x
        powers = (z_new.imag / z.imag) ** exponent
    return np.where(np.abs(exponent) < 2, x * powers, x)
