"""Writing records: one receipt for each, whatever happens, and what is everybody's fault after the last of them.

Decides in which order records are sent and how many are under way; what a record becomes and what an answer means is
decided in `writing`. Records of one key are sent in their order, and the first that holds an attribute before all
others that hold it, since its first value fixes its type; the rest goes side by side. Receipts come in the order of
the input.
"""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from custify_connector.checking.json_schema import Schema
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.writing import type_locks
from custify_connector.writing.batch import Batches
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.receipts import not_tried
from custify_connector.writing.requests import Prepared
from custify_connector.writing.single import Courier
from custify_connector.writing.stopping import Delivered, Tally

log = logging.getLogger("custify_connector")

Pending = Future[Delivered]


def write(client: Client, plan: WritePlan, records: Iterable[object]) -> Iterator[Receipt]:
    """Yield one receipt for each record, in the order of the input.

    Raises, after the last receipt, CredentialRefused, PermissionRefused or ServiceUnavailable, and what the input
    itself raised: the records that came before are not forgotten.
    """
    tally, broken = Tally(plan), _Broken()
    tally.stopped, records = _guarded(plan, broken.until(records))
    with _lanes(client, plan, tally) as lanes:
        for index, record in enumerate(records):
            if tally.stopped is None:
                lanes.send(index, record)
                yield from tally.counted(lanes.ready())
            else:
                yield from tally.counted(lanes.rest())
                yield not_tried(index, tally.stopped)
        yield from tally.counted(lanes.rest())
    if broken.error:
        raise broken.error from tally.error
    if tally.error:
        raise tally.error


