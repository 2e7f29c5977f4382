"""The table of statements is complete, and a gap in it is seen."""

import copy

import pytest
import statements


@pytest.fixture(scope="module")
def book():
    return statements.statements(), statements.entries(), statements.known_labels()


def test_every_statement_has_its_entry(book):
    assert statements.problems(*book) == []


def test_each_claim_is_found_once(book):
    labels = [statement.label for statement in book[0]]
    assert len(labels) == len(set(labels)) > 30
    assert {"thm-mehler", "lem-action-distance", "def-action"} <= set(labels)


def drop(label):
    return lambda found, table: table.pop(label)


def put(label, field, value):
    return lambda found, table: table[label].__setitem__(field, value)


def new_statement(found, table):
    found.append(statements.Statement("hermite", "proposition", "New", "prop-hermite-new"))


FAULTS = {
    "prop-hermite-new (hermite) has no entry": new_statement,
    "thm-mehler (": drop("thm-mehler"),
    "prop-nowhere is no statement": lambda found, table: table.__setitem__("prop-nowhere", table["thm-mehler"]),
    "the status 'certain'": put("thm-mehler", "status", "certain"),
    "the field source is unknown": put("thm-mehler", "source", "Mehler"),
    "how it is derived": put("thm-mehler", "derived", ""),
    "called proved and rests on prop-hermite-equivalence": put("thm-mehler", "rests_on", ["prop-hermite-equivalence"]),
    "rests on nothing that is not proved": put("thm-mehler", "status", "given"),
    "does not say what is open": put("prop-hermite-equivalence", "open", ""),
    "neither proved nor tested": put("prop-traces", "tests", []),
    "the label fig-nowhere does not exist": put("thm-mehler", "cells", ["fig-nowhere"]),
    "the file tests/nowhere.py does not exist": put("thm-mehler", "tests", ["nowhere.py::test_nothing"]),
    "has no test test_nothing": put("thm-mehler", "tests", ["symbolic/test_wick.py::test_nothing"]),
}


@pytest.mark.parametrize("said", FAULTS)
def test_each_fault_is_said(book, said):
    found, table, labels = copy.deepcopy(book)
    FAULTS[said](found, table)
    problems = statements.problems(found, table, labels)
    assert any(said in problem for problem in problems), problems


def test_what_a_proof_uses_is_told_from_what_is_open(book):
    """Above `prop-hermite-vs` stands a proof from a theorem, above the atom one from a conjecture."""
    found, table, _ = book
    rows = {statement.label: statements._row(statement, table) for statement in found}
    assert "(from {prf:ref}`thm-mehler`)" in rows["prop-hermite-vs"][1] and rows["prop-hermite-vs"][3] == ""
    assert rows["prop-two-bulks-atom"][3] == "Rests on {prf:ref}`prop-hermite-equivalence`."
    assert rows["def-hermite-coefficients"][1:] == ["*definition*", "", ""]


def test_tests_are_named_by_folder_and_file():
    tests = [
        "symbolic/test_wick.py::test_a",
        "test_x.py::test_b",
        "symbolic/test_two_bulks.py::C::test_c",
        "symbolic/test_wick.py::test_d",
    ]
    assert statements._in_words(tests) == ["symbolic: wick, two bulks", "x"]


def test_markdown_has_a_row_for_each():
    written = statements.markdown()
    assert written.count("* - {prf:ref}`") == len(statements.statements())
