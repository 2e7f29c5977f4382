"""Wick pairings against the action, free probability in the limits, themselves, and random matrices of a few rows."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from tolerances import STANDARD_ERRORS

from theory import symbolic
from theory.symbolic import symbols as S
from theory.symbolic import wick
from theory.symbolic.expansion import expansion
from theory.symbolic.outlier import outlier_condition
from theory.symbolic.rainbows import rainbows
from theory.symbolic.saddle_equations import saddle_point
from theory.symbolic.wick import brute_force, d, lam_star, leading, moment

diagrams = pytest.importorskip("theory.symbolic.diagrams")

ORDER = 6
lam1, lam2, w = sp.symbols("lambda_1 lambda_2 w", positive=True)


def equal(left, right):
    return sp.expand(left - right) == 0


# --- which pairings survive ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "spike"), [(1, False), (2, False), (3, False), (1, True), (2, True)])
def test_a_pairing_survives_where_and_only_where_nothing_crosses(k, spike):
    """Loop by loop, for every pairing: its power of d is χ − 2, and χ = 2 is the same as no crossing."""
    seen = Counter()
    for diagram in diagrams.diagrams(k, spike, planar=False):
        power = sp.degree(diagram.value.subs(d, 1 / d), d)
        assert -power == diagram.euler_characteristic - 2
        assert (diagram.euler_characteristic == 2) == (diagram.crossings == 0)
        seen[diagram.crossings == 0] += 1
    assert seen[True] == sum(1 for _ in diagrams.diagrams(k, spike))


def test_numbers_of_pairings():
    """Planar ones of 1 to 4 letters, all ones as products of double factorials."""
    planar, spiked = ([sum(1 for _ in diagrams.diagrams(k, spike)) for k in range(1, 5)] for spike in (False, True))
    assert planar == [3, 17, 127, 1089] and spiked == [5, 35, 289, 2623]
    for k in (1, 2, 3):
        counted = sum(1 for _ in diagrams.diagrams(k, planar=False))
        assert counted == sum(
            np.prod([sp.factorial2(wick.legs(word, False).count(kind) - 1) for kind in "WXO"]) for word in wick.words(k)
        )


@pytest.mark.parametrize(("k", "spike"), [(1, False), (2, False), (3, False), (4, False), (1, True), (2, True), (3, True)])
def test_brute_force_tends_to_the_planar_sum(k, spike):
    exact = sp.Poly(brute_force(k, spike).subs(d, 1 / d), d)
    assert equal(exact.coeff_monomial(1), leading(k, spike))
    assert exact.degree() > 0 or spike or k == 1  # there is something to leave out


def test_symmetries_leave_the_value():
    """The sum over classes of equivalent diagrams, times their sizes, is the sum over all."""
    for k, spike in ((3, False), (2, True)):
        classes = diagrams.up_to_symmetry(k, spike)
        assert sum(size for _, size in classes) == sum(1 for _ in diagrams.diagrams(k, spike))
        assert equal(sum(size * diagram.value for diagram, size in classes), leading(k, spike))
        assert equal(sum(diagram.value for diagram in diagrams.diagrams(k, spike)), leading(k, spike))


# --- against the action, order by order ------------------------------------------------------------------------------


@pytest.mark.slow
def test_trace_agrees_with_the_action_to_sixth_order():
    series = expansion(saddle_point().reduced, ORDER)
    assert series[0] == 1
    for k in range(1, ORDER + 1):
        assert equal(series[k], leading(k)), k


@pytest.mark.slow
def test_spike_agrees_with_the_action_to_sixth_order():
    series = expansion(saddle_point().reduced, ORDER, outlier_condition().transform)
    assert series[0] == 1
    for k in range(1, ORDER + 1):
        assert equal(series[k], leading(k, spike=True)), k


@pytest.mark.slow
@pytest.mark.parametrize(
    "spectrum",
    [((1, 1),), ((sp.Rational(1, 2), sp.Rational(1, 3)), (sp.Rational(5, 4), sp.Rational(2, 3)))],
    ids=["identity", "two eigenvalues"],
)
def test_moments_solve_the_resolvent_polynomial(spectrum):
    """With an error in the last moment, the lowest order of P(q, z) that is left is proportional to that error."""
    numbers = dict(zip((S.alpha, S.b, S.v, S.s_t), map(sp.Rational, ("4/5", "1/3", "2/5", "1/7")), strict=True))
    numbers |= {S.psi_p: sp.Integer(2), S.psi_n: sp.Integer(3)}
    values = {moment(k): sum(weight * sp.sympify(value) ** k for value, weight in spectrum) for k in range(1, ORDER + 1)}
    _, u, error = sp.ring("u error", sp.QQ)
    moments = [1, *(sp.QQ.from_sympy(leading(k).subs(numbers).subs(values)) for k in range(1, ORDER + 1))]
    q = -sum(m * u ** (k + 1) for k, m in enumerate(moments)) - error * u ** (ORDER + 1)
    polynomial = sp.Poly(symbolic.resolvent_polynomial(spectrum).as_expr().subs(numbers), S.q, S.z)
    highest = polynomial.degree(S.z)  # z = s_t² + 1/u, and a power of u to clear the denominator
    z_times_u = sp.QQ(1) + u * sp.QQ.from_sympy(numbers[S.s_t] ** 2)
    residual = sum(sp.QQ.from_sympy(c) * q**i * z_times_u**j * u ** (highest - j) for (i, j), c in polynomial.terms())
    lowest = min(power for power, _ in residual)
    assert {powers[1] for powers in residual if powers[0] == lowest} == {1}


# --- the sum to all orders -------------------------------------------------------------------------------------------


def test_rainbows_reproduce_the_enumerated_diagrams():
    for spike, transform in ((False, S.q), (True, rainbows().transform)):
        series = expansion(rainbows().equations, 4, transform)
        assert [equal(series[k], leading(k, spike)) for k in range(1, 5)] == [True] * 4


def test_rainbows_are_the_saddle_point():
    for diagrammatic, stationary in zip(rainbows().equations, saddle_point().reduced, strict=True):
        difference = S.discretise(diagrammatic - stationary, ((lam1, w), (lam2, 1 - w)))
        assert sp.simplify(sp.together(difference)) == 0


def test_the_diagrams_do_not_know_the_action():
    for name in ("wick", "rainbows", "diagrams"):
        tree = ast.parse((Path(wick.__file__).parent / f"{name}.py").read_text())
        imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
        modules = {node.module or alias.name for node in imported for alias in node.names}
        assert modules <= {"symbols", "wick"}, name
    assert lam_star is symbolic.outlier.lam_star is S.lam_star  # a letter is all that the two ways share


# --- against each other and the literature ---------------------------------------------------------------------------


@pytest.mark.parametrize(("moments", "highest"), [(leading, 4), (brute_force, 3)], ids=["planar", "exact"])
def test_trace_and_spike_fit_together(moments, highest):
    """∂M_k/∂b² = (k/p) Tr (U − s²)^{k−1} WW^T/d, the average of the spike's moment over all directions. At finite d, too."""
    for k in range(2, highest + 1):
        powers = sp.Poly(moments(k - 1, True), lam_star).terms()
        average = sum(coefficient * moment(power) for (power,), coefficient in powers)
        assert equal(sp.diff(moments(k), S.b) / (2 * S.b), k * average)


