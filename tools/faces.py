"""What is public: the names of `theory`, of its namespaces and of the modules that these name."""

import inspect

import theory

#: faces whose arguments are not checked: for whoever extends the package or looks inside, as they say themselves
UNCHECKED = {"couplings", "equations"} | {
    f"training.{name}" for name in ("contour", "general_kernel", "losses", "two_resolvents")
}


def named_by(module):
    """Name → item, of what a face names; of a module without ``__all__``, of what is defined in it."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    own = {name: item for name, item in vars(module).items() if getattr(item, "__module__", None) == module.__name__}
    return {name: item for name, item in own.items() if not name.startswith("_")}


def importable(module):
    """The names that a face offers: its ``__all__``, or what a module without one does not itself import (letters are instances)."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    imported = {
        name
        for name, item in vars(module).items()
        if inspect.ismodule(item)
        or ((inspect.isclass(item) or inspect.isroutine(item)) and getattr(item, "__module__", None) != module.__name__)
    }
    return {name for name in vars(module) if not name.startswith("_")} - imported


def faces():
    """Path → module: `theory` (the path is empty), its namespaces and the modules that these name, outermost first."""
    found = {"": theory}
    for path in (queue := [""]):
        for name, item in named_by(found[path]).items():
            if inspect.ismodule(item):
                found[where := f"{path}.{name}".lstrip(".")] = item
                queue.append(where)
    return found


def unchecked(path):
    """Whether a face, or one around it, is of `UNCHECKED`."""
    return any(f"{path}.".startswith(f"{name}.") for name in UNCHECKED)
