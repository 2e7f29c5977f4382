"""Which library, device and precision a name means, what "auto" takes, and that nothing else is taken in silence."""

import pickle
import sys
from types import ModuleType, SimpleNamespace

import array_api_strict
import numpy as np
import pytest

from theory import RandomFeatureModel, activations
from theory.simulation import backend, backends, devices, draw, finite, generate, noise_average, trained_score, training_set
from theory.simulation.sweeping.tasks import device as device_of_task

MODEL = RandomFeatureModel(activations.tanh, 2, 1.5, 0.5)


@pytest.fixture
def gpus(monkeypatch):
    """What PyTorch and CuPy seem to find here; no array can be made there."""

    def seem(torch=0, cupy=0):
        monkeypatch.setattr(backends, "_torch_gpus", lambda: torch)
        monkeypatch.setattr(backends, "_cupy_gpus", lambda: cupy)
        if torch:
            monkeypatch.setattr(pytest.importorskip("torch").cuda, "current_device", lambda: torch - 1)
        if cupy:
            fake = ModuleType("array_api_compat.cupy")
            fake.cuda = SimpleNamespace(Device=lambda number: SimpleNamespace(id=number))
            monkeypatch.setitem(sys.modules, "array_api_compat.cupy", fake)
            import array_api_compat

            monkeypatch.setattr(array_api_compat, "cupy", fake, raising=False)

    monkeypatch.delenv("THEORY_DEVICE", raising=False)
    return seem


def test_auto_is_the_cpu_without_a_gpu(gpus, monkeypatch):
    gpus()
    assert devices() == ("cpu",)
    assert str(backend("auto")) == "numpy on cpu, float64"
    assert backend("auto", "numpy") == backend("cpu") == backend()
    assert backend("auto", "array_api_strict").place == "cpu"
    monkeypatch.setenv("THEORY_DEVICE", "auto")
    assert backend() == backend("cpu")
    pytest.importorskip("torch")
    assert str(backend("auto", "torch", "float32")) == "torch on cpu, float32"


def test_auto_takes_the_gpu_of_pytorch_first(gpus):
    gpus(torch=2, cupy=1)
    assert devices() == ("cpu", "cuda:0", "cuda:1")
    assert str(backend("auto", dtype="float32")) == "torch on cuda:1, float32"  # the current one
    assert str(backend("cuda:0")) == "torch on cuda:0, float64"
    assert str(backend("auto", "numpy")) == str(backend("cpu")) == "numpy on cpu, float64"


