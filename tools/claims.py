"""The ledger of claims: what each source of the book says, whether it holds, and which cells show it.

    python tools/claims.py       says what is wrong with the ledger

The ledger is ``book/claims.toml``: a table of sources, and one entry a claim:

    source     one of the ledger's sources
    equations  the numbers of the source's equations in question, if any
    place      where else in the source: "section 11", "abstract, sentence 3"
    claim      what is said, in our words
    verdict    one of VERDICTS
    shown      what the cells show; words in code font, `0.0620`, are quoted from their outputs
    cells      labels of figures, equations, theorems or sections, each in a section of the book with an output

A label stands for its section, from one heading of the second level to the next: that is where a reader who follows the link looks.
The build writes the ledger into the page ``claims`` (`book_extension`); ``tests/repository/test_claims.py`` keeps every link alive.
"""

import re
import sys
import tomllib
from typing import NamedTuple

import nbformat
import statements
import structure

TABLE = structure.BOOK / "claims.toml"
PAGE, MARK = "claims", "% the ledger of claims"
VERDICTS = {
    "holds": "holds",
    "corrected": "holds with a correction",
    "outside": "outside this theory",
    "fails": "fails",
}
FIELDS = {"source", "equations", "place", "claim", "verdict", "shown", "cells"}
HEADING = r"(?m)(?<!\)=\n)^(?=(?:\([\w:-]+\)=\n)?#{1,2} )"


class Section(NamedTuple):
    """What is printed and drawn between two headings, and the labels that lead there."""

    page: str
    labels: list
    outputs: list


def sections(page, book=structure.BOOK):
    """The sections of a page, each with the text of its outputs, in order."""
    found = []
    for cell in structure.read(page, book).cells:
        if cell.cell_type == "markdown":
            for part in filter(None, re.split(HEADING, cell.source)):
                if not found or re.match(HEADING, part):
                    found.append(Section(page, [], []))
                found[-1].labels.extend(_labels(nbformat.v4.new_markdown_cell(part)))
        elif cell.source.strip():
            if not found:
                found.append(Section(page, [], []))
            found[-1].labels.extend(_labels(cell))
            found[-1].outputs.extend(filter(None, map(_text, cell.get("outputs", []))))
    return found


def _labels(cell):
    return structure.labels(nbformat.v4.new_notebook(cells=[cell]))


def _text(output):
    return str(output.get("text") or output.get("data", {}).get("text/plain", "")).strip()


def by_label():
    """The section that each label of the book stands in; a page that is text alone has no outputs."""
    return {label: section for page in structure.contents() for section in sections(page) for label in section.labels}


def ledger():
    """The sources, by name, and the claims, in order."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return table["sources"], table["claim"]


def quoted(text):
    return re.findall(r"`([^`]+)`", re.sub(r"\{[\w:]+\}`[^`]+`", "", text))


def problems(sources, claims, places):
    """Sentences on what is missing, unknown, or leads nowhere."""
    said = []
    for claim in claims:
        name = f"{claim.get('source')} {_place(claim)}"
        said += [f"{name}: {fault}" for fault in _faults(claim, sources, places)]
    for source, entry in sources.items():
        theirs = [claim for claim in claims if claim.get("source") == source]
        numbers = {number for claim in theirs for number in claim.get("equations", [])}
        missing = sorted(set(range(1, entry.get("equations", 0) + 1)) - numbers)
        said += [f"{source}: no claim has equation ({number})" for number in missing]
        said += [] if theirs else [f"{source}: no claim is from it"]
    return said


def _faults(claim, sources, places):
    faults = [f"the field {field} is unknown" for field in claim.keys() - FIELDS]
    if claim.get("source") not in sources:
        faults.append("the source is unknown")
    elif any(not 1 <= number <= sources[claim["source"]].get("equations", 0) for number in claim.get("equations", [])):
        faults.append("the source has no such equation")
    if not (claim.get("equations") or claim.get("place")):
        faults.append("it does not say where in the source")
    if claim.get("verdict") not in VERDICTS:
        faults.append(f"the verdict {claim.get('verdict')!r} is none of {', '.join(VERDICTS)}")
    faults += [f"it has no {field}" for field in ("claim", "shown", "cells") if not claim.get(field)]
    for label in claim.get("cells", []):
        if label not in places:
            faults.append(f"the label {label} does not exist")
        elif not places[label].outputs:
            faults.append(f"no cell prints or draws in the section of {label}")
    outputs = [output for label in claim.get("cells", []) if label in places for output in places[label].outputs]
    faults += [
        f"`{words}` is printed by none of its cells"
        for words in quoted(claim.get("shown", ""))
        if not any(_stands_in(words, output) for output in outputs)
    ]
    return faults


def _stands_in(words, output):
    """Whether the words are there, and are no part of a longer word or number."""
    return re.search(rf"(?<![\w.]){re.escape(words)}(?![\w]|\.\d)", output) is not None


def _place(claim):
    numbers = claim.get("equations", [])
    return ", ".join([*(f"({number})" for number in numbers), *filter(None, [claim.get("place")])])


def _row(claim):
    links = ", ".join(statements.link(label) for label in claim["cells"])
    return [claim["claim"], _place(claim), f"*{VERDICTS[claim['verdict']]}*", claim["shown"], links]


def _table(header, widths, rows):
    lines = ["", "::::{list-table}", ":header-rows: 1", f":widths: {widths}", ":class: statements"]
    for cells in [header, *rows]:
        lines += ["", *(f"{'  ' if i else '* '}- {cell}" for i, cell in enumerate(cells))]
    return [*lines, "::::"]


def markdown():
    """The count of verdicts, and a section with a table for each source."""
    sources, claims = ledger()
    faults = problems(sources, claims, by_label())
    if faults:
        raise ValueError(f"{TABLE.name}: " + "; ".join(faults))
    counts, parts = [], []
    for source, entry in sources.items():
        theirs = [claim for claim in claims if claim["source"] == source]
        counts.append([entry["short"], *(sum(claim["verdict"] == verdict for claim in theirs) for verdict in VERDICTS)])
        parts += ["", f"## {entry['title']}", "", entry["about"]]
        parts += _table(["claim", "where", "verdict", "what is shown", "cells"], "27 9 14 35 15", map(_row, theirs))
    counts.append(["all", *map(sum, zip(*(count[1:] for count in counts), strict=True))])
    return "\n".join([*_table(["source", *VERDICTS.values()], "32 17 17 17 17", counts), *parts])


if __name__ == "__main__":
    faults = problems(*ledger(), by_label())
    print("\n".join(faults) or "all is there")
    sys.exit(bool(faults))
