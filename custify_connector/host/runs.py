"""One local run: a source into a file, or a file into a destination, with its counters.

Decides in which order records, state and receipts are made safe. It knows hooks and files; it does not know Custify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from custify_connector.contract import OUTCOMES, Batch, Receipt
from custify_connector.errors import ConnectorError
from custify_connector.host import state_file
from custify_connector.host.feed import Feed, Line, Safekeeping, Shape
from custify_connector.host.outputs import Output, open_output
from custify_connector.host.rows import Table


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
    """How far a read has come: records and bytes; `ended` when it was asked to end before it had finished."""

    records: int = 0
    size: int = 0
    ended: bool = False


@dataclass(frozen=True)
class Watch:
    """How a run is followed: told how far it has come, and asked whether it should end."""

    tell: Callable[[ReadCount], None] = lambda _count: None
    ended: Callable[[], bool] = lambda: False


UNWATCHED = Watch()


def read(  # noqa: PLR0913, PLR0917 - what is read, for whom, and where it goes
    hooks: Hooks,
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    output: str,
    state_path: Path | None = None,
    watch: Watch = Watch(),
) -> ReadCount:
    """Read a source into an output; with a state file, from where the last run stopped. Returns what was read.

    A run that is asked to end keeps its state and its unfinished output.
    """
    stored = state_file.load(state_path) if state_path else state_file.Stored()
    if state_path:
        state_file.check(state_path)
    batches = hooks.read_source(credential=credential, source=source, state=stored.state)
    target = open_output(output, stored.output_size if output != "-" else None)
    count = ReadCount(size=target.size)
    try:
        for batch in batches:
            target.write(batch.records)
            count = ReadCount(count.records + len(batch.records), target.size)
            if state_path:
                state_file.save(state_path, state_file.Stored(batch.state, _unfinished(target, output)))
            watch.tell(count)
            if watch.ended():
                return replace(count, ended=True)
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
    """The outcomes of a write so far."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))

    @property
    def records(self) -> int:
        """How many records have a receipt."""
        return sum(self.outcomes.values())

    @property
    def errors(self) -> int:
        """How many were rejected, failed, or never tried."""
        return sum(self.outcomes[outcome] for outcome in ("rejected", "failed", "not_tried"))


KEEP_NOTHING = Safekeeping()


def write(  # noqa: PLR0913, PLR0917 - what is written, for whom, and what is kept
    hooks: Hooks,
    credential: Mapping[str, Any],
    destination: Mapping[str, Any],
    table: Table,
    shape: Shape,
    safe: Safekeeping = KEEP_NOTHING,
) -> Iterator[Line]:
    """Write the rows of a table; yields one receipt for each row, also for those that are not sent in this run.

    What the hook raises comes after the last receipt. Wrong arguments raise at the call.
    """
    feed = Feed(table, shape, safe, destination)
    receipts = hooks.write_destination(credential=credential, destination=destination, records=feed.records())
    return _lines(receipts, feed)


def _lines(receipts: Iterator[Receipt], feed: Feed) -> Iterator[Line]:
    error: ConnectorError | None = None
    try:
        for receipt in receipts:
            settled = feed.settle(receipt)
            yield from feed.aside(before=settled.receipt.index)
            yield settled
    except ConnectorError as raised:
        error = raised
    yield from feed.aside()
    if error:
        raise error
