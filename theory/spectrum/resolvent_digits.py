"""q(z) to any number of digits: Newton from the double-precision solution, whichever equations the model has.

Called by `theory.spectrum.Spectrum.stieltjes` and by nobody else. The certificates hold in double precision; what is certified here is that the
refined solution solves the equations to these digits and lies within 1e-6 of the certified one. A third kind of equations registers its
`refinement`. Checked by ``tests/spectrum/test_spectrum.py`` and ``tests/equations/test_general_digits.py``.
"""

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..digits import mp, rounded, to_mpc
from ..equations import general_digits, polynomial
from ..equations.factory import scalar_system_mpmath
from ..equations.general import GeneralSystem
from ..equations.scalar import ScalarSystem, refine
from ..equations.system import System
from ..errors import ConvergenceError
from ..progress import progress_bar

if TYPE_CHECKING:
    from mpmath import mpc, mpf

    from ..model import RandomFeatureModel
    from .law import Spectrum

    #: of z and the unknowns in double precision: q, and the unknowns
    Refined = Callable[[mpf | mpc, NDArray], tuple[mpc, Sequence[mpc]]]


def stieltjes(
    spectrum: "Spectrum", points: list[Any], approximate: NDArray[np.complex128], method: str, dps: int
) -> "list[mpc]":
    """q at each of the points, a list of mpc, for numbers as `theory.validation.exact` returns them, and the same as complex (N,).

    Raises `ConvergenceError` where Newton leaves the branch that double precision certified.
    """
    starts = spectrum.solve(approximate)
    with mp.workdps(dps + 15):
        refined, found = refinement(spectrum.system, spectrum.model, method, dps), []
        for z, start in zip(progress_bar(points, desc=f"{dps} digits", unit="point"), starts.T, strict=True):
            z = to_mpc(z)
            q, unknowns = refined(z, start)
            _check_branch(spectrum.system, start, unknowns, z, dps)
            found.append(rounded(mp.mpc(q), dps))
    return found


@singledispatch
def refinement(system: System, model: "RandomFeatureModel", method: str, dps: int) -> "Refined":
    """A function of z and of the unknowns in double precision, with values (q, unknowns) at the thread's precision."""
    raise TypeError(f"no digits for {type(system).__name__}")


@refinement.register
def _(system: ScalarSystem, model, method, dps):
    exact = scalar_system_mpmath(model, dps)

    def refined(z, start):
        y = z - exact.offset
        if method == "polynomial":
            q = polynomial.solve_mpmath(exact, y, start[0])
            return q, (q, polynomial.certify_mpmath(exact, q, start[1], y, dps))
        unknowns = refine(exact, *start, y, dps)
        return unknowns[0], unknowns

    return refined


@refinement.register
def _(system: GeneralSystem, model, method, dps):
    numbers = general_digits.couplings(model, dps)
    return lambda z, start: general_digits.refine(system, numbers, start, z, dps)


def _check_branch(system, start, unknowns, z, dps):
    """`ConvergenceError` where the unknowns are far from the start: only that was certified, and they belong to another branch."""
    end = np.array([complex(value) for value in unknowns])
    sizes = system.norms(start[:, None])[:, 0]
    sizes[system.resolvents :] += 1
    distance = np.max(system.norms((end - start)[:, None])[:, 0] / sizes)
    if not distance < 1e-6:
        raise ConvergenceError(
            f"no root to {dps} digits near q = {start[0]:.6g} at z = {mp.nstr(z, 8)}", distance, reason="digits"
        )
