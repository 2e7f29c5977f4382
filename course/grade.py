"""Grade notebooks of a problem set: a table of points, and what to say to each student.

    python course/grade.py 1 students/*.ipynb [--csv points.csv] [--cell-seconds 60] [--jobs 2]

Each notebook is graded by ``pytest course/check_set_N.py --notebook FILE`` in a process of its own (`conftest` says what is run and with which
limits). A notebook that cannot be graded has no points and says why; the others are not touched by it.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: seconds for a notebook as a whole
LONGEST = 900


def graded(checks, notebook, cell_seconds):
    """What `conftest` writes of one notebook, or what prevented it."""
    with tempfile.TemporaryDirectory() as folder:
        points = Path(folder) / "points.json"
        options = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-c",
            str(HERE.parent / "pyproject.toml"),
            "--rootdir",
            str(HERE.parent),
        ]
        options += ["--notebook", str(notebook), "--points", str(points), "--cell-seconds", str(cell_seconds)]
        try:
            run = subprocess.run(
                [sys.executable, "-m", "pytest", str(checks), *options],
                capture_output=True,
                text=True,
                cwd=HERE.parent,
                timeout=LONGEST,
            )
        except subprocess.TimeoutExpired:
            return {"total": 0, "of": 0, "tasks": {}, "cells": [f"not graded within {LONGEST} seconds"]}
        if not points.is_file():
            return {"total": 0, "of": 0, "tasks": {}, "cells": [(run.stdout + run.stderr).strip()[-400:]]}
        return json.loads(points.read_text(encoding="utf-8"))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=int, help="number of the problem set")
    parser.add_argument("notebooks", nargs="+", type=lambda name: Path(name).resolve())
    parser.add_argument("--csv", type=Path, help="a file for the table of points")
    parser.add_argument("--cell-seconds", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at a time")
    options = parser.parse_args(arguments)
    checks = HERE / f"check_set_{options.set}.py"
    if not checks.is_file():
        known = sorted(path.stem.rpartition("_")[2] for path in HERE.glob("check_set_*.py"))
        parser.error(f"there is no problem set {options.set}; allowed: {', '.join(known)}")
    missing = [path for path in options.notebooks if not path.is_file()]
    if missing:
        parser.error(f"there is no {', '.join(map(str, missing))}")
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda path: graded(checks, path, options.cell_seconds), options.notebooks))
    for path, result in zip(options.notebooks, results, strict=True):
        print(f"{path.name}: {result['total']:g} of {result['of']}")
        for task in result["tasks"].values():
            print(
                f"  {task['earned']:4g} of {task['points']}  {task['what']}"
                + "".join(f"\n             {said}" for said in task["said"])
            )
        for line in result["cells"]:
            print(f"  {line}")
    if options.csv:
        names = list(dict.fromkeys(name for result in results for name in result["tasks"]))
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["notebook", *(name.removeprefix("test_") for name in names), "total"])
            for path, result in zip(options.notebooks, results, strict=True):
                table.writerow(
                    [path.name, *(result["tasks"].get(name, {}).get("earned", 0) for name in names), result["total"]]
                )


if __name__ == "__main__":
    main()
