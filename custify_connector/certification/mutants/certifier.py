"""Mutants of group K: a certifier that proves less than it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from custify_connector.certification.checking import Check, Look
from custify_connector.certification.findings import Finding
from custify_connector.certification.mutating import certifier_mutant
from custify_connector.certification.subject import Subject


@certifier_mutant("K1")
def a_check_has_no_mutant(subject: Subject) -> Subject:
    """A check was added that was never seen to fail."""
    first = subject.mutants[0].check
    return replace(subject, mutants=tuple(one for one in subject.mutants if one.check != first))


def _with_check(subject: Subject, look: Look, rung: str = "declared") -> Subject:
    made = Check("D99", rung, look, 5.0)  # type: ignore[arg-type]
    return replace(subject, checks=(*subject.checks, made))


@certifier_mutant("K2")
def a_finding_shows_nothing(subject: Subject) -> Subject:
    """A check says that all is well, and not what it saw."""
    return _with_check(subject, lambda _: [Finding("records", "", "", holds=True)])


@certifier_mutant("K3")
def a_check_has_moods(subject: Subject) -> Subject:
    """A check says one thing now, and another the next time."""
    runs = count()
    return _with_check(subject, lambda _: [Finding("runs", "always the same", str(next(runs)), holds=True)])


@certifier_mutant("K4")
def a_check_passes_whatever_comes(subject: Subject) -> Subject:
    """A check never looks at the connector."""
    return _with_check(subject, lambda _: [Finding("records", "all", "all", holds=True)], "rehearsed")


@certifier_mutant("K5")
def a_check_has_no_message(subject: Subject) -> Subject:
    """It refuses a connector, and does not say why."""
    return _with_check(subject, _mute())


def _mute() -> Look:
    mute: Callable[[object], list[Finding]] = lambda _: []  # noqa: E731 - a function without a docstring
    return mute
