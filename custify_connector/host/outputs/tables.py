"""A staged file of records as a table: its columns, the kind of each, and its rows.

Decides which columns a table has: those of the schema, those it had, and those that appear. It reads the staged file,
and knows nothing of databases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.host.outputs.flattening import Columns
from custify_connector.host.outputs.kinds import Kind, declared, join, kind_of
from custify_connector.host.outputs.stream import Stream

_ESCAPE = re.compile(rb"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..")
"""An escaped backslash, a whole character of two escapes, or half a one, which is the only one of six bytes."""

_HALF = 6

_ESCAPE_OR_NUL = re.compile(_ESCAPE.pattern + rb"|\\u0000")


@dataclass
class Table:
    """The columns so far, and the kind of each by its name; `promised` are the kinds that the schema names."""

    columns: Columns
    kinds: dict[str, Kind | None]
    promised: Mapping[str, Kind | None] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    """The columns in which a value is text, whatever the others are."""

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record as a row; its columns and their kinds are widened by it."""
        row = self.columns.row(record)
        for name, value in row.items():
            if value is not None or name not in self.kinds:
                self.kinds[name] = join(self.kinds.get(name), kind_of(value, self.promised.get(name)))
            if isinstance(value, str):
                self.texts.add(name)
        return row

    @property
    def shown(self) -> dict[str, Kind]:
        """The columns of the table; what never had a value is text, and absent where it holds other columns."""
        parents = {path.rpartition(".")[0] for path in self.columns.names}
        empty = {name for path, name in self.columns.names.items() if path in parents and not self.kinds.get(name)}
        shown: dict[str, Kind] = {name: kind or "text" for name, kind in self.kinds.items() if name not in empty}
        # A table must have a column, also where neither schema nor record names one.
        return shown or {"record": "text"}


def table_of(
    stream: Stream, known: Mapping[str, str] | None = None, kinds: Mapping[str, Kind | None] | None = None
) -> Table:
    """Return a table of no rows: the columns it had (`known` by path, `kinds` by name), then those of the schema."""
    columns, kinds = Columns(known, stream.names, stream.name_bytes), kinds or {}
    promised = {columns.add(path): kind for path, kind in declared(stream.schema)}
    return Table(columns, {**kinds, **{name: join(kinds.get(name), kind) for name, kind in promised.items()}}, promised)


def staged(part: Path, *, with_nul: bool = True) -> Iterator[dict[str, Any]]:
    """Yield the records of a staged file, in which half a character is the text of its escape: no table can hold it.

    Without `with_nul`, so is the character NUL.
    """
    escape = _ESCAPE if with_nul else _ESCAPE_OR_NUL
    with part.open("rb") as stream:
        for line in stream:
            record: dict[str, Any] = loads(_spelled_out(line, escape) if b"\\u" in line else line)
            yield record


def _spelled_out(line: bytes, escape: re.Pattern[bytes]) -> bytes:
    return escape.sub(lambda found: b"\\" + found[0] if len(found[0]) == _HALF else found[0], line)


def learn(table: Table, part: Path) -> None:
    """Give a table of texts every column of a staged file: a column that has a value is text."""
    kinds = table.kinds
    for record in staged(part):
        for name, value in table.columns.row(record).items():
            if not kinds.get(name):
                kinds[name] = None if value is None else "text"


@dataclass(frozen=True)
class Rows:
    """A file of flat rows as JSON lines; `longest` is the length of its longest line in bytes."""

    path: Path
    longest: int


def write_rows(
    table: Table, records: Iterable[Mapping[str, Any]], path: Path, *, rounds_decimals: bool = False
) -> Rows:
    """Write records as rows, one JSON object a line; the table is widened by them.

    What reads the rows may round decimals (`rounds_decimals`): those with more digits than it keeps are then text.
    """
    longest = 0
    with path.open("wb") as stream:
        for record in records:
            row = table.row(record)
            if rounds_decimals:
                table.texts.update(name for name, value in row.items() if isinstance(value, Decimal))
                _write_decimals_as_text(row)
            line = dumps(row, newline=True)
            longest = max(longest, len(line))
            stream.write(line)
    return Rows(path, longest)


def _write_decimals_as_text(row: dict[str, Any]) -> None:
    holders: list[Any] = [row]
    while holders:  # not by recursion: values may be nested deeper than Python's stack
        holder = holders.pop()
        for place, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if isinstance(value, Decimal):
                holder[place] = str(value)
            elif isinstance(value, (dict, list)):
                holders.append(value)


def rows_of(rows: Rows) -> Iterator[dict[str, Any]]:
    """Yield the flat rows of a file."""
    with rows.path.open("rb") as stream:
        for line in stream:
            row: dict[str, Any] = loads(line)
            yield row
