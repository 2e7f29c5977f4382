"""What an executed notebook must not hold, whatever its text says: complaints, places without their picture, widgets.

These come from the surroundings of the build and not from a chapter: a library that reports on the standard error, a backend
that draws nothing, a progress bar. Such a notebook is not published, stored or kept in a cache.
"""

from structure import FIGURE

WIDGET = "application/vnd.jupyter.widget-view+json"


class UnfitOutput(RuntimeError):
    """A notebook ran to its end and holds what it must not."""


def figures(notebook):
    """The indices of the cells that declare a figure or show one."""
    return {i for i, cell in _code(notebook) if _declares(cell) or any(map(_is_figure, cell.outputs))}


def faults(notebook, drawing=()):
    """All that is wrong, as sentences; ``drawing`` are cells that have to show a picture besides those of `figures`."""
    found = ["it holds the state of widgets"] if notebook.metadata.get("widgets") else []
    drawing = figures(notebook) | set(drawing)
    for i, cell in _code(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {i} writes to the standard error: {output.text.strip()[:200]}")
            if WIDGET in output.get("data", {}):
                found.append(f"cell {i} shows a widget")
        if i in drawing and not any(map(_is_picture, cell.outputs)):
            found.append(f"cell {i} should draw a figure and shows no picture")
    return found


def _code(notebook):
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def _declares(cell):
    return not {"figure", "image"}.isdisjoint(cell.metadata.get("mystnb", {}))


def _is_figure(output):
    return bool(FIGURE.search(output.get("data", {}).get("text/plain", "")))


def _is_picture(output):
    return any(kind.startswith("image/") and content for kind, content in output.get("data", {}).items())
