"""The slides of the course, taken from the built pages.

    python tools/slides.py       _build/html → _build/slides/lecture-01.html …, for every lecture of book/course.toml

`make slides` fetches reveal.js (npm) and runs this. A slide shows an element of a page by its label or tag, as the page shows it: formulas with
their numbers, statements, pictures, code with what it printed. Nothing is typed or drawn a second time. The folder holds all that the slides
load (MathJax and pictures are the book's), so that it can be carried without the book; numbers and citations link to the pages beside it.
"""

import re
import shutil
import sys
from html import escape
from pathlib import Path

import structure
from bs4 import BeautifulSoup

import course

BUILT = structure.ROOT / "_build/html"
REVEAL = structure.ROOT / "_build/.reveal/node_modules/reveal.js"
SLIDES = structure.ROOT / "_build/slides"
STYLE, SCRIPT = structure.BOOK / "_static/slides.css", structure.BOOK / "_static/slides.js"
#: what is on a page for its reader and has no place on a slide
CHROME = "a.headerlink, button, .solution, details > summary"


class Missing(Exception):
    """The built pages lack something that a lecture shows."""


class Book:
    """The pages of a built book, read once each."""

    def __init__(self, built=BUILT):
        self.built, self._pages = Path(built), {}

    def page(self, name):
        if name not in self._pages:
            path = self.built / "book" / f"{name}.html"
            if not path.is_file():
                raise Missing(f"{path} is not built: make book")
            self._pages[name] = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        return self._pages[name]

    def element(self, name, label):
        """The element of a label or tag, ready for a slide; links lead to the page."""
        page = self.page(name)
        if label.startswith(course.TAG):
            found = page.select_one(f"div.cell.tag_{label}")
        else:
            found = page.find(id=f"equation-{label}" if label.startswith("eq-") else label)
        if found is None:
            raise Missing(f"the built page {name} has no {label}: make book")
        found = BeautifulSoup(str(found), "html.parser")
        if label.startswith("fig-") and not found.find(["img", "svg", "table"]):
            raise Missing(f"{label} was not drawn: make book EXECUTE=force")
        for chrome in found.select(CHROME):
            chrome.decompose()
        for hidden in found.select("details"):
            hidden.unwrap()
        for link in found.select("a[href]"):
            if not re.match(r"[a-z]+:", link["href"]):
                link["href"] = _beside(name, link["href"])
        for number in found.select(".eqno, .admonition-title .caption-number, figcaption .caption-number"):
            number.wrap(found.new_tag("a", href=_beside(name, f"#{_anchor(label)}"), attrs={"class": "source"}))
        for inner in found.select("[id]"):
            if inner["id"] in ("proof-content", "exercise-content"):  # the same on every slide
                del inner["id"]
        return found

    def mathjax(self, name):
        """The book's own settings of MathJax."""
        texts = [script.string or "" for script in self.page(name).find_all("script", src=False)]
        return next((text for text in texts if "MathJax" in text), "")


def _anchor(label):
    return f"equation-{label}" if label.startswith("eq-") else label


def _beside(name, href):
    """The address of what a page links to, seen from the folder of slides."""
    return f"../html/book/{name}.html{href}" if href.startswith("#") else f"../html/book/{href}"


def _section(topic, minutes, body, label=""):
    notes = f'<aside class="notes">{escape(topic)}: {minutes} minutes.</aside>'
    return f'<section data-label="{label}"><h2>{escape(topic)}</h2><div class="shown">{body}</div>{notes}</section>'


def _with_formulas(text):
    """A line of the course as HTML; a formula between dollars is set by MathJax."""
    return re.sub(r"\$([^$]+)\$", r'<span class="math">\\(\1\\)</span>', escape(text, quote=False))