class _Broken:
    """What the input raised in place of its next record, kept until every record before has its receipt."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def until(self, records: Iterable[object]) -> Iterator[object]:
        """Yield the records up to there."""
        try:
            yield from records
        except Exception as error:  # noqa: BLE001 - raised again, after the last receipt
            self.error = error


def _guarded(plan: WritePlan, records: Iterable[object]) -> tuple[str | None, Iterable[object]]:
    """Look at one record more than may be deleted, before the first is: when there is one, none is sent."""
    if plan.max_deletes is None:
        return None, records
    rest = iter(records)
    first = list(itertools.islice(rest, plan.max_deletes + 1))
    if len(first) <= plan.max_deletes:
        return None, first
    reason = f"there are more than {plan.max_deletes} records to delete (max_deletes), so none was sent"
    return reason, itertools.chain(first, rest)


def _lanes(client: Client, plan: WritePlan, tally: Tally) -> Lanes:
    if plan.delivery == "batch" and not plan.dry_run:
        # A batch waits for its outcome most of the time; what is under way at once is bounded by the client.
        return Lanes(Batches(client, plan), client.max_in_flight * 3, tally, plan.schema)
    # A run that stops at its first reject must not have the next record under way already.
    workers = 1 if plan.dry_run or plan.on_reject == "stop" else client.max_in_flight
    return Lanes(Courier(client, plan), workers, tally, plan.schema)


@dataclass(frozen=True)
class _Group:
    """Records that are delivered together, rejected ones in between, and the answer that they wait for."""

    entries: tuple[Prepared | Receipt, ...]
    answer: Pending | None


class Lanes:
    """Keeps up to `workers` deliveries under way, records of one key in their order, receipts in the input's order."""

    def __init__(self, courier: Courier | Batches, workers: int, tally: Tally, schema: Schema | None = None) -> None:
        self._courier = courier
        self._workers = workers
        self._tally = tally
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="custify-write") if workers > 1 else None
        self._waiting: deque[_Group] = deque()
        self._latest: dict[str, Pending] = {}
        self._gathered: list[Prepared | Receipt] = []
        self._names: set[str] = set()
        self._claimed: set[str] = set()
        self._introduced: set[str] = set()
        self._locked = type_locks.holders(schema)
        self._warned: set[str] = set()

    def send(self, index: int, record: object) -> None:
        """Take a record: it is rejected, gathered for a batch, or sent."""
        prepared = self._courier.prepare(index, record)
        names = self._names_of(prepared)
        # Whether the jobs of a batch run in order is not documented, so a batch holds each of these once.
        if not names.isdisjoint(self._claimed):
            self._dispatch()
        self._gathered.append(prepared)
        self._names |= names
        self._claimed |= {name for name in names if name not in self._introduced}
        records = sum(isinstance(entry, Prepared) for entry in self._gathered)
        if records == self._courier.size or len(self._gathered) > _GATHERED or records == 0:
            self._dispatch()

    def _names_of(self, prepared: Prepared | Receipt) -> set[str]:
        """Return what a record must not overtake: its key, and attributes whose type an earlier record may fix."""
        if isinstance(prepared, Receipt):
            return set()
        self._warn(prepared)
        attributes = set(type_locks.attributes(prepared.record, self._locked)) if self._locked else set()
        return attributes | ({str(sorted(prepared.key.items()))} if prepared.key else set())

    def _warn(self, prepared: Prepared) -> None:
        """Tell, once a field, of texts that Custify may take for another type."""
        for name, kind in type_locks.suspicious(prepared.record, self._locked) if self._locked else ():
            if name not in self._warned:
                self._warned.add(name)
                log.warning(
                    "%s is text that looks like %s: as its first value ever, Custify would make it one", name, kind
                )

    def _dispatch(self) -> None:
        """Send what was gathered, after the deliveries that hold an earlier record of the same names."""
        entries, self._gathered = tuple(self._gathered), []
        names, self._names = self._names, set()
        claimed, self._claimed = self._claimed, set()
        group = tuple(entry for entry in entries if isinstance(entry, Prepared))
        answer = None
        if group:
            before = {self._latest[name] for name in names if name in self._latest}
            answer = self._submit(group, tuple(before))
            self._latest.update(dict.fromkeys(claimed, answer))
            # An attribute's type is fixed by its first value; only keys are claimed again and again.
            self._introduced |= {name for name in claimed if type_locks.is_attribute(name)}
        if entries:
            self._waiting.append(_Group(entries, answer))

    def _submit(self, group: tuple[Prepared, ...], before: tuple[Pending, ...]) -> Pending:
        if self._pool is not None:
            return self._pool.submit(self._deliver, group, before)
        answer: Pending = Future()
        answer.set_result(self._deliver(group, before))
        return answer

    def _deliver(self, group: tuple[Prepared, ...], before: tuple[Pending, ...]) -> Delivered:
        for earlier in before:
            earlier.result()
        if self._tally.stopped is not None:
            return Delivered(tuple(not_tried(each.index, self._tally.stopped, each.key) for each in group))
        return self._courier.deliver(group)

    def ready(self) -> Iterator[Delivered]:
        """Yield what is answered, in order; waits only while more is under way than there are workers."""
        while self._waiting and (len(self._waiting) > self._workers or _is_done(self._waiting[0])):
            yield self._take()

    def rest(self) -> Iterator[Delivered]:
        """Send what is still gathered, and yield everything that is left, in order."""
        self._dispatch()
        while self._waiting:
            yield self._take()

    def _take(self) -> Delivered:
        group = self._waiting.popleft()
        if group.answer is None:
            return Delivered(tuple(entry for entry in group.entries if isinstance(entry, Receipt)), sent=False)
        delivered = group.answer.result()
        self._latest = {name: answer for name, answer in self._latest.items() if answer is not group.answer}
        answered = iter(delivered.receipts)
        receipts = tuple(entry if isinstance(entry, Receipt) else next(answered) for entry in group.entries)
        return replace(delivered, receipts=receipts)

    def __enter__(self) -> Lanes:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        self._tally.stopped = self._tally.stopped or "the run was ended"
        self._courier.stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=kind is KeyboardInterrupt)


_GATHERED = 1000
"""So many rejected records at most wait for a batch to fill up."""


def _is_done(group: _Group) -> bool:
    return group.answer is None or group.answer.done()
