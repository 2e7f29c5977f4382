"""Sweeps too long for a chapter, computed once and kept beside this file with their provenance.

They belong to the package, so that a chapter finds them wherever it is run. ``tools/sweeps.py`` (``make sweeps``) computes them again,
``tools/networks.py`` (``make networks``) those of trained networks. A `report` is there only if somebody measured it, on a machine that has
what it is about.
"""

import json
from importlib import resources

import numpy as np

from ..validation import one_of

NAMES = (
    "class_curves",
    "class_order",
    "finite_size",
    "generation_window",
    "mixture",
    "outlier",
    "phase_diagram",
    "reversal",
)
#: trained networks, by ``tools/networks.py``
NAMES += ("networks_classes", "networks_kernel", "networks_modes", "networks_size", "networks_unet", "networks_width")

#: measured where there is such a machine, and else not at all
REPORTS = ("benchmarks", "gpu")


def stored(name: str) -> tuple[dict, dict]:
    """(provenance, arrays) of the sweep of that name, one of `NAMES`: two dictionaries.

    The provenance says what was computed, by which version and with which seeds; ``tools/sweeps.py`` says what the arrays are, and
    `theory.simulation.networks.records` reads those of trained networks.

    Examples
    --------
    >>> from theory.sweeps import stored
    >>> provenance, arrays = stored("outlier")
    >>> "seed" in str(provenance), len(arrays) > 0
    (True, True)
    """
    return _read(one_of("name", name, NAMES))


def report(name: str = "gpu") -> tuple[dict, dict] | None:
    """(provenance, arrays) of a report, one of `REPORTS`, or None where it was not measured: say "not measured" then, and nothing else.

    "gpu" is made by ``tools/gpu.py`` (``make gpu``). Its provenance names the ``device``, the ``library`` with its version, the host's
    ``processor``, ``cores`` and ``threads``, the ``commit``, and the ``tests on the device`` that passed. Its arrays have one entry for each
    measurement: ``kernel`` ("copy" of p × p numbers; "product" of p × n by n × p; "noise average", five such products and the tables;
    "eigenvalues" of p × p; "empirical score" of n points at n states; "sampler", 20 steps of n states, whose random numbers are drawn on
    the host), ``library``, ``place`` ("cpu", which is NumPy on the host, or "cuda:0"), ``dtype``, the sizes ``d``, ``n``, ``p``, and
    ``seconds`` of wall time, the least of three.

    "benchmarks" is made by ``tools/benchmark_table.py`` (``make benchmark-table``), in one thread; times are CPU times, the least of a few
    rounds. Its provenance names the ``processor``, ``cores``, ``memory (GiB)``, ``commit``, ``load average`` before and after, and the ``rates``
    of that run: "product", 1e9 operations per second, and "copy", 1e9 bytes per second. It has three tables of arrays.

    - Measurements: ``kernel``, ``variable`` (which of the sizes grows: "d", "n", "p"; "all" for d with n = 3 d and p = 4 d; "z", "tau", …), its
      ``size``, the sizes ``d``, ``n``, ``p`` (0 where there is none), ``seconds``; and ``floor`` ("product", "5 products", "copy", … or ""),
      what no way of computing the same does without, with its ``floor_seconds`` (NaN without one), timed in turns with the kernel.
    - Fits: ``fitted_kernel``, ``fitted_variable``, and the exponents with which kernel and floor grow: ``exponent``, ``floor_exponent``.
    - The density at ``published_points`` λ by the algorithm of 2505.17638 at λ + iε (``published_epsilon``) and by the package, for each
      ``published_model``: ``published_seconds`` and ``published_own_seconds``; ``published_failed``, ``published_lower_half_plane``,
      ``published_other_branch`` count the λ without a solution, with Im q <= 0, or with another q than the certified one at the same z; and
      ``published_density_off`` those whose density differs from ρ(λ) by more than 1e-6, which ε alone causes at ``published_own_density_off``.
      ``published_residual``, ``published_largest_residual`` and the same with ``own_``: of the equations, median and largest.

    Both records name the machine.
    """
    name = one_of("name", name, REPORTS)
    return _read(name) if resources.files(__name__).joinpath(f"{name}.npz").is_file() else None


def _read(name):
    with resources.as_file(resources.files(__name__) / f"{name}.npz") as path, np.load(path) as archive:
        arrays = {key: archive[key] for key in archive.files}
    return json.loads(str(arrays.pop("provenance"))), arrays
