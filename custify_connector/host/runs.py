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
from custify_connector.host.outputs import Output, complete, open_output
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
    if state_path and stored.complete:
        complete(output, stored.output_size or 0)
        state_file.save(state_path, state_file.Stored(stored.state))
        return ReadCount(size=stored.output_size or 0)
    keeper = _Keeper(state_path, output, stored)
    try:
        return keeper.keep(batches, watch)
    finally:
        keeper.target.close()


class _Keeper:
    """Writes batches, and after each the state that speaks of them; the last state says that nothing is missing."""

    def __init__(self, state_path: Path | None, output: str, stored: state_file.Stored) -> None:
        self._state_path = state_path
        self._to_file = output != "-"
        self.target: Output = open_output(output, stored.output_size if self._to_file else None)
        self._state = stored.state

    def keep(self, batches: Iterator[Batch], watch: Watch) -> ReadCount:
        """Keep every batch; one is known to be the last only when no other follows."""
        count = ReadCount(size=self.target.size)
        batch = next(batches, None)
        while batch is not None:
            self.target.write(batch.records)
            count = ReadCount(count.records + len(batch.records), self.target.size)
            watch.tell(count)
            state = batch.state
            del batch  # not held while the next one is made
            batch = self._following(batches, state)
            self._save(state, complete=batch is None)
            if batch is not None and watch.ended():
                return replace(count, ended=True)
        return self.finish(count)

    def _following(self, batches: Iterator[Batch], state: dict[str, Any]) -> Batch | None:
        """Return the next batch; the state is kept first where there is none for sure, or nothing to take back."""
        if not self._to_file:
            self._save(state, complete=False)
        try:
            return next(batches, None)
        except ConnectorError:
            self._save(state, complete=False)
            raise

    def finish(self, count: ReadCount) -> ReadCount:
        """Put the output in its place, and let the state say so."""
        self.target.finish()
        if self._state_path and self._state is not None:
            state_file.save(self._state_path, state_file.Stored(self._state))
        return count

    def _save(self, state: dict[str, Any], *, complete: bool) -> None:
        self._state = state
        if self._state_path:
            size = self.target.size if self._to_file else None
            state_file.save(self._state_path, state_file.Stored(state, size, complete and self._to_file))


@dataclass
class WriteCount:
    """The outcomes of a write so far, and how many of the failed may have arrived."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    unclear: int = 0

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
