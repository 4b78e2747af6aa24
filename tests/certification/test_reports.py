"""Reports: which rung is reached, and what a reader gets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from custify_connector.certification.checking import Check
from custify_connector.certification.findings import Finding, Verdict
from custify_connector.certification.mutating import Broken
from custify_connector.certification.reporters import as_json, terminal
from custify_connector.certification.reports import Environment, Report, environment, rung_reached
from custify_connector.certification.running import Outcome, Selection


def numbers_are_right(_bench):
    """They must be."""


def outcome(name, rung, result, **words):
    return Outcome(Check(name, rung, numbers_are_right, 1.0), Verdict(result, **words), 0.25)


def report(*outcomes, **selection):
    return Report(Environment("tiny", "1.0", "3", "p", "now"), Selection(**selection), outcomes)


@pytest.mark.parametrize(
    ("results", "reached"),
    [
        ([], None),
        ([("declared", "passed")], "declared"),
        ([("declared", "passed"), ("declared", "failed")], None),
        ([("declared", "passed"), ("rehearsed", "skipped")], "declared"),
        ([("declared", "passed"), ("hardened", "passed")], "declared"),
        ([("declared", "passed"), ("declared", "not_applicable")], "declared"),
        ([("declared", "passed"), ("rehearsed", "not_applicable")], "declared"),
        ([("declared", "failed"), ("rehearsed", "passed")], None),
        ([("declared", "passed"), ("rehearsed", "passed"), ("hardened", "passed")], "hardened"),
    ],
)
def test_a_rung_is_reached_when_all_its_checks_and_those_below_passed(results, reached):
    assert rung_reached(tuple(outcome("A1", *result) for result in results)) == reached


def test_a_run_holds_when_the_rung_asked_for_is_reached():
    declared = outcome("A1", "declared", "passed")
    assert report(declared, rung="declared").holds
    assert not report(declared, rung="rehearsed").holds


def test_a_narrowed_run_reaches_no_rung_and_holds_when_all_of_it_passed():
    good, skipped = outcome("A1", "declared", "passed"), outcome("A2", "declared", "skipped")
    assert report(good, groups=frozenset("A")).reached is None
    assert report(good, groups=frozenset("A")).holds
    assert not report(good, skipped, groups=frozenset("A")).holds
    assert not report(groups=frozenset("A")).holds


FAILED = outcome("D1", "declared", "failed", findings=(Finding("notes", "12", "7", False, ("GET /notes -> 200",)),))  # noqa: FBT003


def test_the_terminal_shows_a_line_a_check_and_the_details_of_failures():
    skipped = outcome("D2", "declared", "skipped", reason="not offered")
    assert terminal.line(skipped) == "D2  skipped    0.25 s  Numbers are right (not offered)"
    assert terminal.summary(report(FAILED, skipped)).splitlines() == [
        "",
        "D1 Numbers are right (Reading, declared)",
        "  They must be.",
        "  notes",
        "    expected: 12",
        "    got:      7",
        "    requests: GET /notes -> 200",
        "",
        "tiny 1.0: 0 passed, 1 failed, 1 skipped, 0 not applicable in 0.5 s",
        "Rung reached: none (asked for: hardened)",
    ]


def test_the_terminal_says_when_only_a_part_was_run():
    assert "no rung" in terminal.summary(report(FAILED, checks=frozenset({"D1"})))


def test_json_has_everything_and_can_be_read_back():
    document = json.loads(as_json.text(report(FAILED, checks=frozenset({"D1"}))))
    assert document["environment"]["connector"] == "tiny"
    assert (document["reached"], document["holds"], document["counts"]["failed"]) == (None, False, 1)
    (shown,) = document["checks"]
    assert (shown["id"], shown["title"], shown["message"]) == ("D1", "Numbers are right", "They must be.")
    assert shown["findings"][0]["requests"] == ["GET /notes -> 200"]


def test_the_environment_names_the_version_even_of_a_connector_that_cannot_tell(small):
    assert environment(small).version == "1.0"
    assert environment(replace(small, plugin=Broken(object()))).version == "unknown"
