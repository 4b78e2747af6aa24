"""Reading a stream: pages become steps, and steps become batches, in order, each with the state that resumes after it.

Decides when a batch is passed and with which fields, where a limit ends the read, and what is warned of. Does not
know what a page adds, or how it travels.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from custify_connector.contract import Batch
from custify_connector.contract.errors import IncompleteRead, UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.exchange.workers import AHEAD
from custify_connector.reading import state as states
from custify_connector.reading.fetching import Answer, LookAhead, Unread, ask
from custify_connector.reading.order import dates_of, descending
from custify_connector.reading.page import Page
from custify_connector.reading.page_requests import Window
from custify_connector.reading.paging import absorb, shortfall, within
from custify_connector.reading.partitions import Steps, partitioned
from custify_connector.reading.plan import ReadPlan, Slice
from custify_connector.reading.position import Step, seen_before
from custify_connector.reading.state import Progress
from custify_connector.records.envelopes import Record

log = logging.getLogger("custify_connector")


def read(client: Client, plan: ReadPlan, progress: Progress) -> Iterator[Batch]:
    """Yield the batches of a stream; the last one, perhaps empty, carries the state of the end.

    Raises what `page.page_of` raises, ServiceUnavailable, and IncompleteRead after the last batch.
    """
    missing = ["an earlier part of it is incomplete"] if progress.is_incomplete else []
    yield from _read(client, plan, progress, missing)
    if missing and not plan.allow_incomplete:
        raise IncompleteRead(_incomplete(plan, missing))


def _read(client: Client, plan: ReadPlan, progress: Progress, missing: list[str]) -> Iterator[Batch]:
    """Yield the batches of a stream; what never came is added to `missing`."""
    for step, reached in _steps(client, plan, progress, missing):
        if step.records or step.done:
            yield Batch(plan.stream, _picked(step.records, plan.fields), _state(plan, step, reached, missing))
        # What was passed is not held while the next page is decoded: its memory is used again.
        del step


def _state(plan: ReadPlan, step: Step, reached: Progress, missing: list[str]) -> dict[str, Any]:
    is_incomplete = bool(missing) and not plan.allow_incomplete
    if not step.done:
        return states.under_way(plan, replace(reached, is_incomplete=is_incomplete))
    return states.starting_over(plan, reached) if is_incomplete else states.finished(plan, reached)


_REASONS_SHOWN = 3


def _incomplete(plan: ReadPlan, missing: list[str]) -> str:
    shown = "; ".join(missing[:_REASONS_SHOWN])
    more = f"; and {len(missing) - _REASONS_SHOWN} more" if len(missing) > _REASONS_SHOWN else ""
    how = "Read it again" if plan.page or plan.partitions else "Add page to the source, so that every page is requested"
    return f"{plan.stream}: the read is incomplete: {shown}{more}. {how}, or set allow_incomplete to keep what came"


def _picked(records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    return [{name: record[name] for name in fields if name in record} for record in records] if fields else records


def _steps(client: Client, plan: ReadPlan, progress: Progress, missing: list[str]) -> Steps:
    if not plan.partitions:
        return _walk(client, missing, plan, progress, plan.limit)
    walk, read_parents = partial(_walk, client, missing), partial(_read, client, missing=missing)
    return partitioned(client, plan, progress, walk, read_parents)


def _walk(  # noqa: PLR0913, PLR0917 - what is read, from where, and the result of it
    client: Client,
    missing: list[str],
    plan: ReadPlan,
    progress: Progress,
    limit: int | None,
    first: Answer | None = None,
) -> Steps:
    """Yield the steps through one stream, or one partition, until its end or `limit` records."""
    seen = seen_before(progress.position)
    left, knows_nan = limit, False

    def fetch(progress: Progress, window: Window, stop: threading.Event) -> Unread:
        return ask(client, plan, progress, window, stop)

    # Without a limit, nothing is lost by waiting, and pages are memory.
    ahead = AHEAD if client.is_limited else 1
    make, bound = client.ending.workers, client.max_in_flight
    with LookAhead(fetch, plan, bound, first, lambda: client.room, make, ahead) as pages:
        while True:
            page, progress = pages.take(progress)
            if page.has_nan and not knows_nan:
                log.warning("%s: Custify sent NaN or Infinity: null stands for it where JSON is written", plan.stream)
                knows_nan = True
            was_ordered = progress.position.delivered.ordered
            step = absorb(plan, progress.position, page, seen)
            if step.flush:
                pages.flush()
            if left is not None:
                step = within(plan, step, left)
                left -= len(step.records)
            progress = replace(progress, position=step.position)
            if plan.slice and not step.position.delivered.ordered:
                _refuse_disorder(plan, plan.slice, page, was_ordered=was_ordered)
            _check(plan, progress, step, missing)
            ended = step.done or left == 0
            yield step, progress
            if ended:
                return
            del page, step  # not held while the next page is decoded


def _refuse_disorder(plan: ReadPlan, part: Slice, page: Page, *, was_ordered: bool) -> None:
    """Raise UnexpectedReply for a slice whose order is not kept: its records may be in any other slice.

    Records without a date may stand at the end of the list, which is in the last slice.
    """
    values = dates_of(plan, None, page.records)
    undated = values.count(None)
    are_last = descending(values[: len(values) - undated]) and (undated > 0 or not was_ordered)
    if part.start is not None or not are_last:
        said = "Custify does not keep the order that the slices rest on; read the source whole"
        raise UnexpectedReply(f"{plan.stream}: {said}")


def _check(plan: ReadPlan, progress: Progress, step: Step, missing: list[str]) -> None:
    """Warn of records that never came, and add them to `missing`."""
    reason = shortfall(plan, step.position) if step.done else None
    if step.done and states.is_ahead(progress):
        reason = f"the cursor {progress.position.floor} is in the future, which hides changes: read without the state"
    if reason:
        where = f"{plan.stream} of {', '.join(plan.bound.values())}" if plan.bound else plan.stream
        log.warning("%s: %s", where, reason)
        missing.append(f"{', '.join(plan.bound.values())}: {reason}" if plan.bound else reason)
