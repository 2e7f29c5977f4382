r"""What is measured at an evaluation: losses at fixed noise levels with fixed noise, and samples next to their nearest training images.

The loss is the book's, |D − x_0|²/(dσ²) in the mean over images and noise. For the same noise no denoiser that is a function of y alone has a
training loss below that of the mean of the training images given y, `theory.simulation.EmpiricalScore`, but by the chance of the draws.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...validation import finite_array, truth

#: noisy copies of the training images, at least that many in all
NOISY = 1000
PARTS = ("train", "test", "samples")


def evaluation_noise(count: int, d: int, part: str) -> NDArray:
    """Fixed standard normal numbers (count, d), float32: the same at each evaluation and for each seed of a run."""
    return np.random.default_rng(PARTS.index(part) + 1).standard_normal((count, d), dtype=np.float32)


def denoising_losses(
    denoiser: Callable[[NDArray, float], NDArray], images: NDArray, labels: NDArray, levels, part: str, classes: int
) -> NDArray:
    """The loss of each class at each level, array (levels, classes); the global one is their mean weighted with the images of each class."""
    copies = -(-NOISY // len(images)) if part == "train" else 1
    clean, kinds = np.tile(images, (copies, 1)), np.tile(labels, copies)
    noise = evaluation_noise(len(clean), clean.shape[1], part)
    counts, found = np.bincount(kinds, minlength=classes), np.zeros((len(levels), classes))
    for row, sigma in enumerate(levels):
        errors = np.mean((denoiser(clean + np.float32(sigma) * noise, sigma) - clean) ** 2, axis=1, dtype=float) / sigma**2
        found[row] = np.bincount(kinds, errors, minlength=classes) / np.maximum(counts, 1)
    return found


class Neighbours(NamedTuple):
    """Pixel distances |x − a|, arrays (m,): to the nearest and second nearest training image, and which the nearest is."""

    nearest: NDArray
    second: NDArray
    index: NDArray

    @property
    def ratio(self) -> NDArray:
        """Nearest over second nearest: a copy of a training image has 0."""
        return self.nearest / np.maximum(self.second, 1e-12)


def neighbours(x: ArrayLike, training: ArrayLike, exclude_self: bool = False) -> Neighbours:
    """The two nearest ``training`` images (n, d) of each row of ``x`` (m, d), O(mnd); ``exclude_self`` where x is the training set."""
    x, training = finite_array("x", x, float), finite_array("training", training, float)
    if training.ndim != 2 or len(training) < 2:
        raise ValueError(f"training has shape {training.shape}; allowed: (n, d) with n >= 2")
    if x.ndim != 2 or x.shape[1] != training.shape[1]:
        raise ValueError(f"x has shape {x.shape}; allowed: (m, {training.shape[1]})")
    if truth("exclude_self", exclude_self) and x.shape != training.shape:
        raise ValueError(f"exclude_self = True with x of shape {x.shape}; allowed: where x is the training set")
    if exclude_self and len(x) < 3:
        raise ValueError("exclude_self = True with 2 images; allowed: at least 3")
    squares = np.sum(x**2, axis=1)[:, None] + np.sum(training**2, axis=1) - 2 * x @ training.T
    if exclude_self:
        np.fill_diagonal(squares, np.inf)
    order = np.argpartition(squares, 1, axis=1)[:, :2]
    two = np.sqrt(np.maximum(np.take_along_axis(squares, order, axis=1), 0))
    swap = two[:, 0] > two[:, 1]
    return Neighbours(two.min(axis=1), two.max(axis=1), np.where(swap, order[:, 1], order[:, 0]))
