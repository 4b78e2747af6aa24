"""Walking through one stream, or one part of it: pages in order, each a step, until the end or a limit.

Decides when pages asked ahead no longer fit, and what is warned of; what a page holds is decided in `reading`. This
file does not know partitions, batches or states.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

from custify_connector.contract.errors import UnexpectedReply
from custify_connector.exchange.client import Client
from custify_connector.reading import paging as reading
from custify_connector.reading.asking import Unread, ask
from custify_connector.reading.look_ahead import Answer, LookAhead
from custify_connector.reading.paging import Step
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.state import Progress

log = logging.getLogger("custify_connector")

Walk = Iterator[tuple[Step, Progress]]


def walk(client: Client, plan: ReadPlan, progress: Progress, limit: int | None, first: Answer | None = None) -> Walk:
    """Yield the steps through one stream, or one partition, until its end or `limit` records."""
    seen = reading.seen_before(progress.position)
    left = limit

    def fetch(progress: Progress, number: int, stop: threading.Event) -> Unread:
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
