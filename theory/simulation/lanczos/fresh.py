r"""The forms of the test loss in the basis of a recurrence: Q^T Ũ Q, Q^T Ṽ g, and what bounds their errors.

Ũ and Ṽ are those of `theory.simulation.fresh_data`. The Gaussian equivalent's Ũ is applied by its factors. A network's Ũ is Mehler's
series in the correlations of its pre-activations over fresh data; blocks of its rows are made, applied to all vectors at once, and
dropped. One pair for each kind of samples; the losses over all samples are the mean of the kinds'.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.mixture import as_mixture
from ..backends import backend
from ..drawing import covariance_eigenvalues, kinds_of_samples
from ..fresh_data import moments
from ..time_nodes import nodes
from .operators import StoredMatrix, SymmetricOperator
from .storage import release

HOST = backend("cpu", "numpy")
#: entries of the rows of Ũ that are held at a time
ENTRIES = 2**24


class FreshEquivalent(SymmetricOperator):
    """Ũ = κ² + a² W(e^{−2t}Σ + Δ_t)W^T/d + v² + s² by W (p, d)."""

    def __init__(self, model, W: NDArray):
        c, (p, d) = model.coefficients(), W.shape
        self.W = StoredMatrix(W)
        variances = model.decay**2 * covariance_eigenvalues(model.data, d) + model.noise_variance
        self.variances, self.kappa2, self.rest = c.a**2 / d * variances, c.kappa**2, c.v2 + c.s2
        super().__init__(p, W.dtype, self.rest)

    @property
    def trace(self) -> float:
        """Tr Ũ = (v² + s² + κ²) p + a² Σ_k (e^{−2t}λ_k + Δ_t) |W_k|²/d."""
        squares = sum((self.W.matrix[rows].astype(float) ** 2).sum(axis=0) for rows in self.W._blocks(float))
        return float(self.shape[0] * (self.rest + self.kappa2) + self.variances @ squares)

    def apply(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """Ũ X for X (p, m), computed in ``dtype``."""
        by_W = self.variances[:, None] * self.W.transposed_product(X, dtype)
        return self.W.product(by_W, dtype) + self.kappa2 * X.sum(axis=0) + self.rest * X


class FreshNetwork(SymmetricOperator):
    """Ũ_c of a network over fresh data of one kind, by blocks of rows; ``target`` is Ṽ_c g for vectors g (d, m)."""

    def __init__(self, model, W: NDArray, biases: NDArray, kind: int, g: NDArray):
        p, d = W.shape
        _, scales, centroids = kinds_of_samples(model.data, d)
        variances, centroid = scales[kind] * covariance_eigenvalues(model.data, d), centroids[kind]
        self.W, self.times, self.trace, self.target = W, [], 0.0, 0.0
        for node in nodes(model.times):
            spread = node.decay**2 * variances + node.noise_variance
            mean = node.decay / np.sqrt(d) * StoredMatrix(W).matvec(centroid) + node.t * biases
            deviation = np.empty(p)
            for rows in StoredMatrix(W)._blocks(float):
                deviation[rows] = np.sqrt(np.asarray(W[rows], float) ** 2 @ spread / d)
                release(W)
            tables, square, V = moments(HOST, model.activation, node, W, mean, deviation, variances, centroid)
            self.target = self.target + node.linear * (V @ g)
            self.trace += node.quadratic * float(square.sum())
            self.times.append((node.quadratic, spread / d, deviation, [t[:, 0] for t in tables], square[:, 0]))
        super().__init__(p, W.dtype, 0.0)

    def apply(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """Ũ_c X for X (p, m), computed in ``dtype``. Cost 2 p² (d + m) operations for each diffusion time."""
        p, X = len(self.W), np.asarray(X, dtype)
        out = np.zeros(X.shape)
        step = max(1, ENTRIES // p)
        for start in range(0, p, step):
            rows = slice(start, min(start + step, p))
            for share, spread, deviation, tables, square in self.times:
                weighted = np.asarray(self.W[rows] * (spread / deviation[rows, None]), dtype)
                correlation = (weighted @ np.asarray(self.W, dtype).T) / deviation.astype(dtype)
                block = np.multiply.outer(tables[-1][rows], tables[-1]).astype(dtype)
                for k in range(len(tables) - 1, 0, -1):
                    block *= correlation
                    block /= k
                    block += np.multiply.outer(tables[k - 1][rows], tables[k - 1]).astype(dtype)
                index = np.arange(rows.start, rows.stop)
                block[index - rows.start, index] = square[rows]
                out[rows] += share * (block @ X)
            release(self.W)
        return out


@dataclass(frozen=True)
class FreshForms:
    """Of m probes, C kinds and k steps: Q^T Ũ_c Q and Q^T Ũ_c² Q (m, C, k, k), Q^T Ṽ_c g and |Ṽ_c g| (m, C, k) and (m, C), Tr Ũ_c (C,)."""

    quadratic: NDArray[np.float64]
    squared: NDArray[np.float64]
    linear: NDArray[np.float64]
    target: NDArray[np.float64]
    trace: NDArray[np.float64]


def fresh_forms(model, features: str, W: NDArray, biases: NDArray, V, g: NDArray, basis: NDArray) -> FreshForms:
    """The `FreshForms` for ``g`` (d, m) and ``basis`` (m, k, p). Cost: one application of each Ũ_c to m k vectors; memory another basis."""
    m, k, p = basis.shape
    quadratic, squared, linear, target, trace = [], [], [], [], []
    for kind in range(len(as_mixture(model.data).weights)):
        if features == "equivalent":
            operator, on_g = FreshEquivalent(model, W), V @ g
        else:
            operator = FreshNetwork(model, W, biases, kind, g)
            on_g = operator.target
        applied = np.ascontiguousarray((operator @ basis.reshape(m * k, p).T).T).reshape(m, k, p)
        quadratic.append(basis @ applied.swapaxes(1, 2))
        squared.append(applied @ applied.swapaxes(1, 2))
        linear.append(np.einsum("mkp,pm->mk", basis, on_g))
        target.append(np.linalg.norm(on_g, axis=0))
        trace.append(operator.trace)
    by_probe = [np.stack(each, axis=1) for each in (quadratic, squared, linear, target)]
    return FreshForms(*by_probe, np.array(trace))
