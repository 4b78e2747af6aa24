"""What a benchmark finds: a table, and the targets with their outcomes. Decides how they look in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A promise, the figure that was measured, and whether it is kept."""

    promise: str
    figure: str
    kept: bool


@dataclass(frozen=True)
class Section:
    """One group of rows."""

    key: str
    title: str
    how: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = field(default_factory=tuple)

    def markdown(self) -> str:
        """Return the section as Markdown."""
        marks = ["---" if place == 0 else "---:" for place in range(len(self.heading))]
        table = [_row(self.heading), _row(marks), *(_row(row) for row in self.rows)]
        reported = [f"- {_word(each.kept)}: {each.promise}: {each.figure}" for each in self.targets]
        return "\n".join(
            [f"## {self.key}. {self.title}", "", self.how, "", *table, *([""] if reported else []), *reported, ""]
        )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _word(kept: bool) -> str:
    return "met" if kept else "**MISSED**"


def seconds(value: float) -> str:
    """Return seconds with three figures."""
    return "failed" if math.isnan(value) else f"{value:.3g}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004 - three figures


def times(value: float) -> str:
    """Return a ratio."""
    return "-" if math.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"  # noqa: PLR2004 - three figures


def number(value: float) -> str:
    """Return an integer."""
    return "-" if math.isnan(value) else f"{value:,.0f}"


def at_most(promise: str, value: float, bound: float, unit: str = "") -> Target:
    """Return a target that is kept up to a bound."""
    return Target(f"{promise} (at most {bound:g}{unit})", f"{times(value)}{unit}", value <= bound)


def at_least(promise: str, value: float, bound: float, unit: str = "") -> Target:
    """Return a target that is kept from a bound on."""
    return Target(f"{promise} (at least {bound:g}{unit})", f"{times(value)}{unit}", value >= bound)
