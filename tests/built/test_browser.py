"""The built pages in a browser, on a wide screen and on a phone, light and dark: formulas, widths, weight, accessibility.

Run by ``make pages``. It needs Chromium; the part on accessibility needs axe-core, too, which ``make axe`` fetches. What is
missing is said in the summary, and its tests are skipped.
"""

import functools

import pytest
import structure
from browser import CHROMIUM, Browser, Page
from test_pages import PAGES, soup

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no page is looked at in a browser")

AXE = structure.ROOT / "_build" / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = (1280, 900), (390, 844)
#: the address index.html leads to the first chapter and has nothing else
LOOKED_AT = [page for page in PAGES if page != "index.html"]
#: bytes of a page with all that it loads, as they lie on the disk
WEIGHT = 3_000_000

#: pictures that did not come, as the browser knows them
BROKEN = "[...document.images].filter(image => image.complete && !image.naturalWidth).map(image => image.src)"
#: nothing hidden: folded cells and solutions are opened; and nothing in between: colours change at once
OPEN = """(() => {
    const style = document.createElement("style");
    style.textContent = "* { transition: none !important; animation: none !important }";
    document.head.append(style);
    for (const box of document.querySelectorAll("details")) box.open = true;
    for (const box of document.querySelectorAll(".toggle-hidden")) box.classList.remove("toggle-hidden");
})()"""
#: what follows a change of width has had its turn (the theme waits 0.3 s)
SETTLE = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(0))), 500))"
UNTYPESET = """[...document.querySelectorAll(".math")].filter(box => box.querySelectorAll("mjx-container").length !== 1)
    .map(box => box.textContent.slice(0, 60))"""
MISTAKES = """[...document.querySelectorAll("mjx-merror")].map(error => error.textContent.slice(0, 60))"""
#: what has a part where no one can get: outside of the window, or of a box that hides and does not scroll
CUT_OFF = """(() => {
    const limits = new Map([[document.body, window.innerWidth]]), cut = [];
    const limit = box => {
        if (!limits.has(box)) {
            const { display, overflowX } = getComputedStyle(box);
            const open = display === "inline" || overflowX === "visible", scrolls = ["auto", "scroll"].includes(overflowX);
            const edge = open ? Infinity : box.getBoundingClientRect().right;
            limits.set(box, scrolls ? Infinity : Math.min(limit(box.parentElement), edge));
        }
        return limits.get(box);
    };
    for (const part of document.querySelectorAll("article :not(mjx-container *), article mjx-math")) {
        const lines = [...part.getClientRects()].filter(line => line.width > 1 && line.height > 1);
        if (!lines.length || getComputedStyle(part).visibility === "hidden") continue;
        const over = Math.max(...lines.map(line => line.right)) - limit(part.parentElement);
        if (over > 1) cut.push(`${Math.round(over)} px of ${part.localName} ${part.className} ${part.textContent.trim().slice(0, 40)}`);
    }
    return cut;
})()"""
#: the page is wider than the window
TOO_WIDE = "document.scrollingElement.scrollWidth - window.innerWidth"
#: A typeset formula is some hundred elements, which hold no text that axe could judge and cost it most of its time. Each box keeps
#: its size and its own attributes.
EMPTY_FORMULAS = """(() => {
    const boxes = [...document.querySelectorAll("mjx-container")].filter(box => box.firstElementChild);
    const sizes = boxes.map(box => box.firstElementChild.getBoundingClientRect());
    boxes.forEach((box, k) => {
        const filler = document.createElement("span");
        filler.style.cssText = `display: inline-block; width: ${sizes[k].width}px; height: ${sizes[k].height}px`;
        box.replaceChildren(filler);
    });
})()"""
MODE = "document.documentElement.dataset.theme = '{}'"
RUN_AXE = """axe.run(document, {{resultTypes: ["violations"], {only}}}).then(result => result.violations
    .filter(fault => ["serious", "critical"].includes(fault.impact))
    .flatMap(fault => fault.nodes.map(node => `${{fault.id}}: ${{node.target.join(" ")}}: ${{
        [...node.any, ...node.all, ...node.none].map(check => check.message).join("; ")}}`)))"""


@pytest.fixture(scope="module")
def look(address, tmp_path_factory):
    """look(page): what was found on a page, which is loaded once for all tests."""
    with Browser(tmp_path_factory.mktemp("profile")) as browser:

        @functools.cache
        def look(name):
            with Page(browser, f"{address}/{name}", *WIDE) as page:
                return looked_at(page)

        yield look


def looked_at(page):
    found = {"untypeset": page.evaluate(UNTYPESET), "mistakes": page.evaluate(MISTAKES)}
    found["formulas"] = page.evaluate("document.querySelectorAll('.math').length")
    page.evaluate(OPEN)
    for size in (WIDE, PHONE):
        page.resize(*size)
        page.evaluate(SETTLE)
        found["cut off", size] = page.evaluate(CUT_OFF)
        found["too wide", size] = page.evaluate(TOO_WIDE)
    found["broken"] = page.evaluate(BROKEN)
    found |= {"complaints": page.complaints, "requests": page.requests}
    if AXE.is_file():
        page.evaluate(EMPTY_FORMULAS)
        page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
        faults(page, PHONE, found)
        page.resize(*WIDE)
        page.evaluate(SETTLE)
        faults(page, WIDE, found)
    return found


def faults(page, size, found):
    # what is dark differs in its colours only
    for mode, only in (("light", ""), ("dark", "runOnly: ['color-contrast']")):
        page.evaluate(MODE.format(mode))
        found["faults", size, mode] = page.evaluate(RUN_AXE.format(only=only))


@pytest.mark.parametrize("name", LOOKED_AT)
def test_formulas_are_typeset(name, look):
    found = look(name)
    # an amsmath environment may hold several formulas of the source, hence elements and not dollars are counted
    assert found["formulas"] >= len(soup(name).select(".math"))
    assert found["untypeset"] == [] and found["mistakes"] == []


@pytest.mark.parametrize("name", LOOKED_AT)
def test_nothing_is_cut_off(name, look):
    found = look(name)
    for size in (WIDE, PHONE):
        assert found["cut off", size] == [], f"{size[0]} px"
        assert found["too wide", size] <= 0, f"{size[0]} px"


@pytest.mark.parametrize("name", LOOKED_AT)
def test_page_is_light_and_loads_from_nowhere_else(name, look, address):
    found = look(name)
    assert [url for url in found["requests"] if not url.startswith(address + "/")] == []
    assert found["complaints"] == [] and found["broken"] == []
    assert sum(found["requests"].values()) < WEIGHT


@pytest.mark.skipif(
    not AXE.is_file(), reason="axe-core is not there (`make axe`): the pages' accessibility is not looked at"
)
@pytest.mark.parametrize("name", LOOKED_AT)
def test_page_is_accessible(name, look):
    """No rule of axe-core is broken in a way it calls serious or critical."""
    found = look(name)
    faults = {key[1:]: value for key, value in found.items() if key[0] == "faults" and value}
    assert faults == {}
