"""A report as one page that can be sent: no script, nothing loaded from anywhere, every text of a connector escaped.

Decided here: what is said, as values. The markup is `report.html` in `TEMPLATES`, which any screen can include that
gives it `report` and this module as `html`; `page.html` makes a whole page of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from custify_connector.certification.checking import GROUPS, MEANING, RUNGS, Rung
from custify_connector.certification.reports import Report
from custify_connector.certification.running import Outcome

TEMPLATES = Path(__file__).parents[1] / "templates"
MARKS = {"passed": "✓", "failed": "✗", "skipped": "○", "not_applicable": "·"}


@dataclass(frozen=True)
class Step:
    """One rung: its look (`passed`, `failed`, `skipped` or `unasked`), in words how far it is held, what it means."""

    rung: Rung
    look: str
    words: str
    meaning: str


@dataclass(frozen=True)
class Group:
    """The checks of one group, and how many of them passed."""

    letter: str
    title: str
    passed: int
    outcomes: tuple[Outcome, ...]


def environment(*more: Path) -> Environment:
    """Return the environment that fills in these templates, and those of further folders; every value is escaped."""
    return Environment(
        loader=FileSystemLoader([*more, TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def text(report: Report) -> str:
    """Return the report as one HTML page."""
    return environment().get_template("page.html").render(report=report, html=sys.modules[__name__])


def look(report: Report) -> str:
    """Return how the verdict looks: as what passed, failed, or was skipped."""
    return "passed" if report.holds else "failed" if report.counts["failed"] else "skipped"


def headline(report: Report) -> str:
    """Return the verdict as a sentence."""
    if report.selection.narrowed:
        return "Only some checks were run, so no rung is reached."
    if report.holds:
        return f"Reached the rung {report.reached}, as asked for."
    return f"Did not reach the rung {report.selection.rung}; reached: {report.reached or 'none'}."


def missed(report: Report) -> list[Outcome]:
    """Return what failed, then what was skipped."""
    found = [one for one in report.outcomes if one.verdict.result in {"failed", "skipped"}]
    return sorted(found, key=lambda one: one.verdict.result)


def ladder(report: Report) -> list[Step]:
    """Return every rung, the lowest first."""
    return [Step(rung, *_held(report, rung), MEANING[rung]) for rung in RUNGS]


def _held(report: Report, rung: Rung) -> tuple[str, str]:
    if RUNGS.index(rung) > RUNGS.index(report.selection.rung):
        return "unasked", "not asked for"
    results = [outcome.verdict.result for outcome in report.outcomes if outcome.check.rung == rung]
    due = [result for result in results if result in {"passed", "failed", "skipped"}]
    held = f"{due.count('passed')} of {len(due)} hold"
    if "failed" in due:
        return "failed", held
    if report.reached is not None and RUNGS.index(report.reached) >= RUNGS.index(rung):
        return "passed", f"reached, {held}"
    whole = due.count("passed") == len(due) and not report.selection.narrowed
    return "skipped", f"{held}, but not all below" if due and whole else held if due else "nothing was checked"


def groups(report: Report) -> Iterator[Group]:
    """Yield the groups in the order of the checks."""
    for letter, grouped in groupby(report.outcomes, lambda outcome: outcome.check.group):
        outcomes = tuple(grouped)
        passed = sum(outcome.verdict.result == "passed" for outcome in outcomes)
        yield Group(letter, GROUPS.get(letter, letter), passed, outcomes)


def facts(report: Report) -> dict[str, str]:
    """Return what was certified, by what, where and when."""
    about, selection = report.environment, report.selection
    found = {"Connector": f"{about.connector} {about.version}", "Python": about.python, "Platform": about.platform}
    found |= {"Began": about.began, "Rung asked for": selection.rung}
    narrowed = {"groups": selection.groups, "checks": selection.checks, "streams": selection.streams}
    return found | {f"Only these {name}": ", ".join(sorted(chosen)) for name, chosen in narrowed.items() if chosen}


def command(report: Report) -> tuple[str, ...]:
    """Return the words after `custify` that run the same again."""
    selection = report.selection
    narrowed = (("group", selection.groups), ("check", selection.checks), ("stream", selection.streams))
    options = [word for option, values in narrowed for value in sorted(values) for word in (f"--{option}", value)]
    return ("certify", report.environment.connector, "--rung", selection.rung, *options)


FOOTNOTE = (
    "A rung is reached when every check of it, and of those below, passes; a skipped check has not passed. What does "
    "not apply, by the connector's own description, does not count against a rung."
)
