"""A wrong digit in any chapter is caught: one is changed in a copy, and nbval has to fail there and nowhere else.

    python tools/wrong_digits.py [--seed N] [NAME …]      all chapters without a name; ``make wrong-digits`` (minutes)

Which digit of which output it is depends on the seed. The copy ends with the changed cell, and lies in a folder of its own: the chapter
is executed away from the book.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import needs
import structure

from theory.progress import progress_bar

IGNORED = re.compile(r"(?m)^\s*#.*(?:NBVAL_|PYTEST_VALIDATE_)(?:IGNORE_OUTPUT|SKIP)")
#: of an output's data, what nbval compares and a reader reads
KINDS = ("text/plain", "text/latex", "text/markdown")


def places(notebook):
    """Every digit that is printed and compared: (cell, output, kind of its data or None for a stream, position)."""
    found = []
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or IGNORED.search(cell.source):
            continue
        if {"nbval-ignore-output", "nbval-skip"} & set(cell.metadata.get("tags", [])):
            continue
        for j, output in enumerate(cell.outputs):
            texts = {None: output.get("text", "")} | {kind: output.get("data", {}).get(kind, "") for kind in KINDS}
            if structure.FIGURE.search(texts["text/plain"]):
                continue
            found += [(i, j, kind, m.start()) for kind, text in texts.items() for m in re.finditer(r"[0-9]", text)]
    return found


def plant(notebook, place, choose):
    """A copy of a notebook up to the cell of a place, with another digit there; and what stands around it, before and after."""
    i, j, kind, position = place
    copy = nbformat.from_dict(notebook)
    copy.cells = nbformat.reads(nbformat.writes(notebook), as_version=4).cells[: i + 1]
    output = copy.cells[i].outputs[j]
    holder, key = (output, "text") if kind is None else (output.data, kind)
    text = holder[key]
    other = choose([digit for digit in "0123456789" if digit != text[position]])
    holder[key] = text[:position] + other + text[position + 1 :]
    around = slice(max(0, position - 30), position + 30)
    return copy, text[around], holder[key][around]


def failures(notebook, name):
    """(numbers of the code cells at which nbval fails, how many pass, what pytest said), executed in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.ipynb"
        nbformat.write(notebook, path)
        shutil.copy(structure.BOOK / "conftest.py", folder)
        options = ["--nbval", "-q", "-rf", "--color=no", "--tb=short", "-c", str(structure.ROOT / "pyproject.toml")]
        command = [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", "-p", "no:xdist", str(path)]
        said = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    failed = [int(number) for number in re.findall(r"(?m)^FAILED \S+::Cell (\d+)", said)]
    passed = re.search(r"(\d+) passed", said)
    return failed, int(passed.group(1)) if passed else 0, said


def code_cells(notebook):
    return sum(cell.cell_type == "code" for cell in notebook.cells)


def caught(name, seed):
    """(whether the wrong digit of one chapter is caught and nothing else fails, a sentence)."""
    choose = random.Random(f"{name} {seed}").choice
    notebook = structure.read(name)
    place = choose(places(notebook))
    wrong, before, after = plant(notebook, place, choose)
    failed, passed, said = failures(wrong, name)
    last = code_cells(wrong) - 1
    right = failed == [last] and passed == last
    what = f"cell {place[0]}: {before!r} as {after!r}"
    if right:
        return True, f"{name}: caught, {what}"
    return False, f"{name}: {what}: fails at {failed} instead of [{last}], {passed} pass instead of {last}\n{said[-3000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    notebooks = [name for name in structure.contents() if (structure.BOOK / f"{name}.ipynb").is_file()]
    results = []
    for name in progress_bar(
        [Path(name).stem for name in arguments.names] or notebooks, desc="wrong digits", unit="chapter"
    ):
        if reason := needs.missing(structure.read(name)):
            print(f"{name}: skipped, {reason}")
            continue
        results.append(caught(name, arguments.seed))
        print(results[-1][1], flush=True)
    print(f"{sum(right for right, _ in results)} of {len(results)} wrong digits caught (seed {arguments.seed})")
    sys.exit(not all(right for right, _ in results))


if __name__ == "__main__":
    main()
