"""How the book looks on paper: what `make pdf` (`tools/pdf.py`) adds to Sphinx's LaTeX.

A Sphinx extension, loaded by ``_config.yml``; the pages for a browser are not touched.

- Parts, and folded code left out, are the work of ``sphinx-jupyterbook-latex``. Its document class asks for half a gigabyte of fonts
  for one alphabet that this book does not use, so that the class is Sphinx's own, and its two environments stand in `PREAMBLE`.
- Fonts with the letters of code and docstrings: Greek ones, and signs of mathematics.
- Columns of a table as wide as what they hold; a printed formula that is wider than the page set smaller; a proof without a box.
- An index: every statement under its title, the terms of ``{index}``, and those of the glossary, there and where they are defined.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import index
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import clean_astext

#: statements that a reader looks up by name; a proof is found by its statement
INDEXED = ("definition", "theorem", "proposition", "lemma", "corollary")
#: letters that a line of a table holds
LINE = 90
FONTS = r"""
\setmainfont{FreeSerif}[Extension=.otf, UprightFont=*, ItalicFont=*Italic, BoldFont=*Bold, BoldItalicFont=*BoldItalic]
\setsansfont{FreeSans}[Extension=.otf, UprightFont=*, ItalicFont=*Oblique, BoldFont=*Bold, BoldItalicFont=*BoldOblique]
\setmonofont{DejaVuSansMono}[
  Extension=.ttf, UprightFont=*, ItalicFont=*-Oblique, BoldFont=*-Bold, BoldItalicFont=*-BoldOblique, Scale=0.78]
"""
PREAMBLE = r"""
\usepackage{unicode-math}
\setmathfont{texgyretermes-math.otf}
\usepackage{adjustbox}
\usepackage{newunicodechar}
\newunicodechar{≫}{\ensuremath{\gg}}
\newenvironment{sphinxVerbatimInput}{}{}
\newenvironment{sphinxVerbatimOutput}{}{}
\addto\captionsenglish{\renewcommand{\contentsname}{Contents}}
\hypersetup{pdfencoding=auto, psdextra}
% a long derivation may go on over the page
\allowdisplaybreaks
% the title of the first page is the book's, and has no label of its own
\AtBeginDocument{\phantomsection\label{\detokenize{book/intro:page-intro}}}
% letters for the appendices
\usepackage{etoolbox}
\let\booksPart\part
\renewcommand{\part}[1]{\booksPart{#1}\ifstrequal{#1}{Appendices}{\appendix}{}}
"""
ELEMENTS = {
    "papersize": "a4paper",
    "fontpkg": FONTS,
    "fncychap": "",
    "preamble": PREAMBLE,
    "sphinxsetup": "VerbatimColor={gray}{0.97}, VerbatimBorderColor={gray}{0.85}",
}


def setup(app):
    # after sphinx-jupyterbook-latex, which chooses its class and fonts at the default priority
    app.connect("config-inited", choose_latex, priority=1000)
    app.connect("builder-inited", index_on_paper)
    app.add_post_transform(Paper)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def choose_latex(app, config):
    config.latex_theme = "manual"
    config.latex_elements = dict(ELEMENTS)


def index_on_paper(app):
    """Entries of the index for LaTeX alone: the pages show none, and would carry them in the search's list of words."""
    if app.builder.format == "latex":
        app.connect("doctree-read", index_statements)
        app.connect("doctree-read", index_terms)


def index_statements(app, doctree):
    """An entry of the index before every titled statement, without the source that the title names after a comma."""
    for node in found(doctree, nodes.Element, lambda node: node.get("realtype") in INDEXED):
        title = next(node.findall(nodes.title), None)
        if title is not None and node["ids"] and (name := clean_astext(title).strip("() ").split(", ")[0]):
            before(node, index(entries=[("single", name.replace(";", ""), node["ids"][0], "", None)]))


def places(glossary):
    """{label: terms that are defined there}: an entry of the glossary names the place in its roles ``ref``, ``eq`` and ``prf:ref``."""
    found = {}
    for term, definition in re.findall(r"^(\w.*)\n((?:  .*\n)+)", glossary, flags=re.M):
        for label in re.findall(r"\{(?:ref|eq|prf:ref)\}`([\w-]+)`", definition):
            found.setdefault(label, []).append(term)
    return found


def index_terms(app, doctree):
    """An entry of the index where a term of the glossary is defined."""
    glossary = Path(app.srcdir) / "book" / "glossary.md"
    terms = places(glossary.read_text(encoding="utf-8")) if glossary.is_file() else {}
    for node in found(doctree, nodes.Element):
        labels = {*node.get("names", ()), node.get("label"), *node.get("ids", ())} & terms.keys()
        if isinstance(node, (nodes.section, nodes.math_block)) or node.get("realtype"):
            for label in sorted(labels):
                entry = index(
                    entries=[("single", term, node["ids"][0] if node["ids"] else label, "", None) for term in terms[label]]
                )
                # after the title of a section, which may begin a page
                node.insert(1, entry) if isinstance(node, nodes.section) else before(node, entry)


class Paper(SphinxPostTransform):
    """What only paper needs."""

    default_priority = 900
    formats = ("latex",)

    def run(self):
        for table in found(self.document, nodes.table):
            share_columns(table)
        for box in found(self.document, nodes.admonition, lambda box: box["classes"][:2] == ["proof", "proof"]):
            open_proof(box)
        for node in found(self.document, nodes.Element, lambda node: type(node).__name__.startswith("exercise_")):
            # the label that a reference by the exercise's name, rather than its number, points to
            if node.get("label") and node.get("docname"):
                before(node, raw(rf"\phantomsection\label{{\detokenize{{{node['docname']}:{node['label']}}}}}"))
        for cell in found(self.document, nodes.container, lambda cell: "cell_output" in cell["classes"]):
            for formula in found(cell, nodes.math_block):
                formula.replace_self(fitted(formula.astext()))


def found(tree, kind, accepted=lambda node: True):
    """The nodes of a kind, as a list: they are replaced on the way."""
    return [node for node in tree.findall(kind) if accepted(node)]


def raw(latex):
    return nodes.raw("", latex, format="latex")


def before(node, added):
    node.parent.insert(node.parent.index(node), added)


def open_proof(box):
    """The proof without a box, closed by a square."""
    *_, last = box.children
    (last if isinstance(last, nodes.paragraph) else box).append(raw(r"\hfill\(\square\)"))
    box.replace_self(box.children)


def fitted(formula):
    """A formula that a cell printed, set smaller where it is wider than the page."""
    return raw(rf"\begin{{center}}\adjustbox{{max width=\linewidth}}{{\({formula}\)}}\end{{center}}")


def share_columns(table):
    """Give the columns of a table that is wider than a line their share of it, by what their longest entries hold."""
    columns = found(table, nodes.colspec)
    rows = [found(row, nodes.entry) for row in found(table, nodes.row)]
    if any(len(row) != len(columns) or any("morecols" in entry for entry in row) for row in rows):
        return
    lengths = [[len(entry.astext()) for entry in column] for column in zip(*rows, strict=True)]
    if sum(map(max, lengths)) > LINE:
        table["classes"].append("colwidths-given")
        for column, entries in zip(columns, lengths, strict=True):
            # between what one line would need and what many lines share
            column["colwidth"] = max(1, round(max(entries) ** 0.5 * 10))
