"""A stored sweep that the engine makes: some of its draws, in the arrays that were stored before the engine was."""

import numpy as np
import pytest
import sweeps

from theory.sweeps import stored


@pytest.mark.slow
def test_the_engine_makes_the_stored_outliers(tmp_path, monkeypatch):
    few = {("equivalent", 50): 3, ("equivalent", 100): 1}
    monkeypatch.setattr(sweeps, "STORES", tmp_path)
    monkeypatch.setattr(sweeps, "SPIKED", few)
    monkeypatch.setattr(sweeps, "CLUSTER_SIZES", (100,))
    monkeypatch.setattr(sweeps, "SEPARATIONS", (4.0,))
    # in this process
    monkeypatch.setattr(sweeps, "sweep", lambda *given, call=sweeps.sweep: call(*given, workers=1))
    found, facts = sweeps.sweep_outlier()
    _, kept = stored("outlier")
    for (features, d), draws in few.items():
        for name in (f"eigenvalues_{features}_{d}", f"overlaps_{features}_{d}"):
            # the accuracy that eigsh is asked for
            np.testing.assert_allclose(found[name], kept[name][:draws], rtol=1e-9)
    np.testing.assert_allclose(found["clusters"], kept["clusters"][:1, :, :1], rtol=1e-9, atol=1e-12)
    assert facts["seconds on one core"] > 0 and len(facts["commits"]) == 1
