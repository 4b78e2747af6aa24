"""Reading a stream: pages become batches, in order, each with the state from which a read can go on.

Decides what is asked next and when a batch is handed over; what a page holds is decided in `reading`. A stream with
partitions (a parent's records, or several types) is read part after part, the first pages of the next parts ahead.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from itertools import islice

from custify_connector import reading, states
from custify_connector.client import Client
from custify_connector.contract import Batch
from custify_connector.envelopes import Record
from custify_connector.errors import UnexpectedReply
from custify_connector.identities import field_value
from custify_connector.look_ahead import Answer, LookAhead
from custify_connector.read_plans import Partition, ReadPlan, bind
from custify_connector.reading import Step
from custify_connector.replies import page_of, unavailable
from custify_connector.retrying import GivenUp
from custify_connector.states import Progress
from custify_connector.wire import Json, Request, Response, query_text

log = logging.getLogger("custify_connector")

RECORDS_GATHERED = 200
"""Small partitions are gathered into batches of about so many records …"""

PARTITIONS_GATHERED = 100
"""… or of so many partitions, whichever comes first, so that a state is never far behind."""


def read(client: Client, plan: ReadPlan, progress: Progress) -> Iterator[Batch]:
    """Yield the batches of a stream; the last one, perhaps empty, carries the state of the end.

    Raises what `replies.page_of` raises, and ServiceUnavailable.
    """
    walk = _partitioned(client, plan, progress) if plan.partitions else _walk(client, plan, progress, plan.limit)
    for step, reached in walk:
        if step.records or step.done:
            state = states.finished(plan, reached) if step.done else states.under_way(plan, reached)
            yield Batch(plan.stream, _picked(step.records, plan.fields), state)
        # What was handed over is not held while the next page is decoded: its memory is used again.
        del step


def _picked(records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    return [{name: record[name] for name in fields if name in record} for record in records] if fields else records


Walk = Iterator[tuple[Step, Progress]]


def _walk(client: Client, plan: ReadPlan, progress: Progress, limit: int | None, first: Answer | None = None) -> Walk:
    """Yield the steps through one stream, or one partition, until its end or `limit` records."""
    seen = reading.seen_before(progress.position)
    left = limit

    def fetch(progress: Progress, number: int, stop: threading.Event) -> tuple[reading.Page, Progress]:
        return ask(client, plan, progress, number, stop)

    with LookAhead(fetch, plan, client.max_in_flight, first, lambda: client.room) as pages:
        while True:
            page, progress = pages.take(progress)
            step = reading.absorb(plan, progress.position, page, seen)
            if step.flush:
                pages.flush()
            if left is not None:
                step = reading.within(plan, step, left)
                left -= len(step.records)
            progress = replace(progress, position=step.position)
            if plan.slice and not step.position.ordered:
                reason = "Custify does not keep the order that the slices rest on; read the source whole"
                raise UnexpectedReply(f"{plan.stream}: {reason}")
            missing = reading.shortfall(plan, step.position) if step.done else 0
            if missing:
                total = step.position.total
                log.warning("%s: Custify counts %s records, and %d of them never came", plan.stream, total, missing)
            ended = step.done or left == 0
            yield step, progress
            if ended:
                return
            del page, step  # not held while the next page is decoded


def ask(
    client: Client, plan: ReadPlan, progress: Progress, number: int, stop: threading.Event
) -> tuple[reading.Page, Progress]:
    """Ask for one page; the first reply of a run also tells when the run started, by the service's clock."""
    request = reading.request(plan, progress.position, number)
    response = _answer(client, request, plan.stream, stop)
    if not response.ok and progress.position.collected == 0:
        plainer = reading.concede(plan, progress.position, response.status)
        if plainer is not None:
            log.warning("%s: Custify refused the request; asking without %s", plan.stream, plainer.concessions[-1])
            return ask(client, plan, replace(progress, position=plainer), number, stop)
    page = page_of(plan, request, number, response)
    return page, progress if progress.started else replace(progress, started=_served_at(response, client))


def _answer(client: Client, request: Request, where: str, stop: threading.Event) -> Response:
    """Return the answer to a request; one that holds nothing at all is asked for once more.

    Raises ServiceUnavailable, and UnexpectedReply for a second answer without content: an empty list would be one.
    """
    place = f"{where}: {request.method} {request.path}"
    for _ in range(_TIMES_ASKED):
        verdict = client.exchange(request, repeatable=True, stop=stop)
        if isinstance(verdict, GivenUp):
            raise unavailable(verdict, place)
        if verdict.response.body is not None or verdict.response.status != _OK:
            return verdict.response
    raise UnexpectedReply(f"{place}: Custify answered {_OK} with nothing in it, {_TIMES_ASKED} times")


def _served_at(response: Response, client: Client) -> str:
    try:
        moment = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        moment = datetime.fromtimestamp(client.clock.wall(), timezone.utc)
    return moment.astimezone(timezone.utc).isoformat()


