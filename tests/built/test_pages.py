"""The built pages, as a reader gets them: links lead somewhere, nothing comes from elsewhere, formulas are typeset.

Run by ``make pages`` after ``make book``. The browser's part needs Chromium and is skipped without it.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import structure
from bs4 import BeautifulSoup

HTML = structure.ROOT / "_build" / "html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html") if "_static" not in path.parts)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TYPESET = "mjx-container"


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
    assert soup(f"book/{first['Foundations']}.html").h1.get_text().startswith("1. ")
    assert soup(f"book/{first['Appendices']}.html").h1.get_text().startswith("A. ")


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


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    """(address, list of failed requests) of the pages on the loopback interface."""
    failed = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def send_error(self, code, *arguments):
            failed.append((code, self.path))
            super().send_error(code, *arguments)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(HTML))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}", failed
        httpd.shutdown()
        thread.join()


def render(address, profile):
    """(document after its scripts have run, messages of the console)."""
    command = [
        CHROMIUM,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"),
        # whatever is asked of another host fails and is seen in the console
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        *("--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom", address),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    # [process:thread:date/time:level:CONSOLE:line] "message", source: address
    console = re.findall(r'CONSOLE[:(]\d+\)?\] "(.*)", source:', result.stderr)
    assert len(console) == result.stderr.count("CONSOLE")
    return BeautifulSoup(result.stdout, "html.parser"), console


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: formulas are not looked at in a browser")
@pytest.mark.parametrize("name", structure.contents())
def test_formulas_are_typeset(name, server, tmp_path):
    address, failed = server
    page, console = render(f"{address}/book/{name}.html", tmp_path)
    # an amsmath environment may hold several formulas of the source, hence elements and not dollars are counted
    expected = page.select(".math")
    assert len(expected) == len(soup(f"book/{name}.html").select(".math"))
    untypeset = [element.get_text()[:60] for element in expected if not element.find(TYPESET)]
    assert untypeset == []
    assert len(page.find_all(TYPESET)) == len(expected)
    errors = [element.get_text()[:60] for element in page.find_all("mjx-merror")]
    assert errors == []
    assert [said for said in console if re.search(r"error|fail|refused|404|not found|uncaught", said, re.IGNORECASE)] == []
    assert failed == []
