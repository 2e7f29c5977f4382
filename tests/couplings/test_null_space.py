"""What counts as the null space of U in a draw: zeros up to rounding, and no eigenvalue that is merely small."""

import numpy as np
import pytest

from theory import RandomFeatureModel
from theory import activations as A
from theory.simulation import gradient_flow, modes, train_loss


@pytest.mark.parametrize("features", ["network", "equivalent"])
def test_small_eigenvalues_are_learned_and_zeros_are_not(features):
    """Linear features at t → 0, n < d < p: of the d directions of x_t the samples span n, where the noise cannot be told from the data.

    The noise of the other d − n is what is fitted, by modes of U of size Δ_t = 2e-11: the loss that is left is n/d.
    """
    d = 40
    finite = RandomFeatureModel(A.linear, 1.5, 0.5, 1e-11).simulate(d, seed=2, features=features)
    p, n = 60, 20
    eigenvalues = modes(finite).eigenvalues
    assert eigenvalues.size == p
    small = (eigenvalues > 0) & (eigenvalues < 1e-9)
    assert (np.sum(eigenvalues == 0), small.sum()) == (p - d, d - n)
    curve = finite.training([np.inf])
    assert curve.train[0] == pytest.approx(n / d, rel=1e-2)
    assert train_loss(finite, gradient_flow(finite, np.inf)) == pytest.approx(n / d, rel=1e-2)
