r"""q(z) for any covariance spectrum: the branch followed from |z| = ∞ down to the target.

At fixed Re z the imaginary part is lowered from the size of the spectrum, where q ≈ −1/z, in factors of
ten; Newton corrects at every level. After each level the target itself is tried, and a point that
`theory.saddle.certify` accepts is done: inside a bulk that takes a few levels, next to an edge about fifteen.
A level that fails is repeated with a smaller factor. All points move together in one array.

Of a longer array every second point is solved first and the others are tried from the solutions beside them. The
certificate is a proof of the branch whatever the start, so that this saves time and decides nothing.
"""

import numpy as np

from .saddle import UNSOLVED, certify, polish, residual_size

#: smallest imaginary part, relative to |Re z|, that a path descends to
FLOOR = 1e-18
#: arrays up to this size go all the way from infinity
ALONE = 8


def solve(system, z, scale):
    """The physical (q, δ) at every z.

    Parameters
    ----------
    system : `theory.saddle.SaddleSystem`
    z : complex array of shape (N,), Im z >= 0
    scale : float
        An upper bound of the spectrum: the path starts at Im z = 10 × scale.

    Returns
    -------
    (q, delta, residual) : arrays of shape (N,)
        q and δ are NaN where no solution was certified, as happens within rounding of an edge; ``residual`` then holds
        the residual that was reached at the target.

    Notes
    -----
    Cost O(N m) times about 8 Newton steps for neighbouring points, 10 to 20 levels of 5 steps for isolated ones; m is the
    number of nodes of ρ_Σ.
    """
    if z.size <= ALONE:
        return _from_infinity(system, z, scale)
    q, delta = np.full((2, z.size), UNSOLVED)
    residual = np.zeros(z.size)
    q[::2], delta[::2], residual[::2] = solve(system, z[::2], scale)
    odd = np.arange(1, z.size, 2)
    right = np.minimum(odd + 1, 2 * ((z.size - 1) // 2))
    start_q, start_delta = (q[odd - 1] + q[right]) / 2, (delta[odd - 1] + delta[right]) / 2
    usable = np.flatnonzero(~np.isnan(start_q))
    near_q, near_delta = polish(system, start_q[usable], start_delta[usable], z[odd[usable]], steps=12)
    done, near_q, near_delta = certify(system, near_q, near_delta, z[odd[usable]])
    q[odd[usable[done]]], delta[odd[usable[done]]] = near_q[done], near_delta[done]
    rest = odd[np.isnan(q[odd])]
    if rest.size:
        q[rest], delta[rest], residual[rest] = _from_infinity(system, z[rest], scale)
    return q, delta, residual


def _from_infinity(system, z, scale):
    q, delta = np.full((2, z.size), UNSOLVED)
    residual = np.zeros(z.size)
    todo = np.arange(z.size)
    height = np.maximum(z.imag, 10 * scale)
    factor = np.full(z.size, 0.1)
    path_q, path_delta = _start(system, z.real + 1j * height)

    for _ in range(400):
        # try the target from where the path stands
        target_q, target_delta = polish(system, path_q, path_delta, z[todo], steps=12)
        done, target_q, target_delta = certify(system, target_q, target_delta, z[todo])
        q[todo[done]], delta[todo[done]] = target_q[done], target_delta[done]
        keep = ~done
        residual[todo] = np.where(done, 0, residual_size(system, target_q, target_delta, z[todo]))
        if not keep.any():
            break
        todo, height, factor = todo[keep], height[keep], factor[keep]
        path_q, path_delta = path_q[keep], path_delta[keep]

        # one level further down
        floor = FLOOR * np.abs(z[todo].real)
        lower = np.maximum(height * factor, np.maximum(z[todo].imag, floor))
        on_path = z[todo].real + 1j * lower
        new_q, new_delta = polish(system, path_q, path_delta, on_path, steps=6)
        good, new_q, new_delta = certify(system, new_q, new_delta, on_path)
        path_q, path_delta = np.where(good, new_q, path_q), np.where(good, new_delta, path_delta)
        height = np.where(good, lower, height)
        factor = np.where(good, np.maximum(factor**2, 0.1), np.sqrt(factor))
        alive = (factor < 1 - 1e-6) & (height > floor)
        if not alive.all():  # a path that cannot descend any further has failed
            todo, height, factor, path_q, path_delta = (a[alive] for a in (todo, height, factor, path_q, path_delta))
        if todo.size == 0:
            break

    return q, delta, residual


def _start(system, z):
    """The fixed point far from the spectrum, where the map contracts: q' = q/(1 − F_q), δ' = δ − F_δ."""
    q, delta = -1 / z, np.zeros_like(z)
    for _ in range(60):
        f_q, f_delta = system.residual(q, delta, z)
        q, delta = q / (1 - f_q), delta - f_delta
        if max(np.max(np.abs(f_q)), np.max(np.abs(f_delta))) < 1e-13:
            break
    return q, delta
