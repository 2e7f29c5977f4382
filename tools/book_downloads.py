"""What a reader takes away from a page, or opens from it: the notebook, and the buttons that lead to the repository.

A Sphinx extension, loaded by ``_config.yml``.

- Every chapter can be downloaded as the notebook that the page was made from. The file runs in any folder, with the package installed; a folded
  first cell says where that comes from when it is missing.
- ``repository: url`` of ``_config.yml`` is the one place for the repository's address. With it, pages get buttons for the repository, for
  an issue and for a computer on the network that runs the chapter (Binder); without it there are none.
"""

import copy
import textwrap
from pathlib import Path

import nbformat

BINDER = "https://mybinder.org"
BUTTONS = {
    "use_repository_button": True,
    "use_issues_button": True,
    "launch_buttons": {"notebook_interface": "jupyterlab", "binderhub_url": BINDER},
}
#: the first cell's name, by which it is known
SETUP = "install-the-package"


def setup(app):
    # before the theme reads its options
    app.connect("config-inited", offer_repository, priority=100)
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def offer_repository(app, config):
    if config.html_theme_options.get("repository_url"):
        config.html_theme_options.update(copy.deepcopy(BUTTONS))


def write_downloads(app, exception):
    if exception is None and app.builder.format == "html":
        address = app.config.html_theme_options.get("repository_url", "")
        for path in sorted((Path(app.outdir) / "_sources" / "book").glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            nbformat.write(standalone(notebook, address), path)


def standalone(notebook, address):
    """The chapter with a folded first cell, which does nothing where the package is installed; once, however often this is called."""
    source = f"git+{address}" if address else "."
    where = "or" if address else "in a clone of the book's repository:"
    first = nbformat.v4.new_code_cell(
        textwrap.dedent(f"""\
            # This chapter computes with the book's package, `theory` (Python 3.11 or newer). If this cell fails, install it:
            #     pip install "{source}"
            # {where} `make lab` makes an environment with everything in it, and opens the chapters there.
            import importlib.util

            if importlib.util.find_spec("theory") is None:
                raise ModuleNotFoundError('the package of this book is missing: pip install "{source}"')"""),
        id=SETUP,
        metadata={"jupyter": {"source_hidden": True}, "tags": ["hide-input"]},
    )
    whole = copy.deepcopy(notebook)
    whole.cells = [first, *(cell for cell in whole.cells if cell.id != SETUP)]
    return whole
