"""Reading a stream: pages become steps, and steps become batches, in order, each with the state that resumes after it.

Decides when a batch is handed over and with which fields, where a limit ends the read, and what is warned of. Does not
know what a page adds, or how it travels.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from custify_connector.contract import Batch
from custify_connector.contract.errors import UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.reading import state as states
from custify_connector.reading.fetching import Answer, LookAhead, Unread, ask
from custify_connector.reading.paging import absorb, shortfall, within
from custify_connector.reading.partitions import Steps, partitioned
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Step, seen_before
from custify_connector.reading.state import Progress
from custify_connector.records.envelopes import Record

log = logging.getLogger("custify_connector")


def read(client: Client, plan: ReadPlan, progress: Progress) -> Iterator[Batch]:
    """Yield the batches of a stream; the last one, perhaps empty, carries the state of the end.

    Raises what `page.page_of` raises, and ServiceUnavailable.
    """
    for step, reached in _steps(client, plan, progress):
        if step.records or step.done:
            state = states.finished(plan, reached) if step.done else states.under_way(plan, reached)
            yield Batch(plan.stream, _picked(step.records, plan.fields), state)
        # What was handed over is not held while the next page is decoded: its memory is used again.
        del step


def _picked(records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    return [{name: record[name] for name in fields if name in record} for record in records] if fields else records


def _steps(client: Client, plan: ReadPlan, progress: Progress) -> Steps:
    if not plan.partitions:
        return _walk(client, plan, progress, plan.limit)
    return partitioned(client, plan, progress, partial(_walk, client), partial(read, client))


def _walk(client: Client, plan: ReadPlan, progress: Progress, limit: int | None, first: Answer | None = None) -> Steps:
    """Yield the steps through one stream, or one partition, until its end or `limit` records."""
    seen = seen_before(progress.position)
    left = limit

    def fetch(progress: Progress, number: int, stop: threading.Event) -> Unread:
        return ask(client, plan, progress, number, stop)

    with LookAhead(fetch, plan, client.max_in_flight, first, lambda: client.room, client.ending.workers) as pages:
        while True:
            page, progress = pages.take(progress)
            step = absorb(plan, progress.position, page, seen)
            if step.flush:
                pages.flush()
            if left is not None:
                step = within(plan, step, left)
                left -= len(step.records)
            progress = replace(progress, position=step.position)
            _check(plan, step)
            ended = step.done or left == 0
            yield step, progress
            if ended:
                return
            del page, step  # not held while the next page is decoded


def _check(plan: ReadPlan, step: Step) -> None:
    """Warn of records that never came.

    Raises UnexpectedReply for a slice whose order is not kept: its records may be in any other slice.
    """
    if plan.slice and not step.position.delivered.ordered:
        reason = "Custify does not keep the order that the slices rest on; read the source whole"
        raise UnexpectedReply(f"{plan.stream}: {reason}")
    missing = shortfall(plan, step.position) if step.done else 0
    if missing:
        total = step.position.place.total
        log.warning("%s: Custify counts %s records, and %d of them never came", plan.stream, total, missing)
