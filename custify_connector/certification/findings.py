"""What a check found, and the verdict that findings make: passed, failed, skipped or not applicable, with its reason.

One rule distinguishes the last two. What the connector's own description declares not to be there (no destinations, no
incremental stream, no order of that name) does not apply to it, and stands in no rung's way. What the testbed cannot do
or show (a fault, a quirk, a record of that sort) is skipped: that was not looked at, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Result = Literal["passed", "failed", "skipped", "not_applicable"]
_LONGEST = 300


@dataclass(frozen=True)
class Finding:
    """One look at one thing: what was expected of it, what came, and whether that holds.

    `requests` are the last ones that the service saw before a finding that does not hold. What was `measured` (a time,
    a size) differs from run to run: it is evidence, and no part of the result.
    """

    subject: str
    expected: str
    got: str
    holds: bool
    requests: tuple[str, ...] = ()
    measured: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a check came to; `reason` says why it was skipped, or does not apply."""

    result: Result
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def lasting(self) -> Verdict:
        """The verdict without figures that were measured: the same for every run of the same connector."""
        return replace(self, findings=tuple(replace(one, got="") if one.measured else one for one in self.findings))


def equal(subject: str, expected: object, got: object) -> Finding:
    """Return the finding that two values are equal."""
    return Finding(subject, shown(expected), shown(got), expected == got)


def holds(subject: str, expected: str, got: object, true: object, *, measured: bool = False) -> Finding:
    """Return the finding that something holds, with the words for what was expected and the value that came."""
    return Finding(subject, expected, shown(got), bool(true), measured=measured)


def nothing(subject: str, expected: str, faults: Iterable[object]) -> Finding:
    """Return the finding that there is no fault; otherwise it shows how many, and the first of them."""
    found = list(faults)
    got = "as expected" if not found else f"{len(found)}, such as {', '.join(map(shown, found[:3]))}"
    return Finding(subject, expected, got, not found)


def shown(value: object) -> str:
    """Return a value as a reader gets it: an exception with its kind, a long text cut."""
    text = f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value)
    text = value if isinstance(value, str) else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def judge(findings: tuple[Finding, ...], reason: str = "", lack: str = "") -> Verdict:
    """Return the verdict: one finding that does not hold fails; a reason to skip, or nothing to look at, skips.

    `lack` is what the description says the connector does not have; it counts where there was nothing else to look at.
    """
    if any(not finding.holds for finding in findings):
        return Verdict("failed", findings)
    if lack and not reason and not findings:
        return Verdict("not_applicable", (), lack)
    if reason or not findings:
        return Verdict("skipped", findings, reason or "there was nothing to look at")
    return Verdict("passed", findings)
