"""The names that the first row of a table gives its columns, as spreadsheets save them.

Pure. Decides which cell of a row belongs to which column. This file does not know files or rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Marks of direction, and others that no reader sees; joiners are not among them: an emoji is another without."""


def heading(text: str) -> str:
    """Return the name of a column without what no reader sees, and with one blank for white space of any kind."""
    return " ".join(_UNSEEN.sub("", text).split())


LINE, REASON, TEXT = REPORTED = ("rejected: line", "rejected: reason", "rejected: text")
"""Columns of a file of rejected rows that say why they are there, and are none of its records' own."""


@dataclass(frozen=True)
class Heading:
    """The columns of a table, in their order; one without a name is "", and a name may be there twice.

    `usable` are the places and names of those that a row gives: each that has a name of its own. `text_at` is the place
    of the text of rows that could not be read, in a file of rejected rows.
    """

    columns: tuple[str, ...]
    usable: tuple[tuple[int, str], ...]
    text_at: int | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """The columns without those that an earlier run reported in."""
        return tuple(name for name in self.columns if name not in REPORTED)

    @property
    def is_plain(self) -> bool:
        """Whether each column has a name of its own."""
        return len(self.usable) == len(self.columns)

    def fields(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return a row of as many values as columns."""
        if self.is_plain:
            return dict(zip(self.columns, values, strict=True))
        return {name: values[at] for at, name in self.usable}

    def fault(self, values: Sequence[Any]) -> str | None:
        """Return what is wrong with a row of a file of rejected rows that is still nothing but its text."""
        if self.text_at is None or not values[self.text_at] or any(values[at] for at, _ in self.usable):
            return None
        return f"is still the text that could not be read: put its values into their columns, and empty {TEXT!r}"


def heading_of(cells: Iterable[str]) -> Heading:
    """Return the columns that a row names."""
    columns = tuple(heading(cell) for cell in cells)
    usable = tuple(
        (at, name) for at, name in enumerate(columns) if name and columns.count(name) == 1 and name not in REPORTED
    )
    return Heading(columns, usable, columns.index(TEXT) if TEXT in columns else None)
