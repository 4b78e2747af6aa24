"""Every check holds for a healthy connector, and is written so that its report can be read."""

import pytest

from custify_connector.certification.catalogue import all_checks
from custify_connector.certification.checking import ADDED, GROUPS, RUNGS, check

CHECKS = all_checks()
WAITING = {"B6", "D12", "D14", "D16", "D18", "E3", "F1", "F2", "F3", "F4", "F7", "F11"}
"""These wait for a limit, for an outage to end, or for processes."""
RESUMED = {"D9", "E2", "E4", "E5"}
"""These read a service once more from each of its states: seconds of the processor."""
LONG = {"D19", "F12", "F13"}
"""These read every stream several times, from several threads, or to see that nothing more comes."""
SLOW, ALONE = (pytest.mark.slow,), (pytest.mark.slow, pytest.mark.alone)
MARKS = dict.fromkeys(RESUMED | LONG, SLOW) | dict.fromkeys(WAITING, ALONE)
EACH = [pytest.param(one, id=one.id, marks=MARKS.get(one.id, ())) for one in CHECKS]


@pytest.mark.slow
@pytest.mark.parametrize("one", EACH)
def test_a_healthy_connector_is_not_refused(healthy, one, verdict):
    """This project's own passes all; its recordings alone prove nothing, as they are written from documentation."""
    found = verdict(one, healthy)
    assert found.result != "failed", [finding for finding in found.findings if not finding.holds]
    expected = "skipped" if one.rung == "recorded" else "passed"
    assert healthy.name != "custify" or found.result == expected, found.reason


def test_a_check_says_what_it_holds_and_why(subtests):
    for one in CHECKS:
        with subtests.test(one.id):
            assert one.title
            assert one.message.endswith(".")
            assert one.rung in RUNGS
            assert one.group in GROUPS


def test_every_group_has_a_check_and_they_come_in_order():
    assert list(dict.fromkeys(one.group for one in CHECKS)) == [one for one in GROUPS if one != ADDED]
    assert sorted(CHECKS, key=lambda one: one.place) == list(CHECKS)


@pytest.mark.parametrize("name", ["D1", "Z1"])
def test_an_id_that_is_taken_or_of_no_group_is_refused(name):
    with pytest.raises(ValueError, match=name):
        check(name, "declared")(lambda _: [])
