"""What a reader does with the built book in a browser: look for a word, open a solution, read at night, print, take a chapter away."""

import json

import pytest
from browser import CHROMIUM, Browser, Page
from test_pages import HTML, soup

#: a chapter with exercises, figures and folded cells
CHAPTER = "book/density.html"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no page is looked at in a browser")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def until(page, expression, seconds=30):
    """Wait until a JavaScript expression holds; whether it did."""
    return page.evaluate(f"""new Promise(done => {{
        const end = Date.now() + {1000 * seconds};
        const look = () => ({expression}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, 50);
        look();
    }})""")


@pytest.mark.parametrize(("word", "chapter"), [("Marchenko", "book/resolvents.html"), ("speciation", "book/regimes.html")])
def test_search_finds_a_word(word, chapter, browser, address):
    assert word.lower() in soup(chapter).text.lower(), "choose a word of the chapter"
    with Page(browser, f"{address}/search.html?q={word}") as page:
        assert until(page, "document.querySelectorAll('#search-results li a').length")
        # results come one after another
        assert until(
            page, f"[...document.querySelectorAll('#search-results li a')].some(link => link.href.includes('{chapter}'))"
        )
        assert page.complaints == []


def test_search_finds_nothing_where_there_is_nothing(browser, address):
    with Page(browser, f"{address}/search.html?q=xylophone") as page:
        assert until(
            page, "document.querySelector('#search-results p.search-summary')?.textContent.includes('did not match')"
        )


def test_solution_opens(browser, address):
    box = ".solution.dropdown"
    shown = f"document.querySelector('{box} section').checkVisibility({{opacityProperty: true, visibilityProperty: true}})"
    with Page(browser, f"{address}/{CHAPTER}") as page:
        assert not page.evaluate(shown)
        page.evaluate(f"document.querySelector('{box} .admonition-title').click()")
        assert until(page, shown)


def test_folded_code_opens(browser, address):
    with Page(browser, f"{address}/{CHAPTER}") as page:
        shown = "document.querySelector('details.hide pre').checkVisibility()"
        assert not page.evaluate(shown)
        page.evaluate("document.querySelector('details.hide summary').click()")
        assert until(page, shown)


def test_figures_follow_the_colour_mode(browser, address):
    filters = "[...document.querySelectorAll('article .cell_output img')].map(image => getComputedStyle(image).filter)"
    with Page(browser, f"{address}/{CHAPTER}") as page:
        for mode, inverted in (("light", False), ("dark", True)):
            page.evaluate(
                f"document.documentElement.dataset.theme = '{mode}'; document.documentElement.dataset.mode = '{mode}'"
            )
            found = page.evaluate(filters)
            assert found and all(("invert" in style) == inverted for style in found), (mode, found)


def test_print_shows_the_text_alone(browser, address):
    with Page(browser, f"{address}/{CHAPTER}") as page:
        page.command("Emulation.setEmulatedMedia", media="print")
        for part in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article", ".prev-next-area"):
            assert page.evaluate(f"document.querySelector('{part}')?.checkVisibility() ?? false") is False, part
        # on paper nothing can be opened: what is folded by a click is printed
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert until(page, "document.querySelector('.solution.dropdown section').checkVisibility({opacityProperty: true})")


def test_a_download_says_how_to_install():
    files = sorted((HTML / "_sources" / "book").glob("*.ipynb"))
    assert files
    for path in files:
        first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
        assert "pip install" in "".join(first["source"]) and first["metadata"]["jupyter"]["source_hidden"], path.name
