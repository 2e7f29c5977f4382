"""Arithmetic in float64 that carries, beside each value, a bound of what another precision makes of it: running error analysis.

The standard model of floating-point numbers with unit roundoff u gives fl(a op b) = (a op b)(1 + δ), |δ| <= u, and for n operations in a
row, in whatever order, the factor γ_n = n u/(1 − n u) (Higham, *Accuracy and Stability of Numerical Algorithms*, chapter 3). So with
errors e_a, e_b of what comes in

    a + b:   e_a + e_b + u (|a + b| + e_a + e_b),
    a b:     |a| e_b + |b| e_a + e_a e_b, and u times the whole,
    A B:     |A| E_B + E_A |B| + E_A E_B + γ_n (|A| + E_A)(|B| + E_B) with inner products of length n,
    f(a):    sup|f'| e_a + k u |f(a)|, for a library function that is right to k u.

Nothing is assumed about the order of sums, fused operations or blocks. The bounds are several times what happens, as rounding errors do not
conspire. A kernel is held to the sum of its bound in its precision and of the reference's own, in float64.
"""

import numpy as np

UNIT = {"float32": 2.0**-24, "float64": 2.0**-53}
#: an elementary function of a library is right to so many u: 4 units in the last place
FUNCTION = 8


class Rounded:
    """``value``, float64, and ``error``, shaped like it: what an array of unit roundoff ``u`` may be away from it. `given` makes the first."""

    # NumPy leaves operations with it to it
    __array_ufunc__ = None

    def __init__(self, value, u, error=0.0):
        self.value, self.u = np.asarray(value, dtype=float), u
        self.error = np.broadcast_to(np.asarray(error, dtype=float), self.value.shape)

    def _rounded(self, value, error):
        """The result of one operation."""
        return Rounded(value, self.u, error + self.u * (np.abs(value) + error))

    def _other(self, other):
        """A Python number among arrays is rounded to their precision."""
        if isinstance(other, Rounded):
            return other
        return Rounded(other, self.u, self.u * np.abs(np.asarray(other, dtype=float)))

    def __add__(self, other):
        other = self._other(other)
        return self._rounded(self.value + other.value, self.error + other.error)

    def __mul__(self, other):
        other = self._other(other)
        a, b = np.abs(self.value), np.abs(other.value)
        return self._rounded(self.value * other.value, a * other.error + self.error * b + self.error * other.error)

    def __truediv__(self, other):
        other = self._other(other)
        least = np.abs(other.value) - other.error
        assert np.all(least > 0)
        value = self.value / other.value
        return self._rounded(value, (self.error + np.abs(value) * other.error) / least)

    def __matmul__(self, other):
        other, length = self._other(other), self.value.shape[-1]
        a, b = np.abs(self.value), np.abs(other.value)
        error = a @ other.error + self.error @ b + self.error @ other.error
        error = error + gamma(length, self.u) * ((a + self.error) @ (b + other.error))
        return Rounded(self.value @ other.value, self.u, error)

    def __neg__(self):
        return Rounded(-self.value, self.u, self.error)

    def __sub__(self, other):
        return self + -self._other(other)

    def __getitem__(self, index):
        return Rounded(self.value[index], self.u, self.error[index])

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return -self + other

    @property
    def T(self):
        return Rounded(self.value.T, self.u, self.error.T)

    def sum(self, axis):
        length = self.value.shape[axis]
        return Rounded(
            self.value.sum(axis),
            self.u,
            self.error.sum(axis) + gamma(length, self.u) * (np.abs(self.value) + self.error).sum(axis),
        )

    def of(self, function, slope):
        """function(x), elementwise, where |f'| <= ``slope`` within the error of x."""
        value = function(self.value)
        error = slope * self.error
        return Rounded(value, self.u, error + FUNCTION * self.u * (np.abs(value) + error))

    def sqrt(self):
        least = self.value - self.error
        assert np.all(least > 0)
        return self.of(np.sqrt, 0.5 / np.sqrt(least))

    def tolerance(self):
        """What is allowed: the bound, and as much in the float64 of the reference."""
        return self.error * (1 + UNIT["float64"] / self.u)

    def holds(self, found):
        """Assert that an array is within the tolerance."""
        excess, allowed = np.abs(np.asarray(found, dtype=float) - self.value), self.tolerance()
        assert excess.shape == allowed.shape and np.all(excess <= allowed), (
            f"off by {np.max(excess):.3g}, where rounding makes at most {np.max(allowed):.3g}"
        )


def given(array, dtype, rounded=False):
    """An input, which the precision holds exactly, or to u of it where it was ``rounded`` to it."""
    u, array = UNIT[dtype], np.asarray(array, dtype=float)
    return Rounded(array, u, u * np.abs(array) if rounded else 0.0)


def gamma(n, u):
    """γ_n = n u/(1 − n u)."""
    assert n * u < 1
    return n * u / (1 - n * u)
