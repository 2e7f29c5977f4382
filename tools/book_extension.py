"""What the build of the book adds to Jupyter Book: current outputs, and pages that need no network.

A Sphinx extension, loaded by ``_config.yml``.

- The execution cache is keyed on everything a chapter's outputs depend on besides its own cells: the package with its data and
  the figures' style, the tools, the versions of the libraries. Jupyter's cache knows the cells only, and would publish old formulas
  after a change of `theory`. ``BOOK_EXECUTE=force`` leaves the cache out altogether.
- The kernels run in settled surroundings (`surroundings`), and a notebook that comes out with a complaint, without a
  picture or with widgets in it fails the build and is not cached (`executed`).
- MathJax and its fonts are copied from the environment, so that no formula waits for a network.
- The theme asks for a script (Thebe, live code in the page) that this book does not use and that lives on a CDN, and for the style of
  cards on pages without one.
- A chapter that is being edited lies beside its notebook as text; the notebook is the chapter.
- The formulas of the explorer are printed as JavaScript from their derivations (`explorer_formulas`).
- Tables are written from the chapters and from what is known of them: the statements (`statements`), the claims of the sources (`claims`), the
  reasons of an error (`troubleshooting`), the lectures of the course (`course`).
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
from pathlib import Path

import claims
import executed
import explorer_formulas
import myst_nb.core.execute.cache
import myst_nb.core.execute.direct
import statements
import surroundings
import troubleshooting
from jupyter_cache import get_cache
from jupyter_cache.executors.utils import single_nb_execution

import course

ROOT = Path(__file__).resolve().parent.parent
# libraries whose version can change a printed number or a figure
LIBRARIES = ("numpy", "scipy", "sympy", "mpmath", "matplotlib", "ipython", "ipykernel", "joblib", "array-api-compat")
# the part of MathJax that a page can ask for: TeX input, CHTML output and its fonts, and the menu's assistive tools
MATHJAX = ("tex-mml-chtml.js", "input", "output/chtml", "a11y", "sre", "ui")
#: files for the pages that are made, not kept
STAGE = ROOT / "_build" / ".static"
EXECUTE_MODES = ("cache", "force", "auto", "off")


def setup(app):
    app.connect("config-inited", choose_execution)
    app.connect("config-inited", stage_mathjax)
    app.connect("config-inited", stage_formulas)
    # early: the table of contents reads the exclusions at the default priority
    app.connect("config-inited", exclude_drafts, priority=100)
    app.connect("source-read", write_tables)
    # last: the theme and its extensions add their scripts in handlers of this event
    app.connect("html-page-context", remove_unused, priority=1000)
    # MathJax on every page: whether one has a formula is otherwise guessed before all of its outputs are known
    app.set_html_assets_policy("always")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def dependencies_digest(root=ROOT):
    """A hash of what the outputs of a chapter depend on besides its own cells."""
    digest = hashlib.sha256()
    files = [path for folder in ("theory", "tools") for path in (root / folder).rglob("*")]
    files = [path for path in files if path.is_file() and "__pycache__" not in path.parts]
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    for library in LIBRARIES:
        digest.update(f"{library}=={importlib.metadata.version(library)}\n".encode())
    return digest.hexdigest()[:16]


def choose_execution(app, config):
    mode = os.environ.get("BOOK_EXECUTE") or config.nb_execution_mode
    if mode not in EXECUTE_MODES:
        raise ValueError(f"BOOK_EXECUTE = {mode!r} is unknown; allowed: {', '.join(EXECUTE_MODES)}")
    config.nb_execution_mode = mode
    caches = ROOT / "_build" / ".jupyter_cache"
    current = caches / dependencies_digest()
    if mode == "cache" and caches.is_dir():
        for old in caches.iterdir():
            if old != current:  # made by another state of the package: never valid again
                shutil.rmtree(old) if old.is_dir() else old.unlink()
    config.nb_execution_cache_path = str(current)
    if mode != "off":
        surroundings.settle()
        for client in (myst_nb.core.execute.cache, myst_nb.core.execute.direct):
            client.single_nb_execution = execute
    if mode == "cache" and current.is_dir():
        drop_unfit(get_cache(current))


def execute(notebook, *arguments, **options):
    """jupyter-cache's execution of a notebook, which fails too where the outputs are unfit."""
    drawing = executed.figures(notebook)
    result = single_nb_execution(notebook, *arguments, startup_timeout=surroundings.STARTUP, **options)
    faults = [] if result.err else executed.faults(notebook, drawing)
    if faults:
        result.exc_string = "; ".join(faults)
        result.err = executed.UnfitOutput(result.exc_string)
    return result


def drop_unfit(cache):
    """Remove the notebooks that another program, or an older state of this one, let into the cache."""
    for record in cache.list_cache_records():
        if executed.faults(cache.get_cache_bundle(record.pk).nb):
            cache.remove_cache(record.pk)


def stage_mathjax(app, config):
    """Lay out _static/mathjax from the installed package ``django-static-mathjax``."""
    package = importlib.util.find_spec("mathjax")
    source = package and Path(package.origin).parent / "static" / "mathjax" / "es5"
    if not (source and (source / MATHJAX[0]).is_file()):
        raise FileNotFoundError("MathJax is not in the environment; `pip install -r requirements.txt` brings it")
    target = STAGE / "mathjax"
    if not (target / MATHJAX[0]).is_file():
        for name in MATHJAX[::-1]:  # the main script last: its presence says that the copy is complete
            copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            copy(source / name, target / name, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))
    # a new list: an in-place change would alter Sphinx's own default
    config.html_static_path = [*config.html_static_path, str(STAGE)]


def stage_formulas(app, config):
    """Write _static/explorer/formulas.js, beside MathJax."""
    explorer_formulas.write(STAGE / "explorer" / "formulas.js")


def exclude_drafts(app, config):
    drafts = [path.with_suffix(".md") for path in (Path(app.srcdir) / "book").glob("*.ipynb")]
    names = [path.relative_to(app.srcdir).as_posix() for path in drafts if path.is_file()]
    config.exclude_patterns = [*config.exclude_patterns, *names]


def write_tables(app, docname, source):
    """Put a table into its page, which is made again when a chapter or the table's source changes."""
    for table in (statements, claims, troubleshooting, course):
        if docname == f"book/{table.PAGE}":
            source[0] = source[0].replace(table.MARK, table.markdown())
            for path in (table.TABLE, *table.TABLE.parent.glob("*.ipynb")):
                app.env.note_dependency(str(path))


def remove_unused(app, pagename, templatename, context, doctree):
    # the theme brings the style of cards and grids, 55 kB, whether a page has any or not
    designed = re.search(r'class="(?:[^"]* )?sd-', context.get("body", ""))
    unused = ["thebe"] if designed else ["thebe", "sphinx-design.min.css"]
    # in place: the page's writer holds this very list, and a new one would lose MathJax without a warning
    for kind in ("script_files", "css_files"):
        entries = context.get(kind)
        if isinstance(entries, list):
            entries[:] = [entry for entry in entries if not any(name in _describe(entry) for name in unused)]


def _describe(entry):
    attributes = getattr(entry, "attributes", {})
    return " ".join(map(str, (getattr(entry, "filename", entry), attributes.get("body", "")))).lower()
