"""Slides from a page as the build writes it: what is taken, where links lead, and what is said where something is missing."""

import pytest
import slides

import course

PAGE = """<html><head><script>window.MathJax = {"tex": {}}</script></head><body><article><h1>1. A page<a class="headerlink">#</a></h1>
<div class="math" id="equation-eq-one"><span class="eqno">(1.1)<a class="headerlink" href="#equation-eq-one">#</a></span>\\[x&lt;y\\]</div>
<div class="proof theorem admonition" id="thm-one"><p class="admonition-title"><span class="caption-number">Theorem 1.1 </span></p>
<section id="proof-content"><p>See <a href="other.html#there">there</a>, <a href="#here">here</a>, <a href="https://example.org/">far</a>.</p></section></div>
<figure id="fig-one"><img src="../_images/one.png" alt="A line."><figcaption><span class="caption-number">Fig. 1.1 </span></figcaption></figure>
<figure id="fig-none"><pre>&lt;Figure size 640x480 with 1 Axes&gt;</pre></figure>
<div class="cell tag_slide-one docutils"><details><summary>Show</summary><pre>print(1)</pre></details></div>
<div class="exercise admonition" id="ex-one"><p class="admonition-title"><span class="caption-number">Exercise 1.1 </span></p></div>
</article></body></html>"""
LECTURE = {
    "title": "A lecture on $x$",
    "aims": ["do <this>"],
    "exercises": ["ex-one"],
    "open": "ex-one",
    "part": [{"minutes": 90, "topic": "All", "show": ["eq-one", "thm-one", "fig-one", "slide-one"]}],
}
PAGES = dict.fromkeys(("eq-one", "thm-one", "fig-one", "fig-none", "slide-one", "ex-one", "eq-two"), "page")


@pytest.fixture
def book(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/page.html").write_text(PAGE, encoding="utf-8")
    return slides.Book(tmp_path)


def test_a_deck_has_its_slides_in_order(book):
    html = slides.deck(3, LECTURE, PAGES, book)
    assert "<title>3. A lecture on $x$</title>" in html and "\\(x\\)" in html and "do &lt;this&gt;" in html
    places = [html.index(f'data-label="{label}"') for label in LECTURE["part"][0]["show"]]
    assert places == sorted(places) and html.index("To do") > places[-1]
    assert 'window.MathJax = {"tex": {}}' in html
    assert "#</a>" not in html and "<summary>" not in html and "<details>" not in html
    assert "https:" not in html.replace("https://example.org/", "")


def test_numbers_and_links_lead_to_the_page(book):
    html = str(book.element("page", "eq-one")) + str(book.element("page", "thm-one")) + str(book.element("page", "fig-one"))
    for address in ("#equation-eq-one", "#thm-one", "#fig-one", "#here"):
        assert f'href="../html/book/page.html{address}"' in html
    assert 'href="../html/book/other.html#there"' in html and 'href="https://example.org/"' in html
    assert "x&lt;y" in html and "proof-content" not in html


def test_pictures_lie_beside_the_deck(book, tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images/one.png").write_bytes(b"picture")
    html = slides.pictures(str(book.element("page", "fig-one")), tmp_path, tmp_path)
    assert 'src="images/one.png"' in html and (tmp_path / "images/one.png").read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("page", "label", "said"),
    [
        ("page", "eq-two", "the built page page has no eq-two: make book"),
        ("page", "slide-two", "has no slide-two"),
        ("page", "fig-none", "fig-none was not drawn"),
        ("nowhere", "eq-one", "is not built: make book"),
    ],
)
def test_what_is_missing_is_said(book, page, label, said):
    with pytest.raises(slides.Missing, match=said):
        book.element(page, label)


def test_without_reveal_nothing_is_removed(tmp_path):
    (tmp_path / "slides").mkdir()
    with pytest.raises(slides.Missing, match="make slides fetches it"):
        slides.write(tmp_path / "slides", tmp_path, tmp_path, [])
    assert (tmp_path / "slides").is_dir()


def test_every_lecture_names_what_a_slide_can_show():
    shown = [label for lecture in course.lectures() for part in lecture["part"] for label in part["show"]]
    assert 50 < len(shown) == len(set(shown))
