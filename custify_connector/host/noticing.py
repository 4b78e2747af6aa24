"""What is noticed of a table while its rows go by: columns that nothing uses or nothing has, keys that come again.

Bounded in memory. Decides what is worth a sentence; it does not print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from custify_connector.checking.identity import key_of
from custify_connector.checking.wording import suggestion
from custify_connector.host import mapping
from custify_connector.host.rows import Row

EARLY = 1000
"""After so many rows it is said what none of them had."""
_KEYS = 20_000
_NAMED = 10
_REPEATED = 3


def some(names: Iterator[str] | tuple[str, ...] | list[str], most: int | None = _NAMED) -> str:
    """Return the first names, and how many more there are."""
    names = list(names)
    more = len(names) - most if most is not None else 0
    return ", ".join(names[:most]) + (f" and {more:,} more (-v lists all)" if more > 0 else "")


_TOTALS = re.compile(
    r"(grand |sub)?-?(totals?|total g[eé]n[eé]ral|totaux|totale|totaal|sums?|summen?|(gesamt|zwischen)?(summe|ergebnis)"
    r"|gesamt|insgesamt|suma|soma|razem)( *[(:].*)?",
    re.IGNORECASE,
)


def totals(row: Row) -> str | None:
    """Return what is wrong with a row whose first cell calls it one of totals, as reports have at their end."""
    for first in row.fields.values():
        if first != "":
            break
    else:
        return None
    if not isinstance(first, str) or not _TOTALS.fullmatch(first.strip()):
        return None
    remedy = "leave out the last rows with --footer-rows 1, or send such rows with --keep-totals"
    return f"begins with {first!r}, as a row of totals does: {remedy}"


@dataclass
class Columns:
    """The columns that rules or `--only-with` need, and those that rows have, where each row has its own."""

    needed: tuple[str, ...]
    only_with: str | None = None
    missing: set[str] = field(default_factory=set)
    seen: dict[str, None] = field(default_factory=dict)
    rows: int = 0

    def __post_init__(self) -> None:
        self.missing = set(self.needed)

    def see(self, row: Row) -> None:
        """Take the columns of one row."""
        if row.fault is None:
            self.rows += 1
            if self.missing:
                self.missing = {name for name in self.missing if not mapping.has(row.fields, name)}
            if len(self.seen) < _KEYS:
                self.seen.update(dict.fromkeys(row.fields))

    def said(self) -> list[str]:
        """Return a sentence for each column that is needed and that no row has had."""
        if not self.rows:
            return []
        so_far = f"none of the {self.rows:,} rows" if self.rows > 1 else "the only row"
        verb = "has" if self.rows > 1 else "does not have"
        return [
            f"{'--only-with' if name == self.only_with else '--map'}: {so_far} {verb} {name!r}"
            f"{suggestion(name, self.seen)}"
            for name in self.needed
            if name in self.missing
        ]

    def unused(self) -> list[str]:
        """Return the columns that rows have, and that no rule uses."""
        used = {mapping.holder(name, self.seen) for name in self.needed}
        return [name for name in self.seen if name not in used]


@dataclass
class Keys:
    """How many records have had each key; of a file with more keys, the first ones are counted.

    Where a record `replaces` the one before of its key, it is said that keys came again.
    """

    identity: tuple[tuple[str, ...], ...]
    replaces: bool = True
    counts: dict[int, int] = field(default_factory=dict)
    again: dict[int, str] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)

    def see(self, record: Mapping[str, Any]) -> None:
        """Take the key of one record."""
        key = key_of(record, self.identity)
        if not key:
            return
        for field_name, value in key.items():
            if isinstance(value, str) and value.endswith(".0") and value[:-2].isdecimal():
                self.points[field_name] = self.points.get(field_name, 0) + 1
        if not self.replaces:
            return
        name = hash(tuple(map(str, key.values())))
        if name in self.counts:
            self.counts[name] += 1
            if len(self.again) < _KEYS:
                self.again.setdefault(name, " ".join(f"{field}={value!r}" for field, value in key.items()))
        elif len(self.counts) < _KEYS:
            self.counts[name] = 1

    def said(self) -> list[str]:
        """Return a sentence where records share a key, the last of which stays, and for names like 7001.0."""
        return [*map(self._point, self.points), *self._repeated()]

    def _point(self, name: str) -> str:
        count = f"{self.points[name]:,} of its values"
        remedy = f"where they are integers, --map {name}:integer=COLUMN sends their digits"
        return f"{name}: {count} end in .0, as a column of numbers with gaps is often exported: {remedy}"

    def _repeated(self) -> list[str]:
        if not self.again:
            return []
        most = sorted(self.again, key=lambda name: -self.counts[name])[:_REPEATED]
        examples = ", ".join(f"{self.again[name]} ({self.counts[name]:,} rows)" for name in most)
        more = f" and {len(self.again) - len(most):,} more" if len(self.again) > len(most) else ""
        return [f"keys that several rows share, each overwriting the one before: {examples}{more}{_REMEDY}"]


_REMEDY = "; if such a cell means nothing, name it with --null-marker"
