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


@dataclass(frozen=True)
class Heading:
    """The columns of a table, in their order; one without a name is "", and a name may be there twice.

    `usable` are the places and names of those that a row gives: each that has a name of its own.
    """

    columns: tuple[str, ...]
    usable: tuple[tuple[int, str], ...]

    @property
    def is_plain(self) -> bool:
        """Whether each column has a name of its own."""
        return len(self.usable) == len(self.columns)

    def fields(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return a row of as many values as columns."""
        if self.is_plain:
            return dict(zip(self.columns, values, strict=True))
        return {name: values[at] for at, name in self.usable}


def heading_of(cells: Iterable[str]) -> Heading:
    """Return the columns that a row names."""
    columns = tuple(heading(cell) for cell in cells)
    usable = tuple((at, name) for at, name in enumerate(columns) if name and columns.count(name) == 1)
    return Heading(columns, usable)
