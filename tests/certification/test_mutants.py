"""Every check is seen to fail: on a connector that is broken in just its way."""

import pytest

from custify_connector.certification.checking import all_checks
from custify_connector.certification.mutating import all_mutants
from custify_connector.certification.running import run_one

CHECKS = {one.id: one for one in all_checks()}
MUTANTS = all_mutants()


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: f"{one.check} {one.name}")
def test_a_mutant_is_refused_by_the_check_made_for_it(healthy, one):
    verdict = run_one(CHECKS[one.check], one.apply(healthy))
    if healthy.name != "custify" and run_one(CHECKS[one.check], healthy).result in {"skipped", "not_applicable"}:
        pytest.skip(f"the testbed of {healthy.name} does not offer what {one.check} needs")
    assert verdict.result == "failed", verdict


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: f"{one.check} {one.name}")
def test_a_mutant_says_what_is_wrong_with_it(one):
    assert one.harm.endswith(".")


def test_no_two_mutants_of_a_check_have_the_same_name():
    assert len({(one.check, one.name) for one in MUTANTS}) == len(MUTANTS)