def test_auto_takes_the_gpu_of_cupy_where_pytorch_has_none(gpus):
    gpus(cupy=2)
    assert devices() == ("cpu", "cuda:0", "cuda:1")
    assert str(backend("auto")) == str(backend("cuda")) == "cupy on cuda:0, float64"
    assert str(backend("cuda:1", "cupy")) == "cupy on cuda:1, float64"
    with pytest.raises(ValueError, match=r"device = 'cuda:2' is not available with library = 'cupy'.*'cuda:0', 'cuda:1'"):
        backend("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "tpu", "mps", "CPU", "", "cpu:0", 0, 1.5])
def test_an_unknown_device_is_refused_with_those_that_there_are(gpus, name):
    gpus()
    with pytest.raises(ValueError, match=r"device = .* is unknown; allowed here: 'auto', 'cpu'$") as error:
        MODEL.simulate(10, device=name)
    assert repr(name) in str(error.value)
    gpus(torch=1)
    with pytest.raises(ValueError, match=r"allowed here: 'auto', 'cpu', 'cuda:0'$"):
        MODEL.simulate(10, device=name)


@pytest.mark.parametrize("name", ["meta", "mps", "cuda:3", "cpu:1"])
def test_a_device_of_pytorch_that_is_not_here_or_not_supported(gpus, name):
    """PyTorch makes "meta" without complaint, and no number is ever computed there."""
    pytest.importorskip("torch")
    gpus(torch=1)
    with pytest.raises(ValueError, match=rf"device = '{name}'.*allowed here: 'cpu', 'cuda:0'$"):
        backend(name, "torch")


def test_cuda_without_one_is_refused_before_anything_is_drawn(gpus, monkeypatch):
    pytest.importorskip("torch")
    gpus()

    def never(*_):
        raise AssertionError("something was drawn")

    monkeypatch.setattr(finite, "random_generator", never)
    for asked in ({"device": "cuda"}, {"device": "cuda:0"}, {"device": "cuda", "library": "torch"}):
        with pytest.raises(ValueError, match=r"device = 'cuda.*finds no CUDA device; allowed here: 'cpu'$"):
            MODEL.simulate(10, **asked)
    with pytest.raises(ValueError, match="device = 'gpu'"):
        MODEL.simulate(10, device="gpu")
    with pytest.raises(ValueError, match="dtype = 'float16' is unknown; allowed: 'float64', 'float32'"):
        MODEL.simulate(10, dtype="float16")


@pytest.mark.parametrize("dtype", ["float16", "double", np.float32, None, 32])
def test_an_unknown_precision(dtype):
    with pytest.raises(ValueError, match=r"dtype = .* is unknown; allowed: 'float64', 'float32'"):
        backend(dtype=dtype)


def test_products_of_fewer_digits_are_not_called_float32():
    torch = pytest.importorskip("torch")
    torch.set_float32_matmul_precision("medium")
    try:
        with pytest.raises(ValueError, match=r"dtype = 'float32'.*'medium'"):
            MODEL.simulate(10, library="torch", dtype="float32")
        assert MODEL.simulate(10, library="torch").dtype == "float64"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_a_draw_says_what_it_was_made_on(gpus):
    gpus()
    default, single = MODEL.simulate(6), MODEL.simulate(6, device="auto", library="array_api_strict", dtype="float32")
    assert (default.device, default.dtype, default.backend.library) == ("cpu", "float64", "numpy")
    assert (single.device, single.dtype, single.backend.library) == ("cpu", "float32", "array_api_strict")
    assert repr(single) == repr(default)[:-1] + ", array_api_strict on cpu, float32)"
    there = MODEL.simulate(6, library="array_api_strict", device="device1")
    assert there.device == "device1"
    for draw_ in (default, single, there):
        again = pickle.loads(pickle.dumps(draw_.backend))
        assert str(again) == str(draw_.backend) and again.xp is draw_.backend.xp


def test_a_task_of_a_sweep_records_what_auto_was(monkeypatch):
    torch = pytest.importorskip("torch")
    assert device_of_task({"device": "auto"}) == device_of_task({}) == "cpu"
    assert device_of_task({"device": "cuda"}) == "cuda"
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    assert device_of_task({"device": "auto"}) == "cuda: a GPU"


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_whatever_is_drawn_has_the_precision_asked_for(library):
    if library == "torch":
        pytest.importorskip("torch")
    options = {"library": library, "dtype": "float32"}
    x, (points, fresh) = draw([1.0, 2.0], 3, **options), training_set(MODEL.data, 2, 3, 1, **options)
    times = [2.0, 0.5]
    score = trained_score(MODEL, 6, times, 1.0, **options)
    made = [x, points, fresh, generate(lambda x, t: -x, 4, times, 3, **options)]
    made.append(generate(score, 6, times, 3, **options))
    for array in made:
        assert backends.place_of(array).dtype == "float32"


def test_arrays_of_another_place_are_refused():
    """A NumPy array is not taken to a device without a word, and one of another precision is taken in the backend's."""
    where = backend("device1", "array_api_strict", "float32")
    W, X = np.ones((3, 2)), array_api_strict.ones((2, 4), device=array_api_strict.Device("device1"))
    rest = (0.5, 0.5)
    with pytest.raises(ValueError, match="W is an array of numpy on cpu; allowed: one of array_api_strict on device1"):
        noise_average.exact(where, activations.tanh, W, X, *rest)
    with pytest.raises(
        ValueError, match="X is an array of array_api_strict on cpu; allowed: one of array_api_strict on device1"
    ):
        noise_average.exact(where, activations.tanh, where.asarray(W), array_api_strict.ones((2, 4)), *rest)
    assert noise_average.exact(where, activations.tanh, where.asarray(W), X, *rest)[0].dtype == array_api_strict.float32
