"""The ledger of claims: every link leads to a cell, every quoted number is printed there, and a gap is seen."""

import copy

import claims
import pytest
import structure


@pytest.fixture(scope="module")
def book():
    return *claims.ledger(), claims.by_label()


def test_every_claim_has_a_verdict_and_a_cell(book):
    assert claims.problems(*book) == []


def test_every_numbered_equation_of_the_notes_is_there(book):
    numbers = [number for claim in book[1] if claim["source"] == "note" for number in claim.get("equations", [])]
    assert sorted(numbers) == list(range(1, 27))


def put(field, value, row=0):
    return lambda sources, claims: claims[row].__setitem__(field, value)


def drop_equation(sources, claims):
    claims[:] = [claim for claim in claims if claim.get("equations") != [22]]


def take_a_longer_number(sources, claims):
    """The cell prints 0.6659: the number itself, not its beginning, has to be there."""
    claims[0].update(shown="`0.665`", cells=["eq-diffusion-best-loss"])


FAULTS = {
    "note (1): the label fig-nowhere does not exist": put("cells", ["eq-diffusion-forward", "fig-nowhere"]),
    "note (1): no cell prints or draws in the section of page-notation-nowhere": put("cells", ["page-notation-nowhere"]),
    "note (1): `0.1234` is printed by none": put("shown", "It is `0.1234`."),
    "note (1): `0.665` is printed by none": take_a_longer_number,
    "note (1): the verdict 'true' is none of": put("verdict", "true"),
    "note (1): it has no shown": put("shown", ""),
    "note (1): it has no cells": put("cells", []),
    "note (1): the field where is unknown": put("where", "there"),
    "note (27): the source has no such equation": put("equations", [27]),
    "note: no claim has equation (22)": drop_equation,
    "paper (1): the source is unknown": put("source", "paper"),
    "it does not say where in the source": put("equations", []),
    "talk: no claim is from it": lambda sources, claims: sources.__setitem__("talk", {"title": "A talk"}),
}


@pytest.mark.parametrize("said", FAULTS)
def test_each_fault_is_said(book, said):
    sources, ledger, places = copy.deepcopy(book)
    places["page-notation-nowhere"] = claims.Section("notation", ["page-notation-nowhere"], [])
    FAULTS[said](sources, ledger)
    problems = claims.problems(sources, ledger, places)
    assert any(said in problem for problem in problems), problems


def test_a_section_ends_at_the_next_heading(tmp_path):
    """A label above a heading belongs below it; those of figures, equations and theorems to where they stand."""
    text = (
        "(chapter-x)=\n# X\n```{math}\n:label: eq-a\nx\n```\n\n## One\n\nwords\n",
        "print(1)",
        "more\n\n### Within\n\n```{prf:theorem} T\n:label: thm-b\n```\n\n(section-two)=\n## Two\n",
        "plot();",
    )
    cells = [getattr(claims.nbformat.v4, f"new_{'markdown' if i % 2 == 0 else 'code'}_cell")(t) for i, t in enumerate(text)]
    cells[1].outputs = [claims.nbformat.v4.new_output("stream", text="1\n")]
    cells[3].metadata["mystnb"] = {"figure": {"name": "fig-c"}}
    cells[3].outputs = [claims.nbformat.v4.new_output("display_data", {"text/plain": "<Figure size 1x1 with 1 Axes>"})]
    claims.nbformat.write(claims.nbformat.v4.new_notebook(cells=cells), tmp_path / "x.ipynb")
    found = claims.sections("x", tmp_path)
    assert [sorted(section.labels) for section in found] == [["chapter-x", "eq-a"], ["thm-b"], ["fig-c", "section-two"]]
    assert [len(section.outputs) for section in found] == [0, 1, 1]


def test_the_page_has_a_row_for_each_and_counts_them(book):
    sources, ledger, _ = book
    written = claims.markdown()
    for verdict, words in claims.VERDICTS.items():
        assert written.count(f"  - *{words}*\n") == sum(claim["verdict"] == verdict for claim in ledger)
    assert written.count("::::{list-table}") == len(sources) + 1
    assert claims.MARK in structure.source(claims.PAGE).read_text()
