r"""F(z₁, z₂) = (1/p) Tr[Q(z₁) Ũ Q(z₂) WW^T/d] as numbers: the test loss's double integral as it stands in its definition.

F is the second derivative of the doubled action in two of three sources, κ_I, κ_r and κ_s, which multiply 1, WΣW^T/d and WW^T/d between
the two fields; Ũ is a combination of all three, WW^T/d is the last alone. `theory.symbolic.two_resolvents` derives the 3 × 3 linear response
to them, here it is solved. (The κ of `theory.training.general_kernel` is one source, of Ũ, and κ = E σ elsewhere is a mean activation.)

**Who needs it.** No loss: G = 1 − ψ_p b²(s₁ + s₂) + ψ_p b² F, with s = (1/p) Tr Q WW^T/d, cancels where the loss is small, and
`theory.training.scalar_kernel` has it without cancellation. F is the other way to the same function: chapters show it, and
``tests/training/test_training_accuracy.py`` and ``tests/training/test_general_training.py`` hold both kernels to it. In the double integral
∮∮ f f of a loss F and G are as good: they differ by functions of one argument (`theory.training.losses`).

Here arguments are not checked: for whoever looks inside, or extends the package.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..symbolic import two_resolvents as symbolic
from ..symbolic.evaluate import evaluator

if TYPE_CHECKING:
    from ..equations.scalar import ScalarSystem

#: pairs × nodes of ρ_Σ evaluated at a time, which bounds the memory to about 100 MB
CHUNK = 400_000
_UPPER = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]


@cache
def _evaluate(module):
    hessian, left, right, direct = symbolic.population_response()
    expressions = (*(hessian[i, j] for i, j in _UPPER), *left, *right, direct)
    variables = (symbolic.q1, symbolic.delta1, symbolic.q2, symbolic.delta2)
    return evaluator(expressions, variables, module)


def population_kernel(
    system: "ScalarSystem",
    q1: NDArray[np.complex128],
    delta1: NDArray[np.complex128],
    q2: NDArray[np.complex128],
    delta2: NDArray[np.complex128],
) -> NDArray[np.complex128]:
    """F at pairs of solutions of the saddle point.

    Parameters
    ----------
    system : `theory.equations.ScalarSystem` for NumPy
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
        parts.append((direct - np.sum(left * response, axis=1)) / system.parameters.psi_p)
    return np.concatenate(parts)
