"""Data on a hidden manifold: x = g(Fz/√D) of a Gaussian z in D = α_D d dimensions, seen through a fixed random map.

Description only: `theory.empirical` computes with it, `theory.simulation` draws from it.
"""

from dataclasses import dataclass

from ..activations import Activation
from ..validation import of_class, positive, shown


@dataclass(frozen=True)
class HiddenManifold:
    r"""x = g(√variance · Fz/√D), entrywise, with F of shape (d, D), iid N(0, 1), z ~ N(0, I_D) and D = α_D d.

    Parameters
    ----------
    alpha_D : real number in (0, 1]
        Dimension of the manifold per dimension of the data.
    variance : real number > 0
        Mean variance of a component before g.
    activation : `theory.activations.Activation`, optional
        g; by default the manifold is a linear subspace. Its covariance is then that of the Gaussian equivalent, with the mean of g taken off
        (`theory.empirical.averages`); the data themselves are not Gaussian.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed.
    """

    alpha_D: float
    variance: float = 1
    activation: Activation | None = None

    def __post_init__(self):
        value = positive("alpha_D", self.alpha_D)
        if float(value) > 1:
            raise ValueError(f"alpha_D = {shown(self.alpha_D)} is out of range; allowed: 0 < alpha_D <= 1")
        object.__setattr__(self, "alpha_D", value)
        object.__setattr__(self, "variance", positive("variance", self.variance))
        if self.activation is not None:
            of_class("activation", self.activation, "Activation", "a theory.activations.Activation, or None")
