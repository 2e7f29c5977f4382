"""A student changes a number of a chapter: the tool that does it for every chapter, and some chapters (`make students` runs all)."""

from fractions import Fraction

import nbformat
import pytest
import students

MODEL = "model = RandomFeatureModel(activations.tanh, psi_p=8, psi_n=16, t=0.02)"


def notebook(*sources, tags=()):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    for number, tag in tags:
        cells[number].metadata["tags"] = [tag]
    return nbformat.v4.new_notebook(cells=cells)


def ended(source, name, value):
    cell = nbformat.v4.new_code_cell(source)
    cell.outputs = [nbformat.v4.new_output("error", ename=name, evalue=value, traceback=[])]
    return cell


@pytest.mark.parametrize(
    "sources, parameter, becomes",
    [
        (["x = 1", MODEL, MODEL], "psi_n", MODEL.replace("psi_n=16", "psi_n=(16) * 1 / 3")),
        ([MODEL], "t", MODEL.replace("t=0.02", "t=(0.02) * 1 / 3")),
        (
            ["RandomFeatureModel(activations.tanh, 8, 2 * 8, 0.1)"],
            "psi_n",
            "RandomFeatureModel(activations.tanh, 8, (2 * 8) * 1 / 3, 0.1)",
        ),
        (
            [
                "for n in (1, 2):\n    m = RandomFeatureModel(σ, 8, n, 0.1)\nm = RandomFeatureModel(σ, 8, psi_n=Fraction(3, 2), t=grid)"
            ],
            "psi_n",
            "for n in (1, 2):\n    m = RandomFeatureModel(σ, 8, n, 0.1)\nm = RandomFeatureModel(σ, 8, psi_n=(Fraction(3, 2)) * 1 / 3, t=grid)",
        ),
    ],
    ids=["first of two", "another argument", "by position", "not one of a loop"],
)
def test_a_number_of_the_first_model_is_changed(sources, parameter, becomes):
    before = notebook(*sources)
    after, number = students.changed(before, Fraction(1, 3), parameter)
    assert becomes in [cell.source for cell in after.cells]
    assert sum(a.source != b.source for a, b in zip(after.cells, before.cells, strict=True)) == 1
    assert number.startswith(f"{parameter} = ")


@pytest.mark.parametrize(
    "source, becomes",
    [("d = 50\nt = 0.1", "d = 150\nt = 0.1"), ("t = 0.1", "t = (0.1) * 3"), (f"d = 50\n{MODEL}", "(16) * 3")],
)
def test_a_tag_says_which_number(source, becomes):
    after, _ = students.changed(notebook(MODEL, source, tags=[(1, "parameters")]), Fraction(3))
    assert after.cells[0].source == MODEL and becomes in after.cells[1].source


def test_a_page_without_a_number():
    assert students.changed(notebook("d = 50", "RandomFeatureModel(σ, p, n, t)"), Fraction(3)) == (None, "")


def test_what_a_cell_assumes_is_no_failure():
    page = nbformat.v4.new_notebook(
        cells=[
            ended(
                "assert n > 1, 'more samples than directions'\nfour = 4", "AssertionError", "more samples than directions"
            ),
            ended("eight = 2 * four", "NameError", "name 'four' is not defined"),
            ended("print(eight)", "NameError", "name 'eight' is not defined"),
        ]
    )
    wrong, assumed = students.verdict(page)
    assert wrong == [] and assumed == ["cell 0 ends in AssertionError: more samples than directions"]


@pytest.mark.parametrize(
    "cell",
    [
        ended("a, b = edges", "ValueError", "not enough values to unpack"),
        ended("assert n > 1", "AssertionError", ""),
        ended("check(n)", "AssertionError", "words of another one"),
        ended("print(five)", "NameError", "name 'five' is not defined"),
    ],
    ids=["an error", "no words", "not its own", "a name nobody makes"],
)
def test_a_failure(cell):
    assert len(students.verdict(nbformat.v4.new_notebook(cells=[cell]))[0]) == 1


def test_a_warning_is_a_failure():
    cell = nbformat.v4.new_code_cell("1 / np.zeros(1)")
    cell.outputs = [nbformat.v4.new_output("stream", name="stderr", text="RuntimeWarning: divide by zero")]
    assert len(students.verdict(nbformat.v4.new_notebook(cells=[cell]))[0]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["intro", "extending"])
def test_a_chapter_runs_with_other_numbers(name):
    for number, wrong, _, _ in students.reports(name):
        assert wrong == [], f"{name}, {number}"


@pytest.mark.slow
def test_a_chapter_that_fails_is_found():
    page = notebook("n = 5", "edges = [1] * n", "a, b, c, d, e = edges", tags=[(0, "parameters")])
    wrong, assumed = students.verdict(students.executed(students.changed(page, Fraction(3))[0]))
    assert len(wrong) == 1 and "too many values to unpack" in wrong[0] and assumed == []
