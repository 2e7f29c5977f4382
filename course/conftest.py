"""Runs a student's notebook in a fresh kernel, and lets checks ask it questions: ``pytest course/check_set_1.py --notebook FILE``.

Every cell is executed, from the first to the last, with a limit of time for each; a cell that fails or is stopped does not keep the others
from running, as in Jupyter. The checks are here, in another process: they call the student's functions with arguments of their own and receive
numbers.
A notebook can do whatever its author's account may do on the machine: grade where that does no harm (a container, an account of its own).
"""

import json
import queue
import re
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import surroundings
from jupyter_client.manager import start_new_kernel

#: seconds: for one cell of the notebook, and for one question of a check
CELL, QUESTION = 60, 20
MARK = "<<answer>>"
#: in the student's kernel: arguments from text, results to text, under names that no one uses
ASK = """
def _course_ask(name, arguments):
    import json, numpy
    function = globals()[name]
    given = []
    for a in json.loads(arguments):
        a = numpy.array(a["re"]) + 1j * numpy.array(a["im"]) if isinstance(a, dict) else numpy.array(a) if isinstance(a, list) else a
        given.append(complex(a) if isinstance(a, numpy.ndarray) and a.ndim == 0 else a)
    value = numpy.asarray(function(*given) if callable(function) else function).astype(complex)
    print("<<answer>>" + json.dumps({"re": value.real.tolist(), "im": value.imag.tolist()}))
"""


class Refused(AssertionError):
    """The notebook has no answer, or its answer failed: said to the student as it stands."""


class Student:
    """A notebook that was run, and whose functions can be called."""

    def __init__(self, path, cell=CELL, question=QUESTION):
        self.question, self.said = question, []
        self._folder = tempfile.TemporaryDirectory()
        self._manager, self._client = start_new_kernel(
            kernel_name="python3", cwd=self._folder.name, startup_timeout=surroundings.STARTUP
        )
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:
            self.close()
            raise Refused(f"{Path(path).name} is no notebook: {type(error).__name__}") from None
        for index, source in enumerate(cell.source for cell in notebook.cells if cell.cell_type == "code"):
            _, problem = self._run(source, cell)
            if problem:
                self.said.append(f"code cell {index + 1}: {problem}")
        self._run(ASK, cell)

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._folder.cleanup()

    def _run(self, code, limit):
        """(what was printed, what went wrong); a cell beyond its limit is interrupted, a kernel that does not listen or has died starts anew."""
        end, printed, problem = time.monotonic() + limit, [], ""
        message = self._client.execute(code)
        while True:
            try:
                answer = self._client.get_iopub_msg(timeout=min(1.0, max(0.05, end - time.monotonic())))
            except queue.Empty:
                if not self._manager.is_alive():
                    self._restart()
                    return "".join(printed), "it ended the kernel; what came before is lost"
                if time.monotonic() > end:
                    return "".join(printed), self._stop(message, limit)
                continue
            if answer["parent_header"].get("msg_id") != message:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            elif kind == "error":
                problem = f"{content['ename']}: {content['evalue']}"[:200]
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(printed), problem
            if time.monotonic() > end:  # whoever prints without end is never silent
                return "".join(printed), self._stop(message, limit)

    def _stop(self, message, limit):
        self._manager.interrupt_kernel()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            try:
                answer = self._client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            state = answer["content"].get("execution_state")
            if answer["parent_header"].get("msg_id") == message and state == "idle":
                return f"stopped after {limit} seconds"
        self._restart()
        return f"stopped after {limit} seconds with the kernel; what came before is lost"

    def _restart(self):
        self._client.stop_channels()
        self._manager.restart_kernel(now=True)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=surroundings.STARTUP)

    def __call__(self, name, *arguments):
        """The answer of the function (or the value of the variable) ``name``, as a complex array. Raises `Refused`."""
        coded = json.dumps([_coded(argument) for argument in arguments])
        printed, problem = self._run(f"_course_ask({name!r}, {coded!r})", self.question)
        if problem:
            said = f"there is no {name}" if re.match(rf"KeyError: '{name}'", problem) else problem
            raise Refused(f"{name}: {said}")
        if MARK not in printed:
            raise Refused(f"{name}: no answer")
        value = json.loads(printed.rsplit(MARK, 1)[1])
        return np.array(value["re"]) + 1j * np.array(value["im"])


def _coded(argument):
    if isinstance(argument, (bool, int, float, str)):
        return argument
    array = np.asarray(argument)
    return {"re": array.real.tolist(), "im": array.imag.tolist()} if np.iscomplexobj(array) else array.tolist()


def pytest_addoption(parser):
    parser.addoption("--notebook", help="the student's notebook")
    parser.addoption("--cell-seconds", type=float, default=CELL, help="longest time of a cell")
    parser.addoption("--points", help="a file for the points, as JSON")


@pytest.fixture(scope="session")
def student(request):
    path = request.config.getoption("--notebook")
    if not path:
        pytest.exit("which notebook? --notebook FILE", returncode=4)
    surroundings.settle()
    student = Student(path, request.config.getoption("--cell-seconds"))
    request.config.stash[SAID] = student.said
    yield student
    student.close()


SAID = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep what each case came to, by the task it belongs to."""
    report = yield
    points = item.get_closest_marker("points")
    if points and (call.when == "call" or (call.when == "setup" and report.failed)):
        doc = (item.obj.__doc__ or item.originalname).strip().splitlines()[0]
        tasks = item.config.stash.setdefault(TASKS, {})
        task = tasks.setdefault(
            item.originalname, {"points": points.args[0], "what": doc, "passed": 0, "cases": 0, "said": []}
        )
        task["cases"] += 1
        task["passed"] += report.passed
        if not report.passed:
            said = str(call.excinfo.value).splitlines()[0] if call.excinfo else ""
            task["said"] = [*task["said"], said][:1]
    return report


TASKS = pytest.StashKey()


def pytest_configure(config):
    config.addinivalue_line("markers", "points(number): what a task is worth, shared equally among its cases")


def pytest_terminal_summary(terminalreporter, config):
    tasks, said = config.stash.get(TASKS, {}), config.stash.get(SAID, [])
    total = 0.0
    terminalreporter.section("points")
    for task in tasks.values():
        task["earned"] = round(task["points"] * task["passed"] / task["cases"], 2)
        total += task["earned"]
        terminalreporter.write_line(
            f"{task['earned']:5g} of {task['points']}   {task['what']}" + "".join(f"; {s}" for s in task["said"])
        )
    whole = sum(task["points"] for task in tasks.values())
    terminalreporter.write_line(f"{total:5g} of {whole}   {config.getoption('--notebook')}")
    for line in said:
        terminalreporter.write_line(f"      {line}")
    if path := config.getoption("--points"):
        Path(path).write_text(
            json.dumps({"total": round(total, 2), "of": whole, "tasks": tasks, "cells": said}), encoding="utf-8"
        )
