"""What the build changes in the pages of the theme: names, roles, lines, and icons cut down to those that occur."""

import importlib.util
import re
import shutil
from pathlib import Path

import book_pages
import pytest
from fontTools.ttLib import TTFont

THEME = Path(importlib.util.find_spec("pydata_sphinx_theme").origin).parent / "theme" / "pydata_sphinx_theme" / "static"
FORMULA = r'<span class="math notranslate nohighlight">\(x &lt; 1\)</span>'
BUTTON = '<button class="btn search-button-field x"'
ICON = '<i class="theme-switch fa-solid fa-sun   fa-lg" data-mode="light"'


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('<p>\n <script defer src="../_static/scripts/fontawesome.js?digest=1"></script>\n</p>', "<p>\n</p>"),
        (f'{BUTTON} title="Search" aria-label="Search" id="y">', f'{BUTTON} id="y">'),
        ('<summary aria-label="Toggle hidden content">', "<summary>"),
        (f'{ICON} title="Light"></i>', f'{ICON} aria-hidden="true"></i>'),
        ('<i class="fas fa-expand"></i>', '<i class="fas fa-expand" aria-hidden="true"></i>'),
        ('<i class="other" title="Light"></i>', '<i class="other" title="Light"></i>'),
        ('<div class="citation" id="id3" role="doc-biblioentry">', '<div class="citation" id="id3" role="listitem">'),
        (f"for {FORMULA}, or", f'for <span class="formula-with-signs">{FORMULA},</span> or'),
        (f"({FORMULA} or", f'<span class="formula-with-signs">({FORMULA}</span> or'),
        (f"for {FORMULA} or", f"for {FORMULA} or"),
    ],
)
def test_mend(given, expected):
    assert book_pages.mend(given) == expected
    assert book_pages.mend(expected) == expected


@pytest.fixture
def static(tmp_path):
    """The static files of a built page of the theme."""
    for name in ("styles", "vendor", "scripts"):
        shutil.copytree(THEME / name, tmp_path / name)
    return tmp_path


def test_icons_are_cut_down_to_those_that_occur(static):
    fonts = static / "vendor" / "fontawesome" / "webfonts"
    with TTFont(fonts / "fa-solid-900.ttf") as font:
        whole, outline = font.getBestCmap(), font["glyf"][font.getBestCmap()[0xF0C9]]
    size = sum(path.stat().st_size for path in fonts.iterdir())
    page = '<i class="fa-solid fa-bars"></i><i class="fas fa-download"></i>'
    for _ in range(2):  # a page may be built over an older one
        book_pages.trim_icons(static, [page])
        css = (static / book_pages.SHEET).read_text(encoding="utf-8")
        rules = book_pages.icon_names(rule[1] for rule in book_pages.ICON_RULE.finditer(css))
        # the theme's scripts ask for one more; a rule may name several
        assert {"fa-bars", "fa-download", "fa-xmark"} <= rules and len(rules) < 20
        assert not (static / "scripts" / "fontawesome.js").exists()
        assert {path.suffix for path in fonts.iterdir()} == {".ttf"}
        assert sum(path.stat().st_size for path in fonts.iterdir()) < size / 50
        with TTFont(fonts / "fa-solid-900.ttf") as font:
            kept = font.getBestCmap()
            assert font["glyf"][kept[0xF0C9]] == outline
        # the bell and the bulb of admonitions are named by no page but by the style
        assert {0xF0C9, 0xF019, 0xF0F3, 0xF0EB} <= set(kept) < set(whole)
    # what the style loads is there
    loaded = re.findall(r"url\(\.\./(vendor/[^)]*)\)", css)
    assert len(loaded) == 3 and all((static / path).is_file() for path in loaded)


def test_the_list_of_words_for_the_search_has_no_index(tmp_path):
    path = tmp_path / "searchindex.js"
    path.write_text('Search.setIndex({"terms":{"ψ":0},"indexentries":{"a":[[0,"b"]]}})')
    book_pages.trim_search(path)
    assert path.read_text() == 'Search.setIndex({"terms":{"ψ":0},"indexentries":{}})'
