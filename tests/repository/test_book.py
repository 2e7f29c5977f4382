"""The book's structure, and a proof that a wrong number in it is caught."""

import copy
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import book_extension
import chapters
import nbformat
import pytest
import structure

import course

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = [name for name in structure.contents() if (BOOK / f"{name}.ipynb").is_file()]


# --- the real book ---------------------------------------------------------------------------------------------------


def test_contents_and_files_agree():
    contents = structure.contents()
    assert len(contents) == len(set(contents))
    assert contents[0] == "intro" and contents[-2:] == ["status", "references"]
    assert set(structure.chapters()) <= set(NOTEBOOKS), "a chapter in _toc.yml has no notebook"
    assert {path.stem for path in BOOK.glob("*.ipynb")} == set(NOTEBOOKS), "a notebook is missing from _toc.yml"


@pytest.mark.parametrize("name", structure.contents())
def test_page_has_its_parts(name):
    assert structure.problems(name) == []


def test_labels_are_unique_over_the_book():
    everywhere = Counter(label for name in structure.contents() for label in structure.labels(structure.read(name)))
    assert [label for label, count in everywhere.items() if count > 1] == []


def test_references_lead_to_labels():
    """What the build says too, in a second."""
    pages = {name: structure.read(name) for name in structure.contents()}
    known = {label for page in pages.values() for label in structure.labels(page)}
    known |= set(re.findall(r"(?m)^\((lecture-\d+)\)=$", course.markdown()))  # which the build writes
    lost = {name: sorted(set(structure.references(page)) - known) for name, page in pages.items()}
    assert {name: labels for name, labels in lost.items() if labels} == {}


def test_every_letter_of_the_index_leads_somewhere():
    rows = [row for row in structure.text(structure.read("notation")).splitlines() if row.startswith("| $")]
    assert len(rows) > 60
    assert [row for row in rows if not re.search(r"\|[^|]*\{(?:eq|ref|prf:ref)\}`[^|]*\|$", row)] == []


def test_citations_are_in_the_bibliography():
    known = set(re.findall(r"(?m)^@\w+\{([^,\s]+),", (BOOK / "references.bib").read_text()))
    for name in structure.contents():
        prose = structure.text(structure.read(name))
        cited = {key.strip() for group in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", prose) for key in group.split(",")}
        assert cited <= known, f"{name} cites {sorted(cited - known)}"


def test_the_landing_page_leads_to_every_chapter():
    prose = structure.text(structure.read("intro"))
    for name in structure.chapters():
        label = re.search(r"(?m)^\((chapter-[a-z-]+)\)=\n# ", structure.text(structure.read(name))).group(1)
        assert f"{{ref}}`{label}`" in prose, f"the map of the landing page leaves out {name}"


# --- a wrong number is caught ----------------------------------------------------------------------------------------


def small_notebook():
    """A number, a formula and a table, executed as a chapter is."""
    cells = [
        "import sympy as sp\n\nfrom theory import RandomFeatureModel, activations\n\nsp.init_printing(use_latex='mathjax')",
        "round(RandomFeatureModel(activations.linear, psi_p=2, psi_n=3, t=0.1).spectrum().edges()[-1], 4)",
        "sp.Rational(7, 3) * sp.Symbol('x')",
        "print('printed', 1 / 8)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    return chapters.execute(notebook)


def nbval(path):
    """The exit code of pytest --nbval on one notebook, and what it said."""
    options = ["-q", "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", "--nbval", *options, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=path.parent, timeout=300)
    return result.returncode, result.stdout


def change_a_digit(string):
    """The string with its last digit replaced by another one."""
    return re.sub(r"\d(?=\D*$)", lambda match: str((int(match.group()) + 1) % 10), string, count=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_notebook(), tmp_path_factory.mktemp("small")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [None, "text/plain", "text/latex", "stream"])
def test_nbval_compares_every_kind_of_output(small, wrong):
    notebook, folder = copy.deepcopy(small[0]), small[1]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if wrong == "stream":
        output = next(o for o in outputs if o.output_type == "stream")
        output.text = change_a_digit(output.text)
    elif wrong:
        output = next(o for o in outputs if wrong in o.get("data", {}))
        before = output.data[wrong]
        output.data[wrong] = change_a_digit(before)
        assert output.data[wrong] != before
    path = folder / f"{(wrong or 'right').replace('/', '_')}.ipynb"
    nbformat.write(notebook, path)
    code, said = nbval(path)
    assert code == (1 if wrong else 0), said
    assert f"{1 if wrong else 0} failed" in said or not wrong


@pytest.mark.slow
def test_a_final_semicolon_is_silent_as_in_jupyter(tmp_path):
    notebook = chapters.execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("[1, 2];")]))
    assert notebook.cells[0].outputs == []
    nbformat.write(notebook, tmp_path / "silent.ipynb")
    shutil.copy(BOOK / "conftest.py", tmp_path)
    code, said = nbval(tmp_path / "silent.ipynb")
    assert code == 0, said


