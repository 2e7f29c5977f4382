"""The book on paper: what is changed for LaTeX, and what in LaTeX's log fails `make pdf`."""

import subprocess
import sys
from types import SimpleNamespace

import book_latex
import pdf
import pytest
import structure
from docutils import nodes
from docutils.utils import new_document


def table(*rows):
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in rows[0]))
    group += nodes.tbody(
        "", *(nodes.row("", *(nodes.entry("", nodes.paragraph(text=text)) for text in row)) for row in rows)
    )
    return nodes.table("", group)


def widths(tree):
    return [column["colwidth"] for column in tree.findall(nodes.colspec)]


def test_columns_of_a_wide_table_follow_what_they_hold():
    wide = table(("a", "b" * 50), ("c", "d" * 150))
    book_latex.share_columns(wide)
    narrow, broad = widths(wide)
    assert 0 < narrow < broad and "colwidths-given" in wide["classes"]
    # four times the letters, on lines twice as long: twice the lines
    four = table(("a" * 25, "b" * 100))
    book_latex.share_columns(four)
    assert widths(four)[1] == 2 * widths(four)[0]


def test_a_table_within_a_line_is_left_alone():
    small = table(("a", "b" * 50))
    book_latex.share_columns(small)
    assert widths(small) == [1, 1] and "colwidths-given" not in small["classes"]


def test_a_proof_has_no_box_and_an_end():
    tree = new_document("page")
    box = nodes.admonition("", nodes.paragraph(text="Because."), classes=["proof", "proof"])
    tree += box
    book_latex.open_proof(box)
    assert not list(tree.findall(nodes.admonition))
    assert tree.astext().startswith("Because.") and r"\square" in tree.astext()


@pytest.mark.parametrize(
    ("title", "entry"), [("(Two bulks)", "Two bulks"), ("(Freezing, Derrida 1981)", "Freezing"), ("", None)]
)
def test_statements_are_in_the_index_by_their_names(title, entry):
    tree = new_document("page")
    tree += nodes.admonition("", nodes.title(text=title), realtype="theorem", ids=["thm"])
    tree += nodes.admonition("", nodes.title(text="(Not this)"), realtype="remark", ids=["other"])
    book_latex.index_statements(None, tree)
    entries = [entries[0][1] for entries in (node["entries"] for node in tree.findall(book_latex.index))]
    assert entries == ([entry] if entry else [])


def test_every_term_of_the_glossary_is_indexed_where_it_is_defined(tmp_path):
    glossary = (structure.ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    terms = [line for line in glossary.split("{glossary}\n")[1].splitlines() if line and line[0] not in " `"]
    found = book_latex.places(glossary)
    assert len(terms) > 40 and terms == sorted(terms, key=str.casefold)
    assert {term for names in found.values() for term in names} == set(terms)

    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "glossary.md").write_text(
        "one\n  Here {ref}`a-section`.\n\ntwo\n  There {prf:ref}`thm`, {eq}`eq-a`.\n"
    )
    tree = new_document("page")
    tree += nodes.section("", nodes.title(text="A section"), ids=["a-section"])
    tree += nodes.admonition("", realtype="theorem", ids=["thm"])
    tree += nodes.math_block("", "x", ids=["equation-eq-a"], label="eq-a")
    tree += nodes.section("", nodes.title(text="Another"), ids=["another"])
    book_latex.index_terms(SimpleNamespace(srcdir=tmp_path), tree)
    entries = [(type(node.parent).__name__, node["entries"][0][1]) for node in tree.findall(book_latex.index)]
    assert entries == [("section", "one"), ("document", "two"), ("document", "two")]


GOOD = """This is XeTeX
LaTeX Warning: Label(s) may have changed. Rerun to get cross-references right.
Overfull \\hbox (12.3pt too wide) in paragraph at lines 3--4
Output written on book.xdv (3 pages, 12 bytes)."""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("! Undefined control sequence.", "an error: Undefined control sequence."),
        ("LaTeX Warning: Reference `eq-a' on page 3 undefined on input line 5.", "a reference that leads nowhere: eq-a"),
        ("LaTeX Warning: Hyper reference `b:c' on page 3 undefined on input line 5.", "a reference that leads nowhere: b:c"),
        ("LaTeX Warning: Citation `x' on page 3 undefined on input line 5.", "a citation of nothing: x"),
        ("LaTeX Warning: Label `y' multiply defined.", "a label of two things: y"),
        (
            "Missing character: There is no ψ (U+03C8) in font ec-lmr10!",
            "a letter without a shape: ψ (U+03C8) in font ec-lmr10",
        ),
        (
            "Overfull \\hbox (314.88pt too wide) in alignment at lines 1--2",
            "a line 314pt too wide: in alignment at lines 1--2",
        ),
        ("LaTeX Warning: File `fig.png' not found on input line 7.", "a file that is missing: fig.png"),
    ],
)
def test_faults_in_the_log(line, words):
    assert pdf.faults(GOOD) == []
    first, *rest = GOOD.splitlines()
    assert pdf.faults("\n".join([first, line, *rest, line])) == [words]


def test_a_missing_program_is_named_with_its_package(tmp_path):
    found = subprocess.run(
        [sys.executable, structure.ROOT / "tools" / "pdf.py", tmp_path],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1 and found.stderr.startswith("latexmk, xelatex, xindy not found. Debian has what it takes: ")


def test_readme_names_the_packages():
    readme = " ".join((structure.ROOT / "README.md").read_text(encoding="utf-8").split())
    assert pdf.PACKAGES in readme


@pytest.mark.parametrize(
    ("format_", "made"), [("html", []), ("latex", [book_latex.index_statements, book_latex.index_terms])]
)
def test_the_index_is_made_for_paper_alone(format_, made):
    connected = []
    app = SimpleNamespace(
        builder=SimpleNamespace(format=format_), connect=lambda event, call: connected.append((event, call))
    )
    book_latex.index_on_paper(app)
    assert connected == [("doctree-read", call) for call in made]
