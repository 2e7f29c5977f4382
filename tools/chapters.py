"""Chapters as text and back: edit in MyST Markdown, execute, commit the notebook with its text outputs.

    python tools/chapters.py to-text NAME …      book/NAME.ipynb → book/NAME.md (not tracked)
    python tools/chapters.py from-text NAME …    book/NAME.md → book/NAME.ipynb, executed
    python tools/chapters.py execute [NAME …]    re-execute notebooks in place (all of them without a name)

A notebook written here is the same byte for byte when run again: no timings, cell ids from position and content, minimal
metadata, and no images (the build draws them).
"""

import argparse
import hashlib
import sys
import time
from pathlib import Path

import executed
import jupytext
import nbformat
import needs
import surroundings
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parent.parent / "book"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(notebook):
    """Run every cell in book/ and normalise the result. Raises UnfitOutput where a chapter cannot have its numbers (`needs`)."""
    if reason := needs.missing(notebook):
        raise executed.UnfitOutput(reason)
    surroundings.settle()
    notebook.metadata = nbformat.from_dict(KERNEL)
    # the outputs of a cell that was changed or not run must never survive
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=surroundings.STARTUP,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # how a print is cut into messages depends on the machine's load
        resources={"metadata": {"path": str(BOOK)}},
    ).execute()
    faults = executed.faults(notebook)
    if faults:
        raise executed.UnfitOutput("; ".join(faults))
    notebook.metadata = nbformat.from_dict(KERNEL)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{index:03d}-" + hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            for kind in [k for k in output.get("data", {}) if k.startswith("image/")]:
                del output["data"][kind]
    return notebook


def from_text(name):
    notebook = jupytext.read(BOOK / f"{name}.md")
    _write(name, execute(notebook))


def to_text(name):
    jupytext.write(jupytext.read(BOOK / f"{name}.ipynb"), BOOK / f"{name}.md", fmt="md:myst")


def re_execute(name):
    _write(name, execute(nbformat.read(BOOK / f"{name}.ipynb", as_version=4)))


def _write(name, notebook):
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    nbformat.write(notebook, BOOK / f"{name}.ipynb")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("to-text", "from-text", "execute"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    action = {"to-text": to_text, "from-text": from_text, "execute": re_execute}[arguments.command]
    names = [Path(name).stem for name in arguments.names]
    if not names and arguments.command == "execute":
        names = sorted(path.stem for path in BOOK.glob("*.ipynb"))
    if not names:
        parser.error(f"{arguments.command} needs the name of a chapter")
    for name in names:
        start = time.perf_counter()
        action(name)
        print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
