"""One training run, described: every number that its result depends on, checked by name."""

from dataclasses import asdict, dataclass, fields

from ...data.images import FASHION_CLASSES
from ...validation import integer, non_negative, one_of, positive, positive_integer, sequence, shown, truth

NETWORKS = ("mlp", "unet")
OPTIMISERS = ("adam", "sgd")
#: of any whole number
MOST = 10**9


@dataclass(frozen=True)
class Configuration:
    """What is trained on what, how and how long. Raises ``ValueError`` naming the field, its value and what is allowed.

    Parameters
    ----------
    network : {"mlp", "unet"}
        See `theory.simulation.networks.build_network`.
    width : int
        W: hidden neurons of the MLP; channels of the U-Net's fine level, a multiple of 8.
    n : int
        Training images, as equal in number a class as n allows, the first classes one more.
    classes : sequence of str
        Names of classes of Fashion-MNIST; empty for all ten.
    matched : bool
        Whether each class is scaled about its centroid to the mean variance of the classes.
    factor : int
        Images are averaged over blocks of factor × factor pixels; a divisor of 28. The U-Net wants 2.
    optimiser : {"adam", "sgd"}
        Adam (0.9, 0.999), or gradient descent with momentum 0.9.
    learning_rate : float
    batch : int
        Images a step, drawn without replacement; no more than n.
    steps : int
    average : float
        Weight of the past in the running average of the parameters that is evaluated, in [0, 1).
    evaluations : int
        How many, at steps that are equal in logarithm from ``first`` on, the last step among them.
    first : int
    levels : sequence of float
        Noise levels σ at which the losses are measured.
    samples : int
        Generated at an evaluation; 0 for none.
    test : int
        Held-out images, from the test part of the data.
    seed : int
        Of the images, the parameters, the batches and their noise. The noise of the evaluations is the same for all seeds.
    """

    network: str = "mlp"
    width: int = 256
    n: int = 64
    classes: tuple[str, ...] = ()
    matched: bool = False
    factor: int = 2
    optimiser: str = "adam"
    learning_rate: float = 2e-3
    batch: int = 64
    steps: int = 4000
    average: float = 0.99
    evaluations: int = 40
    first: int = 30
    levels: tuple[float, ...] = (0.2, 0.4, 0.8)
    samples: int = 256
    test: int = 1000
    seed: int = 0

    def __post_init__(self):
        one_of("network", self.network, NETWORKS)
        one_of("optimiser", self.optimiser, OPTIMISERS)
        for name in ("width", "n", "factor", "batch", "steps", "evaluations", "first", "test"):
            object.__setattr__(self, name, positive_integer(name, getattr(self, name), MOST))
        for name in ("samples", "seed"):
            object.__setattr__(self, name, integer(name, getattr(self, name), low=0, high=MOST))
        object.__setattr__(self, "matched", truth("matched", self.matched))
        names = tuple(
            one_of("classes", name, FASHION_CLASSES) for name in sequence("classes", self.classes, "names of classes")
        )
        if len(set(names)) < len(names):
            raise ValueError(f"classes = {shown(names)}; allowed: each once")
        object.__setattr__(self, "classes", names)
        object.__setattr__(self, "learning_rate", float(positive("learning_rate", self.learning_rate)))
        object.__setattr__(self, "average", float(non_negative("average", self.average)))
        levels = tuple(float(positive("levels", value)) for value in sequence("levels", self.levels, "numbers > 0"))
        object.__setattr__(self, "levels", levels)
        if not levels:
            raise ValueError("levels = () is empty; allowed: noise levels > 0")
        if self.average >= 1:
            raise ValueError(f"average = {self.average}; allowed: [0, 1)")
        if 28 % self.factor or (self.network == "unet" and self.factor != 2):
            raise ValueError(f"factor = {self.factor}; allowed: a divisor of 28, and 2 for the U-Net")
        if self.network == "unet" and self.width % 8:
            raise ValueError(f"width = {self.width}; allowed: multiples of 8 for the U-Net")
        if self.batch > self.n:
            raise ValueError(f"batch = {self.batch} is more than the n = {self.n} images; allowed: at most n")
        if self.n < max(2, len(self.names)):
            raise ValueError(f"n = {self.n}; allowed: at least 2, and an image of each of the {len(self.names)} classes")
        if self.first > self.steps:
            raise ValueError(f"first = {self.first} is more than steps = {self.steps}; allowed: at most steps")

    @property
    def names(self) -> tuple[str, ...]:
        """The classes by name, all ten where none was named."""
        return self.classes or FASHION_CLASSES

    @property
    def d(self) -> int:
        """Pixels of an image."""
        return (28 // self.factor) ** 2

    def as_dict(self) -> dict:
        """The fields, with lists for tuples, as a record keeps them."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def from_dict(values: dict) -> Configuration:
    """The `Configuration` of a record's fields. Unknown or missing ones raise ``ValueError``."""
    expected = {field.name for field in fields(Configuration)}
    if not isinstance(values, dict) or set(values) != expected:
        raise ValueError(f"values = {shown(values)} has not the fields of a Configuration; allowed: {sorted(expected)}")
    return Configuration(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