def test_real_wishart_at_every_size():
    """α = b = 0: the moments of ΩΩ^T/n for real entries, known exactly (e.g. Letac and Massam 2004)."""
    p, n = S.psi_p * d, S.psi_n * d
    exact = (1, 1 + (p + 1) / n, 1 + 3 * (p + 1) / n + (p**2 + 3 * p + 4) / n**2)
    for k, published in enumerate(exact, 1):
        assert equal(brute_force(k).subs({S.alpha: 0, S.b: 0}), S.v ** (2 * k) * published)


#: rational values at which polynomials that differ would differ, with moments of no particular ρ_Σ
POINT = dict(zip((S.alpha, S.b, S.v, S.psi_p, S.psi_n), map(sp.Rational, ("7/5", "2/3", "5/4", "3/7", "11/3")), strict=True))
POINT |= {moment(k): sp.Rational(k + 2, 2 * k + 1) for k in range(1, ORDER + 1)}
ALPHA2, B2, V2 = (POINT[x] ** 2 for x in (S.alpha, S.b, S.v))
PSI_P, PSI_N = POINT[S.psi_p], POINT[S.psi_n]
SIGMA = [1, *(POINT[moment(k)] for k in range(1, ORDER + 1))]


def moments_from_cumulants(cumulant):
    """m_k = Σ_s κ_s Σ_{i_1+…+i_s = k−s} m_{i_1}…m_{i_s}, the sum over non-crossing partitions by the block of 1."""
    moments = [sp.Integer(1)]
    for k in range(1, ORDER + 1):
        total, power = 0, [1] + [0] * k  # power is the series Σ m_j x^j to the s
        for s in range(1, k + 1):
            power = [sum(power[i] * moments[j - i] for i in range(j + 1) if j - i < k) for j in range(k)]
            total += cumulant(s) * power[k - s]
        moments.append(total)
    return moments


