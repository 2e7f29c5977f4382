"""Images: what is read is what was published, statistics by another route, and errors that name the file."""

import gzip
import shutil

import numpy as np
import pytest

from theory.data import Images, available_images, class_statistics, digits, fashion_mnist
from theory.data.images import CHECKSUMS, DEBIAN, FASHION_CLASSES

HERE = pytest.mark.skipif(not DEBIAN.is_dir(), reason="Fashion-MNIST is not installed (Debian: dataset-fashion-mnist)")


@pytest.fixture
def few(rng=None):
    rng = np.random.default_rng(0)
    pixels = rng.uniform(-1, 1, (30, 4, 4)) * np.linspace(0.2, 1, 16).reshape(4, 4)
    return Images(pixels, np.arange(30) % 3, ("a", "b", "c"), "made here", "", np.arange(30))


@HERE
def test_the_published_images():
    train, test = fashion_mnist(), fashion_mnist(part="test")
    assert train.pixels.shape == (60_000, 28, 28) and test.pixels.shape == (10_000, 28, 28)
    assert np.array_equal(np.bincount(train.labels), np.full(10, 6_000))
    # the published mean and standard deviation of a pixel: 0.2860, 0.3530 on [0, 1]
    grey = (train.pixels + 1) / 2
    assert abs(grey.mean() - 0.2860) < 5e-5 and abs(grey.std() - 0.3530) < 5e-5
    assert train.names == FASHION_CLASSES and not train.pixels.flags.writeable


@HERE
def test_a_file_that_was_changed_or_cut_is_refused(tmp_path):
    name = "t10k-labels-idx1-ubyte"
    for path in DEBIAN.iterdir():
        if path.name.startswith("t10k"):
            shutil.copy(path, tmp_path)
    content = bytearray(gzip.decompress((tmp_path / f"{name}.gz").read_bytes()))
    content[100] ^= 1
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(ValueError, match=f"{name}.gz is not the published file"):
        fashion_mnist(tmp_path, "test")
    whole = (DEBIAN / f"{name}.gz").read_bytes()
    (tmp_path / f"{name}.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=f"{name}.gz cannot be read"):
        fashion_mnist(tmp_path, "test")
    # uncompressed, and whole again
    (tmp_path / f"{name}.gz").unlink()
    content[100] ^= 1
    (tmp_path / name).write_bytes(bytes(content))
    assert len(fashion_mnist(tmp_path, "test")) == 10_000


def test_a_folder_without_the_files_is_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"does not hold train-images-idx3-ubyte"):
        fashion_mnist(tmp_path)
    monkeypatch.setenv("FASHION_MNIST_DIR", str(tmp_path))
    for read in (fashion_mnist, available_images):
        with pytest.raises(ValueError, match="does not hold"):
            read()


def test_digits_stand_in_with_a_notice(monkeypatch, tmp_path):
    pytest.importorskip("sklearn")
    monkeypatch.delenv("FASHION_MNIST_DIR", raising=False)
    monkeypatch.setattr("theory.data.images.DEBIAN", tmp_path / "none")
    with pytest.warns(UserWarning, match="digits take its place"):
        images = available_images()
    assert images.source == "scikit-learn's digits" and images.pixels.shape == (1797, 8, 8)
    assert images.pixels.min() == -1 and images.pixels.max() == 1


def test_total_covariance_is_within_plus_between(few):
    statistics = class_statistics(few)
    vectors = few.vectors()
    covariance = sum(
        w * (np.cov(vectors[few.labels == c].T, bias=True) + np.outer(m, m))
        for c, (w, m) in enumerate(zip(statistics.weights, statistics.centroids, strict=True))
    )
    assert np.allclose(np.linalg.eigvalsh(covariance)[::-1], statistics.total, atol=1e-14)
    assert np.allclose(statistics.weights @ statistics.centroids, 0, atol=1e-15)
    assert np.allclose(statistics.variances, [vectors[few.labels == c].var(axis=0).mean() for c in range(3)], rtol=1e-13)


def test_selections_keep_labels_and_positions(few):
    chosen = few.of_classes(("c", "a"))
    assert np.array_equal(chosen.labels, [1, 0] * 10) and np.array_equal(chosen.indices % 3, [0, 2] * 10)
    sample = chosen.sample((3, 4), seed=1)
    assert np.array_equal(np.bincount(sample.labels), [3, 4]) and len(set(sample.indices)) == 7
    assert np.array_equal(sample.pixels, few.pixels[sample.indices])
    assert np.array_equal(sample.indices, chosen.sample((3, 4), seed=1).indices)
    assert not np.array_equal(sample.indices, chosen.sample((3, 4), seed=2).indices)


def test_downscaling_averages_blocks(few):
    small = few.downscaled(2)
    assert np.allclose(small.pixels[5, 1, 0], few.pixels[5, 2:4, 0:2].mean()) and small.d == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda few: few.downscaled(3), "factor = 3 does not divide the side, 4"),
        (lambda few: few.of_classes(("a", "x")), "classes = 'x'"),
        (lambda few: few.of_classes(("a", "a")), "each once"),
        (lambda few: few.of_classes(()), "at least one"),
        (lambda few: few.sample(11), "per_class = 11 is more than the 10 images of 'a'"),
        (lambda few: few.sample((1, 2)), "3 numbers, one a class"),
        (lambda few: few.sample(0), "per_class = 0"),
        (lambda few: fashion_mnist(part="validation"), "part = 'validation'"),
        (lambda few: fashion_mnist(3), "folder = 3 is no path"),
        (lambda few: class_statistics(few.pixels), "images"),
    ],
)
def test_bad_input_is_named(few, wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(few)


def test_checksums_are_of_four_files():
    assert len(CHECKSUMS) == 4 and len(set(CHECKSUMS.values())) == 4


def test_digits_are_of_ten_classes():
    pytest.importorskip("sklearn")
    assert np.bincount(digits().labels).sum() == 1797 and len(class_statistics(digits()).weights) == 10
