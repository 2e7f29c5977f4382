r"""U and V as linear operators, which SciPy's solvers take: applied to a few vectors at a time, and nowhere a matrix beyond what is stored.

* The Gaussian equivalent (`theory.simulation.equivalent`) by its factors, U = (1/n) G G^T + (b²/d) W W^T + s² with
  G = κ + (e^{-t} a/√d) W X + v Ω: neither U nor G is formed. A product with m vectors reads W, X and Ω twice and costs
  4 m (pn + pd + dn) operations; to form G alone would cost 2 p n d, as much as d/2 such products for one vector.
* A network by its matrix U (p, p), which is formed once: its Mehler series is a sum of entrywise products, which have no factors of few columns.

Factors may be stored in float32 and lie in files (`theory.simulation.lanczos.storage`). Vectors are float64; a product is computed in the
precision of the factors, or in double precision by ``in_double``, which is for certificates.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator

from .storage import mapping, release, row_blocks


class StoredMatrix(LinearOperator):
    """scale · ``matrix`` (rows, columns), of float32 or float64, in memory or in a file, as a linear operator on float64 vectors."""

    def __init__(self, matrix: NDArray, scale: float = 1.0):
        super().__init__(np.dtype(np.float64), matrix.shape)
        self.matrix, self.scale = matrix, scale

    def _matmat(self, X):
        return self.product(X, self.matrix.dtype)

    def _rmatmat(self, X):
        return self.transposed_product(X, self.matrix.dtype)

    def _matvec(self, x):
        return self._matmat(x.reshape(-1, 1))[:, 0]

    def _rmatvec(self, x):
        return self._rmatmat(x.reshape(-1, 1))[:, 0]

    def product(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """scale · matrix @ X (columns, m), computed in ``dtype``."""
        X = np.asarray(X, dtype)
        out = np.empty((self.shape[0], X.shape[1]))
        for rows in self._blocks(dtype):
            out[rows] = np.asarray(self.matrix[rows], dtype) @ X
            release(self.matrix)
        return np.multiply(out, self.scale, out=out)

    def transposed_product(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """scale · matrix^T @ X (rows, m), computed in ``dtype``; sums over blocks of rows in double precision."""
        X = np.asarray(X, dtype)
        out = np.zeros((self.shape[1], X.shape[1]))
        for rows in self._blocks(dtype):
            out += np.asarray(self.matrix[rows], dtype).T @ X[rows]
            release(self.matrix)
        return np.multiply(out, self.scale, out=out)

    def _blocks(self, dtype):
        """All rows at once where the matrix is in memory and of this type: nothing is copied then."""
        if dtype == self.matrix.dtype and mapping(self.matrix) is None:
            return [slice(0, self.shape[0])]
        return row_blocks(self.matrix, 8)


class SymmetricOperator(LinearOperator):
    """A symmetric (p, p) operator whose spectrum lies above ``lower``; the two below fill in `apply`."""

    def __init__(self, p: int, storage: np.dtype, lower: float):
        super().__init__(np.dtype(np.float64), (p, p))
        #: of the factors, and with it of a product
        self.storage = np.dtype(storage)
        self.lower = lower

    def apply(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """U X for X (p, m), computed in ``dtype``."""
        raise NotImplementedError

    def in_double(self, X: NDArray) -> NDArray[np.float64]:
        """U X computed in double precision, whatever the factors are stored in."""
        return self.apply(X, np.float64)

    def _matmat(self, X):
        return self.apply(X, self.storage)

    def _matvec(self, x):
        return self._matmat(x.reshape(-1, 1))[:, 0]

    def _adjoint(self):
        return self

    def _transpose(self):
        return self


class MatrixOperator(SymmetricOperator):
    """U of a network from its stored matrix. It is an average of E φφ^T, so that no eigenvalue is negative."""

    def __init__(self, matrix: NDArray):
        self.factor = StoredMatrix(matrix)
        super().__init__(matrix.shape[0], matrix.dtype, 0.0)

    def apply(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """U X for X (p, m), computed in ``dtype``."""
        return self.factor.product(X, dtype)


class EquivalentOperator(SymmetricOperator):
    """U of the Gaussian equivalent from W (p, d), X (d, n) and Ω (p, n); no eigenvalue is below s²."""

    def __init__(
        self, W: NDArray, X: NDArray, omega: NDArray, *, kappa: float, signal: float, b2: float, v: float, s2: float
    ):
        (p, d), self.n = W.shape, X.shape[1]
        self.W, self.X, self.omega = StoredMatrix(W), StoredMatrix(X, signal / math.sqrt(d)), StoredMatrix(omega, v)
        self.kappa, self.s2, self.population = kappa, s2, b2 / d
        super().__init__(p, W.dtype, s2)

    def apply(self, X: NDArray, dtype: type) -> NDArray[np.float64]:
        """U X for X (p, m), computed in ``dtype``: first G^T X/n (n, m), then what it and W^T X (d, m) become."""
        by_W = self.W.transposed_product(X, dtype)
        by_G = self.X.transposed_product(by_W, dtype) + self.omega.transposed_product(X, dtype)
        by_G += self.kappa * X.sum(axis=0)
        by_G /= self.n
        out = self.W.product(self.X.product(by_G, dtype) + self.population * by_W, dtype) + self.omega.product(by_G, dtype)
        return out + self.kappa * by_G.sum(axis=0) + self.s2 * X
