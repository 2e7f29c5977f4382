"""The eigenvalues off the bulk that the spikes of the data make, by the equations that a model has."""

from functools import singledispatch
from typing import TYPE_CHECKING

from ..equations.general import GeneralSystem
from ..equations.scalar import ScalarSystem
from ..results import Outlier
from ..validation import a_spectrum, decimal_digits
from . import closed_form, counted

if TYPE_CHECKING:
    from ..spectrum.law import Spectrum


def outliers(spectrum: "Spectrum", dps: int | None = None) -> tuple[Outlier, ...]:
    """All eigenvalues of U that the spikes of the data separate from the bulk: above, below it and in its gaps.

    Parameters
    ----------
    spectrum : `theory.spectrum.Spectrum`
        Of a model with ``Gaussian(spikes=…)`` or ``Mixture(spikes=…)``.
    dps : int, optional
        Decimal digits, for one type, one kind and one time (`ValueError` else); the results then hold ``mp.mpf``.

    Returns
    -------
    tuple of `theory.outliers.Outlier`, sorted by eigenvalue; () where there is none

    Notes
    -----
    For one type, kind and time in closed form (`theory.outliers.closed_form`), else counted (`theory.outliers.counted`); errors and
    cost are said there.
    """
    a_spectrum(spectrum)
    return _of(spectrum.system, spectrum, None if dps is None else decimal_digits("dps", dps))


@singledispatch
def _of(system, spectrum, dps):
    raise TypeError(f"no outliers for {type(system).__name__}")


@_of.register
def _(system: ScalarSystem, spectrum, dps):
    return closed_form.of_spikes(spectrum, dps)


@_of.register
def _(system: GeneralSystem, spectrum, dps):
    if dps is not None:
        raise ValueError(f"dps = {dps!r} is available for one type, one kind and one time only; allowed here: dps=None")
    return counted.direction_outliers(spectrum)
