"""The pages of the reference as the build reads them: for each face its docstring, a table of its names, and a directive for each name.

What is public and which chapters use it is known by `reference`; what a docstring reads as, by `docstrings`. autodoc does the rest
(`book_reference`).
"""

import importlib
import inspect
import re
import sys

from docstrings import first_sentence, linked, rst
from faces import faces, named_by
from reference import PAGES, entries, full, homes, kind_of, page_of, pages_with

MARK = "% the reference"


def value(item):
    text = item.name if type(item).__name__ == "Activation" else repr(item)
    return text if len(text) <= 60 else text[:57] + "…"


def comment(entry):
    """What is said above a constant, after ``#:`` or ``#``; of an activation, its formula."""
    name = entry.name.rpartition(".")[2]
    if type(entry.item).__name__ == "Activation":
        return f"σ(x) = ``{entry.item.expression}``"
    face = importlib.import_module(entry.name.rpartition(".")[0])
    for module in [face, *(m for m in _beside(face) if hasattr(m, name))]:
        found = re.search(
            rf"(?m)((?:^#:? .*\n)+)(?:[\w, ]+, )?{name}(?:, [\w, ]+)?(?:: [^=\n]+)? = ", inspect.getsource(module)
        )
        if found:
            text = " ".join(re.sub(r"(?m)^#:? ?", "", found[1]).split())
            return linked(text, module)
    return f"a ``{type(entry.item).__name__}``"


def _beside(face):
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(face.__name__ + ".")]


def summary(entry):
    """The first paragraph of a docstring, up to the end of its first sentence."""
    return "" if entry.kind == "data" else first_sentence(rst(entry.item))


def _described(entry):
    """The directive that describes a thing."""
    if entry.kind == "data":
        module, _, name = entry.name.rpartition(".")
        lines = [
            f".. py:data:: {name}",
            f"   :module: {module}",
            f"   :value: {value(entry.item)}",
            "",
            f"   {comment(entry)}",
        ]
        return [*lines, "", *(f"   {line}" for line in used_in(entry.name)), ""]
    options = ["   :members:", "   :inherited-members: tuple, Exception", "   :special-members: __call__"]
    return [f".. auto{entry.kind}:: {entry.name}", *(options if inspect.isclass(entry.item) else ()), ""]


def used_in(name):
    """A line with the chapters that use a name, in RST, to stand after a docstring; nothing where there is none."""
    pages = pages_with(name)
    return ["", ":In the book: " + ", ".join(f":doc:`/book/{page}`" for page in pages), ""] if pages else []


def _table(found):
    """What a face names, each with a sentence and the chapter that comes first."""
    lines = [".. list-table::", "   :class: reference", "   :widths: auto", "   :header-rows: 1", ""]
    lines += ["   * - name", "     - what it is", "     - first in"]
    for name, home, text in found:
        page = pages_with(home)[:1]
        lines += [
            f"   * - :py:obj:`{name} <{home}>`",
            f"     - {text}",
            f"     - {''.join(f':doc:`/book/{p}`' for p in page)}",
        ]
    return [*lines, ""]


def _rst(lines):
    return ["", "````{eval-rst}", *lines, "````", ""]


def section(path, module):
    """A face: its docstring, a table, and everything that is described under it."""
    rows = []
    for name, item in named_by(module).items():
        entry = entries().get(full(path, name))
        if inspect.ismodule(item):
            rows.append((name, homes()[id(item)], first_sentence(rst(item))))
        elif kind_of(item) == "data":
            rows.append((name, entry.name, comment(entry)))
        else:
            home = homes()[id(item)]
            rows.append((name, home, summary(entries()[home])))
    own = [entry for entry in entries().values() if entry.face == path]
    lines = _rst([f".. automodule:: {full(path)}", ""])
    lines += _rst(_table(rows)) if rows else []
    return [*lines, *_rst([line for entry in own for line in _described(entry)])] if own else lines


def markdown(page):
    """What the build writes in the place of `MARK`."""
    lines = []
    for path, module in faces().items():
        if page_of(path) == page:
            title = [] if path == PAGES[page][0] else [f"## {full(path)}", ""]
            lines += [*title, *section(path, module)]
    return "\n".join(lines)
