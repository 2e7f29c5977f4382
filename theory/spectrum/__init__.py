"""The limit law of U: Stieltjes transform, density, edges, atoms. `Spectrum` is all of it to a user.

**Where they are.** ``law`` has `Spectrum`, which asks the others: ``resolvent_digits`` for q to any digits, ``integration`` for averages and the
total mass, and ``support`` for the edges. ``support`` chooses by the equations. Two of them: ``scalar_edges`` on a ``real_curve``,
``edge_digits``, and ``artefacts`` where ρ_Σ is continuous. The general ones: ``edge_search`` on a ``survey`` of the real axis, with
``hidden_bulks`` and ``hidden_gaps`` for what a scan steps over, and ``label_continuum`` where types or nodes stand for a continuum.

What a law has that is known by its density, edges and atoms is in ``distribution``: ``cumulative`` for F and quantiles, ``fluctuations`` for the
scale of the eigenvalues beside an edge, ``picture``, which alone imports matplotlib.

The folder stands on `theory.equations`, and calls `theory.outliers` for ``Spectrum.outliers``; training asks it for edges and for integrals.
"""

from .fluctuations import EdgeFluctuation
from .integration import quadrature
from .law import Spectrum

__all__ = ["EdgeFluctuation", "Spectrum", "quadrature"]
