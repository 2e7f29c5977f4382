"""Training a denoiser, with evaluations on the way, so that a run that was killed goes on from its last evaluation to the same numbers.

The loss of a step is that of the network's own target, the mean over images and pixels of (D − x_0)²/c_out², at one noise level an image, with
ln σ stratified over the batch. At each evaluation the model, the optimiser, the running average, the random state and the curves so far go into
one checkpoint, which takes the place of the last one whole or not at all.
"""

import os
import platform
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...progress import progress_bar
from ...validation import of_class, shown, truth
from .configuration import Configuration
from .denoiser import Denoiser, build_network, named_device, torch_on
from .evaluation import denoising_losses, evaluation_noise, neighbours
from .images import TrainingImages, stream, training_images
from .noise_levels import LOG_SIGMA, SIGMA_DATA
from .record import CURVES, Record, write_whole
from .sampling import sample

#: samples that a record keeps as images
SHOWN = 16
MOMENTUM = 0.9


class Run(NamedTuple):
    """What `train` gives back."""

    record: Record
    #: of the running average of the parameters at the last step
    denoiser: Denoiser


def evaluation_steps(configuration: Configuration) -> list[int]:
    """The steps at which a run is evaluated, rising, the last one among them."""
    c = configuration
    return sorted({round(float(step)) for step in np.geomspace(c.first, c.steps, c.evaluations)} | {c.steps})


def train(
    configuration: Configuration,
    checkpoint: str | os.PathLike | None = None,
    *,
    folder: str | os.PathLike | None = None,
    device: str = "cpu",
    progress: bool = True,
) -> Run:
    """Train and measure, or go on where ``checkpoint`` ends.

    Parameters
    ----------
    configuration : Configuration
    checkpoint : path, optional
        A file that is written at each evaluation, and from which a run goes on. One of another configuration is refused.
    folder : path, optional
        With Fashion-MNIST; see `theory.data.fashion_mnist`.
    device : {"cpu", "cuda"}
    progress : bool
        A bar over the steps, with the time that remains.

    Raises
    ------
    ImportError
        PyTorch is not installed.
    ValueError
        Naming the argument; images that are not there; a device that PyTorch does not find; a checkpoint of another configuration.

    Notes
    -----
    On one thread of a two-core machine a step of the MLP of width 256 takes 4 ms, of the U-Net of width 16 13 ms. On one machine
    a run gives the same bits, whether or not it was interrupted (``tests/simulation/test_networks_training.py``).
    """
    of_class("configuration", configuration, "Configuration", "a theory.simulation.networks.Configuration")
    truth("progress", progress)
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise ValueError(f"checkpoint = {shown(checkpoint)} is no path; allowed: a file to write, or None")
    named_device(device)
    images = training_images(configuration, folder)
    torch, place = torch_on(device)
    threads = torch.get_num_threads()
    # layers this small gain nothing from a second thread, and lose a factor of three to it where the machine is busy
    torch.set_num_threads(1)
    try:
        return _trained(torch, place, configuration, images, None if checkpoint is None else Path(checkpoint), progress)
    finally:
        torch.set_num_threads(threads)


def _trained(torch, place, configuration, images, path, progress):
    state = _State(torch, configuration, place)
    if path is not None and path.is_file():
        state.load(path)
    data, c = torch.as_tensor(images.train, device=place), configuration
    wanted, begin = [step for step in evaluation_steps(c) if step > state.step], time.perf_counter()
    before = state.seconds
    with progress_bar(total=c.steps, initial=state.step, shown=progress, desc=f"{c.network} W={c.width} n={c.n}") as bar:
        for target in wanted:
            while state.step < target:
                state.advance(data)
            bar.update(target - bar.n)
            state.evaluate(images)
            state.seconds = before + time.perf_counter() - begin
            if path is not None:
                state.save(path)
    return Run(_record(state, images, place), Denoiser(state.average.module))


