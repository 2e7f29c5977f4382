"""What every page of the book must have, checked without running it.

    python tools/structure.py [NAME …]       says what is missing (in all pages without a name)

``tests/repository/test_book.py`` applies the same functions. Each returns a list of sentences; an empty list means that all is well.
"""

import re
import sys
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
#: pages of the reference, which the build writes from docstrings (tools/reference.py), and the page before them
API = ("api", "api_theory", "api_activations", "api_data", "api_spectrum", "api_outliers", "api_training", "api_empirical")
API += ("api_symbolic", "api_simulation", "api_networks", "api_conventions", "api_extending")
#: pages that are not chapters
FRAME = ("intro", "notation", "statements", "claims", "explorer", "related", "course", "instructors", "glossary")
FRAME += (*API, "troubleshooting", "status", "references")
EXERCISES = 4  # of a chapter, at least
FIGURE = re.compile(r"<Figure size .* with \d+ Axes>")


def parts(toc=ROOT / "_toc.yml"):
    """The parts of the book as _toc.yml has them."""
    return yaml.safe_load(Path(toc).read_text())["parts"]


def contents(toc=ROOT / "_toc.yml"):
    """The names of the pages in _toc.yml, in order, the root first."""
    files = [yaml.safe_load(Path(toc).read_text())["root"]]
    files += [entry["file"] for part in parts(toc) for entry in part["chapters"]]
    return [Path(name).name for name in files]


def chapters():
    return [name for name in contents() if name not in FRAME]


def source(name, book=BOOK):
    """The file of a page. Text beside a notebook is a draft of it."""
    notebook = Path(book) / f"{name}.ipynb"
    return notebook if notebook.is_file() else notebook.with_suffix(".md")


def read(name, book=BOOK):
    """A page as a notebook; one that is written as text is a single cell."""
    path = source(name, book)
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4)
    body = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(body)])


def text(notebook):
    """The prose, directives included, without fenced blocks of code."""
    kept = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            kept += [*_without_code(cell.source.splitlines()), ""]
    return "\n".join(kept)


def _without_code(lines):
    directives, code = [], None  # the fences that are open: of directives, and of one block of code
    for line in lines:
        fence = re.match(r"\s*(`{3,}|~{3,})([^`]*)$", line)
        mark, info = (fence.group(1), fence.group(2).strip()) if fence else ("", "")
        if code is not None:
            if mark.startswith(code) and not info:
                code = None
            continue
        if fence and not info and directives and mark.startswith(directives[-1]):
            directives.pop()
        elif fence and info.startswith("{") and not info.startswith("{code"):
            directives.append(mark)
        elif fence:
            code = mark
            continue
        yield line


def _code(notebook):
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]


# --- what every notebook must satisfy --------------------------------------------------------------------------------


def outputs_are_fresh(notebook):
    """Executed from the first cell to the last, without errors or stored pictures."""
    problems, expected = [], 0
    for i, cell in _code(notebook):
        expected += 1
        if cell.execution_count != expected:
            problems.append(
                f"cell {i} has execution_count {cell.execution_count}, not {expected}: execute the whole notebook"
            )
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"cell {i} ends in {output.ename}")
            if output.output_type == "stream" and output.name == "stderr":
                problems.append(f"cell {i} writes to the standard error: {output.text.strip()[:60]}")
            pictures = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
            if pictures:
                problems.append(f"cell {i} stores {', '.join(pictures)}: the build draws it, strip it")
    return problems


def figures_are_described(notebook):
    """A figure has a caption and an alternative text, and its cell ends with ``;`` and prints nothing."""
    problems = []
    for i, cell in _code(notebook):
        shown = [o for o in cell.outputs if FIGURE.search(o.get("data", {}).get("text/plain", ""))]
        if not shown:
            continue
        setting = cell.metadata.get("mystnb", {})
        if len(str(setting.get("figure", {}).get("caption", ""))) < 20:
            problems.append(f"cell {i} draws a figure without a caption")
        if len(str(setting.get("image", {}).get("alt", ""))) < 20:
            problems.append(f"cell {i} draws a figure without an alternative text")
        if not cell.source.rstrip().endswith(";"):
            problems.append(f"cell {i} draws a figure and does not end with ';'")
        if len(shown) < len(cell.outputs):
            problems.append(f"cell {i} draws a figure and prints: nbval compares text, give the numbers a cell of their own")
    return problems


def nothing_is_ignored_silently(notebook):
    """A cell whose output nbval does not compare says why, in a comment ``# not compared: …``."""
    problems = []
    for i, cell in _code(notebook):
        tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith("nbval-") or tag == "raises-exception"]
        marks = re.findall(r"(?m)^\s*#.*(?:NBVAL_|PYTEST_VALIDATE_)\w+", cell.source)
        if (tags or marks) and not re.search(r"(?m)^\s*# not compared: \S+", cell.source):
            problems.append(f"cell {i} is marked {', '.join(tags + marks)} without a comment '# not compared: …'")
    return problems


