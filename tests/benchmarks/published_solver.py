"""The algorithm that 2505.17638 publishes for the density of U, stated again: what the package's solver is compared with.

At z = λ + iε the saddle-point equations of q, r and s are six real equations for six real numbers, which the method of Levenberg and Marquardt
solves, one λ after the other with the solution before as start. The first start is what holds far from the spectrum. The density is Im q/π.
"""

import functools
from dataclasses import dataclass

import costs
import numpy as np
from scipy.optimize import root
from threadpoolctl import threadpool_limits

from theory import Gaussian, RandomFeatureModel, activations
from theory.equations import solve

#: a solution whose largest equation is above this is none
FAILED = 1e-6
#: so far from the density of the certified solution at the same z lies another branch
OTHER = 1e-6


@dataclass(frozen=True)
class Equations:
    """The numbers in the equations of a model with one type, kind and time: ψ_p, ψ_n, α² = a²e^{−2t}, b², v², s², and ρ_Σ."""

    psi_p: float
    psi_n: float
    alpha2: float
    b2: float
    v2: float
    s2: float
    eigenvalues: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, model):
        c = model.coefficients()
        eigenvalues, weights = np.array(model.data.spectrum, float).T
        alpha2 = float(c.a) ** 2 * np.exp(-2 * float(model.t))
        return cls(
            float(model.psi_p), float(model.psi_n), alpha2, float(c.b2), float(c.v2), float(c.s2), eigenvalues, weights
        )

    def averages(self, q, delta):
        """(r, s) = ∫ρ_Σ (λ, 1)/(ŝ + λ r̂)."""
        s_hat, r_hat = self.psi_p * self.b2 + 1 / q, self.psi_p * self.alpha2 / (1 + delta)
        resolvent = self.weights / (s_hat + self.eigenvalues * r_hat)
        return np.sum(self.eigenvalues * resolvent), np.sum(resolvent)

    def delta(self, q, r):
        return self.psi_p / self.psi_n * (self.alpha2 * r + self.v2 * q)

    def __call__(self, x, z):
        """The six equations at x = (Re q, Im q, Re r, Im r, Re s, Im s)."""
        q, r, s = x[::2] + 1j * x[1::2]
        delta = self.delta(q, r)
        r_found, s_found = self.averages(q, delta)
        stationary = self.psi_p * (self.s2 - z) + self.psi_p * self.v2 / (1 + delta) + (1 - self.psi_p) / q - s / q**2
        three = np.array([r - r_found, s - s_found, stationary])
        return np.stack([three.real, three.imag], axis=1).ravel()


def levenberg_marquardt(model, lam, epsilon):
    """(q, largest equation) at every λ + iε, arrays (N,): from the largest λ down."""
    equations, found, residual = Equations.of(model), np.empty(lam.size, complex), np.empty(lam.size)
    z = np.asarray(lam) + 1j * epsilon
    first = -1 / z[np.argmax(lam)]
    r, s = equations.averages(first, 0.0)
    x = np.array([first.real, first.imag, r.real, r.imag, s.real, s.imag])
    for k in np.argsort(lam)[::-1]:
        with np.errstate(all="ignore"):
            x = root(equations, x, args=(z[k],), method="lm").x
            residual[k] = np.max(np.abs(equations(x, z[k])))
        found[k] = x[0] + 1j * x[1]
    return found, residual


def certified(model, lam, epsilon):
    """The same by the package, q and the same equations at what it finds."""
    equations, spectrum = Equations.of(model), model.spectrum()
    z = np.asarray(lam) + 1j * epsilon
    (q, delta), _ = solve(spectrum.system, z - spectrum.offset)
    residual = np.empty(lam.size)
    for k in range(lam.size):
        r, s = equations.averages(q[k], delta[k])
        residual[k] = np.max(np.abs(equations(np.array([q[k].real, q[k].imag, r.real, r.imag, s.real, s.imag]), z[k])))
    return q, residual


def compared(model, lam, epsilon):
    """What becomes of every λ: numbers of failures, of Im q <= 0, of other branches, and of densities that are off (ε moves them too)."""
    q, residual = levenberg_marquardt(model, lam, epsilon)
    ours, own = certified(model, lam, epsilon)
    density, failed = model.spectrum().density(lam), ~(residual < FAILED)
    wrong = ~failed & (q.imag <= 0)
    other = ~failed & ~wrong & ~(np.abs(q - ours) / np.pi < OTHER)
    return {
        "failed": int(failed.sum()),
        "lower_half_plane": int(wrong.sum()),
        "other_branch": int(other.sum()),
        "density_off": int(np.sum(~(np.abs(q.imag / np.pi - density) < OTHER))),
        "residual": float(np.median(residual)),
        "largest_residual": float(np.max(residual)),
        "own_density_off": int(np.sum(~(np.abs(ours.imag / np.pi - density) < OTHER))),
        "own_residual": float(np.median(own)),
        "own_largest_residual": float(np.max(own)),
    }


#: all with tanh; "far bulks" is ψ_p = 64, ψ_n = 8, t = 0.01
MODELS = {
    "identity": RandomFeatureModel(activations.tanh, 4, 3, 0.1),
    "two eigenvalues": RandomFeatureModel(activations.tanh, 4, 3, 0.1, Gaussian(((0.5, 0.5), (1.5, 0.5)))),
    "far bulks": RandomFeatureModel(activations.tanh, 64, 8, 0.01),
}
EPSILONS = (1e-2, 1e-4, 1e-6, 1e-8)


def measured(names=MODELS, points=400):
    """name → array, one entry for each model and ε: CPU seconds for the density at ``points`` λ of both, and what `compared` counts."""
    rows = []
    for name in names:
        model = MODELS[name]
        spectrum = model.spectrum()
        edges = spectrum.edges()
        lam = np.geomspace(0.9 * edges[0], 1.1 * edges[-1], points)
        for epsilon in EPSILONS:
            published = functools.partial(levenberg_marquardt, model, lam, epsilon)
            with threadpool_limits(1):
                seconds = costs.seconds([published, functools.partial(spectrum.density, lam)], 2)
            found = {
                "model": name,
                "epsilon": epsilon,
                "points": points,
                "seconds": seconds[0],
                "own_seconds": seconds[1],
            }
            rows.append(found | compared(model, lam, epsilon))
    return costs.table(rows[0], [row.values() for row in rows])
