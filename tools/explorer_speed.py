"""How long a slider of the explorer takes: the median of 100 moves in Chromium, on this machine as it is.

    python tools/explorer_speed.py [MOVES]       after `make book`

The first number is the work of a move: couplings, spectrum, losses and both drawings. The second one goes on to the frame that shows it.
Times are measured and not asserted (`make explorer-speed`). Also the weight of the page with all that it loads, MathJax aside.
"""

import functools
import http.server
import statistics
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "built"))

MOVES = """(async () => {{
    const box = document.querySelector("[data-explorer]"), sliders = [...box.querySelectorAll("input[type=range]")], found = [];
    for (let k = 0; k < {moves}; k += 1) {{
        const slider = sliders[k % sliders.length], start = performance.now();
        const drawn = new Promise(done => box.addEventListener("explorer:drawn", event => done(event.detail), {{once: true}}));
        slider.value = Number(slider.value) + (k % 8 < 4 ? 7 : -7);
        slider.dispatchEvent(new Event("input"));
        const work = await drawn;
        await new Promise(done => requestAnimationFrame(done));
        found.push([work, performance.now() - start]);
    }}
    return found;
}})()"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def main(moves=100):
    from browser import CHROMIUM, Browser, Page

    page_file = ROOT / "_build" / "html" / "book" / "explorer.html"
    if CHROMIUM is None or not page_file.is_file():
        sys.exit("Chromium and the built pages are needed (`make book`)")
    handler = functools.partial(Handler, directory=str(page_file.parents[1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd, tempfile.TemporaryDirectory() as profile:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{httpd.server_address[1]}/book/explorer.html"
        with Browser(Path(profile)) as browser, Page(browser, address) as page:
            found = page.evaluate(MOVES.format(moves=moves))
            weight = sum(size for url, size in page.requests.items() if "mathjax" not in url)
        httpd.shutdown()
    work, shown = (sorted(column) for column in zip(*found, strict=True))
    for name, column in (("work of a move", work), ("until its frame", shown)):
        print(
            f"{name}: median {statistics.median(column):.1f} ms, nine in ten below {column[int(0.9 * len(column))]:.1f} ms"
        )
    print(f"page without MathJax: {weight / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
