"""Finite-size simulations, the second way to every observable.

Nothing here imports the solvers: a test (``tests/repository/test_repository.py``) reads the imports and fails if that changes. The
code is written against the array API standard and runs on NumPy, PyTorch (CPU or CUDA), CuPy and ``array-api-strict``.
"""

import importlib

__all__ = ["backend", "diffusion", "finite", "loss", "noise_average", "optimisers", "trained", "training"]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