_OK, _TIMES_ASKED = 200, 2


@dataclass(frozen=True)
class _Slot:
    """One partition to read: which entry of the plan it is of, its values, and the state that leads back to it."""

    entry: int
    values: Mapping[str, str]
    parents: Mapping[str, object] | None = None


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


def _partitioned(client: Client, plan: ReadPlan, progress: Progress) -> Walk:
    """Yield the steps through all partitions; a step carries the records of one page, or of several small parts."""
    gathered, left = _Gathered(), plan.limit
    with _FirstPages(client, plan, progress) as parts:
        for slot, begun, first in parts:
            child = bind(plan, slot.values)
            for step, reached in _walk(client, child, begun, left, first):
                progress = replace(
                    reached, entry=slot.entry, parents=slot.parents, parent=slot.values, between=step.done
                )
                parts.learned(progress)
                gathered.records += step.records
                left = None if left is None else left - len(step.records)
                gathered.partitions += step.done
                if gathered.full() or left == 0:
                    yield Step(gathered.take(), reached.position), progress
            if left == 0:
                return
    yield Step(gathered.take(), progress.position, done=True), progress


class _FirstPages:
    """Walks through the partitions of a stream, and asks for the first pages of the next ones meanwhile."""

    def __init__(self, client: Client, plan: ReadPlan, progress: Progress) -> None:
        self._client = client
        self._plan = plan
        self._resumed = progress
        self._latest = progress
        self._slots = _slots(client, plan, progress)
        self._queue: deque[tuple[_Slot, Progress, Answer | None]] = deque()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(client.max_in_flight, thread_name_prefix="custify-read")

    def learned(self, progress: Progress) -> None:
        """Take over what a partition found out for the whole run: when it started, and what Custify refuses."""
        self._latest = progress

    def __iter__(self) -> Iterator[tuple[_Slot, Progress, Answer | None]]:
        while True:
            free = self._client.max_in_flight - len(self._queue)
            self._queue.extend(self._begin(slot) for slot in islice(self._slots, free if self._latest.started else 1))
            if not self._queue:
                return
            yield self._queue.popleft()

    def _begin(self, slot: _Slot) -> tuple[_Slot, Progress, Answer | None]:
        """Return a partition with its first page under way; the very first is asked alone, to learn from it."""
        child = bind(self._plan, slot.values)
        begun = self._begun(slot, child)
        if self._latest.started is None or self._client.max_in_flight == 1:
            return slot, begun, None
        return slot, begun, self._pool.submit(ask, self._client, child, begun, begun.position.number, self._stop)

    def _begun(self, slot: _Slot, child: ReadPlan) -> Progress:
        """Return where a partition begins: afresh, but for the one that an earlier run left in the middle."""
        if slot.values == self._resumed.parent and self._resumed.position.resumed_at is not None:
            return self._resumed
        known = self._latest.position
        position = reading.start(child, known.floor)
        ordered = position.ordered and "order" not in known.concessions
        return Progress(self._latest.started, replace(position, concessions=known.concessions, ordered=ordered))

    def __enter__(self) -> _FirstPages:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        self._stop.set()
        # The parents' read may hold threads of its own; it is closed now, not when the exception is forgotten.
        self._slots.close()
        self._pool.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=True)


def _slots(client: Client, plan: ReadPlan, progress: Progress) -> Generator[_Slot]:
    for entry, partition in list(enumerate(plan.partitions))[progress.entry :]:
        resumed = progress if entry == progress.entry else replace(progress, parents=None, parent=None)
        if partition.parents is None:
            if resumed.parent is None or resumed.position.resumed_at is not None:
                yield _Slot(entry, partition.values)
        else:
            yield from _parents(client, partition, entry, resumed)


def _parents(client: Client, partition: Partition, entry: int, progress: Progress) -> Iterator[_Slot]:
    """Yield one slot for each parent, from the one that an earlier run was at, or the one after it."""
    assert partition.parents  # noqa: S101 - the caller has looked
    before, last = progress.parents, dict(progress.parent) if progress.parent is not None else None
    for batch in read(client, partition.parents, states.resume(partition.parents, before)):
        values = [_taken(partition, record) for record in batch.records]
        if last is not None and last in values:
            # A position in the middle of the last parent means that it is not finished.
            values, last = values[values.index(last) + (progress.position.resumed_at is None) :], None
        yield from (_Slot(entry, each, before) for each in values)
        before = batch.state


def _taken(partition: Partition, parent: Record) -> dict[str, str]:
    taken = {name: query_text(_named(parent, source)) for name, source in partition.take.items()}
    return {**partition.values, **taken}


def _named(parent: Record, source: str) -> Json:
    """Return a parent's field; Custify's own client tolerates `_id` for `id`."""
    value = field_value(parent, source)
    return parent.get("_id") if value is None and source == "id" else value
