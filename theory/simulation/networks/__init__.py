"""Small networks trained in all their layers on images: denoisers next to which the theory of random features is put.

A `Configuration` describes a run; `train` makes its `Record`, with PyTorch (optional: the package imports and its records are read without it).
The noise level σ of a denoiser and the diffusion time t of the book are one thing, σ = √(Δ_t e^{2t}), and so are the losses: see
`noise_levels`. Records of the runs of the chapter are in `theory.sweeps`: ``records(stored("networks_size")[1])``.

Modules, each importing only those before it: configuration, noise_levels; denoiser (and architectures, which it loads), images,
sampling, evaluation; record, times; training; tangent; kernel; experiments.
"""

from .configuration import Configuration
from .denoiser import Denoiser, build_network
from .evaluation import Neighbours, neighbours
from .images import TrainingImages, lacking, training_images
from .noise_levels import SIGMA_DATA, Preconditioning, noise_level_at, preconditioning, time_at
from .record import Record, records
from .sampling import sample, sampling_levels
from .times import Exponent, bootstrap_bars, crossing_time, exponent, memorized, minimum_time
from .training import Run, train

__all__ = [
    "SIGMA_DATA",
    "Configuration",
    "Denoiser",
    "Exponent",
    "Neighbours",
    "Preconditioning",
    "Record",
    "Run",
    "TrainingImages",
    "bootstrap_bars",
    "build_network",
    "crossing_time",
    "exponent",
    "lacking",
    "memorized",
    "minimum_time",
    "neighbours",
    "noise_level_at",
    "preconditioning",
    "records",
    "sample",
    "sampling_levels",
    "time_at",
    "train",
    "training_images",
]
