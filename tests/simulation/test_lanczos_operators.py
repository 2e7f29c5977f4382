"""Operators and storage: the products of the factors, in memory and in files, and what a full disk says."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel, activations
from theory.simulation.drawing import sample_rows, samples
from theory.simulation.lanczos import storage
from theory.simulation.lanczos.operators import EquivalentOperator, MatrixOperator, StoredMatrix
from theory.simulation.lanczos.storage import GIB, Storage, mapping, release

RNG = np.random.default_rng(0)


def factors(keep=lambda array: array):
    W, X, omega = RNG.standard_normal((30, 7)), RNG.standard_normal((7, 20)), RNG.standard_normal((30, 20))
    G = 0.3 + 0.8 / np.sqrt(7) * W @ X + 0.5 * omega
    U = G @ G.T / 20 + 0.6 / 7 * W @ W.T + 0.1 * np.eye(30)
    return EquivalentOperator(keep(W), keep(X), keep(omega), kappa=0.3, signal=0.8, b2=0.6, v=0.5, s2=0.1), U


@pytest.mark.parametrize("budget", [None, 1e-9])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_products_by_factors(budget, dtype, monkeypatch):
    monkeypatch.setattr(storage, "BLOCK", 1000)  # blocks of a few rows
    kept = Storage(dtype, None if budget is None else budget * GIB)
    operator, U = factors(kept.keep)
    assert (mapping(operator.omega.matrix) is not None) == (budget is not None) == (kept.on_disk > 0)
    x, error = RNG.standard_normal((30, 4)), 1e-13 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(operator @ x, U @ x, atol=error)
    np.testing.assert_allclose(operator.in_double(x), U @ x, atol=error)
    np.testing.assert_allclose(operator @ x[:, 0], U @ x[:, 0], atol=error)
    np.testing.assert_allclose(x.T @ operator, x.T @ U, atol=error)


def test_double_precision_is_asked_for_by_name():
    kept = Storage("float32").keep(RNG.standard_normal((40, 40)))
    x = RNG.standard_normal((40, 2))
    exact = kept.astype(float) @ x
    assert np.abs(MatrixOperator(kept).in_double(x) - exact).max() < 1e-13 < np.abs(MatrixOperator(kept) @ x - exact).max()


def test_a_rectangular_matrix():
    matrix, x = RNG.standard_normal((9, 5)), RNG.standard_normal((5, 2))
    operator = StoredMatrix(matrix, 2.0)
    np.testing.assert_allclose(operator @ x, 2 * matrix @ x)
    np.testing.assert_allclose(operator.T @ matrix, 2 * matrix.T @ matrix)


def test_draws_by_blocks_are_the_draws_at_once(monkeypatch):
    monkeypatch.setattr(storage, "BLOCK", 200)
    expected = np.random.default_rng(5).standard_normal((13, 4))
    np.testing.assert_array_equal(Storage("float64").normal(np.random.default_rng(5), (13, 4)), expected)
    np.testing.assert_array_equal(
        Storage("float32", 0.0).normal(np.random.default_rng(5), (13, 4)), expected.astype(np.float32)
    )
    data = Gaussian(spikes=(5.0,))
    whole, kinds = samples(data, 10, 6, np.random.default_rng(5))
    blocks, same = sample_rows(data, 10, 6, np.random.default_rng(5), 3)
    np.testing.assert_array_equal(np.concatenate([values for _, values in blocks]), whole)
    np.testing.assert_array_equal(same, kinds)


def test_files_have_no_name_and_go_with_their_arrays(tmp_path):
    kept = Storage("float64", 0.0, tmp_path)
    array = kept.keep(np.arange(12.0).reshape(3, 4))
    release(array)  # what was written is read again
    np.testing.assert_array_equal(array, np.arange(12.0).reshape(3, 4))
    assert os.listdir(tmp_path) == [] and kept.in_memory == 0 and kept.on_disk == 96
    file = mapping(array)
    del array
    file.close()  # nobody holds it any more: else BufferError


def test_beyond_the_budget_a_draw_is_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    model = RandomFeatureModel(activations.tanh, 3, 2, 0.1)
    for features in ("equivalent", "network"):
        options = {"features": features, "method": "lanczos", "probes": 3, "steps": 10}
        free = model.simulate(40, **options)
        vectors = 8 * 3 * 120 * 13
        bound = model.simulate(40, **options, memory=(vectors + 40_000) / GIB)
        held = [bound.W, bound.X, bound.U.omega.matrix if features == "equivalent" else bound.U.factor.matrix]
        assert [mapping(array) is None for array in held] == [True, False, False]  # W fits
        np.testing.assert_allclose(bound.training([1.0]).test, free.training([1.0]).test, rtol=1e-12)
        np.testing.assert_allclose(bound.moments(3).value, free.moments(3).value, rtol=1e-12)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="a file system of 1 MB is mounted by root")
def test_a_full_disk_is_an_error_with_words(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        kept = Storage("float64", 0.0, tmp_path)
        assert kept.zeros((100, 100)).shape == (100, 100)
        with pytest.raises(OSError, match=r"a matrix of .* GiB goes beyond memory = 0 GiB, and .* has no room for it"):
            kept.zeros((1000, 1000))
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=False)
