"""What is shipped: the sdist and the wheel hold the package, its licence and its data, and work away from the repository."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import lowest
import numpy as np
import pytest
import structure

import theory

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "theory").rglob("*")
    if (path.suffix in (".py", ".mplstyle", ".npz") or path.name == "py.typed") and "__pycache__" not in path.parts
)
ABOUT = ["CHANGELOG.md", "CITATION.cff", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"]


def build(source, target):
    """The sdist of a folder, and the wheel of that sdist: with the environment's setuptools, since an isolated build asks a network."""
    call = "import sys, setuptools.build_meta as build; print(getattr(build, sys.argv[1])(sys.argv[2]), file=sys.stderr)"

    def made(kind, folder):
        clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, "-c", call, f"build_{kind}", str(target)]
        subprocess.run(command, cwd=folder, env=clean, check=True, capture_output=True)

    made("sdist", source)
    (sdist,) = target.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    made("wheel", target / sdist.name.removesuffix(".tar.gz"))
    (wheel,) = target.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for path in ROOT.iterdir():  # all that could stray into it, and nothing that a build left
        if path.name in ("theory", "tests", "tools", "book", ".ci"):
            shutil.copytree(path, source / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.is_file() and path.name != ".git":
            shutil.copy(path, source)
    return build(source, target)


def test_sdist_holds_the_package_and_no_tests(distributions):
    with tarfile.open(distributions[0]) as archive:
        names = [Path(member.name).relative_to(f"theory-{theory.__version__}") for member in archive if member.isfile()]
    generated = {"PKG-INFO", "setup.cfg"}
    found = {name.as_posix() for name in names if name.parts[0] != "theory.egg-info"} - generated
    assert found == {*PACKAGE, *ABOUT}


def test_wheel_holds_the_package_alone(distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        names = archive.namelist()
    information = f"theory-{theory.__version__}.dist-info/"
    assert sorted(name for name in names if not name.startswith(information)) == PACKAGE
    assert f"{information}licenses/LICENSE" in names
    assert "theory/py.typed" in names  # a type checker reads the annotations of a package that says so


def test_metadata(distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        name = f"theory-{theory.__version__}.dist-info/METADATA"
        metadata = email.message_from_bytes(archive.read(name))
        licence = archive.read(f"theory-{theory.__version__}.dist-info/licenses/LICENSE")
    assert metadata["License-Expression"] == "BSD-3-Clause" and metadata["License-File"] == "LICENSE"
    assert licence == (ROOT / "LICENSE").read_bytes()
    assert metadata["Requires-Python"] == ">=3.11" and metadata["Version"] == theory.__version__
    assert metadata.get_payload().startswith("# Random Matrices")


def test_style_and_data_work_from_the_wheel_anywhere(distributions, tmp_path):
    """As in a chapter that was downloaded, after `pip install`."""
    code = """if True:
        import sys
        sys.path.insert(0, sys.argv[1])
        import matplotlib.pyplot as plt
        import theory
        from theory.sweeps import NAMES, stored
        assert theory.__file__.startswith(sys.argv[1]), theory.__file__
        plt.style.use("theory.figures")
        print(plt.rcParams["figure.figsize"], all(len(stored(name)[1]) > 3 and "what" in stored(name)[0] for name in NAMES))"""
    pytest.importorskip("matplotlib")
    with zipfile.ZipFile(distributions[1]) as archive:
        archive.extractall(tmp_path / "site")
    command = [sys.executable, "-I", "-c", code, str(tmp_path / "site")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.stdout == "[7.0, 4.0] True\n", result.stderr


def test_chapters_read_nothing_beside_them():
    """No file of the folder that a chapter is run in."""
    for name in structure.contents():
        if (structure.BOOK / f"{name}.ipynb").is_file():
            code = "\n".join(cell.source for cell in structure.read(name).cells if cell.cell_type == "code")
            for elsewhere in ("Path(tempfile.mkdtemp())", "Path(theory.__file__)", "Popen("):
                code = code.replace(elsewhere, "")
            assert not any(word in code for word in ("open(", "np.load(", ".mplstyle", "loadtxt(", "Path(")), name


def test_pins_are_the_lower_bounds():
    lines = ["# a comment", "", "numpy>=2.0,<3", "a-b>=1.0.4 , <2  # why"]
    assert list(lowest.pins(lines)) == ["numpy==2.0", "a-b==1.0.4"]
    for wrong in ("numpy", "numpy==2", "numpy>=2", "numpy<3,>=2"):
        with pytest.raises(ValueError, match="is not a range"):
            list(lowest.pins([wrong]))


def test_installed_versions_are_compared():
    assert list(lowest.others([f"numpy>={np.__version__},<9"])) == []
    (sentence,) = lowest.others(["numpy>=0.1,<9"])
    assert sentence.startswith("numpy==0.1 is asked for")
