"""Objects of the package that are handed to its functions: a model, a spectrum, a draw.

They are told by the names of their classes: what checks stands below what is checked, and imports nothing of it.
"""

from typing import TYPE_CHECKING, Any

from .scalars import shown

if TYPE_CHECKING:
    from ..model import RandomFeatureModel
    from ..simulation.finite import FiniteModel
    from ..simulation.lanczos.model import LanczosModel
    from ..spectrum.law import Spectrum

#: of what a formula for two numbers takes
SCALAR = "one feature type, one kind and one time (a number t, Gaussian data and bias = 0)"


def of_class(name: str, value: Any, kind: str, how: str) -> Any:
    """Return ``value`` if its class, or one that it inherits from, is the package's class named ``kind``; else raise ``ValueError``.

    By name, so that nothing is imported for it: what checks stands below what is checked.
    """
    if not any(c.__name__ == kind and c.__module__.split(".")[0] == "theory" for c in type(value).__mro__):
        raise ValueError(f"{name} = {shown(value)} is of type {type(value).__name__}; allowed: {how}")
    return value


def a_model(value: Any, name: str = "model") -> "RandomFeatureModel":
    """Return ``value`` if it is a `theory.RandomFeatureModel`."""
    return of_class(name, value, "RandomFeatureModel", "theory.RandomFeatureModel")


def a_spectrum(value: Any, name: str = "spectrum") -> "Spectrum":
    """Return ``value`` if it is a `theory.spectrum.Spectrum`."""
    return of_class(name, value, "Spectrum", "a theory.spectrum.Spectrum, made by model.spectrum()")


def a_scalar_model(value: Any, name: str = "model") -> "RandomFeatureModel":
    """Return ``value`` if it is a `theory.RandomFeatureModel` of one feature type, one kind of samples and one diffusion time."""
    return _with_scalar_system(name, value, a_model(value, name).spectrum())


def a_scalar_spectrum(value: Any, name: str = "spectrum") -> "Spectrum":
    """Return ``value`` if it is a `theory.spectrum.Spectrum` of such a model."""
    return _with_scalar_system(name, value, a_spectrum(value, name))


def _with_scalar_system(name: str, value: Any, spectrum: "Spectrum") -> Any:
    """``value``, where its spectrum is solved by the two scalar equations."""
    if type(spectrum.system).__name__ != "ScalarSystem":
        raise ValueError(f"{name} = {shown(value)} has several types, kinds or times; allowed: {SCALAR}")
    return value


def a_draw(value: Any, name: str = "finite") -> "FiniteModel":
    """Return ``value`` if it is a `theory.simulation.finite.FiniteModel`."""
    return of_class(
        name, value, "FiniteModel", "a theory.simulation.finite.FiniteModel, made by model.simulate(…, method='dense')"
    )


def any_draw(value: Any, name: str = "finite") -> "FiniteModel | LanczosModel":
    """Return ``value`` if it is what ``model.simulate(…)`` made, by any method."""
    if any(c.__name__ == "LanczosModel" and c.__module__.split(".")[0] == "theory" for c in type(value).__mro__):
        return value
    return of_class(name, value, "FiniteModel", "a draw, made by model.simulate(…)")
