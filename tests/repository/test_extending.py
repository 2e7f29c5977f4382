"""The worked examples of the page "Extending the package" beyond what it prints: its observable, and the chapter that it shows."""

import re

import chapters
import jupytext
import numpy as np
import pytest
import structure

from theory import ConvergenceError, Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.equations import ScalarSystem

MODELS = {
    "two equations": RandomFeatureModel(activations.erf, psi_p=3, psi_n=2, t=0.1),
    "two variances": RandomFeatureModel(activations.relu, psi_p=1, psi_n=2, t=0.3, data=Gaussian(((0.5, 0.5), (1.5, 0.5)))),
    "two kinds": RandomFeatureModel(activations.tanh, psi_p=2, psi_n=3, t=0.2, data=Mixture((0.5, 0.5), (1, 3))),
    "two times": RandomFeatureModel(activations.erf, psi_p=2, psi_n=1, t=TimeGrid((0.1, 0.8), (0.5, 0.5))),
}


@pytest.fixture(scope="module")
def page():
    """What the cells of the page define that draw and compute nothing."""
    names = {}
    for cell in structure.read("extending").cells:
        if cell.cell_type == "code" and re.search(r"(?m)^(import|from|def|@singledispatch)", cell.source):
            definitions = re.split(r"\n\n(?=model = |data = |try:|biased = )", cell.source)[0]
            exec(definitions, names)
    return names


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_square_trace_is_an_integral_over_the_law(page, model):
    spectrum = model.spectrum()
    for z in (-0.5, -3.0):
        expected = spectrum.integrate(lambda lam, z=z: 1 / (lam - z) ** 2)
        (found,) = page["square_trace"](spectrum, np.array([z]))
        assert found == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_square_trace_keeps_the_symmetry_and_the_bound(page, model):
    spectrum, z = model.spectrum(), np.array([0.5 + 0.1j, 2 + 1j, -1 + 0.01j])
    above, below = (page["square_trace"](spectrum, points) for points in (z, z.conj()))
    np.testing.assert_allclose(below, above.conj(), rtol=1e-12)
    assert (np.abs(above) <= spectrum.stieltjes(z).imag / z.imag * (1 + 1e-12)).all()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_types_share_the_square_trace(page, model):
    spectrum, z = model.spectrum(), np.array([-1, 1 + 0.5j])
    count, shares = page["types_of"](spectrum.system)
    parts = page["square_trace_by_type"](spectrum, z)
    assert len(shares) == count == len(parts) and shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares @ parts, page["square_trace"](spectrum, z), rtol=1e-12)


def test_a_wrong_tangent_is_not_returned(page, monkeypatch):
    right = ScalarSystem.tangent
    monkeypatch.setattr(ScalarSystem, "tangent", lambda self, x, y: np.multiply(right(self, x, y), 1 + 1e-6))
    with pytest.raises(ConvergenceError, match="no certified square trace"):
        page["square_trace"](MODELS["two equations"].spectrum(), np.array([-1.0]))


def test_a_point_among_the_eigenvalues_is_refused(page):
    with pytest.raises(ValueError, match="among the eigenvalues"):
        page["square_trace"](MODELS["two equations"].spectrum(), np.array([-1.0, 1.0]))


def test_no_types_for_what_is_no_system(page):
    with pytest.raises(TypeError, match="no feature types for int"):
        page["types_of"](1)


def skeleton():
    """The chapter that the page shows, as a notebook."""
    cells = "\n".join(cell.source for cell in structure.read("extending").cells if cell.cell_type == "markdown")
    (text,) = re.findall(r"(?ms)^````\{code-block\} markdown\n(?::\w+:[^\n]*\n)*(.*?)^````$", cells)
    return jupytext.reads(text.replace("NAME", "example"), fmt="md:myst")


@pytest.mark.slow
def test_the_shown_chapter_is_complete():
    notebook = chapters.execute(skeleton())
    assert [cell.cell_type for cell in notebook.cells].count("code") == 1
    checks = structure.NOTEBOOK_CHECKS + structure.CHAPTER_CHECKS
    assert [problem for check in checks for problem in check(notebook)] == []


def test_every_part_of_the_shown_chapter_is_needed():
    """Without any one of its parts the checks complain: it is the least that a chapter can be."""
    notebook = skeleton()
    (first, *_), last = notebook.cells, notebook.cells[-1]
    for cell, part in ((first, "Overview"), (first, "Prerequisites"), (first, "{cite}"), (last, "## What could be wrong")):
        whole = cell.source
        assert part in whole
        cell.source = whole.replace(part, "…")
        assert any(check(notebook) for check in structure.CHAPTER_CHECKS), part
        cell.source = whole
    assert not any(check(notebook) for check in structure.CHAPTER_CHECKS)
