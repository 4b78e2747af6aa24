"""Custify as a stream: what changed since the last micro-batch, with the core's state as Spark's offset.

Decides how much a micro-batch holds, and when Custify is asked again. Records are read on the driver, by one reader.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyspark.sql.datasource import SimpleDataSourceStreamReader

from custify_connector.contract import Batch

try:
    from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
except ImportError:  # before Spark 4.2 a stream that ends by itself takes one micro-batch

    class SupportsTriggerAvailableNow:  # type: ignore[no-redef] # a name to derive from
        """Nothing to support."""


Offset = dict[str, Any]
Read = Callable[[Mapping[str, Any] | None], Iterator[Batch]]
MakeRow = Callable[[Mapping[str, Any]], tuple[Any, ...]]


class CustifyStreamReader(SimpleDataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads passes: each is an incremental read, from the state where the last one ended.

    Offsets are `{"state": text, "done": bool, "passes": n}`: JSON of the core's state, whether a pass ended there, and
    how many did. Between passes there are at least `poll_seconds`.
    """

    def __init__(self, read: Read, row: MakeRow, rows_per_batch: int, poll_seconds: float) -> None:
        self._read = read
        self._row = row
        self._rows_per_batch = rows_per_batch
        self._poll_seconds = poll_seconds
        self._under_way: tuple[Offset, Iterator[Batch]] | None = None
        self._passed_at: float | None = None
        self._one_pass = False
        self._began = False

    def initialOffset(self) -> Offset:  # noqa: N802 - Spark's name
        """Return the offset of a new stream: everything is still to be read."""
        return {"state": "", "done": False, "passes": 0}

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        """End the stream after the pass that is under way, or after one more."""
        self._one_pass = True

    def read(self, start: Offset) -> tuple[Iterator[tuple[Any, ...]], Offset]:
        """Return the rows of one micro-batch and the offset after it; none, and `start`, when it is not time yet."""
        if start["done"] and not self._is_due():
            return iter(()), start
        self._began = True
        batches = self._going_on(start)
        rows: list[tuple[Any, ...]] = []
        end = start
        for batch in batches:
            rows.extend(self._row(record) for record in batch.records)
            end = {**start, "state": json.dumps(batch.state, sort_keys=True), "done": False}
            if len(rows) >= self._rows_per_batch:
                self._under_way = (end, batches)
                return iter(rows), end
        self._under_way = None
        self._passed_at = time.monotonic()
        return iter(rows), {**end, "done": True, "passes": start["passes"] + 1}

    def _is_due(self) -> bool:
        if self._one_pass:
            return not self._began
        return self._passed_at is None or time.monotonic() - self._passed_at >= self._poll_seconds

    def _going_on(self, start: Offset) -> Iterator[Batch]:
        if self._under_way is not None and self._under_way[0] == start:
            return self._under_way[1]
        return self._read(json.loads(start["state"]) if start["state"] else None)

    def readBetweenOffsets(self, start: Offset, end: Offset) -> Iterator[tuple[Any, ...]]:  # noqa: N802 - Spark's name
        """Read a micro-batch again that a failure cut short: from `start` on, at least as far as `end`.

        What changed meanwhile comes as it is now; it comes in a later pass, too.
        """
        until = json.loads(end["state"]) if end["state"] else None
        for batch in self._read(json.loads(start["state"]) if start["state"] else None):
            yield from (self._row(record) for record in batch.records)
            if _is_as_far(batch.state, until) and not end["done"]:
                return


def _is_as_far(state: Mapping[str, Any], until: Mapping[str, Any] | None) -> bool:
    """Return whether a read has come as far as a stored state: the same place, or beyond it."""
    if until is None or "position" not in until:
        return False
    here = state.get("position", {}).get("collected")
    return here is None or here >= until["position"].get("collected", 0)
