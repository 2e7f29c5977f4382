"""Mutation testing: would the tests notice a small fault in a solver?

    python tools/mutants.py [--sample N] [--minutes M] [--seed S] [FILE …]        (make mutants FILES=spectrum/edges SAMPLE=40)

Cosmic Ray lists the small faults of a file of `theory` (a sign, an operator, a comparison, a number, a condition) and writes the file
with one of them; here the tests that `tools/mutants.toml` names for the file are run on each, in a copy of the repository. What they
do not notice is a survivor: a test is missing, or the change is none, and then the table says why. The report is written to
_build/mutants/report.md; the exit status is 1 if a survivor is neither.

Each mutant has a process of its own, forked from one that has loaded the libraries and made the derivations of `theory.symbolic`, so that a
mutant costs the time of its tests and no more. A mutant whose tests take three times as long as they should is taken to be noticed.
"""

import argparse
import difflib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools/mutants.toml"
BUILT = ROOT / "_build/mutants"

#: Cosmic Ray's operators by the beginnings of their names. Others make what no one writes (a // for a +), or no difference in this code
OPERATORS = (
    *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_Mul_Div"),
    *("ReplaceBinaryOperator_Div_Mul", "ReplaceBinaryOperator_Pow_Mul", "ReplaceBinaryOperator_BitAnd_BitOr"),
    *("ReplaceBinaryOperator_BitOr_BitAnd", "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete"),
    *("ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_Lt_Gt", "ReplaceComparisonOperator_LtE_Lt"),
    *("ReplaceComparisonOperator_LtE_GtE", "ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_Gt_Lt"),
    *("ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_GtE_LtE", "ReplaceComparisonOperator_Eq_NotEq"),
    *("ReplaceComparisonOperator_NotEq_Eq", "ReplaceAndWithOr", "ReplaceOrWithAnd", "AddNot", "NumberReplacer"),
    *(
        "ReplaceBreakWithContinue",
        "ReplaceContinueWithBreak",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
        "ZeroIterationForLoop",
    ),
)
#: modules that a mutant does not load again: they hold the derivations
KEPT = ("theory.symbolic", "theory.digits", "theory.errors")
#: bytes that a mutant may address: one that asks for more is noticed too
MEMORY = 8 * 2**30


@dataclass(frozen=True)
class Mutant:
    """One fault: the whole text of the mutated file, and the lines that differ."""

    code: str
    removed: str
    added: str
    line: int

    def __str__(self):
        return f"line {self.line}\n    - {self.removed}\n    + {self.added}"


def table():
    """The contents of `TABLE`: for each file its tests and its survivors that are no faults."""
    return tomllib.loads(TABLE.read_text())


