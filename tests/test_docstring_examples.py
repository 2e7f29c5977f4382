"""The examples of the docstrings are true: each is run, and what it prints compared."""

import doctest
import inspect

import pytest
import reference

EXAMPLES = {name: item for name, item in reference.described().items() if ">>> " in item.__doc__}
#: where a reader begins
MAIN = {"RandomFeatureModel", "Gaussian", "Mixture", "TimeGrid", "ConvergenceError", "activations.Activation"}
MAIN |= {
    "spectrum.Spectrum",
    "outliers.windows",
    "outliers.critical_spike",
    "training.training_curve",
    "training.ridge_curve",
}
MAIN |= {"empirical.collapse_time", "simulation.simulate", "conventions.time_from_alpha_bar", "sweeps.stored"}


def failures(item, said):
    (test,) = doctest.DocTestFinder(recurse=False).find(inspect.unwrap(item), item.__name__, globs={})
    return doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_true(name):
    said = []
    assert failures(EXAMPLES[name], said) == 0, "".join(said)


def test_where_a_reader_begins_there_is_an_example():
    assert {f"theory.{name}" for name in MAIN} <= set(EXAMPLES)


def test_an_example_that_is_wrong_is_seen():
    def wrong():
        """One.

        >>> 1 + 1
        3
        """

    assert failures(wrong, []) == 1
