r"""A random-feature network at finite size: the matrices U and V of one draw of W and of the samples.

With φ_k = σ(W x_{t_k}/√d + t_k b) at the nodes t_k of the diffusion time, and the target y_k = c^ξ_k ξ + c^x_k x of
`theory.data.time_grid`,

    U = Σ_k ω_k (1/n) Σ_ν E_ξ[φ_k φ_k^T],        V = Σ_k ω_k r_k (1/n) Σ_ν E_ξ[φ_k y_k^T],

from which the loss follows (`theory.simulation.loss`). One time, one kind of samples and no biases are K = C = 1 and b = 0.

This is where the parts meet. ``model.simulate(d)`` comes here; `FiniteModel` holds the draw and keeps, once computed, what is asked of it.
The functions that it hands itself to know its attributes, never this module.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._former_names import renamed
from ..results import TrainingCurve
from ..validation import MOST_ENTRIES, a_model, finite_array, one_of, positive_integer, random_generator, shown
from . import class_curves, drawing, equivalent, flow, noise_average
from .backends import Array, Backend
from .backends import backend as choose_backend
from .eigenmodes import Modes, diagonalised
from .lanczos import simulation as lanczos
from .time_nodes import mean_square_target

if TYPE_CHECKING:
    from ..model import RandomFeatureModel
    from .lanczos.model import LanczosModel

FEATURES = ("network", "equivalent")
#: where draws are made unless something else is asked for
HOST = choose_backend("cpu", "numpy")
METHODS = ("dense", "lanczos")


def simulate(
    model: "RandomFeatureModel",
    d: int,
    seed: int = 0,
    *,
    features: str = "network",
    noise_draws: int | None = None,
    biases: str = "quantiles",
    device: Any = None,
    library: str | None = None,
    dtype: str = "float64",
    method: str = "dense",
    probes: int | None = None,
    steps: int | None = None,
    memory: float | None = None,
) -> "FiniteModel | LanczosModel":
    """Draw W and the samples, and build U and V.

    Parameters
    ----------
    model : `theory.RandomFeatureModel`
    d : int
        Dimension; p = round(ψ_p d) and n = round(ψ_n d), at least 1. The kinds of a `theory.Mixture` share the n samples in
        proportion to their frequencies, and its centroids lie in the first coordinates.
    seed : int
        Of ``numpy.random.default_rng``: draws are made on the host, so that a seed means the same on every backend.
    features : {"network", "equivalent"}
        The nonlinear network, or its Gaussian equivalent (1/n)GG^T + b²WW^T/d + s² with the mean κ kept in G, which is
        written here for one time, Gaussian data and no biases.
    noise_draws : int, optional
        Average over that many noise vectors per sample instead of exactly ("network" only): a different model, biased at
        order 1/noise_draws. Each time of a `theory.TimeGrid` has noise of its own.
    biases : {"quantiles", "iid"}
        The p quantiles b_i of N(0, bias²), as the eigenvalues of Σ are quantiles of ρ_Σ, or p independent draws. A feature's
        bias is part of its law, so that independent draws add a fluctuation O(p^{-1/2}) to the trace of U and to every other
        linear statistic, where everything else fluctuates by O(1/d): the limit is the same, and is seen much less clearly.
        The projections of W on the centroids ``Mixture(means=…)`` are part of the law too; they are drawn with W, and do add
        that fluctuation.
    device : {"cpu", "cuda", "auto"}, optional
    library : {"numpy", "torch", "cupy", "array_api_strict"}, optional
    dtype : {"float64", "float32"}
        See `theory.simulation.backend`; the result says what it was made on, as ``device`` and ``dtype``.
    method : {"dense", "lanczos"}
        All eigenvalues of U, or traces, losses and the outermost eigenvalues of the same draw by Lanczos' recurrences, with errors, where U is
        too large for more (`theory.simulation.lanczos.model`, on the CPU). What follows is for "lanczos" only:
    probes, steps : int, optional
        Random vectors that a trace is averaged over, by default 16, and steps of the recurrence from each, by default 100.
    memory : float, optional
        GiB that matrices and vectors may take; matrices beyond it are kept in temporary files (of the folder that ``TMPDIR`` names), which
        are gone with the draw. No limit by default. A network's U is put there once it is formed, which takes 2 p² + p n numbers in memory;
        the Gaussian equivalent is drawn there and takes no more.

    Returns
    -------
    FiniteModel, or LanczosModel

    Raises
    ------
    ValueError
        An option that is unknown or has no meaning for this model or method; d below the number of spikes or of the directions that
        the centroids span.

    Notes
    -----
    Cost O(K p² n) time for K diffusion times and O(p² + p n) memory. On two cores, d = 200, p = 800, n = 600 and K = 1 take
    about 2 s.

    Examples
    --------
    >>> from theory import RandomFeatureModel, activations
    >>> from theory.simulation import simulate
    >>> draw = simulate(RandomFeatureModel(activations.tanh, psi_p=2, psi_n=3, t=0.1), d=20, seed=0)
    >>> draw.eigenvalues.shape
    (40,)
    """
    a_model(model)
    d = positive_integer("d", d)
    one_of("features", features, FEATURES)
    one_of("biases", biases, drawing.BIASES)
    one_of("method", method, METHODS)
    if features == "equivalent":
        try:
            model.coefficients()
        except ValueError as error:
            raise ValueError(
                "features = 'equivalent' is not available for a grid of times, for a mixture or with biases; "
                "allowed: 'network' (or a number t, Gaussian data and bias = 0)"
            ) from error
    if noise_draws is not None:
        noise_draws = positive_integer("noise_draws", noise_draws)
        if features == "equivalent":
            raise ValueError(f"noise_draws = {noise_draws} has no meaning with features = 'equivalent'; allowed: None")
    where = choose_backend(device, library, dtype)
    p, n = (max(1, round(float(ratio) * d)) for ratio in (model.psi_p, model.psi_n))
    if max(p, n) * max(p, d) > MOST_ENTRIES:
        raise ValueError(f"d = {d} makes p = {p} and n = {n}: too large; allowed: matrices of up to {MOST_ENTRIES} numbers")
    of_lanczos = {"probes": probes, "steps": steps, "memory": memory}
    if method == "lanczos":
        chosen = lanczos.options(where, (p, d, n), **of_lanczos)
        return lanczos.draw(model, (p, d, n), random_generator("seed", seed), features, noise_draws, biases, chosen)
    for name, value in of_lanczos.items():
        if value is not None:
            raise ValueError(f"{name} = {shown(value)} has no meaning with method = 'dense'; allowed: None")
    # what a seed means is the order of these draws: W, the samples, the biases, and what U takes
    rng = random_generator("seed", seed)
    W = where.asarray(rng.standard_normal((p, d)))
    samples, kinds = drawing.samples(model.data, d, n, rng)
    X, b = where.asarray(samples), where.asarray(drawing.biases(float(model.bias), p, rng, biases))
    if features == "equivalent":
        U, V = equivalent.of_samples(where, model, W, X, rng)
    else:
        average, arguments = (
            (noise_average.exact, ()) if noise_draws is None else (noise_average.sampled, (noise_draws, rng))
        )
        U, V = noise_average.over_times(average, where, model.activation, W, X, b, model.times, *arguments)
    return FiniteModel(model, where, W, X, U, V, features, kinds, b, noise_draws)


@dataclass(eq=False, repr=False)
class FiniteModel:
    """One draw, made by `simulate`. Arrays are of the backend, save ``kinds``."""

    model: "RandomFeatureModel"
    backend: Backend
    #: (p, d), the features' weights
    W: Array
    #: (d, n), samples as columns
    X: Array
    #: (p, p) and (p, d)
    U: Array
    V: Array
    #: one of `FEATURES`
    features: str
    #: (n,), the samples' kinds 0 <= c < C, a NumPy array
    kinds: NDArray[np.int_]
    #: (p,)
    biases: Array
    #: as of `simulate`; None if U and V are averaged over the noise exactly
    noise_draws: int | None = None
    #: (d, m) and (m,): given samples that stand for fresh data, and their kinds (`theory.simulation.real_features`); None where
    #: fresh data are those of the model's description, which are averaged over exactly
    held_out: Array | None = None
    held_out_kinds: NDArray[np.int_] | None = None

    def __repr__(self):
        (p, d), n = self.W.shape, self.X.shape[1]
        made_on = "" if self.backend == HOST else f", {self.backend}"
        return f"FiniteModel(d={d}, p={p}, n={n}, {self.model}{made_on})"

    @property
    def device(self) -> str:
        """The device that it was made on: "cpu", "cuda:0", …; ``backend.library`` names the library."""
        return self.backend.place

    @property
    def dtype(self) -> str:
        """The precision that it was made in, "float64" or "float32"."""
        return self.backend.dtype

    @cached_property
    def initial_loss(self) -> float:
        """L_0, the train loss at A = 0: 1 without a connection from x to the output, whatever the samples."""
        return mean_square_target(self.model.times, float(self.backend.xp.mean(self.X**2)))

    @cached_property
    def eigenvalues(self) -> NDArray[np.float64]:
        """The eigenvalues of U in increasing order, a NumPy array of shape (p,), as rounding leaves them. Cost O(p³), once.

        ``modes.eigenvalues`` are the same up to rounding, with the null ones set to 0; they cost the eigenvectors too, several times as much.
        """
        return self.backend.to_float64(self.backend.xp.linalg.eigvalsh(self.U))

    @cached_property
    def modes(self) -> Modes:
        """The eigenmodes of U, as `theory.simulation.eigenmodes.Modes`. Cost O(p³), once."""
        return diagonalised(self)

    @cached_property
    def flow_matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What every training time has in common, as of `theory.simulation.flow.flow_matrices`. Cost O(p³), once."""
        return flow.flow_matrices(self)

    @cached_property
    def class_matrices(self) -> class_curves.ClassMatrices:
        """The same of the losses on the training samples of each kind, as of `theory.simulation.class_curves`. Cost O(C p³), once."""
        return class_curves.class_matrices(self)

    @cached_property
    def fresh_class_matrices(self) -> class_curves.ClassMatrices:
        """The same on fresh samples of each kind. Cost O(C p³), once."""
        return class_curves.fresh_class_matrices(self)

    def stieltjes(self, z: ArrayLike) -> complex | NDArray[np.complex128]:
        """(1/p) Tr (U − z)^{-1} at complex ``z`` (scalar or array) away from the eigenvalues, else ``ValueError``."""
        array = finite_array("z", z, complex)
        distance = np.abs(array[..., None] - self.eigenvalues)
        if not np.all(distance > 0):
            raise ValueError(
                f"z = {array[np.any(distance == 0, axis=-1)].flat[0]} is an eigenvalue of U; allowed: any other z"
            )
        q = np.mean(1 / (self.eigenvalues - array[..., None]), axis=-1)
        return complex(q) if array.ndim == 0 else q

    def training(self, tau: ArrayLike) -> TrainingCurve:
        """Train and test loss under exact gradient flow, as `theory.training.TrainingCurve`; see `theory.simulation.flow_curve`."""
        return flow.flow_curve(self, tau)


__getattr__ = renamed(
    __name__,
    BIASES="simulation.drawing.BIASES",
    covariance_eigenvalues="simulation.drawing.covariance_eigenvalues",
    gaussian_equivalent="simulation.equivalent.of_samples",
    kinds_of_samples="simulation.drawing.kinds_of_samples",
    shares="simulation.drawing.shares",
)
