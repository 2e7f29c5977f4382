"""How an error is printed so that what is printed does not depend on the machine.

A rounding error is another number with another BLAS or processor, by a factor of a few, up or down. Its order of magnitude is not safe
either: errors of 0.9·10⁻¹³ and 1.1·10⁻¹³ have the same cause and different powers of ten. `below` therefore says only that the error is
under a power of a thousand, with a decade of room.
"""

import math

from .validation import non_negative

__all__ = ["below"]

#: decades between the bounds, decades of room below a bound, and the exponent under which everything is rounding in double precision
_STEP, _ROOM, _ROUNDING = 3, 1, -12


def below(error: float) -> str:
    """The bound that an error stays under on every machine, as text.

    The bound is the first of 10⁻¹², 10⁻⁹, 10⁻⁶, … that is ten times the error or more. It is for what rounding or a converged iteration
    leaves, a number whose digits mean nothing; an error that has a size to be learned from, as of a finite matrix, is printed as a number.

    Parameters
    ----------
    error : float
        An absolute or relative error, >= 0, in whatever it is measured in.

    Raises
    ------
    ValueError
        If ``error`` is negative, not finite or not one real number: nothing is below a bound that could not be computed.

    Notes
    -----
    The text changes only where the error crosses a tenth of a bound: by a factor of three either way, one error in three can do so, where
    with every power of ten as a bound nearly each would. Checked by ``tests/test_printing.py``.

    Examples
    --------
    >>> from theory.printing import below
    >>> below(3e-16), below(2e-11)
    ('below 1e-12', 'below 1e-9')
    """
    size = float(non_negative("error", error))
    least = _STEP * math.ceil((math.log10(size) + _ROOM) / _STEP) if size else _ROUNDING
    return f"below 1e{max(least, _ROUNDING)}"
