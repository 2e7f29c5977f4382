r"""F(z₁, z₂) = (1/p) Tr[Q(z₁) Ũ Q(z₂) WW^T/d] as numbers, from the linear response that SymPy derived."""

from functools import cache

import numpy as np

from ..symbolic import two_resolvents as symbolic
from ..symbolic.evaluate import evaluator

#: pairs × nodes of ρ_Σ evaluated at a time, which bounds the memory to about 100 MB
CHUNK = 400_000
_UPPER = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]


@cache
def _evaluate(module):
    hessian, left, right, direct = symbolic.population_response()
    expressions = (*(hessian[i, j] for i, j in _UPPER), *left, *right, direct)
    variables = (symbolic.q1, symbolic.delta1, symbolic.q2, symbolic.delta2)
    return evaluator(expressions, variables, module)


def population_kernel(system, q1, delta1, q2, delta2):
    """F at pairs of solutions of the saddle point.

    Parameters
    ----------
    system : `theory.equations.scalar.SaddleSystem` for NumPy
    q1, delta1, q2, delta2 : complex arrays of shape (N,)

    Returns
    -------
    complex array of shape (N,)

    Notes
    -----
    Cost O(N m) for m nodes of ρ_Σ: about 1 µs per pair and node.
    """
    chunk = max(1, CHUNK // len(system.nodes))
    parts = []
    for start in range(0, q1.size, chunk):
        rows = slice(start, start + chunk)
        values = _evaluate("numpy")(
            (q1[rows], delta1[rows], q2[rows], delta2[rows]), system.parameters, system.nodes, system.weights
        )
        values = np.stack([np.broadcast_to(v, q1[rows].shape) for v in values], axis=-1)
        hessian = np.empty((values.shape[0], 3, 3), complex)
        for k, (i, j) in enumerate(_UPPER):
            hessian[:, i, j] = hessian[:, j, i] = values[:, k]
        left, right, direct = values[:, 6:9], values[:, 9:12], values[:, 12]
        response = np.linalg.solve(hessian, right[:, :, None])[:, :, 0]
        parts.append((direct - np.sum(left * response, axis=1)) / system.parameters[0])
    return np.concatenate(parts)
