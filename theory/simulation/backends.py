"""Which array library a simulation runs on, where, and in which precision.

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
DTYPES = ("float64", "float32")


@dataclass(frozen=True)
class Backend:
    """An array namespace, a device and a precision: ``xp`` is the namespace, ``asarray`` brings host data there."""

    xp: Any
    device: Any
    #: one of `DTYPES`
    dtype: str = "float64"

    def __reduce__(self):
        # modules do not travel between processes, their names do
        return _named, (self.xp.__name__, self.device, self.dtype)

    def __str__(self):
        return f"{self.library} on {self.place}, {self.dtype}"

    @property
    def library(self) -> str:
        """Which of `LIBRARIES` the arrays are of."""
        return next(name for name in LIBRARIES if self.xp.__name__.endswith(name))

    @property
    def place(self) -> str:
        """The device's name: "cpu", "cuda:0", …; of array_api_strict also "device1", …"""
        if self.library == "cupy":
            return f"cuda:{self.device.id}"
        if self.library == "array_api_strict":
            name = str(self.device).split("'")[1]
            return "cpu" if name == "CPU_DEVICE" else name
        return str(self.device)

    @property
    def real_type(self) -> Any:
        """``dtype`` as the library's own object, for what makes arrays."""
        return getattr(self.xp, self.dtype)

    def asarray(self, array: ArrayLike) -> Array:
        """An array of this backend, in its precision, from host data."""
        return self.xp.asarray(np.ascontiguousarray(array, dtype=self.dtype), device=self.device)

    def own(self, name: str, array: Array, ndim: int | None = None) -> Array:
        """``array`` in this backend's precision, where it is one of its library and device; else raise ``ValueError``, never copy it there."""
        lives = Backend(array_namespace(array_of(name, array, ndim)), device_of(array))
        if (lives.library, lives.place) != (self.library, self.place):
            raise ValueError(
                f"{name} is an array of {lives.library} on {lives.place}; allowed: one of {self.library} on {self.place}"
            )
        return self.xp.astype(array, self.real_type, copy=False)

    def to_numpy(self, array: Array) -> NDArray:
        """The host copy of an array of this backend."""
        if self.library == "torch":
            return array.cpu().numpy()
        if self.library == "cupy":
            return array.get()
        if self.library == "array_api_strict":
            return np.asarray(self.xp.asarray(array, device=self.xp.Device("CPU_DEVICE"), copy=True))
        return np.asarray(array)

    def to_float64(self, array: Array) -> NDArray[np.float64]:
        """The same in float64: what the host computes on is not rounded once more."""
        return self.to_numpy(array).astype(np.float64, copy=False)


def _named(namespace, device, dtype):
    return Backend(importlib.import_module(namespace), device, dtype)


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
    """The backend that an array ``x`` of states lives on, where it is one, with ``ndim`` axes; of its precision (float64 for integers)."""
    array_of("x", x, ndim)
    xp = array_namespace(x)
    return Backend(xp, device_of(x), "float32" if x.dtype == xp.float32 else "float64")


def backend(device: Any = None, library: str | None = None, dtype: str = "float64") -> Backend:
    """Choose where to compute, and in which precision.

    Parameters
    ----------
    device : {"cpu", "cuda", "cuda:1", …, "auto"} or a device of the library, optional
        "auto" takes a GPU where PyTorch finds one, else one that CuPy finds, else the CPU; whoever asks for it sees what it was
        (``str(backend)``, ``finite.device``). The default is the environment variable ``THEORY_DEVICE``, else "cpu".
    library : {"numpy", "torch", "cupy", "array_api_strict"}, optional
        The default is "numpy" on the CPU; on "cuda" that one of "torch" and "cupy" which finds a GPU.
    dtype : {"float64", "float32"}
        Of all arrays. Random numbers are drawn in float64 and rounded. float32 has a relative rounding error u = 6e-8: eigenvalues
        of U are good to about p u λ_max.

    Raises
    ------
    ValueError
        Unknown name, or a device that the library cannot give, with those that there are; float32 where PyTorch is told to multiply
        with fewer digits (TF32). There is never a silent fallback to the CPU.
    ImportError
        The library is not installed.

    Examples
    --------
    >>> from theory.simulation import backend
    >>> backend().xp.__name__
    'array_api_compat.numpy'
    """
    if library is not None:
        one_of("library", library, LIBRARIES)
    one_of("dtype", dtype, DTYPES)
    if device is None:
        device = os.environ.get("THEORY_DEVICE") or ("cuda" if library == "cupy" else "cpu")
    if isinstance(device, str) and device == "auto":
        library, device = _automatic(library)
    elif library is None:
        # a device of PyTorch names its type
        name = device if isinstance(device, str) else getattr(device, "type", "")
        library = (_gpus()[0] or "torch") if str(name).startswith("cuda") else "numpy"
        if library == "numpy" and not (isinstance(device, str) and device == "cpu"):
            raise ValueError(
                f"device = {shown(device)} is unknown; allowed here: {', '.join(map(repr, ('auto', *devices())))}"
            )
    return _BACKENDS[library](device, dtype)


