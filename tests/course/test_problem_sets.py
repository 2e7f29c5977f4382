"""The graders give a reference every point, a student who does nothing none, and wrong answers what they are worth."""

import csv
import json
import re
import subprocess
import sys

import nbformat
import pytest
import structure
from answers import ANSWERS

COURSE = structure.ROOT / "course"
pytestmark = pytest.mark.slow
#: set 1 with one fault a task: the variance of the noise forgotten, a cell without end, the flow four times too fast, and numbers typed in
WRONG = ANSWERS[1] | {
    "score": ANSWERS[1]["score"].replace("+ 1 - np.exp(-2 * t)", ""),
    "posterior_mean": ANSWERS[1]["posterior_mean"] + "\n\n\nwhile True:\n    pass",
    "training_loss": "1 / 0\n\n" + ANSWERS[1]["training_loss"],
    "readout": ANSWERS[1]["readout"].replace("-2 * delta", "-8 * delta"),
    "slowest": "def slowest(U, psi_p, t):\n    return 12.34",
}


def notebook(number, answers, path):
    """The students' notebook with answers in it."""
    handed_in = nbformat.read(COURSE / f"set-{number}.ipynb", as_version=4)
    for cell in handed_in.cells:
        name = re.match(r"def (\w+)\(", cell.source)
        if cell.cell_type == "code" and name and name.group(1) in answers:
            cell.source = answers[name.group(1)]
    nbformat.write(handed_in, path)
    return path


def grade(number, *paths, seconds=30):
    table = paths[0].parent / "points.csv"
    command = [sys.executable, str(COURSE / "grade.py"), str(number), *map(str, paths), "--csv", str(table)]
    run = subprocess.run([*command, "--cell-seconds", str(seconds)], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    with table.open(encoding="utf-8") as file:
        return {
            row["notebook"]: {key: float(row[key]) for key in row if key != "notebook"} for row in csv.DictReader(file)
        }, run.stdout


@pytest.mark.parametrize("number", ANSWERS)
def test_the_reference_has_every_point(number, tmp_path):
    points, said = grade(number, notebook(number, ANSWERS[number], tmp_path / "reference.ipynb"))
    whole = int(re.search(r"(\d+) points", nbformat.read(COURSE / f"set-{number}.ipynb", 4).cells[0].source).group(1))
    assert points["reference.ipynb"]["total"] == whole, said


def test_wrong_answers_lose_their_points_and_no_others(tmp_path):
    nothing, wrong = notebook(1, {}, tmp_path / "nothing.ipynb"), notebook(1, WRONG, tmp_path / "wrong.ipynb")
    (tmp_path / "torn.ipynb").write_text(json.dumps({"cells": 3}), encoding="utf-8")
    points, said = grade(1, nothing, wrong, tmp_path / "torn.ipynb", seconds=4)
    assert points["nothing.ipynb"]["total"] == 0 and "NotImplementedError: to do" in said
    # what was defined before a cell was stopped is there, and is wrong with the score; after 1 / 0 nothing of the cell is
    assert points["wrong.ipynb"] == {
        "score": 0,
        "posterior_mean": 0,
        "training_loss": 0,
        "readout": 0,
        "slowest": 0,
        "total": 0,
    }, said
    assert "stopped after 4" in said and "ZeroDivisionError" in said
    assert points["torn.ipynb"]["total"] == 0 and "is no notebook" in said


def test_a_fault_does_not_spread(tmp_path):
    """A cell that ends the kernel takes what came before; a fault in one answer leaves the others."""
    answers = ANSWERS[1] | {
        "readout": ANSWERS[1]["readout"] + "\n\nimport time\ntime.sleep(60)",
        "slowest": WRONG["slowest"],
    }
    points, said = grade(1, notebook(1, answers, tmp_path / "partly.ipynb"), seconds=3)
    assert points["partly.ipynb"] == {
        "score": 2,
        "posterior_mean": 2,
        "training_loss": 2,
        "readout": 3,
        "slowest": 0,
        "total": 9,
    }, said
