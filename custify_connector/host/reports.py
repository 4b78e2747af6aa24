"""The files in which a write reports, as text or for a spreadsheet: the receipt of every row, and the rejected rows.

Decides what a row of such a file holds. It does not know how rows are written, or when.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from custify_connector.checking.json_values import dumps
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.feed import Line
from custify_connector.host.headings import LINE, REASON, REPORTED, TEXT
from custify_connector.host.outputs import Output, Stream, Target, target_of, text_form
from custify_connector.host.outputs.csv_file import lines_with
from custify_connector.host.outputs.form import is_compressed
from custify_connector.host.outputs.place import place_of
from custify_connector.host.outputs.tables import staged
from custify_connector.host.outputs.text_file import publish_text
from custify_connector.host.rows import Table
from custify_connector.host.table_file import FileForm


class Report(Protocol):
    """Takes the rows of a run with their receipts."""

    def write(self, line: Line) -> None:
        """Take one row."""

    def finish(self) -> None:
        """Put the file in its place."""

    def close(self) -> None:
        """Let go of the file; what was not finished stays beside its final name."""


_FIRST = ("line", "outcome", "reason", "field", "key", "code", "status", "index", "response")
"""A reader of a table starts at the left."""


class Receipts:
    """The receipt of every row; a table holds what was answered as JSON, in one cell.

    Raises ConfigurationError for a path that cannot be written, or whose ending is that of no text.
    """

    def __init__(self, path: str) -> None:
        form = text_form(path)
        self._is_table = form in {"csv", "tsv"}
        # Without a mark, Excel reads a CSV in the code page of its system.
        self._output: Output = target_of(path, form, Stream("receipts"), mark=self._is_table).open()

    def write(self, line: Line) -> None:
        """Write one receipt."""
        receipt: dict[str, Any] = {"line": line.line, **asdict(line.receipt)}
        if self._is_table:
            receipt = {name: receipt[name] for name in _FIRST}
            receipt["response"] = None if receipt["response"] is None else dumps(receipt["response"]).decode()
        self._output.write([receipt])

    def finish(self) -> None:
        """See `Report`."""
        self._output.finish()

    def close(self) -> None:
        """See `Report`."""
        self._output.close()


class RejectedRows:
    """The rows of a CSV that were rejected or failed, as they stood, each with its reason; to be corrected and given to
    the same command. A row that may have arrived is not among them, since it could arrive twice.

    Raises ConfigurationError for a path that cannot be written, and for rows that a CSV would change.
    """  # noqa: D205 - one sentence

    def __init__(self, path: str, table: Table) -> None:
        if table.written is None:
            reason = f"is for the rows of a CSV, and {table.name} is none: use --quarantine, then custify replay"
            raise ConfigurationError((Fault("--rejected-rows", reason),))
        if text_form(path) not in {"csv", "tsv"}:
            raise ConfigurationError((Fault("--rejected-rows", f"is a CSV: end {path} in .csv"),))
        columns, written, place = table.columns or (), table.written, place_of(path)
        self._own = [name for name in columns if name and columns.count(name) == 1]
        part = place.file and place.file.with_name(place.file.name + ".part")
        publish = publish_text(
            place, lambda staged_rows: _table(self._own, staged_rows, written), compressed=is_compressed(path)
        )
        self._output = Target(path, "csv", part, publish).open()
        self.path = path
        self.count = 0

    def write(self, line: Line) -> None:
        """See `Report`."""
        receipt, row = line.receipt, line.row
        if row is None or receipt.outcome not in {"rejected", "failed"} or receipt.code in {"unclear", "key_refused"}:
            return
        own = [str(row.fields.get(name, "")) for name in self._own]
        self._output.write([{LINE: row.line, REASON: receipt.reason or "", TEXT: row.text or "", "own": own}])
        self.count += 1

    def finish(self) -> None:
        """See `Report`."""
        self._output.finish()

    def close(self) -> None:
        """See `Report`."""
        self._output.close()


def _table(own: list[str], part: Path, written: FileForm) -> Iterator[bytes]:
    """Yield rejected rows as the file was written that they come from, so that the same options read them."""
    encoding = written.encoding or "utf-8"
    # Excel takes a CSV without a mark for one in the code page of its system.
    encoding = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return codecs.iterencode(_lines(own, part, written), encoding, "replace")


def _lines(own: list[str], part: Path, written: FileForm) -> Iterator[str]:
    line = lines_with(written.delimiter or ",")
    yield "\n" * ((written.header_row or 1) - 1)
    yield line([*REPORTED, *own])
    for row in staged(part):
        yield line([str(row[LINE]), row[REASON], row[TEXT], *row["own"]])
    for _ in range(written.footer_rows):
        yield line(["left out by --footer-rows", *[""] * (len(own) + len(REPORTED) - 1)])
