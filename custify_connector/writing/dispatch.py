"""Writes records: yields one receipt for each, and raises errors that affect the whole run after the last receipt.

Decides how many deliveries are under way; `ordering` decides which must wait for which, `single`, `gathered` and
`batch` what is sent. Receipts come in the order of the input.
"""

from __future__ import annotations

import itertools
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from custify_connector.checking.texts import Json
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.exchange.ending import Ending
from custify_connector.exchange.retrying import Settled
from custify_connector.exchange.wire import Request
from custify_connector.exchange.workers import AHEAD, Abandoned, Stopped
from custify_connector.writing import isolating
from custify_connector.writing.attribute_types import look_alikes, typed_fields
from custify_connector.writing.batch import BatchDelivery
from custify_connector.writing.comparing import ComparedDelivery
from custify_connector.writing.delivery import ENDED, Delivered, Delivery, ended
from custify_connector.writing.gathered import GatheredDelivery
from custify_connector.writing.ordering import Group, Ordering
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.receipts import broken, not_tried, planned, unclear, unreadable
from custify_connector.writing.requests import Prepared
from custify_connector.writing.single import SingleDelivery
from custify_connector.writing.stopping import StopPolicy

log = logging.getLogger("custify_connector")

Pending = Future[Delivered]


def write(
    client: Client, plan: WritePlan, records: Iterable[object], probe: Request | None = None
) -> Iterator[Receipt]:
    """Yield one receipt for each record, in the order of the input.

    `probe` is a harmless request: a service that answers it is not down, though it answers some records with an error.

    Raises, after the last receipt, CredentialRefused, PermissionRefused or ServiceUnavailable, or what the input
    itself raised: the records before that have their receipts.
    """
    policy, broken = StopPolicy(plan), _Broken()
    policy.stopped, records = _guarded(plan, broken.until(records))
    with _dispatcher(client, plan, policy, probe) as dispatcher:
        for index, record in enumerate(records):
            if policy.stopped is None:
                dispatcher.send(index, record)
                yield from policy.counted(dispatcher.ready(), dispatcher.ahead)
            else:
                yield from policy.counted(dispatcher.rest(), dispatcher.ahead)
                yield from policy.rest()
                yield not_tried(index, policy.stopped)
        yield from policy.counted(dispatcher.rest(), dispatcher.ahead)
        yield from policy.rest()
    if policy.gone:
        log.warning("%d of the records to delete were not found: check their names", policy.gone)
    if broken.error:
        raise broken.error from policy.error
    if policy.error:
        raise policy.error


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


def _dispatcher(client: Client, plan: WritePlan, policy: StopPolicy, probe: Request | None) -> Dispatcher:
    delivery = _delivery(client, plan)
    workers, ahead = client.max_in_flight, float(AHEAD)
    if isinstance(delivery, BatchDelivery):
        # A batch waits for its outcome most of the time; what is under way at once is bounded by the client. Only half
        # as many again wait behind a late one, since each holds many records: they are sent while the receipts of
        # those that were answered meanwhile are taken.
        workers, ahead = 3 * workers, 1.5
    if (plan.dry_run and not plan.compare) or plan.on_reject == "stop":
        # A run that stops at its first reject must not have the next record under way already.
        workers = 1
    is_alive = partial(_answers, client, probe, delivery.stop)
    return Dispatcher(delivery, workers, policy, plan, is_alive, client.carrying, client.ending, ahead)


def _delivery(client: Client, plan: WritePlan) -> Delivery:
    if plan.compare:
        return ComparedDelivery(client, plan)
    if plan.delivery == "batch" and not plan.dry_run:
        return BatchDelivery(client, plan)
    if plan.gather and not plan.dry_run and plan.on_reject == "continue":
        return GatheredDelivery(client, plan)
    return SingleDelivery(client, plan)


def _answers(client: Client, probe: Request | None, stop: threading.Event) -> bool:
    """Return whether the service answers the probe, which is sent once."""
    try:
        return probe is not None and isinstance(client.exchange(probe, repeatable=False, stop=stop), Settled)
    except Stopped:
        return False


