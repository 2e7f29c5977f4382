"""Which array library a simulation runs on, and where.

The lowest floor of the simulations: every other module takes its arrays from a `Backend` and asks it for the namespace. Code above it uses
nothing but the array API standard, so that one source runs on all `LIBRARIES`.
"""

import importlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from array_api_compat import device as device_of
from numpy.typing import ArrayLike, NDArray

from ..validation import one_of, shown

#: an array of whatever library a backend has; what is known to lie on the host is annotated as NumPy's
Array = Any

LIBRARIES = ("numpy", "torch", "cupy", "array_api_strict")


@dataclass(frozen=True)
class Backend:
    """An array namespace and a device: ``xp`` is the namespace, ``asarray`` brings host data there."""

    xp: Any
    device: Any

    def __reduce__(self):
        # modules do not travel between processes, their names do
        return _named, (self.xp.__name__, self.device)

    def asarray(self, array: ArrayLike) -> Array:
        """A float64 array of this backend from host data."""
        return self.xp.asarray(np.ascontiguousarray(array, dtype=np.float64), device=self.device)

    def to_numpy(self, array: Array) -> NDArray:
        """The host copy of an array of this backend."""
        if self.xp.__name__.endswith("torch"):
            return array.cpu().numpy()
        if self.xp.__name__.endswith("cupy"):
            return array.get()
        if self.xp.__name__.endswith("array_api_strict"):
            return np.asarray(self.xp.asarray(array, device=self.xp.Device("CPU_DEVICE"), copy=True))
        return np.asarray(array)


def _named(namespace, device):
    return Backend(importlib.import_module(namespace), device)


def array_of(name: str, value: Any, ndim: int | None = None) -> Array:
    """Return ``value`` if it is an array of real numbers of one of the libraries, with ``ndim`` axes; else raise ``ValueError``."""
    allowed = "an array of real numbers" + ("" if ndim is None else f" with {ndim} axes")
    try:
        xp = array_namespace(value)
        fits = xp.isdtype(value.dtype, ("integral", "real floating")) and ndim in (None, value.ndim)
    except TypeError:
        raise ValueError(f"{name} = {shown(value)} is of type {type(value).__name__}; allowed: {allowed}") from None
    if not fits:
        raise ValueError(f"{name} has shape {tuple(value.shape)} and type {value.dtype}; allowed: {allowed}")
    return value


def place_of(x: Array, ndim: int | None = 2) -> Backend:
    """The backend that an array ``x`` of states lives on, where it is one, with ``ndim`` axes."""
    array_of("x", x, ndim)
    return Backend(array_namespace(x), device_of(x))


def backend(device: Any = None, library: str | None = None) -> Backend:
    """Choose where to compute.

    Parameters
    ----------
    device : {"cpu", "cuda"} or a device of the library, optional
        The default is the environment variable ``THEORY_DEVICE``, else "cpu".
    library : {"numpy", "torch", "cupy", "array_api_strict"}, optional
        The default is "numpy" on the CPU and "torch" on "cuda".

    Raises
    ------
    ValueError
        Unknown name, or a device that the library cannot give. There is never a silent fallback to the CPU.
    ImportError
        The library is not installed.
    """
    if library is not None:
        one_of("library", library, LIBRARIES)
    device = device if device is not None else os.environ.get("THEORY_DEVICE") or ("cuda" if library == "cupy" else "cpu")
    if library is None:
        library = "torch" if shown(device).strip("'").startswith("cuda") else "numpy"
    return _BACKENDS[library](device)


def _numpy(device):
    if not (isinstance(device, str) and device == "cpu"):
        raise ValueError(f"device = {shown(device)} is not available with library = 'numpy'; allowed: 'cpu'")
    import array_api_compat.numpy as xp

    return Backend(xp, "cpu")


def _torch(device):
    try:
        import array_api_compat.torch as xp
        import torch
    except ImportError as error:
        raise ImportError(
            f"device = {shown(device)} needs PyTorch, which is not installed: pip install 'theory[gpu]'"
        ) from error
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device = {shown(device)} is not a device of PyTorch; allowed: 'cpu', 'cuda'") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device = {shown(device)}: PyTorch {torch.__version__} finds no CUDA device; allowed here: 'cpu'")
    return Backend(xp, chosen)


def _cupy(device):
    if not str(device).startswith("cuda"):
        raise ValueError(f"device = {shown(device)} is not available with library = 'cupy'; allowed: 'cuda'")
    try:
        import array_api_compat.cupy as xp
    except ImportError as error:
        raise ImportError("library = 'cupy' needs CuPy, which is not installed") from error
    try:
        return Backend(xp, xp.cuda.Device(int(str(device).partition(":")[2] or 0)))
    except ValueError:
        raise ValueError(f"device = {shown(device)} is not a device of CuPy; allowed: 'cuda', 'cuda:1', …") from None


def _array_api_strict(device):
    import array_api_strict as xp

    try:
        if not isinstance(device, (str, xp.Device)):
            raise ValueError
        return Backend(xp, xp.Device("CPU_DEVICE" if device == "cpu" else device) if isinstance(device, str) else device)
    except ValueError:
        raise ValueError(
            f"device = {shown(device)} is not a device of array_api_strict; allowed: 'cpu', 'device1'"
        ) from None


_BACKENDS = dict(zip(LIBRARIES, (_numpy, _torch, _cupy, _array_api_strict), strict=True))
