"""Rows of an input file: JSON lines or CSV, from a path or standard input, one at a time.

A file that cannot be used at all is refused before its first row; a row that cannot be read is a value with its line
and reason, so that it gets a receipt like any other. This file does not know what the rows are for.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import words
from custify_connector.host.quarantine import Origin

csv.field_size_limit(16_000_000)


@dataclass(frozen=True)
class Row:
    """One row of input: its line (from 1), and its fields, or the reason why it could not be read.

    A `flat` row is one of columns that hold values of any type: its dotted names are the only way to nest. A row that
    an earlier run kept in a quarantine has an `origin` there, and may be `unclear`: nobody knows whether it arrived; a
    `shape` is how its fields become a record, where that run had other rules than this one. `text` is what stood in the
    file, for a row that could not be read.
    """

    line: int
    fields: dict[str, Any]
    fault: str | None = None
    flat: bool = False
    origin: Origin | None = None
    unclear: bool = False
    shape: Mapping[str, Any] | None = None
    text: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Table:
    """An opened input: the columns that a CSV names (None for JSON lines), and its rows."""

    name: str
    columns: tuple[str, ...] | None
    rows: Iterator[Row]


_ENDINGS = {".csv": "csv", ".parquet": "parquet", ".duckdb": "duckdb", ".ddb": "duckdb"}
INPUT_FORMS = ("jsonl", "csv", "parquet", "duckdb")


def input_form(path: str) -> str:
    """Return the form that a path's ending names, else JSON lines."""
    return _ENDINGS.get(Path(path).suffix.lower(), "jsonl")


@contextmanager
def open_table(path: str, form: str | None = None) -> Iterator[Table]:
    """Open a file of rows; `-` is standard input, JSON lines unless `form` says `csv`.

    Raises ConfigurationError for a file that is missing, empty, or has a heading that cannot be used.
    """
    form = form or input_form(path)
    if path == "-":
        yield _table("standard input", sys.stdin.buffer, form)
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below, once it is known to have opened
    except OSError as error:
        raise ConfigurationError((Fault(path, f"cannot be opened: {error.strerror or error}"),)) from None
    with stream:
        yield _table(path, stream, form)


def _table(name: str, stream: BinaryIO, form: str) -> Table:
    if form == "csv":
        return _csv_table(name, stream)
    return Table(name, None, _json_rows(stream))


def _json_rows(stream: BinaryIO) -> Iterator[Row]:
    for line, text in enumerate(stream, start=1):
        if text.strip():
            yield _json_row(line, text.removeprefix(b"\xef\xbb\xbf") if line == 1 else text)


def _json_row(line: int, text: bytes) -> Row:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fault = f"is not valid JSON: {error.msg} at column {error.colno}"
        return Row(line, {}, fault, text=text.decode("utf-8", "backslashreplace").rstrip("\r\n"))
    if not isinstance(value, dict):
        return Row(line, {}, "is not a JSON object", text=text.decode("utf-8", "backslashreplace").rstrip("\r\n"))
    return Row(line, value)


def _csv_table(name: str, stream: BinaryIO) -> Table:
    # Bytes that are no text in UTF-8 become lone surrogates, so that only their row is refused, not the file. So does
    # NUL, a byte of UTF-16: Python 3.10 stops at it, and later ones would take it for text.
    lines = (line.decode("utf-8", "surrogateescape").replace("\0", "\udc00") for line in stream)
    start = next(lines, "").removeprefix("\ufeff")
    reader = csv.reader(chain([start] if start else [], lines), strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise ConfigurationError((Fault(f"{name}:1", f"is not valid CSV: {error}"),)) from None
    if not header:
        raise ConfigurationError((Fault(f"{name}:1", "is empty: the first line must name the columns"),))
    columns = tuple(column.strip() for column in header)
    faults = tuple(_header_faults(f"{name}:1", columns))
    if faults:
        raise ConfigurationError(faults)
    return Table(name, columns, _csv_rows(reader, columns))


def _header_faults(place: str, columns: tuple[str, ...]) -> Iterator[Fault]:
    for index, column in enumerate(columns, start=1):
        if not column:
            yield Fault(place, f"column {index} has no name")
        elif not words.is_one_line(column):
            yield Fault(place, f"the name of column {index} is not UTF-8 text: save the file as UTF-8")
        elif column in columns[: index - 1]:
            yield Fault(place, f"column {index} has the name {column!r} a second time: rename one of them")


def _csv_rows(reader: Any, columns: tuple[str, ...]) -> Iterator[Row]:  # noqa: ANN401 - csv's reader has no public type
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield Row(line, {}, f"is not valid CSV: {error}")
            continue
        if values is None:
            return
        if values:
            yield _csv_row(line, values, columns)


def _csv_row(line: int, values: list[str], columns: tuple[str, ...]) -> Row:
    if len(values) != len(columns):
        fault = f"has {len(values)} values for {len(columns)} columns: look for a missing or stray comma"
        return Row(line, {}, fault, text=_csv_text(values))
    for column, value in zip(columns, values, strict=True):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return Row(line, {}, f"has text in {column!r} that is not UTF-8: save the file as UTF-8")
    return Row(line, dict(zip(columns, values, strict=True)))


def _csv_text(values: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
