"""Times of each class: the definitions read off the curves, the global ones for one class, and the line on which the order reverses."""

from dataclasses import replace

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel, activations
from theory.training import class_times, reversal_line

MODEL = RandomFeatureModel(activations.tanh, 60, 30, 0.01, Mixture((0.7, 0.3), (0.5, 0.25)))


def test_times_are_their_definitions():
    found = MODEL.timescales(within=0.1, gap_fraction=0.4)
    final = MODEL.training(np.inf)
    for c, times in enumerate(found.by_class):
        around = np.array([0.999, 1.001])
        best = MODEL.training(times.tau_best * np.array([0.98, 1.0, 1.02])).test_by_class[c]
        assert best[1] == pytest.approx(times.best_test, rel=1e-12) and best[1] <= best.min() + 1e-12
        level = times.best_test + 0.1 * (1 - times.best_test)
        before, after = MODEL.training(times.tau_gen * around).test_by_class[c]
        assert before > level > after
        before, after = MODEL.training(times.tau_mem * around).gap_by_class[c] / final.gap_by_class[c]
        assert before < 0.4 < after
    assert found.generalization_order == tuple(np.argsort([t.tau_gen for t in found.by_class]))
    assert found.memorization_order == tuple(np.argsort([t.tau_mem for t in found.by_class]))


@pytest.mark.parametrize("data", [Gaussian(((0.5, 1),)), Mixture((0.2, 0.8), (0.5, 0.5))])
def test_one_class_has_the_global_times(data):
    found = RandomFeatureModel(activations.tanh, 60, 30, 0.01, data).timescales()
    for times in found.by_class:
        assert times.tau_gen == pytest.approx(found.tau_gen, rel=1e-6)
        assert times.tau_mem == pytest.approx(found.tau_mem, rel=1e-6)
        assert times.best_test == pytest.approx(found.best_test, rel=1e-10)
    assert len(found.by_class) == (1 if isinstance(data, Gaussian) else 2)
    assert len(found.generalization_order) == len(found.by_class)


def test_a_class_of_which_nothing_is_learned():
    """An even activation has no linear part: no loss falls."""
    found = class_times(RandomFeatureModel(activations.polynomial((-1, 0, 1)), 2, 3, 0.1, Mixture((0.5, 0.5), (1, 2))))
    assert all(times.tau_gen is None and times.tau_mem is None and times.best_test == pytest.approx(1) for times in found)


def test_one_slope_for_two_classes():
    """The wide class passes its best slope 1/(aΓ²) on the way to ⟨a⟩/⟨a²Γ²⟩, closer to the limit for more features and samples."""
    variances, delta, within = (0.5, 0.25), -np.expm1(-0.02), 0.05
    gamma2 = np.exp(-0.02) * np.array(variances) + delta
    z, rule = np.polynomial.hermite_e.hermegauss(60)
    a = (1 / np.cosh(np.sqrt(gamma2)[:, None] * z) ** 2) @ rule / rule.sum()
    square = np.mean(a**2 * gamma2)
    share = square / (a * gamma2 * a.mean())
    expected = -np.log(1 - (1 - np.sqrt(within)) * share[0]) / (2 * delta * square)
    errors = []
    for sizes in ((60, 30), (240, 120)):
        model = RandomFeatureModel(activations.tanh, *sizes, 0.01, Mixture((0.5, 0.5), variances))
        errors.append(abs(class_times(model)[0].tau_gen / expected - 1))
    assert (1 - 1 / share[1]) ** 2 > within  # the narrow class does not arrive
    assert errors[1] < 0.01 and errors[1] < errors[0] / 2


@pytest.mark.slow
def test_reversal_line_and_its_mirror_image():
    """Both sides of a point have another order, and renaming the kinds takes w to 1 − w and r to 1/r."""
    line = reversal_line(MODEL, [0.5, 1.25], jobs=1, progress=False)
    share = line.shares[0]
    for w, first in zip((share - 0.02, share + 0.02), line.first[0], strict=True):
        times = class_times(replace(MODEL, data=Mixture((w, 1 - w), (0.5, 0.25))))
        assert np.argmin([t.tau_mem for t in times]) == first
    assert line.first[0].tolist() == [1, 0]
    # at 1.25 the first kind, of smaller variance, is memorized first whatever its share
    assert np.isnan(line.shares[1]) and line.first[1].tolist() == [0, 0]
    renamed = replace(MODEL, data=Mixture((0.5, 0.5), (0.25, 0.5)))
    mirror = reversal_line(renamed, [2.0], jobs=1, progress=False)
    assert mirror.shares[0] == pytest.approx(1 - share, abs=1e-3)


def test_no_order_of_kinds_that_are_one():
    line = reversal_line(MODEL, [1.0], "generalization", jobs=1, progress=False)
    assert np.isnan(line.shares[0]) and line.first[0].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ratios": [-1.0]}, "ratios"),
        ({"ratios": [2.0], "low": 0.9, "high": 0.1}, "low"),
        ({"ratios": [2.0], "times": "all"}, "times"),
    ],
)
def test_what_is_not_allowed(arguments, message):
    with pytest.raises(ValueError, match=rf"^{message} .*allowed"):
        reversal_line(MODEL, **arguments)
    with pytest.raises(ValueError, match="two kinds"):
        reversal_line(replace(MODEL, data=Gaussian()), [2.0])
