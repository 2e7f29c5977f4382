"""Signatures as they are written, for the reference.

Annotations and defaults come from the source: what Python holds of ``ArrayLike`` is a line of its private types. A name that the reference
describes is a link there, and an alias of the package's own for a type is shown as what it stands for.
"""

import ast
import functools
import importlib
import inspect
import textwrap

import reference
from docstrings import candidates, package


class Written:
    """A piece of source in the place of an annotation or a default."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class Links(ast.NodeTransformer):
    """Names of the package in an annotation as Sphinx takes them: ``~theory.Gaussian``, shown as its last part."""

    def __init__(self, module):
        self.module = module

    def _replaced(self, node):
        found = next(candidates(ast.unparse(node), self.module), None)
        home = reference.homes().get(id(found)) if inspect.isclass(found) else None
        if home:
            return ast.parse(f"~{home}", mode="eval").body
        meant, module = _alias(ast.unparse(node), self.module)
        return Links(module).visit(meant) if meant else node

    def visit_Name(self, node):
        return self._replaced(node)

    visit_Attribute = visit_Name

    def visit_Constant(self, node):
        return self.visit(ast.parse(node.value, mode="eval").body) if isinstance(node.value, str) else node


def _alias(name, module):
    """(what a name stands for, the module that says so) of this package's aliases for types: ``Scalar = sp.Expr | float``."""
    for node in ast.parse(inspect.getsource(module)).body:
        for line in node.body if isinstance(node, ast.If) else [node]:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == name:
                return line.value, module
            if isinstance(line, ast.ImportFrom) and line.level and name in [alias.name for alias in line.names]:
                home = importlib.import_module("." * line.level + (line.module or ""), package(module))
                return (None, module) if home is module else _alias(name, home)
    return None, module


def _annotation(node, module):
    return inspect.Parameter.empty if node is None else Written(ast.unparse(Links(module).visit(node)))


@functools.cache
def _definition(item):
    return ast.parse(textwrap.dedent(inspect.getsource(item))).body[0]


def _of_function(function):
    module = importlib.import_module(function.__module__)
    arguments = _definition(function).args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip([a.arg for a in plain[::-1]], arguments.defaults[::-1], strict=False))
    defaults |= {a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d}
    every = [*plain, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    return {a.arg: (a.annotation, defaults.get(a.arg), module) for a in every}


def _of_fields(cls):
    """The fields of a dataclass or a named tuple."""
    found = {}
    for base in cls.__mro__[::-1]:
        if base.__module__.startswith("theory"):
            module = importlib.import_module(base.__module__)
            fields = [node for node in _definition(base).body if isinstance(node, ast.AnnAssign)]
            found |= {node.target.id: (node.annotation, _default(node.value), module) for node in fields}
    return found


def _default(node):
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "field":
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        made = given.get("default_factory")
        return ast.Call(made, [], []) if made else given.get("default")
    return node


def signature(item):
    """(arguments, result) as they are written, or None where the source has none."""
    item = inspect.unwrap(item)
    try:
        plain = inspect.signature(item)
        function = item.__init__ if inspect.isclass(item) else item
        own = (
            inspect.isfunction(function)
            and function.__module__.startswith("theory")
            and "<" not in function.__code__.co_filename
        )
        written = _of_function(inspect.unwrap(function)) if own else _of_fields(item)
    except (OSError, TypeError, ValueError, AttributeError):
        return None
    parameters = []
    for name, parameter in plain.parameters.items():
        annotation, default, module = written.get(name, (None, None, None))
        if name in ("self", "cls") and not parameters:
            continue
        if parameter.default is not parameter.empty:
            parameter = parameter.replace(default=Written(ast.unparse(default)) if default is not None else Written("…"))
        parameters.append(parameter.replace(annotation=_annotation(annotation, module)))
    result = inspect.Signature.empty
    if own and not inspect.isclass(item):
        module = importlib.import_module(item.__module__)
        result = _annotation(_definition(item).returns, module)
    text = str(inspect.Signature(parameters))
    return text, None if result is inspect.Signature.empty else repr(result)
