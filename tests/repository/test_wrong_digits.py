"""The tool that plants a wrong digit: it plants exactly one, where nbval compares, and says what nbval did."""

import random

import nbformat
import pytest
import wrong_digits


def cell(source, *outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)


def printed(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def shown(**data):
    return nbformat.v4.new_output("display_data", {key.replace("_", "/"): value for key, value in data.items()})


def page():
    cells = [
        nbformat.v4.new_markdown_cell("# 1 title"),
        cell("print('a 12')\nprint('b 3')", printed("a 12\nb 3\n")),
        cell("clock()  # 4", printed("5"), tags=("nbval-ignore-output",)),
        cell("# NBVAL_IGNORE_OUTPUT\nclock()", printed("6")),
        cell("plot();", shown(text_plain="<Figure size 640x480 with 1 Axes>", image_png="iVBO")),
        cell("7 * x", shown(text_plain="7*x", text_latex="$7 x$")),
        cell("'no digits'", shown(text_plain="'no digits'")),
    ]
    return numbered(nbformat.v4.new_notebook(cells=cells))


def numbered(notebook):
    """With ids that are the same each time."""
    for i, found in enumerate(notebook.cells):
        found.id = f"cell-{i}"
    return notebook


def test_places_are_digits_that_are_compared():
    found = wrong_digits.places(page())
    assert found == [
        *((1, 0, None, position) for position in (2, 3, 7)),
        *((5, 0, kind, position) for kind, position in (("text/plain", 0), ("text/latex", 1))),
    ]


@pytest.mark.parametrize("place", wrong_digits.places(page()))
def test_one_digit_is_changed_and_the_rest_cut_off(place):
    notebook = page()
    wrong, before, after = wrong_digits.plant(notebook, place, random.Random(0).choice)
    assert notebook == page()
    assert len(wrong.cells) == place[0] + 1 and wrong.cells[:-1] == notebook.cells[: place[0]]
    texts = [nbformat.writes(nbformat.v4.new_notebook(cells=[n.cells[place[0]]])) for n in (notebook, wrong)]
    different = [(a, b) for a, b in zip(*texts, strict=True) if a != b]
    assert len(different) == 1 and all(character.isdigit() for character in different[0])
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


@pytest.mark.slow
def test_nbval_says_where():
    cells = [cell("print(1)", printed("1\n")), cell("print(2)", printed("2\n")), cell("print(3)", printed("3\n"))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert wrong_digits.failures(notebook, "right")[:2] == ([], 3)
    notebook.cells[1].outputs[0].text = "9\n"
    assert wrong_digits.failures(notebook, "wrong")[:2] == ([1], 2)


@pytest.mark.slow
@pytest.mark.parametrize("also, right", [("1\n", True), ("8\n", False)])
def test_a_chapter_counts_only_if_nothing_else_fails(also, right, monkeypatch):
    cells = [cell("print(1)", printed(also)), cell("print(2)", printed("2\n"))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    monkeypatch.setattr(wrong_digits.structure, "read", lambda name: notebook)
    monkeypatch.setattr(wrong_digits, "places", lambda notebook: [(1, 0, None, 0)])
    found, said = wrong_digits.caught("two", seed=0)
    assert found is right and ("caught" in said) is right
