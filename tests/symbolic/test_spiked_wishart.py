"""The spiked Wishart matrix of late times: against the literature's spiked covariance, elimination, and diagonalisation by numbers."""

import numpy as np
import pytest
import sympy as sp

from theory.symbolic import symbols as S
from theory.symbolic.class_separation import (
    class_separation,
    cosine,
    eta,
    mu,
    norm_1,
    norm_2,
    pi_1,
    pi_2,
    t,
    two_centroids,
    within,
)
from theory.symbolic.late_times import late_limit


def test_it_is_the_spiked_covariance_of_the_literature():
    """For a spiked covariance ℓ = 1 + η and aspect ratio γ, the eigenvalue is ℓ(1 + γ/(ℓ − 1)) (Paul 2007, Theorem 1, per sample).

    Here the d columns of W^T are the coordinates and the p rows the samples, so that γ = d/p and the matrix is p/d times theirs.
    """
    derived, gamma, ell = class_separation(), 1 / S.psi_p, 1 + eta
    assert sp.simplify(derived.eigenvalue - S.psi_p * ell * (1 + gamma / (ell - 1))) == 0
    assert sp.simplify(derived.threshold - sp.sqrt(gamma)) == 0
    # the right singular vector has (1 − γ/η²)/(1 + γ/η), the left one the overlap here: their ratio is |W^T v|²/(z d) along e
    right = (1 - gamma / eta**2) / (1 + gamma / eta)
    assert sp.simplify(derived.overlap * S.psi_p * ell / derived.eigenvalue - right) == 0


def test_the_threshold_is_the_edge_of_the_bulk_of_late_times():
    derived, limit = class_separation(), late_limit()
    at = derived.eigenvalue.subs(eta, derived.threshold)
    assert sp.simplify(at - limit.edges[1].subs(S.b, 1)) == 0
    assert derived.overlap.subs(eta, derived.threshold) == 0


def test_the_time_is_where_the_strength_is_at_the_threshold():
    derived = class_separation()
    assert sp.simplify(derived.strength.subs(t, derived.time) - derived.threshold) == 0
    assert sp.simplify(derived.late_time - sp.log(mu) / 2 - sp.log(S.psi_p) / 4) == 0
    exact = derived.time.subs({within: 0, S.psi_p: 4, mu: 10**6}).evalf()
    assert float(exact - derived.late_time.subs({S.psi_p: 4, mu: 10**6})) == pytest.approx(2.5e-7, rel=1e-3)
    # with σ̄² = 1 the leading form is exact
    assert sp.simplify((derived.time - derived.late_time).subs(within, 1)) == 0


@pytest.mark.parametrize("weights", [(0.7, 0.3), (0.3, 0.7)])
def test_two_centroids_are_diagonalised(weights):
    m = np.random.default_rng(1).standard_normal((2, 5))
    norms = np.linalg.norm(m, axis=1)
    values = dict(zip((pi_1, pi_2, norm_1, norm_2, cosine), (*weights, *norms, m[0] @ m[1] / norms.prod()), strict=True))
    numbers, vectors = np.linalg.eigh((m.T * weights) @ m)
    derived = two_centroids()
    for k in (0, 1):
        assert float(derived.strengths[k].subs(values)) == pytest.approx(numbers[-1 - k], rel=1e-12)
        found = [float(x.subs(values)) for x in derived.alignments[k]]
        assert found == pytest.approx((m @ vectors[:, -1 - k] / norms) ** 2, rel=1e-10)
