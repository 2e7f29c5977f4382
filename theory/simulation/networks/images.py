"""The images of a run: training and held-out, centred, with what a record needs to find them again."""

import importlib.util
import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...data.images import DEBIAN, Images, class_statistics, fashion_mnist
from ...validation import of_class
from .configuration import Configuration


class TrainingImages(NamedTuple):
    """Rows are images less the mean of all images of the classes; float32."""

    train: NDArray
    train_labels: NDArray
    #: positions in the file of all training images
    indices: NDArray
    test: NDArray
    test_labels: NDArray
    #: (d,), what was subtracted
    mean: NDArray
    names: tuple[str, ...]
    #: Tr Σ_c/d of all training images of each class, after scaling
    variances: NDArray
    #: |m_c|²/d and the cosines between the centroids (C, C)
    norms: NDArray
    cosines: NDArray
    #: of the two files
    checksums: tuple[str, str]


def lacking() -> str:
    """What this machine lacks for training: PyTorch, or the images; "" where nothing is missing. For a notice: nothing is loaded."""
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    if os.environ.get("FASHION_MNIST_DIR") or DEBIAN.is_dir():
        return ""
    return "Fashion-MNIST is not on this machine"


def training_images(configuration: Configuration, folder: str | os.PathLike | None = None) -> TrainingImages:
    """Draw the images of a `Configuration` from Fashion-MNIST, by its seed; ``folder`` as of `theory.data.fashion_mnist`.

    ``ValueError`` where the files are not there, or a class has fewer images than asked for.
    """
    of_class("configuration", configuration, "Configuration", "a theory.simulation.networks.Configuration")
    names = configuration.names
    parts = [fashion_mnist(folder, part).of_classes(names).downscaled(configuration.factor) for part in ("train", "test")]
    moments = class_statistics(parts[0])
    scales = np.sqrt(moments.variances.mean() / moments.variances) if configuration.matched else np.ones(len(names))
    chosen = (
        parts[0].sample(_counts(configuration.n, len(names)), stream(configuration.seed, 0)),
        # the held-out images are the same for all runs of the classes
        parts[1].sample(_counts(configuration.test, len(names)), 0),
    )
    train, test = (_centred(images, moments, scales) for images in chosen)
    norms = np.linalg.norm(moments.centroids, axis=1)
    cosines = moments.centroids @ moments.centroids.T / np.maximum(np.outer(norms, norms), 1e-300)
    return TrainingImages(
        train,
        chosen[0].labels,
        chosen[0].indices,
        test,
        chosen[1].labels,
        moments.mean,
        names,
        moments.variances * scales**2,
        norms**2 / configuration.d,
        cosines,
        (parts[0].checksum, parts[1].checksum),
    )


def stream(seed: int, which: int) -> int:
    """The seed of one of the independent streams of a run's seed: 0 images, 1 parameters, 2 batches and their noise."""
    return int(np.random.SeedSequence((seed, which)).generate_state(1)[0])


def _counts(total, classes):
    return [total // classes + (c < total % classes) for c in range(classes)]


def _centred(images: Images, moments, scales):
    centroids = moments.centroids[images.labels]
    about = images.vectors() - moments.mean - centroids
    return (centroids + scales[images.labels][:, None] * about).astype(np.float32)
