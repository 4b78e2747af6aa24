"""Rows of an input, one at a time, whatever form it has: their values, and what is opened to read them.

A file that cannot be used at all is refused before its first row; a row that cannot be read is a value with its line
and reason, so that it gets a receipt like any other. This file does not know what the rows are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from custify_connector.host.latest import Turn
from custify_connector.host.quarantine import Origin
from custify_connector.host.table_file import INPUT_FORMS, PLAIN_FILE, FileForm, input_form, opened

__all__ = ["INPUT_FORMS", "Row", "Table", "input_form", "open_table"]


@dataclass(frozen=True)
class Row:
    """One row of input: its line (from 1), and its fields, or the reason why it could not be read.

    A `flat` row is one of columns that hold values of any type: its dotted names are the only way to nest. A row that
    an earlier run kept in a quarantine has an `origin` there, and may be `unclear`: it is unknown whether it arrived; a
    `shape` is how its fields become a record, where that run had other rules than this one. `text` is what stood in the
    file, for a row that could not be read. `turn` is when an earlier run was given a row that it kept in a quarantine.
    """

    line: int
    fields: dict[str, Any]
    fault: str | None = None
    flat: bool = False
    origin: Origin | None = None
    unclear: bool = False
    shape: Mapping[str, Any] | None = None
    text: str | None = field(default=None, compare=False)
    turn: Turn | None = None


@dataclass(frozen=True)
class Table:
    """An opened input: its columns (None where each row has its own, as in JSON lines), and its rows.

    The cells of a `textual` table may be text, whatever they mean. `header` is the line of its heading. `remarks` are
    what its reader noticed so far, and are to be said; the reader adds to them. `written` is how a text with delimiters
    is written, as it was said or found; None for any other input.
    """

    name: str
    columns: tuple[str, ...] | None
    rows: Iterator[Row]
    textual: bool = False
    header: int = 1
    remarks: list[str] = field(default_factory=list)
    written: FileForm | None = None


@contextmanager
def open_table(path: str, form: str | None = None, written: FileForm = PLAIN_FILE) -> Iterator[Table]:
    """Open a file of rows; `-` is standard input. What its form is, is seen from its name and first bytes.

    Raises ConfigurationError for a file that is missing, empty, or has a heading that cannot be used.
    """
    from custify_connector.host import csv_rows, json_rows, workbook  # noqa: PLC0415 - they make the rows of this file

    with opened(path, form, written) as file:
        if file.form == "csv":
            yield csv_rows.table(file, written)
        elif file.form == "excel":
            yield workbook.table(file, written)
        else:
            yield json_rows.table(file)
