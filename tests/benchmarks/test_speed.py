"""How long the promised operations take (make benchmark). Compare within one run: machines differ.

Targets, on two cores: density at 2,000 points below 0.1 s for Σ = 1 and below 1 s for three eigenvalues, set-up of the spectrum
included once the model exists; the exact noise average at d = 200 below 5 s; 200 training times below 3 s; general density at 1,000
points with J = 40 types and K = 8 times below 20 s, and at 200 points with 15,000 types of two kinds; q of four classes in general
position certified to 1e-6 below 30 s; a threshold curve of 200 points below 5 s.
"""

import time
from dataclasses import replace

import numpy as np
import pytest

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid, activations
from theory.couplings.feature_types import LabelLattice
from theory.equations import solve
from theory.outliers import bbp
from theory.training import losses

SIMPLE = RandomFeatureModel(activations.tanh, 4, 3, 0.1)
THREE = RandomFeatureModel(activations.tanh, 4, 3, 0.1, Gaussian(((0.5, 0.3), (1.0, 0.4), (2.0, 0.3))))
POWER = RandomFeatureModel(activations.tanh, 4, 3, 0.1, Gaussian.power_law(1.5))
CASES = {"identity": SIMPLE, "three atoms": THREE, "power law, 80 nodes": POWER}


@pytest.mark.parametrize("name", CASES)
def test_density(benchmark, name):
    model = CASES[name]
    lam = np.linspace(1.01 * model.coefficients().s2, model.spectrum().upper_bound, 2000)
    model.spectrum().density(lam)  # the derivation, once in a process
    density = benchmark(lambda: model.spectrum().density(lam))
    spectrum = model.spectrum()
    inside = lam[density > 0].astype(complex)
    (q, delta), _ = solve(spectrum.system, inside - spectrum.offset)
    assert spectrum.system.residual_size(np.stack([q, delta]), inside - spectrum.offset).max() < 1e-10


@pytest.mark.parametrize("name", CASES)
def test_edges(benchmark, name):
    benchmark(lambda: CASES[name].spectrum().edges())


def test_noise_average(benchmark):
    benchmark.pedantic(lambda: SIMPLE.simulate(200), rounds=3)


def test_training_curve(benchmark):
    tau = np.geomspace(1e-3, 1e8, 200)
    SIMPLE.training(tau)

    def fresh():
        losses.residual_data.cache_clear()
        return SIMPLE.training(tau)

    benchmark(fresh)


def test_general_density(benchmark):
    grid = TimeGrid.gauss(8, (0.01, 2))
    model = RandomFeatureModel(activations.gelu, 3, 2.5, grid, bias=1.0, types=110)  # 40 of them are not negligible
    spectrum = model.spectrum()
    assert spectrum.system.ensemble.sizes == (40, 1, 8)
    lam = np.linspace(1.01 * spectrum.offset, spectrum.upper_bound / 2, 1000)
    benchmark.pedantic(lambda: spectrum.density(lam), rounds=1)


def test_general_edges(benchmark):
    model = RandomFeatureModel(activations.tanh, 3, 2.5, TimeGrid((0.1, 0.5, 1.0), (0.3, 0.3, 0.4)), bias=1.0, types=12)
    benchmark.pedantic(lambda: model.spectrum().edges(), rounds=2)


def test_threshold_curve(benchmark):
    times = np.geomspace(1e-3, 3, 200)
    bbp.critical_spike(SIMPLE)  # the derivation, once in a process
    benchmark.pedantic(lambda: [bbp.critical_spike(replace(SIMPLE, t=t)) for t in times], rounds=1)


def _clusters(level):
    data = Mixture((0.7, 0.3), variances=(0.5, 0.25), means=((1.0, 0.3), (0.3, 1.0)))
    return RandomFeatureModel(activations.gelu, 3, 2.5, 0.1, data, types=LabelLattice(level)).spectrum()


def test_density_of_many_types(benchmark):
    spectrum = _clusters(7)
    assert spectrum.system.ensemble.p.size > 15_000
    benchmark.pedantic(lambda: spectrum.density(np.linspace(0.05, 6, 200)), rounds=1)


def test_four_classes_in_general_position(benchmark):
    rows = np.random.default_rng(5).normal(size=(4, 4))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    data = Mixture((0.4, 0.3, 0.2, 0.1), variances=(0.6, 0.2, 0.5, 0.3), means=tuple(map(tuple, rows @ rows.T)))
    model = RandomFeatureModel(activations.tanh, 3, 2, 0.15, data)
    spectrum = benchmark.pedantic(lambda: replace(model).spectrum(), rounds=1)
    assert spectrum.discretisation.errors["probes"] < 1e-6


def test_time_against_types():
    """A Newton step at 100 points for 480 to 15,000 types; prints the exponent that is fitted (pytest -s)."""
    types, seconds = [], []
    for level in range(2, 8):
        system = _clusters(level).system
        y = np.linspace(0.05, 6, 100) - system.offset + 0j
        x = system.start(y + 10j * system.upper_bound)
        begin = time.process_time()
        for _ in range(3):
            system.newton_step(x, y)
        types.append(system.ensemble.p.size)
        seconds.append((time.process_time() - begin) / 3)
        print(f"\n{types[-1]:8d} types {1e3 * seconds[-1]:8.1f} ms", end="")
    print(f"\ntime grows as types to the power {np.polyfit(np.log(types), np.log(seconds), 1)[0]:.2f}")
