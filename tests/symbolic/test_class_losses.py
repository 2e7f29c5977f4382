"""Losses of one kind, derived: against the numbers of the general kernel, and against the resolvent identity."""

import numpy as np
import pytest
import sympy as sp
from tolerances import double

from theory import Mixture, RandomFeatureModel, activations
from theory.symbolic import class_losses as derived
from theory.symbolic import symbols as S
from theory.training import general_kernel

MODEL = RandomFeatureModel(activations.tanh, 3, 2.5, 0.2, Mixture((0.4, 0.6), (0.5, 2.0), spectrum=((0.5, 0.3), (1.5, 0.7))))
POINTS = np.array([0.3 + 0.2j, -0.1, 1.1 - 0.4j])


def values(e, x):
    """The letters of `theory.symbolic.class_losses` at solutions x (3, 2) of both fields."""
    found = {S.psi_p: e.psi_p, S.psi_n: e.psi_n, derived.q1: x[0, 0], derived.q2: x[0, 1]}
    for c in range(2):
        k = derived.kind(c + 1)
        found |= {
            k.pi: e.pi[c],
            k.alpha: e.u[0, c],
            k.beta: e.u[0, 2 + c],
            k.v2: e.C[0, c, 0, 0],
            k.s2: e.kind_s2[0, c] / e.pi[c],
        }
        found |= {k.target_data: e.target[c], k.target_noise: e.target[2 + c], k.delta1: x[1 + c, 0], k.delta2: x[1 + c, 1]}
    return found


def number(part, letters, e):
    """plain + average(integrand) as an array."""
    plain, integrand = part
    names = list(letters)
    one, other = (sp.lambdify([*names, S.lam], m, "numpy") for m in (plain, integrand))
    at = [letters[name] for name in names]
    return sum(
        w * (np.array(one(*at, lam), complex) + np.array(other(*at, lam), complex))
        for lam, w in zip(e.nodes, e.weights, strict=True)
    )


@pytest.mark.parametrize("source", derived.SOURCES)
def test_kernel_of_each_kind(source):
    e, system = MODEL.ensemble, MODEL.spectrum().system
    x = MODEL.spectrum().solve(POINTS)
    i, j = np.array([0, 0, 1]), np.array([1, 2, 1])
    kernels = general_kernel.loss_kernels(system, x, i, j)[1:].reshape(2, 2, -1)[derived.SOURCES.index(source)]
    for c in range(2):
        response = derived.class_response(2, source, c + 1)
        for pair, (a, b) in enumerate(zip(i, j, strict=True)):
            letters = values(e, x[:, [a, b]])
            hessian, mixed, row, direct = (number(part, letters, e) for part in response[1:])
            expected = (direct - row @ np.linalg.solve(hessian, mixed)).item() / e.pi[c]
            assert kernels[c, pair] == pytest.approx(expected, rel=double("resolvent"))


def test_what_a_source_does_to_the_data():
    """One number of each, written by hand."""
    k, between = derived.kind(1), sp.Symbol("delta_12")
    product = (1 + k.delta1) * (1 + k.delta2)
    assert sp.simplify(derived.moved_weight("train") - k.pi * (derived.kappa - between) / product) == 0
    assert sp.simplify(derived.moved_weight("fresh") - k.pi * (derived.kappa - between / product)) == 0


def test_a_kind_beyond_the_last():
    with pytest.raises(ValueError, match=r"^of = 3 .*allowed: 1, …, kinds = 2"):
        derived.class_response(2, "train", 3)