class _State:
    """Everything that the rest of a run depends on."""

    def __init__(self, torch, configuration, place):
        c = configuration
        self.torch, self.configuration, self.place = torch, configuration, place
        self.generator = torch.Generator().manual_seed(stream(c.seed, 2))
        self.network = build_network(c, str(place), stream(c.seed, 1))
        swa = torch.optim.swa_utils
        self.average = swa.AveragedModel(self.network, multi_avg_fn=swa.get_ema_multi_avg_fn(c.average))
        parameters = self.network.parameters()
        if c.optimiser == "adam":
            self.optimiser = torch.optim.Adam(parameters, lr=c.learning_rate, fused=True)
        else:
            self.optimiser = torch.optim.SGD(parameters, lr=c.learning_rate, momentum=MOMENTUM, fused=True)
        self.step, self.seconds, self.curves = 0, 0.0, {name: [] for name in CURVES}
        self.last = None

    def advance(self, data):
        """One step of the optimiser and of the running average."""
        torch, c = self.torch, self.configuration
        chosen = torch.randperm(len(data), generator=self.generator)[: c.batch]
        uniform = (torch.arange(c.batch) + torch.rand(c.batch, generator=self.generator)) / c.batch
        # a normal variable of each stratum; the clamp keeps float32's 1 − 2⁻²⁵ from becoming 1
        normal = torch.special.ndtri(uniform.clamp(1e-7, 1 - 1e-7))
        sigma = torch.exp(LOG_SIGMA[0] + LOG_SIGMA[1] * normal).to(self.place)
        noise = torch.randn((c.batch, data.shape[1]), generator=self.generator).to(self.place)
        clean, total = data[chosen.to(self.place)], torch.sqrt(sigma**2 + SIGMA_DATA**2)[:, None]
        noisy = clean + sigma[:, None] * noise
        # (x_0 − c_skip y)/c_out: what the network is to say
        target = (clean - (SIGMA_DATA / total) ** 2 * noisy) * total / (sigma[:, None] * SIGMA_DATA)
        loss = torch.mean((self.network(noisy / total, sigma.log()) - target) ** 2)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.step += 1

    def evaluate(self, images: TrainingImages):
        """Append what is measured at this step to the curves."""
        c, denoiser, classes = self.configuration, Denoiser(self.average.module), len(images.names)
        arguments = {"train": (images.train, images.train_labels), "test": (images.test, images.test_labels)}
        found = {"steps": self.step}
        for part, (pixels, labels) in arguments.items():
            found[part] = denoising_losses(denoiser, pixels, labels, c.levels, part, classes)
        if not all(np.all(np.isfinite(found[part])) for part in arguments):
            raise ValueError(f"learning_rate = {c.learning_rate} makes the loss infinite by step {self.step}; allowed: less")
        if c.samples:
            # the sampler takes as long as a dozen steps
            self.last = sample(denoiser, evaluation_noise(c.samples, c.d, "samples"))
            near = neighbours(self.last, images.train)
            found |= {"nearest": near.nearest, "second": near.second, "index": near.index}
        for name, value in found.items():
            self.curves[name].append(value)

    def save(self, path):
        """The checkpoint, in the place of the last one."""
        kept = {
            "configuration": self.configuration.as_dict(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
            "curves": self.curves,
            "last": self.last,
        }
        write_whole(path, lambda file: self.torch.save(kept, file))

    def load(self, path):
        """Go on from a checkpoint of the same configuration."""
        # our own file, of NumPy arrays besides tensors
        kept = self.torch.load(path, map_location=self.place, weights_only=False)
        mine, other = self.configuration.as_dict(), kept["configuration"]
        if different := sorted(name for name in mine.keys() | other.keys() if mine.get(name) != other.get(name)):
            said = ", ".join(f"{name} = {other.get(name)!r}, not {mine.get(name)!r}" for name in different)
            raise ValueError(
                f"checkpoint = {str(path)!r} is of another configuration: {said}; allowed: the same, or another file"
            )
        self.network.load_state_dict(kept["network"])
        self.average.load_state_dict(kept["average"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.generator.set_state(kept["generator"].cpu())
        self.step, self.seconds, self.curves, self.last = kept["step"], kept["seconds"], kept["curves"], kept["last"]


def _record(state, images, place):
    torch, c = state.torch, state.configuration
    held, own = neighbours(images.test, images.train), neighbours(images.train, images.train, exclude_self=True)
    curves = {name: np.array(values) for name, values in state.curves.items() if values}
    small = {"index": np.int16, "nearest": np.float16, "second": np.float16, "train": np.float32, "test": np.float32}
    arrays = {name: array.astype(small.get(name, array.dtype)) for name, array in curves.items()}
    arrays |= {
        "held_nearest": held.nearest.astype(np.float32),
        "held_second": held.second.astype(np.float32),
        "held_index": held.index.astype(np.int16),
        "own_nearest": own.nearest.astype(np.float32),
        "indices": images.indices,
        "labels": images.train_labels.astype(np.int8),
        "test_labels": images.test_labels.astype(np.int8),
        "variances": images.variances,
        "norms": images.norms,
        "cosines": images.cosines,
    }
    if c.samples:
        last = state.last[:SHOWN]
        nearest = images.train[curves["index"][-1][:SHOWN]]
        arrays |= {"shown": (last + images.mean).astype(np.float16)}
        arrays |= {"shown_neighbours": (nearest + images.mean).astype(np.float16)}
    provenance = {
        "data": "Fashion-MNIST, training and test part",
        "checksums": list(images.checksums),
        "classes": list(images.names),
        "parameters": sum(parameter.numel() for parameter in state.network.parameters()),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "device": str(place),
        "threads": torch.get_num_threads(),
        "seconds": round(state.seconds, 1),
    }
    return Record(c, provenance, arrays)
