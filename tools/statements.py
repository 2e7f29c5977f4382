"""The table of statements: where each theorem of the book is derived, what tests it, and what of it is not proved.

    python tools/statements.py       says what is wrong with the table

The statements are read from the chapters' own directives; what is known of each stands in ``book/statements.toml``, one entry a label:

    status    one of STATUSES
    derived   how, in a sentence or less
    tests     tests that hold it against another route: "folder/file.py::function", relative to tests/
    cells     labels of figures, equations or sections beside which cells of the book test it
    rests_on  labels of what it uses: a proved statement uses nothing that is not proved
    open      what is conjectured, or where it is known to fail

The build writes the table into the page ``statements`` (`book_extension`); ``tests/repository/test_statements.py`` keeps it complete.
"""

import ast
import functools
import re
import sys
import tomllib
from typing import NamedTuple

import structure

TABLE = structure.BOOK / "statements.toml"
PAGE, MARK = "statements", "% the table of statements"
STATUSES = {
    "proved": "proved",
    "given": "proved, given what it rests on",
    "derived": "derived, not proved",
    "observed": "observed in numbers",
}
#: what claims something; a definition may have an entry, where the text claims more than a name
CLAIMS = ("theorem", "proposition", "lemma", "corollary", "conjecture")
FIELDS = {"status", "derived", "tests", "cells", "rests_on", "open"}


class Statement(NamedTuple):
    page: str
    kind: str
    title: str
    label: str


def statements():
    """Every claim and every definition of the book, in its order."""
    found = []
    for page in structure.contents():
        prose = structure.text(structure.read(page))
        for kind, title, options in re.findall(r"(?m)^ *[`:]{3,}\{prf:(\w+)\}([^\n]*)\n((?: *:[^\n]*\n)*)", prose):
            label = re.search(r":label: (\S+)", options)
            if label and kind in (*CLAIMS, "definition"):
                found.append(Statement(page, kind, title.strip(), label.group(1)))
    return found


def entries():
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


@functools.cache
def tests_in(path):
    """The names of the tests in a file of tests/: ``test_…`` and ``Class::test_…``."""
    tree = ast.parse((structure.ROOT / "tests" / path).read_text(encoding="utf-8"))
    classes = [(f"{node.name}::", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    return {
        prefix + node.name
        for prefix, body in [("", tree.body), *classes]
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    }


def problems(found, table, labels):
    """Sentences on what is missing, superfluous or contradictory."""
    said = [f"{s.label} ({s.page}) has no entry" for s in found if s.kind in CLAIMS and s.label not in table]
    said += [f"{label} is no statement of the book" for label in table if label not in {s.label for s in found}]
    for label, entry in table.items():
        wrong = [f"the field {field} is unknown" for field in entry.keys() - FIELDS]
        status, rests = entry.get("status"), entry.get("rests_on", [])
        unproved = [other for other in rests if table.get(other, {}).get("status") != "proved"]
        if status not in STATUSES:
            wrong.append(f"the status {status!r} is none of {', '.join(STATUSES)}")
        if not entry.get("derived"):
            wrong.append("it does not say how it is derived")
        if status == "proved" and unproved:
            wrong.append(f"it is called proved and rests on {', '.join(unproved)}")
        if status == "given" and not unproved:
            wrong.append("it rests on nothing that is not proved")
        if status in ("derived", "observed") and not entry.get("open"):
            wrong.append("it does not say what is open")
        if status != "proved" and not (entry.get("tests") or entry.get("cells")):
            wrong.append("it is neither proved nor tested")
        wrong += [f"the label {x} does not exist" for x in (*rests, *entry.get("cells", [])) if x not in labels]
        for test in entry.get("tests", []):
            path, _, name = test.partition("::")
            if not (structure.ROOT / "tests" / path).is_file():
                wrong.append(f"the file tests/{path} does not exist")
            elif name not in tests_in(path):
                wrong.append(f"tests/{path} has no test {name}")
        said += [f"{label}: {fault}" for fault in wrong]
    return said


def known_labels():
    return {label for page in structure.contents() for label in structure.labels(structure.read(page))}


def link(label):
    """A reference by the role that the label's beginning asks for."""
    kind = label.partition("-")[0]
    if kind in ("thm", "prop", "lem", "cor", "def", "rem"):
        return f"{{prf:ref}}`{label}`"
    role = {"eq": "eq", "fig": "numref"}.get(kind, "ref")
    return f"{{{role}}}`{label}`"


def _in_words(tests):
    """The files of tests, folder by folder: ``symbolic: two bulks, wick`` for symbolic/test_two_bulks.py and symbolic/test_wick.py."""
    folders = {}
    for test in tests:
        folder, _, file = test.partition("::")[0].rpartition("/")
        folders.setdefault(folder, {})[file.removeprefix("test_").removesuffix(".py").replace("_", " ")] = None
    return [": ".join(filter(None, (folder, ", ".join(names)))) for folder, names in folders.items()]


def _row(statement, table):
    entry = table.get(statement.label, {})
    tested = [", ".join(link(label) for label in entry.get("cells", [])), *_in_words(entry.get("tests", []))]
    rests, proved = entry.get("rests_on", []), {label for label, other in table.items() if other["status"] == "proved"}
    uses = ", ".join(link(label) for label in rests if label in proved)
    unproved = ", ".join(link(label) for label in rests if label not in proved)
    derived = f"*{STATUSES[entry['status']]}*: {entry['derived']}" if entry else "*definition*"
    return [
        f"{{prf:ref}}`{statement.label}`: {statement.title}",
        derived + (f" (from {uses})" if uses else ""),
        "; ".join(filter(None, tested)),
        " ".join([f"Rests on {unproved}." if unproved else "", entry.get("open", "")]).strip(),
    ]


def markdown():
    """The table, a section for each page that states something."""
    found, table = statements(), entries()
    faults = problems(found, table, known_labels())
    if faults:
        raise ValueError(f"{TABLE.name}: " + "; ".join(faults))
    lines = []
    for page in dict.fromkeys(statement.page for statement in found):
        title = re.search(r"(?m)^# (.+)$", structure.text(structure.read(page))).group(1)
        lines += ["", f"## {title}", "", "::::{list-table}", ":header-rows: 1", ":widths: 22 30 24 24", ":class: statements"]
        rows = [_row(statement, table) for statement in found if statement.page == page]
        for cells in [["statement", "derived", "tested by", "not proved"], *rows]:
            lines += ["", *(f"{'  ' if i else '* '}- {cell}" for i, cell in enumerate(cells))]
        lines += ["::::"]
    return "\n".join(lines)


if __name__ == "__main__":
    faults = problems(statements(), entries(), known_labels())
    print("\n".join(faults) or "all is there")
    sys.exit(bool(faults))
