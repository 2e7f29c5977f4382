"""The stored sweeps by the engine that makes them: some of their points, in the arrays that were stored before the engine was."""

import artefacts
import class_sweeps
import mixture_sweeps
import numpy as np
import pytest
import size_sweeps
import sweeps

from theory.sweeps import stored


@pytest.fixture(autouse=True)
def engine(tmp_path, monkeypatch):
    """Stores of this test alone, filled by this process."""
    monkeypatch.setattr(artefacts, "STORES", tmp_path)
    monkeypatch.setattr(artefacts, "sweep", lambda *given, call=artefacts.sweep: call(*given, workers=1))


@pytest.mark.slow
def test_the_engine_makes_the_stored_outliers(monkeypatch):
    few = {("equivalent", 50): 3, ("equivalent", 100): 1}
    monkeypatch.setattr(sweeps, "SPIKED", few)
    monkeypatch.setattr(sweeps, "CLUSTER_SIZES", (100,))
    monkeypatch.setattr(sweeps, "SEPARATIONS", (4.0,))
    found, facts = sweeps.sweep_outlier()
    _, kept = stored("outlier")
    for (features, d), draws in few.items():
        for name in (f"eigenvalues_{features}_{d}", f"overlaps_{features}_{d}"):
            # the accuracy that eigsh is asked for
            np.testing.assert_allclose(found[name], kept[name][:draws], rtol=1e-9)
    np.testing.assert_allclose(found["clusters"], kept["clusters"][:1, :, :1], rtol=1e-9, atol=1e-12)
    assert facts["seconds on one core"] > 0 and len(facts["commits"]) == 1


def test_the_engine_makes_rows_of_the_stored_phase_diagram(monkeypatch):
    _, kept = stored("phase_diagram")
    np.testing.assert_array_equal(sweeps.RATIOS, kept["psi_p"])
    row = artefacts.made(sweeps.phase_row, {"psi_p": sweeps.RATIOS[40:41]}, "row")
    for name in ("gap", "final_gap", "score_error", "final_score_error"):
        np.testing.assert_allclose(row[name].values[0], kept[name][40], rtol=1e-9, atol=1e-12)
    monkeypatch.setattr(sweeps, "RATIOS", (2.0, 4.0))
    arrays, facts = sweeps.sweep_phase_diagram()
    assert arrays.keys() == kept.keys() and arrays["gap"].shape == (2, 2) and facts["gap threshold"] == kept["gap_threshold"]


def test_the_engine_makes_the_stored_overlaps_and_runs(monkeypatch):
    """A draw of the overlaps, and the arrays of a few small runs in their places."""
    _, kept = stored("mixture")
    draw = mixture_sweeps.late_draw(*mixture_sweeps.IMBALANCES[1], mixture_sweeps.OFFSETS[2], 9)
    np.testing.assert_allclose(draw, kept["overlaps"][1, 2, 9], rtol=1e-6)
    monkeypatch.setattr(mixture_sweeps, "late_draw", counted)
    monkeypatch.setattr(mixture_sweeps, "generated_run", tagged)
    arrays, _ = mixture_sweeps.sweep_mixture()
    assert arrays.keys() == kept.keys() and all(arrays[name].shape == kept[name].shape for name in kept)
    assert arrays["overlaps"][1, 2, 9].tolist() == [[0.95, 0.05], [-0.5, 9.0]]
    assert arrays["statistics_near_20"][0, 0, 0] == [*mixture_sweeps.GENERATED].index("near_20")


def counted(majority, minority, offset, number):
    return np.array([[majority, minority], [offset, number]])


def tagged(run):
    return {
        "statistics": np.full((8, 2, 9), float([*mixture_sweeps.GENERATED].index(run))),
        "projections": np.zeros((8, 1500), np.float32),
    }


@pytest.mark.slow
def test_the_engine_makes_points_of_the_stored_reversal(monkeypatch):
    _, kept = stored("reversal")
    few = {"memorization": class_sweeps.REVERSED[:1], "generalization": class_sweeps.REVERSED[4:5]}
    np.testing.assert_array_equal(class_sweeps.RATIOS["generalization"], kept["learned_ratios"])
    monkeypatch.setattr(class_sweeps, "RATIOS", few)
    arrays, _ = class_sweeps.sweep_reversal()
    np.testing.assert_allclose(arrays["shares"], kept["shares"][:1], rtol=1e-6)
    for name, length in (("ratios", 1), ("first", 1), ("learned_ratios", 1), ("learned", 1)):
        np.testing.assert_array_equal(arrays[name], kept[name][:length])


