"""A book of two pages comes out the same in whatever surroundings it is built: pictures, no complaints, no widgets.

Run by ``make surroundings``; each build takes about ten seconds.
"""

import json
import os

import executed
import nbformat
import pages
import pytest

# what a shell of a user who has set nothing would say
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def no_pictures(here):
    return {"MPLBACKEND": "Agg", "DISPLAY": ""}


def fonts_never_listed(here):
    """Here and in the environment: see `without_fonts`."""
    return {"MPLCONFIGDIR": str(here), "XDG_CACHE_HOME": str(here)}


def bars_asked_for(here):
    return {"TQDM_DISABLE": "0", "TQDM_DELAY": "0", "TQDM_MININTERVAL": "0"}


def foreign_kernel(here):
    spec = {"argv": ["false", "{connection_file}"], "display_name": "Python 3", "language": "python"}
    for folder in ("path", "home/.local/share/jupyter", "data"):
        write(here / folder / "kernels" / "python3" / "kernel.json", json.dumps(spec))
    home = {"HOME": str(here / "home"), "XDG_DATA_HOME": str(here / "home/.local/share")}
    return home | {
        "JUPYTER_PATH": str(here / "path"),
        "JUPYTER_DATA_DIR": str(here / "data"),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }


def foreign_jupyter(here):
    code = (
        "c = get_config()\nc.NotebookClient.allow_errors = True\nc.KernelManager.transport = 'none'\nraise SystemExit(3)\n"
    )
    for name in ("jupyter_config.py", "jupyter_client_config.py", "jupyter_notebook_config.py"):
        write(here / name, code)
    return {"JUPYTER_CONFIG_DIR": str(here), "JUPYTER_CONFIG_PATH": str(here), "JUPYTER_RUNTIME_DIR": "/dev/null/runtime"}


def ipython_profile(here):
    for folder in (here, here / "home" / ".ipython"):
        profile = folder / "profile_default"
        write(profile / "startup" / "00.py", "print('good morning')\nround = None\n")
        write(profile / "ipython_config.py", "get_config().InteractiveShell.ast_node_interactivity = 'all'\n")
        write(profile / "ipython_kernel_config.py", "get_config().InlineBackend.figure_formats = ['svg']\n")
    return {"IPYTHONDIR": str(here), "HOME": str(here / "home")}


def matplotlib_style(here):
    style = "lines.linewidth: 9\naxes.facecolor: black\nfont.size: 31\nbackend: svg\n"
    write(here / "home" / ".config" / "matplotlib" / "matplotlibrc", style)
    write(here / "book" / "ignored", "")
    home = {"HOME": str(here / "home"), "XDG_CONFIG_HOME": str(here / "home" / ".config")}
    return home | {"MATPLOTLIBRC": write(here / "matplotlibrc", style)}


def another_python(here):
    for name in ("theory", "numpy", "nbclient", "sitecustomize"):
        write(here / f"{name}.py", "raise ImportError('from somewhere else')")
    return {
        "PYTHONPATH": str(here),
        "PYTHONHOME": "/nonexistent",
        "PYTHONSTARTUP": write(here / "startup.py", "print('hello')\n"),
        "PYTHONWARNINGS": "always",
        "PYTHONOPTIMIZE": "2",
        "PYTHONSAFEPATH": "1",
        "PYTHONINSPECT": "1",
        "PYTHONNOUSERSITE": "",
    }


def no_letters(here):
    return {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}


def no_home(here):
    nowhere = "/dev/null/home"
    return {name: nowhere for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}


def no_programs(here):
    return {"PATH": str(here), "GIT_DIR": "/nonexistent", "GIT_WORK_TREE": "/nonexistent"}


def threads_asked_for(here):
    return {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "COLUMNS": "40", "NO_COLOR": "1"}


SURROUNDINGS = (
    *(no_pictures, fonts_never_listed, bars_asked_for, foreign_kernel, foreign_jupyter, ipython_profile),
    *(matplotlib_style, another_python, no_letters, no_home, no_programs, threads_asked_for),
)


def everything(here):
    """All of them at once; of two that set the same variable the later one wins."""
    return {name: value for each in SURROUNDINGS for name, value in each(here / each.__name__).items()}


