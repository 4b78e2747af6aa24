"""One local run: a source into a file, or a file into a destination, with its counters.

Decides in which order records, state and receipts are made safe. It knows hooks and files; it does not know Custify.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custify_connector.contract import OUTCOMES, Batch, Receipt
from custify_connector.contract.errors import ConnectorError, IncompleteRead, Interrupted, StateError
from custify_connector.contract.events import Event, Listener, current_listener, listening
from custify_connector.host.account import Account, bound, unbound
from custify_connector.host.keeping import InFile, Keeping, Nowhere
from custify_connector.host.outputs import Output, Target
from custify_connector.host.state_file import Stored

if TYPE_CHECKING:  # what is named only, and what writing takes and a read does not load
    from custify_connector.host.connectors import Hooks
    from custify_connector.host.feed import Feed, Line, Safekeeping, Shape
    from custify_connector.host.rows import Table


@dataclass(frozen=True)
class ReadCount:
    """How far a read has come: records and bytes; `ended` when it was asked to end before it had finished.

    `state` is that of the last batch, as the connector gave it.
    """

    records: int = 0
    size: int = 0
    ended: bool = False
    state: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Watch:
    """How a run is followed: it reports how far it has come, and asks whether it should end."""

    tell: Callable[[ReadCount], None] = lambda _count: None
    ended: Callable[[], bool] = lambda: False


UNWATCHED = Watch()


@dataclass(frozen=True)
class Owner:
    """Whose state a read keeps; `same_account` says that the account's key was replaced."""

    account: Account | None = None
    same_account: bool = False

    def taken(self, stored: Stored) -> Stored:
        """Return what is stored, its state as the connector gave it; raises StateError for another account's."""
        return replace(stored, state=unbound(stored.state, self.account, same_account=self.same_account))


def read(  # noqa: PLR0913, PLR0917 - what is read, for whom, and where it goes
    hooks: Hooks,
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    output: str | Target,
    state: Path | Keeping | None = None,
    watch: Watch = UNWATCHED,
    owner: Owner | None = None,
) -> ReadCount:
    """Read a source into an output; with a place for its state, from where the last run stopped. Returns what was read.

    An output that is text is a file of JSON lines, or `-`. A run that is asked to end keeps its state and its
    unfinished output. With an `owner`, a state is kept as that of an account, and refused for any other.
    """
    owner = owner or Owner()
    target = Target(output) if isinstance(output, str) else output
    with target.held():
        return _read(hooks, credential, source, target, state, watch, owner)


def _read(  # noqa: PLR0913, PLR0917 - see `read`
    hooks: Hooks,
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    target: Target,
    state: Path | Keeping | None,
    watch: Watch,
    owner: Owner,
) -> ReadCount:
    keeping = Nowhere() if state is None else InFile(state) if isinstance(state, Path) else state
    stored = keeping.load()
    keeping.check()
    batches, stored = _begin(hooks, credential, source, keeping, stored, owner)
    if stored.complete:
        kept = bound(stored.state, owner.account)
        try:
            target.complete(stored.output_size or 0, kept, merges=stored.merges)
        except Interrupted:
            return ReadCount(size=stored.output_size or 0, ended=True)
        keeping.finish(kept)
        return ReadCount(size=stored.output_size or 0)
    merges = stored.merges if stored.output_size is not None else stored.state is not None and _is_incremental(source)
    keeper = _Keeper(keeping, target, stored, owner, merges=merges)
    try:
        return keeper.keep(batches, watch)
    finally:
        keeper.output.close()


def _is_incremental(source: Mapping[str, Any]) -> bool:
    return source.get("mode") == "incremental"


def _begin(  # noqa: PLR0913, PLR0917 - as above
    hooks: Hooks,
    credential: Mapping[str, Any],
    source: Mapping[str, Any],
    keeping: Keeping,
    stored: Stored,
    owner: Owner,
) -> tuple[Iterator[Batch], Stored]:
    """Return the batches, and from where they come: what was unfinished is left when it is of another read."""
    try:
        stored = owner.taken(stored)
        return hooks.read_source(credential=credential, source=source, state=stored.state), stored
    except StateError:
        fallback = keeping.fallback()
        if fallback is None:
            raise
        fallback = owner.taken(fallback)
        return hooks.read_source(credential=credential, source=source, state=fallback.state), fallback


