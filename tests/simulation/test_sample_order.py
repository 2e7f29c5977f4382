"""Orders of presentation: against the definition, against matrices, and the order effect at second order in the step."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from theory import RandomFeatureModel, TimeGrid, activations
from theory.simulation import (
    gradient,
    gradient_flow,
    order_effect,
    present,
    presentation,
    sample_rates,
)
from theory.simulation.loss import quadratic_loss
from theory.simulation.sample_order import ORDERS
from theory.symbolic import sample_order as symbolic

MODEL = RandomFeatureModel(activations.tanh, 3, 2, 0.1)


@pytest.fixture(scope="module")
def draw():
    finite = MODEL.simulate(d=12, seed=3)
    return finite, sample_rates(finite)


def affine(rates):
    """M_ν, which acts from the right on the rows of [A, 1]."""
    n, d, p = rates.linear.shape
    blocks = np.zeros((n, p + d, p + d))
    blocks[:, :p, :p], blocks[:, p:, :p] = rates.quadratic, rates.linear
    return blocks


class TestRates:
    def test_a_step_is_the_gradient_of_the_loss_of_that_sample(self, draw):
        finite, rates = draw
        rng = np.random.default_rng(0)
        (d, p), sample = rates.linear.shape[1:], 5
        A = rng.standard_normal((d, p))
        x = np.exp(-0.1) * finite.X[:, sample : sample + 1]
        noise = np.random.default_rng(1).standard_normal((d, 400_000))
        features = activations.tanh(finite.W @ (x + np.sqrt(MODEL.noise_variance) * noise) / np.sqrt(d), np)
        U, V = features @ features.T / 400_000, features @ noise.T / 400_000
        losses = [quadratic_loss((1 + shift) * A, U, V, MODEL.noise_variance, np) for shift in (0.5, -0.5)]
        slope = d**2 * (losses[0] - losses[1])
        ours = np.sum((A @ rates.quadratic[sample] + rates.linear[sample]) * A)
        assert ours == pytest.approx(slope, rel=5e-3)

    @pytest.mark.parametrize("model", [MODEL, replace(MODEL, t=TimeGrid((0.1, 0.4), (0.5, 0.5)), bias=1.0)])
    def test_the_mean_of_the_samples_is_the_flow(self, model):
        finite = model.simulate(d=8, seed=1)
        rates = sample_rates(finite)
        A = np.random.default_rng(0).standard_normal(rates.linear.shape[1:])
        mean = np.mean(A @ rates.quadratic + rates.linear, axis=0)
        assert mean == pytest.approx(8**2 * gradient(finite, A), abs=1e-11)

    @pytest.mark.parametrize("kind", [{"features": "equivalent"}, {"noise_draws": 2}])
    def test_other_draws_are_refused(self, kind):
        with pytest.raises(ValueError, match=r"finite was drawn with .*; allowed: 'network' and None"):
            sample_rates(MODEL.simulate(d=6, **kind))


class TestPresentation:
    def test_orders(self):
        assert presentation("forward", 3, 2).tolist() == [0, 1, 2, 0, 1, 2]
        assert presentation("backward", 3, 2).tolist() == [2, 1, 0, 2, 1, 0]
        assert presentation("palindrome", 3, 3).tolist() == [0, 1, 2, 2, 1, 0, 0, 1, 2]
        shuffled = presentation("reshuffled", 50, 2, seed=1).reshape(2, 50)
        assert np.array_equal(np.sort(shuffled), [np.arange(50)] * 2) and not np.array_equal(*shuffled)
        assert len(set(presentation("drawn", 50, 1, seed=1).tolist())) < 45

    @pytest.mark.parametrize("order", ORDERS)
    def test_a_presentation_is_a_product_of_matrices(self, draw, order):
        _, rates = draw
        blocks, (n, d, p) = affine(rates), rates.linear.shape
        start = np.random.default_rng(0).standard_normal((d, p))
        found = present(rates, order, 2, 0.05, seed=4, initial=start, every=n // 2)
        assert found.shape == (5, d, p)
        rows = np.hstack([start, np.eye(d)])
        for k, sample in enumerate(presentation(order, n, 2, seed=4), 1):
            rows = rows @ (np.eye(p + d) - 0.05 * blocks[sample])
            if k % (n // 2) == 0:
                assert found[k // (n // 2)] == pytest.approx(rows[:, :p], abs=1e-11)

    def test_small_steps_are_the_flow(self, draw):
        finite, rates = draw
        flow, n = gradient_flow(finite, 6.0), len(rates.linear)
        errors = {}
        for order in ORDERS[:3]:
            errors[order] = [np.linalg.norm(present(rates, order, k, 6.0 / (n * k))[-1] - flow) for k in (32, 64)]
        assert all(first / second == pytest.approx(2, abs=0.1) for first, second in errors.values())

    def test_mean_over_draws_is_descent_on_the_whole_set(self, draw):
        """With replacement: E A = descent with the averaged gradient, at any step."""
        _, rates = draw
        n, d, p = rates.linear.shape
        runs = np.stack([present(rates, "drawn", 1, 0.1, seed=k)[-1] for k in range(400)])
        A = np.zeros((d, p))
        for _ in range(n):
            A = A - 0.1 * (A @ rates.quadratic.mean(0) + rates.linear.mean(0))
        error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
        assert np.sqrt(np.mean(((runs.mean(0) - A) / error) ** 2)) == pytest.approx(1, abs=0.35)


class TestOrderEffect:
    def test_forward_minus_backward(self, draw):
        _, rates = draw
        start = np.random.default_rng(0).standard_normal(rates.linear.shape[1:])
        expected, off = order_effect(rates, start), []
        for step in (2e-3, 1e-3):
            runs = [present(rates, order, 1, step, initial=start)[-1] for order in ("forward", "backward")]
            off.append(np.linalg.norm((runs[0] - runs[1]) / step**2 - expected) / np.linalg.norm(expected))
        assert off[1] < 0.03 and off[0] / off[1] == pytest.approx(2, rel=0.1)

    def test_is_the_commutators_of_the_affine_maps(self, draw):
        _, rates = draw
        blocks, (n, d, p) = affine(rates), rates.linear.shape
        sum_of = sum(blocks[a] @ blocks[b] - blocks[b] @ blocks[a] for a, b in itertools.combinations(range(n), 2))
        start = np.random.default_rng(1).standard_normal((d, p))
        rows = np.hstack([start, np.eye(d)]) @ sum_of
        assert order_effect(rates, start) == pytest.approx(rows[:, :p], abs=1e-9 * np.abs(rows).max())

    def test_of_palindromes_it_is_of_one_order_more(self, draw):
        """The same training time in ever smaller steps: forward against backward falls as h, a palindrome against the other as h²."""
        _, rates = draw
        n = len(rates.linear)
        turned = type(rates)(rates.quadratic[::-1], rates.linear[::-1])
        ratios = []
        for order in ("forward", "palindrome"):
            apart = [
                np.linalg.norm(np.subtract(*(present(r, order, k, 6.0 / (n * k))[-1] for r in (rates, turned))))
                for k in (16, 32)
            ]
            ratios.append(apart[0] / apart[1])
        assert ratios == pytest.approx([2, 4], rel=0.05)


class TestSymbolic:
    def test_only_commutators_know_the_order(self):
        M, of = symbolic.samples(3), symbolic.commutators(3)
        squares = sum(m**2 for m in M)
        for found, sign in ((symbolic.forward(3), 1), (symbolic.backward(3), -1)):
            assert sp.expand(found.first + sum(M)) == 0
            assert sp.expand(found.second + squares / 2 - sign * of / 2) == 0
        assert sp.expand(symbolic.palindrome(3).second + squares) == 0
        assert sp.expand(symbolic.reshuffled(3).second + squares / 2) == 0
        assert sp.expand(symbolic.drawn(3).second + sp.expand(sum(M) ** 2) / 6) == 0

    @pytest.mark.parametrize("order", ["forward", "backward", "palindrome"])
    def test_against_logarithms_of_matrices(self, order):
        """The first term that is left out is of fourth order."""
        rng = np.random.default_rng(0)
        matrices = rng.standard_normal((3, 4, 4))
        terms = [
            sp.lambdify(symbolic.samples(3), _with_matrix_products(term))(*matrices) for term in getattr(symbolic, order)(3)
        ]
        sequence = presentation(order, 3, 2 if order == "palindrome" else 1)
        left_out = []
        for h in (0.02, 0.01):
            product = np.linalg.multi_dot([np.eye(4), np.eye(4), *(np.eye(4) - h * matrices[k] for k in sequence)])
            series = sum(h ** (k + 1) * term for k, term in enumerate(terms))
            left_out.append(np.linalg.norm(_log(product) - series))
        assert left_out[0] / left_out[1] == pytest.approx(16, rel=0.15)


def _log(matrix):
    """log(1 + x) by its series; |x| is small."""
    x, power, total = matrix - np.eye(len(matrix)), np.eye(len(matrix)), 0.0
    for k in range(1, 60):
        power = power @ x
        total = total - (-1) ** k * power / k
    return total


def _with_matrix_products(expression):
    """Noncommutative products as matrix products of NumPy."""
    matmul = sp.Function("matmul")

    def product(*factors):
        plain = [f for factor in factors for f in ([factor.base] * factor.exp if factor.is_Pow else [factor])]
        return plain[0] if len(plain) == 1 else matmul(product(*plain[:-1]), plain[-1])

    total = []
    for term in sp.Add.make_args(sp.expand(expression)):
        number, factors = term.args_cnc()
        total.append(sp.Mul(*number) * product(*factors))
    return sp.Add(*total)
