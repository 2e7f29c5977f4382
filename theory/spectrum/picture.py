"""One picture of a law: density, edges, atoms, outliers, and the eigenvalues of a draw. The one place where matplotlib is imported.

Called by ``Spectrum.plot``, which says what is drawn; checked by ``tests/spectrum/test_picture.py``.
"""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ..validation import shown

if TYPE_CHECKING:
    from ..simulation.finite import FiniteModel
    from ..simulation.lanczos.model import LanczosModel
    from .distribution import Distribution

#: ratio of the ends of the support from which the axis is logarithmic
FAR = 30.0
#: points of the curve on each bulk
POINTS = 400


def plot(spectrum: "Distribution", ax: Axes | None, finite: "FiniteModel | LanczosModel | None", bins: int) -> Axes:
    """As ``Spectrum.plot``, with arguments that are checked, but for ``ax``."""
    if ax is not None and not isinstance(ax, Axes):
        raise ValueError(f"ax = {shown(ax)} is of type {type(ax).__name__}; allowed: axes of matplotlib, or None")
    law, atoms, outliers = spectrum._cumulative, spectrum.atoms(), spectrum.outliers()
    edges = np.array(spectrum.edges())
    with plt.style.context("theory.figures"):
        blue, orange, green, purple, *_ = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        ax = plt.subplots()[1] if ax is None else ax
        positive = [x for x in (*law.support, *(o.eigenvalue for o in outliers)) if x > 0]
        far = law.support[0] > 0 and max(positive) / min(positive) > FAR
        if finite is not None:
            _histogram(ax, finite, far, bins, green)
        for k, (lam, density) in enumerate(law.curve(POINTS)):
            seen = np.isfinite(density)
            height = density * lam if far else density
            ax.plot(lam[seen], height[seen], color=blue, label=None if k else r"law, $d\to\infty$")
        for k, edge in enumerate(edges):
            ax.axvline(edge, color="0.4", linewidth=0.9, linestyle=":", label=None if k else "edges")
        for k, (place, weight) in enumerate(atoms):
            ax.axvline(place, color=orange, linewidth=1.4, linestyle="--", label=None if k else "atoms")
            ax.annotate(
                f"{weight:.3g}", (place, 1.0), xycoords=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=9
            )
        if outliers:
            at = [outlier.eigenvalue for outlier in outliers]
            ax.plot(at, np.zeros(len(at)), "v", color=purple, markersize=8, clip_on=False, zorder=3, label="outliers")
        if far:
            ax.set_xscale("log")
        ax.set_xlabel(r"eigenvalue $\lambda$ of $U$")
        ax.set_ylabel(r"density of $\ln\lambda$, $\lambda\rho(\lambda)$" if far else r"density $\rho(\lambda)$")
        ax.set_ylim(bottom=0, top=_top(law, far))
        ax.legend()
    return ax


def _top(law, far):
    """1.1 times the maximum; where a density diverges at a hard edge, of what lies above the lowest tenth of the eigenvalues."""
    lowest = law.quantile(np.array([0.1]))[0] if any(bulk.low == 0 for bulk in law.bulks) and not far else -np.inf
    heights = [(density * (lam if far else 1))[lam > lowest] for lam, density in law.curve(POINTS)]
    return 1.1 * max(height.max(initial=0.0) for height in heights) if heights else None


def _histogram(ax, finite, far, bins, color):
    """Bars of all eigenvalues of a draw, of total area 1: those of an atom lie close to its place, and stand higher than the axis shows."""
    label = f"one draw, d = {finite.W.shape[1]}"
    if not hasattr(finite, "eigenvalues"):
        _smoothed(ax, finite, far, color, label)
        return
    values = finite.eigenvalues
    far = far and values.min() > 0
    walls = np.geomspace(values.min(), values.max(), bins + 1) if far else np.linspace(values.min(), values.max(), bins + 1)
    walls[0], walls[-1] = values.min(), values.max()
    counts, _ = np.histogram(values, walls)
    heights = counts / (values.size * np.diff(np.log(walls) if far else walls))
    ax.bar(walls[:-1], heights, np.diff(walls), align="edge", color=color, alpha=0.35, label=label)


def _smoothed(ax, finite, far, color, label):
    """The density of a draw whose law is known and not its eigenvalues (``method="lanczos"``), with a band of twice its standard error."""
    low, high = finite.range
    low = max(low, 1e-6 * high)
    reach = np.exp(3 * finite.resolution)
    lam = np.geomspace(low / reach, high * reach, 4 * POINTS)
    found = finite.density(lam)
    height, error = (x * lam if far else x for x in (found.value, 2 * found.standard_error))
    ax.fill_between(lam, 0, height, color=color, alpha=0.35, label=f"{label}, ln λ to {finite.resolution:.2g}")
    ax.fill_between(lam, height - error, height + error, color=color, alpha=0.6, linewidth=0)
