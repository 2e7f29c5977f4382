"""What each kernel costs against d, n, p or the number of points, with the floor that is timed in turns with it, in one thread.

A floor is what no way of computing the same does without: its products of matrices, or a copy of what it reads and writes. Times are CPU times,
the least of several rounds, so that a loaded machine changes them little. ``tools/benchmark_table.py`` keeps the table.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from theory import Gaussian, RandomFeatureModel, TimeGrid, activations
from theory.progress import progress_bar
from theory.simulation import EmpiricalScore, TrainedNetworks, noise_average, population, reverse_sde, simulate
from theory.simulation.features import features_of
from theory.training import losses

#: σ = tanh throughout; d, n, p of what does not vary
TIME, D, N, P, STATES = 0.1, 200, 600, 800, 500
MODEL = RandomFeatureModel(activations.tanh, 4, 3, TIME)
GENERAL = RandomFeatureModel(activations.tanh, 4, 3, TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4)))
#: a time below this is that of several calls
SHORTEST = 0.02


@dataclass(frozen=True)
class Cost:
    """A kernel that grows with one variable: ``make(size)`` returns it, its floor (or None) and (d, n, p), 0 where it has none."""

    kernel: str
    variable: str
    sizes: tuple[int, ...]
    floor: str
    make: Callable


def drawn(d, n, p):
    return simulate(RandomFeatureModel(activations.tanh, p / d, n / d, TIME), d, seed=0)


def products(count, *shapes):
    """``count`` times A B for each pair of shapes; the square of a matrix alone is its symmetric product A A^T."""
    rng = np.random.default_rng(0)
    pairs = []
    for left, right in shapes:
        A = rng.standard_normal(left)
        pairs.append((A, A.T if right is None else rng.standard_normal(right)))
    return lambda: [A @ B for _ in range(count) for A, B in pairs]


def copies(count):
    """A copy of so many complex numbers."""
    array = np.ones(count, complex)
    return lambda: array.copy()


def features(d, n, p):
    finite = drawn(d, n, p)
    return lambda: features_of(activations.tanh, finite.W, finite.X, 0.0, np), products(1, ((p, d), (d, n)))


def exact(d, n, p):
    finite = drawn(d, n, p)
    given = (finite.backend, activations.tanh, finite.W, finite.X, np.exp(-TIME), -np.expm1(-2 * TIME))
    return lambda: noise_average.exact(*given), products(5, ((p, n), None))


def fresh(d, n, p):
    finite = drawn(d, n, p)
    return lambda: population(finite), products(1, ((p, d), None))


def eigenvectors(d, n, p):
    finite = drawn(d, n, p)
    return lambda: replace(finite).modes, products(1, ((p, p), (p, p)))


def finite_curve(d, n, p):
    finite, tau = drawn(d, n, p), np.geomspace(0.1, 1e5, 200)
    return lambda: replace(finite).training(tau), products(1, ((p, p), (p, p)))


def sampler_step(d, n, p):
    networks = TrainedNetworks(RandomFeatureModel(activations.tanh, p / d, n / d, TIME), d, [TIME])
    score, x = networks.score(10.0), np.random.default_rng(0).standard_normal((d, STATES))
    step = (TIME, TIME / 2)
    return lambda: reverse_sde(score, x, step, progress=False), products(1, ((p, d), (d, STATES)), ((d, p), (p, STATES)))


def empirical(d, n, p):
    rng = np.random.default_rng(0)
    score, x = EmpiricalScore(rng.standard_normal((d, n))), rng.standard_normal((d, STATES))
    return lambda: score(x, 1.0), products(1, ((n, d), (d, STATES)), ((d, n), (n, STATES)))


def stieltjes(model, points):
    spectrum = model.spectrum()
    z = np.linspace(1.01 * spectrum.offset, spectrum.upper_bound, points)
    return lambda: spectrum.stieltjes(z), copies(2 * points)


def power_law(nodes):
    """A covariance of so many eigenvalues, of a power law."""
    values = np.arange(1, nodes + 1) ** -1.0
    values = values / values.mean()
    return replace(MODEL, data=Gaussian(tuple((float(value), 1 / nodes) for value in values)))


def edges(nodes):
    model = power_law(nodes)
    return lambda: replace(model).spectrum().edges(), None


def limit_curve(count):
    tau = np.geomspace(1e-3, 1e8, count)

    def fresh():
        losses.residual_data.cache_clear()
        return MODEL.training(tau)

    return fresh, copies(3 * count)


def of_sizes(kernel, floor, make, given, **sizes):
    """A kernel of (d, n, p) against each of them, the others as ``given``; ``all`` is d with n = 3 d and p = 4 d."""

    def at(variable, size):
        place = {"d": size, "n": 3 * size, "p": 4 * size} if variable == "all" else given | {variable: size}
        return (*make(**place), tuple(place.values()))

    return [
        Cost(kernel, variable, values, floor, lambda size, name=variable: at(name, size))
        for variable, values in sizes.items()
    ]


def of_limit(kernel, variable, sizes, floor, make):
    """A kernel of the limit, which has no d, n, p."""
    return [Cost(kernel, variable, sizes, floor, lambda size: (*make(size), (0, 0, 0)))]


SMALL, ONE = {"d": D, "n": N, "p": P}, {"d": 64, "n": 5000, "p": 0}
COSTS = [
    *of_sizes(
        "features", "product", features, SMALL, d=(100, 200, 400, 800), n=(300, 600, 1200, 2400), p=(400, 800, 1600, 3200)
    ),
    *of_sizes(
        "exact U", "5 products", exact, SMALL, n=(300, 600, 1200, 2400), p=(400, 800, 1600), all=(125, 250, 500, 1000)
    ),
    *of_sizes("fresh U and V", "product", fresh, SMALL, d=(100, 200, 400, 800), p=(400, 800, 1600)),
    *of_sizes("eigenvectors", "product", eigenvectors, SMALL, p=(200, 400, 800, 1600)),
    *of_sizes("curves of a draw", "product", finite_curve, SMALL, p=(200, 400, 800)),
    *of_sizes("sampler step", "2 products", sampler_step, SMALL, d=(50, 100, 200, 400), p=(200, 400, 800, 1600)),
    *of_sizes("empirical score", "2 products", empirical, ONE, d=(32, 64, 128, 256), n=(1250, 2500, 5000, 10000)),
    *of_limit("q, scalar", "z", (250, 1000, 4000), "copy", lambda size: stieltjes(MODEL, size)),
    *of_limit("q, general", "z", (100, 400, 1600), "copy", lambda size: stieltjes(GENERAL, size)),
    *of_limit("edges", "eigenvalues of Σ", (1, 2, 4, 8), "", edges),
    *of_limit("curves of the limit", "tau", (50, 200, 800), "copy", limit_curve),
]


def seconds(functions, rounds):
    """The least CPU time of a call of each, in turns; the first call of each is not counted."""
    counts, least = [], [np.inf] * len(functions)
    for function in functions:
        begin = time.process_time()
        function()
        counts.append(max(1, round(SHORTEST / max(time.process_time() - begin, 1e-6))))
    for _ in range(rounds):
        for k, (function, count) in enumerate(zip(functions, counts, strict=True)):
            begin = time.process_time()
            for _ in range(count):
                function()
            least[k] = min(least[k], (time.process_time() - begin) / count)
    return least


def measured(costs=COSTS, rounds=4):
    """Two tables, name → array. One entry for each measurement: `kernel`, ``variable``, ``size``, ``d``, ``n``, ``p``, ``seconds``, ``floor``,
    ``floor_seconds`` (NaN without one). One for each kernel and variable: the exponents that are fitted, of the kernel and of its floor.
    """
    rows, fits = [], []
    with threadpool_limits(1):
        for cost in progress_bar(costs, desc="costs"):
            timed = []
            for size in cost.sizes:
                kernel, floor, place = cost.make(size)
                found = seconds([kernel] if floor is None else [kernel, floor], rounds)
                timed.append([*found, np.nan][:2])
                rows.append((cost.kernel, cost.variable, size, *place, timed[-1][0], cost.floor, timed[-1][1]))
            slopes = [np.polyfit(np.log(cost.sizes), np.log(column), 1)[0] for column in zip(*timed, strict=True)]
            fits.append((cost.kernel, cost.variable, *slopes))
    names = ("kernel", "variable", "size", "d", "n", "p", "seconds", "floor", "floor_seconds")
    fitted = ("fitted_kernel", "fitted_variable", "exponent", "floor_exponent")
    return table(names, rows) | table(fitted, fits)


def table(names, rows):
    """name → array, of rows."""
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def rates():
    """What one thread does: 1e9 operations per second in a product of 1000 × 1000, 1e9 bytes read or written per second in a copy."""
    with threadpool_limits(1):
        product, copy = seconds([products(1, ((1000, 1000), (1000, 1000))), copies(4_000_000)], 5)
    return {"product": 2e9 / product / 1e9, "copy": 2 * 16 * 4e6 / copy / 1e9}
