"""Rows of a sheet of a workbook: Excel's, or one that python-calamine reads as well.

Decides how a spreadsheet's values become those of JSON: a day is a date, a whole float an integer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

from custify_connector.checking.values import EXACT_INTEGERS
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.conversions import day_of
from custify_connector.host.csv_rows import without_last
from custify_connector.host.headings import Heading, heading_of
from custify_connector.host.installation import unusable
from custify_connector.host.rows import Row, Table
from custify_connector.host.table_file import FileForm, Opened


def table(file: Opened, written: FileForm) -> Table:
    """Return the columns and rows of a sheet; raises ConfigurationError where it is not known which, or it is empty."""
    name, cells = _sheet(file, written.sheet)
    place = f"{file.name}: {name}"
    rows = enumerate(cells, start=1)
    for line, values in rows:
        if line >= (written.header_row or 1) and any(value != "" for value in values):
            heading = heading_of(_text(value) for value in values)
            found = _rows(file, rows, heading)
            if written.footer_rows:
                found = without_last(found, written.footer_rows)
            return Table(place, heading.own, found, textual=True, header=line, remarks=file.remarks)
    raise ConfigurationError((Fault(place, "is empty: the first row must name the columns"),))


def _sheet(file: Opened, wanted: str | None) -> tuple[str, list[list[Any]]]:
    try:
        import python_calamine  # noqa: PLC0415 - an extra
    except ImportError as error:
        reason = f"is a workbook, and python-calamine {unusable('excel', error)}; or save it as CSV"
        raise ConfigurationError((Fault(file.name, reason),)) from None
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.stream.read()))
        names = [wanted] if wanted in book.sheet_names else book.sheet_names
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise ConfigurationError((Fault(file.name, f"is a workbook that cannot be read: {error}"),)) from None
    if wanted is not None and wanted not in sheets:
        raise ConfigurationError((Fault("--sheet", f"there is no sheet {wanted!r}; there are {', '.join(names)}"),))
    filled = {name: cells for name, cells in sheets.items() if cells} or sheets
    if len(filled) != 1:
        reason = f"has the sheets {', '.join(filled)}: name one with --sheet" if filled else "has no sheet with cells"
        raise ConfigurationError((Fault(file.name, reason),))
    return next(iter(filled.items()))


def _rows(file: Opened, rows: Iterator[tuple[int, list[Any]]], heading: Heading) -> Iterator[Row]:
    blank = 0
    for line, values in rows:
        if all(isinstance(value, str) and not value.strip() for value in values):
            blank += 1
            continue
        if len(values) > len(heading.columns) and any(value != "" for value in values[len(heading.columns) :]):
            yield Row(line, {}, f"has {len(values)} values for {len(heading.columns)} columns")
            continue
        padded = [*values[: len(heading.columns)], *[""] * (len(heading.columns) - len(values))]
        yield Row(line, heading.fields([_value(value) for value in padded]), heading.fault(padded), flat=True)
    if blank:
        file.remarks.append(f"{file.name}: {blank:,} rows of empty cells were left out")


def _value(value: Any) -> Any:  # noqa: ANN401 - any value of a cell
    """Return the value of a cell, as its type shows it: every number of a spreadsheet is a float."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= EXACT_INTEGERS else value
    if isinstance(value, date):
        return day_of(value)
    return str(value) if isinstance(value, (time, timedelta)) else value


def _text(value: Any) -> str:  # noqa: ANN401 - any value of a cell
    return str(_value(value))
