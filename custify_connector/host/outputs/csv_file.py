"""A staged file published as CSV: UTF-8, one heading, dotted names for nested fields.

Decides how a value is written in a cell. A value is never changed: a text that a spreadsheet would take for a formula
stays as it is. Null and empty text are both an empty cell. The quoting is our own, because the `csv` of the Pythons
before 3.11.9 and 3.12.3 leaves a bare carriage return unquoted, and that of 3.10 refuses NUL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from custify_connector.checking.json_values import dumps
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Table, learn, staged, table_of

MARK = b"\xef\xbb\xbf"
"""The byte order mark, without which Excel takes a CSV for the code page of its system."""


def csv_rows(stream: Stream, part: Path, delimiter: str = ",") -> Iterator[bytes]:
    """Yield the heading and the rows of a staged file."""
    table = table_of(stream)
    learn(table, part)
    return _rows(table, part, delimiter)


def _rows(table: Table, part: Path, delimiter: str) -> Iterator[bytes]:
    line, names = lines_with(delimiter), list(table.shown)
    yield line(names).encode()
    for record in staged(part):
        row = table.columns.row(record)
        cells = map(row.get, names)
        written = ["" if cell is None else cell if type(cell) is str else dumps(cell).decode() for cell in cells]
        yield line(written).encode()


def lines_with(delimiter: str) -> Callable[[Iterable[str]], str]:
    """Return what makes a line of cells."""
    quotable = re.compile(f'[{re.escape(delimiter)}"\r\n]')

    def line(cells: Iterable[str]) -> str:
        written = [f'"{cell.replace(chr(34), chr(34) * 2)}"' if quotable.search(cell) else cell for cell in cells]
        # One empty cell alone would be a blank line, which readers skip.
        return (delimiter.join(written) or '""') + "\n"

    return line
