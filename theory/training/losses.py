r"""Losses of spectral filters from the residuals of ridge predictors, certified one filter at a time.

A filter f leaves h(x) = 1 − x f(x) of a mode. With r_z, H and G of `theory.training.scalar_kernel`, and z₀ any point outside the contour,
y − A_fφ is r_{z₀} plus a contour integral of r_z; for z₀ = 0 and z₀ = ∞

.. math:: y - A_f\phi = r_0 + \oint\frac{dz}{2\pi i}\frac{h(z)}z r_z = y - \oint\frac{dz}{2\pi i}f(z)\,r_z .

So the test loss is G(0, 0) + 2∮(h/z)G(0, z) + ∮∮(h/z₁)(h/z₂)G, or L₀ − 2∮f G(∞, z) + ∮∮f f G, and the train loss H(0) + ∮(h²/z)H, or
L₀ − ∮(2f − z f²)H. The first form is exact at τ = ∞, the second at τ = 0; of the two the one with the smaller terms is taken, in which less
cancels.

The last integral is over G where the definition (`theory.training.curves`) has F = (1/d) Tr V^TQ₁ŨQ₂V. They differ by functions of one
argument, L₀ and traces of one resolvent, which may be added at will: in the argument that is missing ∮f dz = 0, as f is analytic on the
spectrum. H and G are positive below it, F and the traces cancel.

Certificate: every second node is a rule of its own (`theory.training.contour`), and the difference of the two is at least the error of the
coarser one. That, the rounding of the sum, and the error of what both have in common, H(0) and G(0, 0), must not exceed `TOLERANCE` of the loss
itself. A filter that passes is done, whatever others are asked for beside it. Checked by ``tests/training/test_training_accuracy.py``.

Here arguments are not checked: for whoever looks inside, or extends the package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvergenceError
from . import contour, kernels

if TYPE_CHECKING:
    from ..equations.system import System
    from ..model import RandomFeatureModel
    from ..spectrum.law import Spectrum

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]

#: largest relative error of a loss, as measured by the certificate
TOLERANCE = 1e-10
#: most nodes of the closed contour
MOST_NODES = 2048
#: smallest eigenvalue relative to the largest that `MOST_NODES` can resolve
FLOOR = 1e-24
#: digits for which the first number of nodes is chosen
DIGITS = 11
#: rounding error of a term, in units of its size
ROUNDING = 4 * np.finfo(float).eps


@dataclass(frozen=True)
class ResidualData:
    """What a contour with N nodes in the upper half knows of a model, for all filters.

    H (N,), G(∞, z) (N,), G(z_i, z_j) and G(z_i, z̄_j) (N, N); and at z₀ = 0, None where that is no point outside the spectrum: H(0) and G(0, 0)
    with a second value each, which differs by the error (2, 2), and G(0, z) (N,).
    """

    points: contour.Contour
    initial: float
    train: np.ndarray
    far: np.ndarray
    kernel: np.ndarray
    mirror: np.ndarray
    at_zero: np.ndarray | None
    from_zero: np.ndarray | None
    #: the losses of each of C > 1 kinds, train then test: `QuadraticData` (2C of each); None for one kind
    classes: "QuadraticData | None" = None

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """|G(z_i, z_j)| + |G(z_i, z̄_j)|"""
        return np.abs(self.kernel) + np.abs(self.mirror)

    @cached_property
    def coarse(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """The kernels at every second node, contiguous."""
        return tuple(np.ascontiguousarray(table[::2, ::2]) for table in (self.kernel, self.mirror))


@dataclass(frozen=True)
class QuadraticData:
    """The same of S losses that are double integrals, `theory.training.class_losses`, with H out of it.

    L₀ (S,), G(∞, z) (S, N), G(z_i, z_j) and G(z_i, z̄_j) (S, N, N), G(0, 0) twice (S, 2), G(0, z) (S, N).
    """

    initial: np.ndarray
    far: np.ndarray
    kernel: np.ndarray
    mirror: np.ndarray
    at_zero: np.ndarray | None
    from_zero: np.ndarray | None


def initial_loss(model: "RandomFeatureModel") -> float:
    """L₀, the loss at A = 0: 1 unless the target has a part in x (`theory.TimeGrid`, ``skip``)."""
    return kernels.initial_loss(model.spectrum().system)


def support_bounds(spectrum: "Spectrum") -> tuple[float, float]:
    """An interval in (0, ∞) that holds the part of the spectrum on which V acts, with a margin on both sides."""
    s2 = spectrum.offset
    high = 1.01 * spectrum.upper_bound
    if s2 > FLOOR * high:
        return 0.99 * s2, high  # no eigenvalue lies below s_t²
    # s_t = 0 (linear activation): the null space of U is that of W^T, on which V vanishes
    low = spectrum.edges()[0]
    if not low > FLOOR * high:
        raise ConvergenceError(
            f"the spectrum of U reaches down to {low:.3g}, so that training never ends; move psi_p away from 1",
            low,
            reason="hard edge",
        )
    return 0.99 * low, high


@lru_cache(maxsize=8)
def residual_data(model: "RandomFeatureModel", count: int) -> ResidualData:
    """`on_contour` with ``count`` nodes; cached, about 12 count² bytes for each of the last eight."""
    return on_contour(model, model.spectrum().system, count)


def on_contour(model: "RandomFeatureModel", system: "System", count: int) -> ResidualData:
    """`ResidualData` on the contour with ``count`` nodes around the spectrum of ``model``.

    ``system`` is the spectrum's own, or a stand-in whose ``ensemble`` describes other fresh samples (chapter *Integrating over time*).
    """
    _check_target(model)
    spectrum = model.spectrum()
    points = contour.ellipse(*support_bounds(spectrum), count)
    y = points.nodes - spectrum.offset
    x, residual = spectrum.solve_at(y)
    if np.isnan(x[0]).any():
        raise ConvergenceError("a point of the contour could not be certified", np.max(residual), reason="point")
    zero = _pair_at_zero(spectrum, system)
    has_zero = not np.isnan(zero).any()
    x = np.hstack([x, zero]) if has_zero else x
    train, far = kernels.residuals(system, x)
    all_kernels, all_mirrors = kernels.kernels(system, x, y.size)
    inside = slice(0, y.size)
    diagonal = np.diagonal(all_kernels, axis1=1, axis2=2)[:, -2:].real if has_zero else None
    # contiguous, and without the columns of z = 0
    kernel, mirror = (np.ascontiguousarray(table[:, inside, inside]) for table in (all_kernels, all_mirrors))
    row = all_kernels[:, -2, inside] if has_zero else None
    classes = kernels.class_residuals(system, x)
    if classes is not None:
        of_zero = (diagonal[1:], row[1:]) if has_zero else (None, None)
        classes = QuadraticData(classes[0], classes[1][:, inside], kernel[1:], mirror[1:], *of_zero)
    return ResidualData(
        points,
        kernels.initial_loss(system),
        train[inside],
        far[inside],
        kernel[0],
        mirror[0],
        np.array([train[-2:].real, diagonal[0]]) if has_zero else None,
        row[0] if has_zero else None,
        classes,
    )


def _pair_at_zero(spectrum, system):
    """The solution at z = 0, and the same moved by its Newton step and a few units of its last digit, (unknowns, 2); NaN where there is none.

    What H(0) and G(0, 0) change by is their error: both rules have them in common, so that their difference does not show it.
    """
    if spectrum.offset > 0 or not spectrum.atoms():
        y = np.array([-spectrum.offset + 0j])
        zero, _ = spectrum.solve_at(y)
        with np.errstate(all="ignore"):
            moved = zero + spectrum.system.newton_step(zero, y)
    else:  # linear features, p > d
        zero = moved = kernels.beside_atom(system)
    return np.hstack([zero, moved * (1 + ROUNDING * (-1.0) ** np.arange(len(zero))[:, None])])


def _check_target(model):
    if getattr(model.data, "means", None) is not None and model.times.target_data.any():
        raise ValueError(
            f"skip = {model.times.skip} with far centroids (means) is not covered: the target would follow them; "
            "allowed: skip=None, or Mixture(spikes=…)"
        )


def losses(
    model: "RandomFeatureModel",
    filters: Callable[[NDArray[np.complex128], NDArray[np.int64]], tuple[NDArray, NDArray]],
    size: int,
) -> NDArray[np.float64]:
    """(train, test) of A_f for a family of filters.

    Parameters
    ----------
    filters : callable
        ``filters(z, rows)`` returns f and h at complex z of shape (N,) for the filters ``rows`` (an index array) of the family, two
        arrays (len(rows), N), analytic for Re z > 0 and real on the real axis there.
    size : int
        Of the family.

    Returns
    -------
    (train, test) : the rows of a float array (2, size), each with a relative error below `TOLERANCE`

    Raises
    ------
    ConvergenceError
        The difference of the two rules, or the rounding of their terms, exceeds `TOLERANCE` of the loss at `MOST_NODES` nodes.

    Notes
    -----
    Cost O(N²) values of G, each a linear system of J + C·K² unknowns for the general models, for N of about 16 log(λ_+/λ_-) nodes of the
    upper half; then O(N²) operations a filter.
    """
    return certified(model, filters, np.empty((2, size)), measured)


def certified(
    model: "RandomFeatureModel", filters: Callable, result: NDArray[np.float64], measure: Callable
) -> NDArray[np.float64]:
    """``result`` (losses, size), filled with what ``measure`` makes of a family of filters: `measured`, or the same of other losses."""
    size = result.shape[1]
    rows = np.arange(size)
    count = min(contour.count_for(*support_bounds(model.spectrum()), DIGITS), MOST_NODES)
    while rows.size:
        data = residual_data(model, count)
        values, errors = measure(data, *filters(data.points.nodes, rows))
        done = (errors <= TOLERANCE).all(axis=0)
        result[:, rows[done]] = values[:, done]
        if count == MOST_NODES and not done.all():
            raise ConvergenceError(
                f"{np.count_nonzero(~done)} of {size} losses are not certified with {count} nodes of the contour; "
                "where they are too small for double precision, theory.training.training_mpmath has more digits",
                errors.max(),
                reason="precision",
            )
        rows, count = rows[~done], min(2 * count, MOST_NODES)
    return result


def measured(data: ResidualData, f: NDArray[np.complex128], h: NDArray[np.complex128]) -> Pair:
    """(train, test) of the filters f, h at the nodes of ``data``, and their relative errors, two arrays (2, filters)."""
    return best_form(
        [_form(data, f, h, from_zero) for from_zero in (False, True) if data.at_zero is not None or not from_zero]
    )


def best_form(forms: list) -> Pair:
    """Values and relative errors (losses, filters), of the forms the one with the smaller terms; each is (values, errors, terms)."""
    values, errors, terms = (np.array(column) for column in zip(*forms, strict=True))
    # by the terms and not by the measured errors, of which the smaller may be so by chance
    best = np.argmin(terms, axis=0)[None]
    return tuple(np.take_along_axis(a, best, 0)[0] for a in (values, errors))


def _form(data, f, h, from_zero):
    """Values, relative errors and sums of the terms' sizes, each (2, filters), from z₀ = 0 or from z₀ = ∞."""
    z, w = data.points.nodes, data.points.weights
    if from_zero:
        single, square, row = w * h / z, w * h**2 / z, data.from_zero
        constant, uncertain = data.at_zero[:, :1], np.abs(np.diff(data.at_zero))
    else:
        single, square, row = -w * f, -w * f * (1 + h), data.far
        constant, uncertain = np.full((2, 1), data.initial), 0
    half = slice(0, None, 2)
    test, coarse_test, test_terms = double_integral(single, row, data.kernel, data.mirror, data.coarse, data.sizes)
    train, coarse_train = (2 * (x @ y).real for x, y in ((square, data.train), (2 * square[:, half], data.train[half])))
    terms = constant + np.stack([2 * np.abs(square) @ np.abs(data.train), test_terms])
    return judged(constant, np.stack([train, test]), np.stack([coarse_train, coarse_test]), uncertain, terms)


