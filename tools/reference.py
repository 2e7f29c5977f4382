"""The reference: what is public, the page it stands on, and the chapters that use it.

    python tools/reference.py       lists the public names that no chapter uses

A public name is one that `faces` finds. It is described once, under the first of the faces that name it; the pages are `PAGES`. The chapters are
found by reading their cells as the links in the cells are made (sphinx-codeautolink), in the order of the book: the first chapter that uses a
name is the one that derives what it computes, or that brings it in. `reference_pages` writes the pages.
"""

import contextlib
import functools
import importlib
import inspect
import pkgutil
import sys
from typing import Any, NamedTuple

import structure

# the package beside these pages, whichever is installed
sys.path.insert(0, str(structure.ROOT))

from faces import faces, named_by
from sphinx_codeautolink.extension.block import clean_ipython
from sphinx_codeautolink.extension.resolve import CouldNotResolve, populate_type_checking, resolve_location
from sphinx_codeautolink.parse import parse_names

#: page → the faces on it; a module that a face names stands with it, unless it has a page of its own
PAGES = {
    "api_theory": ("",),
    "api_activations": ("activations",),
    "api_data": ("data",),
    "api_spectrum": ("spectrum",),
    "api_outliers": ("outliers",),
    "api_training": ("training",),
    "api_empirical": ("empirical",),
    "api_symbolic": ("symbolic",),
    "api_simulation": ("simulation",),
    "api_networks": ("simulation.networks",),
    "api_conventions": ("conventions", "printing", "sweeps"),
    "api_extending": ("couplings", "equations"),
}


class Entry(NamedTuple):
    """A public name: where it stands and what it means."""

    name: str
    kind: str
    item: Any
    face: str


@functools.cache
def modules():
    """The package's modules, those that can be imported here, each with the names that it imports for its annotations alone."""
    import theory

    found = []
    for info in pkgutil.walk_packages(theory.__path__, "theory."):
        with contextlib.suppress(ImportError):
            found.append(importlib.import_module(info.name))
    for module in found:
        populate_type_checking(module)
    return found


@contextlib.contextmanager
def present_names_only():
    """Without the former names of modules: to try one as a module's name would bind it over the function of that name."""
    before = sys.meta_path[:]
    sys.meta_path[:] = [finder for finder in before if type(finder).__name__ != "FormerNames"]
    try:
        yield
    finally:
        sys.meta_path[:] = before


def full(*parts):
    return ".".join(filter(None, ("theory", *parts)))


def kind_of(item):
    if inspect.ismodule(item):
        return "module"
    if inspect.isclass(item):
        return "exception" if issubclass(item, BaseException) else "class"
    return "function" if inspect.isroutine(item) else "data"


@functools.cache
def entries():
    """Full name → `Entry`, each thing once."""
    modules()
    found, seen = {}, set()
    for path, module in faces().items():
        for name, item in named_by(module).items():
            kind = kind_of(item)
            if kind == "module" or (kind != "data" and id(item) in seen):
                continue
            seen.add(id(item))
            found[full(path, name)] = Entry(full(path, name), kind, item, path)
    return found


@functools.cache
def homes():
    """id → full name, of classes and functions, and of the modules that are faces."""
    found = {id(entry.item): name for name, entry in entries().items() if entry.kind != "data"}
    return found | {id(module): full(path) for path, module in faces().items()}


def members(cls):
    """The public attributes of a class that are its own or of a class of this package."""
    own = [base for base in cls.__mro__ if base.__module__.startswith("theory")]
    return sorted({name for base in own for name in vars(base) if not name.startswith("_") or name == "__call__"})


@functools.cache
def inner_classes():
    """The names of the package's classes that are not public, but come up in annotations."""
    held = [(name, item) for module in modules() for name, item in vars(module).items() if inspect.isclass(item)]
    return {name for name, item in held if str(item.__module__).startswith("theory.") and id(item) not in homes()}


def described():
    """Name → thing, of all that is described by a docstring of its own: faces, classes and functions, members of classes."""
    found = {full(path): module for path, module in faces().items()}
    for name, entry in entries().items():
        if entry.kind != "data":
            found[name] = entry.item
        for member in members(entry.item) if inspect.isclass(entry.item) else ():
            item = inspect.getattr_static(entry.item, member)
            found[f"{name}.{member}"] = getattr(item, "__func__", item)
    own = (property, functools.cached_property)
    kept = {name: item for name, item in found.items() if isinstance(item, own) or kind_of(item) != "data"}
    return {name: item for name, item in kept.items() if item.__doc__}


def real_name(item):
    return f"{item.__module__}.{item.__qualname__}"


@functools.cache
def places():
    """Where a thing is defined → where it is described: for those that are described under another name."""
    found = {}
    for name, entry in entries().items():
        if entry.kind == "data":
            continue
        found[real_name(entry.item)] = name
        if entry.kind in ("class", "exception"):
            found |= {f"{real_name(entry.item)}.{member}": f"{name}.{member}" for member in members(entry.item)}
    return found


@functools.cache
def names():
    """Every name that a reference can lead to: modules, what they hold, members of classes."""
    return {full(path) for path in faces()} | set(entries()) | set(places().values())


def page_of(face):
    """The page of a face: its own, or that of the nearest one around it."""
    owner = {face: page for page, held in PAGES.items() for face in held}
    while face not in owner:
        face = face.rpartition(".")[0]
    return owner[face]


# --- chapters that use a name ----------------------------------------------------------------------------------------


def code_of(page):
    """The code of a notebook as plain Python."""
    cells = [cell.source for cell in structure.read(page).cells if cell.cell_type == "code"]
    return "\n".join(clean_ipython(source)[1] for source in cells)


def used_by(page):
    """The names that the cells of a page use."""
    known, found = names(), set()
    for name in parse_names(code_of(page), None):
        if name.code_str:
            try:
                place = resolve_location(name, known)
            except CouldNotResolve:
                continue
            found.add(places().get(place, place))
    return found & known


def reading_order():
    """The pages, chapters first: the landing page shows what they derive."""
    return sorted(structure.contents(), key=lambda page: page in structure.FRAME)


@functools.cache
def chapters():
    """Full name → the pages whose cells use it: chapters in the order of the book, then other pages."""
    found = {}
    with present_names_only():
        for page in reading_order():
            if structure.source(page).suffix == ".ipynb":
                for name in used_by(page):
                    found.setdefault(name, []).append(page)
    return found


def pages_with(name):
    """The pages that use a name; of a module, one of its names."""
    held = [name, *(other for other in names() if other.startswith(f"{name}."))] if name in map(full, faces()) else [name]
    found = {page for other in held for page in chapters().get(other, ())}
    return sorted(found, key=reading_order().index)


def unused():
    """Functions and classes that no cell of the book uses."""
    return [name for name, entry in entries().items() if entry.kind != "data" and name not in chapters()]


if __name__ == "__main__":
    print("\n".join(unused()) or "every name is used")
