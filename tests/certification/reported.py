"""Made-up outcomes and reports, for the tests of what a reader gets."""

from __future__ import annotations

from custify_connector.certification.checking import Check
from custify_connector.certification.findings import Finding, Verdict
from custify_connector.certification.reports import Environment, Report
from custify_connector.certification.running import Outcome, Selection

WRONG = Finding("notes <b>&", "7 \x00 of them", "<script>alert(1)</script>", False, ("GET /notes -> 200",))  # noqa: FBT003
RIGHT = Finding("others", "8", "8", True)  # noqa: FBT003


def numbers_are_right(_bench):
    """They must be: `7` is not `8`."""


def outcome(name, result, *findings, rung="declared", reason="", seconds=0.25):
    return Outcome(Check(name, rung, numbers_are_right, 1.0), Verdict(result, findings, reason), seconds)


def report(*outcomes, **selection):
    about = Environment("tiny", "1.0", "3.11.7", "Linux x86_64", "2026-01-02T03:04:05+00:00")
    return Report(about, Selection(**selection), outcomes)


MIXED = report(
    outcome("A1", "passed", RIGHT),
    outcome("D1", "failed", WRONG, RIGHT, rung="rehearsed"),
    outcome("D2", "skipped", rung="rehearsed", reason="the testbed cannot <wait>"),
    outcome("E1", "not_applicable", rung="rehearsed", reason="no stream has a cursor"),
)
