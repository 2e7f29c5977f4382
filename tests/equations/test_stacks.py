"""Stacks of matrices of which one is singular: NaN for that one, for the others what they are alone."""

import numpy as np
import pytest

from theory.equations.matrices import inverse, solve_stack


@pytest.mark.parametrize("which", [(), (1,), (0, 2)], ids=["none", "one", "two"])
def test_one_singular_matrix_does_not_stop_the_others(which):
    rng = np.random.default_rng(1)
    matrix, right = rng.normal(size=(3, 2, 4, 4)) + 1j, rng.normal(size=(3, 2, 4)) + 0j
    singular = np.zeros((3, 2), bool)
    for k in which:
        matrix[k, 1] = 0
        singular[k, 1] = True
    inverses, solution = inverse(matrix), solve_stack(matrix.reshape(6, 4, 4), right.reshape(6, 4)).reshape(3, 2, 4)
    assert np.isnan(inverses[singular]).all() and np.isnan(solution[singular]).all()
    assert np.allclose(inverses[~singular] @ matrix[~singular], np.eye(4))
    assert np.allclose(np.einsum("nij,nj->ni", matrix[~singular], solution[~singular]), right[~singular])


def test_what_is_not_finite_has_no_inverse():
    matrix = np.stack([np.eye(2), np.full((2, 2), np.inf), 2 * np.eye(2)])
    inverses = inverse(matrix)
    assert np.isnan(inverses[1]).all() and np.array_equal(inverses[[0, 2]], [np.eye(2), np.eye(2) / 2])
