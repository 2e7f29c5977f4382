"""Checks of user input. Every message names the argument, its value, and what is allowed.

Each check is ``check(name, value, …)`` and returns the value, or raises ``ValueError``: what a public function of the package takes goes
through one of them first, and what it calls inside does not check again. Ground: nothing of the package is imported here.

`scalars` says what counts as a real number and as an integer, `sequences`, `arrays` and `formulas` what is made of them; `objects` checks
models, spectra and draws.
"""

from .arrays import finite_array, numeric_array, values_of
from .formulas import expression, expressions, symbolic_spectrum
from .objects import SCALAR, a_draw, a_model, a_scalar_model, a_scalar_spectrum, a_spectrum, any_draw, of_class
from .scalars import (
    LARGEST_INTEGER,
    MOST_DIGITS,
    MOST_ENTRIES,
    MOST_NODES,
    decimal_digits,
    exact,
    fraction,
    function,
    integer,
    non_negative,
    one_of,
    positive,
    positive_integer,
    random_generator,
    real,
    shown,
    truth,
)
from .sequences import interval, sequence, sequence_of, sum_to_one

__all__ = [
    "LARGEST_INTEGER",
    "MOST_DIGITS",
    "MOST_ENTRIES",
    "MOST_NODES",
    "SCALAR",
    "a_draw",
    "a_model",
    "a_scalar_model",
    "a_scalar_spectrum",
    "a_spectrum",
    "any_draw",
    "decimal_digits",
    "exact",
    "expression",
    "expressions",
    "finite_array",
    "fraction",
    "function",
    "integer",
    "interval",
    "non_negative",
    "numeric_array",
    "of_class",
    "one_of",
    "positive",
    "positive_integer",
    "random_generator",
    "real",
    "sequence",
    "sequence_of",
    "shown",
    "sum_to_one",
    "symbolic_spectrum",
    "truth",
    "values_of",
]