def mathematics_is_typeset(notebook):
    """SymPy's results are LaTeX: with its default printer they would be pictures in the page."""
    code = "\n".join(cell.source for _, cell in _code(notebook))
    formulas = any("text/latex" in o.get("data", {}) for _, cell in _code(notebook) for o in cell.outputs)
    if "init_printing(" in code and not re.search(r"""init_printing\([^)]*use_latex\s*=\s*["']mathjax["']""", code):
        return ["init_printing is called without use_latex='mathjax'"]
    if formulas and not re.search(r"init_printing\(|Math\(|Latex\(", code):
        return ["LaTeX is shown, but init_printing(use_latex='mathjax') is not called"]
    return []


def title_is_plain(notebook):
    titles = re.findall(r"(?m)^# (.+)$", text(notebook))
    if len(titles) != 1:
        return [f"there are {len(titles)} titles of the first level, not 1"]
    return [f"the title {titles[0]!r} has a formula, which the side bar and the search show raw"] if "$" in titles[0] else []


# --- what a chapter must have besides --------------------------------------------------------------------------------


def has_its_parts(notebook):
    prose, problems = text(notebook), []
    parts = {
        "a label above its title": r"(?m)^\(chapter-[a-z-]+\)=\n# ",
        "an overview": r"(?m)^(?:[`:]{3,}\{admonition\}|#{2,}) Overview\s*$",
        "prerequisites": r"(?m)^(?:[`:]{3,}\{admonition\}|#{2,}) Prerequisites\s*$",
        "a section 'What could be wrong'": r"(?m)^## What could be wrong",
        "a citation": r"\{cite(?::[a-z]+)?\}`",
        "a numbered equation": r"(?m)^:label: eq-|\$\$ *\(eq-",
    }
    for part, pattern in parts.items():
        if not re.search(pattern, prose):
            problems.append(f"there is no {part.removeprefix('a ').removeprefix('an ')}")
    return problems


def exercises_have_solutions(notebook):
    """At least `EXERCISES`, each followed by a folded solution."""
    prose, problems = text(notebook), []
    exercises = re.findall(r"(?m)^[`:]{3,}\{exercise(?:-start)?\}[^\n]*\n(?::(?!label)[^\n]*\n)*:label: (\S+)", prose)
    written = len(re.findall(r"(?m)^[`:]{3,}\{exercise(?:-start)?\}", prose))
    if written != len(exercises):
        problems.append(f"{written - len(exercises)} of {written} exercises have no label")
    if len(exercises) < EXERCISES:
        problems.append(f"there are {len(exercises)} exercises, fewer than {EXERCISES}")
    for label in exercises:
        solution = re.search(rf"(?m)^[`:]{{3,}}\{{solution(?:-start)?\}} {re.escape(label)}\s*\n((?::[^\n]*\n)*)", prose)
        if not solution:
            problems.append(f"the exercise {label} has no solution")
        elif not re.search(r"(?m)^:class:.*\bdropdown\b", solution.group(1)):
            problems.append(f"the solution of {label} is not folded (:class: dropdown)")
    return problems


def theorems_have_labels(notebook):
    """A theorem environment without a label gets one by its place on the page, which another page may have too."""
    opened = re.findall(r"(?m)^[`:]{3,}\{prf:(?!proof\})(\w+)\}([^\n]*)\n((?::[^\n]*\n)*)", text(notebook))
    return [f"a {kind} ({title.strip()[:40]}) has no label" for kind, title, options in opened if ":label:" not in options]


def labels(notebook):
    """Every label defined in a notebook: equations, theorems, exercises, figures, sections."""
    prose = text(notebook)
    found = re.findall(r"(?m)^ *:(?:label|name): (\S+)", prose)
    found += re.findall(r"\$\$ *\(([\w:-]+)\)", prose) + re.findall(r"(?m)^\(([\w:-]+)\)=", prose)
    found += re.findall(r"\\label\{([^}]+)\}", prose)
    for _, cell in _code(notebook):
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        found += [name] if name else []
    return found


def references(notebook):
    """Every label that a page points to, from its text and its captions."""
    captions = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for _, cell in _code(notebook)]
    roles = re.findall(r"\{(?:eq|ref|numref|prf:ref)\}`([^`]+)`", "\n".join([text(notebook), *captions]))
    return [re.sub(r"(?s)\A.*<(.*)>\Z", r"\1", role) for role in roles]


NOTEBOOK_CHECKS = (
    outputs_are_fresh,
    figures_are_described,
    nothing_is_ignored_silently,
    mathematics_is_typeset,
    title_is_plain,
    theorems_have_labels,
)
CHAPTER_CHECKS = (has_its_parts, exercises_have_solutions)


def problems(name, book=BOOK):
    """All that is wrong with one notebook."""
    notebook = read(name, book)
    checks = NOTEBOOK_CHECKS if name in FRAME else NOTEBOOK_CHECKS + CHAPTER_CHECKS
    return [f"{name}: {problem}" for check in checks for problem in check(notebook)]


def main(names):
    found = [problem for name in names or contents() for problem in problems(name)]
    print("\n".join(found) or "all is there")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main([Path(name).stem for name in sys.argv[1:]]))
