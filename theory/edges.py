r"""Edges of the bulk: where the physical branch of q(z) turns from real to complex.

Located in three steps: a scan of the density on a logarithmic grid above s_t² (no eigenvalue lies below), which also
refines every local minimum of the density until it is either positive or a gap; bisection of each change; and Newton on the
exact condition. At an edge the map z ↦ q has a square-root branch point, so the Jacobian of the two saddle-point equations is
singular:  F_q = F_δ = det ∂(F_q, F_δ)/∂(q, δ) = 0  with q, δ, z real, three equations for three numbers.
For one eigenvalue of the covariance the same points are roots of the discriminant (`theory.symbolic.elimination`), which
``tests/test_spectrum.py`` holds against this.
"""

from functools import cache

import mpmath
import numpy as np
import sympy as sp

from .errors import ConvergenceError
from .symbolic import symbols as S
from .symbolic.evaluate import evaluator
from .symbolic.saddle_point import saddle_point

SCAN_POINTS = 400


@cache
def _fold_equations():
    """(F_q, F_δ, det J) and their 3 × 3 Jacobian in (q, δ, z), row by row."""
    f = saddle_point().reduced
    jacobian = [[sp.diff(row, x) for x in (S.q, S.delta)] for row in f]
    determinant = jacobian[0][0] * jacobian[1][1] - jacobian[0][1] * jacobian[1][0]
    equations = (*f, determinant)
    return equations + tuple(sp.diff(e, x) for e in equations for x in (S.q, S.delta, S.z))


def _fold_evaluator(module):
    return evaluator(_fold_equations(), (S.q, S.delta, S.z), module)


def locate(spectrum):
    """The sorted edges in double precision, as a tuple of floats."""
    s2 = spectrum.model.coefficients().s2
    top = spectrum.upper_bound
    grid = s2 + np.geomspace(1e-9, 1.0, SCAN_POINTS) * (top - s2)
    density = _density(spectrum, grid)
    grid, density = _refine_minima(spectrum, grid, density)
    inside = density > 0
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    low, high = grid[changes], grid[changes + 1]
    opens = ~inside[changes]
    # bisect on the logarithm of the distance to s²: a lower edge may lie many orders of magnitude below the upper one
    low, high = np.log(low - s2), np.log(high - s2)
    for _ in range(28):  # to a relative 1e-9 of the grid step; Newton does the rest
        middle = (low + high) / 2
        positive = _density(spectrum, s2 + np.exp(middle)) > 0
        towards_high = positive != opens
        low, high = np.where(towards_high, middle, low), np.where(towards_high, high, middle)
    found = s2 + np.exp((low + high) / 2)
    polished = [_newton(spectrum, edge) for edge in found]
    if inside[0]:
        # hard edge: the bulk reaches down to s² itself, with a density that diverges like an inverse square root
        polished.insert(0, s2)
    return tuple(polished)


def _density(spectrum, lam):
    """The density, with 0 at points within rounding of an edge."""
    return np.nan_to_num(spectrum.density_or_nan(lam))


def _refine_minima(spectrum, grid, density, rounds=25):
    """Insert points around each interior local minimum of the density, so that a narrow gap is not stepped over."""
    minima = [i for i in range(1, grid.size - 1) if 0 < density[i] <= min(density[i - 1], density[i + 1])]
    triples = [(grid[i - 1], grid[i], grid[i + 1]) for i in minima]
    extra, values = [], []
    for left, middle, right in triples:
        for _ in range(rounds):
            probes = np.array([(left + middle) / 2, (middle + right) / 2])
            d = _density(spectrum, np.append(probes, middle))
            extra.extend(probes), values.extend(d[:2])
            if (d == 0).any():
                break
            best = int(np.argmin(d))
            if best == 0:
                middle, right = probes[0], middle
            elif best == 1:
                left, middle = middle, probes[1]
            else:
                left, right = probes
    order = np.argsort(np.append(grid, extra))
    return np.append(grid, extra)[order], np.append(density, values)[order]


