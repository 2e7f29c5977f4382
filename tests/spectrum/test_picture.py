"""What a picture of a law shows, by its artists."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel
from theory import activations as A

matplotlib.use("Agg")
FAR = RandomFeatureModel(A.tanh, 8, 4, 0.02)
NEAR = RandomFeatureModel(A.tanh, 0.3, 3, 0.3, Gaussian(spikes=(9.0,)))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def area(x, y):
    return np.sum((y[1:] + y[:-1]) / 2 * np.diff(x))


@pytest.mark.parametrize(("model", "scale"), [(FAR, "log"), (NEAR, "linear")])
def test_the_curve_and_the_bars_have_the_areas_of_the_law(model, scale):
    """In the variable of the axis, log λ or λ: the curves have what the atoms leave of 1, and the bars all of it."""
    spectrum, finite = model.spectrum(), model.simulate(30)
    ax = spectrum.plot(finite=finite)
    rest = 1 - sum(weight for _, weight in spectrum.atoms())
    curves = [line.get_xydata().T for line in ax.lines if len(line.get_xdata()) > 10]
    assert ax.get_xscale() == scale and len(curves) == len(spectrum.edges()) // 2
    axis = np.log if scale == "log" else np.asarray
    assert sum(area(axis(x), y) for x, y in curves) == pytest.approx(rest, abs=1e-3)
    bars = [(bar.get_x(), bar.get_x() + bar.get_width(), bar.get_height()) for bar in ax.patches]
    assert sum((axis(right) - axis(left)) * height for left, right, height in bars) == pytest.approx(1, abs=1e-9)


def test_everything_is_named_once():
    spectrum = FAR.spectrum()
    ax = spectrum.plot(finite=FAR.simulate(20))
    assert sorted(labels(ax)) == sorted([r"law, $d\to\infty$", "edges", "atoms", "one draw, d = 20"])
    assert "lambda" in ax.get_xlabel() and "lambda" in ax.get_ylabel()
    places = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
    assert np.allclose(sorted(places), sorted([*spectrum.edges(), *(place for place, _ in spectrum.atoms())]))
    (outlier,) = NEAR.spectrum().outliers()
    ax = NEAR.spectrum().plot()
    (marks,) = (line for line in ax.lines if line.get_label() == "outliers")
    assert marks.get_xdata() == [outlier.eigenvalue] and "one draw" not in " ".join(labels(ax))


def test_a_hard_edge_leaves_the_rest_to_be_seen():
    """A density that diverges is cut off at what it is where a tenth of the eigenvalues lie below."""
    spectrum = RandomFeatureModel(A.linear, 1, 3, 0.3).spectrum()
    assert spectrum.plot().get_ylim()[1] == pytest.approx(1.1 * spectrum.density(spectrum.quantile(0.1)), rel=0.05)


def test_axes_are_the_callers_or_new():
    ax = plt.subplots()[1]
    assert NEAR.spectrum().plot(ax) is ax and NEAR.spectrum().plot() is not ax
    with pytest.raises(ValueError, match=r"^ax = 'here' is of type str; allowed: axes of matplotlib"):
        NEAR.spectrum().plot("here")


def test_a_draw_without_its_eigenvalues_is_a_band_of_area_one():
    for model, scale in ((FAR, np.log), (NEAR, np.asarray)):
        ax = model.spectrum().plot(finite=model.simulate(20, method="lanczos", probes=8, steps=30))
        area, band = ax.collections
        assert "one draw, d = 20, ln λ to 0." in area.get_label() and not ax.patches
        lam, height = area.get_paths()[0].vertices.T
        top = len(lam) // 2  # there along 0 and back along the density, or the other way
        sides = [abs(np.trapezoid(height[part], scale(lam[part]))) for part in (slice(0, top), slice(top, None))]
        assert max(sides) == pytest.approx(1, abs=0.02)
        assert np.ptp(band.get_paths()[0].vertices[:, 1]) > 0
