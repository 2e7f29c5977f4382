r"""Where the modes lie that memorize the samples, in the limit of many features and samples: a formula, for one type, kind and time.

The d slowest modes of U are an interval of their own once ψ_p/ψ_n passes a threshold (`theory.symbolic.two_bulks`, where both are derived);
their relaxation time is the τ_mem of `theory.training.timescales`. Checked by ``tests/training/test_training.py`` against the edges.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..symbolic.evaluate import PARAMETERS
from ..symbolic.two_bulks import memorizing_bulk, memorizing_threshold
from ..validation import a_scalar_model

if TYPE_CHECKING:
    from ..model import RandomFeatureModel


@lru_cache(maxsize=64)
def _memorizing_centre(spectrum, index):
    """The centre of the memorizing bulk of one covariance eigenvalue, and the ψ_p/ψ_n above which it is separate, lambdified."""
    centre = memorizing_bulk(0, spectrum, index).edges[0]
    return sp.lambdify(PARAMETERS, (centre, memorizing_threshold(spectrum[index][0])), modules="math")


def memorization_eigenvalue(model: "RandomFeatureModel") -> NDArray[np.float64]:
    """Where the d memorizing modes of U lie for ψ_p, ψ_n ≫ 1, one for each eigenvalue of the covariance: float array (m,).

    The leading order of `theory.symbolic.memorizing_bulk`; NaN where those modes have not left the sample bulk, as they never do for an
    eigenvalue 0: nothing of those directions of the data is to be told from the noise. Seconds of derivation the first time in a
    process, then cached.
    """
    a_scalar_model(model)
    spectrum = tuple((sp.nsimplify(value), sp.nsimplify(weight)) for value, weight in model.data.spectrum)
    parameters = model.spectrum().system.parameters
    values = []
    for index, (value, _) in enumerate(spectrum):
        if value == 0:
            values.append(np.nan)
            continue
        centre, threshold = _memorizing_centre(spectrum, index)(*parameters)
        values.append(centre if float(model.psi_p) / float(model.psi_n) > threshold else np.nan)
    return np.array(values)
