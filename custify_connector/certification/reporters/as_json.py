"""A report as JSON: everything there is, for programs, and back. The same run gives the same text but for times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, get_args

from custify_connector.certification.checking import RUNGS, Check
from custify_connector.certification.findings import Finding, Result, Verdict
from custify_connector.certification.reports import Environment, Report
from custify_connector.certification.running import Outcome, Selection

if TYPE_CHECKING:
    from custify_connector.certification.bench import Bench


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    selection = report.selection
    return {
        "environment": asdict(report.environment),
        "asked": {
            "rung": selection.rung,
            "groups": sorted(selection.groups),
            "checks": sorted(selection.checks),
            "streams": sorted(selection.streams),
        },
        "reached": report.reached,
        "holds": report.holds,
        "counts": report.counts,
        "seconds": round(report.seconds, 3),
        "checks": [_outcome(outcome) for outcome in report.outcomes],
    }


def text(report: Report) -> str:
    """Return the report as indented JSON."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    check, verdict = outcome.check, outcome.verdict
    return {
        "id": check.id,
        "group": check.group,
        "rung": check.rung,
        "title": check.title,
        "message": check.message,
        "result": verdict.result,
        "reason": verdict.reason,
        "seconds": round(outcome.seconds, 3),
        "findings": [asdict(finding) for finding in verdict.findings],
    }


@dataclass(frozen=True)
class ReportedCheck(Check):
    """A check as a report shows it: it can be shown, and not be run."""

    words: tuple[str, str] = ("", "")

    @property
    def title(self) -> str:
        """What the report calls it."""
        return self.words[0]

    @property
    def message(self) -> str:
        """What the report says of it."""
        return self.words[1]


def report_of(text: str | bytes) -> Report:
    """Return the report that a text is; raises ValueError when it is none, or one of another version."""
    try:
        content = json.loads(text)
        about, asked = content["environment"], content["asked"]
        environment = Environment(**{each.name: str(about[each.name]) for each in fields(Environment)})
        named = (frozenset(map(str, asked[name])) for name in ("groups", "checks", "streams"))
        selection = Selection(_one_of(RUNGS, asked["rung"]), *named)
        return Report(environment, selection, tuple(_outcome_of(each) for each in content["checks"]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"this is not a certification report ({type(error).__name__})") from None


def _outcome_of(content: dict[str, Any]) -> Outcome:
    check = ReportedCheck(
        str(content["id"]) or "?",
        _one_of(RUNGS, content["rung"]),
        _look,
        0.0,
        (str(content["title"]), str(content["message"])),
    )
    findings = tuple(_finding(each) for each in content["findings"])
    verdict = Verdict(_one_of(get_args(Result), content["result"]), findings, str(content["reason"]))
    return Outcome(check, verdict, float(content["seconds"]))


def _look(_bench: Bench) -> Iterator[Finding]:
    raise NotImplementedError("a check that a report names cannot be run")


def _finding(content: dict[str, Any]) -> Finding:
    subject, expected, got = (str(content[name]) for name in ("subject", "expected", "got"))
    requests = tuple(map(str, content["requests"]))
    return Finding(subject, expected, got, bool(content["holds"]), requests, bool(content["measured"]))


def _one_of(words: tuple[Any, ...], word: object) -> Any:  # noqa: ANN401 - a literal of either kind
    if word not in words:
        raise ValueError(f"{str(word)[:40]!r} is not one of {', '.join(words)}")
    return word
