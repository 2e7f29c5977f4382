"""A student changes a number: every chapter is executed with its first model at other numbers of samples.

    python tools/students.py [--parameter psi_n] [--factors 3 1/3] [NAME …]     all chapters without a name; ``make students`` (minutes)

What is changed is an argument of the first `theory.RandomFeatureModel` whose arguments are numbers. A chapter that has none, or where students
should change another one, says so by the tag ``parameters`` of a cell: the model in that cell, or else the first number that gets a name there.

No cell may fail or write to the standard error. But a cell that assumes something about the numbers may say so, by an ``assert`` of its own with
words; what needs the names that such a cell would have made is excused.
"""

import argparse
import ast
import sys
import time
from fractions import Fraction
from pathlib import Path

import chapters
import nbformat
import needs
import structure
from nbclient import NotebookClient

from theory.progress import progress_bar

#: the arguments of a model in their order
ARGUMENTS = ("activation", "psi_p", "psi_n", "t")
FACTORS = (Fraction(3), Fraction(1, 3))
TAG = "parameters"
#: what a number may be made of
ARITHMETIC = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)


def changed(notebook, factor, parameter="psi_n"):
    """(a copy of a notebook with one number multiplied, what stands there now), or (None, "") where there is no number to change."""
    copy = nbformat.reads(nbformat.writes(notebook), as_version=4)
    tagged = [cell for cell in copy.cells if TAG in cell.metadata.get("tags", [])]
    for cell in tagged or copy.cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        found = _of_a_model(tree, parameter) or (_named(tree) if tagged else None)
        if found:
            name, node = found
            new = _multiplied(ast.get_source_segment(cell.source, node), factor, keeps_whole=name not in ARGUMENTS)
            start = _offset(cell.source, node.lineno, node.col_offset)
            end = _offset(cell.source, node.end_lineno, node.end_col_offset)
            cell.source = cell.source[:start] + new + cell.source[end:]
            return copy, f"{name} = {new}"
    return None, ""


def _of_a_model(tree, parameter):
    """(name, node) of an argument of the first RandomFeatureModel in which the numbers of features, of samples and this one are given."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "RandomFeatureModel")
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        arguments = dict(zip(ARGUMENTS, call.args, strict=False)) | {word.arg: word.value for word in call.keywords}
        if all(_is_number(arguments.get(name)) for name in {"psi_p", "psi_n", parameter}):
            return parameter, arguments[parameter]
    return None


def _named(tree):
    """(name, node) of the first number that is given a name."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_number(node.value):
            return node.targets[0].id, node.value
    return None


def _called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _is_number(node):
    if isinstance(node, ast.Call):
        return _called(node) == "Fraction" and all(map(_is_number, node.args))
    return node is not None and all(isinstance(part, ARITHMETIC) for part in ast.walk(node))


def _multiplied(old, factor, keeps_whole):
    if keeps_whole and old.isdigit():
        return str(max(1, round(int(old) * factor)))
    return f"({old}) * {factor.numerator}" + (f" / {factor.denominator}" if factor.denominator > 1 else "")


def _offset(source, line, column):
    """The position in a text of what `ast` counts in bytes."""
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def executed(notebook):
    """The notebook, with every cell run in book/, also those after one that failed."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    chapters.surroundings.settle()
    NotebookClient(
        notebook,
        timeout=600,
        startup_timeout=chapters.surroundings.STARTUP,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(chapters.BOOK)}},
    ).execute()
    return notebook


def verdict(notebook):
    """(what went wrong, what cells say that they assume) in an executed notebook, as sentences."""
    wrong, assumed, missing = [], [], set()
    for i, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                wrong.append(f"cell {i} writes to the standard error: {output.text.strip()[:200]}")
            if output.output_type != "error":
                continue
            error = f"cell {i} ends in {output.ename}: {output.evalue[:200]}"
            if output.ename == "AssertionError" and output.evalue.strip() and _asserts_with_words(cell.source):
                assumed.append(error)
                missing |= _bound(cell.source)
            elif output.ename == "NameError" and any(f"'{name}'" in output.evalue for name in missing):
                missing |= _bound(cell.source)
            else:
                wrong.append(error)
    return wrong, assumed


def _asserts_with_words(source):
    return any(isinstance(node, ast.Assert) and node.msg for node in ast.walk(ast.parse(source)))


def _bound(source):
    """The names that a cell makes."""
    nodes = list(ast.walk(ast.parse(source)))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return functions | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def reports(name, factors=FACTORS, parameter="psi_n"):
    """For each factor (the number, what went wrong, what cells assume, seconds); none for a page without a number to change."""
    for factor in factors:
        notebook, number = changed(structure.read(name), factor, parameter)
        if notebook is not None:
            start = time.perf_counter()
            yield number, *verdict(executed(notebook)), time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameter", default="psi_n", choices=ARGUMENTS[1:])
    parser.add_argument("--factors", nargs="+", type=Fraction, default=FACTORS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    names, failed = [Path(name).stem for name in arguments.names] or notebooks(), 0
    for name in progress_bar(names, desc="students", unit="chapter"):
        if reason := needs.missing(structure.read(name)):
            print(f"{name}: skipped, {reason}")
            continue
        number = None
        for number, wrong, assumed, seconds in reports(name, arguments.factors, arguments.parameter):
            failed += bool(wrong)
            print(f"{name}, {number}: {'fails' if wrong else 'runs'}, {seconds:.0f} s", flush=True)
            for sentence in (*wrong, *(f"(assumes) {said}" for said in assumed)):
                print(f"    {sentence}", flush=True)
        if number is None:
            print(f"{name}: no number to change", flush=True)
    sys.exit(failed > 0)


def notebooks():
    """The pages of _toc.yml that have cells."""
    return [name for name in structure.contents() if (structure.BOOK / f"{name}.ipynb").is_file()]


if __name__ == "__main__":
    main()