def sample_covariance(population, ratio):
    """Moments of C^{1/2}YY^TC^{1/2}/n, Y of p × n, ratio p/n: Y^TCY/n has the free cumulants (p/n) (1/p)Tr C^k."""
    return [1, *(m / ratio for m in moments_from_cumulants(lambda k: ratio * population[k])[1:])]


def features_of(population):
    """Moments of WCW^T/d, p × p: its free cumulants are ψ_p^{k−1} (1/d)Tr C^k."""
    return moments_from_cumulants(lambda k: PSI_P ** (k - 1) * population[k])


def affine(moments, scale, shift):
    """Moments of scale·A + shift."""
    return [
        sum(sp.binomial(k, j) * scale**j * shift ** (k - j) * moments[j] for j in range(k + 1)) for k in range(ORDER + 1)
    ]


LIMITS = {
    # U − s² = W(α²Σ̂ + b²)W^T/d, with Σ̂ the covariance of the samples
    S.v: lambda: features_of(affine(sample_covariance(SIGMA, 1 / PSI_N), ALPHA2, B2)),
    # given W, the samples of features have the covariance α²WΣW^T/d + v²
    S.b: lambda: sample_covariance(affine(features_of(SIGMA), ALPHA2, V2), PSI_P / PSI_N),
    # v²ΩΩ^T/n and b²WW^T/d are free: cumulants add up
    S.alpha: lambda: moments_from_cumulants(lambda k: V2**k * (PSI_P / PSI_N) ** (k - 1) + B2**k * PSI_P ** (k - 1)),
}


@pytest.mark.parametrize("absent", LIMITS, ids=str)
def test_limits_are_those_of_free_probability(absent):
    """Without v, b or α the law follows from free cumulants alone, neither by pairings nor by the action."""
    for k, expected in enumerate(LIMITS[absent]()[1:], 1):
        assert leading(k).subs(absent, 0).subs(POINT) == expected


def test_without_data_and_noise_it_is_marchenko_pastur():
    """α = b = 0 leaves Narayana's numbers."""
    for k in range(1, ORDER + 1):
        narayana = sum(sp.binomial(k, j) * sp.binomial(k, j + 1) / k * (S.psi_p / S.psi_n) ** j for j in range(k))
        assert equal(leading(k).subs({S.alpha: 0, S.b: 0}), S.v ** (2 * k) * narayana)


def test_matrices_of_a_few_rows():
    """Both second moments at d = 4 and the third of the trace, with every crossing: 20,000 draws."""
    rng, draws, size, p, n = np.random.default_rng(2), 20_000, 4, 6, 8
    alpha, b, v, sigma = 0.9, 0.7, 0.8, np.array([3.0, 1.5, 1.0, 0.5])
    W, Omega = rng.standard_normal((draws, p, size)), rng.standard_normal((draws, p, n))
    X = np.sqrt(sigma)[:, None] * rng.standard_normal((draws, size, n))
    G = alpha / np.sqrt(size) * W @ X + v * Omega
    matrix = G @ G.swapaxes(1, 2) / n + b**2 / size * W @ W.swapaxes(1, 2)
    square, column = matrix @ matrix, W[:, :, :1]
    numbers = {S.alpha: alpha, S.b: b, S.v: v, S.psi_p: p / size, S.psi_n: n / size, d: size, lam_star: sigma[0]}
    numbers |= {moment(k): float(np.mean(sigma**k)) for k in range(1, 4)}
    observed = {
        (2, False): np.trace(square, axis1=1, axis2=2) / p,
        (3, False): np.sum(square * matrix, axis=(1, 2)) / p,
        (2, True): (column.swapaxes(1, 2) @ square @ column)[:, 0, 0] / p,
    }
    for (k, spike), values in observed.items():
        expected, error = float(brute_force(k, spike).subs(numbers)), values.std(ddof=1) / np.sqrt(draws)
        assert abs(values.mean() - expected) < STANDARD_ERRORS * error
        # the limit is another number, by far
        assert abs(values.mean() - float(leading(k, spike).subs(numbers))) > 10 * error


