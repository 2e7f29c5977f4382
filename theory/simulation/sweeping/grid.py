"""The tasks of a sweep in their fixed order, with the parameters and the seed of each, which depend on nothing else.

Task number i is draw number i mod `draws` at point number i // `draws`; the points are the outer product of the axes, the last axis fastest,
or the listed ones. Its seed is made of ``SeedSequence(seed).spawn(points)[point].spawn(draws)[draw]``: more draws leave the seeds of the
first ones as they are, and so do more values on the first axis.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ...validation import exact, positive_integer, random_generator, sequence, shown

#: what an axis of the result is called, and therefore no parameter
RESERVED = ("seed", "draw", "point")
#: most tasks of one sweep: each is a file
MOST_TASKS = 10**7
VALUES = "numbers, strings or truth values, each once"
GRID = f"a mapping from the function's arguments to {VALUES}, or a list of mappings from them to one value each"

Parameter = bool | int | float | str


@dataclass(frozen=True)
class Grid:
    """Axes (name → values), or points where ``axes`` is None; draws at each point, None for a function without a seed."""

    axes: dict[str, tuple[Parameter, ...]] | None
    points: tuple[dict[str, Parameter], ...]
    draws: int | None
    root: int

    @property
    def tasks(self) -> int:
        return len(self.points) * (self.draws or 1)

    def parameters(self, task: int) -> dict[str, Parameter]:
        return self.points[task // (self.draws or 1)]

    def seed(self, task: int) -> int | None:
        """64 bits, which NumPy, PyTorch and `theory.RandomFeatureModel.simulate` take; None for a function without a seed."""
        if self.draws is None:
            return None
        key = divmod(task, self.draws)
        return int(np.random.SeedSequence(self.root, spawn_key=key).generate_state(1, np.uint64)[0])

    def description(self) -> dict[str, Any]:
        """What makes it this grid, for the manifest."""
        where = {f"grid, axis {name}": list(values) for name, values in (self.axes or {}).items()}
        where |= {"grid, axes": list(self.axes)} if self.axes is not None else {"grid, points": list(self.points)}
        return where | {"seeds": self.draws, "seed": None if self.draws is None else self.root}


def a_grid(grid: Any, seeds: Any, seed: Any) -> Grid:
    """The checked grid; raises ``ValueError``."""
    draws = None if seeds is None else positive_integer("seeds", seeds)
    random_generator("seed", seed)
    axes, points = _axes(grid) if isinstance(grid, Mapping) else (None, _points(grid))
    count = math.prod(map(len, axes.values())) if axes is not None else len(points)
    if not count:
        raise ValueError(f"grid = {shown(grid)} has no point; allowed: {GRID}")
    if count * (draws or 1) > MOST_TASKS:
        raise ValueError(f"grid has {count} points and seeds = {seeds!r}; allowed: {MOST_TASKS} tasks at most")
    if points is None:
        points = tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    return Grid(axes, points, draws, int(exact(seed)))


def check_call(function: Callable, grid: Grid) -> None:
    """Raise ``ValueError`` where the function does not take what it will be called with."""
    given = grid.points[0] | ({} if grid.draws is None else {"seed": 0})
    try:
        inspect.signature(function).bind(**given)
    except TypeError as error:
        names = ", ".join(given)
        raise ValueError(
            f"function = {shown(function)} cannot be called with {names}, which grid and seeds give it: {error}; "
            "allowed: a function of these arguments"
        ) from None
    except ValueError:  # some functions in C have no signature
        pass


def _axes(grid):
    axes = {}
    for name, values in grid.items():
        values = tuple(_value(name, value) for value in sequence(f"grid[{name!r}]", values, VALUES))
        if len(set(values)) < len(values):
            raise ValueError(f"grid[{name!r}] = {shown(values)} has a value twice; allowed: {VALUES}")
        axes[_parameter(name)] = _of_one_kind(name, values)
    return axes, None


def _points(grid):
    points = []
    for point in sequence("grid", grid, GRID):
        if not isinstance(point, Mapping) or (points and set(point) != set(points[0])):
            raise ValueError(f"grid has the point {shown(point)}; allowed: {GRID}, all of them with the same names")
        points.append({_parameter(name): _value(name, value) for name, value in point.items()})
    names = points[0] if points else ()
    for name in names:
        _of_one_kind(name, [point[name] for point in points])
    # in the order of the first
    return tuple({name: point[name] for name in names} for point in points)


def _parameter(name):
    if not isinstance(name, str) or not name.isidentifier() or name in RESERVED:
        raise ValueError(
            f"grid has the name {shown(name)}; allowed: names of arguments other than {', '.join(map(repr, RESERVED))}"
        )
    return name


def _value(name, value):
    plain = exact(value)
    plain = plain.item() if isinstance(plain, np.generic) else plain
    fits = isinstance(plain, (bool, str)) or (isinstance(plain, int) and -(2**63) <= plain < 2**63)
    if not fits and not (isinstance(plain, float) and not math.isnan(plain)):
        raise ValueError(f"grid[{name!r}] has the value {shown(value)}; allowed: {VALUES}, no nan, integers of 64 bits")
    return plain


def _of_one_kind(name, values):
    if len({(type(value) in (bool, str)) and type(value) for value in values}) > 1:
        raise ValueError(f"grid[{name!r}] = {shown(values)} mixes kinds of values; allowed: {VALUES}, all of one kind")
    return values
