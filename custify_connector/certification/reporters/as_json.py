"""A report as JSON: everything there is, for programs. The same run gives the same text but for times."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from custify_connector.certification.reports import Report
from custify_connector.certification.running import Outcome


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
