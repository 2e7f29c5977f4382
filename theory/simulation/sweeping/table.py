"""The table of a sweep: an ``xarray.Dataset`` over the grid, and its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import files
from .grid import Grid
from .tasks import summary

if TYPE_CHECKING:
    from xarray import Dataset


def table(grid: Grid, found: dict[int, tuple[dict[str, NDArray], dict[str, Any]]], function: str) -> "Dataset":
    """The results of all tasks over axes (grid's axes or ``point``, then ``draw``, then those of a result, ``NAME_0``, ``NAME_1``, …)."""
    import xarray  # takes half a second, and brings pandas

    first, _ = found[0]
    axes = _axes(grid)
    shape = tuple(map(len, axes.values()))
    data = {}
    for name, example in first.items():
        columns = [_like(found, task, name, example, grid) for task in range(grid.tasks)]
        stacked = np.stack(columns).reshape(shape + example.shape)
        data[name] = ((*axes, *(f"{name}_{k}" for k in range(example.ndim))), stacked)
    coordinates = {name: (name, list(values)) for name, values in axes.items() if name != "point"}
    if grid.axes is None:
        coordinates |= {name: ("point", [point[name] for point in grid.points]) for name in grid.points[0]}
    if grid.draws is not None:
        seeds = np.array([grid.seed(task) for task in range(grid.tasks)], np.uint64)
        coordinates["seed"] = (tuple(axes), seeds.reshape(shape))
    records = [found[task][1] for task in range(grid.tasks)]
    attributes = {"function": function, "provenance": summary(records)}
    if grid.draws is not None:
        attributes["seed"] = str(grid.root)  # may exceed what a file holds as an integer
    return xarray.Dataset(data, coordinates, attributes)


def _axes(grid):
    """Name → values, of the axes that every result has."""
    axes = {"point": tuple(range(len(grid.points)))} if grid.axes is None else dict(grid.axes)
    return axes if grid.draws is None else axes | {"draw": tuple(range(grid.draws))}


def _like(found, task, name, example, grid):
    """One result of one task, which must be of the names and shapes of the first task's."""
    values = found[task][0]
    if set(values) != set(found[0][0]) or values[name].shape != example.shape:
        given, wanted = ({key: value.shape for key, value in result.items()} for result in (values, found[0][0]))
        raise ValueError(
            f"function returns other names or shapes for other parameters: {given} at {grid.parameters(task)}, "
            f"{wanted} at {grid.parameters(0)}; allowed: the same everywhere. What it returned is in the store"
        )
    return values[name]


def save(dataset: "Dataset", path: Path) -> None:
    """As NetCDF 4, whole or not at all. Complex numbers are a pair in the file: ``xarray.open_dataset(path, auto_complex=True)``."""
    with files.replacing(path) as beside:
        dataset.to_netcdf(
            beside, engine="netcdf4", format="NETCDF4", auto_complex=any(v.dtype.kind == "c" for v in dataset.values())
        )
