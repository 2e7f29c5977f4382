"""Errors as the chapters print them: a bound that holds with room, and the same on machines that round differently."""

import numpy as np
import pytest

from theory.printing import below


def bound(error):
    word, number = below(error).split()
    assert word == "below"
    return float(number)


@pytest.mark.parametrize("error", np.geomspace(1e-17, 1e-2, 61))
def test_a_bound_has_a_decade_of_room_and_wastes_no_more_than_three(error):
    assert bound(error) >= 10 * error * (1 - 1e-12)
    assert bound(error) == 1e-12 or bound(error) < 1e4 * error


def test_rounding_in_double_precision_has_one_name():
    assert {below(error) for error in (0, 5e-324, 1e-17, 2.2e-16, 4e-15, 9.9e-14)} == {"below 1e-12"}


def test_the_bounds_are_powers_of_a_thousand():
    """By hand: what a table of the errors that the book has would say."""
    expected = {1.1e-13: "1e-9", 9e-11: "1e-9", 1.1e-10: "1e-6", 3e-7: "1e-3", 5e-5: "1e-3", 0.02: "1e0", 0.2: "1e3"}
    assert {error: below(error).removeprefix("below ") for error in expected} == expected


def test_most_errors_print_the_same_where_rounding_is_three_times_as_large():
    """Of errors spread over decades above the floor, one in six crosses a tenth of a bound by a factor of three (log10(3)/3 = 0.16)."""
    errors = np.geomspace(1e-13, 1e-4, 9000, endpoint=False)
    changed = np.mean([below(error) != below(3 * error) for error in errors])
    assert changed == pytest.approx(np.log10(3) / 3, abs=1e-3)


@pytest.mark.parametrize("error", [-1e-16, np.nan, np.inf, 1j, "0", True, [1e-16, 1e-15]])
def test_what_is_no_error_is_named(error):
    with pytest.raises(ValueError, match=r"error = .*allowed: a finite real number >= 0"):
        below(error)
