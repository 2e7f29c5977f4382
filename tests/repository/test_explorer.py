"""The explorer's scripts, run in Node, find what `theory` finds: at 200 random parameters of its sliders, to nine digits."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import explorer
import explorer_formulas
import javascript
import numpy as np
import pytest
import structure
import sympy as sp

from theory import Gaussian, RandomFeatureModel, activations
from theory.empirical import collapse_time, condensation_time, generalization_time, onset_time
from theory.outliers import critical_spike
from theory.outliers.closed_form import outliers_of
from theory.training.timescales import curve_times

NODE = shutil.which("node")
RUNNER = Path(__file__).with_name("explorer_in_node.js")
STATIC = structure.BOOK / "_static"
#: in the order in which a page loads them
NAMES = ["couplings", "solver", "spectrum", "training", "outlier", "empirical"]
SOLVERS = [STATIC / "explorer" / f"{name}.js" for name in NAMES]
CLOSE = 1e-9
needs_node = pytest.mark.skipif(
    NODE is None, reason="Node is not installed: the explorer's scripts are not compared with theory"
)


@pytest.fixture(scope="module")
def formulas(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "formulas.js"
    explorer_formulas.write(path)
    return path


@pytest.fixture(scope="module")
def found(formulas):
    """found(cases): what the scripts answer; ``damage`` is a script that is run after the formulas."""

    def run(cases, *damage):
        task = json.dumps({"scripts": [str(path) for path in (formulas, *damage, *SOLVERS)], "cases": cases})
        result = subprocess.run([NODE, str(RUNNER)], input=task, capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


def log_uniform(random, low, high):
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def parameters(random):
    """Within the sliders' ranges."""
    name = str(random.choice(list(explorer_formulas.ACTIVATIONS)))
    ratios = {key: log_uniform(random, 0.5, 64) for key in ("psi_p", "psi_n")}
    return {"activation": name, **ratios, "t": log_uniform(random, 0.01, 2)}


def model_of(given):
    return RandomFeatureModel(
        getattr(activations, given["activation"]), given["psi_p"], given["psi_n"], given["t"], Gaussian()
    )


def agrees(found, expected):
    found, expected = np.array(found, float), np.array(expected, float)
    return found.shape == expected.shape and np.all(np.abs(found - expected) <= CLOSE * np.maximum(np.abs(expected), 1e-300))


@needs_node
@pytest.mark.slow
def test_law_and_losses(found):
    """Edges, atoms, density, losses at six times, outliers and their threshold: 200 models."""
    random, cases, expected = np.random.default_rng(1), [], []
    for _ in range(200):
        given = parameters(random)
        model = model_of(given)
        spectrum = model.spectrum()
        edges = np.array(spectrum.edges()).reshape(-1, 2)
        share = random.uniform(0.05, 0.95, (len(edges), 2))
        points = (edges[:, :1] * (edges[:, 1:] / edges[:, :1]) ** share).ravel()
        tau = [0.0, *(10 ** random.uniform(-1, 4, 4)).tolist(), np.inf]
        critical = critical_spike(model)
        variances = [1 + log_uniform(random, 0.05, 20), critical * 1.01, critical * 0.99]
        curve = model.training(tau)
        expected.append(
            {
                "edges": spectrum.edges(),
                "atom": spectrum.atoms(),
                "density": spectrum.density(points),
                "losses": np.stack([curve.train, curve.test], axis=1),
                "outliers": [
                    sorted((o.eigenvalue, o.overlap) for o in outliers_of(spectrum, variance)) for variance in variances
                ],
                "critical": critical,
            }
        )
        taus = [None if np.isinf(time) else time for time in tau]
        cases.append({"kind": "law", "parameters": given, "points": points.tolist(), "tau": taus, "variances": variances})
    for case, one, other in zip(cases, found(cases), expected, strict=True):
        assert "refused" not in one, (case, one)
        one["atom"] = [] if one["atom"] is None else [[one["atom"]["location"], one["atom"]["weight"]]]
        one["outliers"] = [[[o["eigenvalue"], o["overlap"]] for o in each] for each in one["outliers"]]
        assert abs(one["mass"] - 1) < 1e-8
        for name in ("edges", "atom", "density", "losses", "critical"):
            assert agrees(one[name], other[name]), (name, case, one[name], other[name])
        for mine, theirs in zip(one["outliers"], other["outliers"], strict=True):
            assert agrees(mine, theirs), (case, mine, theirs)


