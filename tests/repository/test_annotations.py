"""What is public says of what type it is: every argument and every result."""

import inspect

import pytest
from faces import faces, named_by


def functions():
    """Path → function, of all functions that the faces name, and of the public methods of their classes."""
    found = {}
    for path, module in faces().items():
        for item in named_by(module).values():
            inside = vars(item).items() if inspect.isclass(item) else ()
            methods = [f for key, f in inside if inspect.isfunction(f) and (not key.startswith("_") or key == "__init__")]
            for function in [item] if inspect.isfunction(item) else methods:
                if function.__module__.startswith("theory."):  # a dataclass has an __init__ of its own making
                    found[f"{path}.{function.__qualname__}".lstrip(".")] = function
    return found


FUNCTIONS = functions()


def test_they_are_many():
    assert len(FUNCTIONS) > 200 and "outliers.windows" in FUNCTIONS


@pytest.mark.parametrize("path", FUNCTIONS)
def test_every_argument_and_result_has_a_type(path):
    signature = inspect.signature(FUNCTIONS[path])
    missing = [name for name, p in signature.parameters.items() if p.annotation is p.empty and name not in ("self", "cls")]
    assert missing == []
    assert path.endswith("__init__") or signature.return_annotation is not signature.empty