class Dispatcher:
    """Keeps up to `workers` deliveries under way, each after those it must wait for.

    Receipts wait behind a delivery that is late; `ahead` times as many deliveries as `workers` may wait in all.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what is written, how, and when it ends
        self,
        delivery: Delivery,
        workers: int,
        policy: StopPolicy,
        plan: WritePlan,
        is_alive: Callable[[], bool],
        carrying: Callable[[tuple[int, ...]], AbstractContextManager[None]] = lambda _indexes: nullcontext(),
        ending: Ending | None = None,
        ahead: float = AHEAD,
    ) -> None:
        self._carrying = carrying
        self._most = workers * ahead
        self._delivery = delivery
        self._workers = workers
        self._policy = policy
        self._is_alive = is_alive
        self._pool = (ending or Ending()).workers(workers, "custify-write")
        self._typed_fields = typed_fields(plan.schema)
        self._dry_run = plan.dry_run and not plan.compare
        self._order = Ordering(delivery.size, plan.touches, self._typed_fields, delivery.alike)
        self._waiting: deque[Group] = deque()
        self._pending: dict[int, Pending] = {}
        self._room_after: int | None = None
        self._warned: set[str] = set()
        self._slowed = False

    def send(self, index: int, record: object) -> None:
        """Take a record: it is rejected, gathered for a batch, or sent."""
        prepared = self._prepare(index, record)
        if isinstance(prepared, Prepared):
            self._warn(prepared.record)
            prepared = planned(prepared) if self._dry_run else prepared
        self._submit(self._order.add(prepared))
        if not self._slowed and self._workers > 1 and self._order.mixed:
            self._slowed = True
            log.warning(
                "records name what they act on in different ways (%s), so they are sent one after another where these "
                "alternate: they go side by side when all give the same field",
                self._order.mixed,
            )

    def _prepare(self, index: int, record: object) -> Prepared | Receipt:
        try:
            return self._delivery.prepare(index, record)
        except Exception as error:  # noqa: BLE001 - one record, whatever it is, must not cost another its receipt
            _log_unexpected(index, error)
            return unreadable(index, error)

    def ready(self) -> Iterator[Delivered]:
        """Yield what is answered, in order; waits while nothing more is to be sent."""
        while self._waiting and (self._is_done(self._waiting[0]) or not self._has_room()):
            yield self._take()

    def _has_room(self) -> bool:
        """Return whether more is to be sent before the first, which is late; looked at once for each delivery."""
        last = self._waiting[-1].number
        if self._room_after != last and self._is_room():
            self._room_after = last
        return self._room_after == last

    def _is_room(self) -> bool:
        """Wait until a worker is free; return whether more may wait.

        More than can be under way wait only where each may be repeated, since a run that is killed leaves them unclear,
        and where none that is answered may stop the run.
        """
        waiting, first = len(self._waiting), self._pending[self._waiting[0].number]
        return waiting <= self._workers or (
            waiting < self._most
            and all(record.repeatable for group in self._waiting for record in group.records)
            and self._pool.has_room(self._workers, first)
            and not self._policy.may_stop(self.ahead())
        )

    def ahead(self) -> Iterator[Delivered | None]:
        """Yield the deliveries whose turn has not come, None for one that is not done."""
        for pending in self._pending.values():
            yield pending.result() if pending.done() and pending.exception() is None else None

    def rest(self) -> Iterator[Delivered]:
        """Send what is still gathered, and yield everything that is left, in order."""
        self._submit(self._order.rest())
        while self._waiting:
            yield self._take()

    def _warn(self, record: Mapping[str, Json]) -> None:
        """Warn, once for each attribute, of texts that Custify may take for another type."""
        for name, sentence in look_alikes(record, self._typed_fields):
            if name not in self._warned:
                self._warned.add(name)
                log.warning("%s", sentence)

    def _submit(self, groups: Iterable[Group]) -> None:
        for group in groups:
            if group.records:
                before = [self._pending[number] for number in group.after]
                self._pending[group.number] = self._start(group.records, before)
            self._waiting.append(group)

    def _start(self, records: tuple[Prepared, ...], before: list[Pending]) -> Pending:
        answer = self._pool.submit(self._deliver, records, before)
        if self._workers == 1:
            wait([answer])  # it may stop the run, and then no other may be under way
        return answer

    def _deliver(self, records: tuple[Prepared, ...], before: list[Pending]) -> Delivered:
        for earlier in before:
            earlier.result()
        if self._policy.stopped is not None:
            return Delivered(tuple(not_tried(each.index, self._policy.stopped, each.key) for each in records))
        try:
            with self._carrying(tuple(each.index for each in records)):
                return isolating.delivered(self._delivery, records, self._is_alive)
        except Exception as error:  # noqa: BLE001 - as above
            _log_unexpected(records[0].index, error)
            return Delivered(tuple(broken(each, error) for each in records), sent=False)

    def _is_done(self, group: Group) -> bool:
        return group.number not in self._pending or self._pending[group.number].done()

    def _take(self) -> Delivered:
        group = self._waiting.popleft()
        if group.number not in self._pending:
            return Delivered(tuple(entry for entry in group.entries if isinstance(entry, Receipt)), sent=False)
        try:
            delivered = self._pending[group.number].result()
        except Abandoned:
            self._policy.stopped = self._policy.stopped or ENDED
            delivered = Delivered(tuple(map(unclear, group.records)))
        except CancelledError:  # no thread was free for it
            self._policy.stopped = self._policy.stopped or ENDED
            delivered = ended(group.records)
        del self._pending[group.number]
        self._order.delivered(group.number)
        answered = iter(delivered.receipts)
        receipts = tuple(entry if isinstance(entry, Receipt) else next(answered) for entry in group.entries)
        return replace(delivered, receipts=receipts)

    def __enter__(self) -> Dispatcher:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self._policy.stopped = self._policy.stopped or ENDED
        self._delivery.stop.set()
        self._pool.close()


def _log_unexpected(index: int, error: Exception) -> None:
    """Log where the connector failed, and not what the error says: that may hold a record or a key."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    log.error("record %d: unexpected %s in %s, line %s", index, type(error).__name__, frame.name, frame.lineno)