def mutants(source):
    """All `Mutant` of a text."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    tree, found = get_ast(source), {}
    for name in operator_names():
        operator = get_operator(name)
        if not name.removeprefix("core/").startswith(OPERATORS) or operator.arguments():
            continue
        for occurrence in range(sum(1 for node in ast_nodes(tree) for _ in operator().mutation_positions(node))):
            code = mutate_code(source, operator(), occurrence)
            if code is not None and code != source:
                found[code] = _described(source, code)
    return sorted(found.values(), key=lambda mutant: (mutant.line, mutant.added))


def _described(source, code):
    old, new = source.splitlines(), code.splitlines()
    blocks = [b for b in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if b[0] != "equal"]
    _, low, high, new_low, new_high = blocks[0]
    removed, added = (" ".join(line.strip() for line in part) for part in (old[low:high], new[new_low:new_high]))
    return Mutant(code, removed, added, low + 1)


def copy_of_the_repository():
    """The tracked files, at a place where they may be mutated."""
    place = BUILT / "tree"
    shutil.rmtree(place, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


def arguments(entry):
    """What pytest is told for an entry of the table: its tests, without those that cost more than they would notice."""
    return [*entry["tests"], *(f"--deselect={test}" for test in entry.get("without", ()))]


def run_tests(tests, module, limit, log):
    """ "survived", "killed" or "timeout": the tests in a forked process, which loads ``module`` and what knows it anew."""
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1), os.dup2(descriptor, 2)
        kept = () if module.startswith(KEPT) else KEPT
        for name in list(sys.modules):
            if name.split(".")[0] in ("theory", "tolerances") or name.startswith("test_"):
                if not name.startswith(kept or ("nothing",)):
                    del sys.modules[name]
        os._exit(_pytest(tests))
    done, status, end = 0, 0, time.monotonic() + limit
    try:
        while not done and time.monotonic() < end:
            time.sleep(0.02)
            done, status = os.waitpid(child, os.WNOHANG)
    finally:  # an interrupted run leaves none behind
        if not done:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return "timeout" if not done else "killed" if os.waitstatus_to_exitcode(status) else "survived"


def _pytest(tests):
    import pytest

    # assertions need no explanation here
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "-m", "not slow", *tests]))


def examine(name, entry, place, sample, seed, end, results):
    """Mutate theory/``name``.py: ``results[name]`` is the outcomes, and the survivors with their explanations (or None)."""
    from tqdm import tqdm

    path = place / f"theory/{name}.py"
    source, module, log = path.read_text(), "theory." + name.replace("/", "."), BUILT / "output.txt"
    every = mutants(source)
    chosen = every if sample is None or sample >= len(every) else random.Random(seed).sample(every, sample)
    started = time.monotonic()
    if run_tests(arguments(entry), module, 600, log) != "survived":
        raise SystemExit(f"the tests of {name} fail without a mutation: {log.read_text()[-2000:]}")
    limit = max(20, 3 * (time.monotonic() - started))
    explained = {(e["removed"], e["added"]): e["reason"] for e in entry.get("equivalent", ())}
    outcomes, survivors = results[name] = Counter(mutants=len(every)), []
    for mutant in tqdm(sorted(chosen, key=lambda m: m.line), desc=name):
        if time.monotonic() > end:
            break
        path.write_text(mutant.code)
        outcome = run_tests(arguments(entry), module, limit, log)
        outcomes["tried"] += 1
        reason = explained.get((mutant.removed, mutant.added)) if outcome == "survived" else None
        outcomes["no fault" if reason else outcome] += 1
        if outcome == "survived":
            survivors.append((mutant, reason))
        (BUILT / "report.md").write_text(report(results))
    path.write_text(source)


def report(results):
    """The text of the report."""
    columns = ("mutants", "tried", "killed", "timeout", "no fault", "survived")
    lines = ["# Mutants", "", f"| file | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    for name, (outcomes, _) in results.items():
        lines.append(f"| {name} | " + " | ".join(str(outcomes[c]) for c in columns) + " |")
    for name, (_, survivors) in results.items():
        for title, wanted in (("survived", False), ("no fault", True)):
            for mutant, reason in survivors:
                if bool(reason) == wanted:
                    lines += ["", f"{name}, {title}: {mutant}", *([f"    {reason}"] if reason else [])]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="files of theory/ without .py; all of the table by default")
    parser.add_argument("--sample", type=int, help="that many mutants of each file, drawn with the seed; all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=600, help="no mutant is begun after that")
    options = parser.parse_args()
    entries = table()
    if unknown := set(options.files) - set(entries):
        parser.error(f"FILE = {sorted(unknown)} is not in tools/mutants.toml; allowed: {', '.join(entries)}")
    end = time.monotonic() + 60 * options.minutes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = copy_of_the_repository()
    os.chdir(place)
    sys.dont_write_bytecode = True
    # the copy comes before what an installation in editable mode would find
    sys.path[:0] = [str(place), str(place / "tests"), str(place / "tools")]
    names = options.files or list(entries)
    if _pytest(
        sorted({argument for name in names for argument in arguments(entries[name])})
    ):  # loads what the mutants share
        raise SystemExit("the tests fail without a mutation")
    results = {}
    for name in names:
        examine(name, entries[name], place, options.sample, options.seed, end, results)
    print(report(results))
    return int(any(outcomes["survived"] for outcomes, _ in results.values()))


if __name__ == "__main__":
    sys.exit(main())
