"""Rows of a text with delimiters, as spreadsheets and databases write it.

Decides which delimiter there is, where a row ends, and what a quote that is not closed may swallow: its own row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.headings import Heading, heading_of
from custify_connector.host.rows import Row, Table
from custify_connector.host.table_file import FileForm, Opened

csv.field_size_limit(16_000_000)

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
_ROWS_LOOKED_AT = 50
_SAID_AT_MOST = 3


def table(file: Opened, written: FileForm) -> Table:
    """Return the columns and rows of a file; raises ConfigurationError when it has no columns."""
    lines = _Lines(file.lines())
    delimiter = written.delimiter or _delimiter(file.head_text, written.header_row)
    reader = _Reader(file, lines, delimiter, trim=written.trim)
    heading = reader.heading(written.header_row)
    header = reader.line - 1
    if delimiter != "," and written.delimiter is None and not file.name.lower().endswith((".tsv", ".tab")):
        file.remarks.append(f"{file.name}: read with the delimiter {_NAMES[delimiter]}; --delimiter names another")
    rows = reader.rows(heading)
    if written.footer_rows:
        rows = without_last(rows, written.footer_rows)
    found = replace(written, delimiter=delimiter)
    return Table(file.name, heading.own, rows, textual=True, header=header, remarks=file.remarks, written=found)


def without_last(rows: Iterator[Row], count: int) -> Iterator[Row]:
    """Yield rows but the last so many."""
    held: deque[Row] = deque()
    for row in rows:
        held.append(row)
        if len(held) > count:
            yield held.popleft()


def _delimiter(text: str, header_row: int | None) -> str:
    """Return the delimiter by which the first rows agree best on how many columns there are."""
    lines = text.splitlines(keepends=True)[(header_row or 1) - 1 :]
    if found := _said_by_excel(lines[0] if lines else ""):
        return found
    scores = {delimiter: _agreement(lines, delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def _agreement(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Return how many of the first rows have as many cells as the first, and how many those are."""
    widths: list[int] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            widths += [len(row)] if any(row) else []
            if len(widths) > _ROWS_LOOKED_AT:
                break
    except csv.Error:
        pass
    if not widths or widths[0] < 2:  # noqa: PLR2004 - no delimiter at all
        return 0, 0
    return (sum(width == widths[0] for width in widths[1:]) + 1) / len(widths), widths[0]


def _said_by_excel(line: str) -> str | None:
    """Return the delimiter that a first line `sep=;` names, as Excel reads and writes it."""
    found = re.fullmatch(r'"?sep=(.)"?[\r\n]*', line, re.IGNORECASE)
    return found[1] if found else None


