"""Group K: the certifier itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import Check, check
from custify_connector.certification.findings import Finding, Verdict, equal, nothing
from custify_connector.certification.mutating import Broken
from custify_connector.certification.running import run_one
from custify_connector.contract import hookimpl


@check("K1", "declared")
def every_check_has_a_mutant(bench: Bench) -> Iterator[Finding]:
    """A check that was never seen to fail proves nothing: each has a connector that is broken in just its way."""
    proved = {one.check for one in bench.subject.mutants}
    yield nothing("checks", "each has a mutant", (one.id for one in bench.subject.checks if one.id not in proved))


@check("K2", "declared", seconds=120)
def every_finding_has_evidence(bench: Bench) -> Iterator[Finding]:
    """A reader of a report must be able to judge it: each finding says of what, what was expected, what came."""
    for one in _of_the_connector(bench):
        verdict = _run(one, bench)
        bare = [finding for finding in verdict.findings if not (finding.subject and finding.expected and finding.got)]
        yield nothing(one.id, "evidence in each finding", bare)


@check("K3", "declared", seconds=120)
def the_same_run_gives_the_same_result(bench: Bench) -> Iterator[Finding]:
    """A verdict that changes with the weather is none: each check of what is declared, run twice, says the same."""
    for one in _of_the_connector(bench):
        first, second = (_run(one, bench).lasting for _ in range(2))
        yield equal(one.id, first, second)


@check("K4", "declared", seconds=120)
def nothing_passes_without_being_looked_at(bench: Bench) -> Iterator[Finding]:
    """A connector that describes nothing and brings no testbed passes no check that needs a service."""
    blank = replace(bench.subject, plugin=_blank(), origin=None)
    for one in bench.subject.checks:
        if one.rung != "declared":
            yield equal(one.id, "not passed", "passed" if run_one(one, blank).result == "passed" else "not passed")


@check("K5", "declared")
def every_check_can_be_read_in_a_report(bench: Bench) -> Iterator[Finding]:
    """A report is read by people and by programs: each check has a title and a message, and all of it is JSON."""
    mute = (one.id for one in bench.subject.checks if not (one.title and one.message.endswith(".")))
    yield nothing("checks", "a title, and a message of whole sentences", mute)
    shown = [
        {"id": one.id, "rung": one.rung, "title": one.title, "message": one.message} for one in bench.subject.checks
    ]
    yield equal("checks as JSON", len({one.id for one in bench.subject.checks}), len(json.loads(json.dumps(shown))))


def _of_the_connector(bench: Bench) -> list[Check]:
    """Return the checks that need no service; J3 is left out, for each look at it costs a process."""
    return [one for one in bench.subject.checks if one.rung == "declared" and one.group != "K" and one.id != "J3"]


def _run(one: Check, bench: Bench) -> Verdict:
    return run_one(one, bench.subject)


def _blank() -> object:
    @hookimpl
    def describe() -> dict[str, object]:
        return {"name": "blank", "version": "0", "credential": {}, "sources": {}, "destinations": {}}

    return Broken(object(), describe=describe)
