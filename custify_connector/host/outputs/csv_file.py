"""A staged file published as CSV: UTF-8, one heading, dotted names for nested fields.

Decides how a value is written in a cell. A value is never changed: a text that a spreadsheet would take for a formula
stays as it is. Null and empty text are both an empty cell.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from custify_connector.host.outputs.lines import Publish, written
from custify_connector.host.outputs.tables import Table, learn, staged, table_of
from custify_connector.storage import atomic


def publish_csv(path: Path | None, schema: Mapping[str, Any]) -> Publish:
    """Return what publishes a staged file as CSV, in a file or, without one, on standard output."""

    def publish(part: Path, _state: dict[str, Any] | None, _merges: bool) -> None:
        table = table_of(schema, {}, {})
        learn(table, part)
        if path is None:
            _write(table, part, sys.stdout)
            sys.stdout.flush()
            return
        with written(path), atomic.replacing(path) as stream:
            text = io.TextIOWrapper(stream, "utf-8", newline="")
            try:
                _write(table, part, text)
            finally:
                text.detach()

    return publish


def _write(table: Table, part: Path, stream: IO[str]) -> None:
    names = list(table.shown)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    for record in staged(part):
        row = table.columns.row(record)
        writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