@pytest.mark.slow
def test_a_wrong_number_in_the_landing_page_is_caught(tmp_path):
    notebook = structure.read("intro")
    cell = next(c for c in notebook.cells if any(o.output_type == "stream" for o in c.get("outputs", [])))
    cell.outputs[0].text = change_a_digit(cell.outputs[0].text)
    notebook.cells = notebook.cells[: notebook.cells.index(cell) + 1]
    nbformat.write(notebook, tmp_path / "intro.ipynb")
    code, said = nbval(tmp_path / "intro.ipynb")
    assert code == 1 and "1 failed" in said, said


# --- the checks themselves -------------------------------------------------------------------------------------------

GOOD = """(chapter-good)=
# A good chapter

```{admonition} Overview
:class: tip
For all.
```

```{admonition} Prerequisites
None.
```

```{math}
:label: eq-good-one
x = 1
```

```{prf:remark} As in {cite}`bonnaire2025`
:label: rem-good
Yes.
```

```bash
# not a title
```

## Exercises

```{exercise}
:label: ex-good-1
One.
```

```{solution} ex-good-1
:class: dropdown
1.
```

```{exercise}
:label: ex-good-2
Two.
```

````{solution} ex-good-2
:class: dropdown
```python
# nor this
```
````

```{exercise}
:label: ex-good-4
Four.
```

```{solution} ex-good-4
:class: dropdown
4.
```

```{exercise-start}
:label: ex-good-3
```

Three.

```{exercise-end}
```

```{solution-start} ex-good-3
:class: dropdown
```

```{solution-end}
```

## What could be wrong
"""


def good_chapter():
    figure = nbformat.v4.new_code_cell("plt.plot([1]);", execution_count=1)
    figure.outputs = [nbformat.v4.new_output("display_data", {"text/plain": "<Figure size 640x480 with 1 Axes>"})]
    figure.metadata = nbformat.from_dict(
        {
            "mystnb": {
                "figure": {"caption": "What is seen in this figure.", "name": "fig-good"},
                "image": {"alt": "A line through a point."},
            }
        }
    )
    number = nbformat.v4.new_code_cell("1 + 1", execution_count=2)
    number.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=2)]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(GOOD), figure, number])


def prose(old, new):
    def damage(notebook):
        assert old in notebook.cells[0].source
        notebook.cells[0].source = notebook.cells[0].source.replace(old, new)

    return damage


def put(index, path, value):
    def damage(notebook):
        place = notebook.cells[index]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return damage


def output(index, item):
    return lambda notebook: notebook.cells[index].outputs.append(item)


