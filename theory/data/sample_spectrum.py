r"""The law of the eigenvalues of Σ from those of a sample covariance: its sampling noise removed, and few nodes in place of many.

n samples in d dimensions have a covariance S whose eigenvalues spread far beyond those of Σ, by a relative 2√(d/n). Where the samples are
Σ^{1/2} times independent numbers, the two laws determine each other as d → ∞ at fixed d/n (Marchenko and Pastur): with
m(z) = (1/d) Tr (S − z)^{-1} and m̲ = (d/n) m − (1 − d/n)/z,

.. math:: 1 + z\,m(z) = \int \frac{\lambda\,\underline m(z)}{1 + \lambda\,\underline m(z)}\,\rho_\Sigma(\lambda)\,d\lambda .

The left side and m̲ are measured, and the equation is *linear* in ρ_Σ: weights on a fine grid of λ follow from non-negative least squares at
points z around the spectrum, with the total weight and the trace imposed (El Karoui, arXiv math/0609418, who minimises another norm). The
solution of such a problem is sparse, and so a law of few atoms already. Shrinkage of the eigenvalues towards those of the best
estimate *of Σ* in the eigenbasis of S (Ledoit and Wolf) answers another question: what it returns is less dispersed than ρ_Σ.

Called by ``Gaussian.from_samples``; checked by ``tests/data/test_from_samples.py``.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ..errors import ConvergenceError

#: where the equation is asked for: points along the spectrum, and Im z/Re z at each; distances that differ by ten see its details and its whole
POINTS, ANGLES = 60, (0.1, 0.3, 1.0)
#: ratio of successive λ of the grid, as a logarithm, and how far it goes below the lowest eigenvalue that n < d samples show
STEP, BELOW = 0.05, np.log(100.0)
#: by how much total weight and trace weigh more than an equation: they then hold to 1e-8, and are set right to the last digit
IMPOSED = 1e4


def sample_eigenvalues(X: NDArray, remove_mean: bool) -> tuple[NDArray, int]:
    """(the d eigenvalues of S in increasing order, degrees of freedom n or n − 1) of samples (n, d); what is null to rounding is 0.

    Cost: O(n d min(n, d)).
    """
    n, d = X.shape
    freedom = n - 1 if remove_mean else n
    scale = np.abs(X).max() or 1.0
    X = X / scale
    if remove_mean:
        X = X - X.mean(axis=0)
    found = np.linalg.eigvalsh(X @ X.T if n < d else X.T @ X)[::-1] / freedom
    eigenvalues, seen = np.zeros(d), min(d, freedom)
    eigenvalues[:seen] = found[:seen]
    # the mean too is rounded, so that samples that are all the same leave something of the order of its square
    eps = np.finfo(float).eps
    eigenvalues[eigenvalues < max(max(n, d) * eps * eigenvalues[0], d * (4 * eps) ** 2)] = 0.0
    with np.errstate(over="ignore", under="ignore"):
        return eigenvalues[::-1] * scale * scale, freedom


def population(eigenvalues: NDArray, freedom: int) -> tuple[NDArray, NDArray]:
    """(nodes, weights) of ρ_Σ, with the trace of the sample's: the inverse of the Marchenko–Pastur equation.

    A direction that the samples never leave, though they are more than d, has variance 0, exactly: the law of the others is inverted.
    Raises `ConvergenceError` where the least squares do not end. Cost: below 0.1 s.
    """
    seen = eigenvalues[eigenvalues > 0]
    d = seen.size if seen.size < min(freedom, eigenvalues.size) else eigenvalues.size
    mean, share = seen.sum() / d, d / eigenvalues.size
    seen, ratio = seen / mean, d / freedom
    along = np.exp(np.linspace(np.log(seen[0] / 3), np.log(seen[-1] * 3), POINTS))
    z = (along[:, None] * (1 + 1j * np.array(ANGLES))).ravel()
    m = ((1 / (seen[:, None] - z)).sum(axis=0) - (d - seen.size) / z) / d
    companion = (ratio * m - (1 - ratio) / z)[:, None]
    low, high = np.log(seen[0]) - (BELOW if freedom < d else 0.0), np.log(seen[-1])
    nodes = np.exp(np.linspace(low, high, 2 + int((high - low) / STEP)))
    left = 1 + z * m
    # relative errors: far above the spectrum both sides are small
    rows = nodes * companion / (1 + nodes * companion) / np.abs(left)[:, None]
    right = left / np.abs(left)
    matrix = np.vstack([rows.real, rows.imag, IMPOSED * nodes, np.full(nodes.size, IMPOSED)])
    try:
        weights, _ = nnls(matrix, np.concatenate([right.real, right.imag, [IMPOSED, IMPOSED]]), maxiter=100 * nodes.size)
    except RuntimeError as error:
        raise ConvergenceError(f"the spectrum of X was not inverted: {error}", reason="precision") from error
    nodes, weights = merged(nodes[weights > 0], weights[weights > 0] / weights.sum(), least=0.5 / d)
    nodes, weights = nodes * (mean / (weights @ nodes)), weights * share
    return (nodes, weights) if share == 1 else (np.append(0.0, nodes), np.append(1 - share, weights))


def merged(nodes: NDArray, weights: NDArray, most: int | None = None, least: float = 0.0) -> tuple[NDArray, NDArray]:
    """At most ``most`` nodes, none lighter than ``least``, of the same weight and mean; ``nodes`` increase.

    Two neighbours become their mean, those two first by which the variance of log λ falls least (Ward's rule), where an eigenvalue counts
    as one and by its share of the trace: the scale of λ does not matter, what stands alone is kept, and so is what carries the variance.
    Equal nodes are merged anyhow, and where ``least`` > 0 neighbours on the grid of `population`: they stand for a λ between them.
    """
    mean = weights @ nodes / weights.sum()
    while nodes.size > 1:
        place = np.log(np.maximum(nodes, np.finfo(float).eps * nodes[-1]))
        gaps = np.diff(place)
        lightest = int(np.argmin(weights))
        if weights[lightest] < least:
            right = lightest == 0 or (lightest < gaps.size and gaps[lightest] < gaps[lightest - 1])
            first = lightest if right else lightest - 1
        elif gaps.min() <= (1.01 * STEP if least else 0.0):
            first = int(np.argmin(gaps))
        elif most is not None and nodes.size > most:
            share = weights * (1 + nodes / mean)
            first = int(np.argmin(share[1:] * share[:-1] / (share[1:] + share[:-1]) * gaps**2))
        else:
            break
        pair = slice(first, first + 2)
        weight = weights[pair].sum()
        value = weights[pair] @ nodes[pair] / weight
        nodes, weights = (
            np.concatenate([old[:first], [new], old[first + 2 :]]) for old, new in ((nodes, value), (weights, weight))
        )
    return nodes, weights
