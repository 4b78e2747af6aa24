"""Reading a stream: steps become batches, in order, each with the state from which a read can go on.

Decides when a batch is handed over, and with which fields. This file does not know pages or requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.contract import Batch
from custify_connector.exchange.client import Client
from custify_connector.reading import state as states
from custify_connector.reading.partitions import partitioned
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.state import Progress
from custify_connector.reading.walk import Walk, walk
from custify_connector.records.envelopes import Record


def read(client: Client, plan: ReadPlan, progress: Progress) -> Iterator[Batch]:
    """Yield the batches of a stream; the last one, perhaps empty, carries the state of the end.

    Raises what `replies.page_of` raises, and ServiceUnavailable.
    """
    for step, reached in _steps(client, plan, progress):
        if step.records or step.done:
            state = states.finished(plan, reached) if step.done else states.under_way(plan, reached)
            yield Batch(plan.stream, _picked(step.records, plan.fields), state)
        # What was handed over is not held while the next page is decoded: its memory is used again.
        del step


def _steps(client: Client, plan: ReadPlan, progress: Progress) -> Walk:
    if not plan.partitions:
        return walk(client, plan, progress, plan.limit)
    return partitioned(client, plan, progress, lambda parents, begun: read(client, parents, begun))


def _picked(records: list[Record], fields: tuple[str, ...]) -> list[Record]:
    return [{name: record[name] for name in fields if name in record} for record in records] if fields else records
