r"""Losses of spectral filters on the samples of one kind, certified one by one.

On fresh samples of kind c the loss is the contour integral of `theory.training.losses` with G replaced by

.. math:: G_c(z_1,z_2) = \tfrac1d{\rm E}_c[r_{z_1}\cdot r_{z_2}],

the average over fresh samples of that kind. On the training samples of kind c it is *the same integral* with the average over these
samples in it. (Over all training samples ∮∮ collapses to one integral of H, since U itself stands between two functions of U; the matrix U_c
of one kind does not commute with them.) Σ_c π_c of the losses is the global one, which for the train loss is a test of all that
stands in `theory.training.general_kernel`: ∮∮ΣπG_c on one side, ∮H on the other.

The certificate is that of `theory.training.losses`, relative to the loss of the class itself. Checked by
``tests/training/test_class_curves.py``.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.mixture import as_mixture
from .losses import Pair, ResidualData, best_form, certified, double_integral, judged

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


def class_losses(model: "RandomFeatureModel", filters: Callable, size: int) -> NDArray[np.float64] | None:
    """(train, test) of each kind for a family of filters, array (2, C, size); None where the data are of one kind.

    Arguments, errors and cost as of `theory.training.losses.losses`, whose kernels are used again.
    """
    kinds = len(as_mixture(model.data).weights)
    if kinds == 1:
        return None
    return certified(model, filters, np.empty((2 * kinds, size)), class_measured).reshape(2, kinds, size)


def class_measured(data: ResidualData, f: NDArray[np.complex128], h: NDArray[np.complex128]) -> Pair:
    """Losses of the kinds, train then test, of the filters f, h at the nodes of ``data``, and relative errors: two arrays (2C, filters)."""
    z, w, some = data.points.nodes, data.points.weights, data.classes
    found = []
    for k, (kernel, mirror) in enumerate(zip(some.kernel, some.mirror, strict=True)):
        coarse = tuple(np.ascontiguousarray(table[::2, ::2]) for table in (kernel, mirror))
        integral = partial(_form, kernel=kernel, mirror=mirror, coarse=coarse, sizes=np.abs(kernel) + np.abs(mirror))
        forms = [integral(-w * f, some.far[k], some.initial[k], 0.0)]
        if some.at_zero is not None:
            at_zero, moved = some.at_zero[k]
            forms.append(integral(w * h / z, some.from_zero[k], at_zero, abs(at_zero - moved)))
        found.append(best_form(forms))
    values, errors = zip(*found, strict=True)
    return np.array(values), np.array(errors)


def _form(single, row, constant, uncertain, kernel, mirror, coarse, sizes):
    fine, rough, terms = double_integral(single, row, kernel, mirror, coarse, sizes)
    return judged(constant, fine, rough, uncertain, constant + terms)
