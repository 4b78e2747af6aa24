"""The checks as pytest's own nodes: a group is a collector, a check a test; a failure shows the evidence.

Decided here: what pytest calls failed and skipped, and that a run fails which left nothing out and did not reach its
rung. Imported only by a run that names a connector.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pytest

from custify_connector.certification.catalogue import installed
from custify_connector.certification.checking import GROUPS, Check, Rung
from custify_connector.certification.findings import Result, Verdict
from custify_connector.certification.reporters.terminal import evidence
from custify_connector.certification.reports import rung_reached
from custify_connector.certification.running import Outcome, Selection, run_one
from custify_connector.certification.subject import Subject

_NOTED = "certification"
"""The user property that carries a result, also from a process that runs a share of the tests."""


class Certification:
    """A run of pytest that certifies a connector: it collects the checks, and reports the rung that they reach."""

    def __init__(self, config: pytest.Config) -> None:
        self.subject = _found(config.getoption("--connector"))
        rung: Rung = config.getoption("--rung")
        named = (frozenset(config.getoption(f"--connector-{word}")) for word in ("group", "check", "stream"))
        self.selection = Selection(rung, *named)
        self.checks = tuple(filter(self.selection.has, self.subject.checks))
        if not self.checks:
            raise pytest.UsageError(f"no check of the rung {rung}, or of one below it, is among those named")
        self._results: dict[str, Result] = {}

    # pytest has no such hook before release 8; optional, it changes nothing where no certification is asked for.
    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Put the checks where the files of the directory would be."""
        if path != parent.config.rootpath:
            return None
        root: Connector = Connector.from_parent(parent, path=path, nodeid=self.subject.name)
        root.run = self
        return root

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a check came to."""
        noted = dict(report.user_properties).get(_NOTED)
        if isinstance(noted, str):
            check, _, result = noted.partition(" ")
            self._results[check] = cast("Result", result)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run in which no test failed, but which did not reach its rung: what was skipped has not passed."""
        if session.exitstatus == pytest.ExitCode.OK and self._whole and not self._holds:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Report the rung that was reached; nothing of a run that left checks or streams out."""
        if self._whole:
            line = f"rung reached: {self._reached or 'none'} (asked for: {self.selection.rung})"
            terminalreporter.write_sep("=", line, green=self._holds, red=not self._holds)

    @property
    def _whole(self) -> bool:
        return not self.selection.narrowed and self._results.keys() == {check.id for check in self.checks}

    @property
    def _reached(self) -> Rung | None:
        results = ((check, self._results[check.id]) for check in self.checks)
        return rung_reached(tuple(Outcome(check, Verdict(result), 0.0) for check, result in results))

    @property
    def _holds(self) -> bool:
        return self._reached == self.selection.rung


def _found(name: str) -> Subject:
    try:
        return installed(name)
    except LookupError as error:
        raise pytest.UsageError(f"--connector: {error}") from None


class Connector(pytest.Directory):
    """The root of what is collected: one group after another."""

    run: Certification

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the groups, each with its checks."""
        for letter, checks in groupby(self.run.checks, lambda check: check.group):
            group: Group = Group.from_parent(self, name=GROUPS[letter])
            group.checks, group.run = tuple(checks), self.run
            yield group


class Group(pytest.Collector):
    """A group of checks."""

    checks: tuple[Check, ...]
    run: Certification

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the checks as tests, named by what they hold."""
        for check in self.checks:
            item: CheckItem = CheckItem.from_parent(self, name=f"{check.id} {check.title}")
            item.check, item.run = check, self.run
            yield item


class Refused(Exception):
    """A check failed; its verdict holds the evidence."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("\n".join(evidence(verdict)))


class CheckItem(pytest.Item):
    """One check as a test."""

    check: Check
    run: Certification

    def runtest(self) -> None:
        """Run the check; raises Refused with the evidence, or skips with the reason."""
        verdict = run_one(self.check, self.run.subject, self.run.selection.streams or None)
        self.user_properties.append((_NOTED, f"{self.check.id} {verdict.result}"))
        if verdict.result == "failed":
            raise Refused(verdict)
        if verdict.result != "passed":
            pytest.skip(f"{self.check.id} {verdict.result.replace('_', ' ')}: {verdict.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - pytest's own signature
        """Return the message and the evidence in place of a traceback; a fault of this harness keeps its own."""
        if not isinstance(excinfo.value, Refused):
            return super().repr_failure(excinfo, style)
        return f"{' '.join(self.check.message.split())}\n\n{excinfo.value}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return the heading of a failure."""
        return self.path, None, self.name
