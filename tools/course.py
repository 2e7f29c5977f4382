"""The course: what each of its lectures aims at, reads, shows and sets.

    python tools/course.py       says what is wrong with it

The course is ``book/course.toml``, one entry a lecture:

    title        of the lecture
    aims         what a student can do after it
    reading      labels of pages or sections
    exercises    labels of exercises to set
    open         label of an exercise that nobody has solved
    problem_set  number of the problem set of ``course/`` that is handed out, if any
    part         the parts of the lecture: minutes, topic, and what is shown

What is shown is named by its label (an equation, a statement, a figure, an exercise), or by its tag where it is a cell of code: a tag begins
with ``slide-``. The build writes the course into the page ``course`` (`book_extension`), `slides` makes the slides of the same labels, and
``tests/repository/test_course.py`` sees that each leads somewhere.
"""

import sys
import tomllib

import statements
import structure

TABLE = structure.BOOK / "course.toml"
PAGE, MARK = "course", "% the lectures"
LECTURES, MINUTES, TAG = 12, 90, "slide-"
FIELDS = {"title", "aims", "reading", "exercises", "open", "problem_set", "part"}
NEEDED = FIELDS - {"problem_set"}
SHOWN = ("eq", "thm", "prop", "lem", "def", "rem", "fig", "ex", "slide")


def lectures():
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))["lecture"]


def tags():
    """tag → page, for every cell of the book that a lecture may show."""
    found = {}
    for page in structure.contents():
        for cell in structure.read(page).cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith(TAG):
                    found.setdefault(tag, []).append(page)
    return found


def problems(course, labels, tagged, sets):
    """Sentences on what is missing, unknown, or leads nowhere; ``sets`` are the numbers of the problem sets that exist."""
    said = [] if len(course) == LECTURES else [f"there are {len(course)} lectures, not {LECTURES}"]
    for number, lecture in enumerate(course, 1):
        said += [f"lecture {number}: {fault}" for fault in _faults(lecture, labels, tagged, sets)]
    shown = [label for lecture in course for part in lecture.get("part", []) for label in part.get("show", [])]
    said += [f"{label} is shown {shown.count(label)} times" for label in sorted(set(shown)) if shown.count(label) > 1]
    said += [f"the tag {tag} stands on {len(pages)} cells" for tag, pages in tagged.items() if len(pages) > 1]
    said += [f"no lecture shows the cell {tag} of {pages[0]}" for tag, pages in tagged.items() if tag not in shown]
    given = [lecture["problem_set"] for lecture in course if "problem_set" in lecture]
    said += [
        f"problem set {number} is handed out {given.count(number)} times" for number in sets if given.count(number) != 1
    ]
    return said


def _faults(lecture, labels, tagged, sets):
    faults = [f"the field {field} is unknown" for field in sorted(lecture.keys() - FIELDS)]
    faults += [f"it has no {field}" for field in sorted(NEEDED) if not lecture.get(field)]
    parts = lecture.get("part", [])
    minutes = sum(part.get("minutes", 0) for part in parts)
    if minutes != MINUTES:
        faults.append(f"its parts take {minutes} minutes, not {MINUTES}")
    exercises = [*lecture.get("exercises", []), *filter(None, [lecture.get("open")])]
    faults += [f"{label} is no exercise" for label in exercises if not label.startswith("ex-")]
    faults += [f"{label} is set twice" for label in sorted(set(exercises)) if exercises.count(label) > 1]
    shown = [label for part in parts for label in part.get("show", [])]
    faults += [f"a slide cannot show {label}" for label in shown if label.partition("-")[0] not in SHOWN]
    faults += [f"the part {part.get('topic')!r} shows nothing" for part in parts if not part.get("show")]
    for label in (*lecture.get("reading", []), *exercises, *shown):
        if label not in (tagged if label.startswith(TAG) else labels):
            faults.append(f"{label} is not in the book")
    if "problem_set" in lecture and lecture["problem_set"] not in sets:
        faults.append(f"there is no problem set {lecture['problem_set']}")
    return faults


def problem_sets(folder=structure.ROOT / "course"):
    """The numbers of the problem sets, from the names of their notebooks."""
    return sorted(int(path.stem.removeprefix("set-")) for path in folder.glob("set-*.ipynb"))


def _link(label, tagged):
    if label.startswith(TAG):
        return f"the cell tagged `{label}`"
    return statements.link(label)


def _lecture(number, lecture, tagged):
    aims = [f"- {aim}" + (";" if aim is not lecture["aims"][-1] else ".") for aim in lecture["aims"]]
    rows = [
        [str(part["minutes"]), part["topic"], ", ".join(_link(label, tagged) for label in part["show"])]
        for part in lecture["part"]
    ]
    table = ["", "::::{list-table}", ":header-rows: 1", ":widths: 10 40 50"]
    for cells in [["minutes", "what", "on the screen"], *rows]:
        table += ["", *(f"{'  ' if i else '* '}- {cell}" for i, cell in enumerate(cells))]
    exercises = ", ".join(statements.link(label) for label in lecture["exercises"])
    given = f" Problem set {lecture['problem_set']} is handed out." if "problem_set" in lecture else ""
    return [
        "",
        f"(lecture-{number})=",
        f"## {number}. {lecture['title']}",
        "",
        "After the lecture a student can",
        "",
        *aims,
        "",
        f"**To read:** {', '.join(statements.link(label) for label in lecture['reading'])}.",
        *table,
        "::::",
        "",
        f"**To set:** {exercises}; for whoever wants more, {statements.link(lecture['open'])}, which is open.{given}",
    ]


def markdown():
    """A section for each lecture."""
    course, tagged = lectures(), tags()
    faults = problems(course, statements.known_labels(), tagged, problem_sets())
    if faults:
        raise ValueError(f"{TABLE.name}: " + "; ".join(faults))
    return "\n".join(line for number, lecture in enumerate(course, 1) for line in _lecture(number, lecture, tagged))


if __name__ == "__main__":
    found = problems(lectures(), statements.known_labels(), tags(), problem_sets())
    print("\n".join(found) or "all is there")
    sys.exit(bool(found))
