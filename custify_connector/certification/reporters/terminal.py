"""A report on a terminal: a line for each check, the details of those that failed, and the rung reached."""

from __future__ import annotations

import re
from collections.abc import Iterator

from custify_connector.certification.checking import GROUPS
from custify_connector.certification.findings import Finding, Verdict
from custify_connector.certification.reports import Report
from custify_connector.certification.running import Outcome

_MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped", "not_applicable": "n/a"}


def line(outcome: Outcome) -> str:
    """Return the line of one check, known as soon as it is done."""
    check, verdict = outcome.check, outcome.verdict
    reason = f" ({verdict.reason})" if verdict.reason else ""
    return f"{check.id:<4}{_MARKS[verdict.result]:<9}{outcome.seconds:6.2f} s  {check.title}{reason}"


_LINE = re.compile(r"([A-Z][0-9]+) +(ok|FAILED|skipped|n/a) +[0-9.]+ s  (.+)")


def parsed(text: str) -> list[tuple[str, str, str]]:
    """Return what the lines of a running certification say: of each check its id, its result, and its title."""
    results = {mark: result for result, mark in _MARKS.items()}
    found = filter(None, map(_LINE.fullmatch, text.splitlines()))
    return [(each[1], results[each[2]], each[3]) for each in found]


def summary(report: Report) -> str:
    """Return what follows the lines: failures in detail, the counts, and the rung."""
    return "\n".join([*_failures(report), *_closing(report)])


def _failures(report: Report) -> Iterator[str]:
    for outcome in report.outcomes:
        if outcome.verdict.result == "failed":
            yield f"\n{outcome.check.id} {outcome.check.title} ({GROUPS[outcome.check.group]}, {outcome.check.rung})"
            yield f"  {' '.join(outcome.check.message.split())}"
            yield from (f"  {text}" for text in evidence(outcome.verdict))


def evidence(verdict: Verdict) -> Iterator[str]:
    """Yield the lines of what did not hold: what was looked at, what was expected, what came, the last requests."""
    for finding in verdict.findings:
        yield from () if finding.holds else _detail(finding)


def _detail(finding: Finding) -> Iterator[str]:
    yield finding.subject
    yield f"  expected: {finding.expected}"
    yield f"  got:      {finding.got}"
    if finding.requests:
        yield f"  requests: {', '.join(finding.requests)}"


def _closing(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in report.counts.items())
    yield f"\n{report.environment.connector} {report.environment.version}: {counts} in {report.seconds:.1f} s"
    if report.selection.narrowed:
        yield "Only some checks were run, so no rung is reached."
    else:
        yield f"Rung reached: {report.reached or 'none'} (asked for: {report.selection.rung})"