def devices() -> tuple[str, ...]:
    """The devices that there are here: "cpu", and "cuda:0", "cuda:1", … for the GPUs that PyTorch, or else CuPy, finds."""
    return ("cpu", *(f"cuda:{k}" for k in range(_gpus()[1])))


def _automatic(library):
    """(library, device) that "auto" means."""
    if library is None:
        found = _gpus()[0]
        return (found, "cuda") if found else ("numpy", "cpu")
    return library, "cuda" if library == "cupy" or (library == "torch" and _torch_gpus()) else "cpu"


def _gpus():
    """(library, number) of the GPUs that PyTorch, or else CuPy, finds; (None, 0) without any."""
    found = ((library, count()) for library, count in (("torch", _torch_gpus), ("cupy", _cupy_gpus)))
    return next((pair for pair in found if pair[1]), (None, 0))


def _torch_gpus():
    try:
        import torch
    except ImportError:
        return 0
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _cupy_gpus():
    try:
        import cupy
    except ImportError:
        return 0
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


def _numpy(device, dtype):
    if not (isinstance(device, str) and device == "cpu"):
        raise ValueError(f"device = {shown(device)} is not available with library = 'numpy'; allowed: 'cpu'")
    import array_api_compat.numpy as xp

    return Backend(xp, "cpu", dtype)


def _torch(device, dtype):
    try:
        import array_api_compat.torch as xp
        import torch
    except ImportError as error:
        raise ImportError(
            f"device = {shown(device)} needs PyTorch, which is not installed: pip install 'theory[gpu]'"
        ) from error
    here = ("cpu", *(f"cuda:{k}" for k in range(_torch_gpus())))
    allowed = f"allowed here: {', '.join(map(repr, here))}"
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"device = {shown(device)} is not a device of PyTorch; {allowed}") from None
    if chosen.type == "cuda" and len(here) == 1:
        raise ValueError(f"device = {shown(device)}: PyTorch {torch.__version__} finds no CUDA device; {allowed}")
    if chosen.type == "cuda" and chosen.index is None:
        chosen = torch.device("cuda", torch.cuda.current_device())
    if str(chosen) not in here:
        raise ValueError(f"device = {shown(device)} is not a device that simulations use; {allowed}")
    if dtype == "float32" and (precision := _matmul_precision(torch)) != "highest":
        raise ValueError(
            f"dtype = 'float32' is not what PyTorch multiplies in, as its precision of float32 products is {precision!r}; "
            "allowed: 'float64', or after torch.set_float32_matmul_precision('highest')"
        )
    return Backend(xp, chosen, dtype)


def _matmul_precision(torch):
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:  # it was set for one device or operation by itself
        return "mixed"


def _cupy(device, dtype):
    name, _, index = str(device).partition(":")
    if name != "cuda" or not (index or "0").isdecimal():
        raise ValueError(f"device = {shown(device)} is not available with library = 'cupy'; allowed: 'cuda', 'cuda:1', …")
    try:
        import array_api_compat.cupy as xp
    except ImportError as error:
        raise ImportError("library = 'cupy' needs CuPy, which is not installed") from error
    if int(index or 0) >= (count := _cupy_gpus()):
        here = ", ".join(f"'cuda:{k}'" for k in range(count)) or "none, as CuPy finds no GPU"
        raise ValueError(f"device = {shown(device)} is not available with library = 'cupy'; allowed here: {here}")
    return Backend(xp, xp.cuda.Device(int(index or 0)), dtype)


def _array_api_strict(device, dtype):
    import array_api_strict as xp

    try:
        if not isinstance(device, (str, xp.Device)):
            raise ValueError
        chosen = xp.Device("CPU_DEVICE" if device == "cpu" else device) if isinstance(device, str) else device
    except ValueError:
        raise ValueError(
            f"device = {shown(device)} is not a device of array_api_strict; allowed: 'cpu', 'device1'"
        ) from None
    return Backend(xp, chosen, dtype)


_BACKENDS = dict(zip(LIBRARIES, (_numpy, _torch, _cupy, _array_api_strict), strict=True))
