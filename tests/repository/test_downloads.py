"""What a reader takes away from a page: the notebook that runs in any folder, and the buttons that lead to the repository."""

import os
import subprocess
import sys
from types import SimpleNamespace

import book_downloads
import nbclient
import nbformat
import pytest
import structure
import yaml

ADDRESS = "https://example.org/someone/book"


def chapter(name):
    return nbformat.read(structure.ROOT / "book" / f"{name}.ipynb", as_version=4)


def test_first_cell_is_folded_and_says_how_to_install():
    notebook = chapter("diffusion")
    whole = book_downloads.standalone(notebook, ADDRESS)
    nbformat.validate(whole)
    first, *rest = whole.cells
    assert f'pip install "git+{ADDRESS}"' in first.source and first.metadata.jupyter.source_hidden
    assert rest == notebook.cells
    # a page that is built twice
    assert book_downloads.standalone(whole, ADDRESS) == whole
    assert 'pip install "."' in book_downloads.standalone(notebook, "").cells[0].source


def test_first_cell_complains_only_without_the_package(tmp_path):
    (first, *_) = book_downloads.standalone(chapter("diffusion"), ADDRESS).cells
    (tmp_path / "cell.py").write_text(first.source, encoding="utf-8")
    for path, code in ((str(structure.ROOT), 0), ("", 1)):
        # -S: no site-packages, where the package may be installed
        found = subprocess.run(
            [sys.executable, "-S", "cell.py"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert found.returncode == code, found.stderr
    assert found.stderr.strip().endswith(f'the package of this book is missing: pip install "git+{ADDRESS}"')


@pytest.mark.slow
def test_a_downloaded_chapter_runs_elsewhere(tmp_path):
    whole = book_downloads.standalone(chapter("diffusion"), ADDRESS)
    nbformat.write(whole, tmp_path / "diffusion.ipynb")
    found = nbclient.execute(
        nbformat.read(tmp_path / "diffusion.ipynb", 4), cwd=tmp_path, timeout=300, kernel_name="python3"
    )

    def printed(notebook):
        return [
            "".join(o.get("text", "") for o in cell.get("outputs", []))
            for cell in notebook.cells
            if cell.cell_type == "code"
        ]

    assert printed(found)[1:] == printed(chapter("diffusion"))


@pytest.mark.parametrize("address", ["", ADDRESS])
def test_buttons_appear_with_the_repository_s_address(address):
    config = SimpleNamespace(html_theme_options={"repository_url": address})
    book_downloads.offer_repository(None, config)
    assert config.html_theme_options.get("use_repository_button", False) == bool(address)
    assert ("launch_buttons" in config.html_theme_options) == bool(address)


def test_the_address_has_one_place():
    config = yaml.safe_load((structure.ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert "url" in config["repository"]
    # Jupyter Book refuses a button without an address
    assert not any(key.startswith("use_") and key.endswith("_button") for key in config["html"])
