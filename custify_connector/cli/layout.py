"""How tables, tiles and times are laid out for a person: as wide as the terminal, and no wider.

Knows text only.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from custify_connector.host.words import ago, clock, counted

__all__ = ["ago", "as_json", "clock", "counted", "hanging", "prose", "table", "tile", "width"]

_NARROWEST = 40
_READABLE = 40


def width() -> int:
    """Return how many columns there are; 100 where there is no terminal, so that what a script gets is steady."""
    return max(shutil.get_terminal_size((100, 24)).columns, _NARROWEST)


def as_json(content: Any) -> str:  # noqa: ANN401 - whatever JSON can carry
    """Return what a script is given: one line, fit for a log; spread out on a terminal, for a person."""
    return json.dumps(content, indent=2 if sys.stdout and sys.stdout.isatty() else None, ensure_ascii=False)


def tile(title: str, lines: Iterable[tuple[str, str]], columns: int) -> str:
    """Return a title with named lines below it, long ones wrapped; a line without a name is prose."""
    shown = [(name, text) for name, text in lines if text]
    room = max((len(name) for name, _ in shown), default=0) + 2
    return "\n".join([title, *(_wrapped(name, text, room if name else 0, columns) for name, text in shown)])


def _wrapped(name: str, text: str, room: int, columns: int) -> str:
    first = f"  {name:<{room}}"
    return textwrap.fill(
        text, columns, initial_indent=first, subsequent_indent=" " * len(first), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], columns: int, right: frozenset[int]) -> str:
    """Return rows under a heading; columns in `right` are figures.

    The last column is cut where it does not fit; where hardly anything of it would be left, it goes below its row.
    """
    every = [heading, *rows]
    widths = [max(len(row[place]) for row in every) for place in range(len(heading))]
    rest = columns - sum(widths[:-1]) - 2 * (len(widths) - 1)
    if widths[-1] > rest and rest < _READABLE:
        below = [_line(row[:-1], widths[:-1], right) + _below(row[-1], columns) for row in rows]
        return "\n".join([_line(heading[:-1], widths[:-1], right), *below])
    widths[-1] = max(min(widths[-1], rest), len(heading[-1]))
    return "\n".join(_line(row, widths, right) for row in every)


def _below(text: str, columns: int) -> str:
    return "\n" + hanging("   ", text, columns) if text else ""


def _line(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    cells = [text if len(text) <= room else text[: room - 1] + "…" for text, room in zip(row, widths, strict=True)]
    placed = zip(range(len(cells)), cells, widths, strict=True)
    return "  ".join(
        f"{text:>{room}}" if place in right else f"{text:<{room}}" for place, text, room in placed
    ).rstrip()


def hanging(title: str, text: str, columns: int) -> str:
    """Return text after a title, what does not fit on its line indented below it."""
    return textwrap.fill(
        text, columns, initial_indent=f"{title}  ", subsequent_indent=" " * (len(title) + 2), break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def prose(text: str, columns: int, indent: str = "") -> str:
    """Return a sentence, broken between its words alone, the lines after the first indented: a path stays whole."""
    return textwrap.fill(text, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
