"""The table of mutation testing (tools/mutants.toml) speaks of files, tests and lines that are there."""

import mutants
import pytest

TABLE = mutants.table()


@pytest.mark.parametrize("name", TABLE)
def test_entries_are_true(name):
    lines = [line.strip() for line in (mutants.ROOT / f"theory/{name}.py").read_text().splitlines()]
    entry = TABLE[name]
    assert entry["tests"] and set(entry) <= {"tests", "without", "equivalent"}
    for test in (*entry["tests"], *entry.get("without", ())):
        file, *node = test.split("::")
        text = (mutants.ROOT / file).read_text()
        assert all(f"def {name.split('[')[0]}(" in text for name in node)
    for survivor in entry.get("equivalent", ()):
        assert set(survivor) == {"removed", "added", "reason"} and len(survivor["reason"]) > 10
        # an explanation of a line that has changed explains nothing
        assert survivor["removed"] in lines
        assert survivor["added"] not in lines


def test_faults_of_a_few_lines():
    pytest.importorskip("cosmic_ray")
    found = mutants.mutants('def f(x):\n    """x - 1 < 2"""\n    return -x + 3 if x < 1 else x**2\n')
    expressions = {mutant.added for mutant in found}
    assert {
        "return +x + 3 if x < 1 else x**2",
        "return -x - 3 if x < 1 else x**2",
        "return -x + 3 if x > 1 else x**2",
        "return -x + 3 if x < 1 else x*2",
    } <= expressions
    assert all(mutant.line == 3 and mutant.removed == "return -x + 3 if x < 1 else x**2" for mutant in found)
