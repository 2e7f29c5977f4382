"""A book of two pages with this repository's package, tools and configuration, to be built in many surroundings."""

import shutil
import subprocess
import sys
from pathlib import Path

import book_extension
import chapters
import nbformat
import yaml
from jupyter_cache import get_cache
from structure import ROOT

ONE = {
    "imports": """import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import theory
from theory import RandomFeatureModel, activations
from theory.progress import progress_bar

plt.style.use("theory.figures")
model = RandomFeatureModel(activations.tanh, psi_p=8, psi_n=16, t=0.02)""",
    "figure": """lam = np.geomspace(3e-3, 20, 300)
fig, ax = plt.subplots()
ax.semilogx(lam, lam * model.spectrum().density(lam), label="ψ = 8, 16")
ax.set(xlabel=r"$\\lambda$", ylabel="density")
ax.legend();""",
    # a bar that shows on any machine, if bars may show
    "slow": """for _ in progress_bar(range(4), delay=0.01, mininterval=0.01):
    time.sleep(0.05)
print(*(f"{edge:.5f}" for edge in model.spectrum().edges()))""",
    "files": """print(Path("letters.txt").read_text(), end="")
print(Path(theory.__file__).parent.parent == Path.cwd().parent)""",
    "last": "1 + 1",
}
TWO = {
    "imports": """import matplotlib.pyplot as plt
import sympy as sp

sp.init_printing(use_latex="mathjax")""",
    "formula": "sp.expand((1 + sp.Symbol('q')) ** 3)",
    "figure": "plt.plot([0, 1], [1, 0], label='a line')\nplt.legend();",
    "warning": "import warnings\n\nwarnings.warn('seen only where it is asked for', ImportWarning)",
}
FIGURE = {"figure": {"caption": "A curve over an axis.", "name": "fig-{}"}, "image": {"alt": "A curve over an axis."}}


def lay_out(folder, one=ONE, two=TWO):
    """The sources of the book in an empty or new folder, its pages not executed."""
    for part in ("theory", "tools"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    book = folder / "book"
    shutil.copytree(ROOT / "book" / "_static", book / "_static")
    for name in ("conftest.py", "references.bib"):
        shutil.copy(ROOT / "book" / name, book)
    for name in ("_config.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    toc = {"format": "jb-book", "root": "book/one", "parts": [{"caption": "Rest", "chapters": [{"file": "book/two"}]}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (book / "letters.txt").write_text("λ ≥ 0, ψ\n", encoding="utf-8")
    for name, sources in (("one", one), ("two", two)):
        cells = [nbformat.v4.new_markdown_cell(f"# Page {name}")]
        for kind, source in sources.items():
            cell = nbformat.v4.new_code_cell(source)
            if kind == "figure":
                figure = FIGURE["figure"] | {"name": f"fig-{name}"}
                cell.metadata = nbformat.from_dict({"mystnb": FIGURE | {"figure": figure}})
            cells.append(cell)
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=chapters.KERNEL)
        for index, cell in enumerate(notebook.cells):
            cell.id = f"{name}-{index}"
        nbformat.write(notebook, book / f"{name}.ipynb")
    return folder


def run(folder, environment, *arguments):
    """A command through the copied tools/surroundings.py: (exit code, all that was said)."""
    command = [sys.executable, "-I", "tools/surroundings.py", *arguments]
    result = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600
    )
    return result.returncode, result.stdout.decode("utf-8", "replace")


def build(folder, environment):
    return run(folder, environment, "jupyter-book", "build", "--all", "-W", "-n", "--keep-going", ".")


def cached(folder):
    """What the cache of a built book holds: the outputs of each page, pictures included, by the page's first line of code."""
    path = folder / "_build" / ".jupyter_cache" / book_extension.dependencies_digest(folder)
    cache = get_cache(path)
    notebooks = [cache.get_cache_bundle(record.pk).nb for record in cache.list_cache_records()]
    return {nb.cells[0].source: [_plain(cell) for cell in nb.cells] for nb in notebooks}


def _plain(cell):
    return cell.source, [
        {key: output.get(key) for key in ("output_type", "name", "text", "data")} for output in cell.outputs
    ]


def pictures(folder, name):
    """The pictures of figures in a built page that are there."""
    from bs4 import BeautifulSoup

    page = Path(folder) / "_build" / "html" / "book" / f"{name}.html"
    sources = [image["src"] for image in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("figure img")]
    return [source for source in sources if (page.parent / source).stat().st_size > 1000]
