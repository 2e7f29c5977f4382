"""Which equations a model has: the only place that chooses, by what the model is made of.

Two equations for two numbers where there is one feature type, one kind of samples and one time; else the general ones, which take any
model (`general_system`) and are slower.
"""

from typing import TYPE_CHECKING

from ..digits import mp, to_mpf
from ..process import decay
from .general import GeneralSystem
from .scalar import ScalarSystem
from .system import Parameters, System

if TYPE_CHECKING:
    from ..model import RandomFeatureModel

#: v² below this fraction of s², and α² of b², count as zero, lest squares of what they lead to underflow (tanh: v at t > 38, α at t > 115)
ROUNDED_AWAY = 1e-100


def system_of(model: "RandomFeatureModel") -> System:
    """The `theory.equations.System` of a model.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.equations import system_of
    >>> type(system_of(RandomFeatureModel(activations.tanh, psi_p=4, psi_n=3, t=0.3))).__name__
    'ScalarSystem'
    """
    return scalar_system(model) if model.is_scalar else general_system(model)


def general_system(model: "RandomFeatureModel") -> GeneralSystem:
    """The general equations of any model, one type, one kind and one time among them; z is measured from the lowest s̄_j²."""
    return GeneralSystem(model.ensemble)


def scalar_system(model: "RandomFeatureModel") -> ScalarSystem:
    """The two scalar equations; `ValueError` from ``model.coefficients()`` for a model that has several types, kinds or times."""
    c, data = model.coefficients(), model.data
    v = 0.0 if c.v2 < ROUNDED_AWAY * c.s2 else c.v
    # the sign of a is that of a column of W
    exact = Parameters(float(model.psi_p), float(model.psi_n), abs(c.a) * model.decay, abs(c.b), v, c.s)
    alpha = 0.0 if exact.alpha**2 < ROUNDED_AWAY * c.b2 else exact.alpha
    same = not data.continuous and alpha == exact.alpha
    resolved = None if same else ScalarSystem(exact, *data.resolved())
    return ScalarSystem(exact._replace(alpha=alpha), data.eigenvalues, data.weights, resolved=resolved)


def scalar_system_mpmath(model: "RandomFeatureModel", dps: int, resolved: bool = False) -> ScalarSystem:
    """The scalar equations with parameters to ``dps`` + 15 digits, with the nodes of `ScalarSystem.resolved` if asked."""
    with mp.workdps(dps + 15):
        c = model.coefficients_mpmath(dps + 15)
        a, b, v, s = map(to_mpf, (c.a, c.b, c.v, c.s))
        parameters = to_mpf(model.psi_p), to_mpf(model.psi_n), abs(a) * decay(to_mpf(model.t), mp), abs(b), v, s
        # s_t² itself has digits that the square of its root has not
        return ScalarSystem(parameters, *model.data.mpmath_spectrum(resolved), module="mpmath", offset=to_mpf(c.s2))
