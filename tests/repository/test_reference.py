"""The reference: every public name on one page, docstrings that are well formed and name what is there, chapters that are found."""

import inspect
import re
from pathlib import Path

import docstrings
import reference
import reference_pages
import signatures
import structure
from docutils import core, nodes
from docutils.parsers.rst import roles
from faces import faces, named_by

DESCRIBED = reference.described()


def complaints(text):
    """What docutils says of a text, a line each; roles of Sphinx are taken as they are."""
    for role in ("py:obj", "doc"):
        roles.register_local_role(role, lambda name, raw, *_: ([nodes.literal(raw, raw)], []))
    settings = {"report_level": 5, "halt_level": 6, "_disable_config": True}
    document = core.publish_doctree(text, settings_overrides=settings)
    return [message.astext() for message in document.findall(nodes.system_message)]


def test_the_pages_hold_every_face():
    assert list(reference.PAGES) == list(structure.API[1:]) and set(structure.API) < set(structure.contents())
    assert all(structure.source(page).read_text().count(reference_pages.MARK) == 1 for page in reference.PAGES)
    held = [face for shown in reference.PAGES.values() for face in shown]
    assert len(held) == len(set(held)) and set(held) <= set(faces())
    assert {reference.page_of(path) for path in faces()} == set(reference.PAGES)


def test_every_public_name_is_described_once():
    pages = "\n".join(reference_pages.markdown(page) for page in reference.PAGES)
    directives = re.findall(r"(?m)^\.\. (?:auto\w+|py:data):: (\S+)(?:\n   :module: (\S+))?", pages)
    found = [f"{module}.{name}".lstrip(".") for name, module in directives]
    assert len(found) == len(set(found)) > 350
    for path, module in faces().items():
        for name, item in named_by(module).items():
            home = reference.full(path, name) if reference.kind_of(item) == "data" else reference.homes()[id(item)]
            assert home in found, f"{name} of {path}"


def test_docstrings_are_well_formed():
    assert len(DESCRIBED) > 550
    said = {
        name: complaints("\n".join([docstrings.rst(item).rstrip("\n"), *reference_pages.used_in(name)]))
        for name, item in DESCRIBED.items()
    }
    assert {name: messages for name, messages in said.items() if messages} == {}


def test_a_malformed_docstring_is_seen():
    def wrong():
        """One.

        * an item
         of a list
        and its end.

        ==  ==
        a table  with one column
        ==  ==
        """

    assert len(complaints(docstrings.rst(wrong))) >= 2


def test_the_chapters_stand_after_whatever_a_docstring_ends_with():
    chapters = reference_pages.used_in("theory.RandomFeatureModel")
    for end in ("a paragraph", "- a list,\n  in two lines", ">>> 1 + 1\n2", ".. math:: x"):
        assert complaints("\n".join(["One.", "", *end.split("\n"), *chapters])) == []


def test_the_signs_of_formulas_are_no_markup():
    text = docstrings.linked("|m|² of λ_* or m_c*, **bold**, *slanted*, x_ and ``|code|*``.\n\n* an item", reference)
    assert complaints(text) == []
    shown = core.publish_doctree(text)
    assert shown.astext().startswith("|m|² of λ_* or m_c*, bold, slanted, x_ and |code|*.")
    assert [node.astext() for node in shown.findall(nodes.strong)] == ["bold"]
    assert len(list(shown.findall(nodes.list_item))) == 1


def test_a_name_in_single_accents_is_something():
    named = [(name, word) for name, item in DESCRIBED.items() for word in docstrings.names_in(item)]
    assert len(named) > 400
    assert [(name, word) for name, word in named if not docstrings.resolved(word, DESCRIBED[name])[1]] == []


def test_names_lead_to_where_they_are_described():
    model = reference.entries()["theory.RandomFeatureModel"].item
    assert docstrings.resolved("theory.data.gaussian.Gaussian", model) == ("theory.Gaussian", True)
    assert docstrings.resolved("timescales", model) == ("theory.RandomFeatureModel.timescales", True)
    assert docstrings.resolved("ConvergenceError", model) == ("theory.ConvergenceError", True)
    assert docstrings.resolved("theory.validation", model) == (None, True)
    assert docstrings.resolved("theory.nonsense", model) == (None, False)


def test_signatures_are_those_of_the_source():
    items = {name: entry.item for name, entry in reference.entries().items()}
    arguments, result = signatures.signature(items["theory.training.training_curve"])
    assert (arguments, result) == ("(model: ~theory.RandomFeatureModel, tau: ArrayLike)", "~theory.training.TrainingCurve")
    assert signatures.signature(items["theory.Gaussian"])[0].startswith("(spectrum: tuple = ((1, 1),), ")
    # an alias of the package's own for a type is shown as what it stands for
    assert "sp.Expr | float" in signatures.signature(items["theory.symbolic.rainbows.geometric_sum"])[0]


def test_inner_classes_are_those_that_are_not_public():
    inner = reference.inner_classes()
    assert "LabelLattice" in inner and not {"Gaussian", "Spectrum", "Expr", "ndarray"} & inner


# --- chapters that use a name ----------------------------------------------------------------------------------------


def test_chapters_are_in_the_order_of_the_book():
    pages = reference.pages_with("theory.outliers.critical_spike")
    assert pages and pages == sorted(pages, key=structure.contents().index)
    # the landing page shows the model first, and a chapter derives it
    model = reference.pages_with("theory.RandomFeatureModel")
    assert model[0] == "random_features" and "intro" in model[1:]


def test_methods_are_found_by_what_calls_return():
    assert "density" in reference.pages_with("theory.spectrum.Spectrum.density")
    assert "training_curves" in reference.pages_with("theory.RandomFeatureModel.training")


def test_what_is_not_used_is_not_found(monkeypatch):
    code = "from theory import outliers as o\no.windows(1)\n%matplotlib inline\nx = critical_spike"
    monkeypatch.setattr(reference, "code_of", lambda page: reference.clean_ipython(code)[1])
    assert reference.used_by("any") == {"theory", "theory.outliers", "theory.outliers.windows"}


def test_the_chapters_are_found_for_most_of_what_is_not_for_extensions():
    apart = ("theory.equations", "theory.couplings", "theory.simulation.networks")
    names = [name for name, entry in reference.entries().items() if inspect.isroutine(entry.item)]
    names = [name for name in names if not name.startswith(apart)]
    assert len(set(names) - set(reference.unused())) > 0.6 * len(names)


def test_the_changelog_leads_to_every_version():
    """A page links to it; its sections are those that "Keep a Changelog" names."""
    changelog = (structure.ROOT / "CHANGELOG.md").read_text()
    assert "CHANGELOG.md" in (Path(structure.BOOK) / "api.md").read_text()
    assert re.findall(r"(?m)^## \[(.+?)\]", changelog)[0] == "Unreleased"
    sections = set(re.findall(r"(?m)^### (.+)$", changelog))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