@needs_node
@pytest.mark.slow
def test_two_times(found):
    """The times of learning and of memorizing, where the models have them: τ as well as the smallest test loss."""
    random = np.random.default_rng(2)
    cases = [{"kind": "times", "parameters": parameters(random)} for _ in range(8)]
    for case, one in zip(cases, found(cases), strict=True):
        expected = curve_times(model_of(case["parameters"]))
        assert "refused" not in one, (case, one)
        for mine, theirs in ((one["gen"], expected[0]), (one["mem"], expected[1]), (one["best"], expected[3])):
            assert (mine is None) == (theirs is None), (case, mine, theirs)
            assert mine is None or agrees(mine, theirs), (case, mine, theirs)


@needs_node
def test_empirical_times(found):
    random = np.random.default_rng(3)
    cases = [
        {"kind": "empirical", "alpha": log_uniform(random, 0.05, 2), "alphaD": random.uniform(0.1, 1)} for _ in range(200)
    ]
    solvers = {
        "collapse": collapse_time,
        "onset": onset_time,
        "condensation": condensation_time,
        "generalization": generalization_time,
    }
    for case, one in zip(cases, found(cases), strict=True):
        for name, solver in solvers.items():
            assert agrees(one[name], solver(case["alpha"], case["alphaD"])), (case, name)


LAW = {
    "kind": "law",
    "parameters": {"activation": "erf", "psi_p": 8, "psi_n": 4, "t": 0.05},
    "points": [0.05, 0.5, 2.0],
    "tau": [],
    "variances": [],
}
DAMAGE = """for (const name of {names}) {{
  const right = explorerFormulas[name];
  explorerFormulas[name] = (...all) => {{ right(...all); all.at(-1)[0] *= 1.1; }};
}}"""


@needs_node
def test_wrong_edges_are_refused(found, tmp_path):
    """The mass between them is not 1."""
    (tmp_path / "damage.js").write_text(DAMAGE.format(names=["height"]))
    (one,) = found([LAW], tmp_path / "damage.js")
    assert "mass" in one["refused"] or "certified" in one["refused"]


@needs_node
def test_without_roots_the_branch_is_followed_from_infinity(found, tmp_path):
    """What is certified does not depend on how it was found."""
    (tmp_path / "damage.js").write_text("explorerFormulas.polynomial = (...all) => all.at(-1).fill(NaN);")
    (one,), (other,) = found([LAW]), found([LAW], tmp_path / "damage.js")
    assert agrees(one["density"], other["density"]) and one["density"][0] > one["density"][1] == 0


@needs_node
def test_complex_functions_are_printed(formulas, tmp_path):
    """A rational function of two complex arguments and a real one, against SymPy's own numbers."""
    z, w, c = sp.Symbol("z"), sp.Symbol("w"), sp.Symbol(r"\hat c_*", positive=True)
    expressions = [z**2 * w / (c + z * w) ** 3 + c, 1 / z**2 - c * w**4, c**2, -z]
    code = javascript.function("f", expressions, (z, w, c), (z, w))
    script = tmp_path / "f.js"
    script.write_text(
        code + "\nconst out = new Float64Array(8); f(0.3, -1.2, 2, 0.7, 1.5, out); console.log(JSON.stringify([...out]));"
    )
    said = json.loads(subprocess.run([NODE, str(script)], capture_output=True, text=True, check=True).stdout)
    values = {z: sp.Float("0.3") - sp.I * sp.Float("1.2"), w: 2 + sp.I * sp.Float("0.7"), c: sp.Float("1.5")}
    exact = [complex(e.subs(values)) for e in expressions]
    assert np.allclose(np.array(said[::2]) + 1j * np.array(said[1::2]), exact, rtol=1e-14, atol=0)


def test_what_cannot_be_printed_is_refused():
    z, c = sp.symbols("z c")
    for expression in (sp.sqrt(z), sp.exp(z), z * c):
        with pytest.raises(ValueError, match=r"arguments"):
            javascript.function("f", [expression], (z,), (z,))


#: of version 1.6.32, as its authors published it
UPLOT = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}


def test_the_plotting_library_is_as_published():
    folder = STATIC / "vendor" / "uplot"
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} == UPLOT
    assert "MIT License" in (folder / "LICENSE").read_text()


def test_scripts_of_a_page_exist():
    """But for the formulas, which the build writes."""
    kept = {path.stem for path in (STATIC / "explorer").glob("*.js")}
    assert {*explorer.SCRIPTS} - kept == {"formulas"} and kept <= {*explorer.SCRIPTS}
    assert [name for name in explorer.SCRIPTS if name in NAMES] == NAMES
    scenes = (STATIC / "explorer" / "scenes.js").read_text()
    assert all(f"    {scene}: {{" in scenes for scene in explorer.SCENES)


def test_every_script_is_short():
    """One idea a file, as in the package."""
    long = [path.name for path in (STATIC / "explorer").iterdir() if len(path.read_text().splitlines()) > 300]
    assert long == []
