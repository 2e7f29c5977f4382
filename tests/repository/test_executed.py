"""What an executed notebook must not hold is seen, and does not get into the cache of the book."""

import book_extension
import executed
import nbformat
import pytest

PICTURE = {"text/plain": "<Figure size 640x480 with 1 Axes>", "image/png": "iVBO"}
SHOWN = {"text/plain": PICTURE["text/plain"]}
FIGURE = {"mystnb": {"figure": {"caption": "c"}}}
WIDGET = {"text/plain": "bar", executed.WIDGET: {"model_id": "1"}}


def notebook(*outputs, metadata=None):
    cell = nbformat.v4.new_code_cell("x", metadata=metadata or {}, outputs=list(outputs))
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A page"), cell])


def data(content):
    return nbformat.v4.new_output("display_data", content)


def stream(name):
    return nbformat.v4.new_output("stream", name=name, text="beware")


@pytest.mark.parametrize(
    "fit",
    [
        notebook(),
        notebook(stream("stdout")),
        notebook(data({"text/plain": "2"})),
        notebook(data(PICTURE)),
        notebook(data(PICTURE), metadata=FIGURE),
    ],
)
def test_what_may_be_kept(fit):
    assert executed.faults(fit) == []


UNFIT = {
    "a complaint": (notebook(stream("stderr")), "cell 1 writes to the standard error: beware"),
    "a figure that was declared": (notebook(metadata=FIGURE), "cell 1 should draw a figure and shows no picture"),
    "an alternative text": (notebook(metadata={"mystnb": {"image": {"alt": "a"}}}), "no picture"),
    "a figure shown by its name": (notebook(data(SHOWN)), "no picture"),
    "an empty picture": (notebook(data(SHOWN | {"image/png": ""})), "no picture"),
    "a widget": (notebook(data(WIDGET)), "cell 1 shows a widget"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_may_not(name):
    unfit, said = UNFIT[name]
    (fault,) = executed.faults(unfit)
    assert said in fault


def test_dead_widgets_may_not():
    page = notebook()
    page.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"1": {}}}}
    assert executed.faults(page) == ["it holds the state of widgets"]


def test_a_cell_that_drew_before_has_to_draw_again():
    assert executed.faults(notebook(), executed.figures(notebook(data(SHOWN)))) != []


@pytest.mark.parametrize(
    "source, said",
    [
        ("1 + 1", None),
        ("import sys\nprint('beware', file=sys.stderr)", "beware"),
        ("import ipywidgets\nipywidgets.IntProgress();", "state of widgets"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_the_build_s_execution_fails(source, said, tmp_path):
    if "ipywidgets" in source:
        pytest.importorskip("ipywidgets")
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    result = book_extension.execute(page, cwd=str(tmp_path), timeout=60, allow_errors=False)
    assert (result.err is None) is (said is None)
    assert said is None or said in result.exc_string
