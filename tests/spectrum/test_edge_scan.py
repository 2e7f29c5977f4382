"""How far the edges are looked for, in no unit, and how those that are found pair up."""

import numpy as np
import pytest

from theory import ConvergenceError
from theory.spectrum.real_curve import RealCurve, _between_walls
from theory.spectrum.scalar_edges import _alternating

#: ψ_p, ψ_n, α, b, v and the eigenvalues of Σ: in each another ratio is the largest
SCALES = {
    "next to a hard edge": (4 * (1 + 1e-9), 3, 1, 0.5, 0.7, (1, 2)),
    "features": (1e9, 3, 1, 0.5, 0.7, (1, 2)),
    "samples": (2, 1e-8, 1, 0.5, 0.7, (1, 2)),
    "late": (2, 3, 1e-9, 0.5, 0.7, (1, 2)),
    "early": (2, 3, 1, 1e-9, 0.7, (1, 2)),
    "nearly linear": (2, 3, 1, 0.5, 1e-9, (1, 2)),
    "hardly linear": (2, 3, 1e-4, 1e-4, 1, (1, 2)),
    "wide covariance": (2, 3, 1, 0.5, 0.7, (1e-10, 1e-4, 1)),
}


def decades(psi_p, psi_n, alpha, b, v, nodes):
    nodes = np.array(nodes, float)
    return RealCurve((psi_p, psi_n, alpha, b, v, 0.0), nodes, np.full(nodes.size, 1 / nodes.size)).decades()


@pytest.mark.parametrize("name", SCALES)
def test_the_range_has_no_unit(name):
    """Neither that of U, in α, b and v, nor that of the data, which α² undoes."""
    psi_p, psi_n, alpha, b, v, nodes = SCALES[name]
    expected = decades(psi_p, psi_n, alpha, b, v, nodes)
    for c in (1e-3, 1e3):
        assert decades(psi_p, psi_n, c * alpha, c * b, c * v, nodes) == pytest.approx(expected, rel=1e-12)
        scaled = tuple(c**2 * x for x in nodes)
        assert decades(psi_p, psi_n, alpha / c, b, v, scaled) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SCALES)
def test_the_range_holds_every_ratio_of_terms(name):
    """Three factors of ten beyond: of the features and samples, and of the parts of U in which there is something."""
    psi_p, psi_n, alpha, b, v, nodes = SCALES[name]
    ratios = [psi_p, psi_n, psi_p / psi_n, max(nodes) / min(nodes), v**2 / (psi_n * b**2)]
    ratios.append(abs(1 - (1 + psi_n) / psi_p) or 1)
    ratios += [f(alpha**2 * x) for x in nodes for f in (lambda s: s / b**2, lambda s: s * psi_n / v**2)]
    assert decades(*SCALES[name]) >= 3 + np.max(np.abs(np.log10(ratios))) - 1e-9


def test_the_quadratic_between_two_walls():
    rng = np.random.default_rng(0)
    b, d, width = np.exp(rng.normal(scale=4, size=(3, 200)))
    s = rng.normal(size=200) * np.exp(rng.normal(scale=4, size=200))
    t, u = _between_walls(s, b, d, width)
    assert np.all(t > 0) and np.all(u > 0)
    np.testing.assert_allclose(t + u, width, rtol=1e-13)
    np.testing.assert_array_less(np.abs(s + b / t - d / u), 1e-12 * (np.abs(s) + b / t + d / u))


@pytest.mark.parametrize(
    "y, opens, expected",
    [
        ([1, 2, 3, 4], "()()", [1, 2, 3, 4]),
        ([4, 2, 1, 3], ")(()", None),
        ([3, 1, 2], "))(", [0, 1, 2, 3]),  # a hard edge
        ([1, 2, 2 * (1 + 1e-13), 4], "(())", [1, 4]),  # a gap narrower than rounding, in the wrong order
        ([1, 2, 2 * (1 + 1e-11), 4], "(())", None),
        ([1, 2, 3, 4], "(())", None),
        ([1, 2, 3], "()(", None),
        ([-1e-30, 1, 2], ")()", [1, 2]),  # rounding at a hard edge
    ],
)
def test_edges_pair_up(y, opens, expected):
    y = np.array(y, float)
    arguments = y, 2 * y, 3 * y, np.array([c == "(" for c in opens])
    if expected is None:
        with pytest.raises(ConvergenceError, match="do not pair up"):
            _alternating(*arguments)
    else:
        rows = _alternating(*arguments)
        np.testing.assert_array_equal(rows[:, 0], expected)
        finite = rows[rows[:, 0] > 0]
        np.testing.assert_array_equal(finite[:, 1:], finite[:, :1] * [2, 3])
