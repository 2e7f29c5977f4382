"""Where the simulations can run here: libraries and devices, in two precisions.

array-api-strict's second device is no hardware: an array of the host that slips in there is an error. A GPU is among the places where there
is one, so that the same tests hold it (`make gpu`).
"""

import numpy as np
import pytest

from theory.simulation import backend, devices

SINGLE, DOUBLE = "float32", "float64"


def places():
    """pytest parameters (library, device, dtype), named "library-device-dtype"; PyTorch's skip themselves without it."""
    found = [("numpy", "cpu"), ("array_api_strict", "device1"), ("torch", "cpu")]
    found += [(backend(name).library, name) for name in devices()[1:]]
    cases = [(library, device, dtype) for library, device in found for dtype in (SINGLE, DOUBLE)]
    return [pytest.param(case, id="-".join(case)) for case in cases]


def backend_at(place):
    """The `theory.simulation.Backend` of a parameter of `places`."""
    library, device, dtype = place
    if library == "torch":
        pytest.importorskip("torch")
    return backend(device, library, dtype)


def lives_there(where, *arrays):
    """Whether all arrays have the library, the device and the precision of the backend."""
    return all(where.own("array", array) is not None and array.dtype == where.real_type for array in arrays)


def single(array):
    """Numbers that float32 holds, in float64: the same input in every precision."""
    return np.asarray(array, dtype=np.float32).astype(np.float64)
