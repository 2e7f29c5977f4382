"""A directive of the book's pages: drawings that follow sliders, computed in the reader's browser.

    ```{explorer} density
    ```

stands for one of the scenes of ``book/_static/explorer/scenes.js``. The scripts and their style are loaded by the pages that have
one, from the book itself. On paper, and without JavaScript, there is a note instead; the chapter's own figures show the same at fixed
parameters.
"""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

SCENES = {
    "network": "the spectrum of U and the losses along training",
    "density": "the density, the edges and the atom of U",
    "curves": "the losses along training and its two times",
    "outlier": "an outlier that leaves the bulk",
    "times": "the times of the exact empirical score",
}
#: in this order; formulas.js is written by the build (`explorer_formulas`)
SCRIPTS = ("formulas", "couplings", "solver", "spectrum", "training", "outlier", "empirical", "plots", "scenes", "widgets")
PLOTTING = "vendor/uplot/uPlot"
HTML = """<div class="explorer" data-explorer="{scene}" role="region" aria-label="Explorer: {what}">
<p class="explorer-note">On a screen, with JavaScript, sliders move {what} here.</p>
</div>"""


class Explorer(SphinxDirective):
    """``{explorer} scene``."""

    required_arguments = 1

    def run(self):
        (scene,) = self.arguments
        if scene not in SCENES:
            raise self.error(f"explorer = {scene!r} is unknown; allowed: {', '.join(SCENES)}")
        html = nodes.raw("", HTML.format(scene=scene, what=SCENES[scene]), format="html")
        return [html, nodes.raw("", rf"\emph{{In a browser, sliders move {SCENES[scene]} here.}}", format="latex")]


def setup(app):
    app.add_directive("explorer", Explorer)
    app.connect("html-page-context", load_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def load_scripts(app, pagename, templatename, context, doctree):
    if 'data-explorer="' in context.get("body", ""):
        for style in (f"{PLOTTING}.min.css", "explorer/explorer.css"):
            app.add_css_file(style)
        for script in (f"{PLOTTING}.iife.min.js", *(f"explorer/{name}.js" for name in SCRIPTS)):
            app.add_js_file(script, loading_method="defer")
