"""How many eigenvalues lie below each gap, from the signs of the saddle point there; and that no bulk hides between two points of a scan."""

import numpy as np
import pytest

from theory import Gaussian, RandomFeatureModel
from theory import activations as A
from theory.equations import solve
from theory.spectrum import scalar_edges

#: gaps on every segment: δ < −1, −1 < δ < 0 and δ > 0; a noise bulk, a population of two parts, a null space of Σ, a linear network
MODELS = {
    "two bulks": RandomFeatureModel(A.erf, 4, 2, 0.1),
    "three bulks": RandomFeatureModel(A.tanh, 8, 4, 0.01),
    "few samples": RandomFeatureModel(A.erf, 8, 0.5, 0.3),
    "few features": RandomFeatureModel(A.erf, 0.75, 20, 0.01, Gaussian(((0.01, 0.5), (9, 0.5)))),
    "two populations": RandomFeatureModel(A.tanh, 64, 16, 0.3, Gaussian(((0.1, 0.5), (4, 0.5)))),
    "null directions": RandomFeatureModel(A.erf, 8, 4, 0.05, Gaussian(((0, 0.5), (2, 0.5)))),
    "linear": RandomFeatureModel(A.linear, 8, 0.5, 0.01),
    "linear, few features": RandomFeatureModel(A.linear, 0.75, 20, 0.01, Gaussian(((0.01, 0.5), (9, 0.5)))),
}


def share_below(system, q, delta):
    """[x<0](1 − 1/ψ_p) + Σ w_i [x+c_i<0]/ψ_p − [1+δ<0] ψ_n/ψ_p, as the docstring of `theory.spectrum.scalar_edges` has it."""
    psi_p, psi_n, alpha, b, *_ = system.parameters
    x = 1 / q
    share = (x < 0) - (1 + delta < 0) * psi_n / psi_p
    for node, weight in zip(system.nodes, system.weights, strict=True):
        h = b**2 + alpha**2 * node / (1 + delta)
        share += weight / psi_p * (float(x + psi_p * h < 0) - float(x < 0))
    return share


@pytest.mark.parametrize("name", MODELS)
def test_signs_count_the_eigenvalues_of_a_matrix(name):
    """Exactly: a matrix whose p, n and d are in proportion has that many eigenvalues below the middle of each gap."""
    model, d = MODELS[name], 8 if name == "two populations" else 40
    spectrum, eigenvalues = model.spectrum(), model.simulate(d, seed=2, features="equivalent").eigenvalues
    y = np.array(spectrum.support.table[:, 0])
    gaps = np.sqrt(y[1:-1:2] * y[2::2])
    assert gaps.size > 0
    lowest = [y[0] / 2] if y[0] > 0 else []
    points = np.concatenate([[-1.0], lowest, gaps, [2 * y[-1]]])
    (q, delta), _ = solve(spectrum.system, spectrum.offset + points + 0j - spectrum.offset)
    for point, q_y, delta_y in zip(points, q.real, delta.real, strict=True):
        expected = np.mean(eigenvalues < spectrum.offset + point)
        assert share_below(spectrum.system, q_y, delta_y) == pytest.approx(expected, abs=1e-12)


def random_curves(seed, count):
    """`RealCurve` of random ratios, coefficients and covariances, of up to four eigenvalues, some of them 0."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        eigenvalues = 10 ** rng.uniform(-3, 3, rng.integers(1, 5))
        weights = rng.dirichlet(np.ones(eigenvalues.size))
        if eigenvalues.size > 1 and rng.random() < 0.3:
            eigenvalues[0] = 0
        ratios, letters = 10 ** rng.uniform(-2, 2, 2), 10 ** rng.uniform(-2, 2, 3)
        letters[2] *= rng.random() < 0.8
        yield scalar_edges.RealCurve((*ratios, *letters), eigenvalues, weights)


def test_no_gap_has_a_positive_resolvent_where_delta_is_below_minus_one():
    """So that a pole which passes another one there does it inside a bulk, and none is stepped over."""
    excess = np.geomspace(1e-6, 1e6, 121)
    seen, smallest = 0, np.inf
    for curve in random_curves(0, 150):
        for branch in range(curve.branches):
            x, _, perron = curve.evaluate(-1 - excess, -excess, np.full(excess.size, branch))
            seen += np.count_nonzero(x > 0)
            smallest = min(smallest, perron[x > 0].min(initial=np.inf))
    assert seen > 1000
    assert smallest > 1


def test_bulk_of_few_directions_without_data():
    """A null space of Σ has a bulk of its own within one curve, of a width in proportion to √weight: found however narrow."""
    widths = []
    for weight in (1e-4, 1e-10, 1e-16):
        model = RandomFeatureModel(A.erf, 64, 64, 0.3, Gaussian(((0, weight), (2, 1 - weight))))
        y = model.spectrum().support.table[:, 0]
        assert y.size == 6
        widths.append(y[3] - y[2])
    assert widths[0] / widths[1] == pytest.approx(1e3, rel=0.01) and widths[1] / widths[2] == pytest.approx(1e3, rel=0.01)
