"""The lower bounds of requirements.txt as pins, one a line: ``make lowest`` installs and tests exactly these.

    python tools/lowest.py                  prints them
    python tools/lowest.py --installed      checks that they are what is installed

The first needs nothing but the standard library, since it runs before there is an environment.
"""

import importlib.metadata
import re
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"


def pins(lines):
    """``name>=1.2,<3`` as ``name==1.2``, for every line that is not a comment."""
    for line in lines:
        requirement = line.split("#")[0].strip()
        if requirement:
            match = re.fullmatch(r"([A-Za-z0-9._-]+)\s*>=\s*([\w.]+)\s*,\s*<\s*[\w.]+", requirement)
            if not match:
                raise ValueError(f"{requirement!r} is not a range; allowed: name>=lowest,<excluded")
            yield "{}=={}".format(*match.groups())


def others(lines):
    """The pins that are not what is installed, as sentences."""
    from packaging.requirements import Requirement

    for requirement in map(Requirement, pins(lines)):
        version = importlib.metadata.version(requirement.name)
        if not requirement.specifier.contains(version):
            yield f"{requirement} is asked for, {version} is installed"


def main(arguments):
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    if arguments == ["--installed"]:
        sys.exit("\n".join(others(lines)) or 0)
    print(*pins(lines), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
