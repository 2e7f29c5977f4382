"""`tools/fuzz.py` on a slice of its models, what it calls which outcome, and faults that its checks must see."""

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from theory import ConvergenceError
from theory import activations as A
from theory.spectrum import scalar_edges
from theory.training import curves as training

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import fuzz
import fuzz_checks
import random_models

SEED = 2026


def test_models_are_made_again_one_by_one():
    for kind in random_models.KINDS:
        texts = [random_models.expression(SEED, kind, i) for i in range(300)]
        assert texts[7] == random_models.expression(SEED, kind, 7) and len(set(texts)) == 300
        assert texts[7] != random_models.expression(SEED + 1, kind, 7)
        seen = {
            activation
            for activation in random_models.ACTIVATIONS
            for text in texts
            if text.startswith(f"RandomFeatureModel({activation},")
        }
        assert seen == set(random_models.ACTIVATIONS)
        shares = [random_models.build(text).is_scalar for text in texts[:40]]
        assert all(shares) if kind == "scalar" else not any(shares)


def test_every_activation_of_the_catalogue_is_tried():
    names = {
        name
        for name, value in vars(A).items()
        if isinstance(value, A.Activation) or name in ("leaky_relu", "polynomial", "hermite")
    }
    assert names == {text.removeprefix("A.").split("(")[0] for text in random_models.ACTIVATIONS}


@pytest.mark.slow
def test_a_slice_of_the_fuzz():
    rows = [fuzz.examine(SEED, "scalar", index, 30) for index in range(1, 9)]
    _, failures, _ = fuzz.report(rows)
    assert failures == []
    classes = Counter(result[0] for row in rows for result in row["results"].values())
    assert classes[fuzz.VALUE] > 0.9 * sum(classes.values())


def test_outcomes():
    def refuse():
        raise ValueError("psi_p = -1 is out of range; allowed: a finite real number > 0")

    def fail():
        raise ConvergenceError("no certified solution", 1.0)

    def hang():
        while True:
            time.sleep(0) or sum(range(1000))

    calls = {
        fuzz.VALUE: list,
        fuzz.WRONG: lambda: ["train rises"],
        fuzz.WORDS: refuse,
        fuzz.CONVERGENCE: fail,
        fuzz.FOREIGN: lambda: dict(zip("ab", (1,), strict=True)),
        fuzz.HANG: hang,
    }
    for expected, call in calls.items():
        assert fuzz.outcome(call, 0.3)[0] == expected
    assert "test_fuzz.py" in fuzz.outcome(calls[fuzz.FOREIGN], 1)[1]


def _complaints(check, text):
    model = random_models.build(text)
    return check(model, model.spectrum(), np.random.default_rng(0))


NEEDLE = (
    "RandomFeatureModel(A.softplus, 65053.8, 6918.96, 2.35971e-05, "
    "Gaussian(((5.69519, 0.107), (0.569758, 0.038), (0.511346, 0.826), (0.603908, 0.029))))"
)
PLAIN = "RandomFeatureModel(A.erf, 3.0, 2.0, 0.3, Gaussian(((0.5, 0.4), (2.0, 0.6)), (30.0,)))"


def test_a_missed_gap_is_seen(monkeypatch):
    assert _complaints(fuzz_checks.density, NEEDLE) == []
    monkeypatch.setattr(scalar_edges.RealCurve, "between_crossings", lambda self, step: ())
    (complaint,) = _complaints(fuzz_checks.density, NEEDLE.replace("6918.96", "6918.97"))
    assert complaint.startswith("density 0 inside")


@pytest.mark.parametrize("moment", ["first_moment", "second_moment"])
def test_wrong_moments_are_seen(monkeypatch, moment):
    assert _complaints(fuzz_checks.moments, PLAIN) == []
    right = getattr(fuzz_checks, moment)
    monkeypatch.setattr(fuzz_checks, moment, lambda model: right(model) * (1 + 1e-6))
    assert len(_complaints(fuzz_checks.moments, PLAIN)) == 1


def test_wrong_losses_are_seen(monkeypatch):
    assert _complaints(fuzz_checks.training, PLAIN) == []
    right = training.training_curve
    rng = np.random.default_rng(0)

    def noisy(model, tau):
        curve = right(model, tau)
        return type(curve)(
            curve.tau, curve.train + 1e-6 * rng.standard_normal(curve.train.shape), curve.test, curve.score_error
        )

    monkeypatch.setattr(training, "training_curve", noisy)
    assert _complaints(fuzz_checks.training, PLAIN)
