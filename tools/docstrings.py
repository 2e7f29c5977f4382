"""Docstrings of the package as reStructuredText, and its signatures as they are written.

The docstrings are written for a reader of the code: formulas in plain letters, |m|² and λ_*; `name` in single accents for what the package has,
``x`` in double ones for code; sections as numpydoc has them. `rst` makes a link of each name that the reference describes, code of each other
one, and protects the signs of formulas from being read as markup.
"""

import builtins
import functools
import importlib
import inspect
import re
import sys

import reference
from sphinx.ext.napoleon import Config, NumpyDocstring

#: what is no text: code, roles, names, inline emphasis
MARKUP = re.compile(
    r"(``.+?``|:[\w:]+:`[^`]+`|(?<![\w`:])`[^`]+`(?![\w`])|\*\*[^*\s][^*]*\*\*|(?<![\w*{^_])\*[A-Za-z][^*]*?\*(?![\w*]))",
    re.DOTALL,
)
BULLET = re.compile(r"(?m)^(\s*)\* ")
NAPOLEON = Config(
    napoleon_use_param=False, napoleon_use_rtype=False, napoleon_custom_sections=[("Attributes", "params_style")]
)
#: examples, what follows ``::``, displayed formulas, and simple tables, whose columns are as wide as they are
KEPT = re.compile(
    r"(?ms)(^[ ]*>>> .*?(?=\n\s*\n|\Z)|(?<=::\n)\n(?:[ ]{4,}[^\n]*\n?|\n)+|^[ ]*\.\. math::.*?(?=\n\s*\n|\Z)"
    r"|^[ ]*=+ +=[= ]+\n.*?(?=\n\s*\n|\Z))"
)


def resolved(name, item):
    """What a name in a docstring means: (its full name in the reference or None, whether it is there at all)."""
    plain = re.sub(r"\(.*\)$", "", name.strip())
    for found in candidates(plain, item):
        home = reference.homes().get(id(found)) if not _is_data(found) else None
        home = home or _member(found)
        if home:
            return home, True
    known = [full for full in _paths(plain, item) if full in reference.names()]
    # an error that the module itself does not raise
    known += [name for name in reference.entries() if name.rpartition(".")[2] == plain] if plain.endswith("Error") else []
    return (known[0] if known else None), bool(known or any(True for _ in candidates(plain, item)))


def _is_data(found):
    return reference.kind_of(found) == "data"


def _member(found):
    found = found.fget if isinstance(found, property) else getattr(found, "func", found)
    try:
        return reference.places().get(reference.real_name(inspect.unwrap(found)))
    except AttributeError:
        return None


def _around(item):
    """The places where a name of a docstring is looked up: the class and those made of it, the module, the folder that it is in."""
    if inspect.ismodule(item):
        return [item, sys.modules[package(item)]]
    holder = item.fget if isinstance(item, property) else getattr(item, "func", item)
    holder = inspect.unwrap(holder)
    module = importlib.import_module(holder.__module__)
    owner = module
    around = []
    for part in holder.__qualname__.split("."):
        owner = getattr(owner, part, None)
        if inspect.isclass(owner):
            around.insert(0, owner)
    heirs = [entry.item for entry in reference.entries().values() if inspect.isclass(entry.item)]
    around += [heir for heir in heirs if around and issubclass(heir, around[0])]
    return [*around, module, sys.modules[package(module)]]


def _paths(plain, item):
    yield plain
    for place in _around(item):
        where = reference.homes().get(id(place))
        if where:
            yield f"{where}.{plain}"


def candidates(plain, item):
    """The things that a dotted name may mean."""
    for place in [*_around(item), builtins, None]:
        parts = plain.split(".")
        found = place
        if place is None:
            found = sys.modules.get(parts.pop(0))
        for part in parts:
            inside = getattr(found, part, None)
            # what is loaded by now; an import by a former name would put another thing in its place
            if inside is None and inspect.ismodule(found):
                inside = sys.modules.get(f"{found.__name__}.{part}")
            if inside is None and inspect.isclass(found) and part in getattr(found, "__annotations__", {}):
                inside = found.__annotations__[part]
            found = inside
            if found is None:
                break
        if found is not None:
            yield found


def names_in(item):
    """The words in single accents in a docstring."""
    pieces = MARKUP.split(inspect.cleandoc(item.__doc__))[1::2]
    return [piece[1:-1] for piece in pieces if piece.startswith("`") and not piece.startswith("``")]


def linked(text, item):
    """A docstring with its names as links or code, and the signs of its formulas protected."""
    pieces = MARKUP.split(text)
    for k, piece in enumerate(pieces):
        if k % 2 == 0:
            marked = BULLET.sub("\\1\0 ", piece)
            marked = re.sub(r"(\*|\|)", r"\\\1", marked)
            marked = re.sub(r"(?<=\w)_(?![\w{(])", r"\\_", marked)
            pieces[k] = marked.replace("\0", "*")
        elif piece.startswith("`") and not piece.startswith("``"):
            name = piece[1:-1]
            full, _ = resolved(name, item)
            pieces[k] = f":py:obj:`{name} <{full}>`" if full else f"``{name}``"
    return "".join(pieces)


def prepared(lines, item):
    """The lines of a docstring, with sections and fields as Sphinx has them."""
    text = _code_kept("\n".join(lines), item)
    text = re.sub(r"(?m)^(\s*)(ConvergenceError|SweepError)$", lambda m: m[1] + _raised(m[2], item), text)
    return str(NumpyDocstring(text, NAPOLEON)).split("\n")


def _raised(name, item):
    full, _ = resolved(name, item)
    return full or name


def _code_kept(text, item):
    """`linked`, but for what is `KEPT`."""
    return "".join(block if k % 2 else linked(block, item) for k, block in enumerate(KEPT.split(text)))


@functools.cache
def rst(item):
    return "\n".join(prepared(inspect.cleandoc(item.__doc__ or "").split("\n"), item))


def first_sentence(text):
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.])\s+(?=[A-Z`*:ψΣπ]|$)", paragraph)[0].rstrip(":;")


def package(module):
    """The name of the package that a module is in, or is."""
    return module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
