"""The reference in the build: pages from docstrings, links from the code cells to them and from them to the chapters.

A Sphinx extension, loaded by ``_config.yml``. What is public and where it stands says `reference`, what its docstring reads as
`docstrings`; here both are handed to autodoc, which describes one name after the other, and to sphinx-codeautolink, which makes a link of
each name of the package in a code cell. Cells of a page are read as one program, as the kernel reads them.
"""

import inspect

import docstrings
import reference
import reference_pages
import signatures
import sphinx_codeautolink.extension as codeautolink
from docutils import nodes


class CodeBlocks(codeautolink.CodeBlockAnalyser):
    """The code of a page; the content of a theorem is a section without a title (sphinx-proof), which is none to a reader."""

    def visit_section(self, node):
        if any(isinstance(part, nodes.title) for part in node.children):
            super().visit_section(node)

    def depart_section(self, node):
        if any(isinstance(part, nodes.title) for part in node.children):
            super().depart_section(node)


def setup(app):
    codeautolink.CodeBlockAnalyser = CodeBlocks
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx_codeautolink")
    app.connect("config-inited", settle)
    app.connect("source-read", write_page)
    app.connect("autodoc-process-signature", write_signature)
    app.connect("autodoc-process-docstring", write_docstring)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", show_inner_class)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def settle(app, config):
    config.codeautolink_concat_default = True
    reference.present_names_only().__enter__()
    # where a thing is defined is not where it is described
    config.codeautolink_inventory_map = reference.places()
    # signatures come from the source: `signatures`
    config.autodoc_typehints = "none"
    config.autodoc_member_order = "bysource"


def write_page(app, docname, source):
    page = docname.rpartition("/")[2]
    if page in reference.PAGES:
        source[0] = source[0].replace(reference_pages.MARK, reference_pages.markdown(page))
        for module in reference.modules():
            app.env.note_dependency(module.__file__)
        for name in reference.structure.contents():
            app.env.note_dependency(str(reference.structure.source(name)))


def write_signature(app, what, name, item, options, arguments, result):
    return signatures.signature(item) if what in ("class", "exception", "function", "method") else None


def write_docstring(app, what, name, item, options, lines):
    if what == "attribute" and not isinstance(item, property) and not hasattr(item, "func"):
        item = reference.entries()[name.rpartition(".")[0]].item
    lines[:] = [*docstrings.prepared(lines, item), *([] if what == "module" else reference_pages.used_in(name))]


def skip_member(app, what, name, item, skip, options):
    """A field of a named tuple about which nothing is said."""
    doc = inspect.getdoc(item) or ""
    return True if doc.startswith("Alias for field number") else None


def show_inner_class(app, env, node, content):
    """A class of the package that is not public, in an annotation: shown, without a link; any other name that leads nowhere is an error."""
    inner = node.get("reftype") == "class" and node["reftarget"] in reference.inner_classes()
    return content if inner else None
