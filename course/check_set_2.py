"""Problem set 2, after lecture 4: ``pytest course/check_set_2.py --notebook FILE``."""

import numpy as np
import pytest

from theory import RandomFeatureModel, activations

points = pytest.mark.points
RATIOS = [0.3, 1.7, 4.0]


def wishart(c, p=400, seed=0):
    """Eigenvalues of YYᵀ/n, Y of size p × n, p/n = c, with as many zeros as there are."""
    n = round(p / c)
    return np.linalg.eigvalsh(np.cov(np.random.default_rng(seed).standard_normal((p, n)), bias=True))


def law(c):
    """The package's law of cos features, shifted and scaled to YYᵀ/n: the general solver, which knows no closed form."""
    model = RandomFeatureModel(activations.cos, psi_p=c, psi_n=1.0, t=0.1)
    numbers = model.coefficients()
    return model.spectrum(), numbers.v2, numbers.s2


@points(3)
@pytest.mark.parametrize("c", RATIOS)
def test_stieltjes(student, c):
    """1. the Stieltjes transform, the right root of two"""
    spectrum, scale, shift = law(c)
    for z in (-0.7, 0.4 + 0.3j, 3.0 + 0.05j, -2 + 0.5j):
        expected = scale * spectrum.stieltjes(scale * complex(z) + shift)
        found = student("stieltjes", complex(z), c)
        assert found == pytest.approx(expected, rel=1e-6), f"stieltjes({z}, {c}) is off"
        assert found == pytest.approx(np.mean(1 / (wishart(c) - z)), rel=0.1), f"stieltjes({z}, {c}) is not that of matrices"


@points(1)
@pytest.mark.parametrize("c", RATIOS)
def test_edges(student, c):
    """2. the edges of the bulk"""
    spectrum, scale, shift = law(c)
    expected = (np.array(spectrum.edges()[-2:]) - shift) / scale
    assert np.sort(student("edges", c).real) == pytest.approx(expected, rel=1e-6), f"edges({c}) are off"


@points(1)
@pytest.mark.parametrize("c", RATIOS)
def test_atom(student, c):
    """3. the weight of the atom at zero"""
    assert student("atom", c) == pytest.approx(np.mean(wishart(c) < 1e-8), abs=0.01), f"atom({c}) is off"


@points(2)
@pytest.mark.parametrize("c", RATIOS)
def test_density(student, c):
    """4. the density, zero outside the bulk"""
    spectrum, scale, shift = law(c)
    low, high = (np.array(spectrum.edges()[-2:]) - shift) / scale
    inside = low + (high - low) * np.array([0.1, 0.5, 0.9])
    expected = scale * spectrum.density(scale * inside + shift)
    assert student("density", inside, c) == pytest.approx(expected, rel=1e-5), f"density within the bulk, c = {c}, is off"
    assert np.all(student("density", np.array([high + 1, high + 2]), c) == 0), f"density beyond the bulk, c = {c}, is not 0"


@points(3)
@pytest.mark.parametrize("name", ["tanh", "erf", "relu"])
def test_four_numbers(student, name):
    """5. the four numbers of an activation"""
    numbers = RandomFeatureModel(getattr(activations, name), psi_p=1, psi_n=1, t=0.3).coefficients()
    expected = [numbers.a, np.sqrt(numbers.b2), numbers.v2, numbers.s2]
    for found, right, letter in zip(student("four_numbers", name, 0.3), expected, ("a", "b", "v²", "s²"), strict=True):
        assert found == pytest.approx(right, rel=1e-4), f"{letter} of {name} is off"
