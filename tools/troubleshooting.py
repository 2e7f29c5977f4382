"""The table of reasons on the page *Troubleshooting*: from `theory.errors`, with the parts of the package that give each.

    python tools/troubleshooting.py       prints it

A reason is found where it is given: an argument ``reason="…"`` of a call in the package.
"""

import ast
import sys

import structure

sys.path.insert(0, str(structure.ROOT))

from theory.errors import REASONS

PACKAGE = structure.ROOT / "theory"
PAGE, MARK, TABLE = "troubleshooting", "% the reasons of ConvergenceError", PACKAGE / "errors.py"


def given_in():
    """Reason → the namespaces of the package that give it, in order."""
    found = {reason: set() for reason in REASONS}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for keyword in node.keywords:
                    if keyword.arg == "reason":
                        for value in ast.walk(keyword.value):
                            if isinstance(value, ast.Constant) and value.value in found:
                                found[value.value].add(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
    return {reason: sorted(places) for reason, places in found.items()}


def markdown():
    """A row for each reason: what happened, what to try, where it comes from."""
    places = given_in()
    lines = ["| `reason` | what happened | what to try | given by |", "|---|---|---|---|"]
    for reason, advice in REASONS.items():
        happened, _, remedy = advice.partition(": ")
        lines.append(f"| `{reason}` | {happened} | {remedy} | {', '.join(f'`{place}`' for place in places[reason])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown())
