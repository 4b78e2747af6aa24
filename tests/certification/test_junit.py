"""JUnit XML: what a build server counts, and what it shows of a failure."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from custify_connector.certification.reporters import junit
from tests.certification.reported import MIXED


@pytest.fixture
def root():
    return ET.fromstring(junit.text(MIXED).encode())  # noqa: S314 - our own text


def test_the_counts_are_those_of_the_checks(root):
    named = ("tests", "failures", "errors", "skipped", "time")
    assert [root.get(name) for name in named] == ["4", "1", "0", "2", "1.000"]
    assert [suite.get("name") for suite in root] == ["A Credential schema", "D Reading", "E State"]
    assert [[suite.get(name) for name in named] for suite in root][1] == ["2", "1", "0", "1", "0.500"]


def test_a_case_is_named_by_its_check_and_has_its_time(root):
    case = root.find("testsuite[2]/testcase")
    assert dict(case.items()) == {"classname": "tiny.Reading", "name": "D1 Numbers are right", "time": "0.250"}


def test_a_failure_has_the_message_and_the_evidence_without_what_xml_cannot_hold(root):
    failure = root.find(".//failure")
    assert dict(failure.items()) == {"message": "They must be: `7` is not `8`.", "type": "rehearsed"}
    assert failure.text.splitlines() == [
        "notes <b>&",
        "  expected: 7 \N{REPLACEMENT CHARACTER} of them",
        "  got:      <script>alert(1)</script>",
        "  requests: GET /notes -> 200",
    ]


def test_what_was_skipped_and_what_does_not_apply_have_their_reasons(root):
    assert [one.get("message") for one in root.iter("skipped")] == [
        "skipped: the testbed cannot <wait>",
        "not applicable: no stream has a cursor",
    ]


def test_every_suite_names_what_was_certified_and_the_rung(root):
    properties = {one.get("name"): one.get("value") for one in root.find("testsuite/properties")}
    assert properties == {
        "connector": "tiny",
        "version": "1.0",
        "python": "3.11.7",
        "platform": "Linux x86_64",
        "rung asked for": "hardened",
        "rung reached": "declared",
    }
