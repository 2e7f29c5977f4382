"""The repository keeps its promises: requirements, README, licence, independent simulations, no traces of a machine."""

import ast
import doctest
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import theory

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked():
    """The files of the repository; outside git or without it, all but what .gitignore names as built."""
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        listed = None
    if listed and listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    built = [".git", *(line[:-1] for line in (ROOT / ".gitignore").read_text().splitlines() if line.endswith("/"))]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(fnmatch(part, name) for part in path.relative_to(ROOT).parts for name in built)
    ]


def parse(lines):
    requirements = [Requirement(line.split("#")[0].strip()) for line in lines if line.split("#")[0].strip()]
    return {requirement.name: requirement.specifier for requirement in requirements}


# --- what it runs on -------------------------------------------------------------------------------------------------


def test_requirements_agree_with_pyproject():
    file = parse((ROOT / "requirements.txt").read_text().splitlines())
    package = parse(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])
    assert {name: file.get(name) for name in package} == package


def test_every_requirement_is_a_range():
    for name, specifier in parse((ROOT / "requirements.txt").read_text().splitlines()).items():
        operators = {clause.operator for clause in specifier}
        assert operators == {">=", "<"}, f"{name}{specifier} is not bounded on both sides"


def test_jupyter_book_is_version_one():
    # _config.yml and _toc.yml are its formats
    assert Version("2.0") not in parse((ROOT / "requirements.txt").read_text().splitlines())["jupyter-book"]


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert theory.__version__ == PROJECT["version"] == str(citation["version"])


def test_python_version_is_said_once_and_the_same():
    minimum = re.fullmatch(r">=(3\.\d+)", PROJECT["requires-python"]).group(1)
    assert f"Python {minimum} or newer" in README
    assert f"sys.version_info < ({minimum.replace('.', ', ')})" in (ROOT / "Makefile").read_text()


# --- README, licence, citation ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_readme_example_is_true():
    example = "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```$", README))
    test = doctest.DocTestParser().get_doctest(example, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 5
    said = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed == 0, "".join(said)


def test_readme_names_commands_that_exist():
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"make ([a-z-]+)", "\n".join(re.findall(r"(?m)^    make .*|`make [a-z-]+`", README))))
    assert {"book", "test", "lab"} <= named <= targets
    assert "clean" in targets


def test_readme_links_resolve():
    for target in re.findall(r"\]\(([^)\s]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).is_file(), target
    for path in re.findall(r"(?m)^\| `([^`]+)`", README):
        assert (ROOT / path).exists(), path


def test_picture_is_small_and_self_contained():
    picture = (ROOT / "book/_static/density.svg").read_text()
    assert len(picture) < 200_000
    assert "<image" not in picture and not re.search(r"(?:href|src)=\"http", picture)


def test_citation_file_has_what_the_format_requires():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert all(set(author) <= {"name", "website"} and author["name"] for author in citation["authors"])
    assert citation["title"] in README


def test_licence_covers_code_and_text():
    licence = (ROOT / "LICENSE").read_text()
    assert "BSD 3-Clause License" in licence and "CC BY 4.0" in licence
    assert PROJECT["license"] == "BSD-3-Clause" and PROJECT["license-files"] == ["LICENSE"]


# --- the two ways to an observable -----------------------------------------------------------------------------------

#: all that a simulation may know of the package: the description of a model and of a curve, its own modules, and what checks and
#: reports. The simulations are the second way to an observable only as long as they share no more than that.
DESCRIPTION = {
    *("_former_names", "activations", "couplings", "data", "digits", "errors", "filters", "model", "process", "progress"),
    *("results", "simulation", "validation"),
}


def imports(path):
    """Absolute names of what a module of `theory` imports, at any depth of its code."""
    package = ("theory", *path.relative_to(ROOT / "theory").parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            start = ".".join(filter(None, (base, node.module)))
            yield from (f"{start}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted((ROOT / "theory/simulation").rglob("*.py")), ids=lambda path: path.stem)
def test_simulations_import_no_solver(path):
    own = {name.split(".")[1] for name in imports(path) if name.startswith("theory.")}
    assert own <= DESCRIPTION, f"{path.name} imports {sorted(own - DESCRIPTION)}"


def test_simulating_loads_no_solver():
    """Not by a detour either: what is loaded once every module of the simulations is, and has been used."""
    modules = sorted(path.stem for path in (ROOT / "theory/simulation").glob("[!_]*.py"))
    code = f"""if True:
        import importlib, sys
        for name in {modules}:
            importlib.import_module("theory.simulation." + name)
        from theory import Mixture, RandomFeatureModel, TimeGrid, activations
        data = Mixture((0.5, 0.5), means=((1, -1), (-1, 1)))
        for t, data, bias in ((0.1, None, 0), (TimeGrid((0.1, 0.5), (0.5, 0.5)), data, 1.0)):
            model = RandomFeatureModel(activations.tanh, 2, 3, t, *[data] * bool(data), bias=bias)
            finite = model.simulate(d=10)
            finite.stieltjes(-1.0), finite.eigenvalues, finite.training(1.0)
            sys.modules["theory.simulation.optimisers"].optimise(finite, 2, progress=False)
        print(*sys.modules)"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[1] for name in result.stdout.split() if name.startswith("theory.")}
    assert "simulation" in loaded
    # the closed forms of the coefficients are derivations
    assert loaded <= DESCRIPTION | {"symbolic"}


def test_importing_is_light():
    """PyTorch, the plotting library and the notebook's tools stay out until they are asked for."""
    code = "import sys, theory; print([m for m in ('torch', 'cupy', 'matplotlib', 'pandas', 'IPython') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# --- traces ----------------------------------------------------------------------------------------------------------

# written in pieces, so that this file does not match itself
TRACES = {
    "a path of one machine": r"(?<![\w.<])/(?:" + "|".join(("work", "home", "root", "Users", "tmp")) + r")/\w",
    "an unfinished place": r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b",
    "a registry's address": "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs")),
    "a merge's mark": r"(?m)^(?:<{7}|>{7}) ",
}


def test_without_git_the_files_are_the_same(monkeypatch, tmp_path):
    with_git = set(tracked())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert with_git <= set(tracked())


@pytest.mark.parametrize("what", TRACES)
def test_no_traces(what):
    found = []
    for path in tracked():
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.suffix == ".svg":  # outlines are numbers and letters
            continue
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in re.finditer(TRACES[what], content)]
    assert found == []


def test_public_modules_say_what_they_are():
    for path in sorted((ROOT / "theory").rglob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path.relative_to(ROOT)} has no docstring"
