"""How the simulations are arranged: what the face names, which way the imports point, and that former names still lead somewhere."""

import ast
import importlib
import inspect
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from theory import RandomFeatureModel, activations, simulation

FOLDER = Path(simulation.__file__).parent
MODULES = {path.stem: ast.parse(path.read_text()) for path in FOLDER.glob("*.py") if path.stem != "__init__"}


def for_annotations_only(tree):
    """The nodes below ``if TYPE_CHECKING:``, which never run."""
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {id(inner) for test in tests for inner in ast.walk(test)}


def neighbours(tree):
    """Modules of the folder that a module imports when it runs."""
    hidden = for_annotations_only(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and id(node) not in hidden:
            yield from [node.module] if node.module else [alias.name for alias in node.names]


def test_imports_point_one_way():
    """A circle raises ``CycleError``. A folder stands among the modules as one of them."""
    order = list(TopologicalSorter({name: set(neighbours(tree)) for name, tree in MODULES.items()}).static_order())
    assert set(order) - {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_no_function_imports_from_the_package(name):
    functions = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.FunctionDef)]
    own = [node for f in functions for node in ast.walk(f) if isinstance(node, ast.ImportFrom) and node.level]
    assert own == []


def test_no_module_has_the_name_of_a_function():
    """Else what `theory.simulation` has under that name would depend on what was imported last."""
    functions = {name for name in simulation.__all__ if not inspect.ismodule(getattr(simulation, name))}
    assert not functions & set(MODULES)
    assert len(set(simulation.__all__)) == len(simulation.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_are_annotated(name):
    module = importlib.import_module(f"theory.simulation.{name}")
    own = [item for item in vars(module).values() if getattr(item, "__module__", None) == module.__name__]
    own += [method for item in own if inspect.isclass(item) for method in vars(item).values()]
    own = [getattr(item, "func", getattr(item, "fget", item)) for item in own]
    for function in filter(inspect.isfunction, own):
        if not function.__name__.startswith("_"):
            missing = set(inspect.signature(function).parameters) - set(function.__annotations__) - {"self", "cls"}
            assert not missing and "return" in function.__annotations__, function.__qualname__


# --- former names -----------------------------------------------------------------------------------------------------

#: former path below `theory.simulation` → present one
FORMER = {
    "backend.Backend": "Backend",
    "backend.array_of": "backends.array_of",
    "backend.backend": "backends.backend",
    "diffusion.time_grid": "sampling_times",
    "finite.covariance_eigenvalues": "covariance_eigenvalues",
    "finite.gaussian_equivalent": "equivalent.of_samples",
    "finite.kinds_of_samples": "kinds_of_samples",
    "finite.shares": "shares",
    "loss.Modes": "Modes",
    "loss.diagonalised": "eigenmodes.diagonalised",
    "loss.mean_square_target": "time_nodes.mean_square_target",
    "loss.modes": "modes",
    "noise_average.Node": "time_nodes.Node",
    "noise_average.hermite_tables": "hermite_tables",
    "noise_average.mehler_series": "mehler.mehler_series",
    "noise_average.nodes": "time_nodes.nodes",
    "training.exact_score_loss": "exact_score_loss",
    "training.flow_curve": "flow_curve",
    "training.flow_matrices": "flow.flow_matrices",
    "training.initial_test_loss": "initial_test_loss",
    "training.population": "population",
    "training.score_error": "score_error",
}


def test_former_names_lead_to_the_present_ones():
    """In a process of its own: to import a former module puts it into the package."""
    code = f"""if True:
        import importlib, pkgutil, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        for former, present in {FORMER}.items():
            module, name = former.split(".")
            found = getattr(importlib.import_module("theory.simulation." + module), name)
            assert found is pkgutil.resolve_name("theory.simulation." + present), former
        from theory.simulation import backend
        assert backend("cpu", library="numpy").device == "cpu"
        """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["finite.shares", "loss.Modes", "diffusion.time_grid"])
def test_a_name_that_moved_warns(name):
    module, name = name.split(".")
    with pytest.warns(DeprecationWarning, match=rf"theory\.simulation\.{module}\.{name} is now "):
        getattr(importlib.import_module(f"theory.simulation.{module}"), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'theory.simulation.loss' has no attribute 'lost'"):
        _ = simulation.loss.lost


def test_a_draw_is_what_the_face_makes():
    model = RandomFeatureModel(activations.tanh, 2, 3, 0.1)
    assert isinstance(model.simulate(4), simulation.FiniteModel)
    assert (simulation.simulate(model, 4).U == model.simulate(4).U).all()
