"""The explorer in a browser: its drawings follow the sliders, by the keyboard too, and what is not certified is not drawn."""

import pytest
from browser import CHROMIUM, Browser, Page
from test_browser import WIDE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the explorer is not tried in a browser")

PAGES = ("explorer", "density", "training_curves", "outlier", "manifolds")
#: what the n-th explorer of the page shows: its pictures, their texts, its words
SHOWN = """(async (k) => {{
    await new Promise(done => setTimeout(done, 400));
    const box = document.querySelectorAll("[data-explorer]")[k];
    return {{pictures: [...box.querySelectorAll("canvas")].map(canvas => canvas.toDataURL()),
             texts: [...box.querySelectorAll("[role=img]")].map(part => part.getAttribute("aria-label")),
             words: box.querySelector("[aria-live]").textContent}};
}})({})"""
#: put a slider to a place between 0 and 1000
MOVE = """new Promise(done => {{
    const box = document.querySelectorAll("[data-explorer]")[{k}], slider = box.querySelectorAll("input[type=range]")[{slider}];
    box.addEventListener("explorer:drawn", () => done(0), {{once: true}});
    slider.value = {value};
    slider.dispatchEvent(new Event("input"));
}})"""
WHERE = "document.querySelectorAll('[data-explorer]')[{k}].querySelectorAll('input[type=range]')[{slider}].value"
SLIDERS = "[...document.querySelectorAll('[data-explorer]')].map(box => box.querySelectorAll('input[type=range]').length)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.mark.parametrize("name", PAGES)
def test_every_slider_moves_a_curve_and_back(name, browser, address):
    with Page(browser, f"{address}/book/{name}.html", *WIDE) as page:
        sliders = page.evaluate(SLIDERS)
        assert sliders and all(count >= 2 for count in sliders)
        for k, count in enumerate(sliders):
            before = page.evaluate(SHOWN.format(k))
            assert "Certified" in before["words"] and all(before["texts"])
            for slider in range(count):
                start = page.evaluate(WHERE.format(k=k, slider=slider))
                page.evaluate(MOVE.format(k=k, slider=slider, value=int(start) + 150))
                moved = page.evaluate(SHOWN.format(k))
                assert moved["pictures"] != before["pictures"] and moved["words"] != before["words"]
                page.evaluate(MOVE.format(k=k, slider=slider, value=start))
                assert page.evaluate(SHOWN.format(k)) == before
        assert page.complaints == []


def test_the_keyboard_moves_a_slider(browser, address):
    with Page(browser, f"{address}/book/explorer.html", *WIDE) as page:
        before = page.evaluate(SHOWN.format(0))
        page.evaluate("document.querySelector('[data-explorer] input[type=range]').focus()")
        for kind in ("keyDown", "keyUp"):
            key = {"key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}
            page.command("Input.dispatchKeyEvent", type=kind, **key)
        assert page.evaluate(SHOWN.format(0))["pictures"] != before["pictures"]


def test_what_is_not_certified_is_not_drawn(browser, address):
    """With a fault in the edges the density is left out and the words say so; the losses, which do without, stay."""
    with Page(browser, f"{address}/book/explorer.html", *WIDE) as page:
        before = page.evaluate(SHOWN.format(0))
        page.evaluate(
            "(() => { const right = explorerFormulas.height;"
            "explorerFormulas.height = (...all) => { right(...all); all.at(-1)[0] *= 1.1; } })()"
        )
        start = page.evaluate(WHERE.format(k=0, slider=1))
        page.evaluate(MOVE.format(k=0, slider=1, value=int(start) + 1))
        after = page.evaluate(SHOWN.format(0))
        assert after["words"].startswith("Not drawn, since it is not certified")
        assert "not certified" in after["texts"][0] and "Training and test loss" in after["texts"][1]
        assert len(after["pictures"][0]) < len(before["pictures"][0])


def test_a_dark_page_has_its_own_colours(browser, address):
    with Page(browser, f"{address}/book/explorer.html", *WIDE) as page:
        page.evaluate("document.documentElement.dataset.theme = 'light'")
        light = page.evaluate(SHOWN.format(0))
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert page.evaluate(SHOWN.format(0))["pictures"] != light["pictures"]
