"""Imports point down and close no circle: the contracts of pyproject.toml, and faults that break each of them.

Also what else keeps the house in order: files of one idea, and few places that ask whether a model is scalar.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "theory").rglob("*.py"))


def broken(place, *contracts):
    """What import-linter says of the contracts (all of them by default) of a repository; empty where they are kept."""
    code = f"""if True:
        from importlinter.cli import lint_imports
        raise SystemExit(lint_imports(limit_to_contracts={contracts}, no_cache=True))"""
    surroundings = os.environ | {"PYTHONPATH": str(place), "COLUMNS": "200"}
    result = subprocess.run([sys.executable, "-c", code], cwd=place, env=surroundings, capture_output=True, text=True)
    _, found, report = result.stdout.partition("Contracts: ")
    assert found, result.stdout + result.stderr
    return report if result.returncode else ""


def test_contracts_are_kept():
    assert broken(ROOT) == ""


@pytest.fixture
def copy(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "theory", tmp_path / "theory", ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    return tmp_path


#: contract → (file, what is planted there, what the report names)
FAULTS = {
    "upward": ("layers", "couplings/ensemble.py", "from ..training import losses", "theory.couplings.ensemble"),
    "upward within a function": (
        "layers",
        "data/gaussian.py",
        "def f():\n    from ..couplings import ensemble",
        "theory.data",
    ),
    "no place in the layers": ("layers", "attic.py", "NUMBER = 1", "attic"),
    "a solver": ("simulation", "simulation/loss.py", "from ..equations import certificate", "theory.equations"),
    "a model": ("symbolic", "symbolic/wick.py", "from ..data import gaussian", "theory.data"),
    "a circle": ("circles", "training/contour.py", "from . import losses", "theory.training"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(copy, fault):
    contract, name, planted, named = FAULTS[fault]
    with (copy / "theory" / name).open("a") as file:
        file.write(f"\n{planted}\n")
    assert named in broken(copy, contract)


def test_annotations_may_name_what_is_above(copy):
    with (copy / "theory/couplings/ensemble.py").open("a") as file:
        file.write("\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from ..training import losses\n")
    assert broken(copy, "layers", "circles") == ""


#: files above 300 lines, with the reason
LONG = {}


def test_files_have_one_idea():
    long = {str(path.relative_to(ROOT)) for path in FILES if len(path.read_text().splitlines()) > 300}
    assert long == set(LONG)


#: who may ask whether there is one type, one kind and one time; whatever else depends on it dispatches on the system of equations
ASKING = {
    "theory/model.py": "the answer, and the coefficients, which belong to such models alone",
    "theory/equations/factory.py": "the choice of the equations",
}


def test_who_asks_whether_a_model_is_scalar():
    asking = {str(path.relative_to(ROOT)) for path in FILES if re.search(r"\bis_scalar\b", path.read_text())}
    assert asking == set(ASKING)
