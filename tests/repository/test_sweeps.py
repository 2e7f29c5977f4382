"""`tools/sweeps.py`: each stored sweep is one of its functions, and a record is read as it was written."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import theory
from theory.simulation.networks.experiments import EXPERIMENTS
from theory.sweeps import NAMES, stored

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import class_sweeps
import sweeps

#: those of `tools/networks.py`, which keeps a record of each run
OF_NETWORKS = {name for name in NAMES if name.startswith("networks_")}
#: what every record begins with
COMMON = ["what", "made by", "package", "python", "numpy"]


def test_each_stored_sweep_has_its_function():
    assert {*sweeps.SWEEPS} == {*NAMES} - OF_NETWORKS
    assert {f"networks_{name}" for name in (*EXPERIMENTS, "modes", "kernel")} == OF_NETWORKS


@pytest.mark.parametrize("name", sorted(OF_NETWORKS))
def test_a_record_of_networks_says_how_it_was_made(name):
    record, _ = stored(name)
    assert record["made by"].startswith("python tools/networks.py")
    assert record["what"].strip()


@pytest.mark.parametrize("name", sorted({*NAMES} - OF_NETWORKS))
def test_a_record_has_the_keys_of_the_stored_one(name, monkeypatch, tmp_path):
    """The stored files were written by several versions of the tool."""
    before, arrays = stored(name)
    facts = {key: value for key, value in before.items() if key not in COMMON}
    monkeypatch.setattr(sweeps, "DATA", tmp_path / "sweeps")
    record = sweeps.keep(name, arrays, facts)
    assert list(record) == list(before) == COMMON + list(facts)
    assert record["what"] == before["what"] and f"{record['made by']} ".startswith(before["made by"] + " ")
    assert record["package"] == f"theory {theory.__version__}" and record["numpy"] == np.__version__
    with np.load(tmp_path / "sweeps" / f"{name}.npz") as archive:
        written = {key: archive[key] for key in archive.files}
    assert json.loads(str(written.pop("provenance"))) == record
    assert written.keys() == arrays.keys()
    for key, value in arrays.items():
        np.testing.assert_array_equal(written[key], value, strict=True)  # NaN where a line has no point


@pytest.mark.slow
def test_a_stored_draw_is_drawn_again():
    """The last of the smallest, and the stored limit by a fixed number of types."""
    provenance, arrays = stored("class_curves")
    model = class_sweeps.order_model(*class_sweeps.ORDER_MODELS["baseline"], 32)
    stored_draws = arrays["baseline_25"]
    drawn = class_sweeps.class_draw("baseline", 25, len(stored_draws) - 1)
    np.testing.assert_allclose(drawn, stored_draws[-1], rtol=1e-5)
    limit = class_sweeps.losses_by_class(model.training(arrays["tau"]))
    np.testing.assert_allclose(limit, arrays["theory_baseline"], rtol=5e-4)
    assert max(each["errors"]["losses"] for each in provenance["types"].values()) < 1e-6
