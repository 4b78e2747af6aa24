"""Every check is seen to fail: on a connector that is broken in just its way."""

import pytest

from custify_connector.certification.catalogue import all_checks, all_mutants
from custify_connector.certification.running import run_one
from custify_connector.exchange import credential_test as credential_testing

CHECKS = {one.id: one for one in all_checks()}
MUTANTS = all_mutants()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Let the test of a credential give up sooner: the healthy one is judged with its own patience."""
    monkeypatch.setattr(credential_testing, "TIMEOUT_SECONDS", 3.0)


@pytest.mark.slow
@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: f"{one.check} {one.name}")
def test_a_mutant_is_refused_by_the_check_made_for_it(healthy, one, verdict):
    """Where the check has something to look at: this project's own offers it all."""
    if healthy.name != "custify" and verdict(CHECKS[one.check], healthy).result == "not_applicable":
        pytest.skip(f"{one.check} does not apply to {healthy.name}")
    found = run_one(CHECKS[one.check], one.apply(healthy))
    if healthy.name != "custify" and found.result == "skipped":
        pytest.skip(f"{healthy.name}: {found.reason}")
    assert found.result == "failed", found


def test_a_mutant_says_what_is_wrong_with_it():
    assert [(one.check, one.name) for one in MUTANTS if not one.harm.endswith(".")] == []


def test_no_two_mutants_of_a_check_have_the_same_name():
    assert len({(one.check, one.name) for one in MUTANTS}) == len(MUTANTS)
