"""The saddle-point equations as numbers, their solutions and what certifies them.

For whoever extends the package: arguments are not checked here as the public functions check theirs. `System` says what a solver may ask,
`system_of` which equations a model has, `solve` finds the solution at any point, `certify` says why it is the one.

A file imports only those before it: certificate, system; scalar; matrices, channels, response; general; factory; continuation, polynomial,
late_times; solution. ``general_digits`` stands beside. The folder reads a model's coefficients (`theory.couplings`) and derived formulas
(`theory.symbolic`); whatever is asked of solutions, edges, outliers, losses, is asked in the folders above.
"""

from . import polynomial
from .certificate import certify, polish
from .factory import general_system, scalar_system, scalar_system_mpmath, system_of
from .general import GeneralSystem
from .scalar import ScalarSystem, refine
from .solution import solve
from .system import Parameters, System

__all__ = [
    "GeneralSystem",
    "Parameters",
    "ScalarSystem",
    "System",
    "certify",
    "general_system",
    "polish",
    "polynomial",
    "refine",
    "scalar_system",
    "scalar_system_mpmath",
    "solve",
    "system_of",
]
