"""Progress bars: one guard, which holds in a kernel that has widgets, and nothing of a bar in an output."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from theory.progress import progress_bar

ROOT = Path(__file__).resolve().parent.parent

# what makes `tqdm.auto` choose widgets: a kernel in which ipywidgets can be imported
SLOW = """
import time
from theory.progress import progress_bar
for _ in progress_bar(range(3), delay=0.05, desc="slow"):
    time.sleep(0.2)
print("done")
"""


def executed(source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    return NotebookClient(notebook, timeout=120, kernel_name="python3", coalesce_streams=True).execute()


@pytest.mark.parametrize("disabled", [True, False])
def test_a_bar_in_a_notebook(disabled, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1" if disabled else "0")
    notebook = executed(SLOW)
    streams = {output.name: output.text for output in notebook.cells[0].outputs if output.output_type == "stream"}
    assert len(streams) == len(notebook.cells[0].outputs)
    assert streams.pop("stdout") == "done\n"
    assert ("stderr" in streams) is not disabled  # a bar that was cleared is a line of spaces
    assert "widgets" not in notebook.metadata  # neither shown nor dead


@pytest.mark.parametrize("value, silent", [("1", True), ("true", True), ("", False), ("0", False), ("False", False)])
def test_the_variable_is_read_at_each_call(value, silent, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", value)
    with progress_bar(total=1) as bar:
        assert bar.disable is silent
    with progress_bar(total=1, shown=False) as bar:
        assert bar.disable is True


def test_a_fast_loop_shows_nothing():
    code = "from theory.progress import progress_bar\nprint(sum(progress_bar(range(10))))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("45\n", "")


def test_every_bar_goes_through_the_guard():
    """In the package, which is what runs in a kernel."""

    def libraries(path):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module

    importers = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "theory").rglob("*.py"))
        if any(name.split(".")[0] == "tqdm" for name in libraries(path))
    ]
    assert importers == ["theory/progress.py"], "use theory.progress.progress_bar"
