"""Images as data: Fashion-MNIST from files that are already on the machine, and what the theory asks of them.

Nothing is ever downloaded. On Debian and Ubuntu the files come with the package ``dataset-fashion-mnist``; elsewhere the environment variable
``FASHION_MNIST_DIR``, or an argument, names a folder with the four IDX files. Where they are absent the handwritten digits that scikit-learn
ships take their place (`available_images`), with a notice.
"""

import gzip
import hashlib
import os
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..validation import integer, of_class, one_of, positive_integer, random_generator, sequence, shown

#: where Debian's package puts the files
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FASHION_CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")
#: SHA-256 of the uncompressed files
CHECKSUMS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
PREFIXES = {"train": "train", "test": "t10k"}


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images of a few classes.

    Attributes
    ----------
    pixels : array (n, side, side)
        Grey values, scaled to [−1, 1].
    labels : int array (n,)
        Class of each, a position in ``names``.
    names : tuple of str
    source : str
        What they are, for a caption or a record.
    checksum : str
        SHA-256 of the file of all images that these come from.
    indices : int array (n,)
        Position of each in that file.
    """

    pixels: NDArray
    labels: NDArray
    names: tuple[str, ...]
    source: str
    checksum: str
    indices: NDArray

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def d(self) -> int:
        """Pixels of an image."""
        return self.pixels.shape[1] * self.pixels.shape[2]

    def vectors(self) -> NDArray:
        """Each image as a row, float array (n, d): uncentred, in [−1, 1]."""
        return self.pixels.reshape(len(self), -1)

    def downscaled(self, factor: int) -> "Images":
        """Averaged over blocks of ``factor`` × ``factor`` pixels; ``factor`` must divide the side."""
        side, factor = self.pixels.shape[1], positive_integer("factor", factor)
        if side % factor:
            raise ValueError(f"factor = {factor} does not divide the side, {side}; allowed: its divisors")
        blocks = self.pixels.reshape(len(self), side // factor, factor, side // factor, factor)
        return replace(self, pixels=blocks.mean(axis=(2, 4)))

    def of_classes(self, classes: Sequence[str]) -> "Images":
        """Those of the named classes, whose labels become their position in ``classes``."""
        classes = tuple(one_of("classes", name, self.names) for name in sequence("classes", classes, "names of classes"))
        if not classes or len(set(classes)) < len(classes):
            raise ValueError(f"classes = {shown(classes)}; allowed: at least one of {self.names}, each once")
        labels = np.full(len(self.names), -1)
        labels[[self.names.index(name) for name in classes]] = range(len(classes))
        kept = labels[self.labels] >= 0
        return replace(self._rows(kept), labels=labels[self.labels[kept]], names=classes)

    def sample(self, per_class: int | Sequence[int], seed: int = 0) -> "Images":
        """That many of each class (one number, or one a class), drawn without replacement, class by class."""
        counts = np.bincount(self.labels, minlength=len(self.names))
        if np.ndim(per_class):
            wanted = [integer("per_class", k, low=0) for k in sequence("per_class", per_class, "a number a class")]
            if len(wanted) != len(counts):
                raise ValueError(f"per_class = {shown(per_class)}; allowed: {len(counts)} numbers, one a class")
        else:
            wanted = [positive_integer("per_class", per_class)] * len(counts)
        for name, count, k in zip(self.names, counts, wanted, strict=True):
            if k > count:
                raise ValueError(f"per_class = {k} is more than the {count} images of {name!r}; allowed: at most {count}")
        rng = random_generator("seed", seed)
        chosen = [rng.choice(np.flatnonzero(self.labels == c), size=k, replace=False) for c, k in enumerate(wanted)]
        return self._rows(np.concatenate(chosen))

    def _rows(self, rows):
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows], indices=self.indices[rows])


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """First and second moments of images, class by class (`class_statistics`).

    Attributes
    ----------
    names : tuple of str
    weights : array (C,)
        Share of the images.
    mean : array (d,)
        Of all images.
    centroids : array (C, d)
        Mean of each class less ``mean``: they average to zero.
    variances : array (C,)
        Tr Σ_c/d, per pixel.
    within, total : arrays (C, d), (d,)
        Eigenvalues of each class's covariance Σ_c and of the covariance of all images, falling. Empirical: n in the denominator.
    """

    names: tuple[str, ...]
    weights: NDArray
    mean: NDArray
    centroids: NDArray
    variances: NDArray
    within: NDArray
    total: NDArray


def class_statistics(images: Images) -> ClassStatistics:
    """Weights, centroids, variances and covariance spectra of the classes that occur. O(n d² + C d³).

    ``total`` is the spectrum of Σ_c ω_c (Σ_c + m_c m_c^T), the covariance of all images (checked by ``tests/data/test_images.py``).
    """
    of_class("images", images, "Images", "a theory.data.images.Images")
    vectors, kinds = images.vectors(), np.unique(images.labels)
    mean = vectors.mean(axis=0)
    centroids = np.array([vectors[images.labels == c].mean(axis=0) - mean for c in kinds])
    within = np.array(
        [_covariance_eigenvalues(vectors[images.labels == c] - mean - m) for c, m in zip(kinds, centroids, strict=True)]
    )
    return ClassStatistics(
        tuple(images.names[c] for c in kinds),
        np.array([np.mean(images.labels == c) for c in kinds]),
        mean,
        centroids,
        within.mean(axis=1),
        within,
        _covariance_eigenvalues(vectors - mean),
    )


def _covariance_eigenvalues(centred):
    return np.maximum(np.linalg.eigvalsh(centred.T @ centred / len(centred))[::-1], 0.0)


def fashion_mnist(folder: str | os.PathLike | None = None, part: str = "train") -> Images:
    """Fashion-MNIST, 60,000 images (``part="test"``: 10,000) of 28 × 28 pixels in ten classes. About 0.4 GB in memory, read once.

    Parameters
    ----------
    folder : path, optional
        With the IDX files, compressed or not; by default ``FASHION_MNIST_DIR``, else where Debian's ``dataset-fashion-mnist`` puts them.
    part : "train" or "test"

    Raises
    ------
    ValueError
        If the folder lacks a file, or a file is not the published one (by its SHA-256), naming it. Nothing is downloaded.
    """
    one_of("part", part, tuple(PREFIXES))
    if folder is not None and not isinstance(folder, str | os.PathLike):
        raise ValueError(f"folder = {shown(folder)} is no path; allowed: a folder with the IDX files, or None")
    where = Path(os.fspath(folder) if folder is not None else os.environ.get("FASHION_MNIST_DIR") or DEBIAN)
    return _read(where.resolve(), PREFIXES[part])


@lru_cache(maxsize=2)
def _read(folder, prefix):
    pixels, checksum = _idx(folder, f"{prefix}-images-idx3-ubyte")
    labels, _ = _idx(folder, f"{prefix}-labels-idx1-ubyte")
    arrays = pixels / 127.5 - 1.0, labels.astype(np.int64), np.arange(len(labels))
    for array in arrays:
        array.flags.writeable = False
    return Images(arrays[0], arrays[1], FASHION_CLASSES, "Fashion-MNIST", checksum, arrays[2])


def _idx(folder, name):
    """Array of an IDX file of bytes, and the SHA-256 of its content."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
    if path is None:
        raise ValueError(
            f"folder = {str(folder)!r} does not hold {name}(.gz); allowed: a folder with the four files of Fashion-MNIST "
            "(Debian's package dataset-fashion-mnist, or FASHION_MNIST_DIR)"
        )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise ValueError(
            f"folder = {str(folder)!r}: {path.name} cannot be read ({error}); allowed: the published file"
        ) from None
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != CHECKSUMS[name]:
        raise ValueError(
            f"folder = {str(folder)!r}: {path.name} is not the published file (SHA-256 {checksum[:12]}…, "
            f"not {CHECKSUMS[name][:12]}…); allowed: the published file"
        )
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape), checksum


def digits() -> Images:
    """The 1,797 handwritten digits of 8 × 8 pixels that scikit-learn ships (an optional dependency). Raises ImportError without it."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return Images(
        found.images / 8.0 - 1.0,
        found.target.astype(np.int64),
        tuple(str(name) for name in found.target_names),
        "scikit-learn's digits",
        hashlib.sha256(found.images.tobytes()).hexdigest(),
        np.arange(len(found.images)),
    )


def available_images(folder: str | os.PathLike | None = None) -> Images:
    """Fashion-MNIST's training images where they are, else the `digits`, with a warning that says so.

    A ``folder`` that is given must hold the files: an error there is raised, not papered over; so is one in ``FASHION_MNIST_DIR``.
    """
    if folder is not None or os.environ.get("FASHION_MNIST_DIR") or DEBIAN.is_dir():
        return fashion_mnist(folder)
    warnings.warn(
        "Fashion-MNIST is not on this machine (Debian's package dataset-fashion-mnist, or FASHION_MNIST_DIR): "
        "scikit-learn's digits take its place, and the numbers are theirs",
        UserWarning,
        stacklevel=2,
    )
    return digits()
