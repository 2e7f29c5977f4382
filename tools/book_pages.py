"""What is changed in the built pages after the theme has written them.

- Icons: the theme loads Font Awesome twice, as 1.5 MB of script and as fonts of 160 kB. The fonts do alone, cut down to the icons
  that occur, and the style sheet's 1,900 rules to theirs.
- Names: labels that hide the words written on a button from a screen reader go; so do the names of icons beside words.
- Roles: a list of references is a list of items.
- Search: every page loads the search's list of words; entries of an index that these pages do not show leave it.
- Lines: a comma stays on the line of the formula before it, a bracket on that of the formula after it.
"""

import json
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

#: (pattern, replacement) on the text of a page
MENDS = (
    (r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>", ""),
    # what is written on it is its name: "Search", "Show code cell source"
    (r'(<button class="btn search-button-field [^>]*?) title="Search" aria-label="Search"', r"\1"),
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # the button around an icon has a name; "Light" and "Dark" are not written there
    (r'(<i class="(?:[^"]* )?fa[srb]?[ -][^"]*"(?: data-mode="\w+")?)(?:\s+title="[^"]*")?\s*>', r'\1 aria-hidden="true">'),
    # the role "doc-biblioentry" is deprecated and no child of a list
    (r'(<div class="citation" id="[^"]*") role="doc-biblioentry">', r'\1 role="listitem">'),
)
#: an inline formula with the signs before and after it; browsers would break the line between them
FORMULA = re.compile(r'([(\[“‘]*)(<span class="math notranslate nohighlight">[^<]*</span>)([-,.;:!?)\]”’]*)')
TOGETHER = "formula-with-signs"
SHEET = "styles/pydata-sphinx-theme.css"
#: a rule of Font Awesome: the character of an icon, which may have several names
ICON_RULE = re.compile(r'((?:\.fa-[\w-]+::?before,?)+)\{content:"([^"]+)"\}')
#: a character of the private use area, where icons are: as such, or as the escape of a style sheet
ICON = re.compile(r"([\uf000-\uf8ff])|\\([ef][0-9a-f]{3})(?![0-9a-f])")


def setup(app):
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def finish(app, exception):
    if exception is None and app.builder.format == "html":
        html = Path(app.outdir)
        pages = [page for page in html.rglob("*.html") if "_static" not in page.relative_to(html).parts]
        texts = {page: mend(page.read_text(encoding="utf-8")) for page in pages}
        for page, text in texts.items():
            page.write_text(text, encoding="utf-8")
        trim_icons(html / "_static", texts.values())
        trim_search(html / "searchindex.js")


def mend(page):
    for pattern, replacement in MENDS:
        page = re.sub(pattern, replacement, page)
    # not twice, where a page is older than this build
    return page if TOGETHER in page else FORMULA.sub(keep_together, page)


def keep_together(match):
    before, _, after = match.groups()
    return f'<span class="{TOGETHER}">{match[0]}</span>' if before or after else match[0]


def trim_search(path):
    """Leave out the entries of the index: a fifth of the list, of names and titles that it holds as objects and titles as well."""
    before, content, after = re.fullmatch(
        r"(Search\.setIndex\()(.*)(\);?\s*)", path.read_text(encoding="utf-8"), re.S
    ).groups()
    content = json.dumps(json.loads(content) | {"indexentries": {}}, separators=(",", ":"), ensure_ascii=False)
    path.write_text(before + content + after, encoding="utf-8")


def icon_names(texts):
    """The names of icons that occur in pages and scripts."""
    return {name for text in texts for name in re.findall(r"\bfa-[a-z0-9-]+", text)}


def trim_icons(static, pages):
    """Cut the fonts and the theme's style sheet down to the icons that the pages, the scripts or a style ask for."""
    sheet = static / SHEET
    css = sheet.read_text(encoding="utf-8")
    (static / "scripts" / "fontawesome.js").unlink(missing_ok=True)
    scripts = [path.read_text(encoding="utf-8") for path in static.glob("**/*.js") if "mathjax" not in path.parts]
    names = icon_names([*pages, *scripts])
    css = ICON_RULE.sub(lambda rule: rule[0] if names & icon_names([rule[1]]) else "", css)
    # the fonts once, in the form that can be cut without a compressor
    css = re.sub(r'url\([^)]*/fontawesome/[^)]*\.woff2\) format\("woff2"\),', "", css)
    sheet.write_text(css, encoding="utf-8")
    styles = [path.read_text(encoding="utf-8") for path in static.glob("**/*.css")]
    kept = {ord(sign) if sign else int(code, 16) for style in styles for sign, code in ICON.findall(style)}
    for font in (static / "vendor" / "fontawesome" / "webfonts").glob("*.*"):
        if font.suffix == ".ttf":
            cut(font, kept)
        else:
            font.unlink()


def cut(font, characters):
    """Leave in a font the glyphs of these characters."""
    with TTFont(font) as whole:
        subsetter = subset.Subsetter(subset.Options(notdef_outline=True, layout_features=[], name_IDs=[0, 1, 2, 13, 14]))
        subsetter.populate(unicodes=characters)
        subsetter.subset(whole)
        # not over itself: the tables are read when they are needed
        part = font.with_suffix(".part")
        whole.save(part)
    part.replace(font)
