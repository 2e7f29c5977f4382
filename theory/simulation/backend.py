"""Which array library a simulation runs on, and where."""

import importlib
import os
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace

from ..validation import one_of, shown

LIBRARIES = ("numpy", "torch", "cupy", "array_api_strict")


@dataclass(frozen=True)
class Backend:
    """An array namespace and a device: ``xp`` is the namespace, ``asarray`` brings host data there."""

    xp: object
    device: object

    def __reduce__(self):
        # modules do not travel between processes, their names do
        return _named, (self.xp.__name__, self.device)

    def asarray(self, array):
        """A float64 array of this backend from host data."""
        return self.xp.asarray(np.ascontiguousarray(array, dtype=np.float64), device=self.device)

    def to_numpy(self, array):
        """The host copy of an array of this backend."""
        if self.xp.__name__.endswith("torch"):
            return array.cpu().numpy()
        if self.xp.__name__.endswith("cupy"):
            return array.get()
        if self.xp.__name__.endswith("array_api_strict"):
            return np.asarray(self.xp.asarray(array, device=self.xp.Device("CPU_DEVICE"), copy=True))
        return np.asarray(array)


def array_of(name, value, ndim=None):
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


def _named(namespace, device):
    return Backend(importlib.import_module(namespace), device)


def backend(device=None, library=None):
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
    if library == "numpy":
        if not (isinstance(device, str) and device == "cpu"):
            raise ValueError(f"device = {shown(device)} is not available with library = 'numpy'; allowed: 'cpu'")
        import array_api_compat.numpy as xp

        return Backend(xp, "cpu")
    if library == "torch":
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
            raise ValueError(
                f"device = {shown(device)}: PyTorch {torch.__version__} finds no CUDA device; allowed here: 'cpu'"
            )
        return Backend(xp, chosen)
    if library == "cupy":
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
    import array_api_strict as xp

    try:
        if not isinstance(device, (str, xp.Device)):
            raise ValueError
        return Backend(xp, xp.Device("CPU_DEVICE" if device == "cpu" else device) if isinstance(device, str) else device)
    except ValueError:
        raise ValueError(
            f"device = {shown(device)} is not a device of array_api_strict; allowed: 'cpu', 'device1'"
        ) from None
