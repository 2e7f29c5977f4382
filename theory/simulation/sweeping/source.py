"""What code a sweep runs: the source of its function, of the functions of its module that it calls by name, and of the constants it reads.

Results of other code are not to be mixed. What a function of another module does is known by the versions of libraries and by the commit,
which stand in the provenance of each task.
"""

import dis
import functools
import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np


def qualified(function: Callable) -> str:
    """Module and name of a function; of a partial one, of what it calls."""
    if isinstance(function, functools.partial):
        return qualified(function.func)
    owner = function if hasattr(function, "__qualname__") else type(function)
    return f"{getattr(owner, '__module__', None)}.{owner.__qualname__}"


def fingerprints(function: Callable) -> dict[str, str]:
    """Name → SHA-256, of each piece of code and each constant that a change of results may come from."""
    found, queue = {}, [(f"{qualified(function)}, as it is called", function)]
    home = None
    while queue:
        label, item = queue.pop()
        # what caches results shows its function
        item = inspect.unwrap(item) if hasattr(item, "__wrapped__") else item
        name = _name(item) or label
        if name in found:
            continue
        found[name] = hashlib.sha256(_text(item)).hexdigest()
        if isinstance(item, functools.partial):
            queue += [("", item.func), *((f"{name}, argument {key}", value) for key, value in _arguments(item))]
        elif isinstance(item, MethodType):
            queue += [("", item.__func__), (f"{name}, object", item.__self__)]
        elif isinstance(item, (FunctionType, type)):
            home = home or item.__module__
            queue += [(key, value) for key, value in _read_by(item) if not _foreign(value, home)]
        elif callable(item) and not found.keys() - {name}:
            queue.append(("", type(item)))
    return dict(sorted(found.items()))


def _name(item: Any) -> str | None:
    """What a piece of code is called; None for a constant, which is called by whoever reads it."""
    return qualified(item) if isinstance(item, (FunctionType, type, MethodType)) else None


def _text(item: Any) -> bytes:
    """The source of a function or class; of anything else what it shows of itself, without addresses."""
    if isinstance(item, np.ndarray):
        return f"{item.dtype} {item.shape} ".encode() + np.ascontiguousarray(item).tobytes()
    if isinstance(item, (FunctionType, type)):
        try:
            return inspect.getsource(item).encode()
        except (OSError, TypeError):  # typed into an interpreter
            return "".join(f"{code.co_code.hex()} {code.co_consts}" for code in _codes(item)).encode()
    if isinstance(item, functools.partial | MethodType) or (callable(item) and hasattr(item, "__qualname__")):
        return qualified(item).encode()
    shown = str(sorted(map(repr, item))) if isinstance(item, (set, frozenset)) else repr(item)
    return re.sub(r" at 0x[0-9a-fA-F]+", "", shown).encode()


def _arguments(item: functools.partial) -> Iterator[tuple[str, Any]]:
    yield from ((str(place), value) for place, value in enumerate(item.args))
    yield from item.keywords.items()


def _codes(item: Any) -> Iterator[CodeType]:
    """The compiled code of a function or of the methods of a class, and of what is defined inside."""
    functions = [item] if isinstance(item, FunctionType) else [f for f in vars(item).values() if isinstance(f, FunctionType)]
    for code in (queue := [f.__code__ for f in functions]):
        yield code
        queue += [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _read_by(item: FunctionType | type) -> Iterator[tuple[str, Any]]:
    """Name → value, of the globals that a function or the methods of a class read, what it encloses, and its defaults."""
    functions = [item] if isinstance(item, FunctionType) else [f for f in vars(item).values() if isinstance(f, FunctionType)]
    for function in functions:
        for code in _codes(function):
            names = (step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
            for name in names:
                if name in function.__globals__:
                    yield f"{function.__module__}.{name}", function.__globals__[name]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            yield f"{qualified(function)}, enclosed {name}", cell.cell_contents
        for number, value in enumerate((*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())):
            yield f"{qualified(function)}, default {number}", value


def _foreign(value: Any, home: str) -> bool:
    """Whether a value is a module, or code of another module than ``home``."""
    code = isinstance(value, (FunctionType, type, MethodType)) or (callable(value) and hasattr(value, "__qualname__"))
    return isinstance(value, ModuleType) or (code and getattr(value, "__module__", None) != home)
