"""Many digits in many threads: the values of one thread, bit for bit, and mpmath's own precision left to the caller."""

import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest
import sympy as sp

from theory import Gaussian, RandomFeatureModel, digits
from theory import activations as A
from theory.activations import Activation
from theory.couplings.gaussian_equivalence import coefficients
from theory.outliers.bbp import critical_separation, critical_spike, critical_time, windows
from theory.training.digits import training_mpmath

THREADS = 8
TWO = Gaussian(((Fraction(1, 2), Fraction(1, 2)), (Fraction(3, 2), Fraction(1, 2))))
SPIKED = Gaussian(spikes=(5, 20))


def jobs(rounds=2):
    """Calls that between them reach every part of the package that works with mpmath."""
    made = []
    for k in range(1, rounds + 1):
        t = Fraction(k, 7)
        erf, sine, two = (RandomFeatureModel(f, 4, 3, t, d) for f, d in ((A.erf, SPIKED), (A.sin, SPIKED), (A.erf, TWO)))
        z = mpmath.mpc(1, sp.Rational(1, 3 * k))
        made += [
            lambda m=erf: astuple(m.coefficients(30)),
            lambda m=sine: astuple(m.coefficients(50)),
            lambda m=erf, z=z: m.spectrum().stieltjes(z, dps=50),
            lambda m=sine, z=z: m.spectrum().stieltjes(z, dps=30),
            lambda m=two, z=z: m.spectrum().stieltjes(z, dps=30, method="polynomial"),
            lambda m=erf: m.spectrum().edges(dps=40),
            lambda m=erf: [(o.eigenvalue, o.data_overlap) for o in m.spectrum().outliers(dps=30)],
            lambda m=sine: [o.eigenvalue for o in m.spectrum().outliers()],
            lambda m=sine: critical_spike(m, 35),
            lambda m=two: [(w.smallest, w.largest) for w in windows(m.spectrum(), 25)],
            lambda k=k: RandomFeatureModel(A.softplus, k, 3, 0.1).coefficients().s,
        ]
    return made


def values_at_the_precision_of_the_caller():
    return [f.mpmath(mpmath.mpf(1) / 3) for f in (A.tanh, A.softplus, A.gelu, A.erf)]


def plain(value):
    """What distinguishes two results: type, and every bit."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    for name in ("_mpf_", "_mpc_"):
        if hasattr(value, name):
            assert type(value) in (mpmath.mpf, mpmath.mpc), "a number of another context was handed out"
            return getattr(value, name)
    return value


def run(job):
    return plain(job())


@pytest.fixture
def caller_at_23_digits():
    with mpmath.workdps(23):
        yield
        assert mpmath.mp.dps == 23


def forget():
    coefficients.cache_clear()


@pytest.mark.slow
def test_eight_threads(caller_at_23_digits):
    alone = []
    for job in [*jobs(), values_at_the_precision_of_the_caller]:
        forget()
        alone.append(run(job))
    assert mpmath.mp.dps == 23

    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            seen.add(mpmath.mp.prec)

    def work(k):
        order = [(i + 5 * k) % len(alone) for i in range(len(alone))]
        threaded = [*jobs(), values_at_the_precision_of_the_caller]
        return [(i, run(threaded[i])) for i in order]

    watcher, interval = threading.Thread(target=watch), sys.getswitchinterval()
    watcher.start()
    sys.setswitchinterval(1e-5)
    try:
        forget()
        with ThreadPoolExecutor(THREADS) as pool:
            together = list(pool.map(work, range(THREADS)))
    finally:
        sys.setswitchinterval(interval)
        done.set()
        watcher.join()
    for results in together:
        for i, result in results:
            assert result == alone[i], i
    assert seen == {mpmath.mp.prec}


SLOWER = [
    lambda: training_mpmath(RandomFeatureModel(A.erf, 2, 3, Fraction(1, 3)), [1], 4),
    lambda: critical_time(RandomFeatureModel(A.erf, 4, 3, Fraction(1, 3)), 5, 20),
    lambda: critical_separation(RandomFeatureModel(A.erf, 4, 3, Fraction(1, 3)), 20),
    lambda: astuple(RandomFeatureModel(A.tanh, 4, 3, Fraction(1, 3)).coefficients(15)),
    lambda: astuple(RandomFeatureModel(A.erf, sp.sqrt(2), sp.pi, sp.Rational(1, 3)).coefficients(40)),
    lambda: Activation(sp.Abs(A.x**3 - A.x - 1) + sp.sqrt(2) * A.x).kinks,
]


class Fixed(mpmath.MPContext):
    """A context whose precision is read and never written."""

    def refuse(self, value):
        raise AssertionError(f"mpmath's own precision was set to {value}")

    prec = property(mpmath.MPContext.prec.fget, refuse)
    dps = property(mpmath.MPContext.dps.fget, refuse)


@pytest.fixture
def fixed(monkeypatch):
    monkeypatch.setattr(mpmath.mp, "__class__", Fixed)
    with pytest.raises(AssertionError, match="was set"), mpmath.workdps(30):
        pass


@pytest.mark.slow
def test_the_precision_of_the_caller_is_never_written(fixed):
    forget()
    for job in [*jobs(1), *SLOWER, values_at_the_precision_of_the_caller]:
        job()


@pytest.mark.slow
def test_the_precision_of_the_caller_does_not_matter():
    chosen, results = [*jobs(1), *SLOWER], []
    for dps in (5, 100):
        forget()
        with mpmath.workdps(dps):
            results.append([run(job) for job in chosen])
    assert results[0] == results[1]


def test_mpmath_is_used_through_the_threads_context():
    """Besides `theory.digits` only `Activation.mpmath` reads the caller's context; annotations read none."""
    package = Path(digits.__file__).parent
    users = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(
            r"(?m)^\s*(import|from) mpmath", re.sub(r"(?m)^if TYPE_CHECKING:\n(?:    .*\n|\n)+", "", path.read_text())
        )
    ]
    assert sorted(users) == ["activations/activation.py", "digits.py"]
