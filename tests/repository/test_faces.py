"""The faces: names that are there and mean one thing, nothing else in the chapters and README, and former names that still work."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from faces import faces, importable, named_by

import theory
from theory._former_names import HOMES, FormerModule

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
FACES = faces()


@pytest.mark.parametrize("path", FACES)
def test_no_name_is_that_of_a_submodule(path):
    """``theory.outliers.bbp`` must not depend on whether somebody has imported the file of that name before."""
    module = FACES[path]
    submodules = {info.name for info in pkgutil.iter_modules(getattr(module, "__path__", []))}
    assert {name for name, item in named_by(module).items() if not inspect.ismodule(item)}.isdisjoint(submodules)


def test_the_namespaces_are_those_of_the_package():
    assert set(theory.NAMESPACES) | {"activations"} == {path for path in FACES if path and "." not in path}


def foreign(code, where=""):
    """What a text of Python imports of `theory` that is no face, or no name of one; lines of IPython's own are left out."""
    found = []
    plain = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", code)
    for node in ast.walk(ast.parse(plain)):
        if isinstance(node, ast.Import):
            names = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for module, name in names:
            package, _, path = module.partition(".")
            if package != "theory":
                continue
            if path not in FACES or (name and name not in importable(FACES[path])):
                found.append(f"{where}{module}{f' ({name})' if name else ''}")
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_import_faces_only(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [name for number, code in enumerate(cells) for name in foreign(code, f"cell {number}: ")] == []


def test_readme_imports_faces_only():
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", (ROOT / "README.md").read_text())
    code = [re.sub(r"(?m)^>>> ", "", "\n".join(re.findall(r"(?m)^>>> .*$", block))) for block in blocks]
    assert code and [name for block in code for name in foreign(block)] == []


@pytest.mark.parametrize(
    "line",
    [
        "from theory.equations.scalar import ScalarSystem",
        "import theory.training.scalar_kernel",
        "def f():\n    from theory.bbp import windows",
        "from theory.outliers import bbp",
        "from theory import model",
        "%matplotlib inline\nfrom theory.symbolic.saddle_equations import saddle_point",
    ],
)
def test_a_way_past_the_faces_is_seen(line):
    assert len(foreign(line)) == 1


@pytest.fixture
def apart():
    """Former modules are bound to the packages that they are imported from: for one test only."""
    packages = [theory, *(importlib.import_module(f"theory.{name}") for name in theory.NAMESPACES)]
    before, loaded = [dict(vars(package)) for package in packages], set(sys.modules)
    yield
    for name in set(sys.modules) - loaded:
        if isinstance(sys.modules[name], FormerModule):
            del sys.modules[name]
    for package, names in zip(packages, before, strict=True):
        vars(package).update(names)
        for name in [name for name, item in vars(package).items() if name not in names and isinstance(item, FormerModule)]:
            delattr(package, name)


@pytest.mark.parametrize("name", HOMES)
def test_former_modules_lead_to_the_present_ones(name, apart):
    for home in HOMES[name]:
        importlib.import_module(f"theory.{home}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        former = importlib.reload(importlib.import_module(f"theory.{name}"))
    assert any(issubclass(warning.category, DeprecationWarning) for warning in caught)
    assert dir(former)
    with pytest.raises(AttributeError, match="its names are now in"):
        _ = former.no_such_name


def test_a_former_module_may_have_the_name_of_a_function(apart):
    """Its import binds it to the namespace, where the function was."""
    from theory.symbolic import saddle_equations

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        former = importlib.import_module("theory.symbolic.saddle_point")
    assert former.SaddlePoint is saddle_equations.SaddlePoint
    assert former() == saddle_equations.saddle_point()


@pytest.mark.parametrize("name", HOMES)
def test_the_changelog_says_where_it_went(name):
    homes = ", ".join(f"`theory.{home}`" for home in HOMES[name])
    assert f"| `theory.{name}` | {homes} |\n" in (ROOT / "CHANGELOG.md").read_text()


# --- what texts mention ----------------------------------------------------------------------------------------------


def stands_for_something(path):
    """Whether a path below `theory` leads to a module, or to a name in one, without a former module on the way."""
    item = theory
    for part in path.split(".")[1:]:
        inside = (
            {info.name for info in pkgutil.iter_modules(getattr(item, "__path__", []))} if inspect.ismodule(item) else ()
        )
        if hasattr(item, part):
            item = getattr(item, part)
        elif part in inside:
            item = importlib.import_module(f"{item.__name__}.{part}")
        else:
            return False
        if isinstance(item, FormerModule):
            return False
    return True


def texts():
    """Path → text, of the prose of chapters, of docstrings and comments of the package, its tools and tests, and of what is beside them."""
    for path in CHAPTERS:
        cells = nbformat.read(path, as_version=4).cells
        yield path, "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    folders = (ROOT / folder for folder in ("theory", "tests", "tools"))
    for path in [
        *(path for folder in folders for path in folder.rglob("*.py")),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]:
        yield path, path.read_text()


def test_what_is_mentioned_is_there():
    mentioned = re.compile(r"(?<!`)`(theory(?:\.\w+)+)(?:`|\()")
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in texts()
        for name in sorted(set(mentioned.findall(text)))
        if not stands_for_something(name)
    ]
    assert gone == []


def test_what_is_not_there_is_seen():
    assert stands_for_something("theory.symbolic.saddle_point") and stands_for_something("theory.spectrum.Spectrum.edges")
    assert not any(map(stands_for_something, ("theory.bbp", "theory.spectrum.edges", "theory.outliers.bbp.nonsense")))