class _Lines:
    """Lines of text, of which those of a row can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self.lines)
        self.taken.append(line)
        return line

    def give_back(self, count: int) -> None:
        """Take back all lines of the row but so many."""
        self._again.extendleft(reversed(self.taken[count:]))
        del self.taken[count:]


class _Reader:
    """Reads rows, from `line` on; after a broken row it continues with the line that follows where that began."""

    def __init__(self, file: Opened, lines: _Lines, delimiter: str, *, trim: bool) -> None:
        self._file = file
        self.lines = lines
        self._delimiter = delimiter
        self._trim = trim
        self.line = 1
        self._blank = 0
        self._merged: list[tuple[int, int]] = []

    def _csv(self) -> Any:  # noqa: ANN401 - csv's reader has no public type
        return csv.reader(self.lines, delimiter=self._delimiter, skipinitialspace=self._trim, strict=True)

    def heading(self, row: int | None) -> Heading:
        """Return the columns that the first row which is not empty names, or the one that was said."""
        for _ in range((row or 1) - 1):
            next(self.lines, None)
        self.line = row or 1
        for cells in iter(lambda: self._header_cells(), None):  # noqa: PLW0108 - the number of the line changes
            if any(cell.strip() for cell in cells) and not (_said_by_excel(self.lines.taken[0]) and self.line == 1):
                return self._heading(cells)
            self.line += len(self.lines.taken)
        raise ConfigurationError((Fault(f"{self._file.name}:{row or 1}", _EMPTY),))

    def _header_cells(self) -> list[str] | None:
        self.lines.taken.clear()
        try:
            cells: list[str] | None = next(self._csv(), None)
        except csv.Error as error:
            reason = f"is not valid CSV: {error}"
            raise ConfigurationError((Fault(f"{self._file.name}:{self.line}", reason),)) from None
        return cells

    def _heading(self, cells: list[str]) -> Heading:
        place = f"{self._file.name}:{self.line}"
        reason = f"is not {_spelled(self._file.encoding)} text: {self._remedy()}"
        broken = [at for at, cell in enumerate(cells, start=1) if _is_broken(cell)]
        if broken:
            raise ConfigurationError(tuple(Fault(place, f"the name of column {at} {reason}") for at in broken))
        self.line += len(self.lines.taken)
        return heading_of(cells)

    def _remedy(self) -> str:
        guess = f", or say its encoding, which looks like --encoding {self._file.guess}" if self._file.guess else ""
        return f"save the file as UTF-8{guess or ', or say its encoding with --encoding'}"

    def rows(self, heading: Heading) -> Iterator[Row]:
        """Yield every row, with its line."""
        reader, taken, width = self._csv(), self.lines.taken, len(heading.columns)
        while True:
            taken.clear()
            try:
                values = next(reader, None)
            except csv.Error as error:
                yield self._broken(error)
                reader = self._csv()
                continue
            if values is None:
                break
            line = self.line
            self.line += len(taken)
            swallowed = self._swallowed(line, values, width) if len(taken) > 1 else None
            if values and (values[0].strip() or "".join(values).strip()):
                row = self._row(line, values, heading)
                yield replace(row, fault=row.fault or swallowed) if swallowed else row
            elif values:
                self._blank += 1
        self._tell()

    def _broken(self, error: csv.Error) -> Row:
        """Return a row that is not CSV: one line, whatever its quote would swallow."""
        line, count = self.line, len(self.lines.taken)
        fault = f"is not valid CSV: {error}"
        if count > 1:
            last = line + count - 1
            fault = (
                f"has a quote that is not closed: it would take in the lines up to {last}, which are read on their own."
                " Close the quote, or write two within a text"
            )
        elif "unexpected end" in str(error):
            fault = "has a quote that is not closed: close it, or write two within a text"
        self.lines.give_back(1)
        self.line += 1
        return Row(line, {}, fault, text=_shown(self.lines.taken))

    def _row(self, line: int, values: list[str], heading: Heading) -> Row:
        if len(values) != len(heading.columns):
            mark = _NAMES.get(self._delimiter, repr(self._delimiter))
            fault = f"has {len(values)} values for {len(heading.columns)} columns: look for a missing or stray {mark}"
            return Row(line, {}, fault, text=_shown(self.lines.taken))
        if not all(map(str.isascii, self.lines.taken)):
            for column, value in zip(heading.columns, values, strict=True):
                if not value.isascii() and _is_broken(value):
                    fault = f"has text in {column!r} that is not {_spelled(self._file.encoding)}: {self._remedy()}"
                    return Row(line, {}, fault, text=_shown(self.lines.taken))
        return Row(line, heading.fields(values), heading.fault(values))

    def _swallowed(self, line: int, values: list[str], width: int) -> str | None:
        """Return what is wrong with a row whose cell holds other rows; note one whose lines may be rows."""
        inner = [text for value in values for text in re.split(r"\r\n|\r|\n", value)[1:]]
        alike = [text for text in inner if text.count(self._delimiter) == width - 1]
        # In prose, a blank follows a comma, and one comma is in many texts.
        dense = sum(f"{self._delimiter} " not in text for text in alike)
        if width > 2 and inner and dense == len(inner):  # noqa: PLR2004
            return (
                f"has a cell that holds {dense:,} lines like rows of their own: look for two stray quotes, and write"
                " two for one within a text. If the cell is right, keep the row with --quarantine, and replay it"
            )
        if width > 1 and alike and (width > 2 or len(alike) == len(inner)):  # noqa: PLR2004
            self._merged.append((line, len(alike)))
        return None

    def _tell(self) -> None:
        if self._blank:
            self._file.remarks.append(f"{self._file.name}: {self._blank:,} rows of empty cells were left out")
        for line, count in self._merged[:_SAID_AT_MOST]:
            self._file.remarks.append(
                f"{self._file.name}:{line}: a cell holds {count:,} lines that look like rows: look for a stray quote"
            )
        if len(self._merged) > _SAID_AT_MOST:
            self._file.remarks.append(f"{self._file.name}: and {len(self._merged) - _SAID_AT_MOST:,} more such cells")


_EMPTY = "is empty: the first line must name the columns"


def _is_broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _spelled(encoding: str) -> str:
    return encoding.upper() if encoding.startswith("utf") else encoding


def _shown(lines: list[str]) -> str:
    """Return the text of a row; a byte that is none is shown by its number."""
    text = "".join(lines).rstrip("\r\n").replace("\udc00", "\0")
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") if _is_broken(text) else text
