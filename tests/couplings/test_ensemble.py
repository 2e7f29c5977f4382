"""What is read off the couplings of the general action: point masses and a bound of the spectrum, against what they stand for."""

import doctest

import numpy as np
import pytest
from tolerances import double

from theory import Gaussian, Mixture, RandomFeatureModel, TimeGrid
from theory import activations as A
from theory.couplings import ensemble

TWO_TIMES, ONE_TIME = TimeGrid((0.1, 0.6), (0.4, 0.6)), TimeGrid((0.2,), (1,))
#: model, columns of W and of the samples' nonlinear parts that features with one s̄² see, per dimension
ATOMS = {
    "a sample at two times is two": (RandomFeatureModel(A.tanh, 40, 3, TWO_TIMES), 1 + 2 * 3),
    "of two kinds": (RandomFeatureModel(A.tanh, 40, 3, TWO_TIMES, Mixture((0.3, 0.7), (1, 2))), 1 + 2 * 3),
    "of a linear activation none": (RandomFeatureModel(A.linear, 40, 3, TWO_TIMES, Mixture((0.3, 0.7), (1, 2))), 1),
    "of He_2 one, with no part in W": (RandomFeatureModel(A.hermite(2), 40, 3, TWO_TIMES), 3),
    "of He_3 one, with a part in W": (RandomFeatureModel(A.hermite(3), 40, 3, TWO_TIMES, Gaussian(((2, 1),))), 1 + 3),
}


@pytest.mark.parametrize("name", ATOMS)
def test_atoms_count_the_columns_that_features_see(name):
    """The weight in closed form, and as the residue of q, which knows nothing of ranks."""
    model, columns = ATOMS[name]
    spectrum = model.spectrum()
    ((location, weight),) = spectrum.atoms()
    assert weight == pytest.approx(1 - columns / 40, rel=double("identity"))
    eta = 1e-7
    assert eta * spectrum.stieltjes(location + 1j * eta).imag == pytest.approx(weight, rel=1e-3)


#: models in which one term of the bound is all of it, or nearly
BOUNDS = {
    "noise of the samples": RandomFeatureModel(A.cos, 0.01, 4, ONE_TIME),
    "few samples": RandomFeatureModel(A.cos, 2, 0.05, ONE_TIME),
    "features of the noise": RandomFeatureModel(A.tanh, 9, 30, TimeGrid((2.0,), (1,)), Gaussian(((1e-4, 1),))),
    "features of the data": RandomFeatureModel(A.linear, 9, 30, TimeGrid((0.01,), (1,))),
    "few samples of the data": RandomFeatureModel(A.linear, 1, 0.05, TimeGrid((0.01,), (1,))),
    "one direction of the data": RandomFeatureModel(
        A.linear, 1, 4, TimeGrid((0.01,), (1,)), Gaussian(((0.01, 0.9), (100, 0.1)))
    ),
    "nothing but the part that noise leaves": RandomFeatureModel(A.sign, 0.1, 4, TimeGrid((3.0,), (1,))),
    "two times": RandomFeatureModel(A.relu, 3, 0.1, TWO_TIMES),
    "two kinds": RandomFeatureModel(A.tanh, 3, 0.1, ONE_TIME, Mixture((0.05, 0.95), (9, 0.1))),
    "biases": RandomFeatureModel(A.relu, 3, 0.1, TWO_TIMES, bias=3.0, types=4),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_no_eigenvalue_of_a_draw_of_the_equivalent_is_above_the_bound(name):
    model = BOUNDS[name]
    e = model.ensemble
    assert model.spectrum().upper_bound == e.upper_bound
    assert _largest(model, round(400 / max(1, float(model.psi_p), float(model.psi_n) / 4))) < e.upper_bound * 1.02


def _largest(model, d):
    """The largest eigenvalue of U from Gaussian matrices with the couplings of the ensemble, p = ψ_p d features and n = ψ_n d samples."""
    e, rng = model.ensemble, np.random.default_rng(0)
    J, C, K = e.sizes
    p, n = round(e.psi_p * d), round(e.psi_n * d)
    kind = rng.choice(C, n, p=e.pi)
    type_ = rng.choice(J, p, p=e.p)
    root = np.sqrt(rng.choice(e.nodes, d, p=e.weights))
    W, X = rng.standard_normal((p, d)), root[:, None] * rng.standard_normal((d, n))
    data, noise = e.u[type_, : C * K].reshape(p, C, K), e.u[type_, C * K :]
    U = np.diag(e.s2[type_]) + (W @ W.T / d) * (noise @ noise.T)
    chol = np.linalg.cholesky(e.C + 1e-14 * np.trace(e.C, axis1=2, axis2=3).max() * np.eye(K))
    fresh = rng.standard_normal((p, n, K))
    linear = (W @ X) / np.sqrt(d)
    G = data[:, kind] * linear[..., None] + np.einsum("pnkl,pnl->pnk", chol[type_][:, kind], fresh)
    return np.linalg.eigvalsh(U + np.einsum("pnk,qnk->pq", G, G) / n)[-1]


def test_the_example_by_hand_is_what_is_computed():
    test = doctest.DocTestFinder().find(ensemble, "theory.couplings.ensemble")[0]
    assert len(test.examples) == 10
    said = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed == 0, "".join(said)