# --- invalid input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: leading(0), "k = 0"),
        (lambda: leading(1.5), "k = 1.5"),
        (lambda: brute_force(5), "k = 5"),
        (lambda: expansion(rainbows().equations, 0), "order = 0"),
        (lambda: diagrams.diagrams(-1), "k = -1"),
        (lambda: diagrams.Diagram(("WOW",), ()), "word holds 'WOW'"),
        (lambda: diagrams.Diagram(("WXXW",), ((0, 1), (2, 3))), "pairs = "),
        (lambda: diagrams.Diagram(("WW",), ((0, 1), (0, 1))), "pairs = "),
        (lambda: diagrams.draw_leading(4), "order = 4"),
    ],
)
def test_invalid_input_names_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_the_picture_closes_every_loop(plt):
    """Lines that end at the same point form closed curves, one for each loop; the two ends of the word are one point."""
    for diagram in [*diagrams.diagrams(2), *diagrams.diagrams(2, planar=False), *diagrams.diagrams(1, spike=True)]:
        ax = diagrams.draw(diagram, plt.figure().add_subplot())
        lines = [line for line in ax.lines if line.get_linestyle() != "None"]
        ends = [tuple(round(float(x), 6) for x in (line.get_xdata()[0], line.get_xdata()[-1])) for line in lines]
        edges = {x for pair in ends for x in pair}
        outer = {max(edges): min(edges)}
        curves = {x: {x} for x in edges - set(outer)}
        for left, right in ends:
            left, right = outer.get(left, left), outer.get(right, right)
            merged = curves[left] | curves[right]
            curves |= dict.fromkeys(merged, merged)
        assert len({frozenset(curve) for curve in curves.values()}) == len(diagram.loops[1])
        plt.close("all")


def test_propagators_differ_by_more_than_colour(plt):
    ax = plt.figure().add_subplot()
    diagrams.draw(diagrams.Diagram(("WXXW", "OO"), ((0, 3), (1, 2), (4, 5))), ax)
    handles, labels = ax.get_legend_handles_labels()
    assert labels == ["$W$", "$X$", r"$\Omega$"]
    assert len({str(handle._dash_pattern) for handle in handles}) == 3
    assert len({handle.get_color() for handle in handles}) == 3
    assert ax.get_title() == r"$\alpha^{2} m_{1} v^{2}$"


def test_insertions_of_the_spike_are_marked(plt):
    """One star for each power of λ*, and one at either end."""
    for diagram in diagrams.diagrams(2, spike=True):
        ax = diagrams.draw(diagram, plt.figure().add_subplot())
        (stars,) = (line for line in ax.lines if line.get_label() == diagrams.SPIKE_LABEL)
        assert len(stars.get_xdata()) == 2 + sp.degree(diagram.value, lam_star)
        plt.close("all")


def test_all_leading_diagrams_on_a_page(plt):
    figure = diagrams.draw_leading(2, columns=5)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert len(titles) == 3 + 12
    assert r"$2\times \alpha^{2} b^{2} m_{1} \psi_{p}$" in titles
    figure.canvas.draw()  # the titles are LaTeX that matplotlib understands


def test_no_title_lies_over_a_star(plt):
    """In the panels of the chapter's figure, whose arcs are flat and whose highest arc may carry an insertion."""
    figure = diagrams.draw_leading(2, spike=True, columns=4, panel=(1.9, 1.3))
    figure.canvas.draw()
    for ax in figure.axes:
        for line in ax.lines:
            if line.get_label() == diagrams.SPIKE_LABEL:
                _, tops = ax.transData.transform(np.transpose(line.get_data())).T
                radius = line.get_markersize() / 2 * figure.dpi / 72
                assert ax.title.get_window_extent().y0 > max(tops) + radius, ax.get_title()
