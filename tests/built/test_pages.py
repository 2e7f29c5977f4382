"""The built pages, as files: links lead somewhere, nothing comes from elsewhere, figures have their text.

Run by ``make pages`` after ``make book``. What a browser makes of them: test_browser.py.
"""

import functools
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import book_pages
import pytest
import structure
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

HTML = structure.ROOT / "_build" / "html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)


@functools.cache
def soup(page):
    return BeautifulSoup((HTML / page).read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(page):
    return {tag["id"] for tag in soup(page).find_all(id=True)} | {
        tag["name"] for tag in soup(page).find_all("a", attrs={"name": True})
    }


def is_external(url):
    return bool(urlsplit(url).netloc) or urlsplit(url).scheme in ("http", "https", "ftp")


def test_every_page_of_the_contents_was_built():
    assert {f"book/{name}.html" for name in structure.contents()} <= set(PAGES), "run `make book` first"
    assert "index.html" in PAGES


def test_chapters_have_numbers_and_appendices_letters():
    first = {part["caption"]: Path(part["chapters"][0]["file"]).name for part in structure.parts()}
    assert soup(f"book/{first['Foundations']}.html").select_one("article h1").get_text().startswith("1. ")
    assert soup(f"book/{first['Appendices']}.html").select_one("article h1").get_text().startswith("A. ")


def test_pages_are_current():
    """The pages are newer than what they were built from."""
    built = min((HTML / f"book/{name}.html").stat().st_mtime for name in structure.contents())
    sources = [structure.source(name) for name in structure.contents()]
    sources += [*(structure.ROOT / "theory").rglob("*.py"), structure.ROOT / "_toc.yml"]
    late = [path.name for path in sources if path.stat().st_mtime > built]
    assert late == [], "run `make book` again"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    broken = []
    for tag in soup(page).find_all(["a", "link", "img", "script", "source", "iframe"]):
        url = tag.get("href") or tag.get("src")
        if not url or is_external(url) or urlsplit(url).scheme in ("mailto", "data", "javascript"):
            continue
        parts = urlsplit(url)
        target = Path(os.path.normpath(HTML / Path(page).parent / unquote(parts.path))) if parts.path else HTML / page
        if not target.is_file():
            broken.append(url)
        elif parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in anchors(target.relative_to(HTML).as_posix()):
                broken.append(url)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere(page):
    loaded = [tag.get("src") for tag in soup(page).find_all(["script", "img", "iframe", "source", "video"])]
    loaded += [tag.get("href") for tag in soup(page).find_all("link") if tag.get("rel") != ["canonical"]]
    assert [url for url in loaded if url and is_external(url)] == []
    inline = [tag.string or "" for tag in soup(page).find_all("script", src=False)]
    assert [url for code in inline for url in re.findall(r"https?://[^\s\"']+", code)] == []


def test_style_sheets_load_nothing_from_elsewhere():
    sheets = [path for path in (HTML / "_static").rglob("*.css")]
    assert sheets
    pattern = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//")
    assert [path.name for path in sheets if pattern.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("book/")])
def test_page_carries_mathjax_once_and_no_thebe(page):
    scripts = [tag.get("src") or tag.string or "" for tag in soup(page).find_all("script")]
    assert sum("mathjax/tex-mml-chtml.js" in script for script in scripts) == 1
    assert not any("sphinx-thebe.js" in script or "unpkg" in script for script in scripts)


@pytest.mark.parametrize("name", structure.chapters())
def test_figures_have_text(name):
    page = soup(f"book/{name}.html")
    pictures = page.select("article figure img")
    assert pictures and all(len(picture.get("alt", "")) >= 20 for picture in pictures)
    assert all(figure.find("figcaption") for figure in page.select("article figure"))
    # a result of SymPy is a formula: no picture stands in an output without being a figure
    assert [picture.get("src") for picture in page.select(".cell_output img") if not picture.find_parent("figure")] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_holds_the_state_of_widgets(page):
    """A progress bar that is a widget stays in a page as dead data."""
    kinds = [tag.get("type", "") for tag in soup(page).find_all("script")]
    assert [kind for kind in kinds if "widget" in kind] == []


def test_icons_are_the_ones_that_occur():
    """Every icon of a page has its rule and its glyph, the fonts hold little else, and the script of all icons is gone."""
    css = (HTML / "_static" / book_pages.SHEET).read_text(encoding="utf-8")
    rules = {name: rule[2] for rule in book_pages.ICON_RULE.finditer(css) for name in book_pages.icon_names([rule[1]])}
    fonts = {path.stem: path for path in (HTML / "_static" / "vendor" / "fontawesome" / "webfonts").iterdir()}
    assert sum(path.stat().st_size for path in fonts.values()) < 20_000
    with TTFont(fonts["fa-solid-900"]) as font:
        glyphs = font.getBestCmap()
    icons = {icon for page in PAGES for tag in soup(page).select("i[class*='fa-'], span.fa-solid") for icon in tag["class"]}
    icons = {icon for icon in icons if icon.startswith("fa-")} - {"fa-solid", "fa-lg", "fa-fw"}
    assert len(icons) >= 10
    assert [icon for icon in icons if icon not in rules] == []
    assert [
        icon for icon in icons if not {int(c[1:], 16) if c[0] == "\\" else ord(c) for c in [rules[icon]]} <= set(glyphs)
    ] == []
    assert not (HTML / "_static" / "scripts" / "fontawesome.js").exists()
