"""How log det(U − z) fluctuates: the second derivatives of the replicated action, against the classical law and against draws."""

import numpy as np
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel, activations, symbolic
from theory.symbolic import symbols as S
from theory.symbolic.saddle_equations import saddle_point

OFF = sp.symbols("q_0 r_0 rho_0")


def ratio(spectrum):
    """det K / det K_0 in the off-diagonal overlaps of two replicas; K_0 has the volume and the conjugates alone."""
    action = S.discretise(symbolic.replicated_action(sp.Integer(2), OFF), spectrum)
    volume = S.psi_p / 2 * sp.log(S.q**2 - OFF[0] ** 2) + S.psi_p * OFF[1] * OFF[2]
    K, K_0 = (sp.hessian(f, OFF).subs(dict.fromkeys(OFF, 0)) for f in (action, volume))
    return K, K_0


def test_pure_noise_features_have_the_variance_of_a_wishart_determinant():
    """Without W the matrix is v²ΩΩᵀ/n + s²: −2 log(1 − c) at its foot, for c = p/n < 1 (Bai and Silverstein)."""
    K, K_0 = ratio(((sp.Integer(1), 1),))
    bare = {S.alpha: 0, S.b: 0, S.rho_hat: 0}
    found = sp.cancel(K.subs(bare).det() / K_0.det())
    c = S.psi_p / S.psi_n
    at_foot = found.subs(S.q, 1 / (S.v**2 * (1 - c)))  # the resolvent of Marchenko and Pastur at z = s²
    assert sp.simplify(at_foot - (1 - c)) == 0


@pytest.mark.parametrize(
    ("data", "z"), [(Gaussian(), -0.5), (Gaussian(((0.5, 0.5), (1.5, 0.5))), -0.1)], ids=["isotropic", "structured"]
)
def test_draws_of_the_gaussian_equivalent_fluctuate_as_much(data, z):
    model = RandomFeatureModel(activations.tanh, psi_p=2, psi_n=1.5, t=0.1, data=data)
    spectrum = tuple((sp.Rational(x), sp.Rational(w)) for x, w in zip(data.eigenvalues, data.weights, strict=True))
    q, delta = (x[0].real for x in model.spectrum().solve(np.array([z], complex)))
    letters = S.psi_p, S.psi_n, S.alpha, S.b, S.v, S.s_t
    values = dict(zip(letters, model.spectrum().system.parameters, strict=True)) | {S.q: q, S.delta: delta}
    point = saddle_point()
    values |= {x: S.discretise(y, spectrum).subs(values) for x, y in ((S.r, point.r), (S.rho_hat, point.rho_hat))}
    K, K_0 = (x.subs(values).det() for x in ratio(spectrum))
    predicted = float(sp.sqrt(-2 * sp.log(K / K_0)))
    draws = [model.simulate(d=24, seed=k, features="equivalent").eigenvalues for k in range(1200)]
    measured = np.std([np.sum(np.log(x - z)) for x in draws])
    assert measured == pytest.approx(predicted, rel=0.08)  # its standard error is 2%, and the size adds O(1/d)
