"""Modules under the names that they had up to version 0.1, most of them on one floor: ``theory.bbp`` is now part of `theory.outliers`.

They are found after everything else, warn, and hold nothing themselves: an attribute is looked up in the modules that took over.
`CHANGELOG.md` has the table for readers.
"""

import importlib
import importlib.abc
import importlib.machinery
import types
import warnings

#: former module → where its names went, most of them first
HOMES = {
    "bbp": ("outliers.bbp", "outliers.threshold"),
    "coefficients": ("couplings.gaussian_equivalence",),
    "continuation": ("equations.continuation",),
    "continuum": ("data.continuum", "spectrum.artefacts"),
    "contour": ("training.contour",),
    "curve": ("results", "filters"),
    "early_stopping": ("training.early_stopping",),
    "edge_search": ("spectrum.edge_search",),
    "edges": ("spectrum.scalar_edges", "spectrum.edge_digits", "spectrum.real_curve"),
    "engine": ("equations.general",),
    "engine_mpmath": ("equations.general_digits",),
    "ensemble": ("couplings.ensemble", "couplings.feature_types", "couplings.type_couplings", "data.mixture"),
    "general_outliers": ("outliers.counted",),
    "general_training": ("training.general_kernel",),
    "hermite_parts": ("couplings.gaussian_averages",),
    "hidden_bulks": ("spectrum.hidden_bulks",),
    "hidden_gaps": ("spectrum.hidden_gaps",),
    "label_continuum": ("spectrum.label_continuum",),
    "late_times": ("equations.late_times",),
    "losses": ("training.losses",),
    "mean_outlier": ("outliers.means", "outliers.gaps"),
    "mixture": ("data.mixture",),
    "phase_diagram": ("training.phases",),
    "polynomial": ("equations.polynomial",),
    "quadrature": ("spectrum.integration",),
    "residuals": ("training.scalar_kernel",),
    "response": ("equations.response",),
    "saddle": ("equations.scalar", "equations.certificate"),
    "signal": ("training.signal",),
    "simulation.backend": ("simulation.backends",),
    "simulation.training": ("simulation.flow", "simulation.fresh_data"),
    "survey": ("spectrum.survey",),
    "symbolic.action": ("symbolic.replicas",),
    "symbolic.saddle_point": ("symbolic.saddle_equations",),
    "times": ("data.time_grid",),
    "timescales": ("training.timescales", "training.memorization", "search"),
    "two_resolvents": ("training.two_resolvents",),
}


class FormerModule(types.ModuleType):
    """A module that holds nothing. Where a function of a namespace has its name, importing it puts it in the function's place: it is one too."""

    def __init__(self, name, homes):
        super().__init__(name, f"Now {', '.join(homes)}.")
        self._homes = homes

    def __getattr__(self, name):
        for home in self._homes:
            try:
                return getattr(importlib.import_module(home), name)
            except AttributeError:
                pass
        raise AttributeError(f"{self.__name__} has no {name}; its names are now in {', '.join(self._homes)}")

    def __dir__(self):
        return sorted({name for home in self._homes for name in dir(importlib.import_module(home))})

    def __call__(self, *args, **kwargs):
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


class FormerNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``theory.<former name>``."""

    def find_spec(self, fullname, path=None, target=None):
        """A module for a former name; None for any other."""
        package, _, name = fullname.partition(".")
        return importlib.machinery.ModuleSpec(fullname, self) if package == "theory" and name in HOMES else None

    def create_module(self, spec):
        """An empty module that looks its attributes up."""
        return FormerModule(spec.name, tuple(f"theory.{home}" for home in HOMES[spec.name.partition(".")[2]]))

    def exec_module(self, module):
        """Say where the names are now."""
        warnings.warn(f"{module.__name__} is a former name. {module.__doc__}", DeprecationWarning, stacklevel=2)


def renamed(module, **names):
    """A ``__getattr__`` for a module that had its ``names`` under others, or elsewhere: former name → present one.

    A present name with a dot in it is a path below ``theory``.
    """

    def __getattr__(name):
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is now {names[name]}", DeprecationWarning, stacklevel=2)
        home, _, present = names[name].rpartition(".")
        return getattr(importlib.import_module(f"theory.{home}" if home else module), present)

    return __getattr__
