"""Running checks: which of them, each at a bench of its own, bounded in time, and whatever happens a verdict.

This file does not know what a check looks at, nor how a report is shown.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import RUNGS, Check, Rung
from custify_connector.certification.findings import Finding, Verdict, judge
from custify_connector.certification.scrubbing import scrubbed
from custify_connector.certification.subject import Subject
from custify_connector.contract.testbed import NotOffered

_FRAMES = 3


@dataclass(frozen=True)
class Selection:
    """Which checks to run: those up to a rung, of these groups, ids and streams; nothing named means all."""

    rung: Rung = "hardened"
    groups: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out below the rung, so that the rung cannot be said to be reached."""
        return bool(self.groups or self.checks or self.streams)

    def has(self, check: Check) -> bool:
        """Say whether a check is to be run."""
        return (
            RUNGS.index(check.rung) <= RUNGS.index(self.rung)
            and (not self.groups or check.group in self.groups)
            and (not self.checks or check.id in self.checks)
        )


@dataclass(frozen=True)
class Outcome:
    """One check, its verdict, and how long it took."""

    check: Check
    verdict: Verdict
    seconds: float


def run(subject: Subject, selection: Selection, clock: Callable[[], float] = time.monotonic) -> Iterator[Outcome]:
    """Run the selected checks one after another, in the order of the list."""
    for check in filter(selection.has, subject.checks):
        began = clock()
        verdict = run_one(check, subject, selection.streams or None)
        yield Outcome(check, verdict, clock() - began)


def run_one(check: Check, subject: Subject, streams: frozenset[str] | None = None) -> Verdict:
    """Run one check at a bench of its own; a crash or an endless wait of the connector fails it."""
    bench = Bench(subject, streams)
    findings: list[Finding] = []
    reasons: list[str] = []
    # A thread, because a connector that hangs cannot be made to return; it ends when its service does.
    worker = threading.Thread(target=_look, args=(check, bench, findings, reasons), daemon=True)
    worker.start()
    worker.join(check.seconds)
    if worker.is_alive():
        findings.append(Finding(check.id, f"an end within {check.seconds:g} s", "it was still running", holds=False))
    verdict = judge(tuple(findings), "; ".join(reasons), "; ".join(sorted(bench.lacks)))
    bench.close()
    return scrubbed(verdict, bench.secrets)


def _look(check: Check, bench: Bench, findings: list[Finding], reasons: list[str]) -> None:
    try:
        for finding in check.look(bench):
            findings.append(finding if finding.holds else replace(finding, requests=bench.last_requests()))  # noqa: PERF401 - what was found before a crash stays
    except NotOffered as lack:
        reasons.append(str(lack))
    except Exception as error:  # noqa: BLE001 - a connector that crashes is a finding, not the end of the run
        findings.append(Finding("the connector", "an answer", _crash(error), False, bench.last_requests()))  # noqa: FBT003


def _crash(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = ", ".join(f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in frames)
    return f"{type(error).__name__}: {error}; in {where}"
