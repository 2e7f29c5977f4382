"""From Sphinx's LaTeX to the book on paper (make pdf): run LaTeX, and read its log as strictly as the pages' build reads its own.

    python tools/pdf.py [FOLDER]        # _build/latex

A reference that leads nowhere, a letter that the font lacks, a picture that is missing, an error that LaTeX went on after: each ends with
words and exit status 1, as does a program that is not installed.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("latexmk", "xelatex", "xindy")
#: Debian's packages, as README names them
PACKAGES = (
    "latexmk texlive-xetex texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended xindy "
    "fonts-freefont-otf fonts-dejavu-core fonts-dejavu-extra fonts-texgyre-math"
)
#: points by which a line may stand out of its column unnoticed
STANDING_OUT = 40
FAULTS = (
    (r"^! (.*)", "an error: {}"),
    (r"^LaTeX Warning: Reference `(.*?)' on page", "a reference that leads nowhere: {}"),
    (r"^LaTeX Warning: Hyper reference `(.*?)' on page", "a reference that leads nowhere: {}"),
    (r"^LaTeX Warning: Citation [`'](.*?)' on page", "a citation of nothing: {}"),
    (r"^LaTeX Warning: Label `(.*?)' multiply defined", "a label of two things: {}"),
    (r"^LaTeX Warning: File `(.*?)' not found", "a file that is missing: {}"),
    (r"^Missing character: There is no (.*? in font .*?)[!:/]", "a letter without a shape: {}"),
    (r"^Overfull \\hbox \((\d+)\.\d+pt too wide\) (.*)", "a line {}pt too wide: {}"),
)


def main(arguments):
    folder = Path(arguments[0] if arguments else "_build/latex")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return (
            f"{', '.join(missing)} not found. Debian has what it takes: apt-get install --no-install-recommends {PACKAGES}"
        )
    sources = sorted(folder.glob("*.tex"))
    if len(sources) != 1:
        return f"{folder} holds {len(sources)} files of LaTeX instead of one: build them first (make pdf)"
    # Sphinx's own rules, which know the program that sorts the index
    command = ["make", "-C", folder, "-s", "all-pdf", "LATEXMKOPTS=-interaction=nonstopmode -f -silent"]
    # whole lines in the log, instead of lines of 79 characters
    subprocess.run(
        command, env={**os.environ, "max_print_line": "10000"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    paper, log = (sources[0].with_suffix(suffix) for suffix in (".pdf", ".log"))
    if not paper.is_file():
        return f"LaTeX made no pages; its last words:\n{tail(log)}"
    found = faults(log.read_text(encoding="utf-8", errors="replace"))
    print(f"The book on paper: {paper.resolve()}")
    return "\n".join(f"{paper.name}: {fault}" for fault in found) or None


def tail(log, lines=15):
    return (
        "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.is_file() else "(no log)"
    )


def faults(log):
    """What a reader would stumble over, each once, from the log of the last run."""
    found = []
    for line in log.splitlines():
        for pattern, words in FAULTS:
            match = re.match(pattern, line)
            if match and not (line.startswith("Overfull") and int(match[1]) <= STANDING_OUT):
                found.append(words.format(*match.groups()))
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
