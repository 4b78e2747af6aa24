"""What is reported of the rows of a write: how many had which outcome, and what was rejected, grouped by its reason.

Bounded: a file in which every row is wrong for a reason of its own is reported in as many lines as any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from custify_connector.contract import Receipt
from custify_connector.host.quarantine_index import pattern_of

if TYPE_CHECKING:  # what only a write loads
    from custify_connector.host.feed import Line

_MOST_REASONS = 10
_LINES_NAMED = 5


@dataclass
class Reasons:
    """What was rejected or failed, grouped by outcome and reason; bounded, the rest is counted.

    `reasons` has the first reason of a group, whole, since what is to be done may be in it; `various` are the groups
    whose reasons differ in their values.
    """

    groups: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    various: set[tuple[str, str]] = field(default_factory=set)
    others: int = 0

    def add(self, line: Line) -> None:
        """Take a receipt that is not a success."""
        group = (line.receipt.outcome, pattern_of(line.receipt.reason or ""))
        if group not in self.groups and len(self.groups) >= _MOST_REASONS:
            self.others += 1
            return
        reason = (line.receipt.reason or "").removeprefix(f"line {line.line} ")
        if self.reasons.setdefault(group, reason) != reason:
            self.various.add(group)
        kept = self.groups.setdefault(group, [])
        if len(kept) < _LINES_NAMED:
            kept.append(line)
        self.counts[group] = self.counts.get(group, 0) + 1

    def lines(self) -> list[str]:
        """Return one line of text for each reason, the most frequent first; those of one row name its key."""
        order = sorted(self.groups, key=lambda group: (-self.counts[group], self.groups[group][0].line))
        shown = [_group(self._named(group), self.groups[group], self.counts[group]) for group in order]
        return [*shown, f"and {self.others:,} more, for other reasons"] if self.others else shown

    def as_json(self) -> list[dict[str, Any]]:
        """Return the same for scripts."""
        return [
            {"outcome": group[0], "reason": self._common(group), "count": self.counts[group]}
            | {"lines": [line.line for line in kept]}
            for group, kept in self.groups.items()
        ]

    def _common(self, group: tuple[str, str]) -> str:
        return group[1] if group in self.various else self.reasons[group]

    def _named(self, group: tuple[str, str]) -> tuple[str, str]:
        return f"{group[0]}, such as" if group in self.various else group[0], self.reasons[group]


def most_frequent(counted: Iterable[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Return the groups of (outcome, reason, count) for scripts, the largest ten of them."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for outcome, reason, count in counted:
        key = outcome, pattern_of(reason)
        group = groups.setdefault(key, {"outcome": outcome, "reason": reason, "count": 0})
        group["count"] += count
        group["reason"] = reason if group["reason"] == reason else key[1]
    return sorted(groups.values(), key=lambda group: -group["count"])[:_MOST_REASONS]


def _group(named: tuple[str, str], kept: list[Line], count: int) -> str:
    outcome, reason = named
    if count == 1:
        return f"line {kept[0].line}: {outcome}{_name(kept[0].receipt)}: {reason}"
    more = f" and {count - len(kept):,} more" if count > len(kept) else ""
    return f"{count:,} {outcome}: {reason} (lines {', '.join(str(line.line) for line in kept)}{more})"


def _name(receipt: Receipt) -> str:
    return f" {' '.join(str(value) for value in receipt.key.values())}" if receipt.key else ""
