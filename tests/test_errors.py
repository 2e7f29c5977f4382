"""What could not be certified says why, in one of a few words, and what to try; also from another process."""

import ast
import pickle
from pathlib import Path

import numpy as np
import pytest

import theory
from theory import ConvergenceError, RandomFeatureModel, activations
from theory.errors import REASONS

PACKAGE = Path(theory.__file__).parent


def raised():
    """(file, line, reason) of every ConvergenceError that the package makes."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "ConvergenceError":
                reasons = [word.value.value for word in node.keywords if word.arg == "reason"]
                yield path.relative_to(PACKAGE).as_posix(), node.lineno, *(reasons or [None])


def test_every_failure_has_a_reason_and_every_reason_a_failure():
    found = list(raised())
    assert [place for place in found if place[2] not in REASONS] == []
    assert {reason for *_, reason in found} == set(REASONS)


def test_the_reason_says_what_to_try():
    model = RandomFeatureModel(activations.linear, 1, 3, 0.2)
    with pytest.raises(ConvergenceError, match="move psi_p away from 1") as error:
        model.training(1.0)
    assert error.value.reason == "hard edge" and "psi_p" in error.value.advice
    spectrum = RandomFeatureModel(activations.erf, 8, 4, 0.1).spectrum()
    with pytest.raises(ConvergenceError) as error:
        spectrum.stieltjes(spectrum.edges(dps=40)[0], dps=40)
    assert error.value.reason == "digits" and "off the edge" in error.value.advice


def test_reasons_are_those_of_the_table():
    with pytest.raises(ValueError, match=r"reason = 'bad luck' is unknown; allowed: 'point', "):
        ConvergenceError("no", reason="bad luck")
    plain = ConvergenceError("no")
    assert (plain.reason, plain.advice, plain.residual) == (None, None, None)


def test_it_travels():
    error = pickle.loads(pickle.dumps(ConvergenceError("no root", np.float64(0.25), reason="digits")))
    assert (str(error), error.residual, error.reason) == ("no root (residual 0.25)", 0.25, "digits")
