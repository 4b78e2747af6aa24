"""A report as JUnit XML, as build servers read it: a suite a group, a case a check, with evidence or reason.

Decided here: what a build server counts as failed and as skipped: what does not apply is skipped there too.
"""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from custify_connector.certification.checking import GROUPS
from custify_connector.certification.reporters.terminal import evidence
from custify_connector.certification.reports import Report
from custify_connector.certification.running import Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(report: Report) -> str:
    """Return the report as JUnit XML."""
    suites = Element(
        "testsuites", {"name": f"certification of {report.environment.connector}"} | _counts(report.outcomes)
    )
    for group, outcomes in groupby(report.outcomes, lambda outcome: outcome.check.group):
        suites.append(_suite(report, group, tuple(outcomes)))
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _suite(report: Report, group: str, outcomes: tuple[Outcome, ...]) -> Element:
    began = report.environment.began.removesuffix("+00:00")
    suite = Element("testsuite", {"name": f"{group} {GROUPS[group]}"} | _counts(outcomes) | {"timestamp": began})
    properties = SubElement(suite, "properties")
    for name, value in _properties(report).items():
        SubElement(properties, "property", {"name": name, "value": _plain(value)})
    suite.extend(_case(report.environment.connector, outcome) for outcome in outcomes)
    return suite


def _properties(report: Report) -> dict[str, str]:
    about = report.environment
    where = {"connector": about.connector, "version": about.version, "python": about.python, "platform": about.platform}
    return where | {"rung asked for": report.selection.rung, "rung reached": report.reached or "none"}


def _case(connector: str, outcome: Outcome) -> Element:
    check, verdict = outcome.check, outcome.verdict
    case = Element("testcase", {"classname": f"{connector}.{GROUPS[check.group]}", "name": f"{check.id} {check.title}"})
    case.set("time", f"{outcome.seconds:.3f}")
    if verdict.result == "failed":
        failure = SubElement(case, "failure", {"message": _plain(" ".join(check.message.split())), "type": check.rung})
        failure.text = _plain("\n".join(evidence(verdict)))
    elif verdict.result != "passed":
        word = verdict.result.replace("_", " ")
        SubElement(case, "skipped", {"message": _plain(f"{word}: {verdict.reason}")})
    return case


def _counts(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    results = [outcome.verdict.result for outcome in outcomes]
    passed, failed = results.count("passed"), results.count("failed")
    counts = {"tests": len(results), "failures": failed, "errors": 0, "skipped": len(results) - passed - failed}
    return {name: str(count) for name, count in counts.items()} | {
        "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}"
    }


def _plain(value: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
