"""`make environment` and `make distclean` in a folder of their own: what the caller left or set changes nothing, and nothing foreign goes.

The requirements are none and the package is a stub with a build of its own, so that no network is asked. Run by ``make surroundings``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from structure import ROOT

PLAIN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
BACKEND = """
import zipfile
from pathlib import Path


def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "stub-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / name, "w") as wheel:
        wheel.writestr("stub.pth", str(Path.cwd()))
        wheel.writestr("stub-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: stub\\nVersion: 1\\n")
        wheel.writestr("stub-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("stub-1.dist-info/RECORD", "")
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "stub"\nversion = "1"\n'


def lay_out(folder):
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "tools" / "surroundings.py", folder / "tools")
    (folder / "requirements.txt").write_text("# none\n", encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return folder


def make(folder, *arguments, **variables):
    command = ["make", f"PYTHON={Path(sys.base_prefix) / 'bin' / 'python3'}", *arguments]
    result = subprocess.run(command, cwd=folder, env=PLAIN | variables, capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout + result.stderr


def works(folder):
    """The environment of a folder has the stub of that folder, and no part of it is elsewhere."""
    code = "import backend, sys; print(backend.__file__); print(sys.prefix)"
    result = subprocess.run([folder / ".venv/bin/python", "-I", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n")[:2] == [str(folder / "backend.py"), str(folder / ".venv")]
    assert make(folder, "-q", "environment")[0] == 0, "it would be made again"


def test_whatever_the_caller_says(tmp_path):
    """Variables of pip, Python and make; a folder with a space, which is then moved; and its end."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    foreign = {
        **{
            "PIP_USER": "1",
            "PIP_TARGET": str(elsewhere),
            "PIP_PREFIX": str(elsewhere),
            "PIP_DRY_RUN": "1",
            "PIP_NO_DEPS": "0",
        },
        **{
            "PYTHONHOME": "/nonexistent",
            "PYTHONPATH": str(elsewhere),
            "PYTHONSTARTUP": "/nonexistent",
            "PYTHONWARNINGS": "error",
        },
        **{"VENV": str(elsewhere), "PYTHON": "/nonexistent", "JOBS": "none", "EXECUTE": "off", "HOME": "/dev/null/home"},
    }
    # pip's own configuration says the same
    configuration = elsewhere / "pip.conf"
    configuration.write_text("[install]\nuser = true\n", encoding="utf-8")
    foreign["PIP_CONFIG_FILE"] = str(configuration)
    folder = lay_out(tmp_path / "a folder")
    code, said = make(folder, "environment", **foreign)
    assert code == 0, said
    works(folder)
    moved = folder.rename(tmp_path / "another folder")
    code, said = make(moved, "environment", **foreign)
    assert code == 0, said
    works(moved)
    code, said = make(moved, "distclean", **foreign)
    assert code == 0 and not (moved / ".venv").exists(), said
    assert list(elsewhere.iterdir()) == [configuration]


def nothing_inside(venv):
    (venv / "bin").mkdir(parents=True)


def no_pip(venv):
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", venv], check=True)


def python_that_is_gone(venv):
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/nonexistent/python3")


def python_of_the_system(venv):
    """Without pyvenv.cfg this is no environment: pip would install into the system."""
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")


@pytest.mark.parametrize("half", [nothing_inside, no_pip, python_that_is_gone, python_of_the_system])
def test_what_an_interrupted_run_left_is_made_again(half, tmp_path):
    folder = lay_out(tmp_path / "book")
    half(folder / ".venv")
    code, said = make(folder, "environment")
    assert code == 0, said
    works(folder)


def test_an_environment_of_another_is_neither_cleared_nor_deleted(tmp_path):
    folder, other = lay_out(tmp_path / "book"), tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    precious = other / "precious"
    precious.write_text("thesis", encoding="utf-8")
    for target, words in (("environment", "no environment that works"), ("distclean", "was not made by this Makefile")):
        code, said = make(folder, target, f"VENV={other}")
        assert code != 0 and words in said
        assert precious.read_text(encoding="utf-8") == "thesis"
    code, _ = make(folder, "distclean", VENV=str(other))
    assert code == 0 and precious.exists()


def test_an_environment_of_another_name_goes_as_it_came(tmp_path):
    folder, named = lay_out(tmp_path / "book"), tmp_path / "named"
    code, said = make(folder, "environment", f"VENV={named}")
    assert code == 0 and (named / "bin" / "python").exists(), said
    code, said = make(folder, "distclean", f"VENV={named}")
    assert code == 0 and not named.exists(), said