class _Keeper:
    """Writes batches, and after each the state that speaks of them; the last state says that nothing is missing."""

    def __init__(self, keeping: Keeping, target: Target, stored: Stored, owner: Owner, *, merges: bool) -> None:
        self._keeping = keeping
        self._account = owner.account
        # What is written to a stream cannot be taken back: its state knows no size.
        self._to_file = target.is_file
        self._at_once = target.streams
        self.output: Output = target.open(stored.output_size if self._to_file else None)
        self._state = bound(stored.state, self._account)
        self._merges = merges

    def keep(self, batches: Iterator[Batch], watch: Watch) -> ReadCount:
        """Keep every batch; one is known to be the last only when no other follows."""
        count = ReadCount(size=self.output.size)
        try:
            batch = next(batches, None)
        except Interrupted:
            return replace(count, ended=True)
        while batch is not None:
            self.output.write(batch.records)
            count = ReadCount(count.records + len(batch.records), self.output.size, state=batch.state)
            watch.tell(count)
            state = batch.state
            del batch  # not held while the next one is made
            try:
                batch = self._following(batches, state)
            except Interrupted:
                return replace(count, ended=True)
            self._save(state, complete=batch is None)
            if batch is not None and watch.ended():
                return replace(count, ended=True)
        try:
            return self.finish(count)
        except Interrupted:
            return replace(count, ended=True)

    def _following(self, batches: Iterator[Batch], state: dict[str, Any]) -> Batch | None:
        """Return the next batch; the state is kept first where there is none for sure, or nothing to take back."""
        if self._at_once:
            self._save(state, complete=False)
        try:
            return next(batches, None)
        except IncompleteRead:
            # What came is not published, and the next run starts over: its output would miss what never came.
            self._keeping.start_over(bound(state, self._account))
            raise
        except ConnectorError:
            self._save(state, complete=False)
            raise

    def finish(self, count: ReadCount) -> ReadCount:
        """Put the output in its place, and let the state say so."""
        self.output.finish(self._state, merges=self._merges)
        self._keeping.finish(self._state)
        return count

    def _save(self, state: dict[str, Any], *, complete: bool) -> None:
        self._state = bound(state, self._account)
        if self._to_file:
            self._keeping.save(Stored(self._state, self.output.size, complete, self._merges))
        elif self._at_once:
            self._keeping.save(Stored(self._state))


@dataclass
class WriteCount:
    """The outcomes of a write so far; how many deletes found nothing, and how many were sent `before` this run.

    `replayed` rows of a quarantine had been sent from it before.

    Of the failed, so many may have arrived (`unclear`), and so many did not for want of a service (`unavailable`).
    """

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    unclear: int = 0
    unavailable: int = 0
    not_found: int = 0
    before: int = 0
    replayed: int = 0

    @property
    def records(self) -> int:
        """How many records have a receipt."""
        return sum(self.outcomes.values())

    @property
    def errors(self) -> int:
        """How many were rejected, failed, or never tried."""
        return sum(self.outcomes[outcome] for outcome in ("rejected", "failed", "not_tried"))


def write(  # noqa: PLR0913, PLR0917 - what is written, for whom, and what is kept
    hooks: Hooks,
    credential: Mapping[str, Any],
    destination: Mapping[str, Any],
    table: Table,
    shape: Shape,
    safe: Safekeeping | None = None,
) -> Iterator[Line]:
    """Write the rows of a table; yields one receipt for each row, also for those that are not sent in this run.

    What the hook raises comes after the last receipt. Wrong arguments raise at the call.
    """
    from custify_connector.host.feed import Feed, Safekeeping  # noqa: PLC0415 - a read does without

    feed = Feed(table, shape, safe or Safekeeping(), destination)
    hear = _also(feed.hear)
    with listening(hear):
        receipts = hooks.write_destination(credential=credential, destination=destination, records=feed.records())
    return _lines(_heard(receipts, hear), feed)


def _also(hear: Listener) -> Listener:
    """Return a listener that hears what the present one hears."""
    present = current_listener()

    def both(event: Event) -> None:
        present(event)
        hear(event)

    return both


def _heard(receipts: Iterator[Receipt], hear: Listener) -> Iterator[Receipt]:
    """Yield receipts; a connector that looks for its listener only now finds it as well."""
    receipts = iter(receipts)
    while True:
        with listening(hear):
            receipt = next(receipts, None)
        if receipt is None:
            return
        yield receipt


def _lines(receipts: Iterator[Receipt], feed: Feed) -> Iterator[Line]:
    error: ConnectorError | None = None
    try:
        for receipt in receipts:
            settled = feed.settle(receipt)
            yield from feed.aside(before=settled.receipt.index)
            yield settled
    except ConnectorError as raised:
        error = raised
    finally:
        feed.close()
    yield from feed.aside()
    feed.check()
    yield from feed.rest()
    if error:
        raise error
