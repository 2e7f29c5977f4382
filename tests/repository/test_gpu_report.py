"""`tools/gpu.py` and `theory.sweeps.report`: nothing is written without a GPU, and a rehearsal on the CPU says that it is one."""

import json

import gpu
import numpy as np
import pytest

import theory
from theory import sweeps
from theory.simulation import backend, backends


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "report"


@pytest.fixture
def nothing_else(monkeypatch):
    """No GPU, and an error if anything is tested or timed."""

    def never(*_, **__):
        raise AssertionError("something was measured")

    monkeypatch.setattr(backends, "_gpus", lambda: (None, 0))
    for name in ("device_tests", "benchmark"):
        monkeypatch.setattr(gpu, name, never)


@pytest.mark.parametrize("arguments", [[], ["--device", "cuda"], ["--device", "cuda:1", "--library", "torch"]], ids=str)
def test_without_a_gpu_nothing_is_measured(arguments, nothing_else, folder, capsys):
    assert gpu.main([*arguments, "--folder", str(folder)]) == 2
    assert "no GPU here" in capsys.readouterr().err and not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--device", "cpu"], "takes reports on GPUs alone"),  # the package's own folder is for GPUs
        (["--device", "tpu"], "device = 'tpu' is unknown"),
        (["--device", "cpu", "--library", "jax"], "library = 'jax' is unknown"),
    ],
    ids=str,
)
def test_what_is_refused(arguments, words, nothing_else, capsys):
    before = sorted(gpu.DATA.iterdir())
    assert gpu.main(arguments) == 2
    assert words in capsys.readouterr().err and sorted(gpu.DATA.iterdir()) == before


def test_a_rehearsal_on_another_device_is_read_as_such(monkeypatch, folder):
    """array_api_strict's second device stands for the GPU: every kernel runs there, and the report says where it was."""
    monkeypatch.setattr(gpu, "device_tests", lambda where: {"passed": 3, "skipped": 0})
    record = gpu.report(backend("device1", "array_api_strict"), folder, sizes=(3, 5), host_size=3, rounds=1)
    monkeypatch.setattr(sweeps.resources, "files", lambda _: folder)
    provenance, arrays = sweeps.report("gpu")
    assert provenance == record == json.loads(json.dumps(record))
    assert provenance["device"].startswith("device1: ") and provenance["is a GPU"] is False
    assert "device1" in provenance["what"] and provenance["library"].startswith("array_api_strict 2")
    assert provenance["tests on the device"] == {"passed": 3, "skipped": 0}
    assert provenance["package"] == f"theory {theory.__version__}"
    (rows,) = {array.shape for array in arrays.values()}
    # six kernels in two precisions: two sizes there, one on the host
    assert rows == (6 * 2 * 3,) and np.all(arrays["seconds"] > 0)
    on_host = arrays["library"] == "numpy"
    assert set(arrays["place"][~on_host]) == {"device1"} and set(arrays["d"][on_host]) == {3}
    assert np.all(arrays["p"] == 4 * arrays["d"]) and np.all(arrays["n"] == 3 * arrays["d"])


def test_a_report_that_was_not_measured_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(sweeps.resources, "files", lambda _: tmp_path)
    assert sweeps.report() is None
    with pytest.raises(ValueError, match="name = 'tpu' is unknown; allowed: 'benchmarks', 'gpu'"):
        sweeps.report("tpu")


def test_a_report_that_is_kept_is_of_a_gpu():
    """None is there as long as nobody measured; one that is must not be a rehearsal."""
    if (found := sweeps.report()) is not None:
        provenance, arrays = found
        assert provenance["is a GPU"] is True and provenance["tests on the device"]["passed"] > 0
        assert any(place.startswith("cuda") for place in arrays["place"])


@pytest.mark.slow
def test_tests_that_do_not_pass_there_leave_no_report(monkeypatch, tmp_path, folder, capfd):
    """Run as `make gpu` runs them: those of the place pass, those of another one do not count, and a failure ends it."""
    for name, body in (("pass", "pass"), ("fail", "assert False")):
        file = tmp_path / f"test_{name}.py"
        file.write_text(
            "import pytest\n\n\n"
            f'@pytest.mark.parametrize("place", ["numpy-cpu", "torch-cuda:0"])\ndef test_it(place):\n    {body}\n'
        )
        monkeypatch.setattr(gpu, "TESTS", (str(file),))
        monkeypatch.setattr(gpu, "benchmark", lambda where: {"seconds": np.ones(1)})
        if name == "pass":
            assert gpu.device_tests(backend()) == {"passed": 1, "skipped": 0}
            with pytest.raises(SystemExit) as end:
                gpu.device_tests(backend("device1", "array_api_strict"))
        else:
            with pytest.raises(SystemExit) as end:
                gpu.report(backend(), folder)
        assert end.value.code == 1 and not folder.exists()
        assert "nothing is written" in capfd.readouterr().err


def test_the_tests_of_the_device_are_there():
    for file in gpu.TESTS:
        assert "SINGLE" in (gpu.ROOT / file).read_text(encoding="utf-8")