def _newton(spectrum, edge):
    """Newton on the fold equations from a bisected edge."""
    q, delta = _beside(spectrum, edge)
    unknowns = np.array([q, delta, edge])
    evaluate = _fold_evaluator("numpy")
    system = spectrum.system
    for _ in range(30):
        values = evaluate(tuple(unknowns[:, None]), system.parameters, system.nodes, system.weights)
        values = np.array([np.ravel(v)[0] for v in values])
        scale = np.maximum(np.abs(unknowns), 1e-300)
        step = np.linalg.solve(values[3:].reshape(3, 3) * scale, -values[:3]) * scale
        unknowns = unknowns + step
        if np.all(np.abs(step) < 1e-14 * scale):
            break
    if not abs(unknowns[2] - edge) < 1e-5 * abs(edge):
        raise ConvergenceError(f"Newton left the edge bisected at {edge:.12g}", abs(unknowns[2] - edge))
    return float(unknowns[2])


def _beside(spectrum, edge):
    """Real q and δ next to an edge, on the side outside the bulk: close enough for Newton to start from."""
    offset = 1e-7 * (edge - spectrum.model.coefficients().s2)
    q, delta, _ = spectrum.solve_or_nan(np.array([edge - offset, edge + offset], complex))
    outside = np.flatnonzero(q.imag == 0)
    if outside.size == 0:
        raise ConvergenceError(f"no real solution on either side of the edge bisected at {edge:.12g}")
    return q[outside[0]].real, delta[outside[0]].real


def refine_all(spectrum, dps):
    """The edges to ``dps`` digits, by Newton on the fold equations with mpmath."""
    with mpmath.workdps(dps + 15):
        system = spectrum.system_mpmath(dps)
        evaluate = _fold_evaluator("mpmath")
        result = []
        for edge in spectrum.edges():
            if edge == spectrum.model.coefficients().s2:
                result.append(spectrum.model.coefficients(dps + 15).s2)
                continue
            result.append(_refine_one(spectrum, system, evaluate, edge, dps))
    with mpmath.workdps(dps):
        return tuple(+edge for edge in result)


def _refine_one(spectrum, system, evaluate, edge, dps):
    unknowns = mpmath.matrix([*_beside(spectrum, edge), edge])
    goal = mpmath.mpf(10) ** (-dps - 5)
    for _ in range(60):
        values = evaluate(tuple(unknowns), system.parameters, system.nodes, system.weights)
        jacobian = mpmath.matrix(3, 3)
        for k, value in enumerate(values[3:]):
            jacobian[k // 3, k % 3] = value
        step = mpmath.lu_solve(jacobian, -mpmath.matrix(values[:3]))
        unknowns += step
        if all(abs(step[i]) <= goal * abs(unknowns[i]) for i in range(3)):
            if abs(unknowns[2] - edge) < 1e-9 * abs(edge):
                return unknowns[2]
            break
    raise ConvergenceError(f"the edge at {edge:.12g} could not be refined to {dps} digits", max(abs(x) for x in step))


def quadrature(spectrum, edges, start=64, limit=4096):
    """Nodes and weights of the continuous law, so that ∫ f ρ dλ = Σ w f(λ).

    On each bulk λ = a + (b − a)(…) is mapped by a logarithm where b/a is large and by a cosine always, which removes
    square roots (and inverse square roots) at both ends; the rule is doubled until the mass of the bulk settles to 1e-11.
    """
    s2 = spectrum.model.coefficients().s2
    nodes, weights = [], []
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        mass, count = None, start
        while True:
            theta = (np.arange(count) + 0.5) * np.pi / count
            unit, d_unit = (1 - np.cos(theta)) / 2, np.sin(theta) / 2 * np.pi / count
            if low - s2 > 0 and (high - s2) / (low - s2) > 10:
                ratio = np.log((high - s2) / (low - s2))
                lam = s2 + (low - s2) * np.exp(ratio * unit)
                jacobian = (lam - s2) * ratio * d_unit
            else:
                lam, jacobian = low + (high - low) * unit, (high - low) * d_unit
            weight = _density(spectrum, lam) * jacobian
            if (mass is not None and abs(weight.sum() - mass) < 1e-11) or count >= limit:
                break
            mass, count = weight.sum(), 2 * count
        nodes.append(lam), weights.append(weight)
    return np.concatenate(nodes or [np.zeros(0)]), np.concatenate(weights or [np.zeros(0)])
