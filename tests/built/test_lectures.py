"""The slides of the course in a browser: each shows what the course names, typeset, whole, and with nothing from elsewhere.

Run by ``make pages``, once ``make slides`` has made them; else its tests are skipped, and the summary says so.
"""

import functools
import http.server
import threading
from urllib.parse import urlsplit

import pytest
from browser import CHROMIUM, Browser, Page
from slides import SLIDES

import course

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: no slide is looked at in a browser"),
    pytest.mark.skipif(not SLIDES.is_dir(), reason="there are no slides: make slides"),
]
LECTURES = dict(enumerate(course.lectures(), 1))
#: smallest letters relative to the usual ones, and pixels that rounding may add
SMALLEST, ROUNDING = 0.4, 3
#: every slide shown once, as by a speaker's key: its label, zoom, and how far it reaches over the edges
WALK = """started.then(async () => {
    const seen = [];
    for (Reveal.slide(0, 0); ; Reveal.next()) {
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))));
        const slide = Reveal.getCurrentSlide(), shown = slide.querySelector(".shown") || slide;
        const box = shown.getBoundingClientRect();
        seen.push({
            label: slide.dataset.label, zoom: Number(shown.dataset.fitted || 1),
            pictures: [...shown.querySelectorAll("img")].map(i => i.naturalWidth),
            below: box.bottom - innerHeight, beside: Math.max(box.right - innerWidth, shown.scrollWidth - shown.clientWidth),
        });
        if (Reveal.isLastSlide()) break;
    }
    return seen;
})"""
UNTYPESET = """[...document.querySelectorAll(".math")].filter(box => box.querySelectorAll("mjx-container").length !== 1)
    .map(box => box.textContent.slice(0, 60)).concat([...document.querySelectorAll("mjx-merror")].map(box => box.textContent.slice(0, 60)))"""


@pytest.fixture(scope="module")
def look(tmp_path_factory):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    serve = functools.partial(Handler, directory=str(SLIDES))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server,
        Browser(tmp_path_factory.mktemp("profile")) as browser,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()

        @functools.cache
        def look(number):
            address = f"http://127.0.0.1:{server.server_address[1]}/lecture-{number:02d}.html"
            with Page(browser, address, 1280, 720) as page:
                seen, untypeset = page.evaluate(WALK), page.evaluate(UNTYPESET)
                return {"seen": seen, "untypeset": untypeset, "complaints": page.complaints, "requests": list(page.requests)}

        yield look
        server.shutdown()


@pytest.mark.parametrize("number", LECTURES)
def test_a_lecture_shows_what_the_course_names(look, number):
    named = [label for part in LECTURES[number]["part"] for label in part["show"]]
    found = look(number)
    assert [slide["label"] for slide in found["seen"] if slide.get("label")] == named
    assert found["untypeset"] == [] and found["complaints"] == []
    assert [slide["label"] for slide in found["seen"] if not all(slide["pictures"])] == []
    assert {urlsplit(address).hostname for address in found["requests"]} == {"127.0.0.1"}


@pytest.mark.parametrize("number", LECTURES)
def test_nothing_is_cut_off_or_too_small(look, number):
    seen = look(number)["seen"]
    assert [slide for slide in seen if max(slide["below"], slide["beside"]) > ROUNDING] == []
    assert [(slide["label"], slide["zoom"]) for slide in seen if slide["zoom"] < SMALLEST] == []