def double_integral(single: NDArray, row: NDArray, kernel: NDArray, mirror: NDArray, coarse: tuple, sizes: NDArray) -> tuple:
    """2∮(p)·row + ∮∮p p·kernel by all nodes and by every second one, and the sum of the terms' sizes: three arrays (filters,).

    ``single`` (filters, N) is p with its weights, ``row`` (N,); ``kernel`` and ``mirror`` (N, N), ``coarse`` the two at every second node.
    """
    half = slice(0, None, 2)
    rules = (single, row, kernel, mirror), (2 * single[:, half], row[half], *coarse)
    fine, rough = (2 * (2 * p @ r + np.sum((p @ k + p.conj() @ m.T) * p, axis=1)).real for p, r, k, m in rules)
    p = np.abs(single)
    return fine, rough, 2 * (2 * p @ np.abs(row) + np.sum((p @ sizes) * p, axis=1))


def judged(constant: NDArray, fine: NDArray, coarse: NDArray, uncertain: NDArray | float, terms: NDArray) -> tuple:
    """Values, relative errors and terms of losses constant + fine, by the difference of the rules, what both share, and the rounding."""
    values = constant + fine
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = (np.abs(fine - coarse) + uncertain + ROUNDING * terms) / values
    return values, np.where(values > 0, errors, np.inf), terms
