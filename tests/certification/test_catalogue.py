"""Another distribution adds checks by an entry point, and they judge like those that are here."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from custify_connector.certification import catalogue, checking, mutating
from custify_connector.certification.running import run_one

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    """Forget afterwards what a test adds."""
    monkeypatch.setattr(checking, "_CHECKS", dict(checking._CHECKS))  # noqa: SLF001 - the list itself, to be restored
    monkeypatch.setattr(mutating, "_MUTANTS", list(mutating._MUTANTS))  # noqa: SLF001 - the same
    catalogue._load_added.cache_clear()  # noqa: SLF001 - loaded once a process
    yield
    catalogue._load_added.cache_clear()  # noqa: SLF001 - the next test finds none of this one's


@pytest.fixture
def adds(monkeypatch):
    """Return a function that installs a module, given its source, as one that adds checks."""

    def install(load):
        point = EntryPoint("more", "more.checks", catalogue.GROUP)
        catalogue._load_added.cache_clear()  # noqa: SLF001 - installed after the last look
        monkeypatch.setattr(EntryPoint, "load", lambda _: load())
        monkeypatch.setattr(catalogue, "entry_points", lambda *, group: [point] if group == catalogue.GROUP else [])

    return install


def test_the_check_and_the_mutant_of_the_page_are_run_like_any_other(adds, small):
    page = (ROOT / "docs" / "certification.md").read_text("utf-8").partition("## Add checks of your own")[2]
    block = page.partition("```python\n")[2].partition("```")[0]
    adds(lambda: exec(block, {"__name__": "our_package.checks"}))  # noqa: S102 - our own page
    judged = catalogue.of("tiny", small.plugin)
    (added,) = (one for one in judged.checks if one.id == "X1")
    (broken,) = (one for one in judged.mutants if one.check == "X1")
    assert (added.title, added.group) == ("The name fits a form", "X")
    assert run_one(added, judged).result == "passed"
    assert run_one(added, broken.apply(judged)).result == "failed"


def test_a_check_that_is_added_without_a_mutant_is_refused(adds, small):
    adds(lambda: checking.check("X1", "declared")(lambda _: []))
    judged = catalogue.of("tiny", small.plugin)
    (proved,) = (one for one in judged.checks if one.id == "K1")
    verdict = run_one(proved, judged)
    assert [one.got for one in verdict.findings if not one.holds] == ["1, such as X1"]


def test_checks_that_cannot_be_loaded_are_an_error_with_their_name_and_not_left_out(adds):
    def load():
        raise ImportError("no module named more")

    adds(load)
    with pytest.raises(LookupError, match=r"the checks more \(more.checks\) cannot be loaded: ImportError: no module"):
        catalogue.all_checks()
