"""Training on images that are made here: resumption bit by bit, losses class by class, floors, and what is refused."""

import math

import numpy as np
import pytest

from theory.data.images import FASHION_CLASSES, Images
from theory.simulation import EmpiricalScore, networks
from theory.simulation.networks import Configuration, build_network, record, train, training, training_images
from theory.simulation.networks import images as networks_images
from theory.simulation.networks.evaluation import denoising_losses, evaluation_noise

TINY = Configuration("mlp", 8, 16, factor=4, batch=8, steps=40, evaluations=5, first=4, samples=12, test=20, seed=3)


@pytest.fixture
def made(monkeypatch):
    """Images of ten classes of different variance, in the place of Fashion-MNIST."""

    def fashion_mnist(folder=None, part="train"):
        rng = np.random.default_rng(len(part))
        labels = np.repeat(np.arange(10), 30)
        pixels = np.clip(
            rng.normal(0, 0.1 + 0.05 * labels[:, None, None], (300, 28, 28)) + labels[:, None, None] / 10 - 0.5, -1, 1
        )
        return Images(pixels, labels, FASHION_CLASSES, "made here", part, np.arange(300))

    monkeypatch.setattr(networks_images, "fashion_mnist", fashion_mnist)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


class Killed(Exception):
    pass


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_run_that_was_killed_gives_the_same_bits(made, torch, monkeypatch, tmp_path, optimiser):
    configuration = Configuration(**TINY.as_dict() | {"optimiser": optimiser})
    whole = train(configuration, progress=False).record
    saved, path = training._State.save, tmp_path / "run.pt"

    def save_and_die(self, where):
        saved(self, where)
        raise Killed

    # killed after each evaluation but the last, with other random numbers drawn in between
    monkeypatch.setattr(training._State, "save", save_and_die)
    for _ in range(len(whole.steps) - 1):
        with pytest.raises(Killed):
            train(configuration, path, progress=False)
        torch.rand(7)
    monkeypatch.setattr(training._State, "save", saved)
    resumed = train(configuration, path, progress=False).record
    assert set(whole.arrays) == set(resumed.arrays)
    for name, array in whole.arrays.items():
        assert array.tobytes() == resumed.arrays[name].tobytes(), name


def test_another_seed_is_another_run(made, torch):
    first, other = (train(Configuration(**TINY.as_dict() | {"seed": seed}), progress=False).record for seed in (3, 4))
    assert not np.array_equal(first.arrays["indices"], other.arrays["indices"])
    assert np.all(first.loss("test", 0.4) != other.loss("test", 0.4))


def test_losses_of_classes_add_up_and_stay_above_the_floor(made, torch):
    run = train(TINY, progress=False)
    images, found = training_images(TINY), run.record
    # the global loss, over all images at once, by the denoiser that the run gives back
    for part, clean in (("train", np.tile(images.train, (63, 1))), ("test", images.test)):
        noise = evaluation_noise(len(clean), TINY.d, part)
        error = np.mean((run.denoiser(clean + 0.4 * noise, 0.4) - clean) ** 2) / 0.16
        assert found.loss(part, 0.4)[-1] == pytest.approx(error, rel=1e-5)
        assert found.class_losses(part, 0.4).shape == (len(found.steps), 10)
    # the mean of the training images given the noisy one has the smallest training loss there is
    exact = EmpiricalScore(images.train.astype(float).T)

    def posterior_mean(y, sigma):
        t = networks.time_at(sigma)
        return exact.denoised(math.exp(-t) * np.asarray(y, float).T, t).T

    floor = denoising_losses(posterior_mean, images.train, images.train_labels, TINY.levels, "train", 10)
    shares = np.bincount(images.train_labels, minlength=10) / TINY.n
    for row, level in enumerate(TINY.levels):
        assert found.loss("train", level).min() > floor[row] @ shares
    assert found.loss("train", 0.4)[-1] < found.loss("train", 0.4)[0]


def test_images_are_equal_in_number_centred_and_matched(made):
    plain, matched = (training_images(Configuration(**TINY.as_dict() | {"matched": m, "n": 25})) for m in (False, True))
    assert np.bincount(plain.train_labels).tolist() == [3] * 5 + [2] * 5
    assert np.ptp(matched.variances) < 1e-12 < np.ptp(plain.variances)
    assert matched.variances.mean() == pytest.approx(plain.variances.mean())
    # the mean of every class stays, so do the centroids
    np.testing.assert_allclose(matched.norms, plain.norms)
    np.testing.assert_array_equal(matched.indices, plain.indices)
    np.testing.assert_allclose(np.diag(plain.cosines), 1)


def test_records_are_read_as_written_and_refused_by_name(made, torch, tmp_path):
    found, path = train(TINY, progress=False).record, tmp_path / "record.npz"
    record.save_record(found, path)
    again = record.load_record(path, TINY)
    assert again.configuration == TINY and again.provenance == found.provenance
    packed = networks.records(record.packed({"a": found, "b": found}))
    for kept in (again, packed["b"]):
        assert all(np.array_equal(kept.arrays[name], array) for name, array in found.arrays.items())
    other = Configuration(**TINY.as_dict() | {"width": 16, "seed": 5})
    with pytest.raises(ValueError, match=r"record.npz' is of another configuration: width = 8, not 16, seed = 3, not 5"):
        record.load_record(path, other)
    train(TINY, tmp_path / "run.pt", progress=False)
    with pytest.raises(ValueError, match=r"run.pt' is of another configuration: seed = 3, not 5, width = 8, not 16"):
        train(other, tmp_path / "run.pt", progress=False)


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"classes": ("Hat", "Bag")}, "classes = 'Hat' is unknown"),
        ({"classes": ("Bag", "Bag")}, "each once"),
        ({"batch": 65}, "batch = 65 is more than the n = 64 images"),
        ({"n": 5, "batch": 5}, "n = 5; allowed: at least 2, and an image of each of the 10"),
        ({"network": "unet", "width": 12}, "width = 12; allowed: multiples of 8"),
        ({"factor": 3}, "factor = 3; allowed: a divisor of 28"),
        ({"average": 1.0}, "average = 1.0"),
        ({"first": 5000}, "first = 5000 is more than steps = 4000"),
        ({"levels": ()}, "levels = ()"),
    ],
)
def test_bad_configurations_are_refused_by_name(fields, said):
    with pytest.raises(ValueError) as error:
        Configuration(**fields)
    assert said in str(error.value)


def test_more_images_than_there_are(made):
    with pytest.raises(ValueError, match="per_class = 50 is more than the 30 images"):
        training_images(Configuration(n=500))


def test_devices_are_named_or_refused(torch):
    with pytest.raises(ValueError, match="device = 'gpu' is unknown; allowed: 'cpu', 'cuda'"):
        build_network(TINY, "gpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match=r"device = 'cuda'.*finds no CUDA device"):
            build_network(TINY, "cuda")


def test_a_loss_that_is_no_number_is_named(made, torch):
    with pytest.raises(ValueError, match="learning_rate = 1e\\+30"):
        train(Configuration(**TINY.as_dict() | {"optimiser": "sgd", "learning_rate": 1e30}), progress=False)


def test_without_pytorch_it_is_said(monkeypatch, made):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "array_api_compat.torch", None)
    with pytest.raises(ImportError, match="needs PyTorch, which is not installed"):
        train(TINY, progress=False)
