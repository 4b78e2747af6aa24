"""One local run: a source into a file, or a file into a destination, with its counters.

Decides in which order records, state and receipts are made safe. It knows hooks and files; it does not know Custify.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from custify_connector.contract import OUTCOMES, Batch, Receipt
from custify_connector.host import mapping, state_file
from custify_connector.host.outputs import Output, open_output
from custify_connector.host.rows import Row, Table


class Hooks(Protocol):
    """The two hooks that a run calls."""

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """See the contract."""

    def write_destination(
        self, credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterator[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        """See the contract."""


@dataclass(frozen=True)
class ReadCount:
    """How far a read has come: records and bytes."""

    records: int = 0
    size: int = 0


def read(
    hooks: Hooks,
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    output: str,
    state_path: Path | None = None,
    tell: Callable[[ReadCount], None] = lambda _count: None,
) -> ReadCount:
    """Read a source into an output; with a state file, from where the last run stopped. Returns what was read."""
    stored = state_file.load(state_path) if state_path else state_file.Stored()
    batches = hooks.read_source(credential=credential, source=source, state=stored.state)
    target = open_output(output, stored.output_size if output != "-" else None)
    count = ReadCount(size=target.size)
    try:
        for batch in batches:
            target.write(batch.records)
            count = ReadCount(count.records + len(batch.records), target.size)
            if state_path:
                state_file.save(state_path, state_file.Stored(batch.state, _unfinished(target, output)))
            tell(count)
        target.finish()
    finally:
        target.close()
    if state_path:
        state_file.save(state_path, replace(state_file.load(state_path), output_size=None))
    return count


def _unfinished(target: Output, output: str) -> int | None:
    return target.size if output != "-" else None


@dataclass
class WriteCount:
    """The outcomes of a write so far, and the first receipts that are no success."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))

    @property
    def records(self) -> int:
        """How many records have a receipt."""
        return sum(self.outcomes.values())

    @property
    def errors(self) -> int:
        """How many were rejected, failed, or never tried."""
        return sum(self.outcomes[outcome] for outcome in ("rejected", "failed", "not_tried"))


@dataclass(frozen=True)
class Line:
    """A receipt, with the line of the input that its record stands on."""

    line: int
    receipt: Receipt


@dataclass(frozen=True)
class Shape:
    """How rows become records: the rules (none: columns are fields), and what an empty cell means."""

    rules: tuple[mapping.Rule, ...] = ()
    empty: mapping.Empty = "absent"

    def record(self, row: Row) -> dict[str, Any]:
        """Return the record of a row; raises NotConvertible."""
        if self.rules:
            return mapping.apply(self.rules, row.fields, self.empty)
        return row.fields if self.empty == "text" else mapping.unmapped(row.fields, self.empty)


def write(
    hooks: Hooks, credential: Mapping[str, Any], destination: Mapping[str, Any], table: Table, shape: Shape
) -> Iterator[Line]:
    """Write the rows of a table; yields one receipt for each row, also for those that never became a record.

    What the hook raises comes after the last receipt. Wrong arguments raise at the call.
    """
    feed = _Feed(table.rows, shape)
    receipts = hooks.write_destination(credential=credential, destination=destination, records=feed.records())
    return _lines(receipts, feed)


def _lines(receipts: Iterator[Receipt], feed: _Feed) -> Iterator[Line]:
    for receipt in receipts:
        yield from feed.take_unreadable()
        line, index = feed.place(receipt.index)
        yield Line(line, replace(receipt, index=index))
    yield from feed.take_unreadable()


class _Feed:
    """Gives records to a hook, and remembers which row each came from and which rows never became one."""

    def __init__(self, rows: Iterator[Row], shape: Shape) -> None:
        self._rows = rows
        self._shape = shape
        self._unreadable: deque[Line] = deque()
        self._places: dict[int, tuple[int, int]] = {}

    def records(self) -> Iterator[dict[str, Any]]:
        given = 0
        for index, row in enumerate(self._rows):
            record, fault = self._read(row)
            if fault is None:
                self._places[given] = (row.line, index)
                given += 1
                yield record
            else:
                receipt = Receipt(index, "rejected", code="unreadable_row", reason=f"line {row.line} {fault}")
                self._unreadable.append(Line(row.line, receipt))

    def _read(self, row: Row) -> tuple[dict[str, Any], str | None]:
        if row.fault is not None:
            return {}, row.fault
        try:
            return self._shape.record(row), None
        except mapping.NotConvertible as error:
            return {}, f"has a value of another type: {error}"

    def place(self, given: int) -> tuple[int, int]:
        return self._places.pop(given)

    def take_unreadable(self) -> Iterator[Line]:
        while self._unreadable:
            yield self._unreadable.popleft()