@pytest.mark.slow
def test_the_engine_makes_class_curves_and_orders_in_the_arrays_that_are_stored(monkeypatch):
    """A small dimension in place of the stored ones; the theory and a stored draw are compared by ``test_sweeps.py``."""
    monkeypatch.setattr(class_sweeps, "CURVES", {"baseline": {25: 1, 2: 1}, "variances": {2: 2}})
    monkeypatch.setattr(class_sweeps, "class_limit", limit)
    arrays, facts = class_sweeps.sweep_class_curves()
    provenance, kept = stored("class_curves")
    np.testing.assert_allclose(arrays["baseline_25"], kept["baseline_25"][:1], rtol=1e-5)
    assert arrays["variances_2"].shape == (2, 2, 2, 97) and arrays["variances_2"].dtype == np.float32
    assert arrays["baseline_2"].shape == (1, 2, 2, 97) and not np.array_equal(
        arrays["baseline_2"][0], arrays["variances_2"][0]
    )
    assert (
        facts.keys() == provenance.keys() & facts.keys()
        and facts["types"]["baseline"].keys() == provenance["types"]["baseline"].keys()
    )
    assert [len(seconds) for seconds in facts["seconds of one core"].values()] == [1, 1, 2]

    monkeypatch.setattr(class_sweeps, "ORDER_MODELS", {"no centroids": class_sweeps.ORDER_MODELS["no centroids"]})
    arrays, _ = class_sweeps.sweep_class_order()
    _, kept = stored("class_order")
    place = kept["names"].tolist().index("no centroids")
    np.testing.assert_allclose(arrays["times"], kept["times"][:, [place]], rtol=1e-9)
    assert arrays.keys() == kept.keys() and arrays["error"].shape == (1,)


@pytest.mark.slow
def test_the_engine_makes_the_stored_sizes(monkeypatch):
    """The last draws of the smallest size of each kind, and the arrays in their places; a small size by Lanczos and densely."""
    _, kept = stored("finite_size")
    last = {kind: len(kept[f"{name}_{kept[kind][0]}"]) - 1 for kind, name in PREFIXES.items()}
    for kind, draw in (("dense", size_sweeps.dense_draw), ("network", size_sweeps.network_draw)):
        d, found = kept[kind][0], draw(int(kept[kind][0]), last[kind])
        np.testing.assert_allclose(found["largest"], kept[f"{PREFIXES[kind]}_{d}"][-1], rtol=1e-9)
    np.testing.assert_allclose(size_sweeps.dense_draw(25, last["dense"])["means"], kept["means_25"][-1], rtol=1e-9)
    d = int(kept["lanczos"][0])
    found = size_sweeps.lanczos_draw(d, 0)["largest"]
    np.testing.assert_allclose(found, kept[f"largest_{d}"][0], rtol=1e-9)
    np.testing.assert_allclose(found, size_sweeps.dense_draw(d, 0)["largest"], rtol=1e-8)

    for name, sizes in (("DENSE", {10: 2, 20: 3}), ("NETWORK", {10: 1}), ("LANCZOS", {40: 2})):
        monkeypatch.setattr(size_sweeps, name, sizes)
    arrays, facts = size_sweeps.sweep_finite_size()
    assert arrays["means_20"].shape == (3, 4) and arrays["largest_10"].shape == (2,) and arrays["network_10"].shape == (1,)
    assert arrays["largest_20"][2] == size_sweeps.dense_draw(20, 2)["largest"]
    assert arrays["largest_40"][1] == pytest.approx(size_sweeps.dense_draw(40, 1)["largest"], rel=1e-8)
    assert facts["draws"]["Gaussian equivalent, d = 20"] == 3


#: kind → what its arrays of largest eigenvalues are called
PREFIXES = {"dense": "largest", "lanczos": "largest", "network": "network"}


def limit(name):
    return {"losses": np.zeros((2, 2, 97)), "types": 1, "times": 1, "probes_error": 0.0, "losses_error": 0.0}