def without_fonts(folder):
    """The settled folders of a book are new, as in an environment whose fonts were not listed when it was made."""
    tool = folder / "tools" / "surroundings.py"
    text = tool.read_text(encoding="utf-8")
    assert text.count('Path(sys.prefix) / "var"') == 1
    tool.write_text(text.replace('Path(sys.prefix) / "var"', 'ROOT / "_build" / ".new"'), encoding="utf-8")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The outputs in plain surroundings, and the folder of the book."""
    folder = pages.lay_out(tmp_path_factory.mktemp("plain") / "two pages, ψ")  # a path that a shell has to quote
    code, said = pages.build(folder, PLAIN)
    assert code == 0, said
    outputs = pages.cached(folder)
    check(folder, outputs)
    shown = [output for _, found in outputs[pages.ONE["imports"]] for output in found]
    assert [output["text"] for output in shown if output["output_type"] == "stream"] == [
        "0.00590 0.06687 1.06945 6.18059\n",
        "λ ≥ 0, ψ\nTrue\n",
    ]
    return folder, outputs


def check(folder, outputs):
    assert len(outputs) == 2
    everything = [output for cells in outputs.values() for _, found in cells for output in found]
    assert sum("image/png" in (output["data"] or {}) for output in everything) == 2
    assert not any(output["name"] == "stderr" for output in everything)
    assert not any(executed.WIDGET in (output["data"] or {}) for output in everything)
    assert [len(pages.pictures(folder, name)) for name in ("one", "two")] == [1, 1]


@pytest.mark.parametrize("around", [*SURROUNDINGS, everything], ids=lambda around: around.__name__)
def test_the_book_is_the_same(around, reference, tmp_path):
    folder, outputs = reference
    folder = pages.lay_out(tmp_path / "book")
    if around is fonts_never_listed:
        without_fonts(folder)
    code, said = pages.build(folder, PLAIN | around(tmp_path / "around"))
    assert code == 0, said
    if around is fonts_never_listed:
        assert list((folder / "_build" / ".new").rglob("fontlist-*.json")) != []
    found = pages.cached(folder)
    check(folder, found)
    assert found == outputs


def test_the_chapters_are_compared_the_same(tmp_path):
    """What one surrounding writes as a chapter, nbval accepts in all the others at once."""
    folder = pages.lay_out(tmp_path / "book")
    code, said = pages.run(folder, PLAIN, "tools/chapters.py", "execute", "one", "two")
    assert code == 0, said
    around = PLAIN | everything(tmp_path / "around")
    count = len(pages.ONE) + len(pages.TWO)
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "book/one.ipynb", "book/two.ipynb")
    code, said = pages.run(folder, around, *arguments)
    assert code == 0 and f"{count} passed" in said, said
    before = [(folder / "book" / f"{name}.ipynb").read_bytes() for name in ("one", "two")]
    code, said = pages.run(folder, around, "tools/chapters.py", "execute", "one", "two")
    assert code == 0, said
    assert [(folder / "book" / f"{name}.ipynb").read_bytes() for name in ("one", "two")] == before


UNFIT = {
    "a complaint": "import sys\n\nprint('beware', file=sys.stderr)",
    "figure": "import matplotlib\n\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2]);",
}


@pytest.mark.parametrize("mode", ["cache", "force"])
@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_page_fails_the_build_and_is_not_kept(kind, mode, tmp_path):
    folder = pages.lay_out(tmp_path / "book", one={"imports": "1 + 1", kind: UNFIT[kind]}, two={"imports": "2 + 2"})
    code, said = pages.build(folder, PLAIN | {"BOOK_EXECUTE": mode})
    assert code != 0
    assert "writes to the standard error: beware" in said or "shows no picture" in said, said
    if mode == "cache":
        assert "1 + 1" not in pages.cached(folder)


def test_what_is_in_the_cache_is_looked_at_again(tmp_path):
    """An entry that came into the cache by another way is removed, and the page executed."""
    folder = pages.lay_out(tmp_path / "book", one={"imports": "1 + 1"}, two={"imports": "2 + 2"})
    code, said = pages.build(folder, PLAIN)
    assert code == 0, said
    kept = [path for path in (folder / "_build" / ".jupyter_cache").rglob("base.ipynb") if "1 + 1" in path.read_text()]
    (path,) = kept
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="beware"))
    nbformat.write(notebook, path)
    code, said = pages.build(folder, PLAIN)
    assert code == 0, said
    assert "beware" not in path.read_text() if path.exists() else True
    assert {source for source in pages.cached(folder)} == {"1 + 1", "2 + 2"}
    assert "beware" not in json.dumps(pages.cached(folder))
