"""The report of a certification: every outcome, the environment, and the rung that was reached.

Decided here: what a rung needs. How a report looks is decided in `reporters`.
"""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone

from custify_connector.certification.checking import RUNGS, Rung
from custify_connector.certification.running import Outcome, Selection
from custify_connector.certification.subject import Subject


@dataclass(frozen=True)
class Environment:
    """What was certified, by what, where and when (ISO 8601, UTC)."""

    connector: str
    version: str
    python: str
    platform: str
    began: str


@dataclass(frozen=True)
class Report:
    """The outcomes of one run, in the order of the checks."""

    environment: Environment
    selection: Selection
    outcomes: tuple[Outcome, ...]

    @property
    def seconds(self) -> float:
        """What all checks took together."""
        return sum(outcome.seconds for outcome in self.outcomes)

    @property
    def counts(self) -> dict[str, int]:
        """How many checks passed, failed, were skipped, and do not apply to this connector."""
        found = Counter(outcome.verdict.result for outcome in self.outcomes)
        return {word: found[word] for word in ("passed", "failed", "skipped", "not_applicable")}

    @property
    def reached(self) -> Rung | None:
        """The highest rung of which, as of those below it, every check passed; None also for a narrowed run."""
        return None if self.selection.narrowed else rung_reached(self.outcomes)

    @property
    def holds(self) -> bool:
        """Whether the rung asked for is reached; of a narrowed run, whether all that was run passed."""
        if self.selection.narrowed:
            return self.counts["passed"] + self.counts["not_applicable"] == len(self.outcomes) > 0
        return self.reached is not None and RUNGS.index(self.reached) >= RUNGS.index(self.selection.rung)


def rung_reached(outcomes: tuple[Outcome, ...]) -> Rung | None:
    """Return the rung reached: a rung without a check is not, and a check that was skipped has not passed.

    A check that does not apply, by the connector's own description, does not count against a rung.
    """
    reached: Rung | None = None
    for rung in RUNGS:
        results = [outcome.verdict.result for outcome in outcomes if outcome.check.rung == rung]
        results = [result for result in results if result != "not_applicable"]
        if not results or set(results) != {"passed"}:
            return reached
        reached = rung
    return reached


def environment(subject: Subject) -> Environment:
    """Return the environment of a run that begins now."""
    return Environment(
        connector=subject.name,
        version=_version(subject),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        began=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def _version(subject: Subject) -> str:
    try:
        return str(subject.connector().describe()["version"])
    except Exception:  # noqa: BLE001 - a connector that cannot describe itself is judged by the checks, not here
        return "unknown"