def deck(number, lecture, pages, book):
    """The HTML of a lecture; ``pages`` gives the page of each label."""
    aims = "".join(f"<li>{_with_formulas(aim)}</li>" for aim in lecture["aims"])
    title = f"<h1>{number}. {_with_formulas(lecture['title'])}</h1><p>After this lecture you can</p><ul>{aims}</ul>"
    sections = [f"<section>{title}</section>"]
    for part in lecture["part"]:
        slides = [
            _section(part["topic"], part["minutes"], book.element(pages[label], label), label) for label in part["show"]
        ]
        sections.append(f"<section>{''.join(slides)}</section>")
    items = [f"<li>{_exercise(book, pages[label], label)}</li>" for label in (*lecture["exercises"], lecture["open"])]
    items[-1] = items[-1].replace("</li>", ", which is open</li>")
    if "problem_set" in lecture:
        items.append(f"<li>Problem set {lecture['problem_set']}</li>")
    sections.append(_section("To do", 0, f"<ul>{''.join(items)}</ul>").replace(": 0 minutes", ""))
    first = pages[lecture["part"][0]["show"][0]]
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{number}. {escape(lecture["title"])}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="reveal/reveal.css"><link rel="stylesheet" href="pygments.css"><link rel="stylesheet" href="slides.css">
<script>{book.mathjax(first)}</script>
<script defer src="mathjax/tex-mml-chtml.js"></script>
<script defer src="reveal/reveal.js"></script><script defer src="reveal/plugin/notes.js"></script><script defer src="slides.js"></script>
</head>
<body>
<div class="reveal"><div class="slides">
{"".join(sections)}
</div></div>
</body>
</html>
"""


def _exercise(book, name, label):
    number = book.page(name).find(id=label)
    words = number.select_one(".caption-number") if number else None
    if words is None:
        raise Missing(f"the built page {name} has no {label}: make book")
    title = book.page(name).find("h1").get_text().rstrip("#").strip()
    return f'<a href="{_beside(name, f"#{label}")}">{words.get_text().strip()}</a>, {escape(title)}'


def pictures(html, built, folder):
    """Copy the pictures of a deck beside it, and say so in it."""
    for address in sorted(set(re.findall(r'src="(\.\./_images/[^"]+)"', html))):
        path = built / "book" / address
        (folder / "images").mkdir(exist_ok=True)
        shutil.copy(path, folder / "images" / path.name)
        html = html.replace(f'src="{address}"', f'src="images/{path.name}"')
    return html


def write(folder=SLIDES, built=BUILT, reveal=REVEAL, lectures=None):
    """All decks, and what they load. Raises `Missing` with what to do."""
    if not (reveal / "dist/reveal.js").is_file():
        raise Missing(f"{reveal} is not there: make slides fetches it")
    built, folder = Path(built), Path(folder)
    book, decks = Book(built), {}
    pages = {label: page for page in structure.contents() for label in structure.labels(structure.read(page))}
    pages |= {tag: names[0] for tag, names in course.tags().items()}
    for number, lecture in enumerate(course.lectures() if lectures is None else lectures, 1):
        decks[f"lecture-{number:02d}.html"] = deck(number, lecture, pages, book)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "reveal/plugin").mkdir(parents=True)
    for name in ("reveal.js", "reveal.css", "plugin/notes.js"):
        shutil.copy(reveal / "dist" / name, folder / "reveal" / name)
    shutil.copy(reveal / "LICENSE", folder / "reveal/LICENSE")
    shutil.copytree(built / "_static/mathjax", folder / "mathjax")
    for path in (built / "_static/pygments.css", STYLE, SCRIPT):
        shutil.copy(path, folder / path.name)
    for name, html in decks.items():
        (folder / name).write_text(pictures(html, built, folder), encoding="utf-8")
    return list(decks)


if __name__ == "__main__":
    try:
        names = write()
    except Missing as missing:
        sys.exit(str(missing))
    print(f"The slides of {len(names)} lectures are in _build/slides. Open {SLIDES / names[0]} in a browser.")
