"""From an activation function to the numbers of the saddle-point equations: what stands between a description and its solvers.

`coefficients` are those of one feature type, one kind of samples and one diffusion time (`theory.couplings.gaussian_equivalence`); an
`Ensemble` holds the couplings of several (`theory.couplings.ensemble`). Both rest on Gaussian averages of the activation
(`theory.couplings.gaussian_averages`). Models ask for them, and the equations read them; nothing here knows of either.
For whoever extends the package: arguments are not checked here, which is for what calls it.
"""

from .ensemble import Ensemble
from .gaussian_equivalence import Coefficients, coefficients

__all__ = ["Coefficients", "Ensemble", "coefficients"]
