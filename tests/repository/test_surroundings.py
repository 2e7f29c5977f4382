"""What the caller's environment may decide: where packages come from, and nothing about outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import surroundings

ROOT = Path(__file__).resolve().parents[2]

FOREIGN = {
    "MPLBACKEND": "Agg",
    "MATPLOTLIBRC": "/nonexistent",
    "JUPYTER_PATH": "/nonexistent",
    "JUPYTER_CONFIG_PATH": "/nonexistent",
    "PYTHONSTARTUP": "/nonexistent",
    "PYTHONPATH": "/nonexistent",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PIP_TARGET": "/nonexistent",
    "PIP_PREFIX": "/nonexistent",
    "PIP_CONSTRAINT": "/nonexistent",
    "PIP_NO_DEPS": "1",
    "PYTEST_ADDOPTS": "-k nothing",
    "PYTEST_PLUGINS": "nothing",
    "TQDM_MININTERVAL": "0",
    "SYMPY_USE_CACHE": "no",
    "SCIPY_ARRAY_API": "1",
    "GIT_DIR": "/nonexistent",
    "MAKEFLAGS": "e",
}
OWN = {
    "PATH": "/bin",
    "HOME": "/nonexistent",
    "LANG": "C",
    "PYTHONUNBUFFERED": "1",
    "PIP_INDEX_URL": "https://packages.example",
    "PIP_FIND_LINKS": "wheels",
    "GIT_CONFIG_COUNT": "0",
    "BOOK_EXECUTE": "force",
    "CI": "true",
}
REPLACED = {"PIP_USER": "1", "PYTHONUTF8": "0", "OMP_NUM_THREADS": "7", "MPLCONFIGDIR": "/nonexistent", "IPYTHONDIR": "/x"}


def test_what_is_removed_kept_and_replaced():
    found = surroundings.settled(FOREIGN | OWN | REPLACED)
    assert set(FOREIGN) & set(found) == set()
    assert {name: found[name] for name in OWN} == OWN
    assert all(found[name] != value for name, value in REPLACED.items())
    assert surroundings.settled(found) == found


def test_folders_are_in_the_environment_or_in_the_build():
    inside = (Path(sys.prefix), ROOT / "_build")
    for name in surroundings.FOLDERS:
        path = Path(surroundings.settled({})[name])
        assert any(folder in path.parents for folder in inside), path


def run(*arguments, **variables):
    command = [sys.executable, "-I", str(ROOT / "tools" / "surroundings.py"), *arguments]
    result = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_program_is_started_without_them():
    code = "import json, os, sys; print(json.dumps([dict(os.environ), sys.flags.optimize, sys.argv]))"
    variables, optimize, arguments = json.loads(run("-c", code, "last word", PYTHONHOME="/nonexistent", **FOREIGN))
    assert set(variables) & {"PYTHONHOME", *FOREIGN} == set()
    assert (optimize, arguments) == (0, ["-c", "last word"])


def test_a_script_is_started_by_its_name():
    assert "pytest" in run("pytest", "--version", PYTEST_ADDOPTS="--nothing-that-exists")


def test_the_exit_code_is_the_program_s():
    command = [sys.executable, "-I", str(ROOT / "tools" / "surroundings.py"), "-c", "raise SystemExit(3)"]
    assert subprocess.run(command).returncode == 3


def test_settling_holds_for_the_kernels(monkeypatch):
    before = dict(os.environ)
    for name, value in (FOREIGN | REPLACED).items():
        monkeypatch.setenv(name, value)
    try:
        surroundings.settle()
        assert {name for name in FOREIGN if name in os.environ} == {"PYTHONPATH"}
        assert os.environ["PYTHONPATH"] == str(ROOT) and os.environ["TQDM_DISABLE"] == "1"
        assert list((Path(os.environ["MPLCONFIGDIR"])).glob("fontlist-*.json")) != []
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.parametrize("name", ["PYTHON", "VENV", "JOBS", "TORCH", "EXECUTE", "PYTEST_OPTIONS"])
def test_make_takes_its_variables_from_the_command_line_only(name):
    def value(*arguments, **variables):
        told = f"\n$(info <$({name})>)\nnothing:\n\t@:\n"
        command = ["make", "--no-print-directory", "-f", "-", "nothing", *arguments]
        code = (ROOT / "Makefile").read_text(encoding="utf-8") + told
        clean = {key: content for key, content in os.environ.items() if not key.startswith("MAKE")}
        result = subprocess.run(command, input=code, cwd=ROOT, env=clean | variables, capture_output=True, text=True)
        return next(line for line in result.stdout.splitlines() if line.startswith("<"))

    assert value(**{name: "elsewhere"}) == value() != "<elsewhere>"
    assert value(f"{name}=elsewhere") == "<elsewhere>"
