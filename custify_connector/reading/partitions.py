"""The parts of a stream that have requests of their own: one after another, the first pages of the next asked ahead.

Decides how small parts are gathered, and where a resumed read is among them. Does not know pages; how one part and a
stream of parents are read is passed in.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from custify_connector.checking.texts import query_text
from custify_connector.contract import Batch
from custify_connector.contract.errors import UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.exchange.workers import AHEAD
from custify_connector.reading import state as states
from custify_connector.reading.fetching import Answer, ask
from custify_connector.reading.page_requests import Window
from custify_connector.reading.plan import Partition, ReadPlan, bind
from custify_connector.reading.position import Step, start, without_order
from custify_connector.reading.state import Progress
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import field_value

log = logging.getLogger("custify_connector")

Steps = Iterator[tuple[Step, Progress]]

Walk = Callable[[ReadPlan, Progress, int | None, Answer | None], Steps]
"""Walks through one partition, up to a limit of records; its first page may have been asked already."""

Read = Callable[[ReadPlan, Progress], Iterator[Batch]]
"""Reads a whole stream, such as that of the parents."""

RECORDS_GATHERED = 200
"""Small partitions are gathered into batches of about so many records …"""

PARTITIONS_GATHERED = 100
"""… or of so many partitions, whichever comes first, so that a state is never far behind."""


PARENTS_HELD = 1000
"""The parent that an earlier run was at is among so many, if it is still there: until it comes, the others wait."""


@dataclass(frozen=True)
class _Slot:
    """One partition to read: which entry of the plan it is of, its values, and the state that leads back to it."""

    entry: int
    values: Mapping[str, str]
    parents: Mapping[str, object] | None = None
    started: str | None = None
    """When the read of the parents began: what changes since belongs to the next read."""


@dataclass
class _Gathered:
    """Records of several small partitions, waiting to become one batch."""

    records: list[Record] = field(default_factory=list)
    partitions: int = 0

    def full(self) -> bool:
        return len(self.records) >= RECORDS_GATHERED or self.partitions >= PARTITIONS_GATHERED

    def take(self) -> list[Record]:
        taken, self.records, self.partitions = self.records, [], 0
        return taken


def partitioned(client: Client, plan: ReadPlan, progress: Progress, walk: Walk, read: Read) -> Steps:
    """Yield the steps through all partitions; a step carries the records of one page, or of several small parts."""
    gathered, left = _Gathered(), plan.limit
    firsts: dict[int, list[Record]] = {}
    with _FirstPages(client, plan, progress, _slots(plan, progress, read)) as parts:
        for slot, begun, first in parts:
            child = bind(plan, slot.values)
            for step, reached in walk(child, begun, left, first):
                progress = replace(
                    reached, entry=slot.entry, parents=slot.parents, parent=slot.values, between=step.done
                )
                parts.learned(progress)
                if plan.partitions[slot.entry].parents is None and slot.entry not in firsts:
                    _refuse_the_same_again(plan, firsts, step.records)
                    firsts[slot.entry] = step.records
                gathered.records += step.records
                left = None if left is None else left - len(step.records)
                gathered.partitions += step.done
                if gathered.full() or left == 0:
                    yield Step(gathered.take(), reached.position), progress
            if left == 0:
                return
    yield Step(gathered.take(), progress.position, done=True), progress


def _refuse_the_same_again(plan: ReadPlan, firsts: Mapping[int, list[Record]], records: list[Record]) -> None:
    """Raise UnexpectedReply where one part of a stream is another one: the service takes one word for another.

    So does a service that does not know a word, and answers as if it had not been said.
    """
    added = set(plan.add)
    shown = [{name: value for name, value in record.items() if name not in added} for record in records]
    for earlier in firsts.values():
        if shown and shown == [{name: value for name, value in each.items() if name not in added} for each in earlier]:
            words = ", ".join(sorted({value for part in plan.partitions for value in part.values.values()}))
            reason = f"Custify answers the same records for each of {words}; it may use another word for one of them"
            raise UnexpectedReply(f"{plan.stream}: {reason}. Name one with a parameter")


class _FirstPages:
    """Walks through the partitions of a stream, and asks for the first pages of the next ones meanwhile."""

    def __init__(self, client: Client, plan: ReadPlan, progress: Progress, slots: Generator[_Slot]) -> None:
        self._client = client
        self._plan = plan
        self._resumed = progress
        self._latest = progress
        self._slots = slots
        self._queue: deque[tuple[_Slot, Progress, Answer | None]] = deque()
        self._stop = threading.Event()
        self._pool = client.ending.workers(client.max_in_flight, "custify-read")

    def learned(self, progress: Progress) -> None:
        """Take over what a partition found out for the whole run: when it started, and what Custify refuses."""
        self._latest = progress

    def __iter__(self) -> Iterator[tuple[_Slot, Progress, Answer | None]]:
        while True:
            free = self._client.max_in_flight - len(self._queue) if self._latest.started else 1
            self._queue.extend(self._begin(slot) for slot in islice(self._slots, max(0, free)))
            if not self._queue:
                return
            self._begin_others()
            yield self._queue.popleft()

    def _begin_others(self) -> None:
        """Begin others in place of those answered, while the next one is late; with a limit they may not be needed."""
        most, (_, _, answer) = self._client.max_in_flight, self._queue[0]
        while answer and not answer.done() and not self._plan.limit and len(self._queue) < AHEAD * most:
            slot = next(self._slots, None) if self._pool.has_room(most, answer) else None
            if slot is None:
                return
            self._queue.append(self._begin(slot))

    def _begin(self, slot: _Slot) -> tuple[_Slot, Progress, Answer | None]:
        """Return a partition with its first page under way; the very first is asked alone, to learn from it."""
        child = bind(self._plan, slot.values)
        begun = self._begun(slot, child)
        if self._latest.started is None or self._client.max_in_flight == 1:
            return slot, begun, None
        return slot, begun, self._pool.submit(ask, self._client, child, begun, _window(begun), self._stop)

    def _begun(self, slot: _Slot, child: ReadPlan) -> Progress:
        """Return where a partition begins: at its start, but for the one that an earlier run left in the middle."""
        if slot.values == self._resumed.parent and self._resumed.position.doubts.is_resumed:
            return self._resumed
        known, cursor = self._latest.position, self._resumed.cursor
        position = replace(start(child, known.floor), fallbacks=known.fallbacks)
        position = without_order(position) if "order" in known.fallbacks else position
        return Progress(self._latest.started or slot.started, position, cursor=cursor)

    def __enter__(self) -> _FirstPages:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        # The parents' read may hold threads of its own; it is closed now, not when the exception is forgotten.
        self._slots.close()
        self._pool.close()


def _window(progress: Progress) -> Window:
    return progress.position.place.number, progress.position.place.asked


def _slots(plan: ReadPlan, progress: Progress, read: Read) -> Generator[_Slot]:
    for entry, partition in list(enumerate(plan.partitions))[progress.entry :]:
        resumed = progress if entry == progress.entry else replace(progress, parents=None, parent=None)
        if partition.parents is None:
            if resumed.parent is None or resumed.position.doubts.is_resumed:
                yield _Slot(entry, partition.values)
        else:
            yield from _parents(partition, entry, resumed, read)


def _parents(partition: Partition, entry: int, progress: Progress, read: Read) -> Iterator[_Slot]:
    """Yield one slot for each parent, from the one that an earlier run was at, or the one after it."""
    assert partition.parents  # noqa: S101 - the caller has looked
    before, last = progress.parents, dict(progress.parent) if progress.parent is not None else None
    held: list[_Slot] = []
    started: str | None = None
    for batch in read(partition.parents, states.of_parents(partition, progress)):
        started = started or states.started_by(batch.state)
        held += [_Slot(entry, each, before, started) for each in _all_taken(partition, batch.records)]
        before = batch.state
        values = [slot.values for slot in held]
        if last is not None and last in values:
            # A position in the middle of the last parent means that it is not finished.
            held, last = held[values.index(last) + (not progress.position.doubts.is_resumed) :], None
        if last is None or len(held) > PARENTS_HELD:
            yield from held
            held, last = [], None
    yield from held


def _all_taken(partition: Partition, parents: list[Record]) -> list[dict[str, str]]:
    """Return the values of each parent that has something, by its count.

    One without its id has no address, and is left out with a warning.
    """
    if partition.count:
        parents = [parent for parent in parents if field_value(parent, partition.count) != 0]
    named = [
        parent
        for parent in parents
        if all(field_value(parent, field) not in _NOTHING for field in partition.take.values())
    ]
    if left_out := len(parents) - len(named):
        stream = partition.parents.stream if partition.parents else ""
        fields = ", ".join(partition.take.values())
        log.warning("%s: skipped %d records without %s; what belongs to them is not read", stream, left_out, fields)
    return [_taken(partition, parent) for parent in named]


_NOTHING = (None, "")


def _taken(partition: Partition, parent: Record) -> dict[str, str]:
    taken = {name: query_text(field_value(parent, source)) for name, source in partition.take.items()}
    return {**partition.values, **taken}
