"""The model's description: what is trained, on what data, at which diffusion time. Frozen and validated.

The front door, and the roof: a caller makes a `RandomFeatureModel` and asks it. What it holds is `theory.data` and an activation; what it
answers is computed elsewhere, in modules that are imported when they are first asked for (`theory.spectrum`, `theory.training`,
`theory.simulation`). It keeps what it has computed beside its fields, so that two equal models are equal whatever was asked of them.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike, NDArray

from . import process
from .activations import Activation
from .couplings.ensemble import Ensemble, check_activation, ensemble
from .couplings.feature_types import LabelLattice, is_refined
from .couplings.gaussian_equivalence import Coefficients, coefficients
from .data.gaussian import Gaussian
from .data.mixture import Mixture
from .data.time_grid import TimeGrid
from .digits import mp, rounded
from .validation import decimal_digits, non_negative, positive, positive_integer, shown

if TYPE_CHECKING:
    from .results import RidgeCurve, TrainingCurve
    from .simulation.finite import FiniteModel
    from .simulation.lanczos.model import LanczosModel
    from .spectrum.law import Spectrum
    from .training.timescales import Timescales

#: the weights of more nodes of the Gauss–Hermite rule underflow
MOST_TYPES = 200


@dataclass(frozen=True)
class RandomFeatureModel:
    r"""A random-feature score network :math:`S(x, t) = c_{\rm out}(t) A\,\sigma(Wx/\sqrt d + t b)/\sqrt p + c_{\rm skip}(t) x`.

    Parameters
    ----------
    activation : `theory.activations.Activation`
        A SymPy expression or a callable is accepted too.
    psi_p, psi_n : real numbers > 0
        Features and samples per dimension, p/d and n/d.
    t : real number > 0, or `theory.TimeGrid`
        Diffusion time of the variance-preserving process, Δ_t = 1 − e^{−2t}. A number means that the network is trained at this
        time alone, with c_out = 1 and c_skip = 0; a grid, that the loss is averaged over its nodes.
    data : `theory.Gaussian` or `theory.Mixture`
    bias : real number >= 0
        Standard deviation of the features' biases b_i, which enter as t b_i.
    types : "auto" or int
        What stands for the continuum of labels, the bias and the directions that the centroids ``Mixture(means=…)`` span: feature
        types. By default they are refined until the Stieltjes transform, edges, outliers and losses that are asked for change by less than 1e-6,
        which ``spectrum().discretisation`` reports, or a `ConvergenceError` says that they do not. A number is that of the nodes of a
        Gauss–Hermite rule in each direction, whose error is reported there too, and not bounded.

    Raises
    ------
    ValueError
        Naming the argument, its value and what is allowed; also where the activation is constant or has no second moment
        under the pre-activation's Gaussian.
    ConvergenceError
        The Gaussian quadrature of the activation does not settle: kinks of a callable that were not named, mostly. Here for one type,
        one kind and one time; in general where ``ensemble`` is first needed.

    Notes
    -----
    Numbers may be of any type that `theory.validation` names; floats are taken at their exact binary value when more digits are asked
    for. Cost: the coefficients, once for each activation, time and variance: a millisecond in closed form, 20 ms by quadrature.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> model = RandomFeatureModel(activations.tanh, psi_p=8, psi_n=16, t=0.02)
    >>> [round(float(edge), 3) for edge in model.spectrum().edges()]
    [0.006, 0.067, 1.069, 6.181]
    >>> [round(float(loss), 3) for loss in model.training([1.0, 100.0]).train]
    [0.998, 0.959]
    """

    activation: Activation
    psi_p: float
    psi_n: float
    t: float | TimeGrid
    data: Gaussian | Mixture = field(default_factory=Gaussian)
    bias: float = 0.0
    types: int | str | LabelLattice = "auto"

    def __post_init__(self):
        if not isinstance(self.activation, Activation):
            try:
                object.__setattr__(self, "activation", Activation(self.activation))
            except ValueError as error:
                raise ValueError(f"activation: {error}") from error
        for name in ("psi_p", "psi_n"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        if not isinstance(self.t, TimeGrid):
            object.__setattr__(self, "t", positive("t", self.t))
        if not isinstance(self.data, (Gaussian, Mixture)):
            raise ValueError(
                f"data = {shown(self.data)} is not a description of data; allowed: theory.Gaussian, theory.Mixture"
            )
        object.__setattr__(self, "bias", non_negative("bias", self.bias))
        if not (isinstance(self.types, LabelLattice) or (isinstance(self.types, str) and self.types == "auto")):
            object.__setattr__(self, "types", positive_integer("types", self.types, MOST_TYPES))
        if self.is_scalar:
            self.coefficients()  # raises on an activation that the theory cannot treat
        else:
            check_activation(self)

    @property
    def is_scalar(self) -> bool:
        """Whether there is one type of features, one kind of samples and one time: two equations for two numbers."""
        return isinstance(self.data, Gaussian) and not isinstance(self.t, TimeGrid) and float(self.bias) == 0

    def coefficients(self, dps: int | None = None) -> Coefficients:
        """a, b, v, s of the Gaussian equivalence, as `theory.couplings.gaussian_equivalence.Coefficients` (``.v2``, ``.s2`` the squares).

        ``dps`` asks for that many decimal digits as ``mpmath.mpf``.
        """
        if not self.is_scalar:
            raise ValueError(
                "coefficients() belongs to one feature type, one kind and one time; "
                "allowed: a number t, Gaussian data and bias = 0 (else see ensemble)"
            )
        if dps is None:
            return coefficients(self.activation, self.t, self.data.variance)
        return self.coefficients_mpmath(decimal_digits("dps", dps))

    def coefficients_mpmath(self, dps: int) -> Coefficients:
        """The same, for solvers that add guard digits to what `theory.digits` lets a caller ask for."""
        with mp.workdps(dps + 10):
            variance = rounded(mp.fdot(*self.data.mpmath_spectrum()), dps + 10)
        return coefficients(self.activation, self.t, variance, dps)

    @cached_property
    def times(self) -> TimeGrid:
        """The diffusion times as `theory.TimeGrid`; a number t is one node of weight 1."""
        return self.t if isinstance(self.t, TimeGrid) else TimeGrid((self.t,), (1,))

    @cached_property
    def ensemble(self) -> Ensemble:
        """Couplings of every feature type, kind of samples and time node, as `theory.couplings.ensemble.Ensemble`.

        For ``types="auto"`` those of ``spectrum().base``.
        """
        return self.spectrum().base.model.ensemble if is_refined(self) else ensemble(self)

    @cached_property
    def decay(self) -> float | NDArray:
        """e^{-t}, or an array of shape (K,) for a `theory.TimeGrid`."""
        return self.t.decay if isinstance(self.t, TimeGrid) else float(process.decay(float(self.t)))

    @cached_property
    def noise_variance(self) -> float:
        """Δ_t = 1 − e^{−2t}, or its average Δ̄ over a `theory.TimeGrid`, by which the rate of training goes."""
        return self.t.noise_variance if isinstance(self.t, TimeGrid) else float(process.noise_variance(float(self.t)))

    def spectrum(self) -> "Spectrum":
        """The limit law of U, as `theory.spectrum.Spectrum`: one object for each model, which keeps what it has computed."""
        return self._spectrum

    def __getstate__(self):
        # what the spectrum has computed is its own, and larger than the description
        return {name: value for name, value in self.__dict__.items() if name != "_spectrum"}

    @cached_property
    def _spectrum(self):
        from .spectrum.refined import spectrum_of

        return spectrum_of(self)

    def training(self, tau: ArrayLike) -> "TrainingCurve":
        r"""Train loss, test loss and score error in the limit d → ∞, with no simulation.

        Parameters
        ----------
        tau : array of training times >= 0, ``inf`` allowed
            In units where dA/dτ = −d² ∂L/∂A: k steps of gradient descent with learning rate η are τ = kη/d².

        Returns
        -------
        `theory.training.TrainingCurve`
            ``.tau .train .test .score_error .generalization_gap``. The relative errors of ``train`` and ``test`` are below 1e-10, as
            measured by two rules of integration (`theory.training.losses`); those of the differences, score_error and the gap, follow.

        Raises
        ------
        ValueError
            τ < 0 or NaN.
        ConvergenceError
            A loss could not be certified, or U has no gap above 0 (a linear activation at ψ_p = 1).

        Notes
        -----
        About 20 ms for 200 values of τ (Σ = 1), after a few seconds of derivation the first time in a process; the cost grows as the
        square of log(λ_+/λ_-), up to a second where the spectrum extends over fifteen powers of ten.
        """
        from .training.curves import training_curve

        return training_curve(self, tau)

    def ridge(self, zeta: ArrayLike) -> "RidgeCurve":
        """The same losses for ridge regression, the minimiser of (train loss) + (Δ_t ζ/(pd)) |A|².

        ``zeta`` is an array of ridges >= 0, in units of the eigenvalues of U; 0 is training to the end. Returns
        `theory.training.RidgeCurve`; errors and cost as `training`.
        """
        from .training.curves import ridge_curve

        return ridge_curve(self, zeta)

    def timescales(self, within: float = 0.05, gap_fraction: float = 0.5) -> "Timescales":
        """τ_gen, τ_mem and their scaling with ψ_n, as `theory.training.timescales.Timescales`, where the definitions stand.

        ``within``: τ_gen is the first time at which the test loss has come within that fraction of its descent (from 1 to its
        minimum). ``gap_fraction``: τ_mem is the first time at which test − train passes that fraction of its final value.
        Both in (0, 1), `ValueError` else. Cost: about 0.5 s.
        """
        from .training.timescales import timescales

        return timescales(self, within, gap_fraction)

    def simulate(self, d: int, seed: int = 0, **options: Any) -> "FiniteModel | LanczosModel":
        """The finite-size counterpart, as `theory.simulation.finite.FiniteModel`; see there for the options. With ``method="lanczos"``, for what
        is too large to diagonalise, a `theory.simulation.LanczosModel`."""
        from .simulation.finite import simulate

        return simulate(self, d, seed, **options)
