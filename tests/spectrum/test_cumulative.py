"""The law as a distribution: F against an integral of the density and against a draw, quantiles and atoms, and what is not certified."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import kstest
from tolerances import STANDARD_ERRORS, double

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.spectrum.cumulative import Cumulative

MODELS = {
    "two bulks": RandomFeatureModel(A.tanh, 8, 16, 0.02),
    "hard edge": RandomFeatureModel(A.linear, 1, 3, 0.3),
    "atom": RandomFeatureModel(A.tanh, 12, 2, 0.05),
    "two eigenvalues": RandomFeatureModel(A.relu, 4, 3, 0.3, Gaussian(((1, 0.5), (4, 0.5)))),
    "kinds": RandomFeatureModel(A.tanh, 3, 2.5, 0.3, Mixture((0.5, 0.5), (1, 0.5))),
    "times": RandomFeatureModel(A.tanh, 6, 1.5, TimeGrid((0.1, 0.5), (0.5, 0.5))),
}
LEVELS = np.concatenate([[0, 1e-12, 1e-6], np.linspace(0.001, 0.999, 333), [1 - 1e-6, 1 - 1e-12, 1]])


@pytest.fixture(params=MODELS, scope="module")
def spectrum(request):
    return MODELS[request.param].spectrum()


def test_quantiles_invert_the_distribution_function(spectrum):
    lam = spectrum.quantile(LEVELS)
    assert np.all(np.diff(lam) >= 0)
    found, at_atom = spectrum.cdf(lam), np.zeros(lam.shape, bool)
    for place, weight in spectrum.atoms():
        here = lam == place
        at_atom |= here
        # all levels of the step, and no others: F before it is F after it less the weight
        top = spectrum.cdf(place)
        assert np.array_equal(here[1:], ((top - weight < LEVELS) & (LEVELS <= top))[1:])
        assert spectrum.cdf(np.nextafter(place, -np.inf)) == pytest.approx(top - weight, abs=double("quadrature"))
    assert found[~at_atom] == pytest.approx(LEVELS[~at_atom], abs=double("quadrature"))
    assert np.all(found[at_atom] >= LEVELS[at_atom])


def test_it_is_monotone_from_0_to_1(spectrum):
    edges = np.array(spectrum.edges())
    beside = (edges[:, None] * (1 + np.linspace(-1e-3, 1e-3, 201))).ravel()
    lam = np.sort(np.concatenate([beside, np.linspace(0.5 * edges[0], 1.2 * edges[-1], 2001)]))
    found = spectrum.cdf(lam)
    assert np.all(np.diff(found) >= -4e-16) and found[-1] == pytest.approx(1, abs=1e-15)
    assert spectrum.cdf(-1.0) == 0 and spectrum.cdf([[1e9]]).shape == (1, 1)


def test_it_is_the_integral_of_the_density(spectrum):
    """By a Gauss rule in √(λ − λ_E), with λ_E the lower end of the bulk, of the density as it is solved for at each point."""
    edges, below = np.array(spectrum.edges()), spectrum.cdf(spectrum.edges())
    unit, weights = np.polynomial.legendre.leggauss(150)
    for low, high, start in zip(edges[::2], edges[1::2], below[::2], strict=True):
        for share in (0.1, 0.5):
            root = np.sqrt(share * (high - low))
            r = root * (unit + 1) / 2
            value = root / 2 * weights @ (2 * r * spectrum.density(low + r * r))
            atoms = sum(weight for place, weight in spectrum.atoms() if low < place <= low + root**2)
            assert spectrum.cdf(low + root**2) - start - atoms == pytest.approx(value, abs=double("quadrature"))


def test_eigenvalues_of_a_draw_are_its_quantiles():
    """Eigenvalues repel: F counts those of a matrix within two or so, where independent numbers would be off by √p = 20."""
    model = RandomFeatureModel(A.tanh, 2, 3, 0.1)
    eigenvalues = model.simulate(200, seed=0, features="equivalent").eigenvalues
    counted = np.arange(eigenvalues.size) + 0.5
    assert np.abs(model.spectrum().cdf(eigenvalues) * eigenvalues.size - counted).max() < 3


@pytest.mark.parametrize("name", ["two bulks", "atom"])
def test_draws_are_of_the_law(name):
    spectrum, size = MODELS[name].spectrum(), 20_000
    drawn = spectrum.rvs(size, seed=3)
    assert drawn.shape == (size,) and np.array_equal(drawn, spectrum.rvs(size, seed=3))
    weight = sum(weight for _, weight in spectrum.atoms())
    at_atom = np.isin(drawn, [place for place, _ in spectrum.atoms()])
    assert abs(at_atom.mean() - weight) <= STANDARD_ERRORS * np.sqrt(weight * (1 - weight) / size)
    # Kolmogorov and Smirnov, of what is continuous
    continuous = kstest(drawn[~at_atom], lambda lam: (spectrum.cdf(lam) - weight) / (1 - weight))
    assert continuous.pvalue > 0.001


def altered(spectrum, share, atoms):
    """What `Cumulative` asks of a spectrum, with ``share`` of the continuous mass and other atoms."""
    found = spectrum._panels
    panels = found._replace(mass=share * found.mass)
    system = SimpleNamespace(atoms=atoms)
    return SimpleNamespace(edges=spectrum.edges, offset=spectrum.offset, _panels=panels, system=system)


def test_an_atom_within_a_bulk_is_a_step():
    spectrum = MODELS["two bulks"].spectrum()
    median = spectrum.quantile(0.95)
    law = Cumulative(altered(spectrum, 0.7, ((median, 0.3),)))
    before, after = 0.7 * 0.95, 0.7 * 0.95 + 0.3
    assert law.cdf(np.array([np.nextafter(median, 0), median])) == pytest.approx([before, after], abs=1e-12)
    levels = np.array([before - 1e-3, before + 1e-9, 0.8, after, after + 1e-3])
    lam = law.quantile(levels)
    assert np.all(lam[1:4] == median) and lam[0] < median < lam[4]
    assert law.cdf(lam[[0, 4]]) == pytest.approx(levels[[0, 4]], abs=1e-12)


def test_a_law_without_all_of_its_mass_is_refused():
    with pytest.raises(ConvergenceError, match=r"(?s)^the distribution function of .*residual 1e-06") as caught:
        Cumulative(altered(MODELS["two bulks"].spectrum(), 1 - 1e-6, ()))
    assert caught.value.reason == "quadrature"


def test_a_level_is_a_share():
    with pytest.raises(ValueError, match=r"^level holds 1\.5; allowed: numbers from 0 to 1"):
        MODELS["atom"].spectrum().quantile([0.5, 1.5])