DAMAGE = {
    "no label": prose("(chapter-good)=\n", ""),
    "no overview": prose("Overview", "Over view"),
    "no prerequisites": prose("Prerequisites", "Needs"),
    "no equation": prose(":label: eq-good-one\n", ""),
    "no citation": prose("{cite}", "{cit}"),
    "a theorem without a label": prose(":label: rem-good\n", ""),
    "no section on errors": prose("## What could be wrong", "## The end"),
    "a formula in the title": prose("# A good chapter", "# A $good$ chapter"),
    "two titles": prose("## Exercises", "# Exercises"),
    "three exercises": prose("```{exercise-start}\n:label: ex-good-3\n```", ""),
    "an exercise without a label": prose(":label: ex-good-1\n", ""),
    "no solution": prose("{solution} ex-good-1", "{solution} ex-other-1"),
    "an unfolded solution": prose("{solution-start} ex-good-3\n:class: dropdown", "{solution-start} ex-good-3"),
    "no caption": put(1, ["metadata", "mystnb", "figure"], {}),
    "no alternative text": put(1, ["metadata", "mystnb", "image", "alt"], ""),
    "no semicolon": put(1, ["source"], "plt.plot([1])"),
    "numbers in a plot cell": output(1, nbformat.v4.new_output("stream", name="stdout", text="2")),
    "a stored picture": put(1, ["outputs", 0, "data", "image/png"], "iVBO"),
    "not executed": put(2, ["execution_count"], None),
    "executed out of order": put(2, ["execution_count"], 7),
    "an error": output(2, nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[])),
    "a warning": output(2, nbformat.v4.new_output("stream", name="stderr", text="beware")),
    "ignored by a tag": put(2, ["metadata", "tags"], ["nbval-ignore-output"]),
    "ignored by a comment": put(2, ["source"], "# NBVAL_IGNORE_OUTPUT\n1 + 1"),
    "formulas as pictures": put(2, ["source"], "sp.init_printing()"),
    "formulas without a printer": put(2, ["outputs", 0, "data", "text/latex"], "$2$"),
}


def all_problems(notebook):
    checks = structure.NOTEBOOK_CHECKS + structure.CHAPTER_CHECKS
    return [problem for check in checks for problem in check(notebook)]


def test_a_good_chapter_passes():
    assert all_problems(good_chapter()) == []
    expected = {"chapter-good", "eq-good-one", "rem-good", "fig-good", "ex-good-1", "ex-good-2", "ex-good-3", "ex-good-4"}
    found = structure.labels(good_chapter())
    assert set(found) == expected and len(found) == len(expected)


@pytest.mark.parametrize("name", DAMAGE)
def test_each_fault_is_found(name):
    notebook = good_chapter()
    DAMAGE[name](notebook)
    assert all_problems(notebook) != []


def test_a_reason_excuses_an_ignored_output():
    notebook = good_chapter()
    DAMAGE["ignored by a tag"](notebook)
    notebook.cells[2].source = "# not compared: it is a clock\n1 + 1"
    assert all_problems(notebook) == []


# --- the build -------------------------------------------------------------------------------------------------------


def test_cache_depends_on_package_and_style(tmp_path):
    for folder in ("theory/symbolic", "theory/sweeps", "tools"):
        (tmp_path / folder).mkdir(parents=True)
    names = ("theory/a.py", "theory/symbolic/b.py", "tools/c.py", "theory/sweeps/d.npz", "theory/figures.mplstyle")
    files = [tmp_path / name for name in names]
    for path in files:
        path.write_text("x")
    seen = {book_extension.dependencies_digest(tmp_path)}
    assert {book_extension.dependencies_digest(tmp_path)} == seen
    for path in files:
        path.write_text("y")
        seen.add(book_extension.dependencies_digest(tmp_path))
    files[0].rename(tmp_path / "theory/e.py")
    seen.add(book_extension.dependencies_digest(tmp_path))
    assert len(seen) == len(files) + 2
    (tmp_path / "theory/__pycache__").mkdir()
    (tmp_path / "theory/__pycache__/a.pyc").write_text("z")
    assert book_extension.dependencies_digest(tmp_path) in seen


def test_cache_depends_on_versions(monkeypatch):
    before = book_extension.dependencies_digest()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0")
    assert book_extension.dependencies_digest() != before


@pytest.mark.slow
def test_executing_twice_gives_the_same_bytes():
    first, second = (nbformat.writes(small_notebook()) for _ in range(2))
    assert first == second
