"""A chapter that needs files which a machine lacks: skipped with the reason there, executed where they are."""

import shutil
import subprocess
import sys

import chapters
import nbformat
import needs
import pytest
import structure
import students
import wrong_digits

from theory.data import images

TAG = "needs-fashion-mnist"
ABSENT = "from pathlib import Path\nfrom theory.data import images\nimages.DEBIAN = Path('/nowhere')\n"


def page(tags):
    cell = nbformat.v4.new_code_cell("print(1)", metadata={"tags": tags}, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="1\n")]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# One"), cell])


@pytest.fixture
def absent(monkeypatch, tmp_path):
    monkeypatch.setattr(images, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.delenv("FASHION_MNIST_DIR", raising=False)


def test_only_a_tagged_page_needs_the_files(absent, monkeypatch, tmp_path):
    assert needs.missing(page([])) == "" and needs.missing(page(["parameters"])) == ""
    assert "Fashion-MNIST is not on this machine" in needs.missing(page([TAG]))
    # a folder that is named and empty is an error to be seen
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tmp_path))
    assert needs.missing(page([TAG])) == ""


def test_a_folder_of_debian_is_enough(absent, monkeypatch, tmp_path):
    monkeypatch.setattr(images, "DEBIAN", tmp_path)
    assert needs.missing(page([TAG])) == ""


@pytest.mark.parametrize("tool", [students, wrong_digits])
def test_tools_say_what_they_skip(tool, absent, monkeypatch, capsys):
    monkeypatch.setattr(structure, "read", lambda name: page([TAG]))
    monkeypatch.setattr(sys, "argv", ["tool", "one"])
    with pytest.raises(SystemExit) as end:
        tool.main()
    assert not end.value.code and "one: skipped, Fashion-MNIST is not" in capsys.readouterr().out


def test_numbers_of_other_images_are_not_stored(absent):
    with pytest.raises(chapters.executed.UnfitOutput, match="Fashion-MNIST is not on this machine"):
        chapters.execute(page([TAG]))


@pytest.mark.slow
def test_nbval_skips_the_page_with_the_reason(tmp_path):
    """Two pages in one run, on a machine made to lack the files: one is tested."""
    for name, tags in (("real", [TAG]), ("other", [])):
        nbformat.write(page(tags), tmp_path / f"{name}.ipynb")
    shutil.copy(structure.BOOK / "conftest.py", tmp_path)
    (tmp_path / "absent.py").write_text(ABSENT, encoding="utf-8")
    options = ["--nbval", "-q", "-rs", "--color=no", "-c", str(structure.ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import absent, pytest; sys.exit(pytest.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *options, "real.ipynb", "other.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 and "1 passed, 1 skipped" in done.stdout, done.stdout
    assert "Fashion-MNIST is not on this machine" in done.stdout
